"""Claims that the first version of this service had begun go on: as it wrote them."""

import json
from typing import Any

from services.escalation.app import escalation
from services.escalation.state import Case
from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import Reason
from shared.events.escalation import ClaimClosed, ClaimDecided, Outcome, PayoutAuthorized
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.seller_portal import AnswerChoice
from shared.runtime import Moment
from tests.deciding import at, day
from tests.escalation.given import (
    CLAIM,
    PAYOUT,
    SELLER,
    answered,
    facts,
    failed,
    finding,
    new_payee,
    paid,
    returned,
    reviewed,
    the,
)

TERMS: dict[str, Any] = {
    "policy": "US-1",
    "marketplace": "US",
    "currency": "USD",
    "seller_id": SELLER,
    "payee_ref": "payee-1",
    "incident_on": "2025-05-20",
    "small": True,
    "serious": False,
}
PENDING: dict[str, Any] = {
    "status": "payout_pending",
    "owner": "finance",
    "by": "2025-06-04T09:00:00Z",
    "answer": "contest",
    "reviewed": True,
    "findings": [[2, 10_00, ["NOT_PROVEN"]]],
    "route": "seller_rejected",
    "attempt": 1,
    "amount_minor": 210_00,
}
CLOSED: dict[str, Any] = {"status": "closed", "owner": "nobody", "by": None}


def written(**changes: Any) -> Case:
    first: dict[str, Any] = {
        "claim_id": str(CLAIM),
        "submission_id": "sub-1",
        "status": "with_seller",
        "owner": "seller",
        "by": "2025-06-09T09:00:00Z",
        "asks_at": None,
        "overdue": 0,
        "revision": 2,
        "outcome": None,
        "reasons": [],
        "accepted": TERMS,
        "items": [[1, 200_00, []], [2, 50_00, []]],
        "direct_pay": False,
        "covered": False,
        "respond_by": "2025-06-09T09:00:00Z",
        "answer": None,
        "insurer_replied": False,
        "proofs": [],
        "review": None,
        "reviewed": False,
        "findings": [],
        "route": None,
        "approvers": [],
        "round": 1,
        "attempt": 0,
        "amount_minor": 0,
    }
    return Case.model_validate_json(json.dumps(first | changes))


def heard(case: Case, event: Event) -> tuple[Case, tuple[Event, ...]]:
    moment: Moment[SellerCoverChanged] = at(day(1))
    decision = escalation.hears[type(event)](case, event, moment)
    assert Case.model_validate_json(decision.state.model_dump_json()) == decision.state
    return decision.state, decision.says


def test_a_claim_that_waits_for_the_seller_is_paid_to_the_payee_it_had():
    _, said = heard(written(), answered(AnswerChoice.PAY_THROUGH_US))
    assert (the(PayoutAuthorized, said).payee_ref, the(PayoutAuthorized, said).amount_minor) == ("payee-1", 250_00)


def test_a_claim_under_review_is_decided_item_by_item():
    case = written(status="under_review", owner="adjuster", review="contested", answer="contest")
    _, said = heard(case, reviewed(ReviewKind.CONTESTED, finding(2, 10_00, Reason.NOT_PROVEN)))
    assert the(ClaimDecided, said).findings == (finding(1, 200_00), finding(2, 10_00, Reason.NOT_PROVEN))


def test_a_payout_on_its_way_is_tried_again_as_it_was_and_paid():
    case, _ = heard(written(**PENDING), failed())
    assert escalation.waits is not None
    decision = escalation.waits(case, at(day(9)))
    order = the(PayoutAuthorized, decision.says)
    assert (order.payout_id, order.attempt, order.amount_minor, order.payee_ref) == (PAYOUT, 2, 210_00, "payee-1")
    closed, said = heard(decision.state, paid(210_00))
    assert the(ClaimClosed, said).outcome is Outcome.STEPPED_IN_REJECTED
    assert [(line.minor, line.reasons) for line in closed.decided] == [(200_00, ()), (10_00, (Reason.NOT_PROVEN,))]


def test_a_payout_given_up_goes_to_a_new_payee_and_one_paid_may_come_back():
    given_up = written(**PENDING | CLOSED | {"outcome": "payout_failed"})
    _, said = heard(given_up, new_payee())
    assert (the(PayoutAuthorized, said).attempt, the(PayoutAuthorized, said).payee_ref) == (2, "payee-2")
    was_paid = written(**PENDING | CLOSED | {"outcome": "stepped_in_rejected"})
    _, said = heard(was_paid, returned(210_00))
    assert the(ClaimClosed, said).outcome is Outcome.PAYOUT_FAILED


def test_a_claim_denied_before_acceptance_stays_denied():
    case = written(**CLOSED, accepted=None, items=[[1, 0, ["EXCLUDED_LOSS"]]], outcome="denied")
    assert facts(heard(case, answered(AnswerChoice.CONTEST))[1]) == []
    assert case.items[0].reasons == (Reason.EXCLUDED_LOSS,)
