"""Partitions are made and dropped beside a service at work, which goes on whoever reads its tables meanwhile."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import SecretStr

from ops.reconcile.checks import WHOLE
from shared.runtime import serve
from shared.runtime.migrate import SchemaError, keep_partitions, migrate
from shared.runtime.postgres import sorted_errors
from shared.runtime.settings import Settings
from shared.runtime.store import PassingError
from tests.runtime.toy import ADJUSTMENTS, Adjusted, Deposited, account_process_v2
from tests.runtime.workbench import Workbench, lane_of

PARTITIONS = "select inhrelid::regclass::text from pg_inherits where inhparent = $1::regclass order by 1"
SAID = "insert into outbox values ('account', 3, $1, 'toy.counts.v1', 3, 'a', '[]', '{}')"
Leave = Callable[[Workbench], Awaitable[dict[str, list[str]]]]
HELD_UP = 3.0
"""Seconds: half a one, and what a busy machine adds."""


def of(database_url: str) -> Settings:
    return Settings(database_url=SecretStr(database_url))


async def partitions(bench: Workbench, table: str) -> list[str]:
    return [name for (name,) in await bench.pool.fetch(PARTITIONS, table)]


async def leave_to_make(bench: Workbench) -> dict[str, list[str]]:
    """One partition of each table is missing; all that there should be."""
    wanted = {table: await partitions(bench, table) for table in ("outbox", "journal")}
    for names in wanted.values():
        await bench.pool.execute(f"drop table {names[2]}")
    return wanted


async def leave_to_drop(bench: Workbench) -> dict[str, list[str]]:
    """One partition of the outbox is old; all that there should be."""
    wanted = {"outbox": await partitions(bench, "outbox")}
    await bench.pool.execute(
        "create table outbox_2020_01 partition of outbox for values from ('2020-01-01') to ('2020-02-01')"
    )
    return wanted


async def longest_wait_until(bench: Workbench, keeping: "asyncio.Task[None]") -> float:
    """Says something again and again, and looks what there is to publish."""
    longest, position = 0.0, 0
    while not keeping.done():
        began, position = time.monotonic(), position + 1
        await bench.pool.execute(SAID, position)
        await bench.pool.fetch("select from outbox where process = 'account' and lane = 3 limit 1")
        longest = max(longest, time.monotonic() - began)
        await asyncio.sleep(0.02)
    return longest


@pytest.mark.parametrize("leave", [leave_to_make, leave_to_drop])
async def test_while_somebody_reads_for_hours_nobody_waits_for_the_keeper(
    bench: Workbench, database_url: str, leave: Leave
) -> None:
    wanted = await leave(bench)
    async with bench.pool.acquire() as reader, reader.transaction(isolation="repeatable_read", readonly=True):
        await reader.execute("select from outbox; select from journal")
        keeping = asyncio.create_task(keep_partitions(of(database_url), "account"))
        assert await longest_wait_until(bench, keeping) < HELD_UP
        with pytest.raises(PassingError, match="LockNotAvailable"):
            await keeping
    await keep_partitions(of(database_url), "account")
    assert {table: await partitions(bench, table) for table in wanted} == wanted


async def test_while_somebody_reads_for_hours_nobody_waits_for_a_migration(bench: Workbench, database_url: str) -> None:
    async with bench.pool.acquire() as reader, reader.transaction(isolation="repeatable_read", readonly=True):
        await reader.execute("select from outbox; select from journal; select from state; select from lane")
        migrating = asyncio.create_task(migrate(of(database_url), [bench.service]))
        assert await longest_wait_until(bench, migrating) < HELD_UP
        with pytest.raises(SchemaError, match="tables of account for long"):
            await migrating
    await migrate(of(database_url), [bench.service])


@pytest.mark.parametrize("leave", [leave_to_make, leave_to_drop])
async def test_a_keeper_who_had_to_give_way_tries_again_at_once(
    bench: Workbench, database_url: str, leave: Leave
) -> None:
    wanted = await leave(bench)
    async with bench.pool.acquire() as reader, reader.transaction():
        await reader.execute("select from outbox; select from journal")
        keeping = asyncio.create_task(keep_partitions(of(database_url), "account"))
        await asyncio.wait({keeping}, timeout=1)
    await keeping
    assert {table: await partitions(bench, table) for table in wanted} == wanted


async def test_partitions_are_made_while_somebody_writes(bench: Workbench, database_url: str) -> None:
    wanted = await leave_to_make(bench)
    async with bench.pool.acquire() as writer, writer.transaction():
        await writer.execute(SAID, 1)
        await keep_partitions(of(database_url), "account")
    assert {table: await partitions(bench, table) for table in wanted} == wanted
    made = await bench.pool.fetch("select indexdef from pg_indexes where tablename = any($1)", [wanted["outbox"][2]])
    assert ['(process, lane, "position")' in row["indexdef"] for row in made] == [True]


async def keep(bench: Workbench, database_url: str) -> None:
    await keep_partitions(of(database_url), bench.service.name)


async def migrate_again(bench: Workbench, database_url: str) -> None:
    await migrate(of(database_url), [bench.service])


@pytest.mark.parametrize("mend", [keep, migrate_again])
async def test_what_the_default_partition_has_caught_moves_to_a_partition_of_its_month(
    bench: Workbench, database_url: str, mend: Callable[[Workbench, str], Awaitable[None]]
) -> None:
    """Nobody had prepared a month: the service stood still, and when it began again the keeper had to give way."""
    wanted = await partitions(bench, "outbox")
    await bench.pool.execute(f"drop table {wanted[0]}")
    await bench.pool.execute(SAID.replace("'{}'", "'{}', '2020-01-15'"), 1)
    await bench.pool.execute(SAID, 2)
    await bench.pool.execute("update lane set published = 1 where n = 3")
    await mend(bench, database_url)
    assert await partitions(bench, "outbox") == ["outbox_2020_01", *wanted]
    rows = await bench.pool.fetch("select tableoid::regclass::text, position from outbox order by position")
    assert [tuple(row) for row in rows] == [("outbox_2020_01", 1), (wanted[0], 2)]
    await keep(bench, database_url)
    assert await partitions(bench, "outbox") == wanted


async def test_who_writes_to_the_default_partition_while_its_rows_move_tries_again(bench: Workbench) -> None:
    """It is no fault of a key's data."""
    month, *_ = await partitions(bench, "outbox")
    await bench.pool.execute(f"alter table outbox detach partition {month}")
    async with bench.pool.acquire() as keeper, keeper.transaction():
        await keeper.execute("lock table outbox_default")
        writing = asyncio.create_task(bench.pool.execute(SAID, 1))
        waits = "select from pg_locks where relation = 'outbox_default'::regclass and not granted"
        while not await keeper.fetch(waits):
            pass
        await keeper.execute(
            f"alter table outbox attach partition {month} for values from (date_trunc('month', current_date)::date) "
            "to ((date_trunc('month', current_date) + interval '1 month')::date)"
        )
    with pytest.raises(PassingError, match="a partition has come meanwhile"):
        async with sorted_errors():
            await writing


