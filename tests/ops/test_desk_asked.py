"""What the desk reads from a state is what its service had asked, and the desk's answer is heard as one."""

from datetime import date
from typing import Any

import pytest

from ops.desk import answers
from ops.desk.answers import Verdict
from ops.desk.asked import of_case, of_recovery
from ops.desk.question import Appeal, Approval, Question, Review
from services.escalation.app import escalation
from services.escalation.review import open_review
from services.escalation.state import Admitted, Case, Payout, Terms
from services.recovery.app import recovery as recovery_process
from services.recovery.state import Recovery, Stage
from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import Signal
from shared.events.escalation import ApprovalRequested, Outcome, Owner, ReviewOpened, Route, Status
from shared.events.intake import PayeeRecorded
from shared.events.recovery import RecoveryDisputed, RecoveryResumed
from shared.events.seller_notifier import SellerAppealRecorded
from shared.money import Currency
from shared.runtime import Decision, State
from tests.deciding import at, day
from tests.ops.desk_given import CLAIM

ADJUSTER = "adj:m.okafor"
TERMS = Terms(
    policy="US-1",
    marketplace="US",
    currency=Currency.USD,
    seller_id="seller-1",
    incident_on=date(2025, 5, 26),
    small=False,
    serious=False,
    hurt=False,
)
CASE = Case(
    claim_id=CLAIM,
    submission_id="cs-us:2025-118204",
    accepted=TERMS,
    items=(Admitted(1, 200_000, 200_000, price=True), Admitted(2, 1_100_000, 1_000_000, price=True)),
    payee_ref="payee-1",
    contested=(2,),
    signals=(Signal.SAME_PAYEE,),
    route=Route.SELLER_SILENT,
)
RECOVERY = Recovery(
    claim_id=CLAIM,
    seller_id="seller-1",
    marketplace="US",
    policy="US-1",
    currency=Currency.USD,
    incident_on=date(2025, 5, 26),
    payouts=(),
    small=False,
    covered=False,
    stage=Stage.NOTICED,
    paid_minor=500_000,
    from_seller_minor=100_000,
)


def hear(process: Any, state: State, event: Event, moment: float) -> Decision[Any]:
    return process.hears[type(event)](state, event, at(day(moment)))


def said(decision: Decision[Any], kind: type[Any]) -> Any:
    [found] = [event for event in decision.says if isinstance(event, kind)]
    return found


def about(question: Question | None, kind: type[Any]) -> Any:
    assert isinstance(question, kind)
    return question


@pytest.mark.parametrize("kind", ReviewKind)
def test_an_open_review_is_read_as_it_was_asked(kind: ReviewKind) -> None:
    decision = open_review(CASE.but(suspected=kind is ReviewKind.INVESTIGATION), kind, at(day(0)))
    opened: ReviewOpened = said(decision, ReviewOpened)
    review: Review = about(of_case(decision.state, at(day(1))), Review)
    assert (review.kind, review.round, review.items) == (opened.review, opened.round, opened.items)
    assert review.question_id == opened.question_id is not None
    assert (review.contested, review.decide_by, review.currency) == (opened.contested, opened.decide_by, Currency.USD)
    assert set(opened.signals) <= set(review.signals)
    assert review.amount_minor == (1_000_000 if opened.contested else 1_200_000)


@pytest.mark.parametrize("valid", [True, False])
@pytest.mark.parametrize("kind", ReviewKind)
def test_the_answer_of_the_desk_ends_the_review(kind: ReviewKind, valid: bool) -> None:
    state = open_review(CASE, kind, at(day(0))).state
    verdict = Verdict(ADJUSTER, valid, ["2=6000.00:NOT_PROVEN"] if valid else [], [] if valid else ["FRAUD"])
    answer = answers.reviewed(about(of_case(state, at(day(1))), Review), verdict)
    after = hear(escalation, state, answer, 1).state
    assert (after.review, after.adjusters) == (None, (ADJUSTER,))
    again = hear(escalation, after, answer, 2)
    assert (again.state, again.says) == (after, ())


