"""Schemas of the services: made, completed, and kept: partitions come ahead of time and go when they are old."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from shared.events.base import PARTITIONS
from shared.runtime.postgres import session, sorted_errors
from shared.runtime.process import Service, reference_name
from shared.runtime.settings import Settings
from shared.runtime.store import DataError, LockedError, PassingError

_SCHEMA = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
_MONTHS = 3
"""Partitions that there are from now on: so a new one has two months until it is needed, and a round every hour."""
_LOCK_TIMEOUT = "500ms"
"""Whoever waits for a table holds up all who come for it later, so it is not for long. Shorter than the server's
``deadlock_timeout``: who gives way to a dump is we."""
_PAUSES = (1.0, 3.0)
"""Real seconds between the tries of one round."""
_EARLY_DAYS = 365
"""On top of the retention: no claim waits so long for its beginning."""
_CAUGHT = """
select distinct 'outbox' as name, date_trunc('month', written_on)::date as month from outbox_default
union all
select distinct 'journal', date_trunc('month', written_on)::date from journal_default
"""
_CUT_LETTERS = """
update dead_letter set key = null, value = null, headers = '[]', whole = false
where written_on < $1 and (key is not null or value is not null or headers::text <> '[]')
"""
_FORGET_LETTERS = """
delete from dead_letter
where written_on < $1 and replayed_at is null and to_regclass(to_char(written_on, '"outbox_"YYYY_MM')) is null
    and written_on not in (select written_on from outbox_default)
    and (problems::text ~ '"ce_(lane|sequence|epoch)"' or not exists (
        select from input
        where input.process = dead_letter.process and input.topic = dead_letter.topic and input.heard::text <> '{}'
    ))
"""
"""Who compares needs the place of one as long as the outbox has what was said of it, for no decision said that; and for
good that of one that was replayed: its topic has the same twice, and it was decided on once. For good, too, that of a
fact of ours that could not be read: its number has been counted as heard, so nothing else says that it was not."""
_LOCK_LANES = """
select from lane
where process = $1 and n in (select lane from held where process = $1 and written_on < $2)
order by n for update
"""
_FORGET_EARLY = """
with gone as (
    delete from held
    where process = $1 and written_on < $2 and not exists (
        select from held h
        where h.process = $1 and h.key = held.key and (h.error is not null or h.written_on >= $2)
    )
    returning lane
)
update lane set held = held - g.rows
from (select lane, count(*)::int as rows from gone group by 1) g
where lane.process = $1 and lane.n = g.lane
"""


class SchemaError(Exception):
    """The database does not fit the code; the text says how and the cure."""


async def migrate(settings: Settings, services: Sequence[Service]) -> None:
    """Makes or completes each service's schema. Safe to run at any time, by several at once. Where somebody reads for
    hours it gives way, and raises SchemaError after some seconds."""
    for service in services:
        try:
            await _patiently(partial(_complete, settings, service))
        except LockedError as error:
            raise SchemaError(
                f"somebody has been reading or writing the tables of {service.name} for long (pg_stat_activity tells "
                "who): let it end, and run this again"
            ) from error


async def _complete(settings: Settings, service: Service) -> None:
    async with session(settings) as connection, connection.transaction():
        await _enter(connection, service.name)
        await connection.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")  # who migrates as well is waited for
        await connection.execute(f'create schema if not exists "{service.name}"')
        await connection.execute(_SCHEMA)
        if service.schema:
            await connection.execute(service.schema)
        for process in service.processes:
            await _begin_process(connection, process.name)
            if process.reference is not None:
                await _begin_process(connection, reference_name(process))
        for table, month in await _months(connection):
            await _make_partition(connection, table, month)


async def keep_partitions(settings: Settings, service: str) -> None:
    """The hourly care of one service: partitions of the months to come, and nothing that is past its retention.

    Of the outbox only what has been published goes. The journal stays: it explains decisions while claims live. Of dead
    letters the bytes go, and then the place.
    Age is counted in days of the database, because moments may come from a clock that runs faster, or elsewhere.
    Where somebody reads for hours, that raises PassingError after some seconds: the next round does what is left.
    """
    await _patiently(partial(_keep, settings, service))


async def _patiently(step: Callable[[], Awaitable[None]]) -> None:
    for pause in _PAUSES:
        try:
            return await step()
        except PassingError:
            await asyncio.sleep(pause)  # meanwhile all goes on that has waited behind us
    return await step()


async def _keep(settings: Settings, service: str) -> None:
    """Each step is a transaction, so that none holds what another one waits for. The most needed comes first; where one
    fails, the others are tried all the same."""
    failures: list[Exception] = []
    async with session(settings) as connection:
        async with _in_passing(connection, service):
            steps = await _steps(connection, settings.retention_days)
        for step in steps:
            try:
                async with sorted_errors(), _in_passing(connection, service):
                    await step(connection)
            except (PassingError, DataError) as error:
                failures.append(error)
    if failures:
        raise failures[0]


async def _steps(connection: Any, retention_days: int) -> list[Callable[[Any], Awaitable[None]]]:
    oldest = await _today(connection) - timedelta(days=retention_days)
    early = oldest - timedelta(days=_EARLY_DAYS)
    processes = await connection.fetch("select name from process")
    return [
        *(partial(_make_partition, table=table, month=month) for table, month in await _months(connection)),
        partial(_drop_published, partitions=await _partitions_before(connection, oldest)),
        partial(_forget, oldest=oldest),
        # One by one: who holds lanes of one may wait for those of another.
        *(partial(_forget_early, process=process["name"], oldest=early) for process in processes),
    ]


async def _forget(connection: Any, oldest: date) -> None:
    await connection.execute("delete from progress where at < now() - interval '1 day'")
    await connection.execute("delete from effect where done_at is not null and written_on < $1", oldest)
    await connection.execute(_CUT_LETTERS, oldest)
    await connection.execute(_FORGET_LETTERS, oldest)


async def _forget_early(connection: Any, process: str, oldest: date) -> None:
    """Facts of a key that has not begun in all this time; the log has them still."""
    await connection.execute(_LOCK_LANES, process, oldest)  # their counters change with the rows
    await connection.execute(_FORGET_EARLY, process, oldest)


@asynccontextmanager
async def _in_passing(connection: Any, schema: str) -> AsyncGenerator[None]:
    """A transaction beside a service at work: it waits for no lock for long, and holds none when we are gone."""
    async with connection.transaction():
        await connection.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
        await connection.execute("set local idle_in_transaction_session_timeout = '10s'")
        await _enter(connection, schema)
        yield


async def _enter(connection: Any, schema: str) -> None:
    """One at a time in each schema."""
    await connection.execute("select pg_advisory_xact_lock(hashtext('makegood migrate'), hashtext($1))", schema)
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


async def _today(connection: Any) -> date:
    """By which every row has its ``written_on``; this machine's clock may be wrong by days."""
    return await connection.fetchval("select current_date")


