"""Claims that have ended and are to be looked at again."""

from services.intake import acceptance, eligibility, papers
from services.intake.state import At, Stage, Submission
from shared.events.claim import Reason
from shared.events.intake import ReopeningRecorded, ReopeningRefused
from shared.events.upstream import ReopeningRequested
from shared.runtime import Decision, unchanged


def reopening_requested(submission: Submission, event: ReopeningRequested, at: At) -> Decision[Submission]:
    """Go on with a claim that was withdrawn or never proven; one that was accepted is escalation's to reopen."""
    request = papers.mark("reopening", event.request_id)
    if submission.undecided or request in submission.requests:
        return unchanged(submission)
    heard = submission.having_heard(request)
    if submission.stage is Stage.ACCEPTED:
        recorded = ReopeningRecorded(
            claim_id=submission.claim_id, submission_id=submission.submission_id, reason=event.reason
        )
        return Decision(heard.but(withdrawn_at=None, reopened_at=at.said_at), (recorded,))
    if against := _against(submission, at):
        refused = ReopeningRefused(
            claim_id=submission.claim_id, submission_id=submission.submission_id, reasons=against
        )
        return Decision(heard, (refused,))
    again = heard.but(asked=heard.asked + 1, withdrawn_at=None, reopened_at=at.said_at, reasons=(), ended_at=None)
    return acceptance.looked_at(again, at.policies.version(submission.policy), at)


def _against(submission: Submission, at: At) -> tuple[Reason, ...]:
    """Why it stays as it is: the rules that ended it, losses that come to nothing, or that it was asked too late."""
    if not submission.can_be_reopened:
        return submission.reasons or (Reason.NOT_REOPENED,)
    against = eligibility.against_losses(submission.items)
    return (*against, Reason.NOT_REOPENED) if _too_late(submission, at) else against


def _too_late(submission: Submission, at: At) -> bool:
    """By when the customer asked, not by when we heard of it."""
    if submission.ended_at is None:
        return True
    policy = at.policies.version(submission.policy)
    return at.said_at > policy.after(submission.ended_at, policy.eligibility.reopen_days)
