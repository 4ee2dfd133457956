"""Records to the log in as few batches as hold them, as the services publish theirs."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from shared.runtime.codec import Headers
from shared.runtime.kafka import client_options
from shared.runtime.settings import Settings


class Ready(NamedTuple):
    """One record, ready to be sent."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: Headers


@asynccontextmanager
async def durable_producer(settings: Settings) -> AsyncGenerator[Any]:
    """As ours: acknowledged by all, each record once, in large batches, none of which waits for company."""
    producer: Any = AIOKafkaProducer(
        **client_options(settings), acks="all", enable_idempotence=True, max_batch_size=512 * 1024
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(producer: Any, records: Iterable[Ready]) -> None:
    """Each partition's in their order; returns when all are acknowledged."""
    batches: dict[tuple[str, int], Any] = {}
    sent: list[Any] = []
    for one in records:
        place = (one.topic, one.partition)
        batch = batches.get(place) or batches.setdefault(place, producer.create_batch())
        if batch.append(key=one.key, value=one.value, timestamp=None, headers=one.headers) is None:
            sent.append(await producer.send_batch(batch, one.topic, partition=one.partition))
            batch = batches[place] = producer.create_batch()
            batch.append(key=one.key, value=one.value, timestamp=None, headers=one.headers)
    for (topic, partition), batch in batches.items():
        sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)
