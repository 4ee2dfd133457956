"""What is published is on the log once and acknowledged by all, though answers get lost; nothing waits for ever."""

import asyncio
import math
from collections.abc import AsyncGenerator
from typing import Any, Final, cast

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.produce import ProduceRequest

from shared.runtime import kafka
from shared.runtime.kafka import KafkaLog
from shared.runtime.log import Outgoing, Place
from shared.runtime.settings import Settings
from shared.runtime.store import PassingError
from tests.conftest import make_topics
from tests.runtime.toy import DEPOSITS

TOPIC = "toy.counts.v1"
ALL: Final = -1
"""In Kafka's protocol: acknowledged when every in-sync replica has it."""
RECORDS = [Outgoing(3, n, Place(TOPIC, 3), "a", [("ce_sequence", b"%d" % n)], f'{{"n": {n}}}') for n in range(1, 6)]


async def _nothing(_: Any) -> None:
    return


@pytest_asyncio.fixture(loop_scope="session")
async def log(bootstrap_servers: str) -> AsyncGenerator[KafkaLog]:
    await make_topics(bootstrap_servers, DEPOSITS.name, TOPIC)
    opened = KafkaLog(
        Settings(kafka_bootstrap_servers=bootstrap_servers), "account", [DEPOSITS.name], _nothing, _nothing
    )
    yield opened
    await opened.stop()


async def on_the_log(bootstrap_servers: str) -> list[bytes]:
    place = TopicPartition(TOPIC, 3)
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        found: list[bytes] = []
        while len(found) < end:
            found += [record.value for record in (await consumer.getmany(timeout_ms=200)).get(place, [])]
        return found
    finally:
        await consumer.stop()


def _is_written(answer: Any) -> bool:
    """A partition that was just made may have no leader yet: then nothing is."""
    return all(error == 0 for _, partitions in answer.topics for _, error, *_ in partitions)


class BadLine:
    """Between producer and broker: the records arrive and are written, and ``loses`` answers do not come back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, loses: float) -> None:
        self.loses, self.acks = loses, list[int]()
        send: Any = cast("Any", AIOKafkaClient).send

        async def losing(client: Any, node_id: Any, request: Any, **more: Any) -> Any:
            answer: Any = await send(client, node_id, request, **more)
            if isinstance(request, ProduceRequest) and _is_written(answer):
                self.acks.append(request.required_acks)
                if len(self.acks) <= self.loses:
                    raise KafkaConnectionError("cut")
            return answer

        monkeypatch.setattr(AIOKafkaClient, "send", losing)


def _senders() -> list[object]:
    return [task for task in asyncio.all_tasks() if "_sender_routine" in repr(task.get_coro())]


async def test_records_whose_acknowledgement_was_lost_are_on_the_log_once(
    log: KafkaLog, bootstrap_servers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.start()
    line = BadLine(monkeypatch, loses=1)
    await log.publish(RECORDS)
    assert len(line.acks) > 1
    assert await on_the_log(bootstrap_servers) == [record.body.encode() for record in RECORDS]


async def test_of_several_addresses_one_that_answers_is_enough(bootstrap_servers: str) -> None:
    await make_topics(bootstrap_servers, DEPOSITS.name, TOPIC)
    settings = Settings(kafka_bootstrap_servers=f"127.0.0.1:9,{bootstrap_servers}")
    log = KafkaLog(settings, "account", [DEPOSITS.name], _nothing, _nothing)
    try:
        await log.start()
        await log.publish(RECORDS)
    finally:
        await log.stop()


async def test_a_start_that_fails_names_the_address() -> None:
    settings = Settings(kafka_bootstrap_servers="127.0.0.1:9")
    log = KafkaLog(settings, "account", [DEPOSITS.name], _nothing, _nothing)
    with pytest.raises(PassingError, match=r"127\.0\.0\.1.*9"):
        await log.start()


async def test_every_in_sync_replica_acknowledges_what_was_said(log: KafkaLog, monkeypatch: pytest.MonkeyPatch) -> None:
    await log.start()
    line = BadLine(monkeypatch, loses=0)
    await log.publish(RECORDS)
    assert set(line.acks) == {ALL}


async def test_an_acknowledgement_that_never_comes_is_not_waited_for_without_end(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.start()
    monkeypatch.setattr(kafka, "PUBLISH_TIMEOUT", 1.0)
    line, before = BadLine(monkeypatch, loses=math.inf), len(_senders())
    with pytest.raises(PassingError):
        await asyncio.wait_for(log.publish(RECORDS), 15)
    await asyncio.sleep(1.0)
    assert len(_senders()) < before  # nobody goes on with it
    line.loses = 0
    monkeypatch.setattr(kafka, "PUBLISH_TIMEOUT", 30.0)
    await log.publish(RECORDS)
