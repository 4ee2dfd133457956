"""However much comes for a key that cannot go on, it is bounded, visible, in order, and nobody else notices."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from shared.runtime import dead_letters, turn, worker
from shared.runtime.log import Place
from shared.runtime.migrate import keep_partitions
from shared.runtime.settings import Settings
from shared.runtime.store import DeadLetter
from tests.runtime.toy import ADJUSTMENTS, DEPOSITS, Adjusted, Counted, Deposited, account_process_v2
from tests.runtime.workbench import START, Workbench, lane_of

FLOOD = 3_000


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a test reaches quickly."""
    monkeypatch.setattr(turn, "MOST_FACTS_OF_A_KEY", 100)
    monkeypatch.setattr(turn, "MOST_FACTS_OF_A_LANE", 250)
    monkeypatch.setattr(dead_letters, "MOST_LETTERS", 50)
    monkeypatch.setattr(worker, "COUNT_SECONDS", 0)


async def letters(bench: Workbench) -> list[Any]:
    return await bench.pool.fetch("select key, value, problems, whole, size from dead_letter order by id")


@pytest.mark.usefixtures("few")
async def test_a_flood_for_one_parked_key_is_kept_in_order_up_to_a_bound_and_then_as_dead_letters(
    bench: Workbench,
) -> None:
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1), Deposited(account="a", n=2, fails=True))
    await one.read()
    bench.shelf.say(*(Deposited(account="a", n=n) for n in range(3, FLOOD)))
    bench.shelf.say(*(Deposited(account=f"g{n}", n=1) for n in range(40)))
    await one.read()
    await one.worker.tick()

    assert {event.account for event in bench.shelf.told(Counted)} == {"a", *(f"g{n}" for n in range(40))}
    held = await bench.pool.fetch("select body from held order by id")
    assert [json.loads(row["body"])["n"] for row in held] == list(range(2, 102))
    kept = await letters(bench)
    assert len(kept) == FLOOD - 102
    assert json.loads(kept[0]["value"])["n"] == 102
    assert {row["problems"] for row in kept} == {
        '[["key", "waits with as many facts as are kept: replay the key, then this"]]'
    }
    assert one.figure("makegood_parked_keys") == 1
    assert one.figure("makegood_facts_set_aside_total") == FLOOD - 102
    assert one.figure("makegood_dead_letters_waiting") == FLOOD - 102

    one.clock.moment += timedelta(hours=3)
    await one.worker.tick()
    assert one.figure("makegood_parked_oldest_seconds") == pytest.approx(3 * 3600, abs=1)


async def test_large_facts_for_one_parked_key_are_bounded_by_their_bytes(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "MOST_BYTES_OF_A_KEY", 100_000)
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1, fails=True))
    bench.shelf.say(*(Deposited(account="a", n=n, note="x" * 10_000) for n in range(2, 52)))
    await one.read()
    assert await bench.pool.fetchval("select sum(length(body)) from held") < 120_000
    assert len(await letters(bench)) == 51 - await bench.pool.fetchval("select count(*) from held")


@pytest.mark.usefixtures("few")
async def test_when_the_key_is_mended_what_waited_is_heard_first_and_what_was_set_aside_after_it(
    bench: Workbench,
) -> None:
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1, fails=True), *(Deposited(account="a", n=n) for n in range(2, 131)))
    await one.read()
    await bench.pool.execute("update held set body = replace(body, 'true', 'false')")  # the repair
    await bench.pool.execute(
        "insert into request (process, lane, key, kind, cause, at) values ('account', $1, 'a', 'replay', 't', now())",
        lane_of("a"),
    )
    await one.worker.tick()
    for row in await letters(bench):  # `dead-letters replay`, one after the other
        headers = json.loads(
            await bench.pool.fetchval("select headers from dead_letter where value = $1", row["value"])
        )
        again = [(name, value.encode("latin-1")) for name, value in headers]
        bench.shelf.append(Place(DEPOSITS.name, lane_of("a")), "a", row["value"], again)
    await one.read()
    bodies = await bench.pool.fetch("select body from journal where process = 'account' order by n")
    assert [json.loads(row["body"])["n"] for row in bodies] == list(range(1, 131))
    assert await bench.pool.fetchval("select sum(held) from lane") == 0


