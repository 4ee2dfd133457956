"""Everybody outside, at little cost: one producer, one consumer without a group, and no class made on the way."""

import asyncio
import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.batches import Ready, durable_producer, send
from bench.load import Answers, Saying, replied
from bench.stand import PATIENCE, Stand
from shared.events.base import PARTITIONS
from shared.events.escalation import ESCALATION, PAYOUTS
from shared.events.insurance_accelerator import INSURANCE
from shared.events.recovery import RECOVERY, SELLER_DEBITS
from shared.events.seller_notifier import NOTIFIER
from shared.runtime.codec import Headers, type_of
from shared.runtime.kafka import client_options

HEARS: Final = (PAYOUTS, ESCALATION, RECOVERY, SELLER_DEBITS, NOTIFIER, INSURANCE)
_CONSTANT: Final[Headers] = [
    ("ce_source", b"bench"), ("ce_specversion", b"1.0"), ("content-type", b"application/json")
]  # fmt: skip


class Tally:
    """How far each key has come: of each kind, when it was first heard (by ``time.perf_counter``)."""

    def __init__(self, keys: Iterable[bytes], ends: Collection[str]) -> None:
        self.keys, self._ends = frozenset(keys), tuple(ends)
        self.at: dict[str, dict[bytes, float]] = {kind: {} for kind in ends}

    def watch(self, kind: str) -> dict[bytes, float]:
        """Another kind whose moments are wanted, though it ends nothing."""
        return self.at.setdefault(kind, {})

    def hear(self, kind: str, key: bytes, now: float) -> None:
        if kind in self.at and key in self.keys:
            self.at[kind].setdefault(key, now)

    def count(self, kind: str) -> int:
        return len(self.at[kind])

    @property
    def over(self) -> bool:
        return all(self.count(kind) == len(self.keys) for kind in self._ends)

    def __str__(self) -> str:
        return ", ".join(f"{kind} {len(heard)} of {len(self.keys)}" for kind, heard in self.at.items())


class Outside:
    """Says what it is given, and answers what it hears about the claims of the round that is played."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._unsaid: asyncio.Queue[Sequence[Saying]] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._tally: Tally = Tally((), ())
        self._answers: Answers = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._clients = AsyncExitStack()
        self._producer: Any = None
        self._consumer: Any = None

    async def __aenter__(self) -> Self:
        settings = self._stand.settings
        self._consumer = AIOKafkaConsumer(
            **client_options(settings), group_id=None, enable_auto_commit=False, max_partition_fetch_bytes=4 << 20
        )
        self._producer = await self._clients.enter_async_context(durable_producer(settings))
        await self._consumer.start()
        self._clients.push_async_callback(self._consumer.stop)
        self._consumer.assign([TopicPartition(topic.name, n) for topic in HEARS for n in range(PARTITIONS)])
        await self._consumer.seek_to_end()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._speak())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._clients.aclose()

    def play(self, tally: Tally, answers: Answers) -> None:
        """From now on these keys are listened for, and answered."""
        self._tally, self._answers = tally, answers

    def say(self, sayings: Sequence[Saying]) -> None:
        """Published soon, with all else that waits by then, in the order said."""
        self._unsaid.put_nowait(sayings)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns when it holds; it is asked again whenever something was heard. Nothing may die meanwhile."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not holds():
                    self._changed.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), 1.0)
                    self._look_after()
        except TimeoutError as error:
            raise RuntimeError(f"a round did not end in time: {self._tally}") from error

    def _look_after(self) -> None:
        self._stand.look_after()
        for task in self._tasks:
            if task.done():
                task.result()

    async def _listen(self) -> None:
        while True:
            found = await self._consumer.getmany(timeout_ms=200, max_records=5000)
            now, tally, answers = time.perf_counter(), self._tally, self._answers
            said: list[Saying] = []
            for place, records in found.items():
                for record in records:
                    kind = type_of(record.headers) or ""
                    tally.hear(kind, record.key, now)
                    if (answer := answers.get(kind)) is not None and record.key in tally.keys:
                        said.append(replied(answer(json.loads(record.value)), record.key, place.partition))
            if said:
                self.say(said)
            self._changed.set()

    async def _speak(self) -> None:
        while True:
            sayings = list(await self._unsaid.get())
            while not self._unsaid.empty():
                sayings += self._unsaid.get_nowait()
            await send(self._producer, ready(sayings, self._stand.clock.now()))


def ready(sayings: Iterable[Saying], moment: datetime) -> Iterator[Ready]:
    """As records that were said at this moment."""
    time_ = moment.isoformat().encode()
    for one in sayings:
        headers: Headers = [
            ("ce_id", one.id.encode()), ("ce_type", one.kind.encode()), ("ce_time", time_), ("ce_subject", one.key),
            *_CONSTANT,
        ]  # fmt: skip
        yield Ready(one.topic, one.partition, one.key, one.body, headers)
