"""What intake decides about a submission, from the first notice of loss to acceptance or denial."""

from services.intake import acceptance, amendments, eligibility, first_notice, items, papers, screening
from services.intake.state import BENEFICIARY, At, Stage, Submission
from shared.events.base import claim_id_of
from shared.events.claim import Reason
from shared.events.intake import (
    BeneficiaryRecorded,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    IncidentScreened,
    Problem,
    SettlementReplyRecorded,
    SubmissionRefused,
)
from shared.events.upstream import (
    SUBMISSIONS,
    BeneficiaryStatusGiven,
    ClaimSubmitted,
    ClaimWithdrawn,
    DocumentsSubmitted,
    SettlementConfirmed,
    SettlementDisputed,
)
from shared.policy import Policy
from shared.runtime import Decision, unchanged
from shared.runtime.process import Undecodable


def claim_submitted(event: ClaimSubmitted, at: At) -> Decision[Submission]:
    """Deny for every reason at once, or look at the claim beside the claimant's others, and those of others."""
    policy = at.policies.in_force(event.marketplace, event.reported_on)
    submission = first_notice.taken_down(event, policy, at)
    against = eligibility.reasons_against(event, submission.items, policy, at.said_at.date())
    if against or policy is None:
        denial = acceptance.denied(submission, against, items.refused(submission.items))
        return Decision(submission.ended(at.now, *against), (denial,))
    acknowledge_by = policy.after(at.said_at, policy.eligibility.acknowledge_days)
    decision = acceptance.looked_at(submission.but(acknowledge_by=acknowledge_by), policy, at)
    return Decision(decision.state, (*decision.says, *screening.links(submission)))


def submitted_again(submission: Submission, event: ClaimSubmitted, at: At) -> Decision[Submission]:
    """Change nothing: a repetition needs no word, and what says something else is refused, field by field."""
    problems = first_notice.contradictions(submission, event, at)
    if not problems:
        return unchanged(submission)
    refused = SubmissionRefused(
        claim_id=submission.claim_id, submission_id=submission.submission_id, problems=problems, contradicts=True
    )
    return Decision(submission, (refused,))


def incident_screened(submission: Submission, event: IncidentScreened, at: At) -> Decision[Submission]:
    """End a repetition; otherwise accept what is proven, or ask for all missing papers at once."""
    if submission.stage is Stage.ENDED:
        # It was counted after it had ended. A repetition was not.
        return Decision(submission, () if event.duplicate_of else (acceptance.retracted(submission),))
    if event.duplicate_of is not None:
        return _repetition(submission, event, at)
    known = screening.with_signals(submission, event.signals).but(
        other_admitted_minor=event.other_admitted_minor, may_repeat=submission.may_repeat or event.may_repeat
    )
    policy = at.policies.version(submission.policy)
    if submission.stage is Stage.ACCEPTED:
        return amendments.incident_changed(submission, known, policy, at)
    if event.asked != submission.asked:
        return Decision(known)
    if submission.stage is Stage.WAITING_FOR_PAPERS:
        return acceptance.asked_anew(submission, known, policy, at)
    return acceptance.decided(known, policy, at)


def documents_submitted(submission: Submission, event: DocumentsSubmitted, at: At) -> Decision[Submission]:
    """Note what the papers prove: the last thing missing brings acceptance, and later ones may prove more."""
    if submission.ended_for_good:
        return unchanged(submission)
    policy = at.policies.version(submission.policy)
    unseen = papers.unseen(submission, event.documents)
    noted = papers.with_seen(papers.noted(submission, event.documents, policy), unseen)
    decision = _with_papers(submission, noted, policy, at)
    return Decision(decision.state, (*decision.says, *screening.paper_links(noted, unseen)))


