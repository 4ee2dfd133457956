"""The log in memory: topics in partitions, groups that rebalance, and one replica's membership and producer."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, Protocol

from shared.events.base import PARTITIONS
from shared.runtime.codec import Headers
from shared.runtime.log import Assigned, Hear, Outgoing, Place, Record, another
from shared.runtime.store import PassingError

SESSION_SECONDS: Final = 10.0
"""How long a member may be silent before its partitions are given to others."""

Appended = Callable[[Record], None]


class LogLine(Protocol):
    """The way between one replica and the cluster, as ``DatabaseLine`` is to its database."""

    async def before(self, call: str) -> None: ...

    async def after(self, call: str) -> None: ...

    async def before_delivery(self) -> None:
        """Between two batches: as long as the network, or a stop of the whole machine, lets it wait."""
        ...

    def travel(self, places: int) -> Sequence[float | None]:
        """Seconds that a batch for each of so many places is on its way; None: it never arrives."""
        ...

    def choose(self, waiting: Mapping[Place, Sequence[Record]]) -> list[Record]:
        """The next batch: of each place as many as the network brings, the first ones first."""
        ...


class Cluster:
    """What the brokers hold. Survives every replica."""

    def __init__(self, millisecond: Callable[[], int]) -> None:
        self.records: defaultdict[Place, list[Record]] = defaultdict(list)
        self.committed: defaultdict[str, dict[Place, int]] = defaultdict(dict)
        self.groups: dict[str, Group] = {}
        self.count = 0
        """Records there are."""
        self.appended: list[Appended] = []
        """Shown every record, in this order, when it has got its offset."""
        self.wanted: defaultdict[str, list[Member]] = defaultdict(list)
        self.out: dict[tuple[str, int], int] = {}
        """(process, lane) → position of the outbox up to which it has been published at some time."""
        self.found = self.records
        """What replicas find at the address: another log, while ours is away."""
        self.replaced: frozenset[str] = frozenset()
        """The topics of which they find another log."""
        self.id = 0
        """Of the cluster that replicas find: nought is ours."""
        self._millisecond = millisecond

    def append(self, place: Place, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        records = self.records[place]
        record = Record(place, len(records), self._millisecond(), key, value, headers)
        records.append(record)
        self.found.setdefault(place, records)
        self.count += 1
        for show in self.appended:
            show(record)
        for member in self.wanted[place.topic]:
            if place in member.view:
                member.news.set()

    def arrived(self, process: str, batch: Sequence[Outgoing]) -> None:
        """What is out of each lane of a process, whether or not its worker has heard so."""
        for record in batch:
            lane = (process, record.lane)
            self.out[lane] = max(self.out.get(lane, 0), record.position)

    def end(self, place: Place) -> int:
        return len(self.records[place]) if place in self.records else 0

    def found_end(self, place: Place) -> int:
        """As replicas find it."""
        return len(self.found[place]) if place in self.found else 0

    def replace(self, other: Mapping[Place, list[Record]], *, whole: bool = False) -> None:
        """From now on replicas find these records; whoever is outside keeps to ours. ``whole``: another cluster."""
        self.id = int(whole)
        self.replaced = frozenset(place.topic for place in other)
        self.found = defaultdict(list, {**self.records, **other})

    def put_back(self) -> None:
        self.id, self.replaced = 0, frozenset()
        self.found = self.records

    def group(self, name: str) -> "Group":
        if name not in self.groups:
            self.groups[name] = Group(name, self)
        return self.groups[name]


class Group:
    """The members of one process; who reads what follows from who is there (a range of each topic)."""

    def __init__(self, name: str, cluster: Cluster) -> None:
        self.name, self.generation = name, 0
        self.members: list[Member] = []
        self._cluster = cluster

    def join(self, member: "Member") -> None:
        if member in self.members:  # it stood still before it had joined
            return
        self.members.append(member)
        for topic in member.topics:
            self._cluster.wanted[topic].append(member)
        self.rebalance()

    def leave(self, member: "Member") -> None:
        if member not in self.members:
            return
        self.members.remove(member)
        for topic in member.topics:
            self._cluster.wanted[topic].remove(member)
        self.rebalance()

    def rebalance(self) -> None:
        """Every member gets its partitions anew, and learns of it in its own time."""
        self.generation += 1
        for number, member in enumerate(self.members):
            count, more = divmod(PARTITIONS, len(self.members))
            first = number * count + min(number, more)
            mine = range(first, first + count + (number < more))
            places = [Place(topic, n) for topic in member.topics for n in mine]
            member.told(self.generation, places)


@dataclass(slots=True)
class Journey:
    """Batches of one publish that are under way."""

    arrived: "asyncio.Future[None]"
    left: int
    handles: list[asyncio.TimerHandle] = field(default_factory=list[asyncio.TimerHandle])


class Member:
    """One replica's membership, its positions, and its producer: the ``Log`` of one worker."""

    def __init__(
        self, cluster: Cluster, group: str, topics: Iterable[str], *, line: LogLine, hear: Hear, assigned: Assigned
    ) -> None:
        self.topics, self.view = sorted(topics), frozenset[Place]()
        self.news = asyncio.Event()
        self._cluster, self._group, self._line = cluster, cluster.group(group), line
        self._hear, self._assigned = hear, assigned
        self._positions: dict[Place, int] = {}
        self._generation, self._hearing = 0, False
        self._id = cluster.id
        self._told = asyncio.Event()
        self._next_view: tuple[int, list[Place]] = (0, [])
        self._journeys: list[Journey] = []

    @property
    def stirs(self) -> bool:
        """Whether something is on its way that shows in no row: a batch, a retry, a rebalance."""
        return self._hearing or self._told.is_set() or self.news.is_set() or bool(self._journeys)

    # The group's side

    def told(self, generation: int, places: list[Place]) -> None:
        self._next_view = (generation, places)
        self._told.set()

    async def keep_up(self) -> None:
        """Takes over what the group gives us: positions as committed, then the worker is told, whatever comes of it."""
        while True:
            await self._told.wait()
            await self._line.before_delivery()
            self._told.clear()
            self._generation, places = self._next_view
            self.view = frozenset(places)
            committed = self._cluster.committed[self._group.name]
            self._positions = {place: committed.get(place, 0) for place in places}
            self.news.set()
            try:
                if places:
                    await self._assigned(places)
            except Exception:  # noqa: S110 - as the real one: it is only logged
                pass

    async def deliver(self) -> None:
        """Batch after batch, for ever; a batch is over when it has been heard."""
        while True:
            await self.news.wait()
            await self._line.before_delivery()
            batch = self._poll()
            if batch:
                self._hearing = True
                await self._hear(batch)
                self._hearing = False
            else:
                self.news.clear()

    def lost_journeys(self, luck: Random) -> None:
        """The client has died: what it had sent arrives, or does not."""
        for journey in self._journeys:
            for handle in journey.handles:
                if luck.random() < 0.5:
                    handle.cancel()

    def end_journeys(self) -> None:
        """What has not arrived by now never does."""
        for journey in self._journeys:
            for handle in journey.handles:
                handle.cancel()

    def _poll(self) -> list[Record]:
        """Some of what waits; of each place the next ones."""
        waiting: dict[Place, list[Record]] = {}
        for place, position in self._positions.items():
            if position != (end := self._cluster.found_end(place)):
                first = position if position < end else 0  # as auto_offset_reset=earliest
                waiting[place] = self._cluster.found[place][first:]
        batch = self._line.choose(waiting) if waiting else []
        for record in batch:
            self._positions[record.place] = record.offset + 1
        return batch

    # The worker's side

    async def check(self) -> str:
        """Only a whole cluster has another id; a topic that was made anew has not."""
        if self._cluster.id != self._id:
            raise another(self._group.name, str(self._cluster.id), str(self._id))
        return str(self._id)

    def assigned(self) -> frozenset[Place]:
        return self.view

    def seek(self, place: Place, offset: int) -> None:
        if place in self.view:
            self._positions[place] = offset
            self.news.set()

    def rest(self, *, quiet: bool) -> None:
        """No fetch waits here."""

    async def ends(self, places: Collection[Place]) -> Mapping[Place, int]:
        await self._line.before("ends")
        found = {place: self._cluster.found_end(place) for place in sorted(places)}
        await self._line.after("ends")
        return found

    async def begins(self, places: Collection[Place]) -> Mapping[Place, int]:
        await self._line.before("begins")
        await self._line.after("begins")
        return dict.fromkeys(sorted(places), 0)

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Batches to different places overtake each other; those to one place do not."""
        await self._line.before("publish")
        by_place: dict[Place, list[Outgoing]] = {}
        for record in records:
            by_place.setdefault(record.place, []).append(record)
        loop = asyncio.get_running_loop()
        journey = Journey(loop.create_future(), len(by_place))
        self._journeys.append(journey)
        for (place, batch), seconds in zip(by_place.items(), self._line.travel(len(by_place)), strict=True):
            if seconds == 0.0:
                self._arrive(journey, place, batch)
            elif seconds is not None:
                journey.handles.append(loop.call_later(seconds, self._arrive, journey, place, batch))
        try:
            if journey.left:
                await asyncio.wait_for(journey.arrived, PUBLISH_SECONDS)
        except TimeoutError:
            raise PassingError("KafkaTimeoutError") from None
        finally:
            self._journeys.remove(journey)
        await self._line.after("publish")
        await self.check()

    def _arrive(self, journey: Journey, place: Place, batch: list[Outgoing]) -> None:
        journey.left -= 1
        if place.topic not in self._cluster.replaced:  # else it is lost with the log that it went to
            for record in batch:
                self._cluster.append(place, record.key.encode(), record.body.encode(), record.headers)
            self._cluster.arrived(self._group.name, batch)
        if not journey.left and not journey.arrived.done():
            journey.arrived.set_result(None)

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        await self._line.before("commit offsets")
        if self._generation != self._group.generation:
            raise PassingError("CommitFailedError")
        self._cluster.committed[self._group.name].update(offsets)
        await self._line.after("commit offsets")

    async def committed(self, group: str, topics: Collection[str]) -> Mapping[Place, int]:
        await self._line.before("committed")
        found = {place: n for place, n in self._cluster.committed[group].items() if place.topic in topics}
        await self._line.after("committed")
        return found


PUBLISH_SECONDS: Final = 20.0
"""As in the adapter: a batch that is not acknowledged by then is given up; it may be out all the same."""
