"""The payout: who must approve it, and its one authorisation per round."""

from typing import Final

from services.escalation import items
from services.escalation.ending import claim_decided, deny
from services.escalation.orders import liens_out_of, ordered
from services.escalation.parts import Payout
from services.escalation.state import At, Case
from services.escalation.status import saying
from shared.events.adjusters import PayoutApproved
from shared.events.claim import Reason
from shared.events.escalation import ApprovalRequested, Owner, Status
from shared.runtime import Decision, unchanged

APPROVERS: Final = 2
"""Different people who must say yes above the authority limit; none of them has decided a review of this round."""


def authorise(case: Case, at: At) -> Decision[Case]:
    """Orders the payout of what is allowed; above the authority limit only after two approvals.

    Called where the rules allow a payout; whether a person must look first is asked in review.py, whether the customer
    must sign first in release.py.
    """
    if not case.undecided:
        return unchanged(case)
    lines = items.allowed(case, at)
    amount = items.total(lines)
    if amount == 0:
        return nothing_to_pay(case, at)
    if amount > case.policy(at).handling.authority_limit_minor and len(case.approvers) < APPROVERS:
        return _ask_approval(case, amount, at)
    if not case.dealt_with:  # this round pays what has come back of earlier ones
        case = case.but(payouts=tuple(items.cut_to_held(each) for each in case.payouts))
    payout = Payout(
        round=case.round,
        amount_minor=amount,
        payee_ref=case.payee_ref,
        small=case.terms.small,
        lines=tuple((line.item, line.minor) for line in lines if line.minor),
        liens=liens_out_of(case, amount, case.round),
        route=case.route,
    )
    decided = case.but(decided=lines)
    return saying(claim_decided(decided), ordered(decided, payout, at))


def nothing_to_pay(case: Case, at: At) -> Decision[Case]:
    """The items, as allowed, come to nothing: the rest of an insurer's settlement, or a denial."""
    lines = items.allowed(case, at)
    return deny(case, at, lines, *(items.all_reasons(lines) or (Reason.NO_ADMISSIBLE_ITEM,)))


def payout_approved(case: Case, event: PayoutApproved, at: At) -> Decision[Case]:
    """Orders the payout at the second yes of another person; who decided a review of it is none of the two."""
    if case.status is not Status.AWAITING_APPROVAL or event.payout_id != case.payout_id:
        return unchanged(case)
    if event.approver in (*case.approvers, *case.adjusters):
        return unchanged(case)
    approved = case.but(approvers=(*case.approvers, event.approver))
    return Decision(approved) if len(approved.approvers) < APPROVERS else authorise(approved, at)


def approval_overdue(case: Case, at: At) -> Decision[Case]:
    """Asks again for approval; who has said yes need not say it again."""
    return authorise(case, at)


def _ask_approval(case: Case, amount_minor: int, at: At) -> Decision[Case]:
    decide_by = case.within(at, case.policy(at).handling.approval_days)
    asked = ApprovalRequested(
        claim_id=case.claim_id,
        payout_id=case.payout_id,
        currency=case.terms.currency,
        amount_minor=amount_minor,
        decide_by=decide_by,
    )
    return Decision(case.moved(Status.AWAITING_APPROVAL, Owner.APPROVER, decide_by), (asked,))
