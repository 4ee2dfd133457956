"""Four eyes: above the authority limit two people say yes to a payout before it is ordered."""

from collections.abc import Iterable
from typing import Final

from services.escalation.state import At, Case
from shared.events.adjusters import PayoutApproved, PayoutRefused, person_of
from shared.events.escalation import ApprovalRequested, Owner, Status
from shared.runtime import Decision

APPROVERS: Final = 2
"""Different people who must say yes above the authority limit; none of them has decided a review of this round."""


def is_needed(case: Case, amount_minor: int, round_: int, at: At) -> bool:
    """Whether this and what all other rounds pay is more than one person may allow: in parts it is the same sum."""
    others = sum(payout.amount_minor for payout in case.payouts if payout.round != round_)
    return others + amount_minor > case.policy(at).handling.authority_limit_minor


def ask(case: Case, amount_minor: int, at: At) -> Decision[Case]:
    """Asks two people for the payout that is to be approved, with a new moment to decide by."""
    decide_by = case.within(at, case.policy(at).handling.approval_days)
    asked = ApprovalRequested(
        claim_id=case.claim_id,
        payout_id=case.payout_id,
        currency=case.terms.currency,
        amount_minor=amount_minor,
        decide_by=decide_by,
        question_id=case.question_id,
    )
    changes = {"to_new_payee": case.to_new_payee}
    return Decision(case.moved(Status.AWAITING_APPROVAL, Owner.APPROVER, decide_by, **changes), (asked,))


def is_among(name: str, names: Iterable[str]) -> bool:
    """Whether he is one of these people, whatever he, or they, act as."""
    return person_of(name) in map(person_of, names)


def yeses(case: Case) -> int:
    """How many people have said yes, of whom none has decided a review of it."""
    return sum(not is_among(name, case.deciders) for name in case.approvers)


def is_answer(case: Case, event: PayoutApproved | PayoutRefused, at: At) -> bool:
    """Whether it is about the payout that waits, and says something to what is asked now."""
    waits = case.status is Status.AWAITING_APPROVAL and event.payout_id == case.payout_id
    return waits and case.is_answered(event.question_id, at)
