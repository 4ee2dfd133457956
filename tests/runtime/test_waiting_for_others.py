"""Deadlines stay behind everything that was said in time; nothing is decided on a reference that was half read."""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from shared.runtime import worker
from shared.runtime.log import Place
from shared.runtime.migrate import migrate
from shared.runtime.store import PassingError, Progress
from shared.runtime.watermark import Watermark
from tests.conftest import make_topics
from tests.runtime.conftest import Playground, opened
from tests.runtime.members import JOINS, MEMBERS, SAID, TERMS, Joined, LetterOut, RateTold, TermsChanged
from tests.runtime.test_saying import PLACE, count
from tests.runtime.toy import DEPOSITS, Counted, Deposited, Expired, Mirrored, MirrorExpired, mirror_process
from tests.runtime.workbench import START, Replica, Workbench, lane_of

DAY = timedelta(days=1)
LANE = lane_of("a")

# Deadlines behind the log


async def test_a_deadline_waits_for_what_lies_unread(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1, wait_days=1))
    await one.read()
    one.clock.moment += 2 * DAY
    bench.shelf.say(Deposited(account="a", n=2))
    await one.worker.tick()
    assert bench.shelf.told(Expired) == []
    await one.read()
    await one.worker.tick()
    assert [event.n for event in bench.shelf.told(Expired)] == [2]


