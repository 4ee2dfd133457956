"""PostgreSQL is killed, frozen, restarted, full, loses its connections: nothing is lost, nothing happens twice."""

import asyncio
from typing import Any, cast

import asyncpg
import pytest

from ops import catalogue
from ops.local.stack import NativeStack
from tests.faults.town import Town

OURS = "from pg_stat_activity where application_name like 'makegood.%' and pid <> pg_backend_pid()"


async def test_the_database_is_killed(town: Town, native: NativeStack) -> None:
    async with town.fault("PostgreSQL killed (SIGKILL)"):
        native.postgres.kill()
        await town.goes_on_for(5)
        await native.postgres.start()


@pytest.mark.thorough
async def test_the_database_is_frozen(town: Town, native: NativeStack) -> None:
    async with town.fault("PostgreSQL frozen (SIGSTOP), longer than any of our time-outs"):
        native.postgres.suspend()
        await town.goes_on_for(25)
        native.postgres.resume()


@pytest.mark.thorough
async def test_the_database_is_restarted(town: Town, native: NativeStack) -> None:
    async with town.fault("PostgreSQL restarted"):
        await native.postgres.stop()
        await native.postgres.start()


@pytest.mark.thorough
async def test_the_database_is_away_so_long_that_who_makes_no_progress_would_be_called_dead(
    town: Town, native: NativeStack
) -> None:
    async with town.fault("PostgreSQL away for 75 s; liveness stays well"):
        native.postgres.kill()
        for _ in range(15):
            await town.goes_on_for(5)
            assert await town.who_is_called_dead() == []
        await native.postgres.start()


async def test_every_connection_is_terminated_again_and_again(town: Town) -> None:
    terminated = 0
    async with town.fault("PostgreSQL's connections terminated, ten times"):
        for _ in range(10):
            terminated += len(await town.rows(f"select pg_terminate_backend(pid) {OURS}"))
            await town.goes_on_for(0.5, claims=1)
    assert terminated >= 10


@pytest.mark.thorough
async def test_all_connections_are_taken(town: Town) -> None:
    """By strangers: ours are ended, and for a while there are none to be had."""
    strangers: list[Any] = []
    url = town.settings.database_url.get_secret_value()
    async with town.fault("PostgreSQL's connections all taken by others"):
        try:
            await _take_all(strangers, url)
            while await strangers[0].fetch(f"select pg_terminate_backend(pid) {OURS}"):
                await _take_all(strangers, url)
            await town.goes_on_for(10)
        finally:
            await asyncio.gather(*(stranger.close() for stranger in strangers))


async def _take_all(strangers: list[Any], url: str) -> None:
    while True:
        try:
            strangers.append(await cast("Any", asyncpg).connect(url, timeout=10))
        except asyncpg.TooManyConnectionsError:
            return


@pytest.mark.thorough
async def test_the_lanes_are_locked_by_a_stranger(town: Town) -> None:
    """All connections of our pools wait for locks, until their time is over."""
    lanes = [f"{service}.lane" for service in catalogue.NAMES]
    async with town.fault("every lane of every service locked by somebody else"), town.locking(*lanes):
        await town.goes_on_for(25)
