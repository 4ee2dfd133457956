"""Lanes of a restored database: when all that one forgot has been heard again, it is decided again, key by key."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from shared.events.base import PARTITIONS
from shared.runtime.lanes import partition_of
from shared.runtime.retelling import RetellingTurn
from shared.runtime.sieve import FAULTS
from shared.runtime.turns import Past, TrialPassed, Turns

AT_ONCE: Final = 100
MOST_HELD: Final = 500
"""Most keys in one transaction, and most facts that are held of them, but for one key that has more."""
MOST_DECISIONS: Final = 300
"""Most decisions on one key in one transaction."""


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
                    unfinished = await self._retell_keys(lane, keys, {}, past)
                except FAULTS:
                    bad = await self._turns.find_bad(keys, partial(self._retell_keys, lane, trial=True))
                    async with self._turns.store.transaction() as tx:
                        past = await self._turns.past(tx, [lane])
                    unfinished = await self._retell_keys(lane, keys, bad, past)
                for key in unfinished:
                    done.pop(key)
                yield

    async def _still_forgotten(self, lane: int, named: Sequence[str], done: dict[str, int]) -> list[str]:
        """The next keys to decide on again: those of which something is held, and ``named`` ones. Empty: the lane has
        gathered, and goes on. ``done``: each key that was given out, with the latest that was held of it then."""
        async with self._turns.store.transaction() as tx:
            _, lanes = await self._turns.take(tx, (), [lane])
            latest = dict.fromkeys(named, (0, 0)) | {key: found for key, *found in await tx.gathered(lane)}
            left = _portion((key, n, many) for key, (n, many) in latest.items() if n > done.get(key, -1))
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
    ) -> list[str]:
        """The keys of which there is more."""
        async with self._turns.store.transaction() as tx:
            _, lanes = await self._turns.take(tx, (), [lane])
            if past is None or lanes[0].told != len(past[0]):  # somebody else was here meanwhile
                past = await self._turns.past(tx, [lane])
            turn = self._turns.new(lanes, bad or {})
            await self._turns.inform(turn, tx, lanes, keys, [], past=past)
            assert isinstance(turn, RetellingTurn)  # the lane gathers
            unfinished = [key for key in keys if not turn.retell(key, lane, MOST_DECISIONS)]
            turn.finish()
            await self._turns.write(tx, turn, lanes)
            if trial:
                raise TrialPassed
        await self._turns.say(lanes, turn.changes.outbox)
        return unfinished


def _portion(keys: Iterable[tuple[str, int, int]]) -> list[tuple[str, int]]:
    """The first of these keys, each with the latest that is held of it; third: how much that is."""
    portion: list[tuple[str, int]] = []
    held = 0
    for key, latest, many in keys:
        held += many
        if portion and (len(portion) == AT_ONCE or held > MOST_HELD):
            break
        portion.append((key, latest))
    return portion
