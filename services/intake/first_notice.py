"""The first notice of loss as it is taken down, and what contradicts it when its id is used again."""

from typing import Final

from services.intake import eligibility, items, papers, payment, roles, screening
from services.intake.state import BENEFICIARY, At, Stage, Submission
from shared.events.claim import InjuryClass
from shared.events.intake import Problem
from shared.events.upstream import ClaimAmended, ClaimSubmitted, LienAsserted, PayeeChanged
from shared.policy import Policy

_KEPT: Final = {
    "marketplace": "marketplace",
    "currency": "currency",
    "order_id": "order_id",
    "seller_id": "seller_id",
    "product": "product",
    "purchased_on": "purchased_on",
    "incident_on": "incident_on",
    "reported_on": "reported_on",
    "claimant": "claimant_id",
}
"""Field → where the state has it, for good, as it was said. Every version has kept these."""
_PRINTED: Final = ("losses", "payee", "liens", "delivered_on", "returned_on")
"""Fields that change later or are not kept, and tell nothing personal."""
_CHANGED_BY: Final = {"losses": ClaimAmended, "payee": PayeeChanged, "liens": LienAsserted}


def taken_down(claim: ClaimSubmitted, policy: Policy | None, at: At) -> Submission:
    """All that intake will know of it before anything else is said."""
    minor = policy is not None and roles.minor_hurt(claim, policy)
    beneficiary, liens = roles.beneficiary(claim), payment.one_per_holder(claim.liens)
    said = [*map(payment.print_of_holder, liens), *([] if beneficiary is None else [BENEFICIARY])]
    submission = Submission(
        submission_id=claim.submission_id,
        stage=Stage.SCREENING,
        policy=policy.version if policy else "",
        marketplace=claim.marketplace,
        currency=claim.currency,
        claimant_id=claim.claimant.id,
        seller_id=claim.seller_id,
        order_id=claim.order_id,
        product=claim.product,
        purchased_on=claim.purchased_on,
        incident_on=claim.incident_on,
        reported_on=claim.reported_on,
        injury=eligibility.injury_class(claim, policy) if policy else InjuryClass.NONE,
        minor_claimant=minor,
        minor_claims=policy is not None and roles.is_minor(claim.claimant, policy),
        items=tuple(items.judged(loss, policy, minor=minor) for loss in claim.losses),
        deceased=policy is not None and roles.has_died(claim, policy),
        diagnosis=claim.injury.diagnosis if claim.injury else None,
        beneficiary=beneficiary,
        payee=roles.payee_name(claim.payee) if claim.payee else None,
        payee_said_at=at.said_at if claim.payee else None,
        liens=liens,
        said=dict.fromkeys(said, at.said_at),
        signals=screening.of_possession(claim),
    )
    return submission.but(first_notice=_prints(claim, submission))


def contradictions(submission: Submission, again: ClaimSubmitted, at: At) -> tuple[Problem, ...]:
    """Each field that is known to say something else than it did first, with what to do about it; never a value.

    Where only what is personal was put in other words nothing follows: intake has not kept it.
    """
    policy = at.policies.version(submission.policy) if submission.policy else None
    anew = taken_down(again, policy, at)
    differing = {field for field, name in _KEPT.items() if getattr(anew, name) != getattr(submission, name)}
    if submission.first_notice is not None and anew.first_notice is not None:
        differing |= {field for field, _ in submission.first_notice.items() ^ anew.first_notice.items()}
    return tuple(
        Problem(field=field, problem=f"is not what was submitted first under this id; {_cure(submission, field)}")
        for field in ClaimSubmitted.model_fields
        if field in differing
    )


def _prints(claim: ClaimSubmitted, submission: Submission) -> dict[str, str]:
    """Of persons only what intake has concluded and keeps: what few possibilities make could be guessed back.

    What is left out says the same as its default, so that a field which is added later changes no print. Eight digits
    are enough to tell two words on one field apart, and every state carries them.
    """
    said = {
        field: claim.model_dump_json(include={field}, exclude_defaults=True)
        for field in _PRINTED
        if getattr(claim, field)
    }
    if submission.minor_claims:
        said["claimant"] = "minor"
    if claim.injured is not None:
        said["injured"] = "minor" if submission.minor_claimant else ""
    if claim.injury is not None:
        said["injury"] = f"{submission.injury} deceased" if submission.deceased else submission.injury
    return {field: papers.mark(field, text)[:8] for field, text in said.items()}


def _cure(submission: Submission, field: str) -> str:
    changed_by = None if submission.ended_for_good else _CHANGED_BY.get(field)
    return f"that is changed by {changed_by.type_name()}" if changed_by else "another claim needs an id of its own"
