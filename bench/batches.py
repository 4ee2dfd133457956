"""Records to the log in as few batches as hold them, as the services publish theirs."""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from shared.runtime.codec import Headers


class Ready(NamedTuple):
    """One record, ready to be sent."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: Headers


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