def test_an_approval_is_read_as_it_was_asked_and_answered_by_two_others() -> None:
    state = open_review(CASE, ReviewKind.AMOUNT, at(day(0))).state
    valid = answers.reviewed(about(of_case(state, at(day(1))), Review), Verdict(ADJUSTER, valid=True))
    decision = hear(escalation, state, valid, 1)
    asked, state = said(decision, ApprovalRequested), decision.state
    approval: Approval = about(of_case(state, at(day(2))), Approval)
    assert (approval.payout_id, approval.amount_minor, approval.decide_by) == (
        *(asked.payout_id, asked.amount_minor, asked.decide_by),
    )
    assert (approval.limit_minor, approval.adjusters, approval.approvers) == (1_000_000, (ADJUSTER,), ())
    assert approval.question_id == asked.question_id is not None
    for approver in ("appr:a", "appr:b"):
        approval = about(of_case(state, at(day(2))), Approval)
        state = hear(escalation, state, answers.approved(approval, approver), 2).state
    assert state.status is Status.PAYOUT_PENDING
    assert of_case(state, at(day(3))) is None


def test_another_payee_is_approved_at_the_desk() -> None:
    """Of the payout that has failed, in whichever round, and never by who had decided a review of that."""
    earlier = Payout(1, 1_200_000, "payee-1", small=False, lines=((1, 1_200_000),), adjusters=("adj:first",))
    ended = {"status": Status.CLOSED, "owner": Owner.NOBODY, "outcome": Outcome.PAYOUT_FAILED, "round": 2}
    state = CASE.but(**ended, payouts=(earlier,), adjusters=(ADJUSTER,))
    named = PayeeRecorded(claim_id=CLAIM, submission_id="sub-1", payee_ref="payee-2")
    decision = hear(escalation, state, named, 1)
    asked, state = said(decision, ApprovalRequested), decision.state
    approval: Approval = about(of_case(state, at(day(2))), Approval)
    assert (approval.payout_id, approval.amount_minor, approval.decide_by, approval.question_id) == (
        *(asked.payout_id, asked.amount_minor, asked.decide_by, asked.question_id),
    )
    assert (approval.round, approval.adjusters) == (1, (ADJUSTER, "adj:first"))
    for approver in ("appr:a", "appr:b"):
        approval = about(of_case(state, at(day(2))), Approval)
        state = hear(escalation, state, answers.approved(approval, approver), 2).state
    assert (state.status, state.payout and state.payout.payee_ref) == (Status.PAYOUT_PENDING, "payee-2")


def test_a_dispute_is_read_as_it_was_asked_and_its_answer_is_heard() -> None:
    appeal = SellerAppealRecorded(
        claim_id=CLAIM, seller_id="seller-1", appeal_id="a", evidence=("report:7",), received_at=day(0)
    )
    decision = hear(recovery_process, RECOVERY, appeal, 0)
    disputed: RecoveryDisputed = said(decision, RecoveryDisputed)
    asked: Appeal = about(of_recovery(decision.state), Appeal)
    assert (asked.ground, asked.amount_minor, asked.decide_by) == (
        *(disputed.ground, disputed.amount_minor, disputed.decide_by),
    )
    lost = hear(recovery_process, decision.state, answers.judged(asked, ADJUSTER, won=False), 1)
    assert said(lost, RecoveryResumed).seller_id == "seller-1"
    assert of_recovery(lost.state) is None


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.UNDER_REVIEW])
def test_nothing_is_asked_where_others_act(status: Status) -> None:
    asks = status is Status.AWAITING_APPROVAL
    assert (of_case(CASE.but(status=status, by=day(1)), at(day(0))) is not None) is asks
    assert of_case(CASE.but(status=status, by=None), at(day(0))) is None
    assert of_recovery(RECOVERY) is None
