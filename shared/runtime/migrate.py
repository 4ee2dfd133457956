"""Schemas of the services: made, completed, and kept: partitions come ahead of time and go when they are old."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from shared.events.base import PARTITIONS
from shared.runtime.postgres import session
from shared.runtime.process import Service, reference_name
from shared.runtime.settings import Settings

_SCHEMA = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
_MONTHS_AHEAD = 3
_EARLY_DAYS = 365
"""On top of the retention: no claim waits so long for its beginning."""
_FORGET_EARLY = """
with gone as (
    delete from held
    where written_on < $1 and not exists (
        select from held h
        where h.process = held.process and h.key = held.key and (h.error is not null or h.written_on >= $1)
    )
    returning process, lane
)
update lane set held = held - g.rows
from (select process, lane, count(*)::int as rows from gone group by 1, 2) g
where lane.process = g.process and lane.n = g.lane
"""


class SchemaError(Exception):
    """The database does not fit the code; the text says how and the cure."""


async def migrate(settings: Settings, services: Sequence[Service]) -> None:
    """Makes or completes each service's schema. Safe to run at any time, by several at once."""
    async with session(settings) as connection:
        for service in services:
            async with connection.transaction():
                await _enter(connection, service.name)
                await connection.execute(f'create schema if not exists "{service.name}"')
                await connection.execute(_SCHEMA)
                if service.schema:
                    await connection.execute(service.schema)
                for process in service.processes:
                    await _begin_process(connection, process.name)
                    if process.reference is not None:
                        await _begin_process(connection, reference_name(process))
                await _make_partitions(connection)


async def keep_partitions(settings: Settings, service: str) -> None:
    """The daily care of one service: partitions of the months to come, and none of the outbox past its retention.

    Only what has been published is ever dropped. The journal stays: it explains decisions for as long as claims live.
    Age is counted in days of the database, because moments may come from a clock that runs faster, or elsewhere.
    """
    async with session(settings) as connection, connection.transaction():
        await _enter(connection, service)
        await _make_partitions(connection)
        oldest = date.today() - timedelta(days=settings.retention_days)  # noqa: DTZ011 - as current_date
        for name in await connection.fetch(
            "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'outbox'::regclass"
        ):
            month = name["name"].removeprefix("outbox_")
            if month != "default" and _end_of(month) <= oldest and await _all_published(connection, name["name"]):
                await connection.execute(f"drop table {name['name']}")
        await connection.execute("delete from progress where at < now() - interval '1 day'")
        await connection.execute("delete from effect where done_at is not null and written_on < $1", oldest)
        await connection.execute("delete from dead_letter where written_on < $1", oldest)
        await _forget_early(connection, oldest - timedelta(days=_EARLY_DAYS))


async def _forget_early(connection: Any, oldest: date) -> None:
    """Facts of a key that has not begun in all this time; the log has them still."""
    await connection.execute("select from lane order by process, n for update")  # their counters change with the rows
    await connection.execute(_FORGET_EARLY, oldest)


async def _enter(connection: Any, schema: str) -> None:
    await connection.execute("select pg_advisory_xact_lock(hashtext('makegood migrate'))")
    await connection.execute("set local client_min_messages = warning")
    await connection.execute(f'set local search_path = "{schema}"')


async def _begin_process(connection: Any, name: str) -> None:
    """The process's row and its lanes; refuses a lane count that differs from the one it began with."""
    await connection.execute("insert into process values ($1, $2) on conflict do nothing", name, PARTITIONS)
    lanes = await connection.fetchval("select lanes from process where name = $1", name)
    if lanes != PARTITIONS:
        raise SchemaError(
            f"the process {name} was begun with {lanes} lanes and the code has {PARTITIONS}: run the version that "
            "made it, or begin with an empty database"
        )
    await connection.execute(
        "insert into lane (process, n) select $1, generate_series(0, $2 - 1) on conflict do nothing", name, PARTITIONS
    )


async def _make_partitions(connection: Any) -> None:
    """This month's and the next ones'; the default partition catches what nobody prepared."""
    first = date.today().replace(day=1)  # noqa: DTZ011 - partitions go by the database's current_date
    for _ in range(_MONTHS_AHEAD):
        after = _end_of(f"{first:%Y_%m}")
        for table in ("outbox", "journal"):
            await connection.execute(
                f"create table if not exists {table}_{first:%Y_%m} partition of {table} "
                f"for values from ('{first}') to ('{after}')"
            )
        first = after


def _end_of(month: str) -> date:
    """``2026_11`` → the first day of the next month."""
    year, number = map(int, month.split("_"))
    return (date(year, number, 1) + timedelta(days=32)).replace(day=1)


async def _all_published(connection: Any, partition: str) -> bool:
    query = (
        f"select not exists (select from {partition} o join lane l on l.process = o.process and l.n = o.lane "  # noqa: S608
        "where o.position > l.published)"
    )
    return bool(await connection.fetchval(query))
