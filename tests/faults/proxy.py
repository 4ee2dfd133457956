"""A TCP proxy that loses the network: one way, both ways, or makes it slow. Nothing is ever reset: bytes only wait."""

import asyncio
from typing import Self


class Way:
    """One direction of every connection."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.delay = 0.0


class Proxy:
    """Listens on a port of its own and passes everything on, as ``up`` (to the server) and ``down`` allow."""

    def __init__(self) -> None:
        self.up, self.down = Way(), Way()
        self.port = 0
        self.target = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, port: int, target: int = 0) -> Self:
        """``target``: the server's port; it may be set later."""
        self.port, self.target = port, target
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        return self

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def cut(self, *, up: bool = True, down: bool = True) -> None:
        """From now on nothing gets through that way; who sends is not told."""
        if up:
            self.up.open.clear()
        if down:
            self.down.open.clear()

    def slow(self, seconds: float) -> None:
        """Half of it each way."""
        self.up.delay = self.down.delay = seconds / 2

    def heal(self) -> None:
        for way in (self.up, self.down):
            way.open.set()
            way.delay = 0.0

    def forget(self) -> None:
        """Every connection there is stays silent for ever, as when a host lost its power; new ones are as before."""
        for way in (self.up, self.down):
            way.open.clear()
        self.up, self.down = Way(), Way()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._connect(reader, writer)
        except (OSError, ExceptionGroup):
            pass  # one side has gone, and so the other goes as well
        except asyncio.CancelledError:
            pass  # the proxy ends; the server that made this task would call it an error
        finally:
            writer.close()
            self._connections.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up, down = self.up, self.down
        await up.open.wait()  # not even the wish to connect gets through
        to_server, from_server = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            async with asyncio.TaskGroup() as group:
                for source, sink, way in ((reader, from_server, up), (to_server, writer, down)):
                    passing: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
                    group.create_task(_take(source, passing, way))
                    group.create_task(_give(sink, passing, way))
        finally:
            from_server.close()


async def _take(source: asyncio.StreamReader, passing: "asyncio.Queue[tuple[float, bytes]]", way: Way) -> None:
    while True:
        data = await source.read(1 << 16)
        await passing.put((asyncio.get_running_loop().time() + way.delay, data))
        if not data:
            return


async def _give(sink: asyncio.StreamWriter, passing: "asyncio.Queue[tuple[float, bytes]]", way: Way) -> None:
    while True:
        due, data = await passing.get()
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        await way.open.wait()
        if not data:
            raise ConnectionResetError  # the other side has closed: both go
        sink.write(data)
        await sink.drain()
