# pyright: basic, reportMissingImports=false
"""The process on Restate: a virtual object for each claim; its timer is a delayed call of the object to itself.

A workflow with a durable promise would say the same in fewer words, but it would be an invocation under way until its
timer fires; of an object nothing is under way while its claim waits. With ``PEER_RECORD=restate`` the object's own
state is the durable record, as it is in ours, and no table has the claim. Runs in Restate's environment; see
``setups/restate.py``.
"""

import asyncio
import json
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import aiohttp
import restate
import uvloop
from granian.constants import HTTPModes, Interfaces, Loops
from granian.server import Server

from bench.peers.inside.books import Books, reach
from bench.peers.inside.collector import spare_the_collector
from bench.peers.inside.load import run
from bench.peers.process import Claim, Reason

claims = restate.VirtualObject("Claims")
AUTOMATIC = ("content-type",)
"""What the client would say of a call without a body, and Restate refuses."""
_books: asyncio.Task[Books] | None = None


async def books() -> Books:
    global _books  # noqa: PLW0603 - a handler belongs to no object that could hold it
    _books = _books or asyncio.create_task(begun())
    return await _books


async def begun() -> Books:
    """With the first call, because nothing tells Restate's SDK that its worker has started."""
    opened = await Books.open()
    spare_the_collector()
    return opened


async def record(body: dict[str, Any]) -> None:
    await (await books()).record(Claim.model_validate(body))


async def pay(claim_id: str, reason: str, amount_minor: int) -> None:
    await (await books()).pay(claim_id, Reason(reason), amount_minor)


@claims.handler()
async def file(context: restate.ObjectContext, body: dict[str, Any]) -> None:
    if reach("RECORD") == "restate":
        context.set("claim", Claim.model_validate(body).model_dump(mode="json"))
    else:
        await context.run_typed("record", record, body=body)
    context.set("amount_minor", body["amount_minor"])
    left = timedelta(milliseconds=body["milliseconds"])
    context.object_send(time_over, key=context.key(), arg=None, send_delay=left)


@claims.handler()
async def answer(context: restate.ObjectContext) -> None:
    await decide(context, Reason.ANSWERED)


@claims.handler()
async def time_over(context: restate.ObjectContext) -> None:
    await decide(context, Reason.SILENT)


async def decide(context: restate.ObjectContext, reason: Reason) -> None:
    amount_minor = await context.get("amount_minor", type_hint=int)
    if amount_minor is None:
        return
    await context.run_typed("pay", pay, claim_id=context.key(), reason=reason, amount_minor=amount_minor)
    context.clear("amount_minor")  # what is kept of the claim stays, as a row of the table does


app = restate.app([claims])


class Client:
    """Over the ingress, one-way calls: each returns when Restate has it for good."""

    def __init__(self, books: Books) -> None:
        self.paid, self.payouts, self.paid_at = books.paid, books.payouts, books.paid_at
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64))

    @classmethod
    async def connect(cls) -> Self:
        client = cls(await Books.open(1))
        await client._register()
        return client

    async def file(self, claim: Claim) -> None:
        left = int((claim.answer_by - datetime.now(UTC)) / timedelta(milliseconds=1))
        body = claim.model_dump(mode="json") | {"milliseconds": max(left, 1)}
        await self._send(claim.claim_id, "file", json.dumps(body))

    async def answer(self, claim_id: str) -> None:
        await self._send(claim_id, "answer", None)

    async def _send(self, claim_id: str, handler: str, body: str | None) -> None:
        """Restate asks to come again when too many invocations wait."""
        url = f"{reach('INGRESS')}/Claims/{claim_id}/{handler}/send"
        headers = {"content-type": "application/json"} if body else {}
        while True:
            async with self._session.post(url, data=body, headers=headers, skip_auto_headers=AUTOMATIC) as response:
                if response.status not in (429, 503):
                    response.raise_for_status()
                    return
            await asyncio.sleep(0.05)

    async def _register(self) -> None:
        """Has Restate look at what the worker serves, as soon as both are up."""
        while True:
            with suppress(aiohttp.ClientError):
                url, worker = f"{reach('ADMIN')}/deployments", {"uri": reach("WORKER"), "force": True}
                async with self._session.post(url, json=worker) as response:
                    if response.ok:
                        return
            await asyncio.sleep(0.2)


def work(processes: int) -> None:
    """Granian speaks HTTP/2, which Restate wants, with the least CPU."""
    Server(
        "bench.peers.inside.on_restate:app",
        address="127.0.0.1",
        port=int(reach("WORKER").rpartition(":")[2]),
        interface=Interfaces.ASGI,
        http=HTTPModes.http2,
        loop=Loops.uvloop,
        websockets=False,
        workers=processes,
        log_level="warning",
    ).serve()


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work(int(sys.argv[2]))
    else:
        sys.exit(uvloop.run(run(Client.connect, int(sys.argv[2]))))
