"""The whole house under the journeys: five services as processes on a fast clock, and an ear on all they say."""

import asyncio
import json
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, date, datetime
from datetime import time as datetime_time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import asyncpg
import pytest

from ops import catalogue
from ops.fleet import Fleet
from ops.local.mail import Letter, read
from ops.wire import Speech, Wire
from shared.events.base import Envelope, Event
from shared.runtime.clock import ScaledClock
from shared.runtime.codec import decode
from shared.runtime.settings import Settings

if TYPE_CHECKING:
    from tests.journeys.story import Story

E = TypeVar("E", bound=Event)
DAY = 0.5
"""Real seconds per day of the clock."""
APART = 0.2
"""Real seconds between the beginnings of two tales."""
PATIENCE = 60.0
"""Real seconds after which what did not come is said to be missing."""
HEARD = frozenset(topic.name for topic in catalogue.all_topics() if topic.numbered)

Tale = Callable[["Story"], Awaitable[None]]


class Heard(NamedTuple):
    """One event of a service, once, however often the log has it."""

    event: Event
    envelope: Envelope


class World:
    """What everybody outside can do to the house, and all that was heard of it."""

    def __init__(self, settings: Settings, fleet: Fleet, mail_dir: Path | None, wire: Wire, database: Any) -> None:
        self.settings, self.fleet, self.mail_dir = settings, fleet, mail_dir
        self.clock = ScaledClock.from_settings(settings)
        self.over: dict[Story, int] = {}
        """The stories that have ended, with how much had been heard of them."""
        self._began = time.time_ns()  # the mail server keeps the letters of earlier runs
        self._wire, self._database = wire, database
        self._log: defaultdict[str, list[Heard]] = defaultdict(list)
        self._sequences: dict[tuple[str, int, int | None], int] = {}
        self._letters: dict[Path, Letter] = {}
        self._news = asyncio.Event()
        self._ear = asyncio.create_task(self._listen())
        self._tales: dict[Tale, asyncio.Task[None]] = {}

    @property
    def today(self) -> date:
        return self.clock.now().date()

    async def until_day(self, day: date) -> None:
        """Returns when the clock has come to this day."""
        left = datetime.combine(day, datetime_time(), UTC) - self.clock.now()
        await asyncio.sleep(max(0.0, self.clock.real_seconds(left)))

    # Tales: told side by side, because a claim is mostly waiting.

    def tell(self, tale: Tale, story: "Story") -> None:
        """Each begins a little after the one before: all at once would keep the machine from answering in time."""

        async def told(begin: float) -> None:
            await asyncio.sleep(begin)
            await tale(story)

        self._tales[tale] = asyncio.create_task(told(len(self._tales) * APART))

    async def told(self, tale: Tale) -> None:
        """Returns when this tale has been told, and raises what went wrong in it."""
        await self._tales[tale]

    async def all_told(self) -> None:
        """Returns when all have been told, well or not."""
        await asyncio.gather(*self._tales.values(), return_exceptions=True)

    # What is said and heard.

    async def says(self, *events: Event, at: datetime | None = None) -> None:
        """The party that owns each event's topic says it, now or as it states itself."""
        speeches: list[Speech] = []
        for event in events:
            assert event.topic is not None
            source, moment = f"/journeys/{event.topic.party}", at or self.clock.now()
            envelope = Envelope(str(uuid.uuid4()), event.type_name(), source, moment, event.key)
            speeches.append(Speech(event.topic.name, event.key, event, envelope))
        await self._publish(*speeches)

    async def says_bytes(self, kind: type[Event], key: str, body: bytes) -> None:
        """Any bytes at all, called an event of this type."""
        assert kind.topic is not None
        envelope = Envelope(str(uuid.uuid4()), kind.type_name(), "/journeys/anybody", self.clock.now(), key)
        await self._publish(Speech(kind.topic.name, key, body, envelope))

    async def _publish(self, *speeches: Speech) -> None:
        await self._wire.publish(speeches)

    def heard(self, *keys: str) -> list[Heard]:
        """All that was said about these keys, per key in the order heard."""
        return [heard for key in keys for heard in self._log[key]]

    def every(self, kind: type[E]) -> list[E]:
        return [heard.event for log in self._log.values() for heard in log if isinstance(heard.event, kind)]

    async def has_heard(self, kind: type[Event], count: int) -> None:
        await self.until(lambda: len(self.every(kind)) >= count, lambda: f"fewer than {count} {kind.__name__} came")

    async def until(self, ready: Callable[[], bool], missing: Callable[[], str]) -> None:
        """Returns when what was heard makes it so."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not ready():
                    news = asyncio.ensure_future(self._news.wait())
                    await asyncio.wait({news, self._ear}, return_when=asyncio.FIRST_COMPLETED)
                    if self._ear.done():
                        news.cancel()
                        self._ear.result()
        except TimeoutError:
            pytest.fail(missing())

    # What is on record.

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        return await self._database.fetch(sql, *arguments)

    async def until_row(self, sql: str, *arguments: Any) -> None:
        """Waits until a query gives a row; each ask is the pause before the next."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self.rows(f"select from pg_sleep(0.05), lateral ({sql}) found", *arguments):
                    pass
        except TimeoutError:
            pytest.fail(f"never came true of {arguments}: {sql}")

    async def all_read(self) -> None:
        """Returns when what our services have said until now has been read by every process that hears it."""
        said: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for service in catalogue.NAMES:
            for row in await self.rows(f"select n, streams from {service}.lane"):
                for stream, number in json.loads(row["streams"]).items():
                    said[stream][str(row["n"])] = number
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self._is_read(said):
                    await self.rows("select pg_sleep(0.05)")
        except TimeoutError:
            pytest.fail("something that was said is never read")

    async def _is_read(self, said: Mapping[str, Mapping[str, int]]) -> bool:
        for service in catalogue.NAMES:
            for row in await self.rows(f"select topic, partition, heard from {service}.input"):
                heard = json.loads(row["heard"])
                numbers = said.get(f"{row['topic']}:{row['partition']}", {})
                if any(heard.get(lane, (0, 0))[1] < number for lane, number in numbers.items()):
                    return False
        return True

    def letters_to(self, *addresses: str) -> list[Letter] | None:
        """What the mail server accepted, the oldest first; None when it keeps no files for us."""
        if self.mail_dir is None:
            return None
        for path in (self.mail_dir / "new").glob("*.eml"):
            if path not in self._letters and int(path.name.partition(".")[0]) >= self._began:
                self._letters[path] = read(path)
        found = [letter for letter in self._letters.values() if set(letter.recipients) & set(addresses)]
        return sorted(found, key=lambda letter: letter.path.name)

    # The services.

    def start_all(self) -> None:
        for name in catalogue.NAMES:
            self.fleet.serve(name)

    def kill_all(self) -> None:
        """SIGKILL to all five, wherever they are."""
        for name in catalogue.NAMES:
            self.fleet.kill(name)

    async def end(self) -> None:
        tasks = [self._ear, *self._tales.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        async with aclosing(self._wire.listen(HEARD)) as batches:
            async for records in batches:
                for record in records:
                    self._take(record)
                news, self._news = self._news, asyncio.Event()
                news.set()
                for name, code in self.fleet.died():
                    raise AssertionError(f"{name} ended with {code}: see {self.fleet.log(name)}")

    def _take(self, record: Any) -> None:
        """As a listener counts: each number of a stream once."""
        event, envelope = decode(record.topic, record.key, record.value, list(record.headers))
        stream = (record.topic, record.partition, envelope.lane)
        following = self._sequences.get(stream, 0) + 1
        if envelope.sequence == following:
            self._sequences[stream] = following
            self._log[event.key].append(Heard(event, envelope))


@asynccontextmanager
async def opened(settings: Settings, fleet: Fleet, mail_dir: Path | None) -> AsyncGenerator[World]:
    """The house with everybody in it, from its start to its end."""
    pool: Any = await cast("Any", asyncpg).create_pool(settings.database_url.get_secret_value(), min_size=1, max_size=6)
    try:
        async with Wire(settings) as wire:
            world = World(settings, fleet, mail_dir, wire, pool)
            try:
                world.start_all()
                yield world
            finally:
                await world.end()
    finally:
        await pool.close()
        fleet.end()
