"""Batches as their bytes lie in a log, and a producer that sends them as they are: what no client's own words allow."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
PACKERS: Final = {GZIP: gzip_encode, SNAPPY: snappy_encode, LZ4: lz4_encode, ZSTD: zstd_encode}
_LENGTH, _CRC, _ATTRIBUTES = slice(8, 12), slice(17, 21), slice(21, 23)
_CHECKED, _RECORDS = 21, 61
_AT = 1_700_000_000_000


class Raw(NamedTuple):
    """One record; what it holds need not be what anybody expects."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def batch(*records: Raw, codec: int = NONE, first: int = 0) -> bytes:
    """As it lies in a log, from offset ``first`` on."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 30)
    for n, record in enumerate(records):
        assert builder.append(n, _AT, record.key, record.value, list(record.headers)) is not None
    data = bytearray(builder.build())
    data[0:8] = first.to_bytes(8, "big")
    return bytes(data)


def with_bytes(data: bytes, was: bytes, now: bytes) -> bytes:
    """Other bytes in the same place, under a check sum that is right."""
    assert len(was) == len(now)
    assert was in data
    spoilt = bytearray(data.replace(was, now))
    spoilt[_CRC] = calc_crc32c(bytes(spoilt[_CHECKED:])).to_bytes(4, "big")
    return bytes(spoilt)


def packed(data: bytes, codec: int) -> bytes:
    """The same batch with its records compressed."""
    head, records = bytearray(data[:_RECORDS]), PACKERS[codec](data[_RECORDS:])
    head[_LENGTH] = (len(head) - 12 + len(records)).to_bytes(4, "big")
    head[_ATTRIBUTES] = codec.to_bytes(2, "big")
    whole = head + records
    whole[_CRC] = calc_crc32c(bytes(whole[_CHECKED:])).to_bytes(4, "big")
    return bytes(whole)


class RawProducer:
    """Sends batches byte by byte as given."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer

    async def send(self, topic: str, partition: int, data: bytes) -> "asyncio.Future[Any]":
        """What it gives has the ``offset`` of the batch, or raises what the broker refuses it with."""
        envelope = self._producer.create_batch()
        envelope._buffer, envelope._relative_offset, envelope._closed = data, 1, True
        return await self._producer.send_batch(envelope, topic, partition=partition)


@asynccontextmanager
async def raw_producer(bootstrap_servers: str) -> AsyncGenerator[RawProducer]:
    producer: Any = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all", request_timeout_ms=120_000)
    await producer.start()
    try:
        yield RawProducer(producer)
    finally:
        await producer.stop()