async def test_where_one_step_fails_the_others_are_tried(
    bench: Workbench, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.runtime.migrate._PAUSES", ())
    wanted = await leave_to_make(bench)
    async with bench.pool.acquire() as reader, reader.transaction():
        await reader.execute("select from outbox")
        with pytest.raises(PassingError):
            await keep(bench, database_url)
    assert await partitions(bench, "journal") == wanted["journal"]


async def test_a_round_that_failed_is_followed_by_another_in_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[str] = []

    async def gives_way_at_first(_: Settings, service: str) -> None:
        rounds.append(service)
        if len(rounds) == 1:
            raise PassingError

    assert serve.KEEP_AGAIN_SECONDS <= serve.KEEP_SECONDS / 10
    monkeypatch.setattr(serve, "KEEP_AGAIN_SECONDS", 0)
    monkeypatch.setattr(serve, "keep_partitions", gives_way_at_first)
    keeping = asyncio.create_task(serve.keep_house(Settings(), "account"))
    await asyncio.wait({keeping}, timeout=0.2)
    keeping.cancel()
    assert rounds == ["account", "account"]


async def test_keeper_and_worker_never_wait_for_each_other(bench: Workbench, database_url: str) -> None:
    await leave_to_drop(bench)
    await bench.pool.execute(
        "insert into held (process, lane, key, type, cause, said_at, since, written_on) "
        "values ('account', 3, 'a', 'Adjusted', 'c', now(), now(), '2020-01-15'); "
        "update lane set held = 1 where process = 'account' and n = 3"
    )
    async with bench.pool.acquire() as worker, worker.transaction():
        await worker.execute("select from lane where process = 'account' and n = 3 for update")
        keeping = asyncio.create_task(keep_partitions(of(database_url), "account"))
        await asyncio.wait({keeping}, timeout=1)
        await worker.execute(SAID, 1)
    await keeping
    assert await bench.pool.fetchval("select count(*) from held") == 0


async def test_what_is_old_is_so_by_the_databases_calendar_whatever_this_machine_says(
    bench: Workbench, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that is years ahead would drop what has just been said."""

    class Ahead(date):
        @classmethod
        def today(cls) -> "Ahead":
            return cls(2100, 1, 1)

    monkeypatch.setattr("shared.runtime.migrate.date", Ahead)
    wanted = {table: await partitions(bench, table) for table in ("outbox", "journal")}
    await keep_partitions(of(database_url), "account")
    assert {table: await partitions(bench, table) for table in wanted} == wanted


async def differences(bench: Workbench) -> dict[str, list[str]]:
    """What `makegood reconcile` finds in the rows of this service."""
    found = {name: [row["what"] for row in await bench.pool.fetch(sql)] for name, sql in WHOLE.items()}
    return {name: lines for name, lines in found.items() if lines}


async def let_a_day_begin_in(bench: Workbench, span: timedelta) -> None:
    """Where the clocks are put forward by a day then."""
    name, then = await bench.pool.fetchval("select current_database()"), datetime.now(UTC) + span
    day = then.timetuple().tm_yday - 1
    zone = f"<old>0<new>-24,{day}/{then:%H:%M:%S},{(day - 1) % 365}/0"
    await bench.pool.execute(f"alter database {name} set timezone = '{zone}'")
    await bench.pool.expire_connections()


async def test_a_month_that_goes_leaves_no_gap_where_a_turn_began_before_midnight_and_followed_on_one_after_it(
    bench: Workbench,
) -> None:
    """Whoever has the lane later writes under no earlier day."""
    one, other = [await bench.replica(process=account_process_v2) for _ in range(2)]
    await let_a_day_begin_in(bench, timedelta(seconds=2))
    [deposit, adjustment] = bench.shelf.say(Deposited(account="a", n=1), Adjusted(account="a", amount=1))
    async with bench.pool.acquire() as holder, holder.transaction():
        await holder.execute("select from input where topic = $1 for update", ADJUSTMENTS.name)
        day = await holder.fetchval("select current_date")
        early = asyncio.create_task(one.worker.hear([adjustment]))
        while not await holder.fetchval("select count(*) from pg_locks where not granted"):
            pass
        while await holder.fetchval("select clock_timestamp()::date from pg_sleep(0.05)") == day:
            pass
        await other.worker.hear([deposit])
    await early
    assert [n for (n,) in await bench.pool.fetch("select n from journal order by at")] == [1, 2]
    assert await differences(bench) == {}
    await bench.pool.execute("delete from outbox where written_on = $1", day)
    assert await differences(bench) == {}


async def test_no_month_goes_before_an_earlier_one_in_which_something_waits_to_be_published(
    bench: Workbench, database_url: str
) -> None:
    """All that is left is without a gap."""
    one, another = await bench.replica(), next(key for key in "bcd" if lane_of(key) != lane_of("a"))
    for n, day, accounts in ((1, "2020-01-15", ("a", another)), (2, "2020-02-15", another), (3, None, another)):
        bench.shelf.say(*(Deposited(account=account, n=n) for account in accounts))
        await one.read()
        for table in ("outbox", "journal") if day else ():
            await bench.pool.execute(f"update {table} set written_on = '{day}' where written_on = current_date")
    await bench.pool.execute("update lane set published = 0 where n = $1", lane_of("a"))
    wanted = ["outbox_2020_01", "outbox_2020_02", *await partitions(bench, "outbox")]
    for _ in range(2):  # what the default partition has caught moves first
        await keep(bench, database_url)
    assert await differences(bench) == {}
    assert sorted(await partitions(bench, "outbox")) == sorted(wanted)
    await bench.pool.execute("update lane set published = position")
    await keep(bench, database_url)
    assert await differences(bench) == {}
    assert await partitions(bench, "outbox") == wanted[2:]
