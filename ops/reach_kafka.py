"""A command's way to Kafka; apart from the way to the rows, because it is slow to import and few commands need it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from ops.local import users_own
from ops.reach import PATIENCE, ReachError
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
        raise ReachError(
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
