"""What a replica starts with is waited for, as long as nobody tells it to stop."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from itertools import islice
from typing import Any, TypeVar

import structlog

from shared.runtime.turn import describe
from shared.runtime.worker import pauses

log = structlog.get_logger()
T = TypeVar("T")
MOST_TRIES = 1000
"""Until a replica that cannot start ends: more than an hour."""


class StoppedError(Exception):
    """Told to stop while waiting for the broker or the database to come up."""


async def until_it_works(service: str, start: Callable[[], Coroutine[Any, Any, T]], stop: asyncio.Event) -> T:
    """A broker or database that is not there yet is waited for. Raises StoppedError at once when ``stop`` is set."""
    for pause in islice(pauses(), MOST_TRIES):
        try:
            return await _unless(stop, start())
        except StoppedError:
            raise
        except Exception as error:
            log.warning("start retry", service=service, error=describe(error), pause=pause)
        await _unless(stop, asyncio.sleep(pause))
    raise TimeoutError(f"{service} could not start")


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    attempt, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({attempt, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not attempt.done():
            raise StoppedError
        return attempt.result()
    finally:
        await cancel([attempt, stopping])


async def cancel(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Returns when they have ended, however they do."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
