"""Kafka has lost its log, or another cluster answers at the address: every service refuses, and says the cure."""

import signal
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from ops import catalogue
from ops.local.kafka import new_cluster_id
from ops.local.stack import NativeStack, Stack
from shared.events.base import PARTITIONS
from shared.runtime.kafka import make_topics
from tests.conftest import REPOSITORY
from tests.faults import results
from tests.faults.town import SLOWER, Town, opened

pytestmark = pytest.mark.thorough
CURE = "Point MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS at the right cluster, or restore the topic and the database"
NEXT = " union all ".join(f"select process, topic, partition, next from {name}.input" for name in catalogue.NAMES)
DEAD = " union all ".join(f"select id from {name}.dead_letter" for name in catalogue.NAMES)


@pytest_asyncio.fixture(loop_scope="session")
async def lost(folder: Path) -> AsyncGenerator[tuple[Town, NativeStack]]:
    """A town whose claims have all ended, and whose broker will not be seen again."""
    stack = await Stack.native(REPOSITORY, name="faults-log", fresh=True)
    async with stack, opened(stack, folder / "log") as town:
        await town.flows()
        await town.settles()
        yield town, stack


async def test_a_lost_log_is_refused_by_replicas_that_run_and_by_those_that_start(
    lost: tuple[Town, NativeStack],
) -> None:
    town, stack = lost
    read = await town.rows(NEXT)
    stack.kafka.wipe()
    await _another_cluster(town, stack)
    await _all_refuse(town, "Kafka's log lost, under running services", read)
    town.serve_all()
    await _all_refuse(town, "Kafka's log lost, services start on it", read)


async def test_another_cluster_with_a_longer_log_is_refused(lost: tuple[Town, NativeStack]) -> None:
    town, stack = lost
    read = await town.rows(NEXT)
    ends = await _ends(town)
    for name in catalogue.NAMES:
        town.signal(name, signal.SIGSTOP)
    stack.kafka.wipe()
    await _another_cluster(town, stack)
    await _fill(town, {place: end + 20 for place, end in ends.items()})
    for name in catalogue.NAMES:
        town.signal(name, signal.SIGCONT)
    await _all_refuse(town, "another, longer log behind the address, under running services", read)
    town.serve_all()
    await _all_refuse(town, "another, longer log behind the address, services start on it", read)


async def _another_cluster(town: Town, stack: NativeStack) -> None:
    stack.kafka.cluster_id = new_cluster_id()
    await stack.kafka.start()
    await make_topics(town.settings, catalogue.all_topics())


async def _all_refuse(town: Town, what: str, read: list[Any]) -> None:
    """Exit code 3, the cure in the log, and nothing of the other log was taken."""
    began = time.monotonic()
    ended: dict[str, int] = {}
    while len(ended) < len(catalogue.NAMES):
        await town.goes_on_for(0.1, claims=0)
        ended |= dict(town.fleet.died())
        assert time.monotonic() - began < 60 * SLOWER, f"only {ended} refused to go on"
    assert ended == dict.fromkeys(catalogue.NAMES, 3)
    for name in catalogue.NAMES:
        assert CURE in town.fleet.log(name).read_text(encoding="utf-8").splitlines()[-1]
    assert await town.rows(NEXT) == read
    assert await town.rows(DEAD) == []
    seconds = round(time.monotonic() - began, 1)
    results.record(fault=what, recovery_seconds="refused", fault_seconds=seconds, claims=0, kills=0)


async def _ends(town: Town) -> dict[TopicPartition, int]:
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=town.settings.kafka_bootstrap_servers)
    await consumer.start()
    try:
        topics = [topic.name for topic in catalogue.all_topics()]
        return await consumer.end_offsets([TopicPartition(topic, n) for topic in topics for n in range(PARTITIONS)])
    finally:
        await consumer.stop()


async def _fill(town: Town, ends: dict[TopicPartition, int]) -> None:
    producer: Any = AIOKafkaProducer(bootstrap_servers=town.settings.kafka_bootstrap_servers)
    await producer.start()
    try:
        for place, end in ends.items():
            for n in range(end):
                await producer.send(place.topic, b"{}", key=b"%d" % n, partition=place.partition)
        await producer.flush()
    finally:
        await producer.stop()
