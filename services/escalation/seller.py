"""The seller's side: his notice and frozen deadline, his answer, his comment, his silence."""

from datetime import datetime, timedelta

from services.escalation.review import open_review, pay_unless_serious, step_in
from services.escalation.routing import choose_route
from services.escalation.state import At, Case, later
from shared.events.adjusters import ReviewKind
from shared.events.escalation import Owner, Route, Status
from shared.events.seller_notifier import (
    ExtensionGranted,
    NoticeKind,
    NoticeUndeliverable,
    SellerAnswerRecorded,
    SellerCommentRecorded,
    SellerNotified,
)
from shared.events.seller_portal import AnswerChoice
from shared.runtime import Decision, unchanged

AWAITS_NOTICE = (Status.DIRECT_PAY, Status.WITH_SELLER)


def seller_notified(case: Case, event: SellerNotified, at: At) -> Decision[Case]:
    """The first notice freezes the deadline. On direct pay we act at its end, otherwise the seller until then."""
    if case.status not in AWAITS_NOTICE or case.respond_by is not None:
        return unchanged(case)
    owner = Owner.MAKEGOOD if case.status is Status.DIRECT_PAY else Owner.SELLER
    return Decision(case.moved(case.status, owner, event.respond_by, respond_by=event.respond_by))


def notice_undeliverable(case: Case, event: NoticeUndeliverable, at: At) -> Decision[Case]:
    """Silence is not presumed of who was never told: a person looks. Direct pay goes on, from the attempt."""
    if event.kind is NoticeKind.INSURER and case.status is Status.WITH_INSURER:
        return open_review(case, ReviewKind.CONTESTED, at)
    if event.kind is not NoticeKind.CLAIM or case.status not in AWAITS_NOTICE or case.respond_by is not None:
        return unchanged(case)
    handling = case.policy(at).handling
    if case.status is Status.DIRECT_PAY:
        ends = event.attempted_at + timedelta(hours=handling.comment_window_hours)
        return Decision(case.moved(Status.DIRECT_PAY, Owner.MAKEGOOD, ends, respond_by=ends))
    respond_by = event.attempted_at + case.policy(at).days(handling.seller_response_days)
    return open_review(case.but(respond_by=respond_by), ReviewKind.UNDELIVERABLE, at)


def extension_granted(case: Case, event: ExtensionGranted, at: At) -> Decision[Case]:
    """More time for an answer, also where we hear of it after the timer; never less."""
    if not case.undecided or case.direct_pay or case.respond_by is None or event.respond_by <= case.respond_by:
        return unchanged(case)
    extended = case.but(respond_by=event.respond_by)
    return Decision(extended.but(by=event.respond_by) if case.status is Status.WITH_SELLER else extended)


def seller_answered(case: Case, event: SellerAnswerRecorded, at: At) -> Decision[Case]:
    """The first answer received in time counts until a payout is authorised, whenever we hear of it."""
    if case.direct_pay:
        return _answered_on_direct_pay(case, event, at)
    if not case.undecided or case.answer is not None or not case.in_time(event.received_at):
        return unchanged(case)
    case = case.but(answer=event.choice)
    policy = case.policy(at)
    match event.choice:
        case AnswerChoice.PAY_THROUGH_US:
            return pay_unless_serious(case.but(route=Route.SELLER_ACCEPTED), at)
        case AnswerChoice.SETTLE_DIRECTLY:
            settle_by = later(at, policy.days(policy.handling.resolving_days))
            return Decision(case.moved(Status.SELLER_RESOLVING, Owner.SELLER, settle_by))
        case AnswerChoice.CONTEST:
            return open_review(case, ReviewKind.CONTESTED, at)
        case AnswerChoice.REFER_TO_INSURER:
            if case.insurer_replied:
                return open_review(case, ReviewKind.CONTESTED, at)
            reply_by = later(at, policy.days(policy.handling.insurer_response_days))
            return Decision(case.moved(Status.WITH_INSURER, Owner.MAKEGOOD, reply_by))


def _answered_on_direct_pay(case: Case, event: SellerAnswerRecorded, at: At) -> Decision[Case]:
    """He was asked for a comment: to contest is contrary, to accept is no objection, the rest delays nobody."""
    match event.choice:
        case AnswerChoice.CONTEST:
            return object_to_direct_pay(case, event.received_at, at)
        case AnswerChoice.PAY_THROUGH_US:
            return _no_objection(case, at)
        case _:
            return unchanged(case)


def seller_commented(case: Case, event: SellerCommentRecorded, at: At) -> Decision[Case]:
    """Contrary evidence goes to an adjuster, never back to the seller; no objection ends the window at once."""
    if not case.direct_pay:
        return unchanged(case)
    return object_to_direct_pay(case, event.received_at, at) if event.contrary else _no_objection(case, at)


def object_to_direct_pay(case: Case, received_at: datetime, at: At) -> Decision[Case]:
    """A person looks, if the objection came in the window and nothing is authorised yet."""
    if not case.undecided or not case.in_time(received_at):
        return unchanged(case)
    return open_review(case, ReviewKind.CONTESTED, at)


def _no_objection(case: Case, at: At) -> Decision[Case]:
    return window_over(case, at) if case.status is Status.DIRECT_PAY else unchanged(case)


def window_over(case: Case, at: At) -> Decision[Case]:
    """Nobody objected in the comment window."""
    return pay_unless_serious(case.but(route=Route.DIRECT_PAY), at)


def direct_pay_overdue(case: Case, at: At) -> Decision[Case]:
    """The window opens with the notice: a notice of ours that is late never shortens it."""
    return window_over(case, at) if case.respond_by is not None else _notice_overdue(case, at)


def seller_overdue(case: Case, at: At) -> Decision[Case]:
    """Steps in for a seller who let the claim lapse: silence settles who answers, never how much."""
    if case.direct_pay is None and case.respond_by is None:
        return choose_route(case, at)
    if case.respond_by is None:
        return _notice_overdue(case, at)
    silent = case.but(route=Route.SELLER_SILENT)
    if case.terms.small or case.terms.serious:
        return step_in(case, Route.SELLER_SILENT, pay_unless_serious(silent, at))
    return step_in(case, Route.SELLER_SILENT, open_review(silent, ReviewKind.AMOUNT, at))


def _notice_overdue(case: Case, at: At) -> Decision[Case]:
    """Nobody has said yet whether the notice was delivered, so nobody can be silent: we wait for that word."""
    policy = case.policy(at)
    return Decision(case.still_waiting(at, policy.days(policy.handling.seller_response_days)))
