"""A door into a worker, for peers that are fastest when a claim is begun inside the process that works on it.

One line of JSON for each call, ``[number, word, argument]``, and one for each answer, ``[number, error or null]``.
"""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any, Self
from zlib import crc32

from bench.peers.inside.books import Books, reach
from bench.peers.process import Claim

Handler = Callable[[str, Any], Awaitable[None]]


async def open_door(port: int, handler: Handler) -> None:
    """Serves until cancelled; calls of one connection run beside each other."""

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def call(number: int, word: str, argument: Any) -> None:
            try:
                await handler(word, argument)
                error = None
            except Exception as reason:
                error = repr(reason)
            writer.write(json.dumps([number, error]).encode() + b"\n")

        async with asyncio.TaskGroup() as calls:
            while line := await reader.readline():
                calls.create_task(call(*json.loads(line)))

    server = await asyncio.start_server(visit, "127.0.0.1", port)
    await server.serve_forever()


class Door:
    """The other side of it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def at(cls, port: int) -> Self:
        """Knocks until somebody opens."""
        while True:
            try:
                return cls(*await asyncio.open_connection("127.0.0.1", port))
            except OSError:
                await asyncio.sleep(0.1)

    async def call(self, word: str, argument: Any) -> None:
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps([number, word, argument]).encode() + b"\n")
        await self._waiting[number]

    async def _listen(self) -> None:
        while line := await self._reader.readline():
            number, error = json.loads(line)
            if error is None:
                self._waiting.pop(number).set_result(None)
            else:
                self._waiting.pop(number).set_exception(RuntimeError(error))
        for future in self._waiting.values():
            future.set_exception(ConnectionError("the worker has gone"))


class Doors:
    """The load's way to a peer with several workers: what concerns a claim goes through one of the doors."""

    def __init__(self, doors: list[Door], books: Books) -> None:
        self._doors = doors
        self.paid, self.payouts, self.paid_at = books.paid, books.payouts, books.paid_at

    @classmethod
    async def connect(cls) -> Self:
        return cls([await Door.at(int(port)) for port in reach("DOORS").split()], await Books.open(1))

    async def file(self, claim: Claim) -> None:
        await self._of(claim.claim_id).call("file", claim.model_dump(mode="json"))

    async def answer(self, claim_id: str) -> None:
        await self._of(claim_id).call("answer", claim_id)

    def _of(self, claim_id: str) -> Door:
        return self._doors[crc32(claim_id.encode()) % len(self._doors)]
