"""An event loop in virtual time: it never waits, and the same calls always run in the same order."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class DeadlockError(Exception):
    """Everybody waits for somebody else, and nobody for a moment."""


class _NoSelector:
    """Instead of waiting for the first timer, or for I/O that there is none of, the clock is put forward to it."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise DeadlockError("nothing can happen any more: every task waits for another")
        self._loop.put_forward(timeout)
        return []

    def close(self) -> None:
        return


class VirtualLoop(asyncio.BaseEventLoop):
    """``time()`` is virtual seconds since the beginning; it moves on only when nothing is left to do at a moment."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._clock_resolution = 1e-6
        self._selector = _NoSelector(self)

    def time(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        """As ``asyncio.sleep``, which asks the operating system each time whose loop it is in."""
        woken = self.create_future()
        timer = self.call_later(seconds, _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()

    def put_forward(self, seconds: float) -> None:
        self._now += max(0.0, seconds)

    def _process_events(self, event_list: Any) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody is in another thread."""


def _wake(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs to the end, then cancels whatever is left."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        while left := asyncio.all_tasks(loop):  # ``wait_for`` may swallow a cancellation: then it is told again
            for task in sorted(left, key=lambda task: task.get_name()):
                task.cancel()
            loop.run_until_complete(asyncio.wait(left, timeout=1))
        loop.close()
