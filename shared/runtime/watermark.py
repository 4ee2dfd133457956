"""How far everything a deadline must not overtake has been read: the moment behind which deadlines may fire."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from shared.events.base import PARTITIONS
from shared.runtime.clock import Clock
from shared.runtime.log import Log, Place
from shared.runtime.process import Process, reference_name, topics_of
from shared.runtime.store import PassingError, Store


class Watermark:
    """One worker's view. A place is *read to T* when everything up to its end, sampled at T, has been decided.

    What this replica has read, it knows; what other replicas have read, and the reference, they write down as
    progress rows. A row of a replica that has died stays true: it is only a lower bound.
    """

    def __init__(self, process: Process[Any], store: Store, log: Log, clock: Clock) -> None:
        self.ends: Mapping[Place, int] = {}
        self.reference_known = process.reference is None
        self._process, self._store, self._log, self._clock = process, store, log, clock
        self._started = self._sampled_at = clock.now()
        self._samples: dict[Place, tuple[datetime, int]] = {}
        self._read_to: dict[Place, datetime] = {}
        self._passed_on = _PassedOn(process, log, clock)

    async def sample(self, *, due: bool) -> None:
        """Looks where everything that is assigned ends now. ``due``: before that, what others have passed on: so a
        deadline that passed before this look can fire after it, and need not wait for the next one."""
        if due:
            await self._passed_on.look()
        self._sampled_at, places = self._clock.now(), self._log.assigned()
        self.ends = await self._log.ends(places) if places else {}

    async def advance(self, next_offsets: Mapping[Place, int]) -> None:
        """Sees which samples have been reached, and writes it down for others."""
        now, places = self._sampled_at, self._log.assigned()
        for place, end in self.ends.items():
            reached = next_offsets.get(place, -1)
            if reached >= end:
                self._read_to[place] = now
                self._samples.pop(place, None)
            elif place not in self._samples:
                self._samples[place] = (now, end)
            elif reached >= self._samples[place][1]:
                self._read_to[place] = self._samples.pop(place)[0]
        mine = {place: at for place, at in self._read_to.items() if place in places}
        await self._store.tell_progress(_compact(mine))
        await self.look_at_reference()

    async def limits(self, lanes: Collection[int]) -> dict[int, datetime]:
        """For each lane the moment up to which its deadlines may fire; lanes that must wait are missing. As far as the
        last ``sample`` has seen, which must have been told that something is due."""
        read_to = await self._everybodys()
        limits: dict[int, datetime] = {}
        for lane in lanes:
            marks = [read_to.get(key) for key in self._places_of(lane)]
            if marks and all(mark is not None for mark in marks):
                limit = self._passed_on.limit(lane, min(mark for mark in marks if mark is not None))
                if limit is not None:
                    limits[lane] = limit
        return limits

    async def caught_up(self, lanes: Collection[int]) -> list[int]:
        """The lanes whose every input, and the reference, has been read to an end sampled after this worker's start."""
        if not self.reference_known:  # it may have been read since we looked, and decisions go by what we know
            return []
        read_to = await self._everybodys()
        marks = {lane: [read_to.get(key) for key in self._places_of(lane)] for lane in lanes}
        return [n for n, found in marks.items() if all(mark is not None and mark >= self._started for mark in found)]

    async def _everybodys(self) -> dict[tuple[str, Place], datetime]:
        names = [self._process.name, reference_name(self._process)]
        read_to = {(self._process.name, place): at for place, at in self._read_to.items()}
        for row in await self._store.progress(names):
            for place, at in row.places():
                key = (row.process, place)
                read_to[key] = max(at, read_to.get(key, at))
        return read_to

    async def look_at_reference(self) -> None:
        """Known from the moment when it has been read to an end sampled after this worker's start."""
        if not self.reference_known:
            read_to = await self._everybodys()
            marks = [read_to.get(key) for key in self._reference_places()]
            self.reference_known = all(mark is not None and mark >= self._started for mark in marks)

    def _places_of(self, lane: int) -> list[tuple[str, Place]]:
        """Our own topics put a key into the partition of its lane; an outside producer may have put it anywhere."""
        places: list[tuple[str, Place]] = []
        for topic in topics_of(self._process):
            partitions = [lane] if topic.numbered else range(PARTITIONS)
            places += [(self._process.name, Place(topic.name, n)) for n in partitions]
        return places + self._reference_places()

    def _reference_places(self) -> list[tuple[str, Place]]:
        if self._process.reference is None:
            return []
        topic = self._process.reference.fact.topic
        assert topic is not None
        return [(reference_name(self._process), Place(topic.name, n)) for n in range(PARTITIONS)]


_MOST = 100
"""Looks that are remembered. Beyond, every second one is forgotten: whoever reads an hour behind fires his deadlines by
looks that are the further apart the longer ago they were, but none has to wait until all has been read."""


class _PassedOn:
    """What the outside says and another service of ours passes on: its unread records hold our deadlines too.

    At T the ends of the outside topic are sampled; at S the other service has committed up to them, so all it had
    to say about them is in our own inputs; once those are read to an end sampled after S, T is behind us.
    """

    def __init__(self, process: Process[Any], log: Log, clock: Clock) -> None:
        self._sources, self._log, self._clock = process.passed_on, log, clock
        self._pending: tuple[datetime, Mapping[Place, int]] | None = None
        self._done: list[tuple[datetime, datetime]] = []
        """Each T with its S, in their order."""
        self._floor: dict[int, datetime] = {}
        self._trouble: PassingError | None = None

    async def look(self) -> None:
        """Trouble is raised by ``limit``: what waits for no deadline need not wait for others to be seen."""
        self._trouble = None
        try:
            await self._look()
        except PassingError as error:
            self._trouble = error

    async def _look(self) -> None:
        if not self._sources:
            return
        if self._pending is None:
            now, names = self._clock.now(), [topic.name for topics in self._sources.values() for topic in topics]
            self._pending = now, await self._log.ends([Place(name, n) for name in names for n in range(PARTITIONS)])
        sampled_at, ends = self._pending
        for process, topics in self._sources.items():
            names = [topic.name for topic in topics]
            committed = await self._log.committed(process, names)
            if any(committed.get(place, 0) < end for place, end in ends.items() if place.topic in names):
                return
        if len(self._done) >= _MOST:
            del self._done[1::2]
        self._done.append((sampled_at, self._clock.now()))
        self._pending = None

    def limit(self, lane: int, read_to: datetime) -> datetime | None:
        """The earlier of our own reading and what has been passed on to this lane."""
        if self._trouble is not None:
            raise self._trouble
        if not self._sources:
            return read_to
        for sampled_at, passed_on_at in self._done:
            if passed_on_at <= read_to:
                self._floor[lane] = sampled_at
        floor = self._floor.get(lane)
        return None if floor is None else min(floor, read_to)


def _compact(read_to: Mapping[Place, datetime]) -> dict[str, tuple[list[int], datetime]]:
    """Per topic: the partitions and the earliest of their moments; a lower bound for each of them."""
    topics: dict[str, tuple[list[int], datetime]] = {}
    for place, at in read_to.items():
        partitions, earliest = topics.get(place.topic, ([], at))
        topics[place.topic] = ([*partitions, place.partition], min(earliest, at))
    return topics
