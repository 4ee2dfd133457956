"""A carrier as its own process on a real broker: it answers, ends on SIGTERM, and begins again where it ended."""

import asyncio
import json
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from ops.wire import Speech, Wire
from shared.events.base import Event
from shared.events.carriers import QUOTES
from shared.events.insurance_accelerator import INSURANCE
from shared.runtime.clock import ScaledClock
from shared.runtime.settings import Settings
from tests.conftest import REPOSITORY, make_topics
from tests.demo.given import TODAY, heard, quotes_requested

TIMEOUT = 60.0
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def settings(bootstrap_servers: str) -> Settings:
    """Half a second a day, beginning on the day of the requests."""
    return Settings(
        kafka_bootstrap_servers=bootstrap_servers,
        clock_scale=86400 * 2,
        clock_real_origin=datetime.now(UTC).timestamp(),
        clock_origin=datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC),
    )


@asynccontextmanager
async def carrier(settings: Settings, name: str) -> AsyncGenerator[None]:
    names = ("kafka_bootstrap_servers", "clock_scale", "clock_real_origin", "clock_origin")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ops.demo.carriers", name, "--seed", "7"),
        cwd=REPOSITORY,
        env={f"MAKEGOOD_{setting.upper()}": str(getattr(settings, setting)) for setting in names},
    )
    try:
        yield
    finally:
        process.terminate()
        assert await process.wait() == 0


async def ask(settings: Settings, *seller_ids: str) -> None:
    now = ScaledClock.from_settings(settings).now()
    asked: list[Event] = [quotes_requested(seller_id) for seller_id in seller_ids]
    async with Wire(settings) as wire:
        await wire.publish(Speech(INSURANCE.name, event.key, event, heard(event, now)) for event in asked)


async def answered(settings: Settings, count: int) -> None:
    """Returns once each of both carriers has answered so many sellers."""
    sellers: defaultdict[str, set[bytes]] = defaultdict(set)
    async with asyncio.timeout(TIMEOUT), Wire(settings) as wire, aclosing(wire.listen([QUOTES.name])) as batches:
        async for records in batches:
            for record in records:
                sellers[json.loads(record.value)["carrier"]].add(record.key)
            if len(sellers) == 2 and min(map(len, sellers.values())) >= count:
                return


async def said(settings: Settings) -> list[Any]:
    async with Wire(settings) as wire, aclosing(wire.read_to_now([QUOTES.name])) as records:
        return [record async for record in records]


async def test_each_carrier_answers_with_ids_of_its_own_and_says_nothing_again_after_a_restart(
    settings: Settings,
) -> None:
    await make_topics(settings.kafka_bootstrap_servers, QUOTES.name, INSURANCE.name)
    await ask(settings, *(f"seller-{number}" for number in range(40)))
    async with carrier(settings, "meridian"), carrier(settings, "harbour"):
        await answered(settings, 30)
    await ask(settings, *(f"seller-{number}" for number in range(40, 60)))
    async with carrier(settings, "meridian"), carrier(settings, "harbour"):
        await answered(settings, 45)  # more than were asked before: both have begun again
    ids = Counter(dict(record.headers)["ce_id"] for record in await said(settings))
    twice_on_purpose = sum(times > 1 for times in ids.values())
    assert len(ids) > 90
    assert twice_on_purpose < len(ids) * 0.1


async def test_a_carrier_that_nobody_knows_is_refused_with_the_names_of_all() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ops.demo.carriers", "nobody"),
        cwd=REPOSITORY,
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await process.communicate()
    assert process.returncode == 2
    assert b"'harbour'" in told
    assert b"'oakline'" in told
