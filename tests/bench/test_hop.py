"""A hop of the bare loop spares itself what the runtime spares itself: else it would be no limit."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from aiokafka import TopicPartition

from bench import hop
from bench.batches import Ready
from bench.limit import events
from shared.runtime.settings import Settings


class Record(NamedTuple):
    key: bytes
    value: bytes
    headers: Sequence[Any]
    offset: int


class NothingMoreError(Exception):
    """Here the test ends."""


class Everything:
    """Consumer, connection and producer: what is asked of them, in its order."""

    def __init__(self, batches: Sequence[int]) -> None:
        self.asked: list[str] = []
        self._batches = [*batches]

    async def start(self) -> None: ...

    def assign(self, places: Sequence[TopicPartition]) -> None: ...

    def pause(self, *places: TopicPartition) -> None:
        self.asked.append("pause")

    def resume(self, *places: TopicPartition) -> None:
        self.asked.append("resume")

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]:
        if not self._batches:
            raise NothingMoreError
        said = events(hop.topic(1, 0), self._batches.pop(0))
        return {TopicPartition(hop.topic(1, 0), 0): [Record(e.key, e.value, e.headers, n) for n, e in enumerate(said)]}

    async def execute(self, query: str, *arguments: Any) -> None:
        self.asked.append("write")

    async def send(self, producer: Any, records: Sequence[Ready]) -> None:
        assert {one.topic for one in records} == {hop.topic(1, 1)}
        self.asked.append("send")


async def test_nothing_is_fetched_while_a_batch_is_written_unless_it_was_full(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings()
    everything = Everything([1, settings.batch_records])

    @asynccontextmanager
    async def given(settings: Settings) -> AsyncGenerator[Everything]:
        yield everything

    def consumer(**_: Any) -> Everything:
        return everything

    monkeypatch.setattr(hop, "AIOKafkaConsumer", consumer)
    monkeypatch.setattr(hop, "session", given)
    monkeypatch.setattr(hop, "durable_producer", given)
    monkeypatch.setattr(hop, "send", everything.send)
    monkeypatch.setattr(hop, "spare_the_collector", lambda: None)
    with pytest.raises(NothingMoreError):
        await hop.Hops(settings, 1, [0]).run()
    assert everything.asked == ["pause", "write", "send", "resume", "write", "send"]
