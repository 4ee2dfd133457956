"""What is read counts once and from where the rows say, whoever reads it and in whatever order it comes."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from pydantic import SecretStr

from shared.runtime import sieve
from shared.runtime.codec import decode
from shared.runtime.log import LogChangedError, Place, Record
from shared.runtime.migrate import SchemaError, keep_partitions, migrate
from shared.runtime.postgres_transaction import PostgresTransaction
from shared.runtime.settings import Settings
from shared.runtime.store import PassingError
from tests.runtime.toy import DEPOSITS, SERVICES, Adjusted, Counted, Deposited, account_process_v2
from tests.runtime.workbench import Workbench, lane_of

LANE = lane_of("a")
PLACE = Place(DEPOSITS.name, LANE)


def deposits(first: int, last: int) -> list[Deposited]:
    return [Deposited(account="a", n=n) for n in range(first, last + 1)]


def counts(bench: Workbench) -> list[int]:
    return [event.n for event in bench.shelf.told(Counted)]


async def test_two_transactions_of_a_lane_follow_each_other(bench: Workbench) -> None:
    assert await order_of_two(bench, places=(), lanes=(LANE,)) == ["the first is done", "the second begins"]


async def test_two_transactions_of_a_place_follow_each_other(bench: Workbench) -> None:
    assert await order_of_two(bench, places=(PLACE,), lanes=()) == ["the first is done", "the second begins"]


async def order_of_two(bench: Workbench, places: Sequence[Place], lanes: Sequence[int]) -> list[str]:
    """What happens when a second replica takes the same rows while the first holds them."""
    first, second, order = await bench.replica(), await bench.replica(), list[str]()

    async def late() -> None:
        async with second.store.transaction() as tx:
            await tx.take(places, lanes)
            order.append("the second begins")

    async with first.store.transaction() as tx:
        await tx.take(places, lanes)
        waiting = asyncio.create_task(late())
        await asyncio.wait({waiting}, timeout=0.5)
        order.append("the first is done")
    await waiting
    return order


async def test_records_that_take_long_to_read_are_heard_in_several_transactions_each_once(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their database session would be ended while they are read, and all of them be read again."""

    def slow(*args: Any) -> Any:
        time.sleep(0.03)
        return decode(*args)

    monkeypatch.setattr(sieve, "decode", slow)
    monkeypatch.setattr(sieve, "READ_SECONDS", 0.05)
    one, batches = await bench.replica(), list[int]()
    hear = one.worker.hear

    async def counted(records: Sequence[Record]) -> None:
        batches.append(len(records))
        await hear(records)

    one.worker.hear = counted
    bench.shelf.say(*deposits(1, 7))
    await one.read()
    assert counts(bench) == [1, 2, 3, 4, 5, 6, 7]
    assert batches[:2] == [7, 5]


async def test_a_record_read_again_is_counted_once(bench: Workbench) -> None:
    one = await bench.replica()
    records = bench.shelf.say(*deposits(1, 3))
    for _ in range(2):
        await one.worker.hear(records)
    assert counts(bench) == [1, 2, 3]


async def test_what_another_replica_has_read_is_not_read_again(bench: Workbench) -> None:
    one, other = await bench.replica(), await bench.replica()
    records = bench.shelf.say(*deposits(1, 3))
    await one.worker.hear(records)
    await other.worker.hear(records)
    assert counts(bench) == [1, 2, 3]


async def test_a_record_that_is_not_the_next_one_is_left_until_those_before_it_are_read(bench: Workbench) -> None:
    one = await bench.replica()
    records = bench.shelf.say(*deposits(1, 3))
    await one.worker.hear(records[1:])
    assert counts(bench) == []
    assert one.reader.positions[PLACE] == 0
    await one.read()
    assert counts(bench) == [1, 2, 3]


async def test_another_log_at_the_same_address_is_refused(bench: Workbench) -> None:
    bench.shelf.say(*deposits(1, 3))
    await (await bench.replica()).read()
    bench.shelf.records.clear()
    bench.shelf.say(*deposits(11, 19))
    with pytest.raises(LogChangedError, match="record 2 is not the one heard before"):
        await (await bench.replica()).read()


