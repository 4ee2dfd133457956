"""When the next tick of a worker comes: after the pause, sooner while something is due or will be, later while there is
nothing to do, at once when it is called."""

import asyncio
import math
from typing import NoReturn, cast

import pytest

from shared.runtime.serve import SOONER, keep_ticking
from shared.runtime.worker import LATER, Worker

PAUSE = 0.2
ENOUGH = 3


class Ticks:
    """Stands in for a worker of which only ticks are asked; ``calls``: whether it is called while it ticks; ``takes``:
    seconds of each; ``worked``: whether it decides anything."""

    def __init__(
        self,
        *,
        due: bool = False,
        due_in: float = math.inf,
        quiet: bool = False,
        calls: bool = False,
        takes: float = 0.0,
        worked: bool = False,
    ) -> None:
        self.due, self.due_in, self.quiet, self.worked, self._takes = due, due_in, quiet, worked, takes
        self.broken, self.wake = None, asyncio.Event()
        self.at: list[float] = []
        self.ticked = asyncio.Queue[None]()
        self._calls = calls

    async def tick(self) -> None:
        self.at.append(asyncio.get_running_loop().time())
        self.ticked.put_nowait(None)
        if self._calls:
            self.wake.set()
        await asyncio.sleep(self._takes)


def refuses(error: Exception) -> NoReturn:
    raise AssertionError(error)


async def pauses(ticks: Ticks) -> list[float]:
    """Between the first few."""
    ticking = asyncio.create_task(keep_ticking(cast("Worker", ticks), PAUSE, refuses))
    for _ in range(ENOUGH):
        await ticks.ticked.get()
    ticking.cancel()
    return [after - before for before, after in zip(ticks.at, ticks.at[1:], strict=False)]


async def test_ticks_come_after_a_pause() -> None:
    assert min(await pauses(Ticks())) >= PAUSE * 0.9


async def test_ticks_come_sooner_while_something_is_due() -> None:
    found = await pauses(Ticks(due=True))
    assert min(found) >= PAUSE / SOONER * 0.9
    assert min(found) < PAUSE * 0.9


LONG = PAUSE / SOONER * 1.5


async def test_a_tick_that_decided_for_long_is_followed_at_once_while_something_is_due() -> None:
    assert min(await pauses(Ticks(due=True, worked=True, takes=LONG))) < LONG + PAUSE / SOONER * 0.5
    assert min(await pauses(Ticks(worked=True, takes=LONG))) >= PAUSE * 0.9


async def test_a_tick_that_was_only_slow_is_followed_after_a_pause() -> None:
    assert min(await pauses(Ticks(due=True, takes=LONG))) >= LONG + PAUSE / SOONER * 0.9


@pytest.mark.parametrize("quiet", [False, True])
async def test_a_tick_comes_when_the_next_deadline_passes(quiet: bool) -> None:
    found = await pauses(Ticks(due_in=PAUSE / 2, quiet=quiet))
    assert min(found) >= PAUSE / 2 * 0.9
    assert min(found) < PAUSE * 0.9


async def test_a_tick_comes_no_sooner_than_while_something_is_due() -> None:
    assert min(await pauses(Ticks(due_in=0))) >= PAUSE / SOONER * 0.9


async def test_ticks_come_later_while_there_is_nothing_to_do() -> None:
    assert min(await pauses(Ticks(quiet=True))) >= PAUSE * LATER * 0.9


async def test_a_call_that_comes_during_a_tick_is_not_lost() -> None:
    assert min(await pauses(Ticks(calls=True))) < PAUSE / SOONER * 0.9


@pytest.mark.parametrize("state", [{}, {"due": True}, {"quiet": True}])
async def test_a_call_ends_the_pause(state: dict[str, bool]) -> None:
    ticks = Ticks(**state)
    ticking = asyncio.create_task(keep_ticking(cast("Worker", ticks), 3600.0, refuses))
    async with asyncio.timeout(10):
        for _ in range(ENOUGH):
            await ticks.ticked.get()
            ticks.wake.set()
    ticking.cancel()


async def test_it_ends_when_it_is_cancelled_though_it_is_called_at_the_same_moment() -> None:
    ticks = Ticks(calls=True)
    ticking = asyncio.create_task(keep_ticking(cast("Worker", ticks), PAUSE, refuses))
    await ticks.ticked.get()
    ticking.cancel()
    ended, _ = await asyncio.wait([ticking], timeout=5)
    assert ended == {ticking}
