"""The payout: who must approve it, and its one authorisation per round."""

from collections import Counter
from typing import Final

from services.escalation import items
from services.escalation.ending import claim_decided, deny
from services.escalation.state import At, Case, Payout
from services.escalation.status import saying
from shared.events.adjusters import PayoutApproved
from shared.events.claim import Lien, Reason
from shared.events.escalation import ApprovalRequested, Owner, PayoutAuthorized, Status
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
    payout = Payout(
        round=case.round,
        amount_minor=amount,
        payee_ref=case.payee_ref,
        small=case.terms.small,
        lines=tuple((line.item, line.minor) for line in lines if line.minor),
        liens=_liens_out_of(case, amount, case.round),
    )
    decided = case.but(decided=lines)
    return saying(claim_decided(decided), ordered(decided, payout, at))


def nothing_to_pay(case: Case, at: At) -> Decision[Case]:
    """The items, as allowed, come to nothing: the rest of an insurer's settlement, or a denial."""
    lines = items.allowed(case, at)
    return deny(case, at, lines, *(items.all_reasons(lines) or (Reason.NO_ADMISSIBLE_ITEM,)))


def ordered(case: Case, payout: Payout, at: At) -> Decision[Case]:
    """This order goes to finance, and we wait for what becomes of it."""
    by = case.within(at, case.policy(at).handling.payout_retry_days)
    changes = {"outcome": None, "reasons": (), "ended_at": None}
    pending = case.paying(payout).moved(Status.PAYOUT_PENDING, Owner.FINANCE, by, **changes)
    return Decision(pending, (order(pending, payout),))


def order_to_new_payee(case: Case, payout: Payout, at: At) -> Decision[Case]:
    """The same payout of the same round, in a new attempt: to who is payee now, less the liens recorded until now."""
    liens = _liens_out_of(case, payout.amount_minor, payout.round)
    attempt = payout.attempt + 1
    again = payout._replace(payee_ref=case.payee_ref, liens=liens, attempt=attempt, tries=1, held_minor=0)
    return ordered(case, again, at)


def order(case: Case, payout: Payout) -> PayoutAuthorized:
    """The order in words: the same for the same attempt, however often it is said."""
    assert case.route is not None, "no payout without a route"
    terms = case.terms
    return PayoutAuthorized(
        claim_id=case.claim_id,
        payout_id=case.payout_id_of(payout.round),
        round=payout.round,
        payee_ref=payout.payee_ref,
        currency=terms.currency,
        amount_minor=payout.amount_minor,
        seller_id=terms.seller_id,
        marketplace=terms.marketplace,
        policy=terms.policy,
        route=case.route,
        small=payout.small,
        covered=case.covered,
        attempt=payout.attempt,
        incident_on=terms.incident_on,
        liens=payout.liens,
    )


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


def _liens_out_of(case: Case, amount_minor: int, round_: int) -> tuple[Lien, ...]:
    """What each holder has not had out of another round, in the order recorded; together no more than is paid."""
    had = Counter[str]()
    for payout in case.payouts:
        if payout.round != round_ and payout.held_minor:
            had.update({lien.holder_ref: lien.amount_minor for lien in payout.liens})
    shares: list[Lien] = []
    for lien in case.liens:
        share = min(max(lien.amount_minor - had[lien.holder_ref], 0), amount_minor)
        amount_minor -= share
        if share:
            shares.append(Lien(holder_ref=lien.holder_ref, amount_minor=share))
    return tuple(shares)
