"""Settlements outside: the seller's own with the customer, and his insurer's."""

from typing import Any, Final

from services.escalation import items
from services.escalation.ending import close_unpaid
from services.escalation.review import ask_anew, open_review, with_other_items
from services.escalation.routing import act_on_answer, await_customers_word, go_on
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
from shared.money import MINOR_MAX
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
    settled = event.amount_minor or items.total(items.owed(case.as_seen(event)))  # all of what it came to
    reported: dict[str, Any] = {"settlement_reported": True, "part_minor": settled}
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
    if known.is_held_up:
        return Decision(known)
    if known.disputed_at is not None:
        return _not_arrived(known, at) if known.status is Status.SELLER_RESOLVING else Decision(known)
    return await_customers_word(known, Status.SELLER_RESOLVING, at, resumes=_interrupted(known))


def customer_replied(case: Case, event: SettlementReplyRecorded, at: At) -> Decision[Case]:
    """Who has the seller's or the insurer's money needs none of ours; what did not arrive goes to an adjuster.

    What he says once the claim has ended counts when it is reopened; that nothing arrived, also before the settlement.
    """
    if case.accepted is None:
        return unchanged(case)
    if event.confirmed:
        return _insurer_arrived(case, at) if case.unconfirmed_minor else _seller_confirmed(case, at)
    disputed = case.but(disputed_at=at.said_at)
    if case.unconfirmed_minor or (case.insurer_minor and not case.awaits_customers_word):
        return _insurer_disputed(disputed, at)
    if not case.undecided or case.round > 1 or case.seller_minor:
        return Decision(disputed)  # of a former round, or of a part while a person looks at the rest
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
    """All, or any from one who was not asked: the customer has the last word. Of a part the rest is for an adjuster.

    Counted once per proof. Heard once the claim has ended, it waits for the customer's word when that is reopened.
    """
    proof = derived_id("proof", event.proof).hex[:12]
    if case.accepted is None or case.outcome is Outcome.DUPLICATE or proof in case.proofs:
        return unchanged(case)
    only_noted = bool(case.unconfirmed_minor) or not case.undecided
    if not _is_usable(case, event, at):
        return unchanged(case) if only_noted else _insurer_done(case, at)
    known = case.but(proofs=(*case.proofs, proof), insurer_replied=True)
    owed_minor = items.total(items.owed(case))
    if not only_noted and _was_asked(case) and event.amount_minor < owed_minor:
        rest = known.but(insurer_minor=case.insurer_minor + event.amount_minor)
        return _insurer_done(rest, at) if case.status is Status.WITH_INSURER else with_other_items(rest, at)
    if case.unconfirmed_minor >= owed_minor > 0:
        return Decision(known)  # all of it waits for the customer's word already
    settled = known.but(unconfirmed_minor=min(case.unconfirmed_minor + event.amount_minor, MINOR_MAX))
    if only_noted or case.investigated:
        return Decision(settled)
    return await_customers_word(settled, Status.WITH_INSURER, at, resumes=_interrupted(case))


def insurer_rejected(case: Case, event: InsurerRejected, at: At) -> Decision[Case]:
    """What the insurer will not pay, an adjuster judges."""
    if case.unconfirmed_minor:
        return _insurer_disputed(case, at)
    return _insurer_done(case, at) if case.undecided else unchanged(case)


def insurer_overdue(case: Case, at: At) -> Decision[Case]:
    """No reply of the insurer's is a rejection; a customer silent about its settlement is content.

    Of an insurer whom nobody has asked his silence says nothing: a person looks.
    """
    if case.owner is not Owner.CUSTOMER:
        return open_review(case, ReviewKind.CONTESTED, at)
    if not _was_asked(case):
        return _insurer_disputed(case, at)
    if case.unconfirmed_minor < items.total(items.owed(case)):
        return _insurer_arrived(case, at)
    return _settled_by_insurer(case.but(unconfirmed_minor=0), at)  # not confirmed: an appeal is about all of it


def _insurer_done(case: Case, at: At) -> Decision[Case]:
    """Nothing more to wait for from the insurer; heard before the seller's referral, it is remembered for it."""
    case = case.but(insurer_replied=True)
    return open_review(case, ReviewKind.CONTESTED, at) if case.status is Status.WITH_INSURER else Decision(case)


def _is_usable(case: Case, event: InsurerSettled, at: At) -> bool:
    """Not if the customer has said since that nothing arrived; nor beyond the proofs that are remembered."""
    is_money = event.currency is case.terms.currency and event.amount_minor > 0
    disputed = case.disputed_at is not None and at.said_at <= case.disputed_at
    return is_money and not disputed and len(case.proofs) < MOST_PROOFS


def _was_asked(case: Case) -> bool:
    return case.answer is AnswerChoice.REFER_TO_INSURER or case.insurer_by is not None


def _interrupted(case: Case) -> ReviewKind | None:
    """The review that goes on after the customer's word; what is to be paid already is looked at again after it."""
    return case.resumes or case.review or (ReviewKind.AMOUNT if case.route else None)


def _seller_confirmed(case: Case, at: At) -> Decision[Case]:
    """What the customer has, where nothing of an insurer's is waited for."""
    of_insurer = case.insurer_replied or case.answer is AnswerChoice.REFER_TO_INSURER
    if not case.undecided or case.round > 1 or (of_insurer and case.status is not Status.SELLER_RESOLVING):
        return unchanged(case)  # it speaks of a former round, or of the insurer's settlement, which is a part only
    if case.seller_minor:
        return unchanged(case)  # the part is settled, and a person looks at the rest
    return _settled_by_seller(case, at)


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


def _insurer_arrived(case: Case, at: At) -> Decision[Case]:
    """All: resolved. A part, or what was all before the claim came to more: counted, and the rest goes on."""
    arrived_minor = min(case.insurer_minor + case.unconfirmed_minor, MINOR_MAX)
    arrived = case.but(insurer_minor=arrived_minor, unconfirmed_minor=0)
    if case.undecided and case.unconfirmed_minor >= items.total(items.owed(case)):
        return _settled_by_insurer(arrived, at)
    return _rest_goes_on(arrived, at)


def _insurer_disputed(case: Case, at: At) -> Decision[Case]:
    """What the insurer says it has paid counts for nothing until a person has looked."""
    if not case.unconfirmed_minor:
        return _rest_goes_on(case.but(insurer_minor=0), at)
    all_owed = case.but(unconfirmed_minor=0)
    return open_review(all_owed, ReviewKind.CONTESTED, at) if case.investigated else _rest_goes_on(all_owed, at)


def _rest_goes_on(case: Case, at: At) -> Decision[Case]:
    """What is owed now is looked at by whoever did so before, else by an adjuster; or it goes to the seller, if it has
    crossed the line since."""
    if not case.undecided:
        return Decision(case)
    if case.investigated:
        return ask_anew(case.but(resumes=case.resumes or ReviewKind.CONTESTED), at)
    if case.review is not None:
        return ask_anew(case, at)
    return go_on(case.but(resumes=_interrupted(case) or ReviewKind.CONTESTED), at)
