"""A playground for the toy services: topics, schemas, replicas as processes, a publisher and a reader."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import asyncpg
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import SecretStr

from shared.events.base import Envelope, Event
from shared.runtime import Service
from shared.runtime.clock import ScaledClock
from shared.runtime.codec import decode, encode
from shared.runtime.migrate import migrate
from shared.runtime.postgres import connect
from shared.runtime.settings import Settings
from tests.conftest import REPOSITORY, make_topics
from tests.runtime.toy import SERVICES, TOPICS
from tests.runtime.workbench import Workbench

E = TypeVar("E", bound=Event)
TIMEOUT = 60.0
DAY = 0.5
"""Real seconds per day of the clock."""


class ServedToy:
    """One toy service as a process of its own."""

    def __init__(self, name: str, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.runtime.serve_toy", name],
                env={**os.environ, **environment},
                cwd=REPOSITORY,
                stdout=file,
                stderr=file,
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.process.wait(30)

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    async def ended(self) -> int:
        return await asyncio.to_thread(self.process.wait, TIMEOUT)


class Playground:
    """Everything a test of the runtime does to two toy services."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self._folder = settings, folder
        self.clock = ScaledClock.from_settings(settings)
        self._replicas: list[ServedToy] = []
        self._environment = {
            "MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
            "MAKEGOOD_DATABASE_URL": settings.database_url.get_secret_value(),
            "MAKEGOOD_CLOCK_SCALE": str(settings.clock_scale),
            "MAKEGOOD_CLOCK_REAL_ORIGIN": str(settings.clock_real_origin),
            "MAKEGOOD_CLOCK_ORIGIN": str(settings.clock_origin),
            "MAKEGOOD_KAFKA_SESSION_SECONDS": "3",
            "MAKEGOOD_TICK_SECONDS": "0.1",
        }

    def serve(self, name: str, **environment: str) -> ServedToy:
        log = self._folder / f"{name}-{len(self._replicas)}.log"
        replica = ServedToy(name, {**self._environment, **environment}, log)
        self._replicas.append(replica)
        return replica

    def end(self) -> None:
        for replica in self._replicas:
            replica.thaw()
            replica.kill()

    async def publish(self, events: Iterable[Event], partition: Callable[[bytes], int] | None = None) -> None:
        """As an outside party: with Kafka's default partitioner, or the one given."""
        producer: Any = AIOKafkaProducer(
            bootstrap_servers=self.settings.kafka_bootstrap_servers, acks="all", enable_idempotence=True
        )
        await producer.start()
        try:
            for event in events:
                assert event.topic is not None
                envelope = Envelope(str(uuid.uuid4()), event.type_name(), "bank", self.clock.now(), event.key)
                key, value, headers = encode(event, envelope)
                chosen = partition(key) if partition else None
                await producer.send(event.topic.name, value, key=key, headers=headers, partition=chosen)
            await producer.flush()
        finally:
            await producer.stop()

    async def read(self, kind: type[E], count: int) -> list[E]:
        """The first facts of one type, as a listener counts them: each number of a stream once."""
        assert kind.topic is not None
        consumer: Any = AIOKafkaConsumer(
            kind.topic.name, bootstrap_servers=self.settings.kafka_bootstrap_servers, auto_offset_reset="earliest"
        )
        await consumer.start()
        facts: list[E] = []
        heard: dict[tuple[int, int | None], int] = {}
        try:
            async with asyncio.timeout(TIMEOUT):
                while len(facts) < count:
                    for place, records in (await consumer.getmany(timeout_ms=200)).items():
                        for record in records:
                            event, envelope = decode(record.topic, record.key, record.value, list(record.headers))
                            stream = (place.partition, envelope.lane)
                            if envelope.sequence == heard.get(stream, 0) + 1:
                                heard[stream] = heard.get(stream, 0) + 1
                                if isinstance(event, kind):
                                    facts.append(event)
        except TimeoutError:
            pytest.fail(f"only {len(facts)} of {count} {kind.__name__} came; logs in {self._folder}")
        finally:
            await consumer.stop()
        return facts

    async def publish_raw(
        self, topic: str, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes | None]]
    ) -> None:
        """Any bytes at all."""
        producer: Any = AIOKafkaProducer(bootstrap_servers=self.settings.kafka_bootstrap_servers)
        await producer.start()
        try:
            await producer.send_and_wait(topic, value, key=key, headers=headers)
        finally:
            await producer.stop()

    async def until_moment(self, moment: datetime) -> None:
        """Lets the clock get there: real time passes, a day in half a second."""
        await asyncio.sleep(max(0.0, self.clock.real_seconds(moment - self.clock.now())))

    async def query(self, sql: str, *arguments: Any) -> list[Any]:
        connection = await cast("Any", asyncpg).connect(self.settings.database_url.get_secret_value())
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()

    async def until_row(self, sql: str) -> None:
        """Waits until a query gives a row; each ask is the pause before the next."""
        async with asyncio.timeout(TIMEOUT):
            while not await self.query(f"{sql} and pg_sleep(0.05) is not null"):
                pass


@pytest_asyncio.fixture(loop_scope="session")
async def playground(bootstrap_servers: str, database_url: str, tmp_path: Path) -> AsyncGenerator[Playground]:
    await make_topics(bootstrap_servers, *(topic.name for topic in TOPICS))
    settings = Settings(
        kafka_bootstrap_servers=bootstrap_servers,
        database_url=SecretStr(database_url),
        clock_scale=86400 / DAY,
        clock_real_origin=time.time(),
        clock_origin=datetime.now(UTC),
    )
    await migrate(settings, [SERVICES["account"], SERVICES["mirror"]])
    place = Playground(settings, tmp_path)
    try:
        yield place
    finally:
        place.end()


@asynccontextmanager
async def opened(database_url: str, service: Service) -> AsyncGenerator[Workbench]:
    """The workbench of one toy service."""
    settings = Settings(database_url=SecretStr(database_url))
    await migrate(settings, [service])
    pool = await connect(settings, service.name)
    try:
        yield Workbench(pool, service)
    finally:
        await pool.close()


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database_url: str) -> AsyncGenerator[Workbench]:
    async with opened(database_url, SERVICES["account"]) as workbench:
        yield workbench


@pytest_asyncio.fixture(loop_scope="session")
async def mirror(database_url: str) -> AsyncGenerator[Workbench]:
    async with opened(database_url, SERVICES["mirror"]) as workbench:
        yield workbench
