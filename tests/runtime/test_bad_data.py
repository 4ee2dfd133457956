"""A fact that cannot be decided or written stops its own key, and nobody else's; what passes stops nobody."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from shared.runtime import Decision, Moment, Process
from shared.runtime.log import Place
from shared.runtime.postgres import connect, sorted_errors
from shared.runtime.settings import Settings
from shared.runtime.store import Asked, DataError, PassingError
from shared.runtime.turn import DEADLINE, Turn
from tests.runtime.toy import (
    DEPOSITS,
    Account,
    Adjusted,
    Counted,
    Deposited,
    Expired,
    FailingOnPurposeError,
    account_process,
    account_process_v2,
)
from tests.runtime.workbench import Workbench, lane_of

DAY = timedelta(days=1)


def counts(bench: Workbench) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for event in bench.shelf.told(Counted):
        found.setdefault(event.account, []).append(event.n)
    return found


async def parked(bench: Workbench) -> dict[str, str]:
    return {r["key"]: r["error"] for r in await bench.pool.fetch("select key, error from held where error is not null")}


async def replay(bench: Workbench, key: str) -> None:
    await bench.pool.execute(
        "insert into request (process, lane, key, kind, cause, at) values ('account', $1, $2, 'replay', 'test', now())",
        lane_of(key), key,
    )  # fmt: skip


async def test_later_facts_of_a_parked_key_wait_in_order(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1), Deposited(account="a", n=2, fails=True))
    await one.read()
    bench.shelf.say(Deposited(account="a", n=3), Deposited(account="b", n=1), Deposited(account="a", n=4))
    await one.read()
    assert counts(bench) == {"a": [1], "b": [1]}

    await bench.pool.execute("update held set body = replace(body, 'true', 'false')")  # the repair
    await replay(bench, "a")
    await one.worker.tick()
    assert counts(bench) == {"a": [1, 2, 3, 4], "b": [1]}
    assert await bench.pool.fetchval("select sum(held) from lane") == 0


async def test_a_beginning_that_failed_behind_an_early_fact_is_heard_first_when_it_is_replayed(
    bench: Workbench,
) -> None:
    one = await bench.replica(process=account_process_v2)
    bench.shelf.say(Adjusted(account="a", amount=2))
    await one.read()
    bench.shelf.say(Deposited(account="a", n=1, fails=True))
    await one.read()
    assert list(await parked(bench)) == ["a"]

    await bench.pool.execute("update held set body = replace(body, 'true', 'false')")  # the repair
    await replay(bench, "a")
    await one.worker.tick()
    assert [event.total for event in bench.shelf.told(Counted)] == [1, 3]
    assert await bench.pool.fetchval("select sum(held) from lane") == 0


async def test_a_parked_key_is_not_asked_about_its_deadline(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1, wait_days=1), Deposited(account="b", n=1, wait_days=1))
    bench.shelf.say(Deposited(account="a", n=2, fails=True))
    await one.read()
    one.clock.moment += 2 * DAY
    await one.worker.tick()
    assert [event.account for event in bench.shelf.told(Expired)] == ["b"]
    assert (await one.store.waiting([lane_of("a")], one.clock.now(), "mirror")).due == frozenset()


REFUSED_WHEN_DUE = """
create function refused() returns trigger language plpgsql as
    $$ begin raise exception 'on purpose' using errcode = 'check_violation'; end $$;
create trigger refused before insert on journal for each row
    when (new.key = 'bad' and new.type = 'deadline') execute function refused()
