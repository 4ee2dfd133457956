"""What a restored database forgot is decided again in the order of then, and at the moments of then."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events.base import Event, derived_text
from shared.policy import Policies
from shared.runtime import Decision, Effect, Moment, Process, State
from shared.runtime.retelling import AS_PUBLISHED, RetellingTurn
from shared.runtime.store import REPLAY, Asked, Changes, HeldRow, LaneRow, StateRow, ToldRow
from shared.runtime.told import UNKNOWN, Told, fingerprint
from shared.runtime.turn import deadline, effect_id
from tests.runtime.toy import COUNTS, Adjusted, Counted, Deposited, Expired

START = datetime(2026, 1, 5, tzinfo=UTC)
LANE, KEY = 3, "a"
STREAM = f"{COUNTS.name}:{LANE}"


class Sum(State):
    account: str
    total: int = 0
    expires_at: datetime | None = None
    silently: bool = True
    twice: bool = False

    @property
    def due(self) -> datetime | None:
        return self.expires_at


def deposited(state: Sum, event: Deposited, at: Moment[Any]) -> Decision[Sum]:
    """Says the sum."""
    total = state.total + event.amount
    expires = at.said_at + timedelta(days=event.wait_days) if event.wait_days else state.expires_at
    after = state.model_copy(update={"total": total, "expires_at": expires})
    return Decision(after, (Counted(account=KEY, n=event.n, total=total),) * (2 if state.twice else 1))


class Slip(Effect):
    """Is written for an adjustment of 7."""


def adjusted(state: Sum, event: Adjusted, at: Moment[Any]) -> Decision[Sum]:
    """Doubles it, and says nothing."""
    after = state.model_copy(update={"total": state.total * 2 + event.amount})
    return Decision(after, does=(Slip(),) if event.amount == 7 else ())


def expired(state: Sum, at: Moment[Any]) -> Decision[Sum]:
    """Takes a thousand; says so or not."""
    after = state.model_copy(update={"total": state.total + 1000, "expires_at": None})
    return Decision(after, () if state.silently else (Expired(account=KEY, n=0),))


summing = Process(
    name="summing",
    state=Sum,
    begins={Adjusted: lambda event, at: adjusted(Sum(account=event.account), event, at)},
    hears={Deposited: deposited, Adjusted: adjusted},
    waits=expired,
)


class Recovering:
    """A lane that has gathered all it had heard; ``told`` says what had been published, and when."""

    def __init__(self, *, begun: bool = True, silently: bool = True, twice: bool = False) -> None:
        self._begun = begun
        self._state = Sum(account=KEY, total=1, silently=silently, twice=twice)
        self._held: list[HeldRow] = []
        self._told: list[ToldRow] = []

    def waits(self, day: float) -> None:
        self._state = self._state.model_copy(update={"expires_at": _on(day)})

    def heard(self, event: Event, said: float) -> str:
        cause = f"cause-{len(self._held)}"
        asked = Asked(KEY, LANE, event.type_name(), cause, _on(said), event.model_dump_json(), held_id=len(self._held))
        self._held.append(HeldRow(asked, None, _on(100)))
        return cause

    def published(
        self,
        cause: str,
        event: Event,
        day: float,
        *,
        ordinal: int = 1,
        reference: str | None = None,
        number: int | None = None,
    ) -> None:
        """``number``: which change of the state it was; the one that is on record is the first."""
        event_id = derived_text("summing", cause, event.type_name(), str(ordinal))
        body = event.model_dump_json()
        said = fingerprint(event.type_name(), body)
        self._told.append(ToldRow(LANE, cause, event_id, _on(day), event.type_name(), said, STREAM, reference, number))

    def retold(self, awaited: Sequence[str] = (), *, known: bool = True) -> Changes:
        """``awaited``: causes of what will still be asked. ``known``: whether the reference is, now."""
        turn = self._turn(known=known, awaited=awaited)
        turn.retell(KEY, LANE)
        return turn.finish()

    def replayed(self, *, known: bool) -> Changes:
        """``known``: whether the reference is, by the replica that is asked to take what was published as it is."""
        turn = self._turn(known=known)
        turn.ask(Asked(KEY, LANE, REPLAY, "replay-1", _on(100), AS_PUBLISHED, request_id=1))
        return turn.finish()

    def asked(self, event: Event, cause: str, said: float, awaited: Sequence[str] = ()) -> Changes:
        """Of a replica that does not know its reference yet."""
        turn = self._turn(known=False, awaited=awaited)
        turn.ask(Asked(KEY, LANE, event.type_name(), cause, _on(said), event.model_dump_json(), request_id=1))
        return turn.finish()

    def _turn(self, *, known: bool, awaited: Sequence[str] = ()) -> RetellingTurn:
        lane = LaneRow(LANE, None, 2, 0, 0, {}, _on(100), len(self._held), told=len(self._told))
        lanes, policies = {LANE: lane}, Policies([])
        turn = RetellingTurn(
            summing, service="summing", policies=policies, now=_on(100), lanes=lanes, known=known, bad_keys={}
        )
        states = [StateRow(KEY, LANE, 1, self._state.model_dump_json(), None, None)] if self._begun else []
        turn.know(states, self._held)
        turn.remember(Told(self._told), {KEY: awaited}, {})
        return turn


def _on(day: float) -> datetime:
    return START + timedelta(days=day)


def deposit(n: int, **fields: Any) -> Deposited:
    return Deposited(account=KEY, n=n, **fields)


def counted(n: int, total: int) -> Counted:
    return Counted(account=KEY, n=n, total=total)


def assert_as_then(changes: Changes, *types: str) -> None:
    """Taken again in this order, nothing parked, and nothing said a second time."""
    assert [row.asked.type for row in changes.journal] == list(types)
    assert changes.errors == {}
    assert changes.outbox == []
    assert [lane.told for lane in changes.lanes] == [0]


def test_facts_of_one_topic_keep_its_order_whatever_the_moments_say() -> None:
    lane = Recovering()
    later = lane.heard(deposit(2), said=1)
    sooner = lane.heard(deposit(1, amount=5), said=1)
    lane.published(sooner, counted(1, 6), day=2)
    lane.published(later, counted(2, 7), day=3)
    [error] = lane.retold().errors.values()  # so no decision of before can have been taken like that
    assert error is not None
    assert "differs" in error


def test_what_was_published_is_decided_at_its_moment() -> None:
    lane = Recovering()
    first = lane.heard(deposit(1, amount=5), said=1)
    second = lane.heard(deposit(2), said=1)
    lane.published(first, counted(1, 6), day=2)
    lane.published(second, counted(2, 7), day=3)
    changes = lane.retold()
    assert_as_then(changes, "Deposited", "Deposited")
    assert [row.at for row in changes.journal] == [_on(2), _on(3)]


def test_a_silent_fact_of_another_topic_comes_soon_after_it_was_said() -> None:
    lane = Recovering()
    one = lane.heard(deposit(1), said=1)
    two = lane.heard(deposit(2), said=5)
    lane.heard(Adjusted(account=KEY, amount=0), said=3)
    lane.published(one, counted(1, 2), day=2)
    lane.published(two, counted(2, 5), day=6)
    assert_as_then(lane.retold(), "Deposited", "Adjusted", "Deposited")


def test_a_silent_fact_that_changes_what_was_published_had_not_been_heard_yet() -> None:
    lane = Recovering()
    one = lane.heard(deposit(1), said=3)
    two = lane.heard(deposit(2), said=3)
    lane.heard(Adjusted(account=KEY, amount=0), said=3)
    lane.published(one, counted(1, 2), day=4)
    lane.published(two, counted(2, 5), day=5)
    assert_as_then(lane.retold(), "Deposited", "Adjusted", "Deposited")


@pytest.mark.parametrize(("seconds", "total"), [(1, 3), (120, 2)])
def test_what_makes_a_difference_only_behind_what_was_published_is_an_answer_to_it(seconds: int, total: int) -> None:
    """As far as clocks differ: an answer that seems to come before its question makes no difference there."""
    lane = Recovering()
    nothing_left = lane.heard(deposit(1, amount=-1), said=1)
    question = lane.heard(deposit(2), said=2)
    last = lane.heard(deposit(3), said=3)
    lane.heard(Adjusted(account=KEY, amount=0), said=2 - seconds / 86400)
    lane.published(nothing_left, counted(1, 0), day=1)
    lane.published(question, counted(2, 1), day=2)
    lane.published(last, counted(3, total), day=3)
    among = ("Deposited", "Adjusted") if seconds < 60 else ("Adjusted", "Deposited")
    assert_as_then(lane.retold(), "Deposited", *among, "Deposited")


def test_only_so_much_was_silent_as_is_missing() -> None:
    """Whatever the moments say: two facts that change nothing of what was published, one of them decided before it."""
    lane = Recovering(begun=False)
    lane.heard(Adjusted(account=KEY, amount=0), said=1)
    lane.heard(Adjusted(account=KEY, amount=0), said=2)
    one = lane.heard(deposit(1, amount=0), said=3)
    lane.published(one, counted(1, 0), day=4, number=2)
    assert_as_then(lane.retold(), "Adjusted", "Deposited", "Adjusted")


def test_what_came_out_counts_for_more_than_its_number() -> None:
    """A key that was replayed as published may have changed more often than it had then."""
    lane = Recovering()
    lane.heard(Adjusted(account=KEY, amount=0), said=2)
    one = lane.heard(deposit(1), said=3)
    lane.published(one, counted(1, 3), day=4, number=2)
    assert_as_then(lane.retold(), "Adjusted", "Deposited")


def test_only_what_somebody_has_looked_at_may_differ() -> None:
    lane = Recovering()
    one, two = lane.heard(deposit(1), said=1), lane.heard(deposit(2), said=2)
    lane.published(one, counted(1, 70), day=1)
    lane.published(two, counted(2, 80), day=2)
    changes = lane.replayed(known=True)
    assert [row.asked.cause for row in changes.journal] == [one]
    assert list(changes.errors) == [1]


def test_what_is_missing_was_silent_though_it_seems_to_be_said_a_little_later() -> None:
    lane = Recovering()
    lane.heard(Adjusted(account=KEY, amount=0), said=4 + 1 / 86400)
    one = lane.heard(deposit(1), said=3)
    two = lane.heard(deposit(2), said=3)
    lane.published(one, counted(1, 2), day=4, number=2)
    lane.published(two, counted(2, 5), day=4.5, number=4)
    changes = lane.retold()
    assert_as_then(changes, "Deposited", "Adjusted", "Deposited")


def test_a_silent_beginning_is_no_later_than_what_follows_it_though_another_clock_had_said_it() -> None:
    lane = Recovering(begun=False)
    one = lane.heard(deposit(1), said=2)
    lane.heard(Adjusted(account=KEY, amount=1), said=4)
    lane.published(one, counted(1, 2), day=3)
    changes = lane.retold()
    assert_as_then(changes, "Adjusted", "Deposited")
    assert [row.at for row in changes.journal] == [_on(3), _on(3)]


def test_a_silent_beginning_is_no_later_than_the_outcome_of_what_follows_it() -> None:
    """Which is not asked for before that is decided."""
    lane = Recovering(begun=False)
    lane.heard(Adjusted(account=KEY, amount=1), said=3 + 30 / 86400)
    slip = lane.heard(Adjusted(account=KEY, amount=7), said=2)
    last = lane.heard(deposit(1), said=9)
    outcome = effect_id("summing", slip, 0, Slip())
    lane.published(outcome, counted(1, 9), day=3)
    lane.published(last, counted(1, 10), day=10)
    assert [(row.asked.type, row.at) for row in lane.retold([outcome]).journal] == [
        ("Adjusted", _on(3)),
        ("Adjusted", _on(3)),
    ]


def test_nothing_overtakes_what_is_still_to_be_asked_and_was_decided_before_it() -> None:
    lane = Recovering()
    one = lane.heard(deposit(1), said=1)
    lane.heard(Adjusted(account=KEY, amount=0), said=9)
    lane.published(one, counted(1, 2), day=2)
    lane.published("outcome", counted(2, 3), day=5)
    assert [row.asked.type for row in lane.retold(awaited=["outcome"]).journal] == ["Deposited"]
    assert [row.asked.type for row in lane.retold().journal] == ["Deposited", "Adjusted"]


def test_a_silent_deadline_passed_when_it_was_due() -> None:
    lane = Recovering(silently=True)
    lane.waits(day=4)
    one = lane.heard(deposit(1), said=1)
    two = lane.heard(deposit(2), said=5)
    lane.published(one, counted(1, 2), day=2)
    lane.published(two, counted(2, 1003), day=6)
    assert_as_then(lane.retold(), "Deposited", "deadline", "Deposited")


def test_a_deadline_that_would_have_said_something_and_did_not_had_not_passed_yet() -> None:
    lane = Recovering(silently=False)
    lane.waits(day=4)
    one = lane.heard(deposit(1), said=1)
    lane.published(one, counted(1, 2), day=6)
    assert_as_then(lane.retold(), "Deposited")


def test_a_deadline_that_was_told_passes_at_its_moment() -> None:
    lane = Recovering(silently=False)
    lane.waits(day=4)
    one = lane.heard(deposit(1), said=5)
    lane.published(deadline("summing", KEY, LANE, _on(4)).cause, Expired(account=KEY, n=0), day=4.5)
    lane.published(one, counted(1, 1002), day=6)
    assert_as_then(lane.retold(), "deadline", "Deposited")


def test_a_clock_that_was_set_silently_ran_out_when_it_is_known_to_have() -> None:
    lane = Recovering(silently=False)
    lane.waits(day=4)  # by a moment that is guessed
    then = deadline("summing", KEY, LANE, _on(4.1)).cause
    lane.published(then, Expired(account=KEY, n=0), day=4.5)
    changes = lane.retold()
    assert_as_then(changes, "deadline")
    assert [row.asked.cause for row in changes.journal] == [then]


def test_what_had_not_been_heard_yet_is_new() -> None:
    lane = Recovering()
    one = lane.heard(deposit(1), said=1)
    lane.heard(deposit(2), said=1)  # said early, and yet nothing had followed from it
    lane.published(one, counted(1, 2), day=2)
    changes = lane.retold()
    assert [row.at for row in changes.journal] == [_on(2), changes.lanes[0].moment]
    assert [record.body for record in changes.outbox] == [counted(2, 3).model_dump_json()]


def test_what_had_not_come_out_of_the_last_decision_is_said_now() -> None:
    """Its replica died while it published."""
    lane = Recovering(twice=True)
    one = lane.heard(deposit(1), said=1)
    two = lane.heard(deposit(2), said=2)
    lane.published(one, counted(1, 2), day=2)
    lane.published(one, counted(1, 2), day=2, ordinal=2)
    lane.published(two, counted(2, 3), day=3)
    changes = lane.retold()
    assert changes.errors == {}
    assert [(record.position, record.body) for record in changes.outbox] == [(1, counted(2, 3).model_dump_json())]


def test_what_is_missing_among_what_came_out_later_is_a_difference() -> None:
    lane = Recovering(twice=True)
    one = lane.heard(deposit(1), said=1)
    two = lane.heard(deposit(2), said=2)
    lane.published(one, counted(1, 2), day=2)
    lane.published(two, counted(2, 3), day=3)
    [error, *_] = lane.retold().errors.values()
    assert error is not None
    assert "differs" in error


def test_a_difference_stops_the_key_and_what_follows_waits() -> None:
    lane = Recovering()
    one = lane.heard(deposit(1), said=1)
    lane.heard(deposit(2), said=9)
    lane.published(one, counted(1, 77), day=2)
    changes = lane.retold()
    assert changes.journal == []
    assert changes.outbox == []
    [error] = changes.errors.values()
    assert error is not None
    assert "differs from what was published" in error
    assert "Counted" in error


def test_a_replay_stays_on_record_until_the_reference_is_known() -> None:
    lane = Recovering()
    one = lane.heard(deposit(1), said=1)
    lane.published(one, counted(1, 77), day=2)
    waits = lane.replayed(known=False)
    assert (waits.journal, waits.answered) == ([], [])
    assert [(row.told, row.gathering) for row in waits.lanes] == [(1, True)]
    taken = lane.replayed(known=True)
    assert [row.asked.type for row in taken.journal] == ["Deposited"]
    assert (taken.answered, [row.told for row in taken.lanes]) == ([1], [0])


def test_whatever_comes_of_a_lane_with_a_past_is_gathered_until_the_reference_is_known() -> None:
    """An outcome that was awaited, and a new fact: what is silent before them was decided by what was known then."""
    lane = Recovering()
    one = lane.heard(deposit(1), said=1)
    lane.heard(Adjusted(account=KEY, amount=0), said=9)
    lane.published(one, counted(1, 2), day=2)
    lane.published("later", counted(3, 9), day=20)
    for cause, said in (("outcome", 5), ("new", 30)):
        changes = lane.asked(deposit(2), cause, said, awaited=["outcome"])
        assert (changes.journal, [row.asked.cause for row in changes.held]) == ([], [cause])
        assert [row.gathering for row in changes.lanes] == [True]


@pytest.mark.parametrize(("said", "knew"), [(None, True), (UNKNOWN, False)])
@pytest.mark.parametrize("known", [True, False])
def test_a_decision_that_was_published_knows_what_it_knew_then(said: str | None, *, knew: bool, known: bool) -> None:
    """Whatever the replica knows that takes it again."""
    lane = Recovering()
    one = lane.heard(deposit(1), said=1)
    lane.published(one, counted(1, 2), day=2, reference=said)
    [taken] = lane.retold(known=known).journal
    assert (taken.at, taken.known) == (_on(2), knew)
