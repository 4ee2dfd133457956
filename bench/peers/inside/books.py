"""The two tables of the process, for peers that write them from asyncio, and for the load to look at."""

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import asyncpg

from bench.peers.process import PAY, PAY_RECORDED, RECORD, TIMER, Claim, Payout, Reason


def reach(what: str) -> str:
    """Where something of this peer's answers: the bench says it in the environment."""
    return os.environ[f"PEER_{what}"]


class Books:
    """Every statement is a transaction of its own, and may be repeated."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, size: int = 16) -> Self:
        return cls(await asyncpg.create_pool(reach("DATABASE"), min_size=1, max_size=size))  # pyright: ignore[reportUnknownMemberType]

    async def record(self, claim: Claim, timer: int | None = None) -> None:
        body = claim.model_dump_json()
        about = (claim.claim_id, claim.filed_at, claim.answer_by, claim.amount_minor)
        await self._pool.execute(RECORD, *about, body, timer)

    async def pay(self, claim_id: str, reason: Reason, amount_minor: int) -> None:
        await self._pool.execute(PAY, claim_id, reason, amount_minor)

    async def pay_recorded(self, claim_id: str, reason: Reason) -> int:
        """Pays it as it was recorded and returns the number of its timer; LookupError: it has not been recorded yet."""
        timer = await self._pool.fetchval(TIMER, claim_id)
        if timer is None:
            raise LookupError(claim_id)
        await self._pool.execute(PAY_RECORDED, claim_id, reason)
        return timer

    async def paid(self) -> tuple[int, int]:
        row = await self._pool.fetchrow("select count(*), count(*) filter (where reason = 'answered') from payouts")
        return row[0], row[1]

    async def payouts(self) -> list[Payout]:
        return [Payout(*row) for row in await self._pool.fetch("select claim_id, reason, amount_minor from payouts")]

    async def paid_at(self) -> Mapping[str, datetime]:
        return dict(await self._pool.fetch("select claim_id, paid_at from payouts"))
