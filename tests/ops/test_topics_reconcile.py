"""What `makegood reconcile` asks of topics: a house at work differs in nothing, and each thing that is off is found."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, cast

import asyncpg
import pytest
import pytest_asyncio

from ops.local.stack import Stack
from ops.reach import Database, ReachError, database
from ops.reach_kafka import publish_again
from ops.reconcile import Account, numbered, reconcile
from ops.reconcile.account import SHOWN, Check
from ops.reconcile.numbered import HEARD, OURS, THERE
from ops.reconcile.outside import ON_TOPIC
from ops.reconcile.reading import reading
from ops.reconcile.streams import Fold
from shared.events.base import PARTITIONS, Envelope
from shared.events.upstream import SUBMISSIONS
from shared.runtime.codec import headers_of
from shared.runtime.lanes import partition_of
from shared.runtime.log import Place, Record
from shared.runtime.settings import Settings
from tests.conftest import empty_database, without_topics
from tests.deciding import START
from tests.faults.town import RECOVERY, SETTLING, Town, opened

RATE = 4.0
"""Claims per real second."""
Found = dict[str, list[str]]
"""Check → where and what."""


class House:
    """Five services that were at work under a load of claims, and are still; what was found meanwhile."""

    def __init__(self, settings: Settings, looks: Sequence[Account]) -> None:
        self.settings, self.looks = settings, looks

    async def differences(
        self, *tampering: tuple[str, *tuple[Any, ...]], claim: str | None = None, retention_days: int = 30
    ) -> dict[str, list[str]]:
        """What is found after some statements, which are then taken back."""
        connection = await cast("Any", asyncpg).connect(self.settings.database_url.get_secret_value())
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            for sql, *arguments in tampering:
                assert await connection.fetch(sql + " returning 1", *arguments), "nothing was tampered with"
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(numbered, "PATIENCE", 0.0)  # everybody has stopped: nothing more gets published
                settings = self.settings.model_copy(update={"retention_days": retention_days})
                account = await reconcile(Database(connection), claim, settings)
        finally:
            await transaction.rollback()
            await connection.close()
        return {name: lines for name, lines in found(account).items() if name != numbered.PUBLISHED}

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        async with database(self.settings) as look:
            return await look.rows("escalation", sql, *arguments)

    async def publish(self, row: Any, *, body: str | None = None, without: str = "", **headers: str) -> None:
        """A row of escalation's outbox once more, with some things different."""
        told = {**dict(json.loads(row["headers"])), **headers}
        told.pop(without, None)
        value, place = (body or row["body"]).encode(), Place(row["topic"], row["partition"])
        wire = [(name, text.encode()) for name, text in told.items()]
        await publish_again(self.settings, place, row["key"].encode(), value, wire)


