"""A submission id is used again: what a sender repeats is harmless, and what he contradicts himself in he is told."""

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake import amendments, decide, payment
from services.intake.app import intake
from services.intake.state import Stage, Submission
from shared.events.base import claim_id_of
from shared.events.claim import Lien
from shared.events.intake import SubmissionRefused
from shared.events.upstream import ClaimSubmitted, LienAsserted, PayeeChanged
from tests.deciding import at, day
from tests.intake.given import (
    CHILD,
    FATAL,
    SECRET,
    accepted,
    amended,
    loss,
    never_proven,
    only,
    screened,
    screening,
    submitted,
    waiting_for_papers,
    withdrawn,
)
from tests.interpreter import Interpreter

OTHER: Final[dict[str, object]] = {
    "marketplace": "CA",
    "currency": "CAD",
    "order_id": "order-9",
    "seller_id": "seller-9",
    "product": "Stepladders",
    "purchased_on": "2025-04-02",
    "incident_on": "2025-05-21",
    "reported_on": "2025-06-02",
    "claimant": {"id": "customer-9", "age": 34.0, "sex": "female", "beneficiary": False},
    "injury": {"diagnosis": "contusions, abr.", "body_part": SECRET, "disposition": "fatality incl. doa"},
    "losses": [loss("purchase_price", 2_000), loss("medical", 30_001)],
    "injured": {"age": 6.0},
    "payee": "account-7",
    "delivered_on": "2025-04-03",
    "returned_on": "2025-06-01",
    "liens": [{"holder_ref": "insurer-1", "amount_minor": 500}],
}
"""Field → what it says in no claim of these tests."""
KEPT: Final = {*OTHER} - {"injury", "losses", "injured", "payee", "delivered_on", "returned_on", "liens"}
"""Fields that a state has always kept as they were said."""
STAGES: Final = {
    "screening": screening,
    "waiting": waiting_for_papers,
    "accepted": accepted,
    "never proven": never_proven,
    "withdrawn": lambda: withdrawn(waiting_for_papers()),
    "withdrawn when accepted": lambda: withdrawn(accepted()),
    "denied": lambda: decide.claim_submitted(submitted(), at(day(-9))).state,
    "a duplicate": lambda: (
        decide.incident_screened(screening(), screened(duplicate_of=claim_id_of("fnol-0")), at(day(1))).state
    ),
}


def again(state: Submission, **changes: Any) -> SubmissionRefused | None:
    """What is said to the same id once more; nothing of the claim may change by it."""
    decision = decide.submitted_again(state, submitted(**changes), at(day(200)))
    assert (decision.state is state, decision.does) == (True, ())
    if not decision.says:
        return None
    refused = only(decision)
    assert isinstance(refused, SubmissionRefused)
    assert (refused.claim_id, refused.submission_id) == (claim_id_of("fnol-1"), "fnol-1")
    assert refused.contradicts
    return refused


def fields(refused: SubmissionRefused | None) -> list[str]:
    return [problem.field for problem in refused.problems] if refused else []


def of_an_older_version(state: Submission) -> Submission:
    return Submission.model_validate_json(state.model_dump_json(exclude={"first_notice"}))


@pytest.mark.parametrize("stage", STAGES)
def test_whatever_became_of_a_claim_a_repetition_is_silent_and_a_contradiction_is_not(stage: str) -> None:
    state = STAGES[stage]()
    assert again(state) is None
    assert fields(again(state, losses=OTHER["losses"], seller_id="seller-9")) == ["seller_id", "losses"]


@pytest.mark.parametrize("field", OTHER)
def test_each_field_that_says_something_else_is_named_and_no_other(field: str) -> None:
    assert fields(again(accepted(), **{field: OTHER[field]})) == [field]


@pytest.mark.parametrize("field", OTHER)
def test_what_was_said_first_and_is_left_out_now_is_named_as_well(field: str) -> None:
    """Or, where it may not be left out, what it was the first time."""
    state = decide.claim_submitted(submitted(**{field: OTHER[field]}), at(day(0))).state
    assert fields(again(state)) == [field]


def test_all_that_differs_is_named_at_once() -> None:
    assert fields(again(accepted(), **OTHER)) == [name for name in ClaimSubmitted.model_fields if name in OTHER]


def test_a_child_that_claims_is_another_claimant_and_a_death_is_another_injury() -> None:
    child = {"claimant": {"id": "customer-1", "age": 9.0, "beneficiary": False}}
    assert fields(again(accepted(), **child)) == ["claimant"]
    assert fields(again(screening(**child))) == ["claimant"]
    assert fields(again(screening(**CHILD), injured={"age": 60.0})) == ["injured"]
    assert fields(again(screening(**FATAL))) == ["injury"]
    assert fields(again(screening(injury=None))) == ["injury"]


