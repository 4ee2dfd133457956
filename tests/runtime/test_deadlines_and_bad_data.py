"""Deadlines stay behind the log; bad data stops its own key only; another log is refused."""

from datetime import timedelta
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from tests.conftest import make_topics
from tests.runtime.conftest import Playground
from tests.runtime.toy import COUNTS, DEPOSITS, Counted, Deposited, Expired, MirrorExpired


async def test_a_deadline_is_asked_once_after_it_has_passed(playground: Playground) -> None:
    playground.serve("account")
    await playground.publish([Deposited(account="a", n=1, wait_days=1)])
    [expired] = await playground.read(Expired, 1)
    assert expired.n == 1
    [row] = await playground.query(
        "select at - due as late from account.journal, (select said_at as due from "
        "account.journal where type = 'deadline') d where type = 'deadline'"
    )
    assert row["late"] >= timedelta(0)


async def test_what_lay_unread_when_the_deadline_passed_is_heard_first(playground: Playground) -> None:
    first = playground.serve("account")
    await playground.publish([Deposited(account=f"a{n}", n=1, wait_days=4) for n in range(40)])
    await playground.read(Counted, 40)
    first.kill()
    await playground.publish([Deposited(account=f"a{n}", n=2) for n in range(40)])
    deadline = playground.clock.now() + timedelta(days=5)
    await playground.until_moment(deadline)
    playground.serve("account")
    assert {expired.n for expired in await playground.read(Expired, 40)} == {2}


async def test_what_another_service_has_yet_to_pass_on_is_heard_before_the_deadline(playground: Playground) -> None:
    playground.serve("mirror")
    account = playground.serve("account")
    await playground.publish([Deposited(account=f"a{n}", n=1) for n in range(40)])
    await playground.read(Counted, 40)
    account.kill()
    await playground.publish([Deposited(account=f"a{n}", n=2) for n in range(40)])
    await playground.until_moment(playground.clock.now() + timedelta(days=15))
    assert await playground.query("select from mirror.journal where type = 'deadline'") == []
    playground.serve("account")
    assert {expired.n for expired in await playground.read(MirrorExpired, 40)} == {2}


async def test_data_that_the_database_refuses_parks_its_own_key(playground: Playground) -> None:
    playground.serve("account")
    bad = [
        Deposited(account="negative", n=1, amount=-(2**70)),
        Deposited(account="overflow", n=1, amount=2**70),
        Deposited(account="negative", n=2),
    ]
    good = [Deposited(account=f"a{n}", n=1) for n in range(30)]
    await playground.publish([*good[:15], *bad, *good[15:]])
    facts = await playground.read(Counted, 30)
    assert {fact.account for fact in facts} == {f"a{n}" for n in range(30)}
    await playground.until_row("select from (select count(*) from account.held) h(n) where n = 3")
    rows = await playground.query("select key, error from account.held order by id")
    assert {row["key"] for row in rows if row["error"]} == {"negative", "overflow"}
    assert [row["key"] for row in rows if not row["error"]] == ["negative"]


async def test_a_decision_that_fails_parks_its_key_and_replay_keeps_the_order(playground: Playground) -> None:
    playground.serve("account")
    await playground.publish([Deposited(account="a", n=1), Deposited(account="a", n=2, fails=True)])
    await playground.publish([Deposited(account="a", n=3), Deposited(account="b", n=1)])
    await playground.until_row("select from (select count(*) from account.held) h(n) where n = 2")
    [first, second] = await playground.query("select error, body from account.held order by id")
    assert "FailingOnPurposeError" in first["error"]
    assert "secret" not in first["error"]
    assert second["error"] is None

    await playground.query("update account.held set body = replace(body, 'true', 'false')")  # the repair
    await playground.query(
        "insert into account.request (process, lane, key, kind, cause, at) "
        "select process, lane, key, 'replay', 'by hand', now() from account.held limit 1"
    )
    facts = await playground.read(Counted, 4)
    assert [fact.n for fact in facts if fact.account == "a"] == [1, 2, 3]
    [row] = await playground.query("select sum(held)::int as held from account.lane")
    assert row["held"] == 0


async def test_bytes_that_are_no_fact_are_kept_with_the_reason(playground: Playground) -> None:
    playground.serve("account")
    await playground.publish_raw(DEPOSITS.name, b"a", b"{not json", [("ce_type", b"Deposited")])
    await playground.publish([Deposited(account="a", n=1)])
    await playground.read(Counted, 1)
    await playground.until_row("select from account.dead_letter where true")
    [row] = await playground.query("select value, problems from account.dead_letter")
    assert row["value"] == b"{not json"
    assert "ce_id" in row["problems"]


async def test_only_the_outbox_speaks_on_our_topics(playground: Playground) -> None:
    playground.serve("mirror")
    await playground.publish([Counted(account="forged", n=1, total=1)])
    await playground.until_row("select from mirror.dead_letter where problems::text like '%ce_sequence%'")


async def test_a_recreated_topic_is_refused_with_the_cure(playground: Playground) -> None:
    replica = playground.serve("account")
    await playground.publish([Deposited(account=f"a{n}", n=1) for n in range(50)])
    await playground.read(Counted, 50)
    assert replica.stop() == 0
    await recreate(playground, DEPOSITS.name)
    await playground.publish([Deposited(account=f"b{n}", n=1) for n in range(500)])

    again = playground.serve("account")
    assert await again.ended() == 3
    said = again.log.read_text()
    assert "is not the log that was read before" in said
    assert "MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS" in said


async def recreate(playground: Playground, topic: str) -> None:
    servers = playground.settings.kafka_bootstrap_servers
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.delete_topics([topic])
    await admin.close()
    await make_topics(servers, topic, COUNTS.name)


async def test_a_deadline_whose_data_the_database_refuses_parks_its_own_key(playground: Playground) -> None:
    playground.serve("account")
    await playground.publish([Deposited(account=f"a{n}", n=1, wait_days=1) for n in range(20)])
    await playground.publish([Deposited(account="bad", n=1, wait_days=1, spoils_deadline=True)])
    assert len(await playground.read(Expired, 20)) == 20
    await playground.until_row("select from account.held where key = 'bad' and type = 'deadline' and error is not null")
    assert await playground.query("select from account.journal where key = 'bad' and type = 'deadline'") == []


async def test_headers_that_no_fact_has_stop_nobody(playground: Playground) -> None:
    playground.serve("account")
    body = Deposited(account="a", n=1).model_dump_json().encode()
    time = b"2026-01-01T00:00:00+00:00"
    for moment, event_id in ((None, b"1"), (time, b"a\x00b"), (time, b"\xff\n"), (b"soon", b"2")):
        headers = [("ce_id", event_id), ("ce_type", b"Deposited"), ("ce_time", moment)]
        await playground.publish_raw(DEPOSITS.name, b"a", body, headers)
    await playground.publish([Deposited(account="a", n=1)])
    await playground.read(Counted, 1)
    await playground.until_row("select from (select count(*) from account.dead_letter) d(n) where n = 4")
