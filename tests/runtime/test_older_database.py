"""A database that was put back to before what its service has said: refused, and recovered from the log."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from shared.runtime import Decision, Moment, Process
from shared.runtime.log import LogChangedError, OlderDatabaseError, Place, Record
from shared.runtime.process import Undecodable
from shared.runtime.recover import recover, refuse_unfit
from shared.runtime.retelling import AS_PUBLISHED
from shared.runtime.store import Store
from tests.runtime.toy import COUNTS, DEPOSITS, SERVICES, Account, Counted, Deposited, account_process, opened
from tests.runtime.workbench import Shelf, Workbench, lane_of

ACCOUNT = SERVICES["account"]


class ShelfArchive:
    """The log as it lies there, for who reads it without being a member of a group."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.name = "ours"

    async def cluster(self) -> str:
        return self.name

    async def begins(self, places: Collection[Place]) -> Mapping[Place, int]:
        return dict.fromkeys(places, 0)

    async def ends(self, places: Collection[Place]) -> Mapping[Place, int]:
        return {place: self._shelf.end(place) for place in places}

    async def read(self, ranges: Mapping[Place, tuple[int, int]]) -> AsyncIterator[Sequence[Record]]:
        for place, (first, end) in ranges.items():
            yield self._shelf.records[place][first:end]


async def stores(bench: Workbench) -> dict[str, Store]:
    return {"account": (await bench.replica()).store}


def deposits(first: int, last: int) -> list[Deposited]:
    return [Deposited(account="a", n=n) for n in range(first, last + 1)]


async def put_back(bench: Workbench) -> None:
    """Everything is forgotten that was written since the database was made."""
    await bench.pool.execute(
        "truncate state, outbox, journal, held; update input set next = 0, last_print = null; "
        "update lane set position = 0, published = 0, streams = '{}', owner = null, moment = '-infinity'"
    )


def counts(bench: Workbench) -> list[int]:
    return [event.n for event in bench.shelf.told(Counted)]


async def test_a_database_older_than_its_topics_is_not_served(bench: Workbench) -> None:
    bench.shelf.say(*deposits(1, 2))
    await (await bench.replica()).read()
    await refuse_unfit(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))
    await put_back(bench)
    with pytest.raises(OlderDatabaseError, match="makegood recover account"):
        await refuse_unfit(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))


async def test_a_log_that_lost_what_was_published_is_not_spoken_on(bench: Workbench) -> None:
    """Whoever only speaks on a topic does not read it, and would never notice."""
    bench.shelf.say(*deposits(1, 3))
    await (await bench.replica()).read()
    await (await bench.replica()).read()  # writes down that all of it is out
    del bench.shelf.records[Place(COUNTS.name, lane_of("a"))][1:]
    with pytest.raises(LogChangedError, match=r"it ends with number 1, and 3 were out. Point MAKEGOOD_KAFKA"):
        await refuse_unfit(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))
    bench.shelf.records[Place(COUNTS.name, lane_of("a"))].clear()
    with pytest.raises(LogChangedError, match="it ends with number 0"):
        await refuse_unfit(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))


async def test_what_a_replica_says_once_more_hides_nothing(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.runtime.recover.TAIL", 2)
    bench.shelf.say(*deposits(1, 4))
    await (await bench.replica()).read()
    await (await bench.replica()).read()
    place = Place(COUNTS.name, lane_of("a"))
    for record in bench.shelf.records[place][:3]:
        bench.shelf.append(place, "a", record.value or b"", record.headers)
    await refuse_unfit(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))


async def test_what_a_replica_says_once_more_does_not_hide_that_the_database_is_older(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.runtime.recover.TAIL", 2)
    bench.shelf.say(*deposits(1, 4))
    await (await bench.replica()).read()
    place = Place(COUNTS.name, lane_of("a"))
    for record in bench.shelf.records[place][:2]:
        bench.shelf.append(place, "a", record.value or b"", record.headers)
    forgets = "update lane set position = 3, published = 3, streams = jsonb_build_object($2::text, 3) where n = $1"
    await bench.pool.execute(forgets, place.partition, place.stream)
    with pytest.raises(OlderDatabaseError, match=r"holds number 4 of lane \d+ and the database counts 3"):
        await refuse_unfit(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))


async def test_another_cluster_is_not_served_whatever_it_holds(bench: Workbench) -> None:
    archive = ShelfArchive(bench.shelf)
    for archive.name in ("one that was tried first", "ours"):
        await refuse_unfit(ACCOUNT, await stores(bench), archive)
    bench.shelf.say(*deposits(1, 1))
    await (await bench.replica()).read()
    archive.name = "somebody else's"
    with pytest.raises(LogChangedError, match="somebody else's answers in place of ours"):
        await refuse_unfit(ACCOUNT, await stores(bench), archive)


