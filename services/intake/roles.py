"""Who claims, who was hurt, who is paid: who must show that he may act, and what is asked about a person."""

from services.intake import items
from services.intake.eligibility import mentions
from services.intake.state import Submission
from shared.events.base import derived_id
from shared.events.claim import DocumentKind
from shared.events.upstream import Claimant, ClaimSubmitted, Injured
from shared.policy import Policy


def minor_hurt(claim: ClaimSubmitted, policy: Policy) -> bool:
    """By the age of who was hurt; where nobody else was named, that is the claimant."""
    return is_minor(claim.injured or claim.claimant, policy)


def is_minor(person: Claimant | Injured, policy: Policy) -> bool:
    """An age that was not given makes nobody a minor."""
    return person.age is not None and person.age < policy.eligibility.adult_age


def has_died(claim: ClaimSubmitted, policy: Policy) -> bool:
    return claim.injury is not None and mentions(claim.injury.disposition, policy.injuries.deaths)


def beneficiary(claim: ClaimSubmitted) -> bool | None:
    """What was said of who was hurt; a claimant's own status says nothing of somebody else's."""
    return claim.claimant.beneficiary if claim.injured is None else None


def payee_name(payee: str) -> str:
    """Opaque, and the same for the same payee. No name that anybody can send gives the one a claim has by itself."""
    return f"payee-{derived_id('payee', 'named', payee)}"


def authority(submission: Submission, policy: Policy) -> tuple[DocumentKind, ...]:
    """Any one of these shows that somebody may act for who was hurt, or for the child that claims; none: nobody must.

    A guardian's office ends with a death, so for a child that has died it is the estate's paper.
    """
    if submission.deceased:
        return policy.eligibility.estate_papers
    return policy.eligibility.guardian_papers if submission.about_a_minor else ()


def lacks_authority(submission: Submission, policy: Policy) -> bool:
    """Asked where somebody was hurt, and of a claimant under age also where only things were damaged."""
    asked = submission.hurt or submission.minor_claims
    return asked and not submission.may_act and bool(authority(submission, policy))


def asks_beneficiary(submission: Submission, policy: Policy) -> bool:
    """Whether it matters if the injured person is a beneficiary of Medicare, and nobody has said. Never inferred.

    What is reported adds up per incident, so the claimant's other claims for it count.
    """
    over_minor = policy.injuries.reported_over(submission.incident_on)
    return (
        over_minor is not None
        and submission.hurt
        and submission.beneficiary is None
        and items.admissible_minor(submission.items, policy) + submission.other_admitted_minor > over_minor
    )
