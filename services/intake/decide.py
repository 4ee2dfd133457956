"""What intake decides about a submission, from the first notice of loss to acceptance or denial."""

from services.intake import eligibility, items
from services.intake.state import Stage, Submission
from shared.events.base import Event, claim_id_of
from shared.events.claim import InjuryClass, Item, Reason
from shared.events.intake import (
    ClaimAccepted,
    ClaimDenied,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    IncidentReported,
    IncidentRetracted,
    IncidentScreened,
    InformationRequested,
    Problem,
    SettlementReplyRecorded,
    SubmissionRefused,
)
from shared.events.upstream import (
    SUBMISSIONS,
    ClaimSubmitted,
    ClaimWithdrawn,
    DocumentsSubmitted,
    SettlementConfirmed,
    SettlementDisputed,
)
from shared.money import MINOR_MAX
from shared.policy import Policy
from shared.runtime import Decision, Moment, unchanged
from shared.runtime.process import Undecodable

Now = Moment[Event]


def claim_submitted(event: ClaimSubmitted, at: Now) -> Decision[Submission]:
    """Deny for every reason at once, or ask what else the claimant has claimed."""
    policy = at.policies.in_force(event.marketplace, event.reported_on)
    submission = _submission(event, policy)
    against = eligibility.reasons_against(event, submission.items, policy, at.said_at.date())
    if against or policy is None:
        return Decision(
            submission.at_stage(Stage.ENDED), (_denied(submission, against, items.refused(submission.items)),)
        )
    return _screening(submission, policy, at)


def incident_screened(submission: Submission, event: IncidentScreened, at: Now) -> Decision[Submission]:
    """End a repetition; otherwise accept what is proven, or ask for all missing papers at once."""
    if submission.stage is Stage.ENDED and event.duplicate_of is None:
        return Decision(submission, (_retracted(submission),))  # it was counted after it had ended
    if not submission.undecided:
        return unchanged(submission)
    if event.duplicate_of is not None:
        return Decision(
            submission.at_stage(Stage.ENDED),
            (
                DuplicateFound(
                    claim_id=submission.claim_id,
                    submission_id=submission.submission_id,
                    duplicate_of=event.duplicate_of,
                ),
            ),
        )
    known = submission.model_copy(update={"other_admitted_minor": event.other_admitted_minor})
    if submission.stage is Stage.WAITING_FOR_PAPERS:
        return Decision(known)
    policy = at.policies.version(submission.policy)
    return _papers_wanted(known, policy, at) if items.missing(known.items, policy) else _accepted(known, policy)


def documents_submitted(submission: Submission, event: DocumentsSubmitted, at: Now) -> Decision[Submission]:
    """Note what the papers prove; the last missing one brings acceptance. After the decision they change nothing."""
    if not submission.undecided:
        return unchanged(submission)
    policy = at.policies.version(submission.policy)
    proven = submission.model_copy(update={"items": items.with_papers(submission.items, event.documents, policy)})
    if submission.stage is Stage.SCREENING or items.missing(proven.items, policy):
        return Decision(proven)
    return _accepted(proven, policy)


def claim_withdrawn(submission: Submission, event: ClaimWithdrawn, at: Now) -> Decision[Submission]:
    """Before acceptance this ends the claim; afterwards it is recorded once, and escalation decides its effect."""
    if submission.withdrawn or submission.stage is Stage.ENDED:
        return unchanged(submission)
    recorded = ClaimWithdrawalRecorded(
        claim_id=submission.claim_id,
        submission_id=submission.submission_id,
        before_acceptance=submission.undecided,
    )
    withdrawn = submission.model_copy(update={"withdrawn": True})
    if not submission.undecided:
        return Decision(withdrawn, (recorded,))
    return Decision(withdrawn.at_stage(Stage.ENDED), (recorded, _retracted(submission)))


def settlement_confirmed(submission: Submission, event: SettlementConfirmed, at: Now) -> Decision[Submission]:
    return _settlement_reply(submission, confirmed=True)


def settlement_disputed(submission: Submission, event: SettlementDisputed, at: Now) -> Decision[Submission]:
    return _settlement_reply(submission, confirmed=False)


