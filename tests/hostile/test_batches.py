"""No batch that a broker lets through stops its partition: what cannot be read as usual is read otherwise, or named."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer import fetcher

from shared.runtime.codec import UNREADABLE
from shared.runtime.fetched import Fetched
from shared.runtime.kafka import client_options
from shared.runtime.settings import Settings
from tests.conftest import make_topics
from tests.hostile.raw import GZIP, LZ4, SNAPPY, ZSTD, Raw, batch, packed, raw_producer, with_bytes

TOPIC = "hostile.batches.v1"


def read(data: bytes) -> Iterator[Any]:
    """As the client's fetcher reads it, check sums aside."""
    tp = TopicPartition(TOPIC, 0)
    yield from fetcher.PartitionRecords(tp, Fetched(data), None, 0, None, None, False, 0)


def test_an_ordinary_batch_is_read_as_ever() -> None:
    data = batch(Raw(b"a", b"1", [("ce_id", b"x")])) + batch(Raw(None, None, [("h", None)]), first=1)
    assert [(r.offset, r.key, r.value, r.headers) for r in read(data)] == [
        (0, b"a", b"1", (("ce_id", b"x"),)),
        (1, None, None, (("h", None),)),
    ]


@pytest.mark.parametrize("codec", [0, GZIP, LZ4, ZSTD])
@pytest.mark.parametrize("bad", [0, 1, 2])
def test_a_header_name_that_is_not_utf8_costs_nobody_anything(bad: int, codec: int) -> None:
    records = [Raw(b"k%d" % n, b"v", [("ce_id", b"id"), ("wrong" if n == bad else "right", b"w")]) for n in range(3)]
    if codec:
        data = packed(with_bytes(batch(*records), b"wrong", b"wr\xffng"), codec)
    else:
        data = with_bytes(batch(*records), b"wrong", b"wr\xffng")
    found = list(read(data + batch(Raw(b"k3", b"v"), first=3)))
    assert [(r.offset, r.key) for r in found] == [(n, b"k%d" % n) for n in range(4)]
    assert found[bad].headers == (("ce_id", b"id"), ("wr\\xffng", b"w"))


@pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD], ids=["gzip", "snappy", "lz4", "zstd"])
def test_every_codec_that_a_producer_may_choose_is_read(codec: int) -> None:
    found = list(read(batch(*(Raw(b"k", b"v" * 1000) for _ in range(100)), codec=codec)))
    assert [(r.offset, r.value) for r in found] == [(n, b"v" * 1000) for n in range(100)]


@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD], ids=["gzip", "lz4", "zstd"])
def test_a_batch_that_unpacks_to_more_than_there_is_room_becomes_records_that_say_so(
    codec: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.runtime.fetched.MOST_UNPACKED", 9 << 20)
    bomb = batch(Raw(b"a", b""), Raw(b"b", b"\0" * (20 << 20)), codec=codec)
    assert len(bomb) < 1 << 20
    found = list(read(bomb + batch(Raw(b"c", b"v"), first=2)))
    assert [(r.offset, r.value, dict(r.headers)) for r in found] == [
        (0, None, {UNREADABLE: b""}),
        (1, None, {UNREADABLE: b""}),
        (2, b"v", {}),
    ]


@pytest.mark.parametrize("spoil", [b"\x01", b"\x7f", b"\xff"])
def test_a_batch_that_is_broken_inside_becomes_records_that_say_so(spoil: bytes) -> None:
    whole = batch(Raw(b"a", b"x" * 50, [("ce_id", b"id")]))
    broken = whole[:61] + spoil + whole[62:]  # the first record's length
    found = list(read(broken + batch(Raw(b"b", b"v"), first=1)))
    assert [(r.offset, r.key, UNREADABLE in dict(r.headers)) for r in found] == [(0, None, True), (1, b"b", False)]


async def test_a_header_name_that_is_not_utf8_passes_a_real_broker_and_is_read(bootstrap_servers: str) -> None:
    await make_topics(bootstrap_servers, TOPIC)
    spoilt = with_bytes(batch(Raw(b"bad", b"v", [("wrong", b"w")])), b"wrong", b"wr\xffng")
    async with raw_producer(bootstrap_servers) as producer:
        for data in (spoilt, batch(Raw(b"good", b"v"))):
            await (await producer.send(TOPIC, 0, data))
    options = client_options(Settings(kafka_bootstrap_servers=bootstrap_servers))
    consumer: Any = AIOKafkaConsumer(**options, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(TOPIC, 0)])
        found = [await consumer.getone(), await consumer.getone()]
    finally:
        await consumer.stop()
    assert [(r.key, r.headers) for r in found] == [(b"bad", (("wr\\xffng", b"w"),)), (b"good", ())]