async def test_many_deadlines_do_not_keep_records_waiting(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an outage hours of deadlines may be due at once: each tick fires some, and shows that it goes on."""
    one = await bench.replica()
    bench.shelf.say(*(Deposited(account=f"a{n}", n=1, wait_days=1) for n in range(6)))
    await one.read()
    one.clock.moment += 2 * DAY
    monkeypatch.setattr(worker, "LIMIT", 2)
    monkeypatch.setattr(worker, "WORK_SECONDS", 0.0)
    for expired in (2, 4, 6):
        await one.worker.tick()
        assert (len(bench.shelf.told(Expired)), one.worker.due) == (expired, True)


async def test_a_deadline_waits_for_what_another_replica_has_not_read(bench: Workbench) -> None:
    """An outside producer may have put the key anywhere, also into a partition that somebody else reads."""
    one, other = await bench.replica(), await bench.replica()
    elsewhere = frozenset(place for place in one.reader.places if place.partition == (LANE + 1) % 16)
    bench.shelf.say(Deposited(account="a", n=1, wait_days=1))
    await one.read()
    one.reader.places -= elsewhere
    other.reader.places = elsewhere
    one.clock.moment = other.clock.moment = START + 2 * DAY
    await one.worker.tick()
    assert bench.shelf.told(Expired) == []
    assert (one.worker.due, one.worker.worked) == (True, False)  # else it would look again and again without a pause
    await other.worker.tick()
    await one.worker.tick()
    assert len(bench.shelf.told(Expired)) == 1


async def test_a_deadline_waits_for_what_another_service_has_yet_to_pass_on(mirror: Workbench) -> None:
    one = await mirror.replica()
    count(mirror, 1)
    await one.read()
    mirror.shelf.say(Deposited(account="a", n=2))  # which account has not read
    one.clock.moment += 11 * DAY
    for _ in range(3):
        await one.worker.tick()
    assert mirror.shelf.told(MirrorExpired) == []
    count(mirror, 2)
    for place in list(mirror.shelf.records):
        if place.topic == DEPOSITS.name:
            mirror.shelf.committed["account", place] = mirror.shelf.end(place)
    for _ in range(3):
        one.clock.moment += timedelta(seconds=1)
        await one.worker.tick()
        await one.read()
    assert [event.n for event in mirror.shelf.told(MirrorExpired)] == [2]


async def test_one_tick_is_enough_when_all_has_been_passed_on_and_read(mirror: Workbench) -> None:
    one = await mirror.replica()
    count(mirror, 1)
    await one.read()
    one.clock.moment += 11 * DAY
    one.clock.step = timedelta(microseconds=1)
    await one.worker.tick()
    assert [event.n for event in mirror.shelf.told(MirrorExpired)] == [1]


async def test_what_needs_no_deadline_does_not_wait_until_others_can_be_seen(mirror: Workbench) -> None:
    """Rows that a dead replica left unsaid go out, although a deadline has passed and must wait."""
    one, other = await mirror.replica(), await mirror.replica()
    count(mirror, 1)
    await one.dies_before_publishing()
    other.clock.moment += 11 * DAY
    other.reader.blind = True
    await other.worker.tick()
    assert len(mirror.shelf.told(Mirrored)) == 1
    await other.read()
    with pytest.raises(PassingError):
        await other.worker.tick()
    assert mirror.shelf.told(MirrorExpired) == []


async def test_deadlines_fire_by_and_by_while_a_replica_reads_half_a_minute_behind(mirror: Workbench) -> None:
    """Looks go on all the while; those that nobody's reading has come up to yet must not be forgotten."""
    one = await mirror.replica()
    behind, steps, step = 300, 600, timedelta(seconds=0.1)
    watermark = Watermark(mirror_process, one.store, one.reader, one.clock)
    for n in range(1, steps + 1):
        count(mirror, n)
        one.clock.moment += step
        await watermark.sample(due=True)
        await watermark.advance({**watermark.ends, PLACE: max(0, n - behind)})
    late = one.clock.moment - (await watermark.limits([LANE]))[LANE]
    assert late < 2.2 * behind * step


# A reference


@pytest_asyncio.fixture(loop_scope="session")
async def members(database_url: str) -> AsyncGenerator[Workbench]:
    async with opened(database_url, MEMBERS) as workbench:
        yield workbench


def rates(bench: Workbench) -> list[tuple[int | None, bool]]:
    return [(event.rate, event.known) for event in bench.shelf.told(RateTold)]


async def test_a_reference_is_unknown_until_it_was_read_to_its_end(members: Workbench) -> None:
    keeper, one = await members.replica("member.reference"), await members.replica()
    members.shelf.say(TermsChanged(bank="b", rate=3), Joined(account="early", bank="b"))
    await one.worker.tick()
    await one.read()
    assert rates(members) == [(None, False)]

    await settle(keeper, one)
    members.shelf.say(Joined(account="late", bank="b"), Joined(account="none", bank="c"))
    await one.read()
    assert {(3, True), (None, True)} < set(rates(members))


async def test_who_has_just_started_hears_nothing_until_its_reference_is_known(members: Workbench) -> None:
    """What others have read of it counts too: whoever joins them need not read it first."""
    keeper, one = await members.replica("member.reference"), await members.replica()
    informed = asyncio.create_task(one.worker.informed())
    await asyncio.sleep(0.3)
    assert not informed.done()
    keeper.clock.moment += timedelta(seconds=1)
    await keeper.worker.tick()
    await asyncio.wait_for(informed, 10)
    members.shelf.say(Joined(account="a", bank="b"))
    await one.read()
    assert rates(members) == [(None, True)]


async def test_a_reference_is_waited_for_a_while_and_once(members: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads it, and the database is away: to wait is all that is done about it here."""
    monkeypatch.setattr(worker, "REFERENCE_SECONDS", 0.3)
    one, asked = await members.replica(), list[Collection[str]]()

    async def away(processes: Collection[str]) -> list[Progress]:
        asked.append(processes)
        raise PassingError("the database is away")

    monkeypatch.setattr(one.store, "progress", away)
    began = time.monotonic()
    await asyncio.wait_for(one.worker.informed(), 10)
    assert time.monotonic() - began >= 0.3
    times = len(asked)
    await asyncio.wait_for(one.worker.informed(), 10)
    assert len(asked) == times >= 1


async def test_a_replica_that_starts_decides_by_what_was_said_before(playground: Playground) -> None:
    await make_topics(playground.settings.kafka_bootstrap_servers, *(topic.name for topic in (TERMS, JOINS, SAID)))
    await migrate(playground.settings, [MEMBERS])
    await playground.publish([TermsChanged(bank="b", rate=3), *(Joined(account=f"a{n}", bank="b") for n in range(50))])
    playground.serve("member")
    assert {(fact.rate, fact.known) for fact in await playground.read(RateTold, 50)} == {(3, True)}


async def test_every_change_of_a_reference_is_a_cause_of_its_own(members: Workbench) -> None:
    """Two changes before the first is acted upon: two letters, not one letter with the id of the other."""
    keeper, one = await members.replica("member.reference"), await members.replica()
    members.shelf.say(Joined(account="a", bank="b"))
    await settle(keeper, one)
    for rate in (3, 4):
        members.shelf.say(TermsChanged(bank="b", rate=rate))
        await keeper.read()
    await one.worker.tick()
    ids = [dict(record.headers)["ce_id"] for record in told_records(members)]
    assert len(ids) == len(set(ids)) == 3
    assert await members.pool.fetchval("select count(*) from effect") == 3


async def test_what_was_said_before_the_last_fact_of_a_reference_changes_nothing_when_it_comes_again(
    members: Workbench,
) -> None:
    """A sender who repeats himself days later, or a dead letter that is replayed."""
    keeper, one = await members.replica("member.reference"), await members.replica()
    for rate, hours in ((3, -5), (4, -2), (3, -5), (5, -2)):
        members.shelf.say(TermsChanged(bank="b", rate=rate), said_at=START + timedelta(hours=hours))
    await settle(keeper, one)
    members.shelf.say(Joined(account="a", bank="b"))
    await one.read()
    assert rates(members) == [(5, True)]
    assert await members.pool.fetchval("select n from state where process = 'member.reference'") == 3


def told_records(bench: Workbench) -> list[Any]:
    return [record for place, records in bench.shelf.records.items() if place.topic == SAID.name for record in records]


async def test_an_effect_asked_for_again_under_its_id_but_otherwise_stops_its_key(members: Workbench) -> None:
    one = await members.replica()
    members.shelf.say(Joined(account="a", bank="b"))
    await one.read()
    await members.pool.execute("""update effect set body = '{"account": "a", "rate": 9}'""")
    await members.pool.execute("delete from state")  # what was known is lost, and what was done is not
    await members.pool.execute("update input set next = 0, last_print = null")
    again = await members.replica()
    members.shelf.say(Joined(account="c", bank="b"))
    await again.read()
    assert again.figure("makegood_contradictions_total") == 1
    assert [row["key"] for row in await members.pool.fetch("select key from held where error is not null")] == ["a"]
    assert [event.account for event in members.shelf.told(RateTold)] == ["a", "c"]


async def test_an_effect_asked_for_again_as_it_was_is_done_once(members: Workbench) -> None:
    members.shelf.say(Joined(account="a", bank="b"))
    await (await members.replica()).read()
    await members.pool.execute("delete from state")
    await members.pool.execute("update input set next = 0, last_print = null")
    again = await members.replica()
    await again.read()
    assert again.figure("makegood_contradictions_total") == 0
    assert await members.pool.fetchval("select count(*) from effect") == 1


async def elsewhere(bench: Workbench, *accounts: str) -> Replica:
    """A replica that reads the one partition where an outside producer has put these, and no lane of theirs."""
    place = Place(DEPOSITS.name, (LANE + 5) % 16)
    for record in bench.shelf.say(*(Deposited(account=account, n=1) for account in accounts)):
        bench.shelf.records[record.place].remove(record)
        bench.shelf.append(place, (record.key or b"").decode(), record.value or b"", record.headers)
    one = await bench.replica()
    one.reader.places = frozenset([place])
    return one


async def test_what_was_read_is_not_passed_on_before_what_followed_from_it_is_out(bench: Workbench) -> None:
    """Whoever reads on says what was left unsaid in the lane of the record read last, and looks after no other one."""
    one = await elsewhere(bench, "a", "b")
    await one.dies_before_publishing()
    other = await bench.replica()
    other.reader.places = one.reader.places
    for _ in range(2):
        await other.read()
        await other.worker.tick()
    assert ([event.account for event in bench.shelf.told(Counted)], bench.shelf.committed) == (["b"], {})
    owner = await bench.replica()  # of all lanes
    await settle(owner, other)
    [place] = other.reader.places
    assert (bench.shelf.committed["account", place], len(bench.shelf.told(Counted))) == (2, 2)


async def test_what_is_only_gathered_is_not_passed_on(bench: Workbench) -> None:
    await bench.pool.execute("update lane set gathering = true where n = $1", LANE)
    one = await elsewhere(bench, "a")
    await one.read()
    await one.worker.tick()
    assert bench.shelf.committed == {}
    await bench.pool.execute("update lane set gathering = false where n = $1", LANE)
    await one.worker.tick()
    [place] = one.reader.places
    assert bench.shelf.committed["account", place] == 1


async def test_a_reference_that_this_version_cannot_read_stops_those_who_go_by_it(members: Workbench) -> None:
    keeper, one = await members.replica("member.reference"), await members.replica()
    members.shelf.say(TermsChanged(bank="b", rate=1), TermsChanged(bank="c", rate=1))
    await settle(keeper, one)
    await members.pool.execute("update state set body = '{}' where process = 'member.reference' and key = 'b'")
    members.shelf.say(Joined(account="a", bank="b"), Joined(account="d", bank="c"))
    await asyncio.wait_for(settle(keeper, one), 10)
    rows = await members.pool.fetch("select key, error from held where error is not null")
    assert [(row["key"], "cannot read its reference" in row["error"]) for row in rows] == [("a", True)]


async def settle(keeper: Replica, one: Replica) -> None:
    """Both have read all there is, and know it of each other."""
    for _ in range(2):
        for replica in (keeper, one):
            await replica.read()
            await replica.worker.tick()


# Effects


async def test_the_outcome_of_an_effect_is_heard_once(members: Workbench) -> None:
    one = await members.replica()
    members.shelf.say(Joined(account="a", bank="b"))
    await one.read()
    [row] = await one.store.effects_waiting([LANE], START, 10)
    body = LetterOut(account="a").model_dump_json()
    for _ in range(2):
        await one.store.effects_done([(row, "LetterOut", body)], [], START)
    for _ in range(2):
        await one.worker.tick()
    assert await members.pool.fetchval("select body ->> 'letters' from state where process = 'member'") == "1"


async def test_a_request_is_carried_out_once(members: Workbench) -> None:
    one = await members.replica()
    members.shelf.say(Joined(account="a", bank="b"))
    await one.read()
    await members.pool.execute(
        "insert into request (process, lane, key, kind, cause, body, at) values "
        "('member', $1, 'a', 'LetterOut', 'letter', $2, now())",
        LANE, LetterOut(account="a").model_dump_json(),
    )  # fmt: skip
    for _ in range(2):
        await one.worker.tick()
    assert await members.pool.fetchval("select body ->> 'letters' from state where process = 'member'") == "1"
