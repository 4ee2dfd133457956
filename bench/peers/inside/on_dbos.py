# pyright: basic, reportMissingImports=false
"""The process on DBOS: one durable workflow for each claim, begun in the worker itself; ``recv`` waits for the answer.

Steps write the two tables with statements that may be repeated. DBOS's own data source, which would keep its checkpoint
in the same transaction instead, is not used. Runs in DBOS's environment; see ``setups/dbos.py``.
"""

import sys
from datetime import UTC, datetime
from typing import Any

import uvloop
from dbos import DBOS, SendMessage, SetWorkflowID

from bench.peers.inside.batches import Batches
from bench.peers.inside.books import Books, reach
from bench.peers.inside.collector import spare_the_collector
from bench.peers.inside.door import Doors, open_door
from bench.peers.inside.load import run
from bench.peers.process import Claim, Reason


async def work(port: int) -> None:
    books = await Books.open()
    DBOS(
        config={
            "name": "peers",
            "system_database_url": reach("DATABASE"),
            "sys_db_pool_size": 16,
            "max_executor_threads": 32,
            "db_engine_kwargs": {"pool_pre_ping": False},
            "executor_id": str(port),
            "application_version": "1",
            "log_level": "WARNING",
        }
    )

    @DBOS.step()
    async def record(body: dict[str, Any]) -> None:
        await books.record(Claim.model_validate(body))

    @DBOS.step()
    async def pay(claim_id: str, reason: str, amount_minor: int) -> None:
        await books.pay(claim_id, Reason(reason), amount_minor)

    @DBOS.workflow()
    async def process(body: dict[str, Any], seconds: float) -> None:
        await record(body)
        answer = await DBOS.recv_async("answer", timeout_seconds=seconds)
        await pay(body["claim_id"], Reason.SILENT if answer is None else Reason.ANSWERED, body["amount_minor"])

    answers = Batches(DBOS.send_bulk_async)  # workflows can be started one by one only

    async def handle(word: str, argument: Any) -> None:
        if word == "file":
            left = datetime.fromisoformat(argument["answer_by"]) - datetime.now(UTC)
            with SetWorkflowID(argument["claim_id"]):
                await DBOS.start_workflow_async(process, argument, max(left.total_seconds(), 0.0))
        else:
            await answers.say(SendMessage(argument, "accepted", "answer", idempotency_key=argument))

    DBOS.launch()
    spare_the_collector()
    await open_door(port, handle)


if __name__ == "__main__":
    if sys.argv[1] == "work":
        uvloop.run(work(int(sys.argv[2])))
    else:
        sys.exit(uvloop.run(run(Doors.connect, int(sys.argv[2]))))
