"""How the look at a claim goes on and ends: asked for, accepted with what is proven, or denied with every reason."""

from datetime import datetime

from services.intake import items, papers, roles, screening
from services.intake.state import At, Stage, Submission
from shared.events.claim import Item, LossKind, Reason
from shared.events.intake import (
    ClaimAccepted,
    ClaimDenied,
    IncidentRetracted,
    InformationRequested,
    MissingPaper,
    ProductIncidentReported,
    SellerClaimReported,
)
from shared.money import MINOR_MAX
from shared.policy import Policy
from shared.runtime import Decision


def looked_at(submission: Submission, policy: Policy, at: At) -> Decision[Submission]:
    """Ask what else the claimant has claimed; asked again when the answer takes too long."""
    asked_again = policy.after(at.now, policy.eligibility.screening_days)
    return Decision(submission.at_stage(Stage.SCREENING, asked_again), (screening.incident(submission, policy),))


def decided(submission: Submission, policy: Policy, at: At) -> Decision[Submission]:
    """Accept a complete claim; otherwise ask for all that is missing at once."""
    if papers.is_complete(submission, policy):
        return accepted(submission, policy)
    asked = _asked(submission, papers.missing(submission, policy), policy, _answer_by(policy, at))
    return Decision(submission.at_stage(Stage.WAITING_FOR_PAPERS, asked.respond_by), (asked,))


def with_papers(before: Submission, noted: Submission, policy: Policy) -> Decision[Submission]:
    """Accept a complete claim; say so where the last paper has come, and only the answer about Medicare has not."""
    if papers.is_complete(noted, policy):
        return accepted(noted, policy)
    if papers.missing(noted, policy) or not papers.missing(before, policy):
        return Decision(noted)
    assert noted.due is not None, "what was asked for is due"
    return Decision(noted, (_asked(noted, (), policy, noted.due),))


def asked_since(before: Submission, after: Submission, policy: Policy, at: At) -> tuple[InformationRequested, ...]:
    """What matters only now of an accepted claim: the customer is asked, and the claim goes on meanwhile.

    Until he answers about Medicare escalation pays nothing above the threshold automatically, and what was paid is
    reported then. Until somebody shows that he may act for who was hurt, his losses are not admitted.
    """
    questions = (roles.asks_beneficiary, roles.lacks_authority)
    if not any(asks(after, policy) and not asks(before, policy) for asks in questions):
        return ()
    return (_asked(after, papers.missing_authority(after, policy), policy, _answer_by(policy, at)),)


def _answer_by(policy: Policy, at: At) -> datetime:
    return policy.after(at.now, policy.eligibility.papers_within_days)


def _asked(
    submission: Submission, missing: tuple[MissingPaper, ...], policy: Policy, respond_by: datetime
) -> InformationRequested:
    return InformationRequested(
        claim_id=submission.claim_id,
        submission_id=submission.submission_id,
        marketplace=submission.marketplace,
        currency=submission.currency,
        missing=missing,
        respond_by=respond_by,
        asks_beneficiary=roles.asks_beneficiary(submission, policy),
    )


def asked_anew(before: Submission, known: Submission, policy: Policy, at: At) -> Decision[Submission]:
    """Another claim for the incident came or went while papers are awaited: it may bring a question, or end one."""
    if papers.is_complete(known, policy):
        return accepted(known, policy)
    more = roles.asks_beneficiary(known, policy) and not roles.asks_beneficiary(before, policy)
    return decided(known, policy, at) if more else Decision(known)


def decided_without_more(submission: Submission, policy: Policy, at: At) -> Decision[Submission]:
    """Accept what is proven by somebody who may act; if nothing is, the claim ends without an answer."""
    proven = any(item.proven and item.admissible_minor for item in submission.items)
    if proven and not roles.lacks_authority(submission, policy):
        return accepted(submission, policy)
    denial = denied(submission, (Reason.NO_RESPONSE,), items.refused(submission.items, Reason.PAPERS_MISSING))
    return Decision(submission.ended(at.now, Reason.NO_RESPONSE), (denial, retracted(submission)))


def accepted(submission: Submission, policy: Policy) -> Decision[Submission]:
    """Accept what is proven, with the policy frozen on it; a person investigates it if its signals weigh enough.

    What was never proven stops counting for the claimant's other claims.
    """
    found, total_minor = papers.admitted(submission, policy), incident_total_minor(submission, policy)
    seen = screening.with_signals(submission, screening.of_amount(total_minor, policy))
    weighs = screening.score(seen, policy)
    said = ClaimAccepted(
        claim_id=seen.claim_id,
        submission_id=seen.submission_id,
        policy=seen.policy,
        marketplace=seen.marketplace,
        currency=seen.currency,
        seller_id=seen.seller_id,
        order_id=seen.order_id,
        product=seen.product,
        payee_ref=seen.payee_ref,
        purchased_on=seen.purchased_on,
        incident_on=seen.incident_on,
        reported_on=seen.reported_on,
        injury=seen.injury,
        minor_claimant=seen.about_a_minor,
        items=found,
        admitted_minor=items.sum_minor(found),
        incident_total_minor=total_minor,
        small=policy.is_small(total_minor),
        liens=seen.liens,
        signals=seen.signals,
        score=weighs,
        investigate=weighs >= policy.screening.investigate_at or seen.may_repeat,
        beneficiary=seen.beneficiary,
    )
    now = seen.at_stage(Stage.ACCEPTED).but(diagnosis=None)
    counts = screening.incident(now, policy)
    anew = (counts,) if counts != screening.incident(seen, policy) else ()
    return Decision(now, (said, _claim_against_seller(seen, said), *harm(seen, found), *anew))


def incident_total_minor(submission: Submission, policy: Policy) -> int:
    """What is admitted here, and what the claimant's others for the incident come to: *small* is measured by it."""
    own_minor = items.sum_minor(papers.admitted(submission, policy))
    return min(own_minor + submission.other_admitted_minor, MINOR_MAX)


def harm(submission: Submission, found: tuple[Item, ...]) -> tuple[ProductIncidentReported, ...]:
    """Somebody was hurt or something damaged: counts for the product, whoever sold it."""
    damaged = any(item.kind is LossKind.PROPERTY_DAMAGE and item.admitted_minor for item in found)
    if not submission.hurt and not damaged:
        return ()
    return (
        ProductIncidentReported(
            product=submission.product,
            claim_id=submission.claim_id,
            seller_id=submission.seller_id,
            policy=submission.policy,
            incident_on=submission.incident_on,
            injury=submission.injury,
            minor=submission.minor_claimant and submission.hurt,
            diagnosis=submission.diagnosis,
        ),
    )


def denied(submission: Submission, reasons: tuple[Reason, ...], found: tuple[Item, ...]) -> ClaimDenied:
    return ClaimDenied(
        claim_id=submission.claim_id,
        submission_id=submission.submission_id,
        marketplace=submission.marketplace,
        currency=submission.currency,
        reasons=reasons,
        items=found,
    )


def retracted(submission: Submission) -> IncidentRetracted:
    """The claim no longer counts among the claimant's."""
    return IncidentRetracted(
        claimant_id=submission.claimant_id, submission_id=submission.submission_id, claim_id=submission.claim_id
    )


def _claim_against_seller(submission: Submission, said: ClaimAccepted) -> SellerClaimReported:
    return SellerClaimReported(
        seller_id=submission.seller_id,
        claim_id=submission.claim_id,
        marketplace=submission.marketplace,
        currency=submission.currency,
        admitted_minor=said.admitted_minor,
        incident_on=submission.incident_on,
        reported_on=submission.reported_on,
    )
