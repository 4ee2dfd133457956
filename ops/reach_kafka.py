"""A command's way to Kafka; apart from the way to the rows, because it is slow to import and few commands need it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from ops.local import users_own
from ops.reach import PATIENCE, AwayError, ReachError
from shared.runtime.codec import Headers
from shared.runtime.kafka import client_options
from shared.runtime.log import Place
from shared.runtime.settings import Settings


@asynccontextmanager
async def kafka() -> AsyncGenerator[None]:
    """Says in a sentence what a client of Kafka inside it raises."""
    try:
        yield
    except (KafkaError, TimeoutError, OSError) as error:
        raise AwayError(
            f"Kafka does not answer ({type(error).__name__}): start it (`makegood up`), make the topics "
            f"(`makegood migrate`), or correct {users_own.KAFKA}"
        ) from error


async def publish_again(
    settings: Settings, place: Place, key: bytes | None, value: bytes | None, headers: Headers
) -> None:
    """One record just as it was, at the end of the partition it came from."""
    async with kafka():
        producer: Any = AIOKafkaProducer(**client_options(settings), acks="all", enable_idempotence=True)
        try:
            async with asyncio.timeout(PATIENCE):
                await producer.start()
                await producer.send_and_wait(place.topic, value, key=key, partition=place.partition, headers=headers)
        finally:
            await asyncio.wait({asyncio.ensure_future(producer.stop())}, timeout=5)


async def read_again(settings: Settings, place: Place, offset: int) -> Any:
    """One record as the log has it. Raises ReachError when it is gone."""
    gone = ReachError(f"{place.topic}/{place.partition}@{offset} is not in the log any more")
    async with kafka():
        consumer: Any = AIOKafkaConsumer(**client_options(settings), auto_offset_reset="none")
        try:
            async with asyncio.timeout(PATIENCE):
                await consumer.start()
                tp = TopicPartition(*place)
                consumer.assign([tp])
                consumer.seek(tp, offset)
                record = await consumer.getone(tp)
        except OffsetOutOfRangeError:
            raise gone from None
        finally:
            await asyncio.wait({asyncio.ensure_future(consumer.stop())}, timeout=5)
    if record.offset != offset:
        raise gone
    return record
