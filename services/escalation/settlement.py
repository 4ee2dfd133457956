"""Settlements outside: the seller's own with the customer, and his insurer's."""

from services.escalation import items
from services.escalation.review import open_review
from services.escalation.seller import object_to_direct_pay
from services.escalation.state import At, Case, later
from services.escalation.status import close_unpaid
from shared.events.adjusters import ReviewKind
from shared.events.base import derived_id
from shared.events.claim import Reason
from shared.events.escalation import Outcome, Owner, Status
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import SettlementReplyRecorded
from shared.events.seller_notifier import InsurerNotified, SettlementReported
from shared.events.seller_portal import AnswerChoice
from shared.runtime import Decision, unchanged

PROOFS_KEPT = 20


def settlement_reported(case: Case, event: SettlementReported, at: At) -> Decision[Case]:
    """The seller says with proof that he settled: the customer may confirm or dispute it.

    Without an answer before, it is the answer. On direct pay it is a reason not to pay, for a person to judge.
    """
    if case.direct_pay:
        return object_to_direct_pay(case, event.received_at, at)
    unanswered = case.status is Status.WITH_SELLER
    if unanswered and not case.in_time(event.received_at):
        return unchanged(case)
    if not unanswered and (case.status is not Status.SELLER_RESOLVING or case.owner is Owner.CUSTOMER):
        return unchanged(case)
    confirm_by = later(at, case.policy(at).days(case.policy(at).handling.customer_confirmation_days))
    settled = case.but(answer=AnswerChoice.SETTLE_DIRECTLY)
    return Decision(settled.moved(Status.SELLER_RESOLVING, Owner.CUSTOMER, confirm_by))


def customer_replied(case: Case, event: SettlementReplyRecorded, at: At) -> Decision[Case]:
    """Who has the seller's money needs none of ours; a settlement that did not arrive goes to an adjuster."""
    if not case.undecided or case.insurer_replied or case.answer is AnswerChoice.REFER_TO_INSURER:
        return unchanged(case)  # it speaks of the insurer's settlement, which may be a part only
    if event.confirmed:
        return close_unpaid(case, Outcome.RESOLVED_BY_SELLER, Reason.SETTLED_BY_SELLER)
    if case.status is Status.SELLER_RESOLVING:
        return open_review(case, ReviewKind.CONTESTED, at)
    return unchanged(case)


def settlement_overdue(case: Case, at: At) -> Decision[Case]:
    """A customer silent after proof is content; a seller who promised and did not settle is not believed again."""
    if case.owner is Owner.CUSTOMER:
        return close_unpaid(case, Outcome.RESOLVED_BY_SELLER, Reason.SETTLED_BY_SELLER)
    return open_review(case, ReviewKind.CONTESTED, at)


def insurer_notified(case: Case, event: InsurerNotified, at: At) -> Decision[Case]:
    """The insurer has the notice: its time runs from there, frozen."""
    if case.status is not Status.WITH_INSURER or case.owner is Owner.INSURER:
        return unchanged(case)
    return Decision(case.moved(Status.WITH_INSURER, Owner.INSURER, event.respond_by))


def insurer_settled(case: Case, event: InsurerSettled, at: At) -> Decision[Case]:
    """All: resolved. A part: counted once per proof, and the rest goes to an adjuster."""
    proof = derived_id("proof", event.proof).hex[:12]
    if not case.undecided or proof in case.proofs:
        return unchanged(case)
    if event.currency is case.terms.currency and event.amount_minor > 0:
        if event.amount_minor >= items.total(case.items):
            return close_unpaid(case, Outcome.RESOLVED_BY_INSURER, Reason.SETTLED_BY_INSURER)
        rest = items.less(case.items, event.amount_minor, Reason.SETTLED_BY_INSURER)
        case = case.but(items=rest, proofs=(*case.proofs, proof)[-PROOFS_KEPT:])
    return _insurer_done(case, at)


def insurer_rejected(case: Case, event: InsurerRejected, at: At) -> Decision[Case]:
    """What the insurer will not pay, an adjuster judges."""
    return _insurer_done(case, at) if case.undecided else unchanged(case)


def insurer_overdue(case: Case, at: At) -> Decision[Case]:
    """No reply is a rejection."""
    return open_review(case, ReviewKind.CONTESTED, at)


def _insurer_done(case: Case, at: At) -> Decision[Case]:
    """Nothing more to wait for from the insurer; heard before the seller's referral, it is remembered for it."""
    case = case.but(insurer_replied=True)
    return open_review(case, ReviewKind.CONTESTED, at) if case.status is Status.WITH_INSURER else Decision(case)
