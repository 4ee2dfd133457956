"""A database is restored from an older backup while the log moved on: published facts win, nothing is said twice."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from pydantic import SecretStr

from ops.recover import StillServingError, recovered, settled
from shared.runtime.postgres import connect
from shared.runtime.settings import Settings
from tests.runtime.conftest import Playground
from tests.runtime.test_recovery_of_replicas import assert_each_once_in_order, deposits
from tests.runtime.toy import COUNTS, SERVICES, Counted, Deposited, Expired, Mirrored

ACCOUNTS = 20


@asynccontextmanager
async def restored(playground: Playground, *, wait: str = "") -> AsyncGenerator[None]:
    """What happens inside is forgotten by the account's database, and by it alone, as after a backup came back."""
    tables = [
        row["name"]
        for row in await playground.query(
            "select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname = 'account' and c.relkind in ('r', 'p') and not c.relispartition"
        )
    ]
    await playground.query("create schema backup")
    copies = "; ".join(f"create table backup.{name} as table account.{name}" for name in tables)
    await playground.query(f"do $$ begin {copies}; end $$")
    yield
    back = "; ".join(
        f"truncate account.{name}; insert into account.{name} overriding system value table backup.{name}"
        for name in tables
    )
    await playground.query(f"do $$ begin {back}; end $$")


async def counted(playground: Playground, last: int) -> Sequence[Counted]:
    return await playground.read(Counted, ACCOUNTS * last)


async def test_what_was_published_stands_and_is_not_said_twice(playground: Playground) -> None:
    mirror, account = playground.serve("mirror"), playground.serve("account")
    await playground.publish(deposits(ACCOUNTS, 1, 3))
    await counted(playground, 3)
    assert account.stop() == 0
    async with restored(playground):
        account = playground.serve("account")
        await playground.publish([Deposited(account=f"a{n}", n=4, wait_days=2) for n in range(ACCOUNTS)])
        await playground.read(Expired, ACCOUNTS)  # a deadline is among what is forgotten
        await playground.publish(deposits(ACCOUNTS, 5, 6))
        await counted(playground, 6)
        account.kill()

    refused = playground.serve("account")
    assert await refused.ended() == 3
    assert "makegood recover account" in refused.log.read_text()

    [recalled] = await recovered(playground.settings, SERVICES["account"])
    assert (recalled.events, recalled.epoch) == (ACCOUNTS * 4, 2)
    await playground.publish(deposits(ACCOUNTS, 7, 8))
    playground.serve("account")
    assert_each_once_in_order(await counted(playground, 8), ACCOUNTS, 8)
    assert_each_once_in_order(await playground.read(Mirrored, ACCOUNTS * 8), ACCOUNTS, 8)
    assert len(await playground.read(Expired, ACCOUNTS)) == ACCOUNTS
    await playground.until_row("select from (select count(*) from account.told) t(n) where n = 0")
    [row] = await playground.query(
        "select count(*) as states, min((body ->> 'n')::int) as least, (select count(*) from account.held) as held, "
        "(select count(*) from account.journal where type = 'deadline') as deadlines from account.state"
    )
    assert dict(row) == {"states": ACCOUNTS, "least": 8, "held": 0, "deadlines": ACCOUNTS}
    assert mirror.process.poll() is None


async def test_a_decision_that_differs_from_what_was_published_parks_its_key(playground: Playground) -> None:
    account = playground.serve("account")
    await playground.publish(deposits(ACCOUNTS, 1, 1))
    await counted(playground, 1)
    assert account.stop() == 0
    async with restored(playground):
        account = playground.serve("account")
        await playground.publish(deposits(ACCOUNTS, 2, 2))
        await counted(playground, 2)
        account.kill()
    await playground.query(
        """update account.state set body = '{"account": "a7", "n": 1, "total": 99}' where key = 'a7'"""
    )
    await recovered(playground.settings, SERVICES["account"])
    playground.serve("account")
    await playground.publish(deposits(ACCOUNTS, 3, 3))
    await playground.until_row("select from account.held where error like '%differs from what was published%Counted%'")
    await playground.until_row("select from (select count(*) from account.lane where gathering) l(n) where n = 0")
    rows = await playground.query("select distinct key from account.held")
    assert [row["key"] for row in rows] == ["a7"]
    assert len([fact for fact in await playground.read(Counted, ACCOUNTS * 3 - 1) if fact.account == "a7"]) == 2

    await playground.query(
        "insert into account.request (process, lane, key, kind, cause, body, at) "
        "select process, lane, key, 'replay', 'by hand', 'as-published', now() from account.held limit 1"
    )
    facts = [fact for fact in await counted(playground, 3) if fact.account == "a7"]
    assert [(fact.n, fact.total) for fact in facts] == [(1, 1), (2, 2), (3, 101)]
    assert await playground.query("select from account.told") == []


