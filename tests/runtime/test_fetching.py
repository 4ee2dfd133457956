"""Batches are as full as they can be: what is said while one is decided comes in one go, and silence deafens nobody."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher

from shared.runtime.kafka import KafkaLog
from shared.runtime.log import Outgoing, Place, Record
from shared.runtime.serve import lingering
from shared.runtime.settings import Settings
from tests.conftest import make_topics
from tests.runtime.toy import DEPOSITS

SECONDS = 30.0
SILENCE = 1.2
"""Longer than the client, and whoever asks it, waits anywhere."""


@dataclass
class Reader:
    """Who hears batches, and holds each one up while ``free`` is not set."""

    batches: list[list[str]] = field(default_factory=list[list[str]])
    free: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, records: Sequence[Record]) -> None:
        self.batches.append(sorted((record.value or b"").decode() for record in records))
        await self.free.wait()

    async def heard(self, count: int) -> list[list[str]]:
        """The batches, once they have so many records in all."""
        await _until(lambda: sum(map(len, self.batches)) >= count)
        return self.batches


async def _nothing(_: Any) -> None:
    return


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not true():  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(0.01)


@asynccontextmanager
async def _read(
    bootstrap_servers: str,
    reader: Reader,
    *,
    linger: float = 0.0,
    batch_records: int = 1000,
    assigned: Callable[[KafkaLog], Awaitable[None]] = _nothing,
) -> AsyncGenerator[KafkaLog]:
    await make_topics(bootstrap_servers, DEPOSITS.name)
    settings = Settings(kafka_bootstrap_servers=bootstrap_servers, batch_records=batch_records)
    hear = lingering(reader.hear, linger, batch_records)
    log = KafkaLog(settings, "reader", [DEPOSITS.name], hear, lambda _: assigned(log))
    await log.start()
    try:
        await _until(lambda: bool(log.assigned()))
        yield log
    finally:
        reader.free.set()
        await log.stop()


async def _say(log: KafkaLog, *texts: str) -> None:
    """Each in a place of its own."""
    await log.publish([Outgoing(0, 1, Place(DEPOSITS.name, ord(text) % 16), text, [], text) for text in texts])


async def test_what_is_said_while_a_batch_is_decided_comes_in_one_go(bootstrap_servers: str) -> None:
    reader = Reader()
    async with _read(bootstrap_servers, reader) as log:
        await _say(log, "a")
        await reader.heard(1)
        for text in "bcd":
            await _say(log, text)
        reader.free.set()
        assert await reader.heard(4) == [["a"], ["b", "c", "d"]]


async def test_silence_is_waited_out_and_never_a_batch(bootstrap_servers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """FastStream would take a rest after an empty one, deaf to what comes meanwhile."""
    sizes: list[int] = []
    client: Any = AIOKafkaConsumer
    getmany = client.getmany

    async def noted(consumer: Any, *places: Any, **options: Any) -> Any:
        found = await getmany(consumer, *places, **options)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", noted)
    reader = Reader()
    reader.free.set()
    async with _read(bootstrap_servers, reader) as log:
        await asyncio.sleep(SILENCE)
        await _say(log, "a")
        await reader.heard(1)
    assert sizes == [1]


async def test_who_lingers_takes_what_comes_soon_after_a_batch_in_one_go(bootstrap_servers: str) -> None:
    reader = Reader()
    reader.free.set()
    async with _read(bootstrap_servers, reader, linger=SILENCE) as log:
        await _say(log, "a")
        await reader.heard(1)
        for text in "bcd":
            await _say(log, text)
        assert await reader.heard(4) == [["a"], ["b", "c", "d"]]


async def test_nobody_lingers_while_there_is_more(bootstrap_servers: str) -> None:
    reader = Reader()
    reader.free.set()
    async with _read(bootstrap_servers, reader, linger=SECONDS, batch_records=1) as log:
        await _say(log, "a", "b", "c")
        assert len(await reader.heard(3)) == 3


async def test_in_the_quiet_fetches_are_few_and_what_is_said_comes_at_once(
    bootstrap_servers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetches: list[float] = []
    client: Any = Fetcher
    ask = client._proc_fetch_request

    async def noted(fetcher: Any, *asked: Any) -> Any:
        fetches.append(time.monotonic())
        return await ask(fetcher, *asked)

    monkeypatch.setattr(Fetcher, "_proc_fetch_request", noted)
    reader = Reader()
    reader.free.set()
    async with _read(bootstrap_servers, reader) as log:
        await _until(lambda: len(fetches) >= 3)
        log.rest(quiet=True)
        await asyncio.sleep(SILENCE)  # what was under way is over
        fetches.clear()
        await asyncio.sleep(2 * SILENCE)
        assert 1 <= len(fetches) <= 2
        said = time.monotonic()
        await _say(log, "a")
        await reader.heard(1)
        assert time.monotonic() - said < SILENCE
        log.rest(quiet=False)
        await _say(log, "b")  # which ends the fetch under way
        await reader.heard(2)
        fetches.clear()
        await asyncio.sleep(2 * SILENCE)
        assert len(fetches) >= 3


async def test_until_its_places_are_sought_no_fetch_holds_up_what_will_be(
    bootstrap_servers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the rebalance on, whatever a tick thinks of it meanwhile."""
    waits: dict[bool, set[int]] = {False: set(), True: set()}
    sought = asyncio.Event()
    client: Any = Fetcher
    ask = client._proc_fetch_request

    async def noted(fetcher: Any, assignment: Any, node: Any, request: Any) -> Any:
        waits[sought.is_set()].add(request._max_wait_ms)
        return await ask(fetcher, assignment, node, request)

    async def assigned(log: KafkaLog) -> None:
        log.rest(quiet=True)
        await _until(lambda: bool(waits[False]))
        asyncio.get_running_loop().call_soon(sought.set)

    monkeypatch.setattr(Fetcher, "_proc_fetch_request", noted)
    async with _read(bootstrap_servers, Reader(), assigned=assigned) as log:
        await _until(lambda: len(waits[True] - waits[False]) == 1)
        log.rest(quiet=True)
        await _until(lambda: len(waits[True] - waits[False]) == 2)
    assert waits[False] == {20}
    assert waits[True] - waits[False] == {500, 2000}


async def test_a_fetch_that_came_back_while_places_were_assigned_deafens_nobody(
    bootstrap_servers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client looks at what is under way before it has been told that it is over, and waits for that."""
    client: Any = Fetcher
    look, seen = client._get_actions_per_node, set[int]()

    def too_soon(fetcher: Any, assignment: Any) -> Any:
        nodes = {fetcher._select_read_replica(tp) for tp in assignment.tps}
        if assignment.tps and id(assignment) not in seen:
            seen.add(id(assignment))
            fetcher._in_flight.update(nodes)
            asyncio.get_running_loop().call_soon(fetcher._in_flight.clear)
        return look(fetcher, assignment)

    async def assigned(_: KafkaLog) -> None:
        await asyncio.sleep(0.05)  # a worker asks its database where to begin

    monkeypatch.setattr(Fetcher, "_get_actions_per_node", too_soon)
    reader = Reader()
    reader.free.set()
    async with _read(bootstrap_servers, reader, assigned=assigned) as log:
        said = time.monotonic()
        await _say(log, "a")
        await reader.heard(1)
        assert time.monotonic() - said < SILENCE
    assert seen