"""


async def test_a_deadline_that_the_database_refuses_is_found_behind_some_that_wait_for_something_else(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Turn.ask

    def waits_for_a_letter(turn: Turn, asked: Asked, event: Any = None) -> None:
        if asked.type != DEADLINE or not asked.key.startswith("waits"):
            ask(turn, asked, event)

    one = await bench.replica()
    names = [*(f"waits{n}" for n in range(5)), "bad", *(f"good{n}" for n in range(5))]
    for name in names:
        bench.shelf.say(Deposited(account=name, n=1, wait_days=1))
        await one.read()
        one.clock.moment += timedelta(minutes=1)
    await bench.pool.execute(REFUSED_WHEN_DUE)
    monkeypatch.setattr(Turn, "ask", waits_for_a_letter)
    monkeypatch.setattr("shared.runtime.worker.LIMIT", 4)
    one.clock.moment += 2 * DAY
    await one.worker.tick()
    assert {event.account for event in bench.shelf.told(Expired)} == {f"good{n}" for n in range(5)}
    assert list(await parked(bench)) == ["bad"]


async def test_who_looks_for_bad_data_lives_however_long_that_takes(bench: Workbench) -> None:
    one, told = await bench.replica(), list[float]()
    transaction = one.store.transaction

    def tells() -> Any:
        told.append(one.worker.progress)
        one.worker.progress = -1.0
        return transaction()

    one.store.transaction = tells
    bench.shelf.say(*(Deposited(account=f"overflow{n}", n=1, amount=2**70) for n in range(3)))
    await one.read()
    assert len(await parked(bench)) == 3
    assert len(told) > 5
    assert min(told[1:-1]) > 0, "each trial is progress"


async def test_data_that_the_database_refuses_parks_its_own_key_only(bench: Workbench) -> None:
    one = await bench.replica()
    good = [Deposited(account=f"g{n}", n=1) for n in range(8)]
    bench.shelf.say(*good[:4], Deposited(account="overflow", n=1, amount=2**70), *good[4:])
    await one.read()
    assert counts(bench) == {f"g{n}": [1] for n in range(8)}
    assert list(await parked(bench)) == ["overflow"]


async def test_trouble_of_the_database_that_passes_parks_nobody(bench: Workbench) -> None:
    await refuse_states(bench, "serialization_failure", times=2)
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1))
    await one.read()
    assert one.figure("makegood_retries_total") == 2
    assert await parked(bench) == {}
    assert counts(bench) == {"a": [1]}


@pytest.mark.parametrize(
    ("trouble", "sorted_as"),
    [
        ("serialization_failure", PassingError),
        ("deadlock_detected", PassingError),
        ("lock_not_available", PassingError),
        ("disk_full", PassingError),
        ("admin_shutdown", PassingError),
        ("numeric_value_out_of_range", DataError),
        ("check_violation", DataError),
        ("unique_violation", DataError),
    ],
)
async def test_what_the_database_says_is_sorted(bench: Workbench, trouble: str, sorted_as: type[Exception]) -> None:
    await refuse_states(bench, trouble)
    with pytest.raises(sorted_as):
        async with sorted_errors():
            await bench.pool.execute(
                "insert into state (process, key, lane, n, body) values ('account', 'x', 0, 1, '{}')"
            )


async def test_a_connection_that_is_lost_between_two_statements_is_trouble_that_passes(bench: Workbench) -> None:
    """The driver has errors of its own for that, which are no words of the database."""
    lost = await bench.pool.acquire()
    lost.terminate()
    with pytest.raises(PassingError):
        async with sorted_errors():
            await lost.fetch("select 1")
    with pytest.raises(PassingError):
        async with sorted_errors():
            raise asyncpg.InternalClientError('cannot switch to state 12; protocol is in the "failed" state')
    await bench.pool.release(lost)


async def refuse_states(bench: Workbench, trouble: str, times: int = 1000) -> None:
    """Writing a state fails so often, for this reason."""
    await bench.pool.execute(
        "create sequence tries; create function refuse() returns trigger language plpgsql as $$ begin "
        f"if nextval('tries') <= {times} then raise exception 'no' using errcode = '{trouble}'; end if; "
        "return new; end $$; "
        "create trigger refuse before insert on state for each row execute function refuse()"
    )


async def test_a_lock_outlives_no_session_that_does_nothing(bench: Workbench, database_url: str) -> None:
    """A replica that froze inside its transaction: the database ends it, and the lane goes on."""
    settings = Settings(database_url=SecretStr(database_url), database_timeout_seconds=1)
    pool = await connect(settings, "account", size=2)
    try:
        frozen = await pool.acquire()  # never given back: what became of its session is the database's word alone
        await frozen.execute("begin; select from lane where n = 0 for update")
        await asyncio.wait_for(bench.pool.fetch("select from lane where n = 0 for update"), 10)
    finally:
        pool.terminate()


async def test_what_is_committed_is_on_disk_whatever_the_server_was_told(bench: Workbench, database_url: str) -> None:
    name = database_url.rpartition("/")[2]
    await bench.pool.execute(f'alter database "{name}" set synchronous_commit to off')
    pool = await connect(Settings(database_url=SecretStr(database_url)), "account", size=1)
    try:
        assert await pool.fetchval("show synchronous_commit") == "on"
    finally:
        await pool.close()


async def test_a_state_that_this_version_cannot_read_stops_its_own_key_only(bench: Workbench) -> None:
    one = await bench.replica()
    good, newer = [key for key in (f"k{n}" for n in range(500)) if lane_of(key) == lane_of("a")][:2]
    bench.shelf.say(*(Deposited(account=key, n=1, wait_days=1) for key in (good, newer)))
    await one.read()
    as_it_was = await bench.pool.fetchval("select body::text from state where key = $1", newer)
    await bench.pool.execute(
        """update state set body = '{"account":"x","n":"of a newer version"}' where key = $1""", newer
    )
    bench.shelf.say(*(Deposited(account=key, n=2) for key in (good, newer)))
    await asyncio.wait_for(one.read(), 10)
    one.clock.moment += 3 * DAY
    for _ in range(2):
        await one.worker.tick()
    assert counts(bench) == {good: [1, 2], newer: [1]}
    assert [event.account for event in bench.shelf.told(Expired)] == [good]
    assert list(await parked(bench)) == [newer]
    assert "this version cannot read its state" in (await parked(bench))[newer]

    await replay(bench, newer)
    await one.worker.tick()
    assert list(await parked(bench)) == [newer]  # as long as it cannot be read
    await bench.pool.execute("update state set body = $1 where key = $2", as_it_was, newer)
    await replay(bench, newer)
    for _ in range(2):
        await one.worker.tick()
    assert counts(bench)[newer] == [1, 2]
    assert {event.account for event in bench.shelf.told(Expired)} == {good, newer}


async def test_a_deadline_of_a_state_that_this_version_cannot_read_holds_up_nobody(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(*(Deposited(account=key, n=1, wait_days=1) for key in ("a", "b")))
    await one.read()
    await bench.pool.execute("""update state set body = '{"account":"x","n":"of a newer version"}' where key = 'a'""")
    one.clock.moment += 3 * DAY
    for _ in range(2):
        await one.worker.tick()
    assert [event.account for event in bench.shelf.told(Expired)] == ["b"]
    assert list(await parked(bench)) == ["a"]


async def test_bytes_that_are_no_fact_are_kept_and_those_after_them_are_heard(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.append(Place(DEPOSITS.name, lane_of("a")), "a", b"{", [("ce_type", b"Deposited")])
    bench.shelf.say(Deposited(account="a", n=1))
    await one.read()
    assert counts(bench) == {"a": [1]}
    assert [row["value"] for row in await bench.pool.fetch("select value from dead_letter")] == [b"{"]


def never_moved(account: Account, at: Moment[Any]) -> Decision[Account]:
    return Decision(account.model_copy(update={"n": account.n + 1}))


async def test_a_deadline_that_is_not_moved_is_asked_once_and_parks_its_key(bench: Workbench) -> None:
    stubborn: Process[Account] = Process(
        name="account", state=Account, begins=account_process.begins, hears=account_process.hears, waits=never_moved
    )
    one = await bench.replica(process=stubborn)
    bench.shelf.say(Deposited(account="a", n=1, wait_days=1))
    await one.read()
    one.clock.moment += 2 * DAY
    await asyncio.wait_for(one.worker.tick(), 5)
    assert "which has passed" in (await parked(bench))["a"]


def swollen(account: Account, event: Deposited, at: Moment[Any]) -> Decision[Account]:
    return Decision(account.model_copy(update={"account": "a" * 70_000}))


async def test_a_state_that_grows_without_bound_parks_its_key(bench: Workbench) -> None:
    growing: Process[Account] = Process(
        name="account", state=Account, begins=account_process.begins, hears={Deposited: swollen}
    )
    one = await bench.replica(process=growing)
    bench.shelf.say(Deposited(account="a", n=1), Deposited(account="a", n=2))
    await one.read()
    assert "70" in (await parked(bench))["a"]


async def test_what_decisions_raise_is_told_without_its_text(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1, fails=True))
    await one.read()
    [reason] = (await parked(bench)).values()
    assert reason.startswith(FailingOnPurposeError.__name__)
    assert "secret" not in reason


async def test_a_deadline_of_a_parked_key_is_not_even_found(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(Deposited(account="a", n=1, wait_days=1), Deposited(account="a", n=2, fails=True))
    await one.read()
    async with one.store.transaction() as tx:
        assert await tx.due({lane_of("a"): one.clock.now() + 2 * DAY}, 10) == []