async def test_the_cluster_that_was_heard_first_is_ours_whoever_has_looked_at_another_one_since(
    bench: Workbench,
) -> None:
    one, two = await bench.replica(), await bench.replica()
    archive = ShelfArchive(bench.shelf)
    archive.name = "one that was tried meanwhile"
    await refuse_unfit(ACCOUNT, await stores(bench), archive)
    bench.shelf.say(*deposits(1, 1))
    await one.read()
    archive.name = "ours"
    await refuse_unfit(ACCOUNT, await stores(bench), archive)
    two.reader.id = "somebody else's"
    bench.shelf.say(*deposits(2, 2))
    with pytest.raises(LogChangedError, match="somebody else's answers in place of ours"):
        await two.read()


async def test_much_that_was_forgotten_is_written_in_portions(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One statement for all of it would outlast its time, or be larger than the database takes."""
    monkeypatch.setattr("shared.runtime.postgres_transaction.PORTION", 2)
    bench.shelf.say(*deposits(1, 5))
    await (await bench.replica()).read()
    await put_back(bench)
    await recover(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))
    for table in ("outbox", "told"):  # in one transaction, and by which of its statements
        rows = await bench.pool.fetch(f"select count(*) from {table} group by xmin::text, cmin::text order by 1 desc")
        assert [row["count"] for row in rows] == [2, 2, 1]
        assert await bench.pool.fetchval(f"select count(distinct xmin::text) from {table}") == 1


def saying_more() -> Process[Any]:
    """The account "a" says one event more than it did."""

    def more(event: Deposited, at: Moment[Any]) -> Decision[Account]:
        decision = opened(event, at)
        too = (Counted(account="a", n=777, total=0),) if event.account == "a" else ()
        return Decision(decision.state, (*decision.says, *too), decision.does)

    return replace(account_process, begins={Deposited: more})


@pytest.mark.parametrize("how", [None, AS_PUBLISHED])
async def test_what_differs_does_so_too_when_all_else_has_been_said_again(bench: Workbench, how: str | None) -> None:
    other = next(key for key in (f"k{n}" for n in range(999)) if lane_of(key) == lane_of("a"))
    first = await bench.replica()
    for account in ("a", other):  # the second one tells that all that the first one said had come out
        bench.shelf.say(Deposited(account=account, n=1))
        await first.read()
    await put_back(bench)
    await recover(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))
    one = await bench.replica(process=saying_more())
    for _ in range(3):
        await one.read()
        await one.worker.tick()
    await bench.pool.execute(
        "insert into request (process, lane, key, kind, cause, body, at) "
        "values ('account', $1, 'a', 'replay', 'r1', $2, now())",
        lane_of("a"), how,
    )  # fmt: skip
    for _ in range(3):
        await one.read()
        await one.worker.tick()
    errors = [row["error"] for row in await bench.pool.fetch("select error from held")]
    assert errors == ([] if how else ["differs from what was published before the database was restored (Counted)"])
    assert 777 not in counts(bench)
    assert await bench.pool.fetchval("select count(*) from told") == (0 if how else 2)


async def test_bytes_that_are_no_fact_are_not_refused_again_after_a_recovery(bench: Workbench) -> None:
    def refused(record: Undecodable) -> Counted:
        return Counted(account=record.key, n=99, total=0)

    refusing = replace(account_process, refuses=refused)
    one = await bench.replica(process=refusing)
    bench.shelf.say(*deposits(1, 2))
    headers = [("ce_id", b"x"), ("ce_type", b"Deposited"), ("ce_time", b"2025-06-02T09:00:00+00:00")]
    bench.shelf.append(Place(DEPOSITS.name, lane_of("a")), "a", b"no JSON", headers)
    await one.read()
    assert counts(bench) == [1, 2, 99]
    await put_back(bench)
    await bench.pool.execute("truncate dead_letter")
    await recover(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))
    two = await bench.replica(process=refusing)
    for _ in range(3):
        await two.read()
        await two.worker.tick()
    assert counts(bench) == [1, 2, 99] * 2  # once more as they were, and no third time
    assert await bench.pool.fetchval("select sum(told) from lane") == 0


async def test_a_running_replica_ends_when_its_database_goes_back(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(*deposits(1, 2))
    await one.read()
    await put_back(bench)
    bench.shelf.say(*deposits(3, 3))
    with pytest.raises(OlderDatabaseError, match="makegood recover account"):
        await one.read()
    assert counts(bench) == [1, 2]


async def test_what_was_published_is_read_back_and_the_numbers_go_on_behind_it_in_a_new_epoch(bench: Workbench) -> None:
    bench.shelf.say(*deposits(1, 2))
    await (await bench.replica()).read()
    await put_back(bench)
    [recalled] = await recover(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))
    assert (recalled.events, recalled.epoch) == (2, 2)

    one = await bench.replica()
    bench.shelf.say(*deposits(3, 3))
    for _ in range(3):
        await one.read()
        await one.worker.tick()
    records = bench.shelf.records[Place(COUNTS.name, lane_of("a"))]
    numbers = [(dict(r.headers)["ce_sequence"], dict(r.headers)["ce_epoch"]) for r in records]
    assert (b"3", b"2") in numbers
    assert sorted({sequence for sequence, _ in numbers}) == [b"1", b"2", b"3"]
    assert await bench.pool.fetchval("select count(*) from told") == 0


def doubled(event: Deposited, at: Moment[Any]) -> Decision[Account]:
    return opened(event.model_copy(update={"amount": 2 * event.amount}), at)


async def test_a_decision_that_differs_from_what_was_published_parks_its_key(bench: Workbench) -> None:
    bench.shelf.say(*deposits(1, 1))
    await (await bench.replica()).read()
    await put_back(bench)
    await recover(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))
    changed: Process[Account] = Process(
        name="account", state=Account, begins={Deposited: doubled}, hears=account_process.hears
    )
    one = await bench.replica(process=changed)
    for _ in range(2):
        await one.read()
        await one.worker.tick()
    [held] = await bench.pool.fetch("select key, error from held where error is not null")
    assert held["key"] == "a"
    assert "differs from what was published" in held["error"]
    assert {event.total for event in bench.shelf.told(Counted)} == {1}


@pytest.mark.parametrize(
    ("bound", "most", "keys_at_once"), [("AT_ONCE", 2, 2), ("MOST_HELD", 5, 2), ("MOST_DECISIONS", 1, 5)]
)
async def test_a_lane_is_decided_again_portion_by_portion(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, bound: str, most: int, keys_at_once: int
) -> None:
    monkeypatch.setattr(f"shared.runtime.restored.{bound}", most)
    keys = [key for key in (f"k{n}" for n in range(500)) if lane_of(key) == lane_of("a")][:5]
    bench.shelf.say(*(Deposited(account=key, n=n) for n in (1, 2) for key in keys))
    await (await bench.replica()).read()
    await put_back(bench)
    await recover(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))
    one = await bench.replica()
    for _ in range(3):
        await one.read()
        await one.worker.tick()
    turns = await bench.pool.fetch("select count(distinct key) as keys, count(*) from journal group by xmin::text")
    assert (max(turn["keys"] for turn in turns), sum(turn["count"] for turn in turns)) == (keys_at_once, 10)
    if bound == "MOST_DECISIONS":
        assert all(turn["keys"] == turn["count"] for turn in turns)
    assert await bench.pool.fetchval("select count(*) from held") == 0
    assert await bench.pool.fetchval("select count(*) from told") == 0


async def test_a_key_that_the_database_refuses_is_found_among_those_of_its_lane(bench: Workbench) -> None:
    bench.shelf.say(*deposits(1, 1), Deposited(account="b", n=1))
    await (await bench.replica()).read()
    await put_back(bench)
    await recover(ACCOUNT, await stores(bench), ShelfArchive(bench.shelf))
    await bench.pool.execute(
        "create function refuse() returns trigger language plpgsql as $$ begin "
        "if new.key = 'a' then raise exception 'no' using errcode = '22003'; end if; return new; end $$; "
        "create trigger refuse before insert on state for each row execute function refuse()"
    )
    one = await bench.replica()
    for _ in range(3):
        await one.read()
        await one.worker.tick()
    assert [row["key"] for row in await bench.pool.fetch("select key from held where error is not null")] == ["a"]
    assert [row["key"] for row in await bench.pool.fetch("select key from state")] == ["b"]
    assert not await bench.pool.fetchval("select bool_or(gathering) from lane")


async def test_a_replay_waits_as_long_as_its_lane_gathers(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1, fails=True))
    await one.read()
    await bench.pool.execute("update lane set gathering = true where n = $1", lane_of("a"))
    await bench.pool.execute(
        "insert into request (process, lane, key, kind, cause, at) values ('account', $1, 'a', 'replay', 'r', now())",
        lane_of("a"),
    )
    one.reader.places -= {place for place in one.reader.places if place.partition != lane_of("a")}
    await one.worker.tick()
    assert await bench.pool.fetchval("select count(*) from request") == 1
