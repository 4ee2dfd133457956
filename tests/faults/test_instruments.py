"""The instruments of the faults do what they say, else no fault would have been one."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ops.local.ports import choose_port
from tests.escalation import given
from tests.faults.checks import not_on_record
from tests.faults.observer import Place, takers
from tests.faults.proxy import Proxy
from tests.faults.servers import fill, small_disk

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def test_nothing_gets_through_a_cut_way_and_all_of_it_comes_when_it_is_healed() -> None:
    async with _proxied_echo() as proxy:
        for up, down in ((True, False), (False, True), (True, True)):
            line = await _connected(proxy)
            assert await _said(line, b"before") == b"before"
            proxy.cut(up=up, down=down)
            assert await _said(line, b"meanwhile") is None
            proxy.heal()
            assert await asyncio.wait_for(line[0].readexactly(len(b"meanwhile")), 5) == b"meanwhile"
            line[1].close()


async def test_a_slow_way_takes_its_time_and_keeps_the_order() -> None:
    async with _proxied_echo() as proxy:
        line = await _connected(proxy)
        proxy.slow(0.3)
        began = time.monotonic()
        line[1].write(b"one ")
        assert await _said(line, b"two", length=7) == b"one two"
        assert time.monotonic() - began >= 0.3


async def test_what_is_forgotten_is_silent_for_ever_and_new_connections_are_not() -> None:
    async with _proxied_echo() as proxy:
        old = await _connected(proxy)
        assert await _said(old, b"before") == b"before"
        proxy.forget()
        assert await _said(old, b"after") is None
        assert await _said(await _connected(proxy), b"new") == b"new"


def test_a_small_disk_is_full_when_it_is_filled_and_has_room_when_the_ballast_is_gone(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4) as disk:
        ballast = fill(disk)
        with pytest.raises(OSError, match="No space left"):
            (disk / "more").write_bytes(b"\1" * 4096)
        ballast.unlink()
        (disk / "more").write_bytes(b"\1" * 4096)


def test_a_fact_that_one_of_its_listeners_has_not_on_record_is_missed() -> None:
    event = given.accepted()
    hearers = takers(event)
    assert hearers >= {"escalation", "seller_notifier"}
    places = {"e1": Place("claims.intake.v1", 3, 9, "ClaimAccepted", event.key, hearers)}
    everybody = {(process, "e1") for process in hearers}
    assert list(not_on_record(places, everybody, hearers)) == []
    [missed] = not_on_record(places, everybody - {("escalation", "e1")}, hearers)
    assert missed == f"escalation {event.key} never heard ClaimAccepted e1"
    assert list(not_on_record(places, set(), {"of another service"})) == []


@asynccontextmanager
async def _proxied_echo() -> AsyncGenerator[Proxy]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", choose_port())
    proxy = await Proxy().start(choose_port(), server.sockets[0].getsockname()[1])
    try:
        yield proxy
    finally:
        await proxy.stop()
        server.close()


async def _connected(proxy: Proxy) -> Line:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def _said(line: Line, words: bytes, length: int | None = None) -> bytes | None:
    """The echo; None when none comes."""
    line[1].write(words)
    try:
        return await asyncio.wait_for(line[0].readexactly(length or len(words)), 1.0)
    except TimeoutError:
        return None
