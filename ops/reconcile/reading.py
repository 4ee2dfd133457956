"""Reads topics from their beginning up to a given end, in bounded memory and in no consumer group."""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from ops.reach import PATIENCE
from ops.reach_kafka import kafka
from shared.events.base import PARTITIONS
from shared.runtime.kafka import client_options
from shared.runtime.log import Place, Record
from shared.runtime.settings import Settings

_AT_ONCE = 2000
"""Records handled at once."""
_BYTES = 4 << 20
"""Bytes fetched at once from one broker; with what is decoded of them, all that is held."""

_LEADERS = 60.0
"""Real seconds in which a broker that has just started, or topics that were just made, come to answer."""


class Reading:
    """What lies on the topics: ``begins`` and ``ends`` as they were when it was opened."""

    def __init__(self, consumer: Any, begins: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        self.begins, self.ends = begins, ends
        self.records = 0
        self._consumer = consumer

    async def read(
        self, places: Collection[Place], since: Mapping[Place, int] | None = None
    ) -> AsyncGenerator[tuple[Place, list[Record]]]:
        """Every record of these places below its end, per place in order; batches of places alternate.

        ``since``: offsets to begin at instead.
        """
        async with kafka():
            ends = {TopicPartition(*p): self.ends[p] for p in places if self.ends[p] > self.begins[p]}
            self._consumer.assign(list(ends))
            for tp in ends:
                self._consumer.seek(tp, max(self.begins[Place(*tp)], (since or {}).get(Place(*tp), 0)))
            moved = time.monotonic()
            while ends:
                found = await self._consumer.getmany(*ends, timeout_ms=500, max_records=_AT_ONCE)
                for tp, raw in found.items():
                    moved = time.monotonic()
                    place = Place(tp.topic, tp.partition)
                    self.records += len(raw)
                    yield place, [_record(place, one) for one in raw if one.offset < ends[tp]]
                for tp in list(ends):
                    if await self._consumer.position(tp) >= ends[tp]:
                        self._consumer.pause(tp)
                        del ends[tp]
                if time.monotonic() - moved > PATIENCE:
                    raise TimeoutError


def _record(place: Place, raw: Any) -> Record:
    headers = [(name, value or b"") for name, value in raw.headers]
    return Record(place, raw.offset, raw.timestamp, raw.key, raw.value, headers)


@asynccontextmanager
async def reading(settings: Settings, topics: Sequence[str]) -> AsyncGenerator[Reading]:
    """Samples where these topics begin and end."""
    consumer: Any = AIOKafkaConsumer(
        **client_options(settings),
        client_id="makegood.reconcile",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_bytes=_BYTES,
        max_partition_fetch_bytes=_BYTES // 8,
    )
    try:
        async with kafka():
            async with asyncio.timeout(PATIENCE):
                await consumer.start()
            places = [TopicPartition(topic, partition) for topic in topics for partition in range(PARTITIONS)]
            consumer.assign(places)  # so that it learns at once who leads them
            consumer.pause(*places)
            async with asyncio.timeout(_LEADERS):
                begins = await consumer.beginning_offsets(places)
                ends = await consumer.end_offsets(places)
        yield Reading(
            consumer,
            {Place(tp.topic, tp.partition): offset for tp, offset in begins.items()},
            {Place(tp.topic, tp.partition): offset for tp, offset in ends.items()},
        )
    finally:
        await consumer.stop()
