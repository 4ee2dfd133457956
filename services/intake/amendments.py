"""A claim that becomes another amount: amended by the customer, proven further, or no longer alone in its incident."""

from services.intake import acceptance, eligibility, items, papers, screening
from services.intake.state import At, Stage, Submission
from shared.events.base import derived_text
from shared.events.intake import AmendmentRecorded
from shared.events.upstream import ClaimAmended
from shared.policy import Policy
from shared.runtime import Decision, unchanged


def claim_amended(submission: Submission, event: ClaimAmended, at: At) -> Decision[Submission]:
    """Judge the losses anew: before acceptance the look begins again, afterwards only what is proven is admitted."""
    request = papers.mark("amendment", event.amendment_id)
    if submission.ended_for_good or request in submission.requests:
        return unchanged(submission)
    policy = at.policies.version(submission.policy)
    amended = _amended(submission.having_heard(request), event, policy)
    if submission.stage is Stage.ENDED:
        return Decision(amended)  # counts when the claim is reopened
    if submission.stage is Stage.ACCEPTED:
        decision = _recorded(submission, amended, policy, at, event.amendment_id)
        return Decision(decision.state, (*decision.says, screening.incident(amended, policy)))
    if against := eligibility.against_losses(amended.items):
        denial = acceptance.denied(amended, against, items.refused(amended.items))
        return Decision(amended.ended(at.now, *against), (denial, acceptance.retracted(amended)))
    return acceptance.looked_at(amended, policy, at)


def proven_further(before: Submission, after: Submission, policy: Policy, at: At) -> Decision[Submission]:
    """Late papers: an accepted claim comes to what is proven now."""
    if papers.admitted(before, policy) == papers.admitted(after, policy):
        return Decision(after)
    decision = _recorded(before, after, policy, at, _derived("papers", before))
    return Decision(decision.state, (*decision.says, screening.incident(after, policy)))


def incident_changed(before: Submission, after: Submission, policy: Policy, at: At) -> Decision[Submission]:
    """Another claim for the incident came, went or was amended: told only if that moves the claim across the line."""
    totals = (acceptance.incident_total_minor(each, policy) for each in (before, after))
    if len({policy.is_small(total_minor) for total_minor in totals}) == 1:
        asked = acceptance.asked_since(before, after, policy, at)
        return Decision(after, (*asked, *screening.suspicion(before, after, policy)))
    return _recorded(before, after, policy, at, _derived("incident", before))


def _amended(submission: Submission, event: ClaimAmended, policy: Policy) -> Submission:
    """With the losses as they are now; papers for the new ones may have come before. A medical loss: he was hurt."""
    now = items.judged_anew(event.losses, submission.items, policy, minor=submission.minor_claimant)
    return submission.but(
        items=items.with_papers(now, submission.early, policy),
        early=tuple(paper for paper in submission.early if (paper.item or 0) > len(now)),
        injury=submission.injury if submission.hurt else eligibility.hurt_by(event.losses),
    )


def _recorded(before: Submission, after: Submission, policy: Policy, at: At, amendment_id: str) -> Decision[Submission]:
    found, total_minor = papers.admitted(after, policy), acceptance.incident_total_minor(after, policy)
    now = screening.with_signals(after, screening.of_amount(total_minor, policy)).but(amended=after.amended + 1)
    said = AmendmentRecorded(
        claim_id=now.claim_id,
        submission_id=now.submission_id,
        amendment_id=amendment_id,
        seller_id=now.seller_id,
        currency=now.currency,
        items=found,
        admitted_minor=items.sum_minor(found),
        incident_total_minor=total_minor,
        small=policy.is_small(total_minor),
        injury=now.injury,
    )
    known_harm = acceptance.harm(before, papers.admitted(before, policy))
    harm = () if known_harm else acceptance.harm(now, found)
    asked = acceptance.asked_since(before, now, policy, at)
    return Decision(now, (said, *asked, *screening.suspicion(before, now, policy), *harm))


def _derived(cause: str, submission: Submission) -> str:
    """A name for what the customer did not name: another one each time the claim becomes another amount."""
    return f"{cause}-{derived_text(cause, str(submission.claim_id), str(submission.amended))}"
