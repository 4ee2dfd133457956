"""The seller's side: his notice and frozen deadline, his answer, his comment, his silence."""

from datetime import timedelta
from typing import Any, Final

from services.escalation.review import is_never_automatic, open_review, pay_unless_serious, step_in
from services.escalation.routing import act_on_answer, choose_route
from services.escalation.state import At, Case, Said
from shared.events.adjusters import ReviewKind
from shared.events.escalation import Outcome, Owner, PaymentContested, Route, Status
from shared.events.marketplace import Standing
from shared.events.seller_notifier import (
    ExtensionGranted,
    NoticeBounced,
    NoticeKind,
    NoticeUndeliverable,
    SellerAnswerRecorded,
    SellerCommentRecorded,
    SellerNotified,
)
from shared.events.seller_portal import AnswerChoice
from shared.runtime import Decision, unchanged

AWAITS_NOTICE: Final = (Status.DIRECT_PAY, Status.WITH_SELLER)


def seller_notified(case: Case, event: SellerNotified, at: At) -> Decision[Case]:
    """The notice freezes the deadline; only one that came back moves it, to the later moment of the next contact's.

    On direct pay we act at its end, otherwise the seller until then. Nobody waits for a seller who is insolvent.
    """
    if case.accepted is None or case.direct_pay is not event.direct_pay or case.answer is not None:
        return unchanged(case)
    case = _told(case)
    insolvent = event.standing is Standing.INSOLVENT
    respond_by = event.handed_over_at if insolvent else event.respond_by
    if case.respond_by is not None and respond_by <= case.respond_by and not insolvent:
        return unchanged(case)
    known = case.but(respond_by=respond_by, unreached=False)
    if case.status not in AWAITS_NOTICE:
        return Decision(known) if insolvent else _given_time(known, at)
    if insolvent:
        return _time_over(known, at)
    owner = Owner.MAKEGOOD if case.status is Status.DIRECT_PAY else Owner.SELLER
    return Decision(known.moved(case.status, owner, respond_by))


def notice_bounced(case: Case, event: NoticeBounced, at: At) -> Decision[Case]:
    """What he says until the next contact has the notice is in time. Of two notices nobody says which came back."""
    ran = case.respond_by is not None and case.answer is None and not case.rerouted
    return Decision(case.but(came_back=True)) if event.kind is NoticeKind.CLAIM and ran else unchanged(case)


def _told(case: Case) -> Case:
    """The notice is out again, or will reach nobody."""
    return case.but(came_back=False) if case.came_back else case


def _given_time(case: Case, at: At) -> Decision[Case]:
    """The letter on which he was taken for silent came back, and the next contact has his time to answer."""
    if case.route is not Route.SELLER_SILENT or case.round > 1 or not case.undecided:
        return Decision(case)
    again = case.but(route=None, resumes=None, reviewed=False, findings=())
    return Decision(again) if case.is_held_up else act_on_answer(again, at)


def notice_undeliverable(case: Case, event: NoticeUndeliverable, at: At) -> Decision[Case]:
    """Silence is not presumed of who was never told, or whose notice came back, if late: a person looks.

    Direct pay goes on, from the attempt. An insurer whom no letter reaches leaves the claim to a person too.
    """
    if event.kind is NoticeKind.CLAIM:
        case = _told(case)
    if event.kind is NoticeKind.INSURER and case.undecided and case.answer is AnswerChoice.REFER_TO_INSURER:
        if case.insurer_replied:
            return unchanged(case)
        unreached = case.but(insurer_replied=True)
        return act_on_answer(unreached, at) if case.status is Status.WITH_INSURER else Decision(unreached)
    silent = case.route is Route.SELLER_SILENT and case.round == 1 and not case.unreached
    waits = silent or case.status in AWAITS_NOTICE or (case.investigated and case.resumes is None)
    if event.kind is not NoticeKind.CLAIM or not case.undecided or case.answer is not None or not waits:
        return unchanged(case)
    handling = case.policy(at).handling
    if case.direct_pay:
        if case.respond_by is not None:
            return unchanged(case)
        ends = event.attempted_at + timedelta(hours=handling.comment_window_hours)
        known = case.but(respond_by=ends)
        return Decision(known if case.investigated else known.moved(Status.DIRECT_PAY, Owner.MAKEGOOD, ends))
    if case.direct_pay is None or (case.route is not None and not silent):
        return unchanged(case)
    respond_by = case.policy(at).after(event.attempted_at, handling.seller_response_days)
    unreached = case.but(respond_by=max(respond_by, case.respond_by or respond_by), unreached=True, route=None)
    return open_review(unreached, ReviewKind.UNDELIVERABLE, at)


def extension_granted(case: Case, event: ExtensionGranted, at: At) -> Decision[Case]:
    """More time for an answer, also where we hear of it after the timer; never less."""
    if case.accepted is None or case.direct_pay or case.answer is not None:
        return unchanged(case)
    if case.respond_by is None or event.respond_by <= case.respond_by:
        return unchanged(case)
    extended = case.but(respond_by=event.respond_by)
    return Decision(extended.but(by=event.respond_by) if case.status is Status.WITH_SELLER else extended)


