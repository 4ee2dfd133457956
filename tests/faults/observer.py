"""An ear on all that the services say, from outside: every number of every stream once, and never another content."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, NamedTuple
from zlib import crc32

from ops import catalogue
from ops.demo.outside.wire import Wire
from shared.events.base import Envelope, Event
from shared.runtime.codec import decode

HEARD = frozenset(topic.name for topic in catalogue.all_topics() if topic.numbered)


class Place(NamedTuple):
    """Where a fact stands in the log."""

    topic: str
    partition: int
    offset: int


class Observer:
    """Counts as a listener does; ``wrong`` holds what must never be seen, in words."""

    def __init__(self, wire: Wire, told: Callable[[Event, Envelope], None]) -> None:
        """``told`` is called once for each fact, in the order of its stream."""
        self.places: dict[str, Place] = {}
        """Event id → where it was accepted."""
        self.reached: dict[tuple[str, int, int], int] = {}
        """(topic, partition, producer's lane) → number accepted last."""
        self.repeated: Counter[str] = Counter()
        """Topic → records that were published more than once."""
        self.wrong: list[str] = []
        self._wire, self._told = wire, told
        self._epochs: defaultdict[tuple[str, int, int], int] = defaultdict(int)
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
        async with aclosing(self._wire.listen(HEARD)) as batches:
            async for records in batches:
                for record in records:
                    self._take(record)
                news, self._news = self._news, asyncio.Event()
                news.set()

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
        self.places[envelope.id] = Place(record.topic, record.partition, record.offset)
        self._told(event, envelope)
