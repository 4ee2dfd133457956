"""Rows put in under other keys are as the services would have left them; and each measurement of growth runs."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bench.copies import Waiting, make_tables, renamed
from bench.growth import (
    LOOKS,
    SNAPSHOTS,
    after_history,
    lacking,
    measure,
    measure_last,
    with_history,
    with_pending,
)
from bench.measure import keep, kept
from bench.plan import SHORT
from bench.stand import Stand, stand_on
from ops import catalogue
from ops.local.stack import NativeStack, Stack
from shared.events.base import PARTITIONS
from shared.runtime.lanes import partition_of
from shared.runtime.migrate import migrate
from shared.runtime.postgres import session
from shared.runtime.settings import Settings


def test_a_copy_has_other_keys_each_in_its_lane() -> None:
    mark, claim = "00c0ffee", "0c5a8a2e-63d2-5d4c-8d6e-0f6f1f3b9a11"
    keys = [*renamed([claim, f"customer-{mark}-3", f"{mark}-3"], mark, range(1, 4))]
    assert len({key.new for key in keys} | {claim, f"{mark}-3"}) == len(keys) + 2
    assert all(key.lane == partition_of(key.new, PARTITIONS) for key in keys)
    for copy in range(1, 4):
        of_a_claim, of_a_customer, of_a_submission = (key.new for key in keys if key.copy == copy)
        assert len(of_a_claim) == len(claim)
        assert of_a_customer == f"customer-{of_a_submission}"


def test_what_the_disk_cannot_hold_is_left_out_with_the_reason() -> None:
    assert lacking(10 * 10**9, 17 * 10**9) is None
    assert lacking(30 * 10**9, 16 * 10**9) == "it takes 30 GB of disk, and 10 GB are to be had."


async def test_who_is_seen_to_wait_again_and_again_is_copied_once(database_url: str) -> None:
    settings = Settings(database_url=SecretStr(database_url))
    await migrate(settings, [catalogue.service("escalation")])
    async with session(settings) as connection:
        await make_tables(connection)
        await connection.execute(WAITS, CLAIM)
        waiting = Waiting(connection)
        assert [await waiting.catch([CLAIM]) for _ in range(3)] == [True] * 3
        await waiting.grow(4, datetime(2030, 1, 1, tzinfo=UTC))
        assert await connection.fetchval("select count(*) from escalation.state") == 5


@pytest_asyncio.fixture(loop_scope="session")
async def place(stack: Stack, bootstrap_servers: str, database_url: str, tmp_path: Path) -> AsyncGenerator[Stand]:
    if not isinstance(stack, NativeStack):
        pytest.skip("what is measured are processes of this machine")
    async with stand_on(replace(stack, database_url=database_url), tmp_path) as found:
        yield found


async def test_each_size_is_measured_and_what_the_services_count_with_stays_true(place: Stand, tmp_path: Path) -> None:
    sizes = [name for n in SHORT.history for name in (with_history(n), *(after_history(look, n) for look in LOOKS))]
    measured: list[str] = []
    async with session(place.settings) as connection:
        async for result in measure(place, SHORT, []):
            assert result.missing is None
            assert "looked" in result.figures or result.cpu["escalation"] > 0
            assert "history" not in result.figures or result.figures["wal_bytes_per_claim"] > 1000
            measured.append(result.name)
            keep(tmp_path / "results.jsonl", [result])
            await look_at_rows(connection)
            if result.name == with_history(SHORT.history[-1]):
                assert await connection.fetchval("select count(*) from recovery.ledger_entry") > SHORT.history[-1]
        assert measured == [*SNAPSHOTS.values(), *sizes] == [one.name for one in kept(tmp_path / "results.jsonl")]


async def test_deadlines_are_measured_after_the_smallest_history(place: Stand) -> None:
    plan, measured = replace(SHORT, pending=SHORT.pending[-1:]), list[str]()
    async with session(place.settings) as connection:
        async for result in measure_last(place, plan, []):
            assert result.missing is None
            fired = sum(cpu for name, cpu in result.cpu.items() if name.startswith("escalation"))
            assert fired > 0  # of its replicas one may take less than can be counted
            assert "pending" not in result.figures or 0 < result.figures["lag_p50_ms"] < result.figures["heard_p50_ms"]
            measured.append(result.name)
            await look_at_rows(connection)
        assert measured == [with_history(plan.history[0], again=True), *map(with_pending, plan.pending)]
        assert await connection.fetchval(PENDING) == plan.pending[-1]


async def look_at_rows(connection: Any) -> None:
    """Each key in its lane; the last decision of a key, and the last word of a lane, numbered as it is counted."""
    for service in catalogue.NAMES:
        await connection.execute(f"set search_path = {service}")
        assert await connection.fetchval(COUNTED_OTHERWISE) == 0
        for key, lane in await connection.fetch("select key, lane from state"):
            assert lane == partition_of(key, PARTITIONS)


CLAIM: Final = "0c5a8a2e-63d2-5d4c-8d6e-0f6f1f3b9a11"
WAITS: Final = """
insert into escalation.state (process, key, lane, n, body, due)
values ('escalation', $1, 0, 1, '{"status": "with_seller", "respond_by": "2029-01-01T00:00:00Z"}', now())
"""
PENDING: Final = "select count(*) from escalation.state where due > now() + interval '99 years'"
COUNTED_OTHERWISE: Final = """
select (select count(*) from state s where n <> (
    select max(n) from journal j where j.process = s.process and j.key = s.key
)) + (select count(*) from lane l where position <> (
    select max(position) from outbox o where o.process = l.process and o.lane = l.n and position > 0
))
"""
