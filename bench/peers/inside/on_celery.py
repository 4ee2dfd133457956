# pyright: basic, reportMissingImports=false
"""The process on Celery: a task that records the claim and sends its timer with an ETA, a task for the answer.

Tasks are acknowledged when they are done, so that none is lost with its worker. An answer that comes before the claim
was recorded is retried. Runs in Celery's environment; see ``setups/celery.py``.
"""

import asyncio
import os
import sys
from functools import cache, partial
from typing import Any, Self

import psycopg
import uvloop
from celery import Celery, Task
from celery.signals import worker_process_init, worker_ready

from bench.peers.inside.batches import Batches
from bench.peers.inside.books import Books, reach
from bench.peers.inside.collector import spare_the_collector
from bench.peers.inside.load import run
from bench.peers.process import PAY_RECORDED, RECORD, TIMER, Claim, Reason

app = Celery("claims", broker=reach("BROKER"))
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=64,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 30 * 24 * 3600},
)


@worker_process_init.connect
@worker_ready.connect
def started(**_: Any) -> None:
    """In each process of the pool, and in the one that feeds them."""
    spare_the_collector()


@cache
def database() -> psycopg.RawCursor[Any]:
    """One connection for each process of the pool."""
    connection = psycopg.connect(reach("DATABASE"), autocommit=True, prepare_threshold=1)
    return psycopg.RawCursor(connection)


@app.task(name="file")
def file(body: dict[str, Any]) -> None:
    claim = Claim.model_validate(body)
    about = (claim.claim_id, claim.filed_at, claim.answer_by, claim.amount_minor)
    database().execute(RECORD, (*about, claim.model_dump_json(), 0))
    time_over.apply_async((claim.claim_id,), eta=claim.answer_by)


@app.task(name="answer", bind=True, max_retries=50)
def answer(self: Task, claim_id: str) -> None:
    if database().execute(TIMER, (claim_id,)).fetchone() is None:
        raise self.retry(countdown=0.2)
    database().execute(PAY_RECORDED, (claim_id, Reason.ANSWERED.value))


@app.task(name="time_over")
def time_over(claim_id: str) -> None:
    database().execute(PAY_RECORDED, (claim_id, Reason.SILENT.value))


def send(batch: list[tuple[Task, Any]]) -> None:
    """In one go: until the block ends, what is published waits for the rest."""
    with app.producer_or_acquire() as producer, producer.batch():
        for task, argument in batch:
            task.apply_async((argument,), producer=producer)


class Client:
    """Celery sends from threads only."""

    def __init__(self, books: Books) -> None:
        self.paid, self.payouts, self.paid_at = books.paid, books.payouts, books.paid_at
        self._batches = Batches(partial(asyncio.to_thread, send))

    @classmethod
    async def connect(cls) -> Self:
        return cls(await Books.open(1))

    async def file(self, claim: Claim) -> None:
        await self._batches.say((file, claim.model_dump(mode="json")))

    async def answer(self, claim_id: str) -> None:
        await self._batches.say((answer, claim_id))


if __name__ == "__main__":
    if sys.argv[1] == "work":
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=ERROR")
        pool = ("--pool=prefork", f"--concurrency={sys.argv[2]}", f"--hostname=worker-{os.getpid()}")
        app.worker_main(["worker", *pool, *quiet])
    else:
        sys.exit(uvloop.run(run(Client.connect, int(sys.argv[2]))))
