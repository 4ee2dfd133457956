"""What waits for a person: in which order, and how it is told."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ops.desk import text
from ops.desk.meanings import REVIEWS, SIGNALS
from ops.desk.overdue import Clock, Overdue, as_json, longest_first, whose_step, write
from ops.desk.question import Question, as_plain, by_urgency
from shared.events.adjusters import ReviewKind
from shared.events.base import derived_id
from shared.events.claim import Signal
from shared.money import Currency
from tests.ops.desk_given import CLAIM, NOW, appeal, approval, days, review

LATER = [derived_id("claim", n) for n in range(3)]


def told(write_it: Any, *arguments: Any) -> str:
    console = Console(file=io.StringIO(), width=300)
    write_it(console, *arguments)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_what_is_overdue_comes_first_then_what_is_due_first_then_the_larger_amount() -> None:
    calm = review(claim_id=LATER[0], decide_by=days(9))
    late_claim = review(claim_id=LATER[1], decide_by=days(20), late_at=days(-1))
    due_first = approval(decide_by=days(1), amount_minor=100)
    due_first_and_larger = appeal(decide_by=days(1), amount_minor=99_999)
    past = appeal(claim_id=LATER[2], decide_by=days(-2))
    found = by_urgency([calm, late_claim, due_first, due_first_and_larger, past], NOW)
    assert found == [past, late_claim, due_first_and_larger, due_first, calm]


moments = st.integers(-5, 5).map(days)
questions = st.builds(
    review,
    claim_id=st.uuids(),
    decide_by=moments,
    late_at=st.none() | moments,
    amount_minor=st.integers(0, 10**9),
    currency=st.sampled_from(Currency),
)


@given(st.lists(questions, max_size=12, unique_by=lambda one: one.claim_id))
def test_the_order_is_the_same_however_they_are_read(found: list[Question]) -> None:
    ordered = by_urgency(found, NOW)
    assert by_urgency(reversed(found), NOW) == ordered
    overdue = [one.is_overdue(NOW) for one in ordered]
    assert overdue == sorted(overdue, reverse=True)


@pytest.mark.parametrize(("day", "left"), [(3, 3), (0.5, 0), (-0.5, -1), (-2, -2)])
def test_days_left_are_whole_days(day: float, left: int) -> None:
    assert review(decide_by=days(day)).days_left(NOW) == left


def test_the_queue_tells_what_each_is_about() -> None:
    found = [
        review(kind=ReviewKind.INVESTIGATION, signals=(Signal.SAME_PAYEE,), contested=(1, 2), round=2),
        approval(approvers=("appr:a",), adjusters=("adj:b",), decide_by=days(-1)),
        appeal(),
    ]
    shown = told(text.write_queue, found, NOW)
    for words in ("review: investigation", "round 2", "contested items 1, 2", "signals SAME_PAYEE", "458.49 USD"):
        assert words in shown
    for words in ("approval", "approved by appr:a", "limit 10,000.00 USD", "reviewed by adj:b", "overdue"):
        assert words in shown
    assert "458.49 USD  US  appeal " in shown
    assert told(text.write_queue, [], NOW) == "Nothing waits for a person.\n"


def test_a_question_is_plain_json() -> None:
    plain = json.loads(json.dumps(as_plain(review(contested=(2,)), NOW)))
    assert (plain["asks"], plain["desk"], plain["kind"]) == ("review", "adjuster", "contested")
    assert (plain["claim_id"], plain["days_left"], plain["overdue"]) == (str(CLAIM), 3, False)
    assert plain["items"][1] == {"item": 2, "allowed_minor": 41250, "reasons": []}
    assert as_plain(approval(), NOW)["asks"] == "approval"


def test_every_signal_and_every_review_has_a_meaning() -> None:
    assert (set(SIGNALS), set(REVIEWS)) == (set(Signal), set(ReviewKind))


# Overdue


def late(key: str, day: float) -> Overdue:
    return Overdue(key, "escalation", Clock.DECIDE, "adjuster", "under_review", days(day))


def test_the_longest_overdue_comes_first() -> None:
    assert [one.key for one in longest_first([late("b", -1), late("c", -9), late("a", -1)])] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("process", "state", "whose"),
    [
        ("escalation", {"owner": "approver", "status": "awaiting_approval"}, ("approver", "awaiting_approval")),
        ("recovery", {"stage": "noticed", "dispute": {"ground": "answer"}}, ("adjuster", "dispute: answer")),
        ("intake", {"stage": "screening"}, ("makegood", "screening")),
        ("seller_notifier", {}, ("makegood", "seller_notifier")),
    ],
)
def test_whose_step_it_is(process: str, state: dict[str, Any], whose: tuple[str, str]) -> None:
    assert whose_step(process, state) == whose


def test_what_is_overdue_is_told_with_its_days() -> None:
    assert "2025-06-06 12:00:00  9     decide  adjuster" in told(write, [late("a", -9)], NOW)
    assert json.loads(as_json([late("a", -9)], NOW))["overdue"][0]["days"] == 9
    assert told(write, [], NOW) == "Nothing is overdue.\n"