async def _months(connection: Any) -> list[tuple[str, date]]:
    """Those for which each table wants a partition: this one and the next ones; and any that nobody had prepared, whose
    rows the default partition has caught."""
    month, coming = (await _today(connection)).replace(day=1), list[tuple[str, date]]()
    for _ in range(_MONTHS):
        coming += (("outbox", month), ("journal", month))
        month = _end_of(f"{month:%Y_%m}")
    return coming + [(caught["name"], caught["month"]) for caught in await connection.fetch(_CAUGHT)]


async def _make_partition(connection: Any, table: str, month: date) -> None:
    """Made beside the table and attached, which lets others write to it meanwhile; ``partition of`` would not.

    Beside rows of its month in the default partition none can be attached, so they move. They came since the last round
    that worked; who has more to write there waits until they have moved, and tries again.
    """
    name, after = f"{table}_{month:%Y_%m}", _end_of(f"{month:%Y_%m}")
    if await connection.fetchval("select to_regclass($1) is null", name):
        await connection.execute(f"lock table {table}_default")
        await connection.execute(f"create table {name} (like {table} including all)")
        await connection.execute(
            f"with moved as (delete from {table}_default where written_on >= '{month}' and written_on < '{after}' "  # noqa: S608
            f"returning *) insert into {name} select * from moved"
        )
        await connection.execute(
            f"alter table {table} attach partition {name} for values from ('{month}') to ('{after}')"
        )


async def _partitions_before(connection: Any, oldest: date) -> list[str]:
    """Of the outbox, those in which nothing is younger, the oldest first."""
    rows = await connection.fetch(
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'outbox'::regclass order by 1"
    )
    months = {row["name"]: row["name"].removeprefix("outbox_") for row in rows}
    return [name for name, month in months.items() if month != "default" and _end_of(month) <= oldest]


def _end_of(month: str) -> date:
    """``2026_11`` → the first day of the next month."""
    year, number = map(int, month.split("_"))
    return (date(year, number, 1) + timedelta(days=32)).replace(day=1)


async def _drop_published(connection: Any, partitions: Sequence[str]) -> None:
    """Up to one in which something waits to be published: what is left of a lane has to be without a gap. All are
    looked at before one is dropped, for a drop stops everybody until the end."""
    done: list[str] = []
    for partition in partitions:
        query = (
            f"select exists (select from {partition} o join lane l on l.process = o.process and l.n = o.lane "  # noqa: S608
            "where o.position > l.published)"
        )
        if await connection.fetchval(query):
            break
        done.append(partition)
    for partition in done:
        await connection.execute(f"drop table {partition}")
