"""What the customer says about the payment: to whom, after whose liens, against which release."""

from collections.abc import Iterable
from typing import Final

from services.intake import papers, roles, screening
from services.intake.state import At, Stage, Submission
from shared.events.claim import Lien
from shared.events.intake import LienRecorded, PayeeRecorded, ReleaseRecorded
from shared.events.upstream import LienAsserted, PayeeChanged, ReleaseSigned
from shared.runtime import Decision, unchanged

LIENS_KEPT: Final = 10
"""Holders of liens on one claim; of more, the ones who came last are not recorded."""


def payee_changed(submission: Submission, event: PayeeChanged, at: At) -> Decision[Submission]:
    """Pay whom the customer named last, by when he said it; others may name the same.

    Named once more, the same one is to be paid again if that has failed: his account is in order now.
    """
    before = submission.payee_said_at
    if submission.ended_for_good or (before is not None and at.said_at < before):
        return unchanged(submission)
    changed = submission.but(payee=roles.payee_name(event.payee), payee_said_at=at.said_at)
    same = changed.payee == submission.payee
    if same and at.said_at == before:
        return Decision(changed)
    links = () if same else screening.payee_link(changed)
    if submission.stage is not Stage.ACCEPTED:
        return Decision(changed, links)
    recorded = PayeeRecorded(
        claim_id=changed.claim_id, submission_id=changed.submission_id, payee_ref=changed.payee_ref
    )
    return Decision(changed, (recorded, *links))


def lien_asserted(submission: Submission, event: LienAsserted, at: At) -> Decision[Submission]:
    """Record the lien beside all others; of one holder the amount counts that was said last, whenever it is heard."""
    lien, holder = event.lien, print_of_holder(event.lien)
    request = papers.mark("lien", lien.holder_ref, str(lien.amount_minor), at.said_at.isoformat())
    liens = one_per_holder((*submission.liens, lien))
    old = request in submission.requests or submission.was_said_before(holder, at.said_at)
    if submission.ended_for_good or old or lien not in liens:
        return unchanged(submission)
    known = submission.having_heard(request).saying(holder, at.said_at).but(liens=liens)
    if submission.stage is not Stage.ACCEPTED or liens == submission.liens:
        return Decision(known)
    recorded = LienRecorded(claim_id=known.claim_id, submission_id=known.submission_id, liens=liens)
    return Decision(known, (recorded,))


def release_signed(submission: Submission, event: ReleaseSigned, at: At) -> Decision[Submission]:
    """Record each release once; escalation knows which payment it is for."""
    signed = () if event.release_id is None else (str(event.release_id),)
    request = papers.mark("release", event.release, *signed)
    if submission.stage is not Stage.ACCEPTED or request in submission.requests:
        return unchanged(submission)
    recorded = ReleaseRecorded(
        claim_id=submission.claim_id,
        submission_id=submission.submission_id,
        release=event.release,
        release_id=event.release_id,
    )
    return Decision(submission.having_heard(request), (recorded,))


def print_of_holder(lien: Lien) -> str:
    return papers.mark("holder", lien.holder_ref)


def one_per_holder(liens: Iterable[Lien]) -> tuple[Lien, ...]:
    """In the order in which their holders came."""
    return tuple({lien.holder_ref: lien for lien in liens}.values())[:LIENS_KEPT]
