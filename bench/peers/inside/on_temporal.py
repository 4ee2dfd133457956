# pyright: basic, reportMissingImports=false
"""The process on Temporal: one workflow for each claim, its two writes local activities, the answer a signal.

A workflow that is started in its worker begins there, eagerly: so each worker has a door for claims. Workflows run
without Temporal's sandbox, which looks for code that is not deterministic. Runs in Temporal's environment; see
``setups/temporal.py``.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import uvloop
from temporalio import activity, workflow
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.peers.inside.books import Books, reach
from bench.peers.inside.collector import spare_the_collector
from bench.peers.inside.door import Doors, open_door
from bench.peers.inside.load import run
from bench.peers.process import Claim, Reason

QUEUE = "claims"
LIMIT = timedelta(seconds=30)


class Writes:
    """The activities."""

    def __init__(self, books: Books) -> None:
        self._books = books

    @activity.defn
    async def record(self, body: dict[str, Any]) -> None:
        await self._books.record(Claim.model_validate(body))

    @activity.defn
    async def pay(self, claim_id: str, reason: str, amount_minor: int) -> None:
        await self._books.pay(claim_id, Reason(reason), amount_minor)


@workflow.defn
class Process:
    """The timer is armed before anything else, so that it is durable however soon the answer comes."""

    def __init__(self) -> None:
        self._answered = False

    @workflow.run
    async def run(self, body: dict[str, Any], seconds: float) -> None:
        timer = asyncio.create_task(workflow.sleep(seconds))
        await workflow.execute_local_activity_method(Writes.record, body, start_to_close_timeout=LIMIT)
        await workflow.wait_condition(lambda: self._answered or timer.done())
        reason = Reason.ANSWERED if self._answered else Reason.SILENT
        timer.cancel()
        paid = [body["claim_id"], str(reason), body["amount_minor"]]
        await workflow.execute_local_activity_method(Writes.pay, args=paid, start_to_close_timeout=LIMIT)

    @workflow.signal
    def answer(self) -> None:
        self._answered = True


async def connected() -> Client:
    """When the server has come up and knows its namespace."""
    while True:
        try:
            return await Client.connect(reach("SERVER"))
        except (RPCError, RuntimeError):
            await asyncio.sleep(0.5)


async def make_namespace() -> None:
    """The server needs a while to know it; asking for it tells when."""
    client = await connected()
    wanted = RegisterNamespaceRequest(namespace=client.namespace)
    wanted.workflow_execution_retention_period.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(wanted)


async def work(port: int) -> None:
    client, writes = await connected(), Writes(await Books.open())

    async def handle(word: str, argument: Any) -> None:
        if word == "file":
            left = (datetime.fromisoformat(argument["answer_by"]) - datetime.now(UTC)).total_seconds()
            await client.start_workflow(
                Process.run,
                args=[argument, max(left, 0.001)],
                id=argument["claim_id"],
                task_queue=QUEUE,
                request_eager_start=True,
            )
        else:
            await client.get_workflow_handle(argument).signal(Process.answer)

    worker = Worker(
        client,
        task_queue=QUEUE,
        workflows=[Process],
        activities=[writes.record, writes.pay],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=20_000,
        max_concurrent_workflow_tasks=64,
        max_concurrent_local_activities=200,
    )
    async with worker:
        spare_the_collector()
        await open_door(port, handle)


if __name__ == "__main__":
    if sys.argv[1] == "namespace":
        uvloop.run(make_namespace())
    elif sys.argv[1] == "work":
        uvloop.run(work(int(sys.argv[2])))
    else:
        sys.exit(uvloop.run(run(Doors.connect, int(sys.argv[2]))))
