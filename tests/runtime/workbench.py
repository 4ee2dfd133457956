"""Workers on a real PostgreSQL and a log made of lists: the loop step by step, with nothing to wait for."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from shared.events.base import PARTITIONS, Envelope, Event
from shared.policy import Policies
from shared.runtime import Process, Service
from shared.runtime.codec import Headers, encode
from shared.runtime.lanes import partition_of
from shared.runtime.log import LogChangedError, Outgoing, Place, Record
from shared.runtime.metrics import Metrics
from shared.runtime.postgres import PostgresStore
from shared.runtime.process import all_processes, topics_of
from shared.runtime.store import PassingError
from shared.runtime.turns import Context
from shared.runtime.worker import Worker

START = datetime(2025, 6, 2, 9, tzinfo=UTC)


@dataclass
class HandClock:
    """Shows what it was set to, and goes on by a step whenever somebody looks."""

    moment: datetime = START
    step: timedelta = timedelta()

    def now(self) -> datetime:
        self.moment += self.step
        return self.moment

    def real_seconds(self, duration: timedelta) -> float:
        return duration.total_seconds()


@dataclass
class Shelf:
    """The log itself: the records of every place, from the first that is still there."""

    records: defaultdict[Place, list[Record]] = field(default_factory=lambda: defaultdict[Place, list[Record]](list))
    gone: dict[Place, int] = field(default_factory=dict[Place, int])
    committed: dict[tuple[str, Place], int] = field(default_factory=dict[tuple[str, Place], int])
    _ids: Any = field(default_factory=lambda: count(1))

    def end(self, place: Place) -> int:
        return self.gone.get(place, 0) + len(self.records[place])

    def append(self, place: Place, key: str, body: bytes, headers: Headers) -> Record:
        offset = self.end(place)
        record = Record(place, offset, 1_700_000_000_000 + offset, key.encode(), body, headers)
        self.records[place].append(record)
        return record

    def say(self, *events: Event, said_at: datetime = START) -> list[Record]:
        """As an outside party, with Kafka's default partitioner."""
        said: list[Record] = []
        for event in events:
            assert event.topic is not None
            _, body, headers = encode(
                event, Envelope(f"e{next(self._ids)}", event.type_name(), "bank", said_at, event.key)
            )
            said.append(self.append(Place(event.topic.name, lane_of(event.key)), event.key, body, headers))
        return said

    def told(self, kind: type[Event]) -> list[Any]:
        """Every event of one type, per place in the order of the log."""
        assert kind.topic is not None
        found = (r for place, rs in self.records.items() if place.topic == kind.topic.name for r in rs)
        name = ("ce_type", kind.__name__.encode())
        return [kind.model_validate_json(r.value or b"") for r in found if name in r.headers]


class KilledError(BaseException):
    """The end of a replica: nothing of it goes on, and it tidies nothing up."""


class Reader:
    """One replica's view of the log: what it may read, and from where."""

    def __init__(self, shelf: Shelf, process: Process[Any]) -> None:
        self._shelf, self._process = shelf, process
        self.places = frozenset(Place(t.name, n) for t in topics_of(process) for n in range(PARTITIONS))
        self.positions: dict[Place, int] = {}
        self.away = False
        """Whether nothing can be published."""
        self.blind = False
        """Whether nobody says what others have committed."""
        self.id = "ours"
        self.other: LogChangedError | None = None
        """What it says when another cluster answers."""
        self.rests = False
        """Whether it has been told that there is nothing to do."""
        self.kills = False
        """Whether the replica dies when it comes to publish."""

    async def check(self) -> str:
        if self.other is not None:
            raise self.other
        return self.id

    def assigned(self) -> frozenset[Place]:
        return self.places

    def seek(self, place: Place, offset: int) -> None:
        self.positions[place] = offset

    def rest(self, *, quiet: bool) -> None:
        self.rests = quiet

    async def ends(self, places: Collection[Place]) -> Mapping[Place, int]:
        return {place: self._shelf.end(place) for place in places}

    async def begins(self, places: Collection[Place]) -> Mapping[Place, int]:
        return {place: self._shelf.gone.get(place, 0) for place in places}

    async def publish(self, records: Sequence[Outgoing]) -> None:
        if self.kills:
            raise KilledError
        if self.away:
            raise PassingError("the log is away")
        for record in records:
            self._shelf.append(record.place, record.key, record.body.encode(), record.headers)

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        self._shelf.committed.update({(self._process.name, place): n for place, n in offsets.items()})

    async def committed(self, group: str, topics: Collection[str]) -> Mapping[Place, int]:
        if self.blind:
            raise PassingError("the group's coordinator is away")
        return {p: n for (name, p), n in self._shelf.committed.items() if name == group and p.topic in topics}

    def fetch(self) -> list[Record]:
        """What has not been read yet, in no order across places; where that is gone, from the beginning on."""
        found: list[Record] = []
        for place in sorted(self.places):
            first = max(0, self.positions.get(place, 0) - self._shelf.gone.get(place, 0))
            found += self._shelf.records[place][first:]
            self.positions[place] = self._shelf.end(place)
        return found


@dataclass
class Replica:
    """A worker with its own reader, clock, token and figures, beside others on the same database and log."""

    worker: Worker
    reader: Reader
    clock: HandClock
    store: PostgresStore
    registry: CollectorRegistry

    async def read(self) -> None:
        """Hears everything that is on the log, also what that brings about."""
        while records := self.reader.fetch():
            await self.worker.hear(records)

    async def dies_before_publishing(self) -> None:
        """Decides and commits what it reads, and never comes to say it."""
        self.reader.kills = True
        with pytest.raises(KilledError):
            await self.read()

    def figure(self, name: str) -> float:
        return self.registry.get_sample_value(name, {"process": self.worker.process.name}) or 0.0


class Workbench:
    """A migrated database, an empty log, and as many replicas as a test wants."""

    def __init__(self, pool: Any, service: Service) -> None:
        self.pool, self.service, self.shelf = pool, service, Shelf()

    async def replica(self, name: str | None = None, process: Process[Any] | None = None) -> Replica:
        """A replica of the service's first process; or of the one with this name, or of another in its place."""
        known = {each.name: (each, dependent) for each, dependent in all_processes(self.service)}
        served, dependent = known[name or self.service.processes[0].name]
        process = process or served
        token, clock, registry = uuid.uuid4(), HandClock(), CollectorRegistry()
        reader, store = Reader(self.shelf, process), PostgresStore(self.pool, process.name, token, 10)
        worker = Worker(
            Context(
                process=process, service=self.service.name, token=token, store=store, log=reader, clock=clock,
                policies=Policies([]), metrics=Metrics(process.name, registry), dependent=dependent,
            )
        )  # fmt: skip
        await worker.assigned(reader.places)
        return Replica(worker, reader, clock, store, registry)


def lane_of(key: str) -> int:
    return partition_of(key, PARTITIONS)
