"""From intake's word to a route: what begins a claim here, or ends it before acceptance, and direct pay or seller."""

from datetime import timedelta
from typing import Final

from services.escalation import items
from services.escalation.review import pay_unless_serious
from services.escalation.state import SOON, At, Case, Terms, later
from services.escalation.status import close, close_unpaid, saying
from shared.events.claim import InjuryClass, Reason
from shared.events.escalation import Outcome, Owner, Route, RouteChosen, Status
from shared.events.intake import (
    ClaimAccepted,
    ClaimDenied,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    InformationRequested,
)
from shared.policy.model import DirectPay
from shared.runtime import Decision, unchanged

INTAKE_GRACE: Final = timedelta(days=1)
"""Intake decides when the papers are due; so long we wait to hear of it before we say that it is late."""


def information_requested(case: Case, event: InformationRequested, at: At) -> Decision[Case]:
    if case.status is not Status.NEEDS_INFORMATION:
        return unchanged(case)
    asks_at = later(at, event.respond_by + INTAKE_GRACE - at.now)
    return Decision(case.moved(Status.NEEDS_INFORMATION, Owner.CUSTOMER, event.respond_by, asks_at=asks_at))


def intake_overdue(case: Case, at: At) -> Decision[Case]:
    """The papers were due and intake has not spoken: the next step is ours."""
    return Decision(case.still_waiting(at, INTAKE_GRACE).but(owner=Owner.MAKEGOOD))


def claim_denied(case: Case, event: ClaimDenied, at: At) -> Decision[Case]:
    if case.status is not Status.NEEDS_INFORMATION:
        return unchanged(case)
    outcome = Outcome.NO_RESPONSE if event.reasons == (Reason.NO_RESPONSE,) else Outcome.DENIED
    refused = tuple(line._replace(minor=0) for line in items.as_admitted(event.items))
    return close(case.but(items=refused), outcome, *event.reasons)


def duplicate_found(case: Case, event: DuplicateFound, at: At) -> Decision[Case]:
    if case.status is not Status.NEEDS_INFORMATION:
        return unchanged(case)
    return close(case, Outcome.DUPLICATE)


def claim_withdrawn(case: Case, event: ClaimWithdrawalRecorded, at: At) -> Decision[Case]:
    """The customer may withdraw until a payout is authorised."""
    if case.status is Status.CLOSED or case.attempt > 0:
        return unchanged(case)
    return close_unpaid(case, Outcome.WITHDRAWN, Reason.WITHDRAWN)


def claim_accepted(case: Case, event: ClaimAccepted, at: At) -> Decision[Case]:
    if case.status is not Status.NEEDS_INFORMATION:
        return unchanged(case)
    policy = at.policies.version(event.policy)
    minor = event.minor_claimant and policy.injuries.minors_never_automatic
    terms = Terms(
        policy=event.policy,
        marketplace=event.marketplace,
        currency=event.currency,
        seller_id=event.seller_id,
        payee_ref=event.payee_ref,
        incident_on=event.incident_on,
        small=event.small,
        serious=minor or event.injury is InjuryClass.SERIOUS,
    )
    accepted = case.but(accepted=terms, items=items.as_admitted(event.items))
    return choose_route(_awaiting_notice(accepted, Status.WITH_SELLER, at), at)


def choose_route(case: Case, at: At) -> Decision[Case]:
    """Direct pay for a small claim of a seller covered today (or of any, as the policy says), else his answer.

    While his cover is *unknown* we ask again soon: unknown is not no.
    """
    if not at.known:
        return Decision(case.but(asks_at=at.now + SOON))
    terms, handling = case.terms, case.policy(at).handling
    covered = at.reference is not None and at.reference.in_force(terms.marketplace, at.now.date())
    direct_pay = terms.small and (covered or handling.direct_pay is DirectPay.ALWAYS)
    says = RouteChosen(claim_id=case.claim_id, seller_id=terms.seller_id, direct_pay=direct_pay)
    case = case.but(direct_pay=direct_pay, covered=covered)
    if not direct_pay:
        return Decision(_awaiting_notice(case, Status.WITH_SELLER, at), (says,))
    if handling.comment_window_hours == 0:
        return saying(says, pay_unless_serious(case.but(route=Route.DIRECT_PAY), at))
    return Decision(_awaiting_notice(case, Status.DIRECT_PAY, at), (says,))


def _awaiting_notice(case: Case, status: Status, at: At) -> Case:
    """The next step is our own: the notice to the seller, from which his time counts."""
    notice_by = later(at, case.policy(at).days(case.policy(at).handling.seller_response_days))
    return case.moved(status, Owner.MAKEGOOD, notice_by)
