"""Watches the log from outside: facts of every claim, from events alone and from no service's tables."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from ops import catalogue
from ops.demo.facts import WATCHED, Facts
from shared.events.base import PARTITIONS, type_registry
from shared.runtime.codec import Headers, numbers_of, type_of
from shared.runtime.kafka import client_options
from shared.runtime.settings import Settings

log = structlog.get_logger()

_TOPICS: Final = {topic for kind in WATCHED if (topic := type_registry[kind].topic) is not None}
_NUMBERED: Final = frozenset(topic.name for topic in _TOPICS if topic.numbered)
_PAUSE: Final = 0.5
"""Real seconds between tries while the broker is away."""


class Streams:
    """What our services say, each number of a stream once and in order, as any listener of ours counts them."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, int, int], tuple[int, int]] = {}

    def accepts(self, topic: str, partition: int, headers: Headers) -> bool:
        """False: heard before, or ahead of what will be published again."""
        numbers = numbers_of(headers)
        if numbers is None:
            return False
        lane, sequence, epoch = numbers
        known_epoch, known = self._heard.get((topic, partition, lane), (0, 0))
        if epoch < known_epoch or sequence != known + 1:
            return False
        self._heard[topic, partition, lane] = (epoch, sequence)
        return True


class Observer:
    """Reads the topics that matter from their beginning, in no consumer group, and gathers ``facts``.

    What lies on the other topics is only counted: ``events`` is the number of records on all of them.
    """

    def __init__(self, settings: Settings) -> None:
        self.facts = Facts()
        self.events = 0
        self._settings, self._streams = settings, Streams()
        self._consumer: Any = None
        self._next: dict[Any, int] = {}
        self._read_on = asyncio.Event()
        self._everywhere = [TopicPartition(t.name, n) for t in catalogue.all_topics() for n in range(PARTITIONS)]

    async def run(self) -> None:
        """Until cancelled. A broker that is away is waited for."""
        self._consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            client_id="makegood.observer",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_min_bytes=64 << 10,  # a few large answers: the services need the processors more than we do
            fetch_max_wait_ms=200,
        )
        await self._consumer.start()
        try:
            self._consumer.assign([TopicPartition(t.name, n) for t in _TOPICS for n in range(PARTITIONS)])
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read())
                tasks.create_task(self._count())
        finally:
            await self._consumer.stop()

    async def read_to_now(self) -> None:
        """Returns when everything that is on the topics at this moment has been read."""
        if self._consumer is None:
            return
        ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
        while any(self._next.get(tp, 0) < end for tp, end in ends.items()):
            self._read_on.clear()
            await self._read_on.wait()

    async def _read(self) -> None:
        while True:
            try:
                found = await self._consumer.getmany(timeout_ms=500, max_records=4000)
            except KafkaError as error:
                log.warning("reads again", error=type(error).__name__)
                await asyncio.sleep(_PAUSE)
                continue
            for tp, records in found.items():
                self._hear(tp, records)
                self._read_on.set()
                await asyncio.sleep(0)

    def _hear(self, tp: Any, records: Sequence[Any]) -> None:
        numbered, hear = tp.topic in _NUMBERED, self.facts.hear
        for record in records:
            if numbered and not self._streams.accepts(tp.topic, tp.partition, record.headers):
                continue
            kind = type_of(record.headers)
            if kind in WATCHED:
                hear(kind, (record.key or b"").decode("utf-8", "replace"), record.value, record.timestamp)
        self._next[tp] = records[-1].offset + 1

    async def _count(self) -> None:
        while True:
            try:
                self.events = sum((await self._consumer.end_offsets(self._everywhere)).values())
            except KafkaError as error:
                log.warning("counts again", error=type(error).__name__)
            await asyncio.sleep(1)
