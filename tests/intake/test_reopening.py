"""Claims that have ended and are to be looked at again."""

import pytest

from services.intake import decide, reopening
from services.intake.state import Stage, Submission
from shared.events.base import claim_id_of
from shared.events.claim import Reason, ReopeningReason
from shared.events.intake import (
    ClaimAccepted,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    IncidentReported,
    ReopeningRecorded,
    ReopeningRefused,
)
from shared.events.upstream import ClaimWithdrawn, ReopeningRequested
from shared.runtime import Decision
from tests.deciding import at, day
from tests.intake.given import (
    BILL,
    RECEIPT,
    accepted,
    never_proven,
    only,
    papers,
    screened,
    screening,
    submitted,
    told,
    waiting_for_papers,
    withdrawn,
)
from tests.intake.house import House

WITHDRAWN = ClaimWithdrawn(submission_id="fnol-1")


def wanted(request_id: str = "request-1") -> ReopeningRequested:
    return ReopeningRequested(submission_id="fnol-1", request_id=request_id, reason=ReopeningReason.PAPERS_FOUND)


def refusal(given: Submission, on: float = 40) -> tuple[Reason, ...]:
    said = only(reopening.reopening_requested(given, wanted(), at(day(on))))
    assert isinstance(said, ReopeningRefused)
    return said.reasons


@pytest.mark.parametrize("given", [never_proven(), withdrawn(screening()), withdrawn(waiting_for_papers())])
def test_a_claim_that_was_never_proven_or_withdrawn_is_looked_at_again(given: Submission) -> None:
    decision = reopening.reopening_requested(given, wanted(), at(day(40)))

    assert told(decision, IncidentReported).asked == 2
    assert decision.state.stage is Stage.SCREENING
    assert decision.state.due == day(55)


def test_papers_that_came_after_the_end_count_once_it_is_reopened() -> None:
    late = decide.documents_submitted(never_proven(), papers(RECEIPT, BILL), at(day(35)))
    again = reopening.reopening_requested(late.state, wanted(), at(day(40))).state

    assert late.says == ()
    assert told(decide.incident_screened(again, screened(asked=2), at(day(41))), ClaimAccepted).admitted_minor == 32_000


def test_an_answer_that_was_under_way_when_the_claim_ended_decides_nothing() -> None:
    given = reopening.reopening_requested(withdrawn(screening(RECEIPT, BILL)), wanted(), at(day(2))).state

    for stale in (screened(), screened(duplicate_of=claim_id_of("fnol-0"))):
        decision = decide.incident_screened(given, stale, at(day(3)))
        assert (decision.says, decision.state.stage) == ((), Stage.SCREENING)


def test_whoever_took_the_place_of_a_withdrawn_claim_keeps_it_when_that_is_reopened() -> None:
    house = House()
    for name in ("fnol-1", "fnol-2"):
        house.hear(papers(RECEIPT, BILL, submission_id=name))
    house.hear(submitted())
    house.deliver()  # to the look across the claimant's claims, whose answer stays under way
    house.hear(WITHDRAWN)
    house.settle(holding="fnol-1")
    house.hear(submitted(submission_id="fnol-2"))
    house.settle(holding="fnol-1")
    house.hear(wanted())
    house.settle()

    assert [said.submission_id for said in house.said(ClaimAccepted)] == ["fnol-2"]
    assert [said.duplicate_of for said in house.said(DuplicateFound)] == [claim_id_of("fnol-2")]


def test_who_reopens_a_claim_can_withdraw_it_again_but_not_by_the_former_word() -> None:
    given = reopening.reopening_requested(withdrawn(screening()), wanted(), at(day(5))).state

    assert decide.claim_withdrawn(given, WITHDRAWN, at(day(6), said_at=day(1))) == Decision(given)
    assert told(decide.claim_withdrawn(given, WITHDRAWN, at(day(6))), ClaimWithdrawalRecorded).before_acceptance


def test_the_reopening_of_an_accepted_claim_is_recorded_for_escalation() -> None:
    decision = reopening.reopening_requested(withdrawn(accepted()), wanted(), at(day(40)))

    assert only(decision) == ReopeningRecorded(
        claim_id=claim_id_of("fnol-1"), submission_id="fnol-1", reason=ReopeningReason.PAPERS_FOUND
    )
    assert decision.state.withdrawn_at is None, "it can be withdrawn once more"


@pytest.mark.parametrize("given", [accepted(), never_proven(), screening(currency="EUR")])
def test_the_same_request_is_heard_once(given: Submission) -> None:
    first = reopening.reopening_requested(given, wanted(), at(day(40)))
    assert reopening.reopening_requested(first.state, wanted(), at(day(41))) == Decision(first.state)


def test_a_request_heard_again_after_another_end_reopens_nothing() -> None:
    again = reopening.reopening_requested(withdrawn(screening()), wanted(), at(day(5))).state
    ended = decide.claim_withdrawn(again, WITHDRAWN, at(day(6))).state
    assert reopening.reopening_requested(ended, wanted(), at(day(7))) == Decision(ended)


@pytest.mark.parametrize("given", [screening(), waiting_for_papers()])
def test_what_has_not_ended_is_not_reopened(given: Submission) -> None:
    assert reopening.reopening_requested(given, wanted(), at(day(2))) == Decision(given)


def test_a_claim_that_rules_have_ended_stays_as_it_is_for_the_same_reasons() -> None:
    given = decide.claim_submitted(submitted(currency="EUR", product="Services"), at(day(0))).state
    assert set(refusal(given)) == {Reason.WRONG_CURRENCY, Reason.EXCLUDED_PRODUCT}


def test_a_duplicate_stays_ended() -> None:
    given = decide.incident_screened(screening(), screened(duplicate_of=claim_id_of("fnol-0")), at(day(1))).state
    assert refusal(given) == (Reason.DUPLICATE,)


@pytest.mark.parametrize(("on", "too_late"), [(30 + 180, False), (30 + 180.1, True)])
def test_it_can_be_reopened_for_180_days_after_its_end(on: float, too_late: bool) -> None:
    decision = reopening.reopening_requested(never_proven(), wanted(), at(day(on)))
    assert isinstance(only(decision), ReopeningRefused) is too_late
    if too_late:
        assert refusal(never_proven(), on) == (Reason.NOT_REOPENED,)


def test_who_asked_in_time_is_in_time_however_late_we_hear_of_it() -> None:
    decision = reopening.reopening_requested(never_proven(), wanted(), at(day(400), said_at=day(100)))
    assert isinstance(only(decision), IncidentReported)


def test_a_claim_of_a_marketplace_without_rules_is_refused_by_name() -> None:
    assert refusal(decide.claim_submitted(submitted(marketplace="ZZ"), at(day(0))).state) == (
        Reason.UNKNOWN_MARKETPLACE,
    )
