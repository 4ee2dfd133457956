# pyright: basic, reportMissingImports=false
"""The process on Procrastinate: a job that records the claim and defers its timer, a job for the answer, one for it.

An answer that comes before the claim was recorded is retried; one in time cancels the timer, because every pending job
is passed over each time a worker fetches its next. Runs in Procrastinate's environment; see
``setups/procrastinate.py``.
"""

import asyncio
import sys
from functools import partial
from typing import Any, Self

import procrastinate
import uvloop

from bench.peers.inside.batches import Batches
from bench.peers.inside.books import Books, reach
from bench.peers.inside.collector import spare_the_collector
from bench.peers.inside.load import run
from bench.peers.process import Claim, Reason

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=reach("DATABASE"), min_size=4, max_size=20))
AGAIN = procrastinate.RetryStrategy(max_attempts=50, wait=0, retry_exceptions=[LookupError])
_books: list[Books] = []


@app.task(name="file")
async def file(claim: dict[str, Any]) -> None:
    filed = Claim.model_validate(claim)
    timer = await app.configure_task("time_over", schedule_at=filed.answer_by).defer_async(claim_id=filed.claim_id)
    await _books[0].record(filed, timer)


@app.task(name="answer", retry=AGAIN)
async def answer(claim_id: str) -> None:
    timer = await _books[0].pay_recorded(claim_id, Reason.ANSWERED)
    await app.job_manager.cancel_job_by_id_async(timer, delete_job=True)


@app.task(name="time_over", retry=AGAIN)
async def time_over(claim_id: str) -> None:
    await _books[0].pay_recorded(claim_id, Reason.SILENT)


async def defer(task: Any, arguments: list[dict[str, Any]]) -> None:
    await task.batch_defer_async(*arguments)


class Client:
    """Defers jobs, many of one task in one statement."""

    def __init__(self, books: Books) -> None:
        self.paid, self.payouts, self.paid_at = books.paid, books.payouts, books.paid_at
        self._files, self._answers = (Batches(partial(defer, task)) for task in (file, answer))

    @classmethod
    async def connect(cls) -> Self:
        await app.open_async()
        return cls(await Books.open(1))

    async def file(self, claim: Claim) -> None:
        await self._files.say({"claim": claim.model_dump(mode="json")})

    async def answer(self, claim_id: str) -> None:
        await self._answers.say({"claim_id": claim_id})


async def work(jobs: int) -> None:
    async with app.open_async():
        _books.append(await Books.open())
        spare_the_collector()
        await app.run_worker_async(concurrency=jobs, fetch_job_polling_interval=0.1, delete_jobs="successful")


async def make_schema() -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


if __name__ == "__main__":
    if sys.argv[1] == "schema":
        asyncio.run(make_schema())
    elif sys.argv[1] == "work":
        uvloop.run(work(int(sys.argv[2])))
    else:
        sys.exit(uvloop.run(run(Client.connect, int(sys.argv[2]))))
