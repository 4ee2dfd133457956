"""The archive on Kafka: a plain consumer that belongs to no group and commits nothing."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.runtime.kafka import client_options, sorted_errors
from shared.runtime.log import Place, Record
from shared.runtime.settings import Settings
from shared.runtime.store import PassingError

_WAIT_MS = 1000
_PATIENCE = 60.0
"""Real seconds without a record after which reading is given up for now."""


class KafkaArchive:
    """Reads what is on the topics. Raises PassingError for any trouble with the broker."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    async def begins(self, places: Collection[Place]) -> Mapping[Place, int]:
        with sorted_errors():
            found = await self._consumer.beginning_offsets([TopicPartition(*place) for place in places])
        return {Place(tp.topic, tp.partition): offset for tp, offset in found.items()}

    async def ends(self, places: Collection[Place]) -> Mapping[Place, int]:
        with sorted_errors():
            found = await self._consumer.end_offsets([TopicPartition(*place) for place in places])
        return {Place(tp.topic, tp.partition): offset for tp, offset in found.items()}

    async def read(self, ranges: Mapping[Place, tuple[int, int]]) -> AsyncIterator[Sequence[Record]]:
        left = {TopicPartition(*place): last for place, (first, last) in ranges.items() if first < last}
        self._consumer.assign(list(left))
        for tp in left:
            self._consumer.seek(tp, ranges[Place(tp.topic, tp.partition)][0])
        moved = time.monotonic()
        while left:
            with sorted_errors():
                found = await self._consumer.getmany(*left, timeout_ms=_WAIT_MS)
                reached = {tp: await self._consumer.position(tp) for tp in left}
            for tp, raw in found.items():
                yield [_record(one) for one in raw if one.offset < left[tp]]
            left = {tp: last for tp, last in left.items() if reached[tp] < last}
            if found:
                moved = time.monotonic()
            elif time.monotonic() - moved > _PATIENCE:
                raise PassingError("Kafka gives nothing to read")


def _record(raw: Any) -> Record:
    headers = [(name, value or b"") for name, value in raw.headers]
    return Record(Place(raw.topic, raw.partition), raw.offset, raw.timestamp, raw.key, raw.value, headers)


@asynccontextmanager
async def kafka_archive(settings: Settings) -> AsyncGenerator[KafkaArchive]:
    """A reader for as long as it is needed."""
    consumer: Any = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False, auto_offset_reset="earliest")
    with sorted_errors():
        await consumer.start()
    try:
        yield KafkaArchive(consumer)
    finally:
        await consumer.stop()
