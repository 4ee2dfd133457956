"""Reviews: when a person must look, and what his decision does."""

from services.escalation import items
from services.escalation.payout import authorise, claim_decided, nothing_to_pay
from services.escalation.state import At, Case, Line, later
from services.escalation.status import close_unpaid, saying
from shared.events.adjusters import PayoutRefused, ReviewDecided, ReviewKind
from shared.events.claim import Reason
from shared.events.escalation import ClaimEscalated, Outcome, Owner, ReviewOpened, Route, Status
from shared.runtime import Decision, unchanged

STEPS_IN = {ReviewKind.CONTESTED: Route.SELLER_REJECTED, ReviewKind.UNDELIVERABLE: Route.SELLER_SILENT}
"""Where a review that finds the claim valid is itself the reason to step in."""


def pay_unless_serious(case: Case, at: At) -> Decision[Case]:
    """Pays at once, but a serious injury is never automatic: a person looks first, on every route."""
    if case.terms.serious and not case.reviewed:
        return open_review(case, ReviewKind.SERIOUS_INJURY, at)
    return authorise(case, at)


def open_review(case: Case, kind: ReviewKind, at: At) -> Decision[Case]:
    """Asks a person; takes the place of a review for another reason, and of approvals given before it."""
    if case.review is kind:
        return Decision(case)
    decide_by = later(at, case.policy(at).days(case.policy(at).handling.review_days))
    asked = ReviewOpened(
        claim_id=case.claim_id,
        review=kind,
        currency=case.terms.currency,
        items=items.as_findings(case.items),
        decide_by=decide_by,
    )
    forgets = {"reviewed": False, "findings": (), "approvers": ()}
    return Decision(case.moved(Status.UNDER_REVIEW, Owner.ADJUSTER, decide_by, review=kind, **forgets), (asked,))


def review_overdue(case: Case, at: At) -> Decision[Case]:
    """Asks again, with a new moment to decide by."""
    assert case.review is not None
    return open_review(case.but(review=None), case.review, at)


def review_decided(case: Case, event: ReviewDecided, at: At) -> Decision[Case]:
    """Valid: pays what was found. Not valid: denied. Nothing follows from a decision of another review."""
    if case.review is None or case.review is not event.review:
        return unchanged(case)
    if not event.valid:
        return _deny(case, at)
    findings = tuple(Line(each.item, each.allowed_minor, each.reasons) for each in event.findings)
    route = STEPS_IN.get(event.review)
    reviewed = case.but(reviewed=True, findings=findings, route=route or case.route)
    if items.total(items.allowed(reviewed, at)) == 0:
        return nothing_to_pay(reviewed, at)
    return authorise(reviewed, at) if route is None else step_in(reviewed, route, authorise(reviewed, at))


def payout_refused(case: Case, event: PayoutRefused, at: At) -> Decision[Case]:
    """An approver's no sends the amount back to an adjuster; it needs two fresh approvals afterwards."""
    if case.status is not Status.AWAITING_APPROVAL or event.payout_id != case.payout_id:
        return unchanged(case)
    return open_review(case, ReviewKind.AMOUNT, at)


def step_in(case: Case, route: Route, then: Decision[Case]) -> Decision[Case]:
    """Says that the marketplace steps in, before what follows from it."""
    return saying(ClaimEscalated(claim_id=case.claim_id, seller_id=case.terms.seller_id, route=route), then)


def _deny(case: Case, at: At) -> Decision[Case]:
    """Not valid in an adjuster's eyes; what an insurer paid before stays the customer's."""
    outcome = Outcome.RESOLVED_BY_INSURER if case.proofs else Outcome.DENIED
    ended = close_unpaid(case, outcome, Reason.NOT_PROVEN)
    return saying(claim_decided(ended.state, at), ended)
