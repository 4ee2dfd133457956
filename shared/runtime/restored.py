"""Lanes of a restored database: when all that one forgot has been heard again, it is decided again, key by key."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from functools import partial
from typing import Final

from shared.events.base import PARTITIONS
from shared.runtime.lanes import partition_of
from shared.runtime.retelling import RetellingTurn
from shared.runtime.sieve import FAULTS
from shared.runtime.turns import Past, TrialPassed, Turns

AT_ONCE: Final = 100
"""Most keys in one transaction."""


class RestoredLanes:
    """Those of one process."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    async def retell(self, lanes: Collection[int]) -> AsyncIterator[None]:
        """All that was heard again is there, and is decided in the order of then; goes on after each transaction."""
        for lane in lanes:
            async with self._turns.store.transaction() as tx:
                past = await self._turns.past(tx, [lane])
            named, done = [key for key in past[0].named() if partition_of(key, PARTITIONS) == lane], dict[str, int]()
            while keys := await self._still_forgotten(lane, named, done):
                try:
                    await self._retell_keys(lane, keys, {}, past)
                except FAULTS:
                    bad = await self._turns.find_bad(keys, partial(self._retell_keys, lane, trial=True))
                    async with self._turns.store.transaction() as tx:
                        past = await self._turns.past(tx, [lane])
                    await self._retell_keys(lane, keys, bad, past)
                yield

    async def _still_forgotten(self, lane: int, named: Sequence[str], done: dict[str, int]) -> list[str]:
        """The next keys to decide on again: those of which something is held, and ``named`` ones. Empty: the lane has
        gathered, and goes on. ``done``: each key that was given out, with the latest that was held of it then."""
        async with self._turns.store.transaction() as tx:
            _, lanes = await self._turns.take(tx, (), [lane])
            latest = dict.fromkeys(named, 0) | dict(await tx.gathered(lane))
            left = [(key, number) for key, number in latest.items() if number > done.get(key, -1)][:AT_ONCE]
            if not left:
                turn = self._turns.new(lanes, {})
                for row in lanes:
                    row.gathering = False
                turn.finish()
                await self._turns.write(tx, turn, lanes)
        done.update(left)
        return [key for key, _ in left]

    async def _retell_keys(
        self,
        lane: int,
        keys: Collection[str],
        bad: Mapping[str, str] | None = None,
        past: Past | None = None,
        *,
        trial: bool = False,
    ) -> None:
        async with self._turns.store.transaction() as tx:
            _, lanes = await self._turns.take(tx, (), [lane])
            if past is None or lanes[0].told != len(past[0]):  # somebody else was here meanwhile
                past = await self._turns.past(tx, [lane])
            turn = self._turns.new(lanes, bad or {})
            await self._turns.inform(turn, tx, lanes, keys, [], past=past)
            assert isinstance(turn, RetellingTurn)  # the lane gathers
            for key in keys:
                turn.retell(key, lane)
            turn.finish()
            await self._turns.write(tx, turn, lanes)
            if trial:
                raise TrialPassed
        await self._turns.say(lanes, turn.changes.outbox)
