"""Of a dead letter its bytes go when it is old; its place stays as long as `makegood reconcile` needs it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from ops.reach import Database
from ops.reconcile import Account
from ops.reconcile.checks import WHOLE
from ops.reconcile.numbered import read_rows
from ops.reconcile.outside import Ear, Looker
from shared.events.base import PARTITIONS
from shared.runtime import turn
from shared.runtime.log import Place
from shared.runtime.migrate import keep_partitions
from shared.runtime.process import Undecodable
from shared.runtime.settings import Settings
from tests.runtime.toy import (
    ADJUSTMENTS,
    DEPOSITS,
    Adjusted,
    Counted,
    Deposited,
    account_process,
    account_process_v2,
)
from tests.runtime.workbench import START, Workbench, lane_of

DECIDED = "What was decided to be said is in the outbox"


async def keep(database_url: str, retention_days: int) -> None:
    """However short that is."""
    settings = Settings(database_url=SecretStr(database_url)).model_copy(update={"retention_days": retention_days})
    await keep_partitions(settings, "account")


async def differences(bench: Workbench) -> list[list[tuple[str, str]]]:
    """Between the topic of adjustments and what the account has on record of it."""
    account, places = Account(None, topics=True), [Place(ADJUSTMENTS.name, n) for n in range(PARTITIONS)]
    async with bench.pool.acquire() as connection, connection.transaction():
        look = Database(connection)
        read = {place: row for (_, place), row in (await read_rows(look, "account")).items()}
        ear = Ear("account", account_process_v2, ADJUSTMENTS.name, {"Adjusted": Adjusted}, read)
        looker = Looker(look, ear, account, timedelta(days=7))
        for place in places:
            await looker.look_at(bench.shelf.records[place])
        await looker.conclude(dict.fromkeys(places, 0))
    return [check.found for check in account.checks]


async def set_aside_and_said_again(bench: Workbench, monkeypatch: pytest.MonkeyPatch, said_at: datetime) -> None:
    """There is no room for a second fact of a key that has not begun. In the end it is on its topic twice, in the same
    bytes, and was decided on once."""
    monkeypatch.setattr(turn, "MOST_FACTS_OF_A_KEY", 1)
    one = await bench.replica(process=account_process_v2)
    one.clock.moment = said_at
    adjustments = (Adjusted(account="a", amount=amount) for amount in (1, 2))
    _, aside = bench.shelf.say(*adjustments, said_at=said_at)
    await one.read()
    bench.shelf.say(Deposited(account="a", n=1))
    await one.read()
    bench.shelf.append(aside.place, "a", aside.value or b"", aside.headers)
    await one.read()
    assert [event.total for event in bench.shelf.told(Counted)] == [1, 2, 4]


async def test_a_fact_that_was_set_aside_and_is_replayed_is_no_difference_however_old_it_gets(
    bench: Workbench, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_aside_and_said_again(bench, monkeypatch, START)
    await bench.pool.execute("update dead_letter set replayed_at = now()")
    assert await differences(bench) == []
    await bench.pool.execute("update dead_letter set written_on = '2020-01-15'")
    await keep(database_url, 7)
    assert await differences(bench) == []
    [kept] = await bench.pool.fetch("select key, value, headers, whole from dead_letter")
    assert tuple(kept) == (None, None, "[]", False)


async def test_nor_is_one_that_its_sender_has_said_again_when_its_letter_is_gone(
    bench: Workbench, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_aside_and_said_again(bench, monkeypatch, START)
    assert await differences(bench) == []
    await bench.pool.execute("update dead_letter set written_on = '2020-01-15'")
    await keep(database_url, 7)
    assert await bench.pool.fetchval("select count(*) from dead_letter") == 0
    assert await differences(bench) == []
    await bench.pool.execute("insert into journal select * from journal where type = 'Adjusted' limit 2")
    assert "4 Adjusted on record, 3 on the topic" in str(await differences(bench))


async def test_as_long_as_letters_are_kept_what_was_said_twice_is_on_record_twice(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_aside_and_said_again(bench, monkeypatch, datetime.now(UTC))
    await bench.pool.execute("delete from dead_letter")
    assert "2 Adjusted on record, 3 on the topic" in str(await differences(bench))


async def test_that_a_fact_of_ours_was_not_read_is_never_forgotten_before_it_is_replayed(
    bench: Workbench, database_url: str
) -> None:
    """Its number counts as heard. Of what others put on our topics, and of outside parties, the place goes too."""
    await bench.pool.execute(
        "insert into input (process, topic, partition, began_at, next, heard) "
        "values ('account', 'ours', 0, 0, 9, '{\"0\":[1,9,0]}'), ('account', 'theirs', 0, 0, 9, '{}')"
    )
    unknown, unnumbered = '[["ce_type", "is no type of ours"]]', '[["ce_sequence", "header is missing"]]'
    for offset, (topic, problems) in enumerate((("ours", unknown), ("ours", unnumbered), ("theirs", unknown))):
        await bench.pool.execute(
            "insert into dead_letter (process, topic, partition, \"offset\", headers, problems, at, written_on) "
            "values ('account', $1, 0, $2, '[]', $3, now(), '2020-01-15')",
            topic, offset, problems,
        )  # fmt: skip
    await keep(database_url, 7)
    assert [row["offset"] for row in await bench.pool.fetch('select "offset" from dead_letter')] == [0]


async def test_a_refusal_is_no_difference_as_long_as_the_outbox_has_it(bench: Workbench, database_url: str) -> None:
    """No decision said it, and its dead letter tells so; the outbox goes by months."""

    def refused(record: Undecodable) -> Counted:
        return Counted(account=record.key, n=99, total=0)

    one = await bench.replica(process=replace(account_process, refuses=refused))
    bench.shelf.append(Place(DEPOSITS.name, lane_of("a")), "a", b"no JSON", [])
    await one.read()
    today = await bench.pool.fetchval("select current_date")
    before = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    await bench.pool.execute(
        f"create table outbox_{before:%Y_%m} partition of outbox for values from ('{before}') to ('{today:%Y-%m}-01'); "
        f"update outbox set written_on = '{before}'; update dead_letter set written_on = '{before}'; "
        "update lane set published = position"
    )
    await keep(database_url, today.day)
    assert await bench.pool.fetchval("select count(*) from outbox") == 1
    assert await bench.pool.fetch(WHOLE[DECIDED]) == []
    assert await bench.pool.fetchval("select value from dead_letter") is None
    await keep(database_url, 0)
    assert await bench.pool.fetchval("select count(*) from outbox") == 0
    assert await bench.pool.fetchval("select count(*) from dead_letter") == 0