def deadline_passed(submission: Submission, at: Now) -> Decision[Submission]:
    """Ask again for an answer that did not come; without papers go on with what is proven, if anything is."""
    if submission.due is None or at.now < submission.due:
        return unchanged(submission)
    policy = at.policies.version(submission.policy)
    if submission.stage is Stage.SCREENING:
        return _screening(submission, policy, at)
    if any(item.proven and item.admissible_minor for item in submission.items):
        return _accepted(submission, policy)
    return Decision(
        submission.at_stage(Stage.ENDED),
        (
            _denied(submission, (Reason.NO_RESPONSE,), items.admitted(submission.items, policy)),
            _retracted(submission),
        ),
    )


def submission_refused(record: Undecodable) -> SubmissionRefused | None:
    """Tell upstream what could not be understood; the key is the submission's own id."""
    if record.topic != SUBMISSIONS.name:
        return None
    return SubmissionRefused(
        claim_id=claim_id_of(record.key),
        submission_id=record.key,
        problems=tuple(Problem(field=field, problem=problem) for field, problem in record.problems),
    )


def _submission(event: ClaimSubmitted, policy: Policy | None) -> Submission:
    minor = policy is not None and eligibility.is_minor(event, policy)
    return Submission(
        submission_id=event.submission_id,
        stage=Stage.SCREENING,
        policy=policy.version if policy else "",
        marketplace=event.marketplace,
        currency=event.currency,
        claimant_id=event.claimant.id,
        seller_id=event.seller_id,
        order_id=event.order_id,
        product=event.product,
        purchased_on=event.purchased_on,
        incident_on=event.incident_on,
        reported_on=event.reported_on,
        injury=eligibility.injury_class(event, policy) if policy else InjuryClass.NONE,
        minor_claimant=minor,
        items=tuple(items.judged(loss, policy, minor=minor) for loss in event.losses),
    )


def _screening(submission: Submission, policy: Policy, at: Now) -> Decision[Submission]:
    asked_again = at.now + policy.days(policy.eligibility.screening_days)
    return Decision(
        submission.at_stage(Stage.SCREENING, asked_again),
        (
            IncidentReported(
                claimant_id=submission.claimant_id,
                submission_id=submission.submission_id,
                claim_id=submission.claim_id,
                order_id=submission.order_id,
                seller_id=submission.seller_id,
                currency=submission.currency,
                incident_on=submission.incident_on,
                admitted_minor=items.admissible_minor(submission.items, policy),
            ),
        ),
    )


def _papers_wanted(submission: Submission, policy: Policy, at: Now) -> Decision[Submission]:
    respond_by = at.now + policy.days(policy.eligibility.papers_within_days)
    return Decision(
        submission.at_stage(Stage.WAITING_FOR_PAPERS, respond_by),
        (
            InformationRequested(
                claim_id=submission.claim_id,
                submission_id=submission.submission_id,
                marketplace=submission.marketplace,
                currency=submission.currency,
                missing=items.missing(submission.items, policy),
                respond_by=respond_by,
            ),
        ),
    )


def _accepted(submission: Submission, policy: Policy) -> Decision[Submission]:
    found = items.admitted(submission.items, policy)
    admitted_minor = sum(item.admitted_minor for item in found)
    incident_total_minor = min(admitted_minor + submission.other_admitted_minor, MINOR_MAX)
    accepted = ClaimAccepted(
        claim_id=submission.claim_id,
        submission_id=submission.submission_id,
        policy=submission.policy,
        marketplace=submission.marketplace,
        currency=submission.currency,
        seller_id=submission.seller_id,
        order_id=submission.order_id,
        product=submission.product,
        payee_ref=submission.payee_ref,
        purchased_on=submission.purchased_on,
        incident_on=submission.incident_on,
        reported_on=submission.reported_on,
        injury=submission.injury,
        minor_claimant=submission.minor_claimant,
        items=found,
        admitted_minor=admitted_minor,
        incident_total_minor=incident_total_minor,
        small=policy.is_small(incident_total_minor),
    )
    return Decision(submission.at_stage(Stage.ACCEPTED), (accepted,))


def _denied(submission: Submission, reasons: tuple[Reason, ...], found: tuple[Item, ...]) -> ClaimDenied:
    return ClaimDenied(
        claim_id=submission.claim_id,
        submission_id=submission.submission_id,
        marketplace=submission.marketplace,
        currency=submission.currency,
        reasons=reasons,
        items=found,
    )


def _retracted(submission: Submission) -> IncidentRetracted:
    return IncidentRetracted(
        claimant_id=submission.claimant_id, submission_id=submission.submission_id, claim_id=submission.claim_id
    )


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
