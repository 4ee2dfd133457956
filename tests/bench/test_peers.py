"""What is pure about the peers' bench: who was paid what and when, how far ahead, what is said of who is missing."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.goals import ahead_of
from bench.measure import Result
from bench.peers.inside.batches import Batches
from bench.peers.inside.load import Load
from bench.peers.peer import Peer, Tuning
from bench.peers.process import (
    SILENCE,
    TIME_ENOUGH,
    Claim,
    Payout,
    Reason,
    expected,
    is_silent,
    new_claim,
    wrong_with,
)
from bench.peers.run import PEERS, measure, tune
from bench.peers.setups.restate import Restate, RestateAlone
from bench.render import peers
from bench.run import Run

NOW = datetime(2026, 11, 2, tzinfo=UTC)
DUE = [Payout("a", Reason.ANSWERED, 300), Payout("b", Reason.SILENT, 200), Payout("c", Reason.SILENT, 100)]


def rounds(name: str, *seconds: float, cpu: float = 1.0) -> list[Result]:
    parts = {"load": cpu / 4, "worker.1": cpu * 3 / 4}
    tuning = {"at_once": 64, "workers": 2}
    return [Result("peers", name, n, 1000, taken, parts, tuning) for n, taken in enumerate(seconds, 1)]


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
    table, *_ = (part for part in peers(Run(results)) if part.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_the_table_ranks_by_speed() -> None:
    ours, theirs = told([*rounds("DBOS", 10.0, cpu=20.0), *rounds("makegood", 0.5)])
    assert ours == ["makegood", "64", "2", "2,000", "1.000", "0.250", "0.750", "2.0", "", ""]
    assert theirs == ["DBOS", "64", "2", "100", "20.000", "5.000", "15.000", "2.0", "20.0 ×", "20.0 ×"]


def test_without_ours_there_is_nothing_to_compare_with() -> None:
    assert told(rounds("DBOS", 10.0)) == [["DBOS", "64", "2", "100", "1.000", "0.250", "0.750", "0.1", "", ""]]


def test_beside_the_ratio_stand_the_lowest_and_the_highest_of_the_rounds() -> None:
    _, theirs = told([*rounds("makegood", 1.0, 2.0, 4.0), *rounds("DBOS", 20.0, 30.0, 40.0)])
    assert theirs[-2] == "15.0 × (10.0 to 20.0)"


def test_jobs_that_each_worker_has_at_a_time_stand_beside_the_workers() -> None:
    one = Result("peers", "Procrastinate", 1, 1000, 10.0, {"load": 1.0}, {"at_once": 64, "workers": 2, "jobs": 8})
    assert told([one])[0][2] == "2 × 8"


def test_how_long_a_claim_takes_stands_below_for_who_was_asked() -> None:
    late = {"answered_p50_ms": 12.34, "answered_p99_ms": 40, "silent_p50_ms": 5, "silent_p99_ms": 9}
    few = Result("peers-latency", "DBOS", 1, 200, 10.0, {"load": 1.0}, {"offered_per_second": 20} | late)
    *_, said, waits = peers(Run([*rounds("DBOS", 10.0), *rounds("makegood", 1.0), few]))
    assert said.startswith("The same at 20 claims/s, ")
    assert waits.splitlines()[2:] == ["| DBOS | 12.3 | 40.0 | 5.0 | 9.0 | 5.000 |"]


def test_what_was_tried_is_told_with_what_it_brought() -> None:
    tried = Result("tuning", "DBOS, at once 512, workers 2", 1, 1000, 20.0, {"load": 1.0, "worker.1": 29.0})
    *_, table, _ = peers(Run([tried]))
    assert table.splitlines()[2:] == ["| DBOS, at once 512, workers 2 | 50.0 | 30.000 | 1.5 |"]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.inside)
def test_what_each_peer_is_measured_with_was_tried(peer: type[Peer]) -> None:
    assert peer.best in peer.tried
    assert len({*peer.tried}) == len(peer.tried)


def test_a_tuning_tells_what_its_peer_has() -> None:
    assert str(Tuning(4_000, workers=2)) == "at once 4,000, workers 2"
    assert Tuning(64, workers=1, jobs=8).figures == {"at_once": 64, "workers": 1, "jobs": 8}
    assert Tuning(64, workers=1).figures == {"at_once": 64, "workers": 1}


class Paying:
    """Pays who answers 5 ms after he was to file, and who stays silent 10 ms after his timer was to fire."""

    def __init__(self) -> None:
        self._filed: dict[str, Claim] = {}
        self._paid_at: dict[str, datetime] = {}
        self._answered = 0

    async def file(self, claim: Claim) -> None:
        self._filed[claim.claim_id] = claim
        if silent(claim):
            self._paid_at[claim.claim_id] = claim.answer_by + timedelta(milliseconds=10)

    async def answer(self, claim_id: str) -> None:
        self._paid_at[claim_id] = self._filed[claim_id].filed_at + timedelta(milliseconds=5)
        self._answered += 1

    async def paid(self) -> tuple[int, int]:
        return len(self._paid_at), self._answered

    async def payouts(self) -> list[Payout]:
        return [expected(claim, silent(claim)) for claim in self._filed.values()]

    async def paid_at(self) -> Mapping[str, datetime]:
        return self._paid_at


def silent(claim: Claim) -> bool:
    return claim.answer_by - claim.filed_at == SILENCE


async def test_an_open_loop_tells_how_late_each_claim_was_paid_by_what_decided_it() -> None:
    load = Load(Paying(), at_once=1)
    await load.closed_loop(20)
    found = await load.open_loop([0.0, 0.01, 0.02, 0.03, 0.04])
    assert found[Reason.ANSWERED] == pytest.approx([0.005] * 3)
    assert found[Reason.SILENT] == pytest.approx([0.010] * 2)
    assert await load.wrong() == []


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


@pytest.mark.parametrize("way", [measure, tune])
async def test_every_peer_that_cannot_be_had_is_told_at_once(
    way: Callable[..., AsyncGenerator[Result]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    found = [result async for result in way(tmp_path, only=[Restate.name, RestateAlone.name])]
    assert [(one.name, one.missing) for one in found] == [
        (name, "there is no `npm` on this machine.") for name in (Restate.name, RestateAlone.name)
    ]
