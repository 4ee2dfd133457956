"""An ear on all that the services say, from outside: every number of every stream once, and never another content."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from ops import catalogue
from shared.events.base import PARTITIONS, Envelope, Event
from shared.runtime.codec import decode
from shared.runtime.kafka import client_options
from shared.runtime.settings import Settings

HEARD = frozenset(topic.name for topic in catalogue.all_topics() if topic.numbered)

STUCK = 5.0
"""Real seconds without a record after which it is looked up whether there is one."""


class Place(NamedTuple):
    """Where a fact stands in the log, and what it says of whom. ``takers``: who has it on record once it is read."""

    topic: str
    partition: int
    offset: int
    type: str
    key: str
    takers: frozenset[str]


class Observer:
    """Counts as a listener does; ``wrong`` holds what must never be seen, in words."""

    def __init__(self, settings: Settings, told: Callable[[Event, Envelope], None]) -> None:
        """``told`` is called once for each fact, in the order of its stream."""
        self.places: dict[str, Place] = {}
        """Event id → where it was accepted."""
        self.reached: dict[tuple[str, int, int], int] = {}
        """(topic, partition, producer's lane) → number accepted last."""
        self.repeated: Counter[str] = Counter()
        """Topic → records that were published more than once."""
        self.wrong: list[str] = []
        self._settings, self._told = settings, told
        self._prints: dict[str, int] = {}
        self._news = asyncio.Event()
        self._ear = asyncio.create_task(self._listen())

    async def until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Whether what was heard made it so in time."""
        try:
            async with asyncio.timeout(seconds):
                while not ready():
                    news = asyncio.ensure_future(self._news.wait())
                    await asyncio.wait({news, self._ear}, return_when=asyncio.FIRST_COMPLETED)
                    if self._ear.done():
                        news.cancel()
                        self._ear.result()
        except TimeoutError:
            return ready()
        return True

    async def end(self) -> None:
        self._ear.cancel()
        await asyncio.gather(self._ear, return_exceptions=True)

    async def _listen(self) -> None:
        """For ever. A client that is stuck, as clients are after a broker's death, is replaced by another."""
        offsets = {TopicPartition(topic, n): 0 for topic in HEARD for n in range(PARTITIONS)}
        while True:
            try:
                await self._read(offsets)
            except (KafkaError, TimeoutError, OSError):
                await asyncio.sleep(0.2)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise  # else the client's own tasks were cancelled when it was given up

    async def _read(self, offsets: dict[TopicPartition, int]) -> None:
        """Until there is something to read and nothing comes."""
        reader: Any = AIOKafkaConsumer(
            **client_options(self._settings), enable_auto_commit=False, fetch_max_wait_ms=100, request_timeout_ms=5000,
            auto_offset_reset="none",
        )  # fmt: skip
        try:
            await reader.start()
            reader.assign(list(offsets))
            for place, offset in offsets.items():
                reader.seek(place, offset)
            heard_at = time.monotonic()
            while time.monotonic() - heard_at < STUCK or offsets == await reader.end_offsets(list(offsets)):
                for place, records in (await reader.getmany(timeout_ms=200, max_records=2000)).items():
                    for record in records:
                        self._take(record)
                    offsets[place] = records[-1].offset + 1
                    heard_at = time.monotonic()
                news, self._news = self._news, asyncio.Event()
                news.set()
        finally:
            await reader.stop()

    def _take(self, record: Any) -> None:
        event, envelope = decode(record.topic, record.key, record.value, list(record.headers))
        assert envelope.lane is not None
        assert envelope.sequence is not None
        stream = (record.topic, record.partition, envelope.lane)
        content = crc32(record.value)
        if self._prints.setdefault(envelope.id, content) != content:
            self.wrong.append(f"{envelope.type} {envelope.id} on {stream} was said twice, with different content")
        following = self.reached.get(stream, 0) + 1
        if envelope.sequence > following:
            return  # numbers before it are missing: they must follow, and this one after them
        if envelope.sequence < following:
            self.repeated[record.topic] += 1
            if envelope.id not in self.places:
                self.wrong.append(f"{envelope.type} {envelope.id} took number {envelope.sequence} of {stream} again")
            return
        self.reached[stream] = following
        if envelope.id in self.places:
            self.wrong.append(f"{envelope.type} {envelope.id} was numbered twice on {stream}")
        self.places[envelope.id] = Place(
            record.topic, record.partition, record.offset, envelope.type, event.key, takers(event)
        )
        self._told(event, envelope)


def takers(event: Event) -> frozenset[str]:
    """Who must have decided on it, or wait with it. What a process lets go before its beginning leaves no trace."""
    return frozenset(
        process.name
        for service in catalogue.all_services()
        for process in service.processes
        if type(event) in process.begins or (type(event) in process.hears and process.keeps_early(event))
    )
