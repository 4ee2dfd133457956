"""What was decided to be said goes out after commit, in order, until the log has acknowledged all of it."""

import uuid
from collections.abc import Mapping, Sequence

from shared.runtime.log import Log, Outgoing
from shared.runtime.metrics import Metrics
from shared.runtime.store import LaneRow, Store

LIMIT = 1000
"""Outbox rows read at once."""


class Outbox:
    """One worker's view: what it knows to be acknowledged is a hint, and the rows are read again without it."""

    def __init__(self, token: uuid.UUID, *, store: Store, log: Log, metrics: Metrics) -> None:
        self.token = token
        self._store, self._log, self._metrics = store, log, metrics
        self._acknowledged: dict[int, int] = {}

    def forget(self) -> None:
        """After trouble nothing is known to have gone out."""
        self._acknowledged.clear()

    def note(self, lanes: Sequence[LaneRow]) -> None:
        """Writes down on the rows that will be written anyway what has gone out."""
        for lane in lanes:
            if lane.owner == self.token and lane.n in self._acknowledged:
                lane.published = max(lane.published, self._acknowledged[lane.n])

    async def say(self, lanes: Sequence[LaneRow], outgoing: Sequence[Outgoing]) -> None:
        """Publishes after commit. A lane that is not known to be clean is read again from its rows."""
        said: dict[int, int] = {}
        for record in outgoing:
            said[record.lane] = said.get(record.lane, 0) + 1
        clean = {
            lane.n
            for lane in lanes
            if lane.owner == self.token and self._acknowledged.get(lane.n) == lane.position - said.get(lane.n, 0)
        }
        await self.publish([record for record in outgoing if record.lane in clean])
        self._acknowledged.update({lane.n: lane.position for lane in lanes if lane.n in clean})
        dirty = [lane.n for lane in lanes if lane.n not in clean]
        if dirty:
            await self._drain_lanes(dirty)

    async def publish(self, records: Sequence[Outgoing]) -> None:
        if records:
            await self._log.publish(records)
            self._metrics.published.inc(len(records))

    async def _drain_lanes(self, lanes: Sequence[int]) -> None:
        """Publishes everything above ``published``, and says so, until nothing is left."""
        while rows := await self._store.unpublished(lanes, LIMIT):
            await self.publish(rows)
            reached = {row.lane: row.position for row in rows}
            await self._store.published(reached)
            self._acknowledged.update(reached)

    async def drain(self, behind: Mapping[int, tuple[int, int]]) -> None:
        """On the timer, without input: what a replica that died between commit and publish left behind."""
        done = {n: at for n, (_, position) in behind.items() if (at := self._acknowledged.get(n, -1)) >= position}
        if done:
            await self._store.published(done)
        dirty = [n for n in behind if n not in done]
        if dirty:
            await self._drain_lanes(dirty)
