"""What a turn writes about its decisions: moments in order, and what followed as short fingerprints."""

from datetime import UTC, datetime, timedelta

from shared.policy import Policies
from shared.runtime.store import Asked, Changes, LaneRow, StateRow
from shared.runtime.turn import Turn, result_of
from tests.runtime.toy import Deposited, account_process

NOW = datetime(2025, 6, 2, 9, tzinfo=UTC)
KEY, LANE = "a", 3


def turn(
    *deposits: Deposited, lane: LaneRow | None = None, known: StateRow | None = None, said_at: datetime = NOW
) -> Changes:
    lane = lane or LaneRow(LANE, None, 1, 0, 0, {}, NOW - timedelta(days=1), 0)
    taking = Turn(
        account_process,
        service="account",
        policies=Policies([]),
        now=NOW,
        lanes={LANE: lane},
        known=True,
        bad_keys={},
    )
    taking.know([known] if known else [], [])
    for deposit in deposits:
        body = deposit.model_dump_json()
        taking.ask(Asked(KEY, LANE, "Deposited", f"bank/{deposit.n}", said_at, body), deposit)
    return taking.finish()


def results(*deposits: Deposited) -> list[str | None]:
    return [row.result for row in turn(*deposits).journal]


def deposit(n: int = 1, amount: int = 1, note: str = "") -> Deposited:
    return Deposited(account=KEY, n=n, amount=amount, note=note)


def test_the_same_decision_gives_the_same_result() -> None:
    assert results(deposit(), deposit(2)) == results(deposit(), deposit(2))


def test_a_result_tells_the_state_from_what_was_said_and_done() -> None:
    [one], [other] = results(deposit()), results(deposit(note="a note"))
    assert one is not None
    assert other is not None
    assert one.split(".")[:2] == other.split(".")[:2]
    assert one.split(".")[2] != other.split(".")[2]  # only the row beside the state has the note

    [more] = results(deposit(amount=2))
    assert more is not None
    assert all(a != b for a, b in zip(one.split("."), more.split("."), strict=True))


def test_where_nothing_followed_the_result_is_empty() -> None:
    assert result_of(None, (), ()) == ".."
    assert result_of("{}", (), ()).endswith("..")
    assert len(result_of("{}", ("Counted", "{}"), ("Entry", "{}"))) == 38


def test_what_is_said_in_another_order_or_cut_otherwise_is_another_result() -> None:
    assert result_of(None, ("A", "x", "B", "y"), ()) != result_of(None, ("B", "y", "A", "x"), ())
    assert result_of(None, ("A", "x"), ()) != result_of(None, (), ("A", "x"))


def test_every_turn_of_a_lane_has_a_later_moment_though_the_clock_stands_still() -> None:
    lane = LaneRow(LANE, None, 1, 0, 0, {}, NOW, 0)
    moments = [turn(deposit(n), lane=lane).journal[0].at for n in (1, 2, 3)]
    assert moments == sorted(set(moments))
    assert moments[0] > NOW


def test_the_same_cause_gives_the_same_ids_also_in_a_replay() -> None:
    once, again = turn(deposit(), deposit(2)), turn(deposit(), deposit(2))
    assert [row.says for row in once.journal] == [row.says for row in again.journal]
    assert len({said for row in once.journal for said in row.says}) == 2


def test_a_clock_of_the_outside_that_runs_ahead_wins_nothing() -> None:
    ahead = Deposited(account=KEY, n=1, wait_days=1)
    [state] = turn(ahead, said_at=NOW + timedelta(days=300)).states
    assert state.due == NOW + timedelta(days=1)
