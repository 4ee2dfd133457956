"""When a person must look: which review is opened, and which comes first."""

from typing import Any

from services.escalation import items
from services.escalation.release import pay
from services.escalation.state import At, Case
from services.escalation.status import saying
from shared.events.adjusters import ReviewKind
from shared.events.claim import Signal
from shared.events.escalation import ClaimEscalated, Owner, ReviewOpened, Route, Status
from shared.runtime import Decision


def pay_unless_serious(case: Case, at: At) -> Decision[Case]:
    """Pays at once, but a person looks first at what looks like fraud, and on every route at a serious injury."""
    if case.suspected:
        return investigate(case, at)
    if is_never_automatic(case, at) and not case.reviewed:
        return open_review(case, ReviewKind.SERIOUS_INJURY, at)
    return pay(case, at)


def is_never_automatic(case: Case, at: At) -> bool:
    """A serious injury; or payments for the incident that may have to be reported, to whom nobody has said."""
    terms = case.terms
    if terms.serious:
        return True
    policy = case.policy(at)
    over_minor = policy.injuries.reported_over(policy.day_of(at.now))
    unknown = terms.hurt and terms.beneficiary is None
    return unknown and over_minor is not None and items.total(case.items) + terms.others_minor > over_minor


def open_review(case: Case, kind: ReviewKind, at: At) -> Decision[Case]:
    """Asks a person; takes the place of a review for another reason, and of approvals given before it.

    An investigation comes first, and the customer's word on an insurer's settlement: the other review is remembered
    for its end.
    """
    if case.suspected and kind is not ReviewKind.INVESTIGATION:
        return investigate(case, at, resumes=kind)
    if case.unconfirmed_minor and case.status is Status.WITH_INSURER:
        return Decision(case.but(resumes=kind))
    if case.review is kind:
        return Decision(case)
    return _asked(case.asking(at), kind, at, reviewed=False, findings=())


def investigate(case: Case, at: At, *, resumes: ReviewKind | None = None) -> Decision[Case]:
    """Has a person look whether it is fraud, before anything else; ``resumes``: the review that this holds up."""
    if case.investigated:
        return Decision(case.but(resumes=resumes))
    return _asked(case.asking(at), ReviewKind.INVESTIGATION, at, resumes=resumes)


def ask_anew(case: Case, at: At) -> Decision[Case]:
    """The open review about the items and signals as they are now: who decides on what they were decides nothing."""
    return ask_again(case.asking(at), at)


def ask_again(case: Case, at: At) -> Decision[Case]:
    """The open review once more, with a new moment to decide by."""
    assert case.review is not None
    return _asked(case, case.review, at, resumes=case.resumes)


def with_other_items(case: Case, at: At) -> Decision[Case]:
    """Whatever is asked of somebody about the items is asked anew, now that they come to less."""
    if case.review is not None:
        return ask_anew(case, at)
    if case.status in (Status.AWAITING_RELEASE, Status.AWAITING_APPROVAL):
        return pay(case, at)
    return Decision(case)


def look_at_more(case: Case, at: At) -> Decision[Case]:
    """A person looks at what is more than anybody has accepted, or looked at, before it is paid."""
    if case.investigated:
        return ask_anew(case.but(resumes=case.resumes or ReviewKind.AMOUNT), at)
    if case.review is None and case.status in (Status.AWAITING_RELEASE, Status.AWAITING_APPROVAL):
        return open_review(case, ReviewKind.AMOUNT, at)
    return with_other_items(case, at)


def step_in(case: Case, route: Route, then: Decision[Case]) -> Decision[Case]:
    """Says that the marketplace steps in, before what follows from it."""
    return saying(ClaimEscalated(claim_id=case.claim_id, seller_id=case.terms.seller_id, route=route), then)


def _asked(case: Case, kind: ReviewKind, at: At, **changes: Any) -> Decision[Case]:
    decide_by = case.within(at, case.policy(at).handling.review_days)
    signals: tuple[Signal, ...] = case.signals if kind is ReviewKind.INVESTIGATION or case.round > 1 else ()
    asked = ReviewOpened(
        claim_id=case.claim_id,
        review=kind,
        currency=case.terms.currency,
        items=items.as_findings(items.owed(case)),
        decide_by=decide_by,
        round=case.round,
        contested=case.contested if kind is ReviewKind.CONTESTED else (),
        signals=signals,
        question_id=case.question_id,
    )
    return Decision(case.moved(Status.UNDER_REVIEW, Owner.ADJUSTER, decide_by, review=kind, **changes), (asked,))
