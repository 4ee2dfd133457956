"""The load: a closed loop, the same for every peer, told by lines on standard input.

``N`` files N claims and tells ``done`` when all are paid; the end of the input checks every payout since the beginning.
So many claims are under way at once as the peer wants. A claim is under way until it is paid, or, if its seller
stays silent, until the peer has it: what waits for a timer holds nobody up. Sellers who answer do so at once.
"""

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol

from bench.peers.inside.collector import spare_the_collector
from bench.peers.process import Claim, Payout, expected, is_silent, new_claim, wrong_with

GLANCE = 0.2
"""Seconds between two looks at what has been paid: each costs a peer's database a count of all payouts, and counts as
the peer's own. Against the seconds that claims are under way it is little."""
PATIENCE = 120.0
"""Seconds without any payout after which a round is called broken."""
SETTLE = 0.5
"""Seconds in which a second payout of some claim may still come, before the last look."""


class Client(Protocol):
    """How the load reaches a peer."""

    async def file(self, claim: Claim) -> None:
        """Returns when the peer has the claim."""
        ...

    async def answer(self, claim_id: str) -> None:
        """Returns when the peer has the answer."""
        ...

    async def paid(self) -> tuple[int, int]:
        """How many have been paid so far, and how many of them because the seller answered."""
        ...

    async def payouts(self) -> list[Payout]:
        """All of them."""
        ...


class Load:
    """Files, answers and counts."""

    def __init__(self, client: Client, at_once: int) -> None:
        self._client = client
        self._free = asyncio.Semaphore(at_once)
        self._due: list[Payout] = []

    async def round(self, count: int) -> None:
        """So many claims, from the first filed to the last paid."""
        before, prefix = len(self._due), uuid.uuid4().hex[:8]
        watch = asyncio.create_task(self._watch(before + count))
        try:
            async with asyncio.TaskGroup() as group:
                for n in range(count):
                    await self._free.acquire()
                    group.create_task(self._one(f"{prefix}-{n}", n, is_silent(n, count)))
            await watch
        finally:
            watch.cancel()

    async def wrong(self) -> list[str]:
        """What is not as it must be, of all rounds."""
        await asyncio.sleep(SETTLE)
        return wrong_with(await self._client.payouts(), self._due)

    async def _one(self, claim_id: str, n: int, silent: bool) -> None:
        claim = new_claim(claim_id, n, silent, datetime.now(UTC))
        self._due.append(expected(claim, silent))
        await self._client.file(claim)
        if silent:
            self._free.release()
        else:
            await self._client.answer(claim_id)

    async def _watch(self, count: int) -> None:
        paid, answered = await self._client.paid()
        patience = PATIENCE
        while paid < count:
            await asyncio.sleep(GLANCE)
            before, known = paid, answered
            paid, answered = await self._client.paid()
            for _ in range(answered - known):
                self._free.release()
            patience = PATIENCE if paid > before else patience - GLANCE
            if patience < 0:
                raise TimeoutError(f"{paid} of {count} claims were paid, and then no more")


async def run(connect: Callable[[], Awaitable[Client]], at_once: int) -> int:
    """Serves standard input; the exit code says whether every claim was paid exactly once."""
    load = Load(await connect(), at_once)
    spare_the_collector()  # as every worker does
    _say("ready")
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        await load.round(int(line))
        _say("done")
    wrong = await load.wrong()
    _say("; ".join(wrong) or "exactly once")
    return 1 if wrong else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
