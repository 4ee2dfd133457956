"""Settlements outside: the seller's own with the customer, and his insurer's."""

from typing import Any, Final

from services.escalation import items
from services.escalation.ending import close_unpaid
from services.escalation.review import open_review, with_other_items
from services.escalation.routing import act_on_answer, await_customers_word
from services.escalation.seller import answer_heard
from services.escalation.state import SOON, At, Case
from shared.events.adjusters import ReviewKind
from shared.events.base import derived_id
from shared.events.claim import Reason
from shared.events.escalation import Outcome, Owner, Status
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import SettlementReplyRecorded
from shared.events.seller_notifier import InsurerNotified, SettlementReported
from shared.events.seller_portal import AnswerChoice
from shared.runtime import Decision, unchanged

MOST_PROOFS: Final = 20
"""Each proof counts once, so none is forgotten; with more of them the insurer has said enough, and a person looks."""


def settlement_reported(case: Case, event: SettlementReported, at: At) -> Decision[Case]:
    """The seller says with proof that he settled, all or a part: the customer may confirm or dispute it.

    Without an answer before, it is the answer. On direct pay it is a reason not to pay, for a person to judge. Whoever
    is looking meanwhile waits for the customer's word, so that nobody is paid twice. The first report in time counts.
    """
    if event.amount_minor == 0:
        return unchanged(case)
    reported: dict[str, Any] = {"settlement_reported": True, "part_minor": event.amount_minor or 0}
    if case.disputed_at is not None and case.disputed_at < event.received_at:
        reported["disputed_at"] = None  # that was not about this
    if case.answer is None and (case.payouts or case.in_time(event)):
        choice = AnswerChoice.CONTEST if case.direct_pay else AnswerChoice.SETTLE_DIRECTLY
        return answer_heard(case, choice, event, at, **reported)
    promised = case.status is Status.SELLER_RESOLVING or case.investigated
    if not (case.in_time(event) or (promised and case.answer is AnswerChoice.SETTLE_DIRECTLY)):
        return unchanged(case)  # evidence for an appeal
    if case.settlement_reported or case.round > 1 or not case.undecided:
        return unchanged(case)
    known = case.but(**reported)
    if known.investigated or known.unconfirmed_minor:
        return Decision(known)
    if known.disputed_at is not None:
        return _not_arrived(known, at) if known.status is Status.SELLER_RESOLVING else Decision(known)
    resumes = known.review or (ReviewKind.AMOUNT if known.route else None)
    return await_customers_word(known, Status.SELLER_RESOLVING, at, resumes=resumes)


def customer_replied(case: Case, event: SettlementReplyRecorded, at: At) -> Decision[Case]:
    """Who has the seller's or the insurer's money needs none of ours; what did not arrive goes to an adjuster."""
    if not case.undecided:
        return unchanged(case)
    if case.unconfirmed_minor:
        if not event.confirmed:
            return _insurer_disputed(case, at)
        arrived = case.insurer_minor + case.unconfirmed_minor
        return _settled_by_insurer(case.but(insurer_minor=arrived), at)
    of_insurer = case.insurer_replied or case.answer is AnswerChoice.REFER_TO_INSURER
    if case.round > 1 or (of_insurer and case.status is not Status.SELLER_RESOLVING):
        return unchanged(case)  # it speaks of a former round, or of the insurer's settlement, which is a part only
    if case.seller_minor:
        return unchanged(case)  # the part is settled, and a person looks at the rest
    if event.confirmed:
        return _settled_by_seller(case, at)
    disputed = case.but(disputed_at=at.said_at)
    held_up = case.investigated and case.answer is AnswerChoice.SETTLE_DIRECTLY
    return _not_arrived(disputed, at) if case.status is Status.SELLER_RESOLVING or held_up else Decision(disputed)


def settlement_overdue(case: Case, at: At) -> Decision[Case]:
    """A customer silent after proof is content; a seller who promised and did not settle is not believed again."""
    if case.owner is Owner.CUSTOMER:
        return _settled_by_seller(case, at)
    return open_review(case, ReviewKind.CONTESTED, at)


