"""What is not there yet is waited for, and who waits can be stopped."""

import asyncio

import pytest

from shared.runtime.starting import StoppedError, until_it_works


async def test_a_start_that_never_comes_to_its_end_is_left_at_once_when_it_is_told_to_stop() -> None:
    """As that of a client whose group has no coordinator."""
    stop, left = asyncio.Event(), asyncio.Event()

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    starting = asyncio.create_task(until_it_works("account", never, stop))
    await asyncio.sleep(0.05)
    stop.set()
    with pytest.raises(StoppedError):
        await asyncio.wait_for(starting, 5)
    assert left.is_set()


async def test_what_fails_at_first_is_tried_again() -> None:
    answers = iter([OSError("away"), None])

    async def start() -> str:
        if (error := next(answers)) is not None:
            raise error
        return "started"

    assert await until_it_works("account", start, asyncio.Event()) == "started"


async def test_also_a_pause_between_two_tries_ends_at_once() -> None:
    stop = asyncio.Event()

    async def away() -> None:
        stop.set()
        raise OSError("away")

    with pytest.raises(StoppedError):
        await asyncio.wait_for(until_it_works("account", away, stop), 5)
