"""The archive on Kafka: a plain consumer that belongs to no group and commits nothing."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.protocol.metadata import MetadataRequest

from shared.runtime.kafka import client_options
from shared.runtime.log import Place, Record
from shared.runtime.settings import Settings

PATIENCE = 60.0
"""Real seconds in which topics that were just made come to answer, and in which something must have been read."""
_AT_ONCE = 2000
"""Records handled at once."""
_BYTES = 4 << 20
"""Bytes fetched at once from one broker; with what is decoded of them, all that is held."""


class KafkaArchive:
    """Reads what is on the topics, of each place in order. Raises what the client raises, and TimeoutError."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    async def cluster(self) -> str:
        client = self._consumer._client
        return (await client.send(client.get_random_node(), MetadataRequest([]))).cluster_id

    async def begins(self, places: Collection[Place]) -> Mapping[Place, int]:
        found = await self._consumer.beginning_offsets(self._look_at(places))
        return {Place(tp.topic, tp.partition): offset for tp, offset in found.items()}

    async def ends(self, places: Collection[Place]) -> Mapping[Place, int]:
        found = await self._consumer.end_offsets(self._look_at(places))
        return {Place(tp.topic, tp.partition): offset for tp, offset in found.items()}

    async def read(self, ranges: Mapping[Place, tuple[int, int]]) -> AsyncIterator[Sequence[Record]]:
        """Batches of one place each; those of several places alternate."""
        left = {TopicPartition(*place): last for place, (first, last) in ranges.items() if first < last}
        self._consumer.assign(list(left))
        for tp in left:
            self._consumer.seek(tp, ranges[Place(*tp)][0])
        moved = time.monotonic()
        while left:
            found = await self._consumer.getmany(*left, timeout_ms=500, max_records=_AT_ONCE)
            for tp, raw in found.items():
                moved = time.monotonic()
                yield [_record(one) for one in raw if one.offset < left[tp]]
            for tp in list(left):
                if await self._consumer.position(tp) >= left[tp]:
                    self._consumer.pause(tp)
                    del left[tp]
            if time.monotonic() - moved > PATIENCE:
                raise TimeoutError

    def _look_at(self, places: Collection[Place]) -> list[TopicPartition]:
        """Assigned, so that the client learns at once who leads them; and not read yet."""
        tps = [TopicPartition(*place) for place in places]
        self._consumer.assign(tps)
        self._consumer.pause(*tps)
        return tps


def _record(raw: Any) -> Record:
    headers = [(name, value or b"") for name, value in raw.headers]
    return Record(Place(raw.topic, raw.partition), raw.offset, raw.timestamp, raw.key, raw.value, headers)


@asynccontextmanager
async def kafka_archive(settings: Settings, client_id: str = "makegood.archive") -> AsyncGenerator[KafkaArchive]:
    """A reader for as long as it is needed."""
    consumer: Any = AIOKafkaConsumer(
        **client_options(settings),
        client_id=client_id,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_bytes=_BYTES,
        max_partition_fetch_bytes=_BYTES // 8,
    )
    try:
        await consumer.start()
        yield KafkaArchive(consumer)
    finally:
        await consumer.stop()
