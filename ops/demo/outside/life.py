"""The outside world alive: it listens, speaks at the right moments, and submits claims at a pace."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Any

import structlog

from ops.demo.outside.world import SPOKEN, World
from ops.submissions import Submission, sellers
from ops.wire import Wire
from shared.runtime.clock import Clock
from shared.runtime.codec import DecodeError, decode, type_of

log = structlog.get_logger()

_GLANCE = 0.02
"""Real seconds between looks at what is due: what falls due meanwhile goes out in one piece."""
_AT_ONCE = 500
"""Submissions after which they are published, however fast they come."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What is told when all submissions are out. ``already``: were out before this process began."""

    submissions: int
    already: int
    sellers: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Life:
    """Runs a world on a log until it is cancelled. ``from_now``: what was said before is nobody's affair in it."""

    def __init__(self, world: World, wire: Wire, clock: Clock, *, from_now: bool = False) -> None:
        self._world, self._wire, self._clock, self._from_now = world, wire, clock, from_now
        self._speaking = asyncio.Lock()
        self._heard = asyncio.Event()

    async def run(
        self,
        source: Callable[[], Iterable[Submission]],
        *,
        rate: float,
        settle: float,
        submitted: Callable[[Submitted], None],
    ) -> None:
        """Opens the directory, submits what ``source`` gives (asked twice), and then answers to the services.

        ``rate``: claims per real second, 0 as fast as possible. ``settle``: real seconds for which verdicts on the
        first certificates are waited for, so that the first claims find the cover that their sellers have.
        """
        if not self._from_now:
            async with aclosing(self._wire.read_to_now(SPOKEN)) as published:
                self._world.remember([_id_of(record) async for record in published])
        self._world.open(known := sellers(source()), self._clock.now())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            await self._heard.wait()  # it listens: no answer is missed
            await self._say_what_is_due()
            await self._settled(settle)
            tasks.create_task(self._speak())
            submitted(await self._submit(source(), rate, len(known)))

    async def answer(self, spoken: Collection[str]) -> None:
        """Only answers to the services, for a party with a process of its own; ``spoken``: the topics it speaks on."""
        async with aclosing(self._wire.read_to_now(spoken)) as published:
            self._world.remember([_id_of(record) async for record in published])
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._speak())

    async def _listen(self) -> None:
        async with aclosing(self._wire.listen(self._world.listens_to, from_now=self._from_now)) as batches:
            await self._hear_all(batches)

    async def _hear_all(self, batches: AsyncGenerator[Any]) -> None:
        wanted = frozenset(self._world.wanted)
        async for records in batches:
            for record in records:
                if type_of(record.headers) in wanted:
                    self._hear(record)
            self._heard.set()

    def _hear(self, record: Any) -> None:
        """What cannot be understood, or answered, is left: the world goes on, and its claim waits."""
        try:
            event, envelope = decode(record.topic, record.key, record.value, list(record.headers))
            self._world.hear(event, envelope)
        except DecodeError as error:
            log.error("not understood", topic=record.topic, offset=record.offset, problems=error.problems)
        except ValueError as error:
            log.error("not answered", topic=record.topic, offset=record.offset, error=type(error).__name__)

    async def _settled(self, settle: float) -> None:
        try:
            async with asyncio.timeout(settle):
                while self._world.certificates.unanswered:
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            log.warning("no verdict on some certificates", count=len(self._world.certificates.unanswered))

    async def _speak(self) -> None:
        while True:
            await self._say_what_is_due()
            await asyncio.sleep(_GLANCE)

    async def _say_what_is_due(self) -> None:
        """Under a lock: what is said first is acknowledged first."""
        async with self._speaking:
            speeches = self._world.due(self._clock.now())
            if speeches:
                await self._wire.publish(speeches)

    async def _submit(self, source: Iterable[Submission], rate: float, known: int) -> Submitted:
        started, count, already = time.monotonic(), 0, 0
        for count, submission in enumerate(source, start=1):
            if not self._world.submit(submission, count, self._clock.now()):
                already += 1
            if count % _AT_ONCE == 0:
                await self._say_what_is_due()
            if rate:
                await _pause_until(started + count / rate)
        await self._say_what_is_due()
        return Submitted(count, already, known, round(time.monotonic() - started, 3))


async def _pause_until(moment: float) -> None:
    """Sleeps only when it is worth it: a fast pace is kept in small bursts."""
    ahead = moment - time.monotonic()
    if ahead > _GLANCE:
        await asyncio.sleep(ahead)


def _id_of(record: Any) -> str:
    return next((value.decode("utf-8", "replace") for name, value in record.headers if name == "ce_id"), "")
