"""What is said to a peer, many at a time, where its package takes many in one call."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

Said = TypeVar("Said")


class Batches(Generic[Said]):
    """What comes while a batch is under way makes the next one, as in our services. Made where a loop runs."""

    def __init__(self, send: Callable[[list[Said]], Awaitable[Any]]) -> None:
        self._send = send
        self._next: list[Said] = []
        self._last: asyncio.Task[None] = asyncio.create_task(asyncio.sleep(0))
        """The batch that was begun last: it waits, is under way, or is over."""

    async def say(self, one: Said) -> None:
        """Returns when the peer has all of its batch; raises what ended that."""
        if not self._next:
            self._last = asyncio.create_task(self._send_after(self._last))
        self._next.append(one)
        await self._last

    async def _send_after(self, before: asyncio.Task[None]) -> None:
        await asyncio.wait([before])
        batch, self._next = self._next, []
        await self._send(batch)
