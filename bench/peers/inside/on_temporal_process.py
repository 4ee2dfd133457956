# pyright: basic, reportMissingImports=false
"""The process on Temporal: one workflow for each claim, its two writes local activities, the answer a signal.

A module of its own and cheap to import, because Temporal's sandbox imports it again for every workflow.
"""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from bench.peers.inside.books import Books
    from bench.peers.process import Claim, Reason

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
