"""The load, the same for every peer, told by lines of JSON on standard input.

``N`` is a closed loop: it files N claims and tells ``done`` when all are paid. So many claims are under way at once as
the peer wants. A claim is under way until it is paid, or, if its seller stays silent, until the peer has it: what waits
for a timer holds nobody up. Sellers who answer do so at once.

``[SECONDS, …]`` is an open loop: it files a claim at each of these moments, whatever has become of those before, and
tells how long each took. The end of the input checks every payout since the beginning.
"""

import asyncio
import json
import sys
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bench.peers.inside.collector import spare_the_collector
from bench.peers.process import Claim, Payout, Reason, expected, is_silent, new_claim, wrong_with

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

    async def paid_at(self) -> Mapping[str, datetime]:
        """When each claim was paid."""
        ...


class Load:
    """Files, answers and counts."""

    def __init__(self, client: Client, at_once: int) -> None:
        self._client = client
        self._at_once = at_once
        self._free = asyncio.Semaphore(at_once)
        """Of a closed loop: so many claims more may be filed now."""
        self._due: list[Payout] = []

    async def closed_loop(self, count: int) -> None:
        """So many claims, from the first filed to the last paid."""
        self._free, prefix = asyncio.Semaphore(self._at_once), _prefix()
        async with self._until_paid(count) as group:
            for n in range(count):
                await self._free.acquire()
                silent = is_silent(n, count)
                claim = new_claim(f"{prefix}-{n}", n, silent, datetime.now(UTC))
                group.create_task(self._file(claim, silent))

    async def open_loop(self, moments: Sequence[float]) -> dict[Reason, list[float]]:
        """A claim at each of these seconds from now. Every other seller stays silent.

        Returns how many seconds it took to pay each: from the moment at which it was to be filed, whether or not it was
        filed then, or, if its seller stays silent, from the moment at which its timer was to fire.
        """
        start, prefix = datetime.now(UTC), _prefix()
        filed: list[tuple[Claim, bool]] = []
        async with self._until_paid(len(moments)) as group:
            for n, moment in enumerate(moments):
                silent = n % 2 == 1
                claim = new_claim(f"{prefix}-{n}", n, silent, start + timedelta(seconds=moment))
                filed.append((claim, silent))
                await asyncio.sleep((claim.filed_at - datetime.now(UTC)).total_seconds())
                group.create_task(self._file(claim, silent))
        paid_at, found = await self._client.paid_at(), {reason: list[float]() for reason in Reason}
        for claim, silent in filed:
            reason, begins = (Reason.SILENT, claim.answer_by) if silent else (Reason.ANSWERED, claim.filed_at)
            found[reason].append((paid_at[claim.claim_id] - begins).total_seconds())
        return found

    async def wrong(self) -> list[str]:
        """What is not as it must be, of all rounds."""
        await asyncio.sleep(SETTLE)
        return wrong_with(await self._client.payouts(), self._due)

    @asynccontextmanager
    async def _until_paid(self, count: int) -> AsyncGenerator[asyncio.TaskGroup]:
        """For filing so many claims; ends when the last of them is paid."""
        watch = asyncio.create_task(self._watch(len(self._due) + count))
        try:
            async with asyncio.TaskGroup() as group:
                yield group
            await watch
        finally:
            watch.cancel()

    async def _file(self, claim: Claim, silent: bool) -> None:
        self._due.append(expected(claim, silent))
        await self._client.file(claim)
        if silent:
            self._free.release()
        else:
            await self._client.answer(claim.claim_id)

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
    """Serves standard input; the exit code says whether every claim was paid, once and for the right reason."""
    load = Load(await connect(), at_once)
    spare_the_collector()  # as every worker does
    _say("ready")
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        told = json.loads(line)
        if isinstance(told, int):
            await load.closed_loop(told)
            _say("done")
        else:
            _say(json.dumps(await load.open_loop(told)))
    wrong = await load.wrong()
    _say("; ".join(wrong) or "all paid")
    return 1 if wrong else 0


def _prefix() -> str:
    """No other claim's id begins so."""
    return uuid.uuid4().hex[:8]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
