"""What is pure about the peers' bench: who was paid what, how far ahead, and what is said of a peer that is missing."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.goals import ahead_of
from bench.measure import Result
from bench.peers.inside.batches import Batches
from bench.peers.process import SILENCE, TIME_ENOUGH, Payout, Reason, expected, is_silent, new_claim, wrong_with
from bench.peers.run import measure
from bench.peers.setups.restate import Restate, RestateAlone
from bench.render import peers
from bench.run import Run

NOW = datetime(2026, 11, 2, tzinfo=UTC)
DUE = [Payout("a", Reason.ANSWERED, 300), Payout("b", Reason.SILENT, 200), Payout("c", Reason.SILENT, 100)]


def rounds(name: str, *seconds: float, cpu: float = 1.0) -> list[Result]:
    parts = {"load": cpu / 4, "worker.1": cpu * 3 / 4}
    return [Result("peers", name, n, 1000, taken, parts, {"at_once": 64}) for n, taken in enumerate(seconds, 1)]


def test_nothing_is_wrong_when_each_claim_was_paid_once_in_whatever_order() -> None:
    assert wrong_with(reversed(DUE), DUE) == []


def test_a_payout_read_back_from_a_table_is_the_one_that_was_due() -> None:
    claim = new_claim("a", 7, False, NOW)
    assert wrong_with([Payout("a", "answered", claim.amount_minor)], [expected(claim, False)]) == []


def test_a_claim_paid_twice_is_found() -> None:
    assert wrong_with([*DUE, DUE[0]], DUE) == ["1 paid more than once, such as a", "900 paid in all instead of 600"]


def test_a_claim_never_paid_is_found() -> None:
    assert wrong_with(DUE[1:], DUE) == ["1 never paid, such as a", "300 paid in all instead of 600"]


def test_a_double_payment_does_not_make_up_for_a_missing_one() -> None:
    payouts = [DUE[0], DUE[2], DUE[2], DUE[2]]
    assert wrong_with(payouts, DUE) == ["1 paid more than once, such as c", "1 never paid, such as b"]


def test_a_payout_of_no_claim_is_found() -> None:
    assert wrong_with([*DUE, Payout("x", Reason.SILENT, 0)], DUE) == ["1 paid and never filed, such as x"]


def test_an_answer_that_was_overtaken_by_the_timer_is_found() -> None:
    late = [DUE[0]._replace(reason=Reason.SILENT), *DUE[1:]]
    assert wrong_with(late, DUE) == ["1 paid for the wrong reason, such as a"]


def test_a_wrong_sum_is_found() -> None:
    assert wrong_with([DUE[0]._replace(amount_minor=301), *DUE[1:]], DUE) == ["601 paid in all instead of 600"]


@pytest.mark.parametrize("count", [20, 300, 4_000])
def test_half_of_the_sellers_stay_silent_and_none_of_the_last_quarter(count: int) -> None:
    silent = [n for n in range(count) if is_silent(n, count)]
    assert abs(len(silent) - count / 2) <= 1
    assert max(silent) < count * 3 / 4


def test_who_will_answer_has_time_for_it() -> None:
    silent, answering = new_claim("a", 0, True, NOW), new_claim("b", 0, False, NOW)
    assert (silent.answer_by, answering.answer_by) == (NOW + SILENCE, NOW + TIME_ENOUGH)
    assert timedelta(minutes=30) < TIME_ENOUGH - SILENCE


def test_amounts_differ_so_that_a_sum_tells() -> None:
    assert len({new_claim("a", n, False, NOW).amount_minor for n in range(1000)}) == 1000


def test_we_are_so_many_times_ahead_of_the_median_round() -> None:
    ours, theirs = rounds("makegood", 0.5, 1.0, 9.0, cpu=0.5), rounds("Celery + Redis", 20.0, 30.0, 40.0, cpu=4.0)
    run = Run([*ours, *theirs])
    assert [ahead_of("Celery + Redis", cpu=cpu)(run) for cpu in (False, True)] == pytest.approx([30.0, 8.0])


def told(results: Iterable[Result]) -> list[list[str]]:
    """Line by line below the head, cell by cell."""
    *_, table = (part for part in peers(Run(results)) if part.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_the_table_ranks_by_speed() -> None:
    ours, theirs = told([*rounds("DBOS", 10.0, cpu=20.0), *rounds("makegood", 0.5)])
    assert ours == ["makegood", "64", "2,000", "1.000", "0.250", "0.750", "", ""]
    assert theirs == ["DBOS", "64", "100", "20.000", "5.000", "15.000", "20.0 ×", "20.0 ×"]


def test_without_ours_there_is_nothing_to_compare_with() -> None:
    assert told(rounds("DBOS", 10.0)) == [["DBOS", "64", "100", "1.000", "0.250", "0.750", "", ""]]


def test_what_comes_while_a_batch_is_under_way_makes_the_next_one() -> None:
    sent: list[list[str]] = []

    async def say() -> None:
        under_way, may_end = asyncio.Event(), asyncio.Event()

        async def send(batch: list[str]) -> None:
            sent.append(batch)
            under_way.set()
            await may_end.wait()

        batches = Batches(send)
        first = asyncio.create_task(batches.say("a"))
        await under_way.wait()
        others = [asyncio.create_task(batches.say(one)) for one in ("b", "c")]
        await asyncio.sleep(0)
        may_end.set()
        await asyncio.gather(first, *others)
        await batches.say("d")

    asyncio.run(say())
    assert sent == [["a"], ["b", "c"], ["d"]]


def test_all_of_a_batch_hear_that_it_failed_and_the_next_one_goes_out() -> None:
    async def send(batch: list[str]) -> None:
        if "a" in batch:
            raise ConnectionError

    async def say() -> tuple[BaseException | None, BaseException | None]:
        batches = Batches(send)
        failed = await asyncio.gather(batches.say("a"), batches.say("b"), return_exceptions=True)
        await batches.say("c")
        return failed

    assert [type(reason) for reason in asyncio.run(say())] == [ConnectionError, ConnectionError]


async def test_every_peer_that_cannot_be_had_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = [result async for result in measure(tmp_path, only=[Restate.name, RestateAlone.name])]
    assert [(one.name, one.missing) for one in found] == [
        (name, "there is no `npm` on this machine.") for name in (Restate.name, RestateAlone.name)
    ]