def beneficiary_status_given(submission: Submission, event: BeneficiaryStatusGiven, at: At) -> Decision[Submission]:
    """Note whether who was hurt is a beneficiary of Medicare, by what was said last; it may bring acceptance."""
    if submission.ended_for_good or submission.was_said_before(BENEFICIARY, at.said_at):
        return unchanged(submission)
    known = submission.saying(BENEFICIARY, at.said_at).but(beneficiary=event.beneficiary)
    if event.beneficiary == submission.beneficiary:
        return Decision(known)
    policy = at.policies.version(submission.policy)
    if submission.stage is Stage.WAITING_FOR_PAPERS and papers.is_complete(known, policy):
        return acceptance.accepted(known, policy)
    if submission.stage is not Stage.ACCEPTED:
        return Decision(known)
    recorded = BeneficiaryRecorded(
        claim_id=known.claim_id, submission_id=known.submission_id, beneficiary=event.beneficiary
    )
    return Decision(known, (recorded,))


def claim_withdrawn(submission: Submission, event: ClaimWithdrawn, at: At) -> Decision[Submission]:
    """Before acceptance this ends the claim; afterwards each one is passed on, and escalation decides its effect."""
    if submission.withdrawn_at == at.said_at or submission.stage is Stage.ENDED:
        return unchanged(submission)
    if submission.reopened_at is not None and at.said_at < submission.reopened_at:
        return unchanged(submission)  # the word that the customer took back by reopening, heard again
    recorded = ClaimWithdrawalRecorded(
        claim_id=submission.claim_id,
        submission_id=submission.submission_id,
        before_acceptance=submission.undecided,
    )
    withdrawn = submission.but(withdrawn_at=at.said_at)
    if not submission.undecided:
        return Decision(withdrawn, (recorded,))
    return Decision(withdrawn.ended(at.now, Reason.WITHDRAWN), (recorded, acceptance.retracted(submission)))


def settlement_confirmed(submission: Submission, event: SettlementConfirmed, at: At) -> Decision[Submission]:
    """Pass on that a settlement arrived, of an accepted claim."""
    return _settlement_reply(submission, confirmed=True)


def settlement_disputed(submission: Submission, event: SettlementDisputed, at: At) -> Decision[Submission]:
    """Pass on that a settlement did not arrive, of an accepted claim."""
    return _settlement_reply(submission, confirmed=False)


def deadline_passed(submission: Submission, at: At) -> Decision[Submission]:
    """Ask again for an answer that did not come; without papers go on with what is proven, if anything is."""
    if submission.due is None or at.now < submission.due:
        return unchanged(submission)
    policy = at.policies.version(submission.policy)
    if submission.stage is Stage.SCREENING:
        return acceptance.looked_at(submission, policy, at)
    return acceptance.decided_without_more(submission, policy, at)


def submission_refused(record: Undecodable) -> SubmissionRefused | None:
    """Tell upstream what could not be understood; the key is the submission's own id."""
    if record.topic != SUBMISSIONS.name:
        return None
    return SubmissionRefused(
        claim_id=claim_id_of(record.key),
        submission_id=record.key,
        problems=tuple(Problem(field=field, problem=problem) for field, problem in record.problems),
    )


def _repetition(submission: Submission, event: IncidentScreened, at: At) -> Decision[Submission]:
    """The claim that was there first goes on. One that was accepted was there first itself."""
    if not submission.undecided or event.duplicate_of is None or event.asked != submission.asked:
        return unchanged(submission)
    found = DuplicateFound(
        claim_id=submission.claim_id, submission_id=submission.submission_id, duplicate_of=event.duplicate_of
    )
    return Decision(submission.ended(at.now, Reason.DUPLICATE), (found,))


def _with_papers(before: Submission, noted: Submission, policy: Policy, at: At) -> Decision[Submission]:
    if before.stage is Stage.ACCEPTED:
        return amendments.proven_further(before, noted, policy, at)
    if before.stage is Stage.WAITING_FOR_PAPERS:
        return acceptance.with_papers(before, noted, policy)
    return Decision(noted)


def _settlement_reply(submission: Submission, *, confirmed: bool) -> Decision[Submission]:
    """Pass on each word of the customer, a repeated one too: only escalation knows which settlement it is about."""
    if submission.stage is not Stage.ACCEPTED:
        return unchanged(submission)
    return Decision(
        submission,
        (
            SettlementReplyRecorded(
                claim_id=submission.claim_id, submission_id=submission.submission_id, confirmed=confirmed
            ),
        ),
    )