async def test_a_log_made_anew_beneath_a_reader_is_refused(bench: Workbench) -> None:
    """It has as many records by now, and its client has begun again with the first."""
    one = await bench.replica()
    bench.shelf.say(*deposits(1, 3))
    await one.read()
    bench.shelf.records.clear()
    bench.shelf.say(*deposits(11, 13))
    one.reader.positions.clear()
    with pytest.raises(LogChangedError, match="record 2 is not the one heard before"):
        await one.read()


async def test_a_log_that_ends_before_what_was_read_is_refused(bench: Workbench) -> None:
    bench.shelf.say(*deposits(1, 3))
    await (await bench.replica()).read()
    bench.shelf.records.clear()
    with pytest.raises(LogChangedError, match="it ends at 0, before record 3"):
        await (await bench.replica()).worker.tick()


async def test_a_log_whose_unread_records_are_gone_is_refused(bench: Workbench) -> None:
    bench.shelf.say(*deposits(1, 3))
    await (await bench.replica()).read()
    bench.shelf.gone[PLACE] = 5
    bench.shelf.records.clear()
    with pytest.raises(LogChangedError, match="records 3 to 4 are gone unread"):
        await bench.replica()


async def test_records_that_go_unread_beneath_a_running_replica_are_not_passed_over(bench: Workbench) -> None:
    """The client goes on from the new beginning without a word."""
    one = await bench.replica()
    bench.shelf.say(*deposits(1, 1))
    await one.read()
    bench.shelf.say(*deposits(2, 4))
    del bench.shelf.records[PLACE][:3]
    bench.shelf.gone[PLACE] = 3
    with pytest.raises(LogChangedError, match="records 1 to 2 are gone unread"):
        await one.read()
    assert [event.n for event in bench.shelf.told(Counted)] == [1]


async def test_what_comes_before_its_beginning_is_heard_right_after_it(bench: Workbench) -> None:
    one = await bench.replica(process=account_process_v2)
    await one.worker.hear(bench.shelf.say(Adjusted(account="a", amount=100)))
    assert bench.shelf.told(Counted) == []
    await one.worker.hear(bench.shelf.say(Deposited(account="a", n=1)))
    assert [event.total for event in bench.shelf.told(Counted)] == [1, 101]


async def test_where_reading_stands_is_written_with_what_was_decided(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(*deposits(1, 3))
    await one.read()
    row = await bench.pool.fetchrow("select next, last_print is not null as printed from input where next > 0")
    assert (row["next"], row["printed"]) == (3, True)


async def test_a_database_begun_with_another_number_of_lanes_is_refused(bench: Workbench, database_url: str) -> None:
    await bench.pool.execute("update process set lanes = 8")
    with pytest.raises(SchemaError, match="begun with 8 lanes"):
        await migrate(Settings(database_url=SecretStr(database_url)), [SERVICES["account"]])


async def test_only_what_was_published_is_ever_dropped(bench: Workbench, database_url: str) -> None:
    await bench.pool.execute(
        "create table outbox_2020_01 partition of outbox for values from ('2020-01-01') to ('2020-02-01'); "
        "insert into outbox values ('account', 3, 1, 'toy.counts.v1', 3, 'a', '[]', '{}', '2020-01-15'); "
        "update lane set position = 1 where n = 3"
    )
    settings = Settings(database_url=SecretStr(database_url))
    await keep_partitions(settings, "account")
    assert await bench.pool.fetchval("select count(*) from outbox") == 1
    await bench.pool.execute("update lane set published = 1 where n = 3")
    await keep_partitions(settings, "account")
    assert await bench.pool.fetchval("select to_regclass('outbox_2020_01')") is None


async def test_no_deadline_is_asked_when_the_log_has_been_lost(bench: Workbench) -> None:
    """Answers that came in time were on the log that was lost."""
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1, wait_days=1))
    await one.read()
    bench.shelf.records.clear()
    one.clock.moment += timedelta(days=2)
    with pytest.raises(LogChangedError, match="it ends at 0"):
        await one.worker.tick()
    assert await bench.pool.fetchval("select count(*) from journal where type = 'deadline'") == 0


async def test_nothing_is_said_to_another_log_and_taken_for_published(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1))
    await one.dies_before_publishing()
    other = await bench.replica()
    bench.shelf.records.clear()
    with pytest.raises(LogChangedError, match="it ends at 0"):
        await other.worker.tick()
    assert bench.shelf.told(Counted) == []
    assert await bench.pool.fetchval("select sum(published) from lane") == 0


