"""The outside world as its own process on a real broker: it submits, answers, and begins again where it ended."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ops.demo.outside.world import SPOKEN
from ops.wire import Speech, Wire
from shared.events.base import Event, type_registry
from shared.events.finance import RESULTS
from shared.events.upstream import SUBMISSIONS
from shared.runtime.clock import ScaledClock
from shared.runtime.codec import type_of
from shared.runtime.settings import Settings
from tests.conftest import REPOSITORY, make_topics
from tests.demo.given import TODAY, claim_ids, heard, payout_authorized, submitted

TIMEOUT = 60.0
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def settings(bootstrap_servers: str) -> Settings:
    """Half a second a day, beginning on the day that the claims are from."""
    return Settings(
        kafka_bootstrap_servers=bootstrap_servers,
        clock_scale=86400 * 2,
        clock_real_origin=datetime.now(UTC).timestamp(),
        clock_origin=datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC),
    )


@asynccontextmanager
async def outside(settings: Settings, *arguments: str) -> AsyncGenerator[dict[str, Any]]:
    """The process, from the moment at which every submission is out; ended by SIGTERM. Gives what it told."""
    names = ("kafka_bootstrap_servers", "clock_scale", "clock_real_origin", "clock_origin")
    environment = {f"MAKEGOOD_{name.upper()}": str(getattr(settings, name)) for name in names}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ops.demo.outside", "--seed", "7", "--settle", "0", *arguments),
        cwd=REPOSITORY,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(TIMEOUT):
            line = await process.stdout.readline()
        yield json.loads(line)
    finally:
        process.terminate()
        assert await process.wait() == 0


async def every_topic(settings: Settings) -> None:
    names = {kind.topic.name for kind in type_registry.values() if kind.topic is not None}
    await make_topics(settings.kafka_bootstrap_servers, *names)


async def said(settings: Settings, *topics: str) -> list[Any]:
    async with Wire(settings) as wire, aclosing(wire.read_to_now(topics)) as records:
        return [record async for record in records]


async def say(settings: Settings, clock: ScaledClock, events: list[Event]) -> None:
    speeches: list[Speech] = []
    for event in events:
        assert event.topic is not None
        speeches.append(Speech(event.topic.name, event.key, event, heard(event, clock.now())))
    async with Wire(settings) as wire:
        await wire.publish(speeches)


async def answered(settings: Settings, count: int) -> None:
    """Returns once finance has said something of so many claims."""
    claims: set[bytes] = set()
    async with (
        asyncio.timeout(TIMEOUT),
        Wire(settings) as wire,
        aclosing(wire.listen([RESULTS.name])) as batches,
    ):
        async for records in batches:
            claims |= {record.key for record in records}
            if len(claims) >= count:
                return


async def test_every_line_of_a_file_goes_out_as_it_is(settings: Settings, tmp_path: Path) -> None:
    await every_topic(settings)
    lines = [submitted(f"sub-{number}").model_dump_json().encode() for number in range(30)]
    file = tmp_path / "claims.jsonl"
    file.write_bytes(b"\n".join([*lines, b"not json"]))
    async with outside(settings, "--from", str(file)) as told:
        assert (told["submissions"], told["already"], told["sellers"]) == (31, 0, 1)
    records = [r for r in await said(settings, SUBMISSIONS.name) if type_of(r.headers) == "ClaimSubmitted"]
    bodies = {record.key: record.value for record in records}
    assert bodies == {**{f"sub-{n}".encode(): line for n, line in enumerate(lines)}, b"line-31": b"not json"}


async def test_it_answers_and_begins_again_where_it_ended(settings: Settings) -> None:
    await every_topic(settings)
    clock, orders = ScaledClock.from_settings(settings), [payout_authorized(claim_id) for claim_id in claim_ids(200)]
    async with outside(settings, "--claims", "40", "--rate", "400") as told:
        assert told["submissions"] == 40
        await say(settings, clock, list[Event](orders))
        await answered(settings, 150)
    async with outside(settings, "--claims", "40") as told:
        assert (told["submissions"], told["already"]) == (40, 40)
        await answered(settings, 190)
    ids = Counter(_id(record) for record in await said(settings, *SPOKEN))
    twice_on_purpose = sum(times > 1 for times in ids.values())
    assert twice_on_purpose < len(ids) * 0.06


def _id(record: Any) -> bytes:
    return next(value for name, value in record.headers if name == "ce_id")