@pytest.mark.usefixtures("few")
async def test_facts_of_keys_that_never_begin_are_bounded_by_number_and_by_age(
    bench: Workbench, database_url: str
) -> None:
    one = await bench.replica(process=account_process_v2)
    lane = lane_of("a")
    same_lane = [key for n in range(10_000) if lane_of(key := f"early-{n}") == lane][:200]
    bench.shelf.say(*(Adjusted(account="a", amount=n) for n in range(130)))
    bench.shelf.say(*(Adjusted(account=key, amount=1) for key in same_lane))
    await one.read()
    assert await bench.pool.fetchval("select count(*) from held where key = 'a'") == 100
    assert await bench.pool.fetchval("select held from lane where process = 'account' and n = $1", lane) == 250
    assert len(await letters(bench)) == 30 + 50
    await one.worker.tick()
    assert one.figure("makegood_early_facts") == 250
    assert one.figure("makegood_parked_keys") == 0

    bench.shelf.say(Deposited(account=same_lane[0], n=1))  # a key that begins after all hears what waited for it
    await one.read()
    assert [event.total for event in bench.shelf.told(Counted)] == [1, 2]

    address = SecretStr(database_url)
    old = "update held set written_on = current_date - $1::int, since = '2001-01-01'"
    await bench.pool.execute(old, 365)
    await keep_partitions(Settings(database_url=address, retention_days=7), "account")
    assert await bench.pool.fetchval("select held from lane where process = 'account' and n = $1", lane) == 249
    await bench.pool.execute(old, 365 + 8)
    await keep_partitions(Settings(database_url=address, retention_days=7), "account")
    assert await bench.pool.fetchval("select count(*) from held") == 0
    assert await bench.pool.fetchval("select held from lane where process = 'account' and n = $1", lane) == 0


@pytest.mark.usefixtures("few")
async def test_in_a_flood_of_dead_letters_only_their_place_in_the_log_is_kept(bench: Workbench) -> None:
    one = await bench.replica()
    for n in range(60):
        bench.shelf.append(Place(DEPOSITS.name, 3), "x", b"{not json %d" % n, [])
    await one.read()
    await one.worker.tick()
    for n in range(60):
        bench.shelf.append(Place(DEPOSITS.name, 3), "x", b"{not json either %d" % n, [])
    bench.shelf.say(Deposited(account="good", n=1))
    await one.read()
    kept = await letters(bench)
    assert [row["value"] is None for row in kept] == [False] * 50 + [True] * 70
    assert [row["whole"] for row in kept] == [True] * 50 + [False] * 70
    assert kept[-1]["size"] == len(b"{not json either 59")
    assert [event.account for event in bench.shelf.told(Counted)] == ["good"]


async def test_of_a_huge_dead_letter_only_so_much_is_kept_as_there_is_room_for(bench: Workbench) -> None:
    one = await bench.replica()
    headers = [("ce_type", b"Deposited"), *((f"h{n}", b"x" * 5000) for n in range(300))]
    record = bench.shelf.append(Place(DEPOSITS.name, 3), "k" * 1_000_000, b"[" * 50_000_000, headers)
    await one.read()
    [row] = await bench.pool.fetch("select *, length(headers::text) as head from dead_letter")
    assert (len(row["key"]), len(row["value"]), row["size"]) == (1024, dead_letters.MOST_LETTER_BYTES, 50_000_000)
    assert row["head"] < 150_000
    assert not row["whole"]
    assert DeadLetter(record, (), one.clock.now()).within(1 << 30).whole is False  # its headers are cut all the same


async def test_an_ordinary_dead_letter_is_kept_whole(bench: Workbench) -> None:
    record = bench.shelf.append(Place(ADJUSTMENTS.name, 0), "a", b"{}", [("ce_id", b"1")])
    letter = DeadLetter(record, (), START).within(dead_letters.MOST_LETTER_BYTES)
    assert (letter.whole, letter.record, letter.size) == (True, record, 2)