def found(account: Account) -> Found:
    return {check.name: [f"{where} {what}" for where, what in check.found] for check in account.checks if check.found}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Looked at again and again while claims are on their way and services are killed; then everybody stops."""
    await without_topics(stack.bootstrap_servers)
    async with empty_database(stack) as url:
        its_own = replace(stack, database_url=url, parts=[], place=None)
        async with opened(its_own, tmp_path_factory.mktemp("house")) as town:
            town.load.starts(RATE)
            looks = await _looks(town, paid=5)
            for service in ("escalation", "recovery"):
                town.fleet.kill(service)
                town.serve(service)
            looks += await _looks(town, paid=15)
            town.fleet.end()
            yield House(town.settings, looks)


async def _looks(town: Town, *, paid: int) -> list[Account]:
    """One after the other, until so much has been paid."""
    looks: list[Account] = []
    async with asyncio.timeout(RECOVERY + SETTLING):
        while sum(map(bool, town.load.book.paid.values())) < paid or len(looks) < 3:
            async with database(town.settings) as look:
                looks.append(await reconcile(look, None, town.settings))
    return looks


async def test_a_house_at_work_differs_in_nothing_at_any_moment(house: House) -> None:
    assert len(house.looks) > 5
    assert [found(account) for account in house.looks if account.differences] == []
    assert house.looks[-1].records > house.looks[0].records
    assert any("records_unread" in counts for account in house.looks for counts in account.waiting.values()), "no load"


async def test_when_all_have_stopped_nothing_differs_for_any_claim(house: House) -> None:
    assert await house.differences() == {}
    for row in await house.rows("select key from state where process = 'escalation' limit 3"):
        assert await house.differences(claim=row["key"]) == {}


def said(n: int) -> str:
    """The nth payout that was ordered."""
    order = "select lane, position from escalation.outbox where topic = 'finance.payouts.v1' order by 1, 2"
    return f"process = 'escalation' and (lane, position) = ({order} limit 1 offset {n})"


def paid(n: int) -> str:
    """The nth payment that recovery has heard of."""
    order = "select key, n from recovery.journal where type = 'PayoutPaid' order by 1, 2"
    return f"process = 'recovery' and (key, n) = ({order} limit 1 offset {n})"


PUBLISHED_AND_LOST = """
with one_more as (
    update escalation.lane set position = position + 1, published = position + 1,
        streams = replace(streams::text, 'payouts.v1:' || n || '":', 'payouts.v1:' || n || '":1')::json
    where process = 'escalation'
        and n = (select max(partition) from escalation.outbox where topic = 'finance.payouts.v1')
    returning n, position, streams
)
insert into escalation.outbox (process, lane, position, topic, partition, key, headers, body)
select 'escalation', n, position, 'finance.payouts.v1', n, 'k', json_build_array(json_build_array('ce_id', 'lost'),
    json_build_array('ce_sequence', streams ->> ('finance.payouts.v1:' || n))), '{}' from one_more"""
INVENTED = f"""
insert into recovery.journal (process, key, n, at, said_at, type, cause, body, known, says)
select process, key, n, at, said_at, type, 'finance.results.v1/' || key || '/invented', body, known, says
from recovery.journal where {paid(0)}"""
OFF = (
    (OURS, "differs from event", f"update escalation.outbox set body = body || ' ' where {said(0)}"),
    (OURS, "differs from event", f"update escalation.outbox set key = key || 'x' where {said(1)}"),
    (
        OURS,
        "differs from event",
        f"update escalation.outbox set headers = replace(headers::text, 'Payout', 'X')::json where {said(2)}",
    ),
    ("No row of an outbox is missing", "rows from", f"delete from escalation.outbox where {said(3)}"),
    (THERE, "was published, and is not there", PUBLISHED_AND_LOST),
    (HEARD, "was read, and is not on record", f"delete from recovery.journal where {paid(1)}"),
    (HEARD, "with another content", f"update recovery.journal set body = body || ' ' where {paid(2)}"),
    (ON_TOPIC, "PayoutPaid on record", INVENTED),
    (
        HEARD,
        "from lane",
        (
            "update recovery.input set heard = replace(heard::text, ':[1,', ':[1,1')::json "
            "where process = 'recovery' and topic = 'finance.payouts.v1' and heard::text like '%:[1,%'"
        ),
    ),
    (
        HEARD,
        "is not the one that was heard",
        (
            "update recovery.input set last_print = last_print + 1 "
            "where process = 'recovery' and topic = 'claims.seller-notifier.v1' and last_print is not null"
        ),
    ),
    (HEARD, "and the log ends at", "update escalation.input set next = 999 where topic = 'adjusters.decisions.v1'"),
    (
        "Every decision is in the journal",
        "numbered to",
        (
            "delete from intake.journal where (process, key, n) = "
            "(select process, key, 1 from intake.state where process = 'intake' and n > 1 limit 1)"
        ),
    ),
    (
        "What was decided to be said is in the outbox",
        "events follow from decisions",
        (
            "update intake.journal set says = array['x'] "
            "where (process, key, n) = (select process, key, n from intake.journal where says <> '{}' limit 1)"
        ),
    ),
    (
        "The state is what its last decision left",
        "than decision",
        "update escalation.state set body = (body::jsonb || '{\"x\": 1}')::json where process = 'escalation'",
    ),
)


async def test_all_that_is_off_is_found_at_once(house: House) -> None:
    told = await house.differences(*((sql,) for _, _, sql in OFF))
    missed = [(check, what) for check, what, _ in OFF if not any(what in line for line in told.get(check, ()))]
    assert missed == []
    assert sum("differs from event" in line for line in told[OURS]) == 3


@pytest.mark.parametrize("one", [OFF[0], OFF[5]], ids=["said", "heard"])
async def test_what_is_off_is_found_alone_and_for_its_claim(house: House, one: tuple[str, str, str]) -> None:
    check, what, sql = one
    table = "escalation.outbox" if check == OURS else "recovery.journal"
    [row] = await house.rows(f"select key from {table} where {sql.partition(' where ')[2]}")
    for claim in (None, row["key"]):
        told = await house.differences((sql,), claim=claim)
        assert what in told[check][0]


async def test_a_lost_fact_is_found_however_old_its_sender_says_it_is_once_its_key_has_begun(house: House) -> None:
    """What waits for a beginning may have been dropped."""
    lost = f"delete from recovery.journal where {paid(1)}"
    never_begun = f"update recovery.state set key = 'x' where key = (select key from recovery.journal where {paid(1)})"
    read_and_lost = "was read, and is not on record"
    assert read_and_lost in str((await house.differences((lost,), retention_days=0))[HEARD])
    assert read_and_lost in str((await house.differences((never_begun,), (lost,)))[HEARD])
    assert HEARD not in await house.differences((never_begun,), (lost,), retention_days=0)


async def test_a_state_that_is_older_than_its_last_decision_or_gone_is_found_also_for_its_claim(house: House) -> None:
    [row] = await house.rows("select key, n from state where process = 'escalation' and n > 2 limit 1")
    older = "update escalation.state set n = n - 1 where process = 'escalation' and key = $1"
    gone = "delete from escalation.state where process = 'escalation' and key = $1"
    for claim in (None, row["key"]):
        for sql, what in ((older, f"it is of decision {row['n'] - 1}"), (gone, "and it is gone")):
            told = await house.differences((sql, row["key"]), claim=claim)
            assert [f"escalation/{row['key']} decision {row['n']} changed it, {what}"] == told[
                "No state is older than its last decision, or gone"
            ]


async def test_a_submission_that_an_older_version_passed_over_when_it_came_again_is_no_difference(house: House) -> None:
    """It kept nothing of it; that the first is on record is enough."""
    [row] = await house.rows("select key, body from intake.journal where type = 'ClaimSubmitted' limit 1")
    key, place = row["key"], Place(SUBMISSIONS.name, partition_of(row["key"], PARTITIONS))
    again = headers_of(Envelope("again", "ClaimSubmitted", "upstream", START, key))
    await publish_again(house.settings, place, key.encode(), row["body"].encode(), again)
    async with reading(house.settings, [SUBMISSIONS.name]) as log:
        end = log.ends[place]
    last = "update intake.input set began_at = $1::bigint - 1, next = $1, last_print = null where process = 'intake' "
    read = (last + "and topic = $2 and partition = $3", end, *place)
    assert await house.differences(read) == {}
    lost = ("delete from intake.journal where process = 'intake' and key = $1", key)
    assert "was read, and is not on record" in str((await house.differences(read, lost))[HEARD])


async def test_a_body_with_a_nul_stops_nothing(house: House) -> None:
    sql = r"""update escalation.outbox set body = regexp_replace(body, '\}$', ',"note":"a\u0000b"}') where """
    told = await house.differences((sql + said(0),))
    assert list(told) == [OURS]


async def test_what_is_on_a_topic_and_nobody_of_ours_has_said_is_found(house: House) -> None:
    """Last: what was published stays."""
    [row] = await house.rows(f"select * from escalation.outbox where {said(0)}")
    await house.publish(row)
    assert await house.differences() == {}, "a repetition to the letter is none"
    await house.publish(row, body=row["body"] + " ")
    assert "repeats event" in str((await house.differences())[OURS])
    await house.publish(row, without="ce_sequence")
    assert "has no number" in str((await house.differences())[OURS])
    await house.publish(row, ce_sequence="999999")
    assert "which has said" in str((await house.differences())[OURS])
    assert "which has said" not in str(await house.differences(claim=row["key"]))
    await house.publish(row, ce_lane="16", ce_sequence="1")
    told = await house.differences()
    assert "is of lane 16" in str(told[OURS])
    assert HEARD not in told, "nobody is to hear it"


async def test_the_content_of_every_repetition_is_compared(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few of them are gathered at a time."""
    [row] = await house.rows(f"select * from escalation.outbox where {said(1)}")
    monkeypatch.setattr(numbered, "MOST_OTHERS", 1)
    repeated = str((await house.differences()).get(OURS)).count("repeats event")
    for n in range(3):
        await house.publish(row, body=row["body"] + " " * (n + 1))
    assert str((await house.differences())[OURS]).count("repeats event") == repeated + 3


def test_nothing_grows_with_records_that_are_of_no_stream() -> None:
    place, ours = Place("finance.payouts.v1", 0), Check(OURS)
    fold = Fold({}, {place: 0}, ours)
    for n in range(SHOWN):
        for lane in (b"none", b"%d" % (PARTITIONS + n)):
            wire = [("ce_lane", lane), ("ce_sequence", b"1"), ("ce_epoch", b"1")]
            fold.hear(Record(place, n, 0, b"k", b"{}", wire))
    assert (fold.streams, fold.others) == ({}, [])
    assert (ours.differences, len(ours.found)) == (2 * SHOWN, SHOWN)


async def test_kafka_that_is_away_is_said_with_the_cure(house: House) -> None:
    away = house.settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:9"})
    async with database(away) as look:
        with pytest.raises(ReachError, match="Kafka does not answer"):
            await reconcile(look, None, away)
