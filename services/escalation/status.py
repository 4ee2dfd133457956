"""What the customer is told: a StatusChanged behind every decision that moved the claim, with what happens next."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeAlias

from services.escalation import items
from services.escalation.parts import Line
from services.escalation.state import At, Case
from shared.events.base import Event
from shared.events.claim import Reason
from shared.events.escalation import (
    ClaimDecided,
    ClaimReopened,
    ItemResult,
    NextStep,
    Notice,
    Outcome,
    Owner,
    Status,
    StatusChanged,
    StatusItem,
)
from shared.runtime import Decision

Begins: TypeAlias = Callable[[Any, At], Decision[Case]]
Hears: TypeAlias = Callable[[Case, Any, At], Decision[Case]]

NEXT_STEP: Final = {
    (Status.NEEDS_INFORMATION, Owner.CUSTOMER): NextStep.SEND_PAPERS,
    (Status.NEEDS_INFORMATION, Owner.MAKEGOOD): NextStep.DECIDE,
    (Status.DIRECT_PAY, Owner.MAKEGOOD): NextStep.COMMENT_WINDOW_ENDS,
    (Status.WITH_SELLER, Owner.MAKEGOOD): NextStep.NOTIFY_SELLER,
    (Status.WITH_SELLER, Owner.SELLER): NextStep.SELLER_ANSWERS,
    (Status.SELLER_RESOLVING, Owner.SELLER): NextStep.SELLER_SETTLES,
    (Status.SELLER_RESOLVING, Owner.CUSTOMER): NextStep.CONFIRM_SETTLEMENT,
    (Status.WITH_INSURER, Owner.MAKEGOOD): NextStep.NOTIFY_INSURER,
    (Status.WITH_INSURER, Owner.INSURER): NextStep.INSURER_REPLIES,
    (Status.WITH_INSURER, Owner.CUSTOMER): NextStep.CONFIRM_SETTLEMENT,
    (Status.UNDER_REVIEW, Owner.ADJUSTER): NextStep.REVIEW,
    (Status.AWAITING_RELEASE, Owner.CUSTOMER): NextStep.SIGN_RELEASE,
    (Status.AWAITING_APPROVAL, Owner.APPROVER): NextStep.APPROVE,
    (Status.PAYOUT_PENDING, Owner.FINANCE): NextStep.PAY,
    (Status.PAYOUT_PENDING, Owner.MAKEGOOD): NextStep.RETRY_PAYOUT,
    (Status.CLOSED, Owner.NOBODY): NextStep.NOTHING,
}


def saying(event: Event, decision: Decision[Case]) -> Decision[Case]:
    """The same decision, with this said first."""
    return Decision(decision.state, (event, *decision.says), decision.does)


def begun(decide: Hears) -> Begins:
    """The decision of a running claim, for a claim nothing is known of yet."""

    @wraps(decide)
    def begins(event: Any, at: At) -> Decision[Case]:
        case = Case(claim_id=event.claim_id, submission_id=event.submission_id)
        return told_if_moved(None, decide(case, event, at), at)

    return begins


def telling(decide: Hears) -> Hears:
    """The decision, and the customer told of it."""

    @wraps(decide)
    def hears(case: Case, event: Any, at: At) -> Decision[Case]:
        return told_if_moved(case, decide(case, event, at), at)

    return hears


def told_if_moved(before: Case | None, decision: Decision[Case], at: At) -> Decision[Case]:
    """The same decision, and the customer told of it, where it moved the claim and he has not been told already."""
    already = any(isinstance(event, StatusChanged) for event in decision.says)
    if already or (before is not None and standing(before) == standing(decision.state)):
        return decision
    return told(decision, at, _notice(before, decision))


def told(decision: Decision[Case], at: At, notice: Notice, *reasons: Reason) -> Decision[Case]:
    """The same decision, and the customer told where the claim stands. ``reasons``: others than those it ended for."""
    case = decision.state.but(revision=decision.state.revision + 1)
    said = StatusChanged(
        claim_id=case.claim_id,
        submission_id=case.submission_id,
        revision=case.revision,
        status=case.status,
        owner=case.owner,
        by=case.by,
        outcome=case.outcome,
        reasons=reasons or case.reasons,
        items=_items(case, at),
        notice=notice,
        next_step=next_step(case),
        round=case.round,
    )
    return Decision(case, (*decision.says, said), decision.does)


def standing(case: Case) -> tuple[object, ...]:
    """What a customer would want to hear of when it changes."""
    return case.status, case.owner, case.by, case.outcome, case.round, next_step(case)


def next_step(case: Case) -> NextStep:
    if case.investigated:
        return NextStep.INVESTIGATE
    if case.status is Status.DIRECT_PAY and case.respond_by is None:
        return NextStep.NOTIFY_SELLER
    if case.asks_beneficiary and case.owner is Owner.CUSTOMER:
        return NextStep.GIVE_BENEFICIARY_STATUS
    return NEXT_STEP[case.status, case.owner]


def _notice(before: Case | None, decision: Decision[Case]) -> Notice:
    """What the news is, where the decision itself has not said."""
    case, said = decision.state, {type(event) for event in decision.says}
    if case.status is Status.NEEDS_INFORMATION and case.owner is Owner.CUSTOMER:
        return Notice.BENEFICIARY_STATUS_WANTED if case.asks_beneficiary else Notice.PAPERS_WANTED
    if ClaimDecided in said or case.outcome is Outcome.DENIED:
        return Notice.DECIDED
    if case.status is Status.CLOSED:
        return Notice.CLOSED
    if ClaimReopened in said or (before is not None and before.outcome is not None and before.accepted is None):
        return Notice.REOPENED
    return Notice.ACKNOWLEDGED if before is None else Notice.PROGRESS


def _items(case: Case, at: At) -> tuple[StatusItem, ...]:
    claimed = {each.item: each.claimed_minor for each in case.items}
    return tuple(
        StatusItem(
            item=line.item,
            allowed_minor=line.minor,
            reasons=line.reasons,
            claimed_minor=claimed.get(line.item),
            result=None if case.undecided else _result(line, claimed.get(line.item)),
        )
        for line in items.shown(case, at)
    )


def _result(line: Line, claimed_minor: int | None) -> ItemResult:
    """Over all rounds so far. What was paid and is claimed no more by now lacks nothing."""
    paid_minor = line.minor + line.before_minor
    if paid_minor == 0:
        return ItemResult.NOTHING
    return ItemResult.FULL if paid_minor >= (claimed_minor or 0) else ItemResult.PART
