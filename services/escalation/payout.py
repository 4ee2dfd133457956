"""The payout: who must approve it, and its one authorisation per round."""

from services.escalation import approval, items
from services.escalation.approval import APPROVERS
from services.escalation.ending import claim_decided, deny
from services.escalation.orders import liens_out_of, order_again, ordered
from services.escalation.parts import Payout
from services.escalation.state import At, Case
from services.escalation.status import saying
from shared.events.adjusters import PayoutApproved
from shared.events.claim import Reason
from shared.runtime import Decision, unchanged


def authorise(case: Case, at: At) -> Decision[Case]:
    """Orders the payout of what is allowed; above the authority limit, all rounds together, only after two approvals.

    Called where the rules allow a payout; whether a person must look first is asked in review.py, whether the customer
    must sign first in release.py.
    """
    if not case.undecided:
        return unchanged(case)
    lines = items.allowed(case, at)
    amount = items.total(lines)
    if amount == 0:
        return nothing_to_pay(case, at)
    paying = case
    if not case.dealt_with:  # this round pays what has come back of earlier ones
        paying = case.but(payouts=tuple(items.cut_to_held(each) for each in case.payouts))
    if approval.is_needed(paying, amount, case.round, at) and approval.yeses(case) < APPROVERS:
        return approval.ask(case.asking(at), amount, at)
    payout = Payout(
        round=case.round,
        amount_minor=amount,
        payee_ref=case.payee_ref,
        small=case.terms.small,
        lines=tuple((line.item, line.minor) for line in lines if line.minor),
        liens=liens_out_of(case, amount, case.round),
        route=case.route,
        adjusters=case.adjusters,
    )
    decided = paying.but(decided=lines, grown=())
    return saying(claim_decided(decided), ordered(decided, payout, at))


def nothing_to_pay(case: Case, at: At) -> Decision[Case]:
    """The items, as allowed, come to nothing: the rest of an insurer's settlement, or a denial."""
    lines = items.allowed(case, at)
    return deny(case, at, lines, *(items.all_reasons(lines) or (Reason.NO_ADMISSIBLE_ITEM,)))


def payout_approved(case: Case, event: PayoutApproved, at: At) -> Decision[Case]:
    """Orders the payout at the second yes of another person; who decided a review of it is none of the two.

    Nothing follows from a yes to what was asked before: to another payee, to another amount.
    """
    if not approval.is_answer(case, event, at) or approval.is_among(event.approver, (*case.approvers, *case.deciders)):
        return unchanged(case)
    approved = case.but(approvers=(*case.approvers, event.approver))
    if approval.yeses(approved) < APPROVERS:
        return Decision(approved)
    waits = approved.ordered_again
    return order_again(approved, waits, at) if waits else authorise(approved, at)


def approval_overdue(case: Case, at: At) -> Decision[Case]:
    """Asks the same again; who has said yes need not say it again."""
    return approval.ask(case, items.to_approve(case, at), at)
