"""What a person's decision does."""

from typing import Final

from services.escalation import approval, items
from services.escalation.ending import close_for_want_of_payee, refuse
from services.escalation.investigation import investigation_decided
from services.escalation.parts import Line
from services.escalation.payout import nothing_to_pay
from services.escalation.release import pay
from services.escalation.review import ask_again, open_review, step_in
from services.escalation.state import At, Case
from shared.events.adjusters import PayoutRefused, ReviewDecided, ReviewKind
from shared.events.claim import Reason
from shared.events.escalation import Route
from shared.events.seller_portal import AnswerChoice
from shared.runtime import Decision, unchanged

MOST_ADJUSTERS: Final = 20
"""Who has decided a review of this round must not approve its payout, so none is forgotten; one more does not count."""
STEPS_IN: Final = (Route.SELLER_REJECTED, Route.SELLER_SILENT)


def review_decided(case: Case, event: ReviewDecided, at: At) -> Decision[Case]:
    """Pays what a person has found valid, item by item, and denies the rest for his reasons.

    Nothing follows from a decision of another review, of another round, or of what was asked before: of other items.
    """
    if case.review is None or case.review is not event.review or event.round not in (None, case.round):
        return unchanged(case)
    if not case.is_answered(event.question_id, at):
        return unchanged(case)
    others = tuple(name for name in case.adjusters if not approval.is_among(name, (event.adjuster,)))
    if len(others) >= MOST_ADJUSTERS:
        return unchanged(case)
    case = case.but(adjusters=(*others, event.adjuster))
    if event.review is ReviewKind.INVESTIGATION:
        return investigation_decided(case, event, at)
    return _valid(case, event, at) if event.valid else _not_valid(case, event, at)


def payout_refused(case: Case, event: PayoutRefused, at: At) -> Decision[Case]:
    """An approver's no sends the amount back to an adjuster; it needs two fresh approvals afterwards.

    No to a new payee is no to him alone: how much is paid was decided before, and another one is waited for.
    """
    if not approval.is_answer(case, event, at):
        return unchanged(case)
    return close_for_want_of_payee(case, at) if case.to_new_payee else open_review(case, ReviewKind.AMOUNT, at)


def review_overdue(case: Case, at: At) -> Decision[Case]:
    """Asks again for the review, with a new moment to decide by."""
    return ask_again(case, at)


def _valid(case: Case, event: ReviewDecided, at: At) -> Decision[Case]:
    asked = _in_question(case, event.review)
    highest_first = sorted(event.findings, key=lambda each: -each.allowed_minor)
    findings = {  # of several for one item the lowest counts
        each.item: Line(each.item, each.allowed_minor, tuple(dict.fromkeys(each.reasons)))
        for each in highest_first
        if each.item in asked
    }
    found = case.but(reviewed=True, findings=tuple(findings.values()))
    lines = items.allowed(found, at)
    if items.total(lines) == 0:
        return nothing_to_pay(found, at)
    route = _route(found, event.review, lines)
    stepping_in = event.review in (ReviewKind.CONTESTED, ReviewKind.UNDELIVERABLE) or case.route is None
    paid = pay(found.but(route=route), at)
    return step_in(found, route, paid) if stepping_in and route in STEPS_IN else paid


def _not_valid(case: Case, event: ReviewDecided, at: At) -> Decision[Case]:
    """Denied; of what the seller contests in part only, the rest is paid as he accepts it."""
    if event.review is ReviewKind.CONTESTED and case.contested:
        reasons = event.reasons or (Reason.NOT_PROVEN,)
        refused = tuple(Line(item, 0, reasons) for item in case.contested)
        rest = case.but(reviewed=True, findings=refused, route=Route.SELLER_ACCEPTED)
        if items.total(items.allowed(rest, at)) > 0:
            return pay(rest, at)
    return refuse(case, at, *event.reasons)


def _in_question(case: Case, review: ReviewKind) -> set[int]:
    """The items that the review is about."""
    if review is ReviewKind.CONTESTED and case.contested:
        return set(case.contested)
    return {each.item for each in case.items}


def _route(case: Case, review: ReviewKind, lines: tuple[Line, ...]) -> Route:
    """Why the marketplace pays: whom, if anybody, it steps in for."""
    if review is ReviewKind.UNDELIVERABLE:
        return Route.SELLER_SILENT
    looks_again = review is ReviewKind.AMOUNT and case.answer is AnswerChoice.CONTEST and not case.direct_pay
    if review is ReviewKind.CONTESTED or looks_again:
        against = _in_question(case, ReviewKind.CONTESTED)
        paid_against_him = any(line.minor for line in lines if line.item in against)
        return Route.SELLER_REJECTED if paid_against_him else Route.SELLER_ACCEPTED
    if case.route is not None:
        return case.route
    match case.answer:
        case None:
            return Route.DIRECT_PAY if case.direct_pay else Route.SELLER_SILENT
        case AnswerChoice.PAY_THROUGH_US:
            return Route.SELLER_ACCEPTED
        case _:
            return Route.SELLER_REJECTED
