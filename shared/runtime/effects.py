"""Does what decisions asked of the outside, after commit, in bounded batches; each outcome becomes a request."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from shared.events.base import Event
from shared.runtime.clock import Clock
from shared.runtime.metrics import Metrics
from shared.runtime.process import Effect, Performer, TryLater
from shared.runtime.store import EffectRow, Store
from shared.runtime.turn import describe
from shared.runtime.worker import LATER, Worker

log = structlog.get_logger()
BATCH = 200
GROUP = 20
"""Effects that are under way before what became of them is written down: as many a crash may repeat."""
FINISH_SECONDS = 10.0
"""Real seconds that a group under way has to come to its end once its replica was told to stop. Who stops it waits
thirty (docker-compose.yml), and the goodbye to the broker comes afterwards."""
MAX_ATTEMPTS = 8
FIRST_PAUSE = timedelta(minutes=1)
"""Clock time until the second attempt; each further pause is four times as long: eight attempts span 3.8 days."""

UNREADABLE_PAUSE = timedelta(hours=1)
"""Clock time until an effect that this version cannot read is looked at again: an upgrade is under way, or undone."""


class Effects:
    """The sender of one worker's effects. A crash may repeat a group of them; an outcome is heard once."""

    def __init__(
        self,
        worker: Worker,
        *,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        kinds: Sequence[type[Effect]],
        performer: Performer,
        gave_up: Any,
        group: int = GROUP,
    ) -> None:
        self._worker, self._store, self._clock, self._metrics = worker, store, clock, metrics
        self._kinds = {kind.__name__: kind for kind in kinds}
        self._perform, self._gave_up, self._group = performer, gave_up, group
        self._ending = False

    async def run(self, pause: float) -> None:
        """Until cancelled. No group is begun then; the one under way is finished, and what became of it written down:
        what was done and is not on record, the next replica does again.

        ``pause``: real seconds after a batch that was not full. A letter is in no hurry, decisions on the same
        processors are, and many letters cost little more than one.
        """
        while True:
            batch = asyncio.create_task(self._try_once())
            try:
                found = await asyncio.shield(batch)
            except asyncio.CancelledError:
                self._ending = True
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(batch, FINISH_SECONDS)
                raise
            if found < BATCH:
                await asyncio.sleep(pause * LATER if self._worker.quiet else pause)

    async def _try_once(self) -> int:
        try:
            return await self.once()
        except Exception as error:
            log.warning("effects retry", process=self._worker.process.name, error=describe(error))
            return 0

    async def once(self) -> int:
        """One batch, group by group; how many effects waited, of which there may be more when it was full."""
        now = self._clock.now()
        rows = await self._store.effects_waiting(self._worker.lanes_to_act_for(), now, BATCH)
        if not rows:
            return 0
        effects, unreadable = self._read(rows)
        if unreadable:
            await self._store.effects_done([], [(row, now + UNREADABLE_PAUSE) for row in unreadable], now)
        while not self._ending and (effects := self._still_ours(effects)):
            await self._do(effects[: self._group])
            effects = effects[self._group :]
        self._worker.wake.set()
        return len(rows)

    def _still_ours(self, effects: list[tuple[EffectRow, Effect]]) -> list[tuple[EffectRow, Effect]]:
        """Whoever has taken over a lane meanwhile does what is left of it, and has begun with that already."""
        lanes = frozenset(self._worker.lanes_to_act_for())
        return [(row, effect) for row, effect in effects if row.lane in lanes]

    async def _do(self, group: Sequence[tuple[EffectRow, Effect]]) -> None:
        now = self._clock.now()
        outcomes = await self._perform([effect for _, effect in group])
        done: list[tuple[EffectRow, str, str]] = []
        later: list[tuple[EffectRow, datetime]] = []
        for (row, effect), outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, TryLater) and row.attempts + 1 < MAX_ATTEMPTS:
                later.append((row.tried(), now + FIRST_PAUSE * 4**row.attempts))
                self._metrics.effect("later")
                continue
            heard: Event = self._gave_up(effect) if isinstance(outcome, TryLater) else outcome
            done.append((row, type(heard).__name__, heard.model_dump_json()))
            self._metrics.effect(type(heard).__name__)
        await self._store.effects_done(done, later, self._clock.now())

    def _read(self, rows: Sequence[EffectRow]) -> tuple[list[tuple[EffectRow, Effect]], list[EffectRow]]:
        """Those that this version can read, and those that wait for one that can, which is no attempt: they hold up
        nobody else."""
        read: list[tuple[EffectRow, Effect]] = []
        unreadable: list[EffectRow] = []
        for row in rows:
            try:
                read.append((row, self._kinds[row.kind].model_validate_json(row.body)))
            except (KeyError, ValueError) as error:
                unreadable.append(row)
                self._metrics.effect("unreadable")
                log.error("effect not read", process=self._worker.process.name, kind=row.kind, error=describe(error))
        return read, unreadable
