"""The payout: who must approve it, its one authorisation per round, and what finance reports."""

from services.escalation import items
from services.escalation.state import At, Case, later
from services.escalation.status import close, saying
from shared.events.adjusters import PayoutApproved
from shared.events.claim import Reason
from shared.events.escalation import (
    ApprovalRequested,
    ClaimDecided,
    Outcome,
    Owner,
    PayoutAuthorized,
    Route,
    Status,
)
from shared.events.finance import PayoutFailed, PayoutPaid
from shared.runtime import Decision, unchanged

APPROVERS = 2
"""Different people who must say yes above the authority limit."""

PAID_OUTCOME = {
    Route.DIRECT_PAY: Outcome.DIRECT_PAID,
    Route.SELLER_ACCEPTED: Outcome.RESOLVED_BY_SELLER,
    Route.SELLER_SILENT: Outcome.STEPPED_IN_SILENT,
    Route.SELLER_REJECTED: Outcome.STEPPED_IN_REJECTED,
}


def authorise(case: Case, at: At) -> Decision[Case]:
    """Orders the payout of what is allowed; above the authority limit only after two approvals.

    Called where the rules allow a payout; whether a person must look first is asked in review.py.
    """
    if not case.undecided:
        return unchanged(case)
    amount = items.total(items.allowed(case, at))
    if amount == 0:
        return nothing_to_pay(case, at)
    if amount > case.policy(at).handling.authority_limit_minor and len(case.approvers) < APPROVERS:
        return _ask_approval(case, at)
    by = later(at, case.policy(at).days(case.policy(at).handling.payout_retry_days))
    pending = case.moved(Status.PAYOUT_PENDING, Owner.FINANCE, by, attempt=1, amount_minor=amount)
    return Decision(pending, (claim_decided(pending, at), _order(pending)))


def nothing_to_pay(case: Case, at: At) -> Decision[Case]:
    """The items, as allowed, come to nothing: the rest of an insurer's settlement, or a denial."""
    lines = items.allowed(case, at)
    outcome = Outcome.RESOLVED_BY_INSURER if case.proofs else Outcome.DENIED
    reasons = items.all_reasons(lines) or (Reason.NO_ADMISSIBLE_ITEM,)
    return close(case, outcome, *reasons, says=(claim_decided(case, at),))


def claim_decided(case: Case, at: At) -> ClaimDecided:
    """The itemised decision as the case stands."""
    lines = items.allowed(case, at)
    return ClaimDecided(
        claim_id=case.claim_id,
        round=case.round,
        currency=case.terms.currency,
        allowed_minor=items.total(lines),
        findings=items.as_findings(lines),
    )


def payout_approved(case: Case, event: PayoutApproved, at: At) -> Decision[Case]:
    """The second yes of another person orders the payout."""
    if case.status is not Status.AWAITING_APPROVAL or event.payout_id != case.payout_id:
        return unchanged(case)
    if event.approver in case.approvers:
        return unchanged(case)
    approved = case.but(approvers=(*case.approvers, event.approver))
    return Decision(approved) if len(approved.approvers) < APPROVERS else authorise(approved, at)


def approval_overdue(case: Case, at: At) -> Decision[Case]:
    """Asks again; who has said yes need not say it again."""
    return authorise(case, at)


def payout_paid(case: Case, event: PayoutPaid, at: At) -> Decision[Case]:
    """The customer has the money: the claim ends, also where we had given the payout up."""
    given_up = case.outcome is Outcome.PAYOUT_FAILED
    if event.payout_id != case.payout_id or not (given_up or case.status is Status.PAYOUT_PENDING):
        return unchanged(case)
    if event.currency != case.terms.currency or event.amount_minor == 0:
        return unchanged(case)  # not this payout's money; recovery questions it
    assert case.route is not None
    return close(case, PAID_OUTCOME[case.route])


def payout_failed(case: Case, event: PayoutFailed, at: At) -> Decision[Case]:
    """Tried again under the same id, so often as the policy says; then it is given up."""
    if case.status is not Status.PAYOUT_PENDING or event.payout_id != case.payout_id:
        return unchanged(case)
    handling = case.policy(at).handling
    waits_to_retry = case.owner is Owner.MAKEGOOD
    if event.final or (case.attempt >= handling.payout_attempts and not waits_to_retry):
        return close(case, Outcome.PAYOUT_FAILED)
    if waits_to_retry:
        return unchanged(case)
    retry_at = later(at, case.policy(at).days(handling.payout_retry_days))
    return Decision(case.moved(Status.PAYOUT_PENDING, Owner.MAKEGOOD, retry_at))


def payout_overdue(case: Case, at: At) -> Decision[Case]:
    """After a failure: the next attempt. Of a silent finance: the same order said once more, then we wait on."""
    patience = case.policy(at).days(case.policy(at).handling.payout_retry_days)
    if case.owner is Owner.MAKEGOOD:
        again = case.moved(Status.PAYOUT_PENDING, Owner.FINANCE, later(at, patience), attempt=case.attempt + 1)
        return Decision(again, (_order(again),))
    waiting = case.still_waiting(at, patience)
    return Decision(waiting, (_order(case),) if case.overdue == 0 else ())


def _ask_approval(case: Case, at: At) -> Decision[Case]:
    decide_by = later(at, case.policy(at).days(case.policy(at).handling.approval_days))
    asked = ApprovalRequested(
        claim_id=case.claim_id,
        payout_id=case.payout_id,
        currency=case.terms.currency,
        amount_minor=items.total(items.allowed(case, at)),
        decide_by=decide_by,
    )
    waiting = Decision(case.moved(Status.AWAITING_APPROVAL, Owner.APPROVER, decide_by))
    return saying(asked, waiting)


def _order(case: Case) -> PayoutAuthorized:
    assert case.route is not None, "no payout without a route"
    terms = case.terms
    return PayoutAuthorized(
        claim_id=case.claim_id,
        payout_id=case.payout_id,
        round=case.round,
        payee_ref=terms.payee_ref,
        currency=terms.currency,
        amount_minor=case.amount_minor,
        seller_id=terms.seller_id,
        marketplace=terms.marketplace,
        policy=terms.policy,
        route=case.route,
        small=terms.small,
        covered=case.covered,
        attempt=case.attempt,
        incident_on=terms.incident_on,
    )
