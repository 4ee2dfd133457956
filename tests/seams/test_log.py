"""What the runtime relies on in its log, asked of the simulated one and of Kafka: they must not drift apart."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from ops.local.stack import Stack
from ops.simulation.log import Cluster, Member
from shared.events.base import PARTITIONS
from shared.runtime.kafka import KafkaLog
from shared.runtime.log import Log, Outgoing, Place, Record
from shared.runtime.settings import Settings
from tests.conftest import make_topics, without_topics

HEARD, OTHER = "toy.deposits.v1", "toy.counts.v1"
KINDS = ("simulated", "kafka")
PLACE, BESIDE, ELSEWHERE = Place(HEARD, 3), Place(HEARD, 9), Place(OTHER, 3)
ALL = frozenset(Place(HEARD, n) for n in range(PARTITIONS))
SECONDS = 60.0


class Calm:
    """A line on which nothing happens."""

    async def before(self, call: str) -> None: ...

    async def after(self, call: str) -> None: ...

    async def before_delivery(self) -> None:
        await asyncio.sleep(0)

    def travel(self, places: int) -> Sequence[float | None]:
        return [0.0] * places

    def choose(self, waiting: Mapping[Place, Sequence[Record]]) -> list[Record]:
        return [record for records in waiting.values() for record in records]


@dataclass
class Listener:
    """What one member of a group is told. ``begin``: where it seeks to as soon as a place is given to it."""

    begin: Mapping[Place, int] = field(default_factory=dict[Place, int])
    batches: list[Sequence[Record]] = field(default_factory=list[Sequence[Record]])
    told: list[frozenset[Place]] = field(default_factory=list[frozenset[Place]])
    free: asyncio.Event = field(default_factory=asyncio.Event)
    log: Log = field(init=False)

    def __post_init__(self) -> None:
        self.free.set()

    async def hear(self, records: Sequence[Record]) -> None:
        self.batches.append(records)
        await self.free.wait()

    async def assigned(self, places: Collection[Place]) -> None:
        for place, offset in self.begin.items():
            self.log.seek(place, offset)
        self.told.append(frozenset(places))

    def heard(self, place: Place) -> list[Record]:
        return [record for batch in self.batches for record in batch if record.place == place]

    def texts(self, place: Place) -> list[str]:
        return [(record.value or b"").decode() for record in self.heard(place)]


class Seam:
    """One log, and as many members of as many groups as a test wants."""

    def __init__(self, join: "Callable[[AsyncExitStack, str, Listener], Awaitable[Log]]") -> None:
        self._join, self._run = join, uuid.uuid4().hex[:8]

    @asynccontextmanager
    async def member(self, listener: Listener, group: str = "readers") -> AsyncGenerator[Log]:
        async with AsyncExitStack() as ends:
            yield await self._join(ends, f"{group}-{self._run}", listener)

    def group(self, name: str) -> str:
        return f"{name}-{self._run}"


@pytest_asyncio.fixture(params=KINDS, loop_scope="session")
async def seam(request: pytest.FixtureRequest, stack: Stack) -> Seam:
    if request.param == "simulated":
        cluster = Cluster(lambda: 1_700_000_000_000)
        return Seam(lambda ends, group, listener: _simulated(cluster, ends, group, listener))
    await without_topics(stack.bootstrap_servers)
    await make_topics(stack.bootstrap_servers, HEARD, OTHER)
    settings = Settings(kafka_bootstrap_servers=stack.bootstrap_servers)
    return Seam(lambda ends, group, listener: _kafka(settings, ends, group, listener))


async def _simulated(cluster: Cluster, ends: AsyncExitStack, group: str, listener: Listener) -> Log:
    member = Member(cluster, group, [HEARD], line=Calm(), hear=listener.hear, assigned=listener.assigned)
    listener.log = member
    for work in (member.keep_up(), member.deliver()):
        ends.callback(asyncio.create_task(work).cancel)
    cluster.group(group).join(member)
    ends.callback(cluster.group(group).leave, member)
    return member


async def _kafka(settings: Settings, ends: AsyncExitStack, group: str, listener: Listener) -> Log:
    kafka = KafkaLog(settings, group, [HEARD], listener.hear, listener.assigned)
    listener.log = kafka
    await kafka.start()
    ends.push_async_callback(kafka.stop)
    return kafka


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not true():  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(0.01)


def said(place: Place, *texts: str) -> list[Outgoing]:
    return [
        Outgoing(place.partition, n, place, "a", [("ce_id", text.encode()), ("x", b"\xff")], text)
        for n, text in enumerate(texts, start=1)
    ]


async def test_who_is_alone_is_told_of_every_place(seam: Seam) -> None:
    listener = Listener()
    async with seam.member(listener) as log:
        await until(lambda: bool(listener.told))
        assert listener.told[-1] == ALL
        assert log.assigned() == ALL


async def test_places_are_shared_out_anew_when_somebody_comes_and_when_he_goes(seam: Seam) -> None:
    first, second = Listener(), Listener()
    async with seam.member(first) as log:
        await until(lambda: first.told[-1:] == [ALL])
        async with seam.member(second) as other:
            await until(lambda: bool(second.told) and first.told[-1] != ALL)
            assert first.told[-1] | second.told[-1] == ALL
            assert not first.told[-1] & second.told[-1]
            assert (log.assigned(), other.assigned()) == (first.told[-1], second.told[-1])
        await until(lambda: first.told[-1] == ALL)


async def test_what_is_published_is_read_as_it_was_said_in_the_order_of_each_place(seam: Seam) -> None:
    listener = Listener()
    async with seam.member(listener) as log:
        await log.publish([*said(PLACE, "one"), *said(BESIDE, "uno", "due"), *said(PLACE, "two", "three")])
        await until(lambda: len(listener.heard(PLACE)) == 3 and len(listener.heard(BESIDE)) == 2)
    assert listener.texts(PLACE) == ["one", "two", "three"]
    assert listener.texts(BESIDE) == ["uno", "due"]
    first, *_ = found = listener.heard(PLACE)
    assert [record.offset for record in found] == [0, 1, 2]
    assert (first.key, first.headers) == (b"a", [("ce_id", b"one"), ("x", b"\xff")])


async def test_ends_and_begins_are_known_once_it_is_published_also_of_what_is_not_heard(seam: Seam) -> None:
    listener = Listener()
    async with seam.member(listener) as log:
        await until(lambda: bool(listener.told))
        assert await log.ends([PLACE, BESIDE]) == {PLACE: 0, BESIDE: 0}
        await log.publish([*said(PLACE, "one", "two"), *said(ELSEWHERE, "three")])
        assert await log.ends([PLACE, BESIDE]) == {PLACE: 2, BESIDE: 0}
        assert await log.ends([ELSEWHERE]) == {ELSEWHERE: 1}
        assert await log.begins([PLACE, BESIDE]) == {PLACE: 0, BESIDE: 0}


async def test_a_batch_begins_where_it_was_sought_to(seam: Seam) -> None:
    listener = Listener()
    async with seam.member(listener) as log:
        await log.publish(said(PLACE, "one", "two", "three"))
        await until(lambda: len(listener.heard(PLACE)) == 3)
        listener.batches.clear()
        log.seek(PLACE, 1)
        await until(lambda: len(listener.heard(PLACE)) == 2)
    assert listener.texts(PLACE) == ["two", "three"]


async def test_who_seeks_when_he_is_told_of_a_place_reads_nothing_before(seam: Seam) -> None:
    async with seam.member(Listener(), "writers") as log:
        await log.publish([*said(PLACE, "one", "two", "three"), *said(BESIDE, "uno")])
    listener = Listener(begin={PLACE: 2})
    async with seam.member(listener):
        await until(lambda: bool(listener.heard(PLACE)) and bool(listener.heard(BESIDE)))
    assert (listener.texts(PLACE), listener.texts(BESIDE)) == (["three"], ["uno"])


async def test_seeking_a_place_that_is_not_ours_does_nothing(seam: Seam) -> None:
    first, second = Listener(), Listener()
    async with seam.member(first) as log, seam.member(second) as other:
        await until(lambda: bool(second.told) and first.told[-1:] == [log.assigned()] != [ALL])
        owner, stranger = (log, other) if PLACE in log.assigned() else (other, log)
        await owner.publish(said(PLACE, "one"))
        heard = first if owner is log else second
        await until(lambda: bool(heard.heard(PLACE)))
        stranger.seek(PLACE, 0)
        await owner.publish(said(PLACE, "two"))
        await until(lambda: len(heard.heard(PLACE)) == 2)
    assert sorted(first.texts(PLACE) + second.texts(PLACE)) == ["one", "two"]


async def test_a_batch_comes_when_the_one_before_has_been_heard(seam: Seam) -> None:
    listener = Listener()
    listener.free.clear()
    async with seam.member(listener) as log:
        await log.publish(said(PLACE, "one"))
        await until(lambda: len(listener.batches) == 1)
        await log.publish(said(PLACE, "two"))
        await asyncio.sleep(0.3)
        assert listener.texts(PLACE) == ["one"]
        listener.free.set()
        await until(lambda: listener.texts(PLACE) == ["one", "two"])


async def test_what_is_committed_is_known_to_others_and_what_never_was_is_missing(seam: Seam) -> None:
    listener, other = Listener(), Listener()
    async with seam.member(listener) as log, seam.member(other, "others") as another:
        await until(lambda: bool(listener.told))
        await log.publish(said(PLACE, "one", "two"))
        assert await another.committed(seam.group("readers"), [HEARD]) == {}
        await log.commit({PLACE: 2})
        assert await another.committed(seam.group("readers"), [HEARD]) == {PLACE: 2}
        assert await another.committed(seam.group("readers"), [OTHER]) == {}
        await log.commit({PLACE: 1, BESIDE: 0})  # a database that was restored goes back
        assert await another.committed(seam.group("readers"), [OTHER, HEARD]) == {PLACE: 1, BESIDE: 0}


async def test_whoever_takes_over_reads_on_from_what_is_committed_unless_he_seeks(seam: Seam) -> None:
    first, second = Listener(), Listener()
    async with seam.member(first) as log:
        await log.publish(said(PLACE, "one", "two", "three"))
        await until(lambda: len(first.heard(PLACE)) == 3)
        await log.commit({PLACE: 1})
    async with seam.member(second):
        await until(lambda: len(second.heard(PLACE)) == 2)
    assert second.texts(PLACE) == ["two", "three"]


async def test_behind_the_end_nothing_is_read_and_reading_starts_at_the_beginning(seam: Seam) -> None:
    """As when another, shorter log stands there: the worker compares the end before it goes on."""
    listener = Listener()
    async with seam.member(listener) as log:
        await log.publish(said(PLACE, "one", "two"))
        await until(lambda: len(listener.heard(PLACE)) == 2)
        listener.batches.clear()
        log.seek(PLACE, 9)
        await until(lambda: len(listener.heard(PLACE)) == 2)
    assert listener.texts(PLACE) == ["one", "two"]
