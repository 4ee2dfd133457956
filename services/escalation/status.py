"""What the customer is told: a StatusChanged behind every decision that moved the claim; and how a claim closes."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from services.escalation import items
from services.escalation.state import At, Case
from shared.events.base import Event
from shared.events.claim import Reason
from shared.events.escalation import ClaimClosed, Outcome, Owner, Status, StatusChanged, StatusItem
from shared.runtime import Decision

Begins: TypeAlias = Callable[[Any, At], Decision[Case]]
Hears: TypeAlias = Callable[[Case, Any, At], Decision[Case]]
Waits: TypeAlias = Callable[[Case, At], Decision[Case]]


def close(case: Case, outcome: Outcome, *reasons: Reason, says: tuple[Event, ...] = ()) -> Decision[Case]:
    """Ended so; says ``says`` first."""
    closed = ClaimClosed(claim_id=case.claim_id, seller_id=case.seller_id, outcome=outcome, reasons=reasons)
    ended = case.moved(Status.CLOSED, Owner.NOBODY, None, outcome=outcome, reasons=reasons)
    return Decision(ended, (*says, closed))


def close_unpaid(case: Case, outcome: Outcome, reason: Reason) -> Decision[Case]:
    """Ended with nothing from us for any item, for one reason."""
    return close(case.but(items=items.refused(case.items, reason)), outcome, reason)


def saying(event: Event, decision: Decision[Case]) -> Decision[Case]:
    """The same decision, with this said first."""
    return Decision(decision.state, (event, *decision.says), decision.does)


def begun(decide: Hears) -> Begins:
    """The decision of a running claim, for a claim nothing is known of yet."""

    def begins(event: Any, at: At) -> Decision[Case]:
        case = Case(claim_id=event.claim_id, submission_id=event.submission_id)
        return _told(None, decide(case, event, at), at)

    return begins


def telling(decide: Hears) -> Hears:
    """The decision, and the customer told of it."""

    def hears(case: Case, event: Any, at: At) -> Decision[Case]:
        return _told(case, decide(case, event, at), at)

    return hears


def waiting(table: Mapping[Status, Waits]) -> Waits:
    """The decision for where the claim stands, once its deadline has passed."""

    def waits(case: Case, at: At) -> Decision[Case]:
        if case.due is None or at.now < case.due:
            return Decision(case)
        return _told(case, table[case.status](case, at), at)

    return waits


def _told(before: Case | None, decision: Decision[Case], at: At) -> Decision[Case]:
    case = decision.state
    if before is not None and _standing(before) == _standing(case):
        return decision
    case = case.but(revision=case.revision + 1)
    told = StatusChanged(
        claim_id=case.claim_id,
        submission_id=case.submission_id,
        revision=case.revision,
        status=case.status,
        owner=case.owner,
        by=case.by,
        outcome=case.outcome,
        reasons=case.reasons,
        items=tuple(
            StatusItem(item=line.item, allowed_minor=line.minor, reasons=line.reasons)
            for line in items.allowed(case, at)
        ),
    )
    return Decision(case, (*decision.says, told), decision.does)


def _standing(case: Case) -> tuple[object, ...]:
    return case.status, case.owner, case.by, case.outcome
