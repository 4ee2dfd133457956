"""The outside world's way onto the log: plain aiokafka, reading everything from the beginning, without a group."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from shared.events.base import PARTITIONS, Envelope, Event
from shared.runtime.codec import Headers, encode, headers_of
from shared.runtime.kafka import client_options
from shared.runtime.lanes import partition_of
from shared.runtime.log import Place
from shared.runtime.settings import Settings

log = structlog.get_logger()

_PAUSE = 0.5
"""Real seconds between tries while the broker is away."""
_PATIENCE = 30.0
"""Real seconds after which a batch that is not acknowledged is given up, and the producer with it."""


@dataclass(frozen=True, slots=True)
class Speech:
    """One record that will be published at a moment; ``said`` is an event, or a submission's raw body."""

    topic: str
    key: str
    said: Event | bytes
    envelope: Envelope

    def record(self) -> tuple[bytes, bytes, Headers]:
        """Key, value and headers."""
        if isinstance(self.said, bytes):
            return self.key.encode(), self.said, headers_of(self.envelope)
        return encode(self.said, self.envelope)


class Wire:
    """One producer, and consumers as they are asked for. A broker that is away is waited for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: Any = None
        self._publishing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._start_producer()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end_producer()

    async def publish(self, speeches: Iterable[Speech]) -> None:
        """Returns when every record is acknowledged; per key in the order given."""
        groups: defaultdict[Place, list[Speech]] = defaultdict(list)
        for speech in speeches:
            groups[Place(speech.topic, partition_of(speech.key, PARTITIONS))].append(speech)
        async with self._publishing:
            while True:
                try:
                    async with asyncio.timeout(_PATIENCE):
                        return await self._send(groups)
                except (KafkaError, TimeoutError) as error:
                    # Some of it may be out already; the services must bear an outside that repeats itself.
                    log.warning("says again", error=type(error).__name__)
                    await self._end_producer()
                    await self._start_producer()

    async def read_to_now(
        self, topics: Collection[str], partitions: Collection[int] = range(PARTITIONS)
    ) -> AsyncGenerator[Any]:
        """Every record that is there at this moment."""
        async with self._reader(topics, partitions) as reader:
            left = {tp: end for tp, end in (await reader.end_offsets(reader.assignment())).items() if end}
            for tp, begin in (await reader.beginning_offsets(list(left))).items():
                if begin >= left[tp]:
                    del left[tp]
            while left:
                for tp, records in (await reader.getmany(timeout_ms=500)).items():
                    for record in records:
                        if record.offset < left.get(tp, 0):
                            yield record
                    if await reader.position(tp) >= left.get(tp, 0):
                        left.pop(tp, None)

    async def listen(self, topics: Collection[str], *, from_now: bool = False) -> AsyncGenerator[Sequence[Any]]:
        """Batches of records from the first one on, or from now on, without end. One may be empty."""
        async with self._reader(topics) as reader:
            if from_now:
                await reader.seek_to_end()
            while True:
                try:
                    found = await reader.getmany(timeout_ms=200, max_records=2000)
                except KafkaError as error:
                    log.warning("reads again", error=type(error).__name__)
                    await asyncio.sleep(_PAUSE)
                else:
                    yield [record for records in found.values() for record in records]

    async def _send(self, groups: Mapping[Place, Sequence[Speech]]) -> None:
        producer: Any = self._producer
        acknowledgements: list[Any] = []
        for place, group in groups.items():
            for batch in _batches(producer, group):
                acknowledgements.append(  # noqa: PERF401 - one batch follows another
                    await producer.send_batch(batch, place.topic, partition=place.partition)
                )
        await asyncio.gather(*acknowledgements)

    @asynccontextmanager
    async def _reader(
        self, topics: Collection[str], partitions: Collection[int] = range(PARTITIONS)
    ) -> AsyncGenerator[Any]:
        def make() -> Any:
            return AIOKafkaConsumer(
                **client_options(self._settings),
                client_id="makegood.outside",
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                fetch_max_wait_ms=100,
                max_partition_fetch_bytes=4 << 20,
            )

        reader = await _started(make)
        try:
            reader.assign([TopicPartition(topic, n) for topic in sorted(topics) for n in partitions])
            yield reader
        finally:
            await reader.stop()

    async def _start_producer(self) -> None:
        def make() -> Any:
            return AIOKafkaProducer(
                **client_options(self._settings),
                client_id="makegood.outside",
                acks="all",
                enable_idempotence=True,
                max_batch_size=900_000,
                request_timeout_ms=10_000,
            )

        self._producer = await _started(make)

    async def _end_producer(self) -> None:
        """It may hold a batch that it will never give up; closing must not wait for that."""
        old, self._producer = self._producer, None
        if old is not None:
            task = asyncio.ensure_future(old.stop())
            await asyncio.wait({task}, timeout=2.0)
            task.cancel()


def _batches(producer: Any, speeches: Sequence[Speech]) -> list[Any]:
    """As few batches as hold the records, in their order; a record that no batch holds is left out, and said so."""
    batch = producer.create_batch()
    batches = [batch]
    for speech in speeches:
        key, value, headers = speech.record()
        if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
            batch = producer.create_batch()
            batches.append(batch)
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                log.error("a record is too large for the log", topic=speech.topic, bytes=len(value))
    return [batch for batch in batches if batch.record_count()]


async def _started(make: Callable[[], Any]) -> Any:
    """A client that has started. One that could not is of no further use, so each try makes its own."""
    while True:
        client = make()
        try:
            start: Awaitable[None] = client.start()
            await start
        except KafkaError as error:
            log.warning("waits for the broker", error=type(error).__name__)
            await client.stop()
            await asyncio.sleep(_PAUSE)
        else:
            return client