def test_what_the_customer_has_changed_since_makes_no_repetition_a_contradiction() -> None:
    """The first notice is what counts, not what has become of the claim."""
    state = amendments.claim_amended(accepted(), amended(loss("medical", 90_000)), at(day(1))).state
    state = payment.payee_changed(state, PayeeChanged(submission_id="fnol-1", payee="account-7"), at(day(2))).state
    lien = Lien(holder_ref="insurer-1", amount_minor=500)
    state = payment.lien_asserted(state, LienAsserted(submission_id="fnol-1", lien=lien), at(day(3))).state
    assert again(state) is None
    as_it_is_now = again(state, losses=[loss("medical", 90_000)], payee="account-7", liens=[lien])
    assert fields(as_it_is_now) == ["losses", "payee", "liens"]


def test_a_repetition_may_say_in_full_what_it_had_left_out() -> None:
    in_full = ClaimSubmitted.model_validate_json(submitted().model_dump_json())
    assert set(in_full.model_dump()) == set(ClaimSubmitted.model_fields)
    assert decide.submitted_again(accepted(), in_full, at(day(1))).says == ()


def test_each_contradiction_is_told_with_its_cure_and_without_a_value() -> None:
    running, ended = again(accepted(), **OTHER), again(STAGES["denied"](), **OTHER)
    assert running is not None
    assert ended is not None
    cures = {problem.field: problem.problem.partition("; ")[2] for problem in running.problems}
    named = {field: cures.pop(field) for field in ("losses", "payee", "liens")}
    assert named == {
        "losses": "that is changed by ClaimAmended",
        "payee": "that is changed by PayeeChanged",
        "liens": "that is changed by LienAsserted",
    }
    anew = "another claim needs an id of its own"
    assert set(cures.values()) == {anew}
    assert {problem.problem.partition("; ")[2] for problem in ended.problems} == {anew}, (
        "nothing changes what has ended"
    )
    told = " ".join(problem.problem for problem in (*running.problems, *ended.problems))
    assert not [word for word in ("-9", "30001", "account", "insurer", "ladder", SECRET, "doa", "CA") if word in told]


@pytest.mark.parametrize("stage", STAGES)
def test_of_a_state_of_an_older_version_what_it_has_always_kept_is_compared(stage: str) -> None:
    state = of_an_older_version(STAGES[stage]())
    assert again(state) is None
    assert set(fields(again(state, **OTHER))) == KEPT


def test_other_words_for_what_is_personal_contradict_nothing_and_leave_no_print() -> None:
    """A print of what few possibilities make (an age, a coded injury) could be guessed back from a database."""
    personal = {
        "narrative": "in other words",
        "claimant": {"id": "customer-1", "age": 57.5, "sex": "male", "beneficiary": True},
        "injury": {"diagnosis": "strain, sprain", "body_part": "knee", "disposition": "treated"},
    }
    assert again(accepted(), **personal) is None
    told = decide.claim_submitted(submitted(**personal), at(day(0))).state
    assert told.first_notice == decide.claim_submitted(submitted(), at(day(0))).state.first_notice
    hurt = [{"injured": {"age": age, "sex": sex}} for age, sex in ((40.0, "male"), (90.0, "female"))]
    first, second = (decide.claim_submitted(submitted(**one), at(day(0))).state for one in hurt)
    assert first.first_notice == second.first_notice


def test_a_marketplace_without_rules_is_no_reason_to_forget_what_was_said() -> None:
    state = decide.claim_submitted(submitted(marketplace="ZZ"), at(day(0))).state
    assert state.stage is Stage.ENDED
    assert again(state, marketplace="ZZ") is None
    assert fields(again(state)) == ["marketplace"]


def test_intake_hears_it_and_goes_on_as_if_nothing_had_been_said() -> None:
    process = Interpreter(intake)
    process.hear(submitted())
    before = process.states["fnol-1"]
    refused = process.hear(submitted(order_id="order-9"))
    assert [type(said) for said in refused] == [SubmissionRefused]
    assert process.states["fnol-1"] == before


@settings(max_examples=100, deadline=None)
@given(first=st.sets(st.sampled_from(sorted(OTHER))), second=st.sets(st.sampled_from(sorted(OTHER))))
def test_what_is_named_is_what_differs(first: set[str], second: set[str]) -> None:
    """But for how somebody was hurt, which is judged by the rules of the marketplace that was named first."""
    state = decide.claim_submitted(submitted(**{name: OTHER[name] for name in first}), at(day(0))).state
    named = fields(again(state, **{name: OTHER[name] for name in second}))
    assert named == [name for name in ClaimSubmitted.model_fields if name in first ^ second]
