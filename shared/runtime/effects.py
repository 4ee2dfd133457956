"""Does what decisions asked of the outside, after commit, in bounded batches; each outcome becomes a request."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog

from shared.events.base import Event
from shared.runtime.clock import Clock
from shared.runtime.metrics import Metrics
from shared.runtime.process import Effect, Performer, TryLater
from shared.runtime.store import EffectRow, Store
from shared.runtime.turn import describe
from shared.runtime.worker import Worker

log = structlog.get_logger()
BATCH = 200
MAX_ATTEMPTS = 8
FIRST_PAUSE = timedelta(minutes=1)
"""Clock time until the second attempt; each further pause is four times as long: eight attempts span 3.8 days."""

UNREADABLE_PAUSE = timedelta(hours=1)
"""Clock time until an effect that this version cannot read is looked at again: an upgrade is under way, or undone."""


class Effects:
    """The sender of one worker's effects. A crash may repeat an effect; its outcome is heard once."""

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
    ) -> None:
        self._worker, self._store, self._clock, self._metrics = worker, store, clock, metrics
        self._kinds = {kind.__name__: kind for kind in kinds}
        self._perform, self._gave_up = performer, gave_up

    async def run(self, idle_seconds: float) -> None:
        """Until cancelled."""
        while True:
            try:
                busy = await self.once()
            except Exception as error:
                log.warning("effects retry", process=self._worker.process.name, error=describe(error))
                busy = False
            if not busy:
                await asyncio.sleep(idle_seconds)

    async def once(self) -> bool:
        """One batch; False when nothing waits."""
        now = self._clock.now()
        rows = await self._store.effects_waiting(self._worker.lanes(), now, BATCH)
        if not rows:
            return False
        rows, effects, unreadable = self._read(rows)
        outcomes = await self._perform(effects)
        done: list[tuple[EffectRow, str, str]] = []
        later = [(row, now + UNREADABLE_PAUSE) for row in unreadable]  # which is no attempt
        for row, effect, outcome in zip(rows, effects, outcomes, strict=True):
            if isinstance(outcome, TryLater) and row.attempts + 1 < MAX_ATTEMPTS:
                later.append((row.tried(), now + FIRST_PAUSE * 4**row.attempts))
                self._metrics.effect("later")
                continue
            heard: Event = self._gave_up(effect) if isinstance(outcome, TryLater) else outcome
            done.append((row, type(heard).__name__, heard.model_dump_json()))
            self._metrics.effect(type(heard).__name__)
        await self._store.effects_done(done, later, self._clock.now())
        self._worker.wake.set()
        return True

    def _read(self, rows: Sequence[EffectRow]) -> tuple[list[EffectRow], list[Effect], list[EffectRow]]:
        """Those that this version can read, and those that wait for one that can: they hold up nobody else."""
        read: list[tuple[EffectRow, Effect]] = []
        unreadable: list[EffectRow] = []
        for row in rows:
            try:
                read.append((row, self._kinds[row.kind].model_validate_json(row.body)))
            except (KeyError, ValueError) as error:
                unreadable.append(row)
                self._metrics.effect("unreadable")
                log.error("effect not read", process=self._worker.process.name, kind=row.kind, error=describe(error))
        return [row for row, _ in read], [effect for _, effect in read], unreadable