def insurer_notified(case: Case, event: InsurerNotified, at: At) -> Decision[Case]:
    """The insurer has the notice: its time runs from there, frozen; only a notice that came back gives it more."""
    if not case.undecided or (case.insurer_by is not None and event.respond_by <= case.insurer_by):
        return unchanged(case)
    known = case.but(insurer_by=event.respond_by)
    if case.status is not Status.WITH_INSURER or case.owner is Owner.CUSTOMER:
        return Decision(known)
    return Decision(known.moved(Status.WITH_INSURER, Owner.INSURER, max(event.respond_by, at.now + SOON)))


def insurer_settled(case: Case, event: InsurerSettled, at: At) -> Decision[Case]:
    """All: resolved, if the customer says nothing else. A part: counted once per proof, the rest is for an adjuster."""
    proof = derived_id("proof", event.proof).hex[:12]
    if not case.undecided or proof in case.proofs:
        return unchanged(case)
    unusable = event.currency is not case.terms.currency or event.amount_minor == 0
    if unusable or len(case.proofs) >= MOST_PROOFS:
        return _insurer_done(case, at)
    known = case.but(proofs=(*case.proofs, proof), insurer_replied=True)
    if case.unconfirmed_minor:
        return Decision(known)  # whether it arrived at all, the customer says
    if event.amount_minor < items.total(items.owed(case)):
        rest = known.but(insurer_minor=case.insurer_minor + event.amount_minor)
        return _insurer_done(rest, at) if case.status is Status.WITH_INSURER else with_other_items(rest, at)
    settled = known.but(unconfirmed_minor=event.amount_minor)
    return Decision(settled) if case.investigated else await_customers_word(settled, Status.WITH_INSURER, at)


def insurer_rejected(case: Case, event: InsurerRejected, at: At) -> Decision[Case]:
    """What the insurer will not pay, an adjuster judges."""
    if not case.undecided:
        return unchanged(case)
    return _insurer_disputed(case, at) if case.unconfirmed_minor else _insurer_done(case, at)


def insurer_overdue(case: Case, at: At) -> Decision[Case]:
    """No reply of the insurer's is a rejection; a customer silent about its settlement is content.

    Of an insurer whom nobody has asked his silence says nothing: a person looks.
    """
    if case.owner is Owner.CUSTOMER:
        asked = case.answer is AnswerChoice.REFER_TO_INSURER or case.insurer_by is not None
        return _settled_by_insurer(case, at) if asked else _insurer_disputed(case, at)
    return open_review(case, ReviewKind.CONTESTED, at)


def _insurer_done(case: Case, at: At) -> Decision[Case]:
    """Nothing more to wait for from the insurer; heard before the seller's referral, it is remembered for it."""
    case = case.but(insurer_replied=True)
    return open_review(case, ReviewKind.CONTESTED, at) if case.status is Status.WITH_INSURER else Decision(case)


def _settled_by_seller(case: Case, at: At) -> Decision[Case]:
    """All: resolved. A part: counted, and the rest is for an adjuster."""
    if 0 < case.part_minor < items.total(items.owed(case)):
        rest = case.but(seller_minor=case.part_minor)
        if rest.review is ReviewKind.CONTESTED:
            return with_other_items(rest, at)
        return open_review(rest, case.resumes or ReviewKind.CONTESTED, at)
    return close_unpaid(case, at, Outcome.RESOLVED_BY_SELLER, Reason.SETTLED_BY_SELLER)


def _not_arrived(case: Case, at: At) -> Decision[Case]:
    """The seller's money: the claim goes on where his word for it held it up, else a person looks."""
    if case.answer is AnswerChoice.REFER_TO_INSURER and case.resumes is None:
        return act_on_answer(case, at)
    return open_review(case, case.resumes or ReviewKind.CONTESTED, at)


def _settled_by_insurer(case: Case, at: At) -> Decision[Case]:
    return close_unpaid(case, at, Outcome.RESOLVED_BY_INSURER, Reason.SETTLED_BY_INSURER)


def _insurer_disputed(case: Case, at: At) -> Decision[Case]:
    """What the insurer says it has paid counts for nothing until a person has looked."""
    return open_review(case.but(unconfirmed_minor=0), ReviewKind.CONTESTED, at)