def seller_answered(case: Case, event: SellerAnswerRecorded, at: At) -> Decision[Case]:
    """The first answer received in time counts, whenever we hear of it; after a payout it opens a dispute.

    On direct pay he was asked for a comment: to contest is contrary, to accept is no objection, the rest delays nobody.
    Who is to be asked anew, for more than he was told, may only have contested; who accepted less before any notice has
    it still before him.
    """
    accepts = event.choice is AnswerChoice.PAY_THROUGH_US
    if case.is_asked_anew and event.choice is not AnswerChoice.CONTEST:
        return unchanged(case)
    if accepts and case.direct_pay is None and case.unseen(event):
        return unchanged(case)
    if accepts and case.direct_pay:
        return _no_objection(case, event, at)
    if case.direct_pay and event.choice is not AnswerChoice.CONTEST:
        return unchanged(case)
    contested = _contested(case, event) if event.choice is AnswerChoice.CONTEST else ()
    return answer_heard(case, event.choice, event, at, contested=contested)


def seller_commented(case: Case, event: SellerCommentRecorded, at: At) -> Decision[Case]:
    """Contrary evidence goes to an adjuster, never back to the seller; no objection ends the window at once.

    Heard before the route is chosen, it counts as soon as that is direct pay; heard after a direct payment has become a
    claim for the seller to answer, he is not taken for silent on it.
    """
    if (case.direct_pay is None or case.rerouted) and not case.direct_pay and case.undecided and event.contrary:
        return Decision(case.but(objected=True))
    if not case.direct_pay:
        return unchanged(case)
    if not event.contrary:
        return _no_objection(case, event, at)
    return answer_heard(case, AnswerChoice.CONTEST, event, at)


def answer_heard(case: Case, choice: AnswerChoice, said: Said, at: At, **facts: Any) -> Decision[Case]:
    """Takes the first answer that was received in time, and acts on it where nothing else must end first.

    ``facts``: what else is known by it. In a later round it is only noted, and for one if the claim has ended: there a
    person decides.
    """
    if case.answer is not None:
        return unchanged(case)
    if case.payouts:
        return _heard_after_payout(case, choice, said)
    if case.accepted is None or case.outcome is Outcome.DUPLICATE or not case.in_time(said):
        return unchanged(case)
    heard = case.but(answer=choice, grown=(), **facts)
    if case.round > 1 or not case.undecided:
        return Decision(heard)
    first = ReviewKind.AMOUNT if choice is AnswerChoice.PAY_THROUGH_US and _is_more_to_look_at(case, said, at) else None
    heard = heard.but(route=None, resumes=first if case.is_held_up else None)
    if case.is_held_up:
        return Decision(heard)
    return open_review(heard, first, at) if first else act_on_answer(heard, at)


def _is_more_to_look_at(case: Case, said: Said, at: At) -> bool:
    """Whether he accepts less than it comes to now, and no person has looked at that, or will for another reason."""
    return bool(case.unseen(said)) and not case.reviewed and not is_never_automatic(case, at)


def seller_overdue(case: Case, at: At) -> Decision[Case]:
    """Steps in for a seller who let the claim lapse: silence settles who answers, never how much."""
    if case.direct_pay is None and case.respond_by is None:
        return choose_route(case, at)
    return _notice_overdue(case, at) if case.respond_by is None else _time_over(case, at)


def direct_pay_overdue(case: Case, at: At) -> Decision[Case]:
    """Pays when the comment window is over; it opens with the notice, so a late notice of ours never shortens it."""
    return _notice_overdue(case, at) if case.respond_by is None else _time_over(case, at)


def _time_over(case: Case, at: At) -> Decision[Case]:
    if case.direct_pay:
        return _window_over(case, at)
    if case.rerouted and case.objected:
        return open_review(case, ReviewKind.CONTESTED, at)
    silent = case.but(route=Route.SELLER_SILENT)
    automatic = case.terms.small or is_never_automatic(case, at)
    then = pay_unless_serious(silent, at) if automatic else open_review(silent, ReviewKind.AMOUNT, at)
    return step_in(case, Route.SELLER_SILENT, then)


def _window_over(case: Case, at: At) -> Decision[Case]:
    """Nobody objected; what is not small any more and was not asked of the seller again, a person looks at."""
    unasked = case.but(route=Route.DIRECT_PAY)
    if case.terms.small or is_never_automatic(case, at):
        return pay_unless_serious(unasked, at)
    return open_review(unasked, ReviewKind.AMOUNT, at)


def _no_objection(case: Case, said: Said, at: At) -> Decision[Case]:
    if case.status is not Status.DIRECT_PAY or case.unseen(said):
        return unchanged(case)
    return _window_over(case.but(answer=AnswerChoice.PAY_THROUGH_US), at)


def _heard_after_payout(case: Case, choice: AnswerChoice, said: Said) -> Decision[Case]:
    """Received in time all the same: what speaks against the payment is a dispute, and debited only after it."""
    if case.respond_by is None or not case.in_time(said) or case.outcome is Outcome.DUPLICATE:
        return unchanged(case)
    known = case.but(answer=choice)
    if choice is AnswerChoice.PAY_THROUGH_US:
        return Decision(known)
    contested = PaymentContested(claim_id=case.claim_id, seller_id=case.terms.seller_id, received_at=said.received_at)
    return Decision(known, (contested,))


def _contested(case: Case, event: SellerAnswerRecorded) -> tuple[int, ...]:
    """The items in question, and those that he has not seen as they are now; empty: all of them."""
    known = tuple(each.item for each in case.items)
    named = {item for item in known if item in event.contested_items}
    contested = tuple(item for item in known if item in named | case.unseen(event).keys()) if named else ()
    return () if contested == known else contested


def _notice_overdue(case: Case, at: At) -> Decision[Case]:
    """Nobody has said yet whether the notice was delivered, so nobody can be silent: we wait for that word."""
    policy = case.policy(at)
    return Decision(case.still_waiting(at, policy.wait(at.now, policy.handling.seller_response_days)))
