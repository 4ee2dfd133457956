"""Intake's word: what begins a claim here, lets it wait for papers, or ends it before acceptance."""

from datetime import timedelta
from typing import Final

from services.escalation import clocks, items
from services.escalation.ending import close, end_unpaid
from services.escalation.parts import Line, Terms
from services.escalation.review import investigate
from services.escalation.routing import choose_route
from services.escalation.state import At, Case, later
from services.escalation.status import told
from shared.events.claim import InjuryClass, Reason
from shared.events.escalation import Notice, Outcome, Owner, Status
from shared.events.intake import (
    ClaimAccepted,
    ClaimDenied,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    InformationRequested,
)
from shared.runtime import Decision, unchanged

INTAKE_GRACE: Final = timedelta(days=1)
"""Intake decides when the papers are due; so long we wait to hear of it before we say that it is late."""
CAN_BEGIN_AGAIN: Final = (Outcome.NO_RESPONSE, Outcome.WITHDRAWN)
"""Ends before acceptance after which intake may go on with a claim, when the customer asks for it."""


def claim_accepted(case: Case, event: ClaimAccepted, at: At) -> Decision[Case]:
    """Takes the claim over with its terms frozen; what looks like fraud is investigated before any route is chosen."""
    beginning = _beginning(case)
    if beginning is None:
        return unchanged(case)
    policy = at.policies.version(event.policy)
    minor = event.minor_claimant and policy.injuries.minors_never_automatic
    terms = Terms(
        policy=event.policy,
        marketplace=event.marketplace,
        currency=event.currency,
        seller_id=event.seller_id,
        incident_on=event.incident_on,
        small=event.small,
        serious=minor or event.injury is InjuryClass.SERIOUS,
        hurt=event.injury is not InjuryClass.NONE,
        others_minor=max(event.incident_total_minor - event.admitted_minor, 0),
        beneficiary=event.beneficiary,
        accepted_at=at.said_at,
    )
    accepted = beginning.but(
        accepted=terms,
        items=items.as_admitted(event.items),
        payee_ref=event.payee_ref,
        liens=event.liens,
        signals=event.signals,
        suspected=event.investigate,
    )
    accepted = clocks.started(accepted, at)
    return investigate(accepted, at) if accepted.suspected else choose_route(accepted, at)


def information_requested(case: Case, event: InformationRequested, at: At) -> Decision[Case]:
    """Waits for the customer's papers and his answer about Medicare, and for intake's word on them a day longer."""
    beginning = _beginning(case)
    if beginning is None:
        return unchanged(case)
    asks_at = later(at, event.respond_by + INTAKE_GRACE - at.now)
    changes = {"asks_at": asks_at, "asks_beneficiary": event.asks_beneficiary and not event.missing}
    return Decision(beginning.moved(Status.NEEDS_INFORMATION, Owner.CUSTOMER, event.respond_by, **changes))


def intake_overdue(case: Case, at: At) -> Decision[Case]:
    """The papers were due and intake has not spoken: the next step is ours."""
    return Decision(case.still_waiting(at, INTAKE_GRACE).but(owner=Owner.MAKEGOOD))


def claim_denied(case: Case, event: ClaimDenied, at: At) -> Decision[Case]:
    """Ends the claim for every reason of intake's; papers that never came are an outcome of their own."""
    beginning = _beginning(case)
    outcome = Outcome.NO_RESPONSE if event.reasons == (Reason.NO_RESPONSE,) else Outcome.DENIED
    if beginning is None or case.outcome is outcome:
        return unchanged(case)
    refused = tuple(Line(each.item, 0, each.reasons) for each in event.items)
    return close(beginning.but(items=items.as_admitted(event.items), decided=refused), at, outcome, *event.reasons)


def duplicate_found(case: Case, event: DuplicateFound, at: At) -> Decision[Case]:
    """Ends a claim that intake knows already under another submission."""
    beginning = _beginning(case)
    return unchanged(case) if beginning is None else close(beginning, at, Outcome.DUPLICATE)


def claim_withdrawn(case: Case, event: ClaimWithdrawalRecorded, at: At) -> Decision[Case]:
    """The customer may withdraw until a payout is authorised, and until it is made what he asks for after it."""
    if case.to_reopen is not None:
        return told(Decision(case.but(to_reopen=None)), at, Notice.NOT_REOPENED, Reason.WITHDRAWN)
    if case.status is Status.CLOSED or case.is_being_paid:
        return unchanged(case)
    return end_unpaid(case, at, Outcome.WITHDRAWN, Reason.WITHDRAWN)


def _beginning(case: Case) -> Case | None:
    """The claim as nothing is decided of it: not accepted yet, or ended before that so that it can begin again."""
    if case.status is Status.NEEDS_INFORMATION:
        return case
    if case.accepted is None and case.outcome in CAN_BEGIN_AGAIN:
        return Case(claim_id=case.claim_id, submission_id=case.submission_id, revision=case.revision)
    return None
