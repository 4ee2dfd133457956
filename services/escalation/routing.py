"""The route: direct pay or the seller, and where a claim goes on by what is known of it."""

from services.escalation.review import ask_anew, open_review, pay_unless_serious
from services.escalation.state import SOON, At, Case
from services.escalation.status import saying
from shared.events.adjusters import ReviewKind
from shared.events.escalation import Owner, Route, RouteChosen, Status
from shared.events.seller_portal import AnswerChoice
from shared.policy.model import DirectPay
from shared.runtime import Decision


def choose_route(case: Case, at: At) -> Decision[Case]:
    """Direct pay for a small claim of a seller covered at acceptance (or of any, as the policy says), else his answer.

    While his cover is *unknown* we ask again soon: unknown is not no.
    """
    if not at.known:
        waiting = case if case.status is Status.WITH_SELLER else _awaiting_notice(case, Status.WITH_SELLER, at)
        return Decision(waiting.but(asks_at=at.now + SOON))
    return _routed(case, is_paid_directly(case, at), at)


def reroute(case: Case, at: At, *, direct_pay: bool) -> Decision[Case]:
    """Once, before payment: a claim that has crossed the line goes the other way, with a notice and time of its own."""
    forgets = {"respond_by": None, "unreached": False, "route": None, "resumes": None}
    forgets |= {"reviewed": False, "findings": ()}
    return _routed(case.but(rerouted=True, **forgets), direct_pay, at)


def crosses_to_seller(case: Case) -> bool:
    """A direct payment that is no longer small, of which the seller has not been asked yet whether it is right."""
    may = case.round == 1 and not case.rerouted and case.answer is None
    return may and bool(case.direct_pay) and not case.terms.small


def is_paid_directly(case: Case, at: At) -> bool:
    """Small, and the seller covered when it was accepted; or the policy pays every small claim directly."""
    return case.terms.small and (_is_covered(case, at) or case.policy(at).handling.direct_pay is DirectPay.ALWAYS)


def go_on(case: Case, at: At) -> Decision[Case]:
    """Goes on where an investigation, or the customer's word, held the claim up, by all that was heard meanwhile.

    What an insurer says that it has settled comes first: while the customer has not spoken of it nothing else moves.
    """
    if case.unconfirmed_minor:
        return await_customers_word(case, Status.WITH_INSURER, at, resumes=case.resumes)
    if crosses_to_seller(case):
        return reroute(case, at, direct_pay=False)
    if case.awaits_customers_word and (case.direct_pay is not None or case.resumes is not None):
        return await_customers_word(case, Status.SELLER_RESOLVING, at, resumes=case.resumes)
    if case.resumes is not None:
        return open_review(case, case.resumes, at)
    if case.route is not None:
        return pay_unless_serious(case, at)
    return choose_route(case, at) if case.direct_pay is None else act_on_answer(case, at)


def act_on_answer(case: Case, at: At) -> Decision[Case]:
    """What follows from the seller's answer; without one, his notice and his time are waited for."""
    handling = case.policy(at).handling
    if case.awaits_customers_word:
        return await_customers_word(case, Status.SELLER_RESOLVING, at)
    match case.answer:
        case AnswerChoice.PAY_THROUGH_US:
            route = Route.DIRECT_PAY if case.direct_pay else Route.SELLER_ACCEPTED
            return pay_unless_serious(case.but(route=route), at)
        case AnswerChoice.CONTEST:
            if case.review is ReviewKind.CONTESTED and case.contested:
                return ask_anew(case, at)  # who looks already was asked about all of it
            return open_review(case, ReviewKind.CONTESTED, at)
        case AnswerChoice.SETTLE_DIRECTLY if not case.direct_pay:
            if case.settlement_reported:
                return open_review(case, ReviewKind.CONTESTED, at)
            settle_by = case.within(at, handling.resolving_days)
            return Decision(case.moved(Status.SELLER_RESOLVING, Owner.SELLER, settle_by))
        case AnswerChoice.REFER_TO_INSURER if not case.direct_pay:
            return _await_insurer(case, at)
        case _:
            return _await_seller(case, at)


def await_customers_word(case: Case, status: Status, at: At, *, resumes: ReviewKind | None = None) -> Decision[Case]:
    """Somebody says that he has settled with the customer, who may confirm or dispute it; ``resumes``: what that holds
    up."""
    confirm_by = case.within(at, case.policy(at).handling.customer_confirmation_days)
    return Decision(case.moved(status, Owner.CUSTOMER, confirm_by, resumes=resumes))


def _await_insurer(case: Case, at: At) -> Decision[Case]:
    if case.insurer_replied:
        return open_review(case, ReviewKind.CONTESTED, at)
    if case.insurer_by is not None:
        return Decision(case.moved(Status.WITH_INSURER, Owner.INSURER, max(case.insurer_by, at.now + SOON)))
    reply_by = case.within(at, case.policy(at).handling.insurer_response_days)
    return Decision(case.moved(Status.WITH_INSURER, Owner.MAKEGOOD, reply_by))


def _await_seller(case: Case, at: At) -> Decision[Case]:
    if case.direct_pay and case.policy(at).handling.comment_window_hours == 0:
        return pay_unless_serious(case.but(route=Route.DIRECT_PAY), at)
    status = Status.DIRECT_PAY if case.direct_pay else Status.WITH_SELLER
    if case.respond_by is None:
        return Decision(_awaiting_notice(case, status, at))
    owner = Owner.MAKEGOOD if case.direct_pay else Owner.SELLER
    return Decision(case.moved(status, owner, max(case.respond_by, at.now + SOON)))


def _awaiting_notice(case: Case, status: Status, at: At) -> Case:
    """The next step is our own: the notice to the seller, from which his time counts."""
    notice_by = case.within(at, case.policy(at).handling.seller_response_days)
    return case.moved(status, Owner.MAKEGOOD, notice_by)


def _routed(case: Case, direct_pay: bool, at: At) -> Decision[Case]:
    covered = _is_covered(case, at) if at.known else case.covered
    answer = _as_comment(case) if direct_pay else case.answer
    chosen = case.but(direct_pay=direct_pay, covered=covered, answer=answer)
    says = RouteChosen(claim_id=case.claim_id, seller_id=case.terms.seller_id, direct_pay=direct_pay)
    return saying(says, act_on_answer(chosen, at))


def _as_comment(case: Case) -> AnswerChoice | None:
    """An answer from before the route, on direct pay: a settlement speaks against it, a promise changes nothing."""
    if case.settlement_reported or (case.answer is None and case.objected):
        return AnswerChoice.CONTEST
    return case.answer if case.answer in (AnswerChoice.CONTEST, AnswerChoice.PAY_THROUGH_US) else None


def _is_covered(case: Case, at: At) -> bool:
    """On the day of acceptance, by what was on record then; what is recorded later speaks for later claims."""
    accepted_at = case.terms.accepted_at
    if at.reference is None:
        return False
    if accepted_at is None:
        return at.reference.in_force(case.terms.marketplace, case.policy(at).day_of(at.now))
    known = tuple(period for period in at.reference.periods if period.known_since <= accepted_at)
    on_record = at.reference.model_copy(update={"periods": known})
    return on_record.in_force(case.terms.marketplace, case.policy(at).day_of(accepted_at))