async def test_nothing_is_said_to_a_longer_log_either_before_it_was_seen_to_be_another(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1))
    await one.dies_before_publishing()
    other = await bench.replica()
    bench.shelf.records.clear()
    bench.shelf.say(*deposits(11, 19))
    await other.worker.tick()
    assert bench.shelf.told(Counted) == []
    with pytest.raises(LogChangedError, match="is not the one heard before"):
        await other.read()
    assert bench.shelf.told(Counted) == []
    assert await bench.pool.fetchval("select sum(published) from lane") == 0


async def test_what_was_committed_is_not_believed_until_the_record_before_it_was_seen(bench: Workbench) -> None:
    """Records may come from where the group has committed, before anybody could look at the one heard last."""
    bench.shelf.say(*deposits(1, 3))
    await (await bench.replica()).read()
    bench.shelf.records.clear()
    bench.shelf.say(*deposits(11, 19))
    other = await bench.replica()
    await other.worker.hear(other.reader.fetch()[3:])
    with pytest.raises(LogChangedError, match="record 2 is not the one heard before"):
        await other.read()
    assert counts(bench) == []


async def test_what_was_heard_last_is_asked_for_once_more_only_when_no_more_of_it_comes(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("shared.runtime.worker.steady_seconds", lambda: now)
    bench.shelf.say(*(Deposited(account=f"k{n}", n=1) for n in range(12)))
    await (await bench.replica()).read()
    two = await bench.replica()
    last = {record.place: record for record in two.reader.fetch()}
    read = dict(two.reader.positions)
    assert len(last) > 5

    *on_their_way, missing = last
    await two.worker.tick()
    for place in on_their_way:
        now += 4
        await two.worker.hear([last[place]])
        await two.worker.tick()
    assert two.reader.positions == read, "to seek would throw away what has been fetched"

    now += 6
    await two.worker.tick()
    assert two.reader.positions == read | {missing: read[missing] - 1}


async def test_records_wait_where_nothing_comes_of_an_assignment(bench: Workbench) -> None:
    """A client that lives and brings nothing: whoever asks whether this replica is alive must hear of it."""
    bench.shelf.say(*deposits(1, 3))
    await (await bench.replica()).read()
    other = await bench.replica()
    await other.worker.tick()
    assert other.worker.waiting_since is not None
    assert other.figure("makegood_lag_records") == 0
    bench.shelf.say(*deposits(4, 5))
    await other.worker.tick()
    assert other.figure("makegood_lag_records") == 2
    await other.read()
    await other.worker.tick()
    assert other.worker.waiting_since is None


async def test_nothing_is_taken_from_another_cluster_and_nothing_said_to_it(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(*deposits(1, 3))
    records = one.reader.fetch()
    one.reader.other = LogChangedError("another cluster answers")
    for attempt in (lambda: one.worker.hear(records), one.worker.tick):
        with pytest.raises(LogChangedError, match="another cluster"):
            await attempt()
    one.reader.other = None
    with pytest.raises(LogChangedError, match="another cluster"):
        await one.worker.hear(records)
    assert counts(bench) == []


async def test_who_has_refused_hears_nothing_any_more(bench: Workbench) -> None:
    bench.shelf.say(*deposits(1, 3))
    await (await bench.replica()).read()
    bench.shelf.records.clear()
    bench.shelf.say(*deposits(11, 19))
    other = await bench.replica()
    records = other.reader.fetch()
    for batch in (records[:4], records[4:6], records[3:]):
        with pytest.raises(LogChangedError):
            await other.worker.hear(batch)
    assert counts(bench) == []


async def test_a_batch_that_is_tried_again_after_a_seek_skips_nothing(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seek is for what is read next; the same records again are still not the next ones."""
    monkeypatch.setattr("shared.runtime.worker.BACKOFF", (0.0,))
    one = await bench.replica()
    records = bench.shelf.say(*deposits(1, 9))
    await one.worker.hear(records[:3])
    write, tries = PostgresTransaction.write, count(1)

    async def fails_once(self: PostgresTransaction, *arguments: Any) -> None:
        await write(self, *arguments)
        if next(tries) == 1:
            raise PassingError("once")

    monkeypatch.setattr(PostgresTransaction, "write", fails_once)
    await one.worker.hear(records[6:8])
    assert counts(bench) == [1, 2, 3]
    assert one.reader.positions[PLACE] == 3
    await one.read()
    assert counts(bench) == list(range(1, 10))