async def test_a_replica_from_before_the_recovery_is_not_heard_any_more(playground: Playground) -> None:
    account = playground.serve("account")
    mirror = playground.serve("mirror")
    await playground.publish([Deposited(account="a", n=1)])
    await playground.read(Mirrored, 1)
    assert account.stop() == 0
    await recovered(playground.settings, SERVICES["account"])
    playground.serve("account")
    await playground.publish([Deposited(account="a", n=2)])
    await playground.read(Mirrored, 2)
    [row] = await playground.query("select n from account.lane where position = 2")
    stale = Counted(account="a", n=3, total=3)
    headers = {
        "ce_id": "stale", "ce_type": "Counted", "ce_time": playground.clock.now().isoformat(),
        "ce_lane": str(row["n"]), "ce_sequence": "3", "ce_epoch": "1",
    }  # fmt: skip
    await playground.publish_raw(
        COUNTS.name, b"a", stale.model_dump_json().encode(), [(name, text.encode()) for name, text in headers.items()]
    )
    await playground.publish([Deposited(account="a", n=3, amount=5)])
    assert [fact.n for fact in await playground.read(Mirrored, 3)] == [1, 2, 3]
    rows = await playground.query("select body from mirror.journal where type = 'Counted' order by n")
    assert [row["body"].count('"total":7') for row in rows] == [0, 0, 1]
    assert mirror.process.poll() is None


async def test_epochs_never_go_back_though_the_same_backup_comes_back_twice(playground: Playground) -> None:
    _, account = playground.serve("mirror"), playground.serve("account")
    await playground.publish([Deposited(account="a", n=1)])
    await playground.read(Mirrored, 1)
    assert account.stop() == 0
    async with restored(playground):
        await recovered(playground.settings, SERVICES["account"])
        await recovered(playground.settings, SERVICES["account"])
        account = playground.serve("account")
        await playground.publish([Deposited(account="a", n=2)])
        await playground.read(Mirrored, 2)
        assert account.stop() == 0
    await recovered(playground.settings, SERVICES["account"])
    playground.serve("account")
    await playground.publish([Deposited(account="a", n=3)])
    assert [fact.n for fact in await playground.read(Mirrored, 3)] == [1, 2, 3]


async def test_recovery_waits_until_no_replica_runs(playground: Playground) -> None:
    account = playground.serve("account")
    await playground.publish([Deposited(account="a", n=1)])
    await playground.read(Counted, 1)
    with pytest.raises(StillServingError, match="end all its replicas"):
        await recovered(playground.settings, SERVICES["account"])
    assert account.stop() == 0


async def test_a_replica_is_seen_by_a_role_that_may_see_little_of_others(database_url: str) -> None:
    url = urlsplit(database_url)
    place = url.netloc.rpartition("@")[2]
    other = Settings(database_url=SecretStr(url._replace(netloc=f"looks_on:secret@{place}").geturl()))
    serving = await connect(Settings(database_url=SecretStr(database_url)), "account")
    try:
        await serving.execute("create role looks_on login password 'secret'")
        with pytest.raises(StillServingError, match="1 sessions of account are open"):
            await recovered(other, SERVICES["account"])
    finally:
        await serving.execute("drop role if exists looks_on")
        await serving.close()


async def test_a_running_replica_ends_when_its_database_goes_back(playground: Playground) -> None:
    account = playground.serve("account")
    await playground.publish(deposits(ACCOUNTS, 1, 1))
    await counted(playground, 1)
    async with restored(playground):
        await playground.publish(deposits(ACCOUNTS, 2, 2))
        await counted(playground, 2)
    await playground.publish(deposits(ACCOUNTS, 3, 3))
    assert await account.ended() == 3
    assert "makegood recover account" in account.log.read_text()
    await playground.until_moment(playground.clock.now() + timedelta(days=1))
    facts = await counted(playground, 2)
    assert {fact.n for fact in facts} == {1, 2}


async def test_what_does_not_come_back_is_named_and_not_waited_for_any_more(playground: Playground) -> None:
    """But not in a lane that still gathers, nor in one in which a key waits for something to come first, nor where the
    letter is still to go out that it follows from, or its outcome is still to be heard."""
    letter = "4b39dd41-1c60-5f0e-9a21-8fd1e0f0d6c4"
    await playground.query(
        "insert into account.told (process, lane, cause, id, moment, type, said, stream) "
        "select 'account', n, case n when 4 then $1 else 'cause' || n end, 'id' || n, now(), 'Counted', 'p', 's' "
        "from generate_series(1, 5) n",
        letter,
    )
    await playground.query("update account.lane set told = 1, gathering = n = 2 where n between 1 and 5")
    await playground.query(
        "insert into account.effect (id, process, lane, key, kind, body, at, next_at) "
        "values ($1, 'account', 4, 'b', 'Letter', '{}', now(), now())",
        UUID(letter),
    )
    await playground.query(
        "insert into account.request (process, lane, key, kind, cause, at) "
        "values ('account', 5, 'c', 'Counted', 'cause5', now())"
    )
    await playground.query(
        "insert into account.state (process, key, lane, n, body) values ('account', 'a', 3, 1, '{}')"
    )
    await playground.query(
        "insert into account.held (process, lane, key, type, cause, said_at, since) "
        "values ('account', 3, 'a', 'Deposited', 'later', now(), now())"
    )
    left, waiting = await settled(playground.settings, SERVICES["account"])
    assert [(one.process, one.cause, one.what) for one in left] == [("account", "cause1", "Counted id1")]
    assert waiting == 4
    rows = await playground.query("select n from account.lane where told > 0 order by n")
    assert [row["n"] for row in rows] == [2, 3, 4, 5]
    assert [row["id"] for row in await playground.query("select id from account.told order by id")] == [
        "id2",
        "id3",
        "id4",
        "id5",
    ]
