"""What people decide, as the events that say it. Checked against what is asked, so that nothing is said in vain."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from ops.desk import typed
from ops.desk.question import Appeal, Approval, Review
from ops.reach import ReachError
from services.escalation.approval import is_among
from shared.events.adjusters import (
    AppealDecided,
    DuplicateEstablished,
    PayoutApproved,
    PayoutRefused,
    ReviewDecided,
)
from shared.events.claim import ItemFinding
from shared.money import display


@dataclass(frozen=True)
class Verdict:
    """On a review, as typed: ``items`` such as ``2=100.00:NOT_PROVEN``; ``reasons`` why it is not valid."""

    adjuster: str
    valid: bool
    items: Sequence[str] = ()
    reasons: Sequence[str] = ()


def reviewed(asked: Review, verdict: Verdict) -> ReviewDecided:
    """Items left out are allowed as admitted; of what is contested by item, the others are not in question."""
    if verdict.valid and verdict.reasons:
        raise ReachError("a valid claim has no reason of its own: give reasons item by item, as --item 2=0:NOT_PROVEN")
    if not verdict.valid and verdict.items:
        raise ReachError("a claim that is not valid has no findings: leave --item out, or say --valid")
    if not verdict.valid and not verdict.reasons:
        raise ReachError("say why the claim is not valid: add --reason, such as --reason NOT_PROVEN")
    findings = typed.findings(verdict.items)
    for finding in findings:
        _check(asked, finding)
    return ReviewDecided(
        claim_id=asked.claim_id,
        review=asked.kind,
        adjuster=typed.name(verdict.adjuster, "adjuster"),
        valid=verdict.valid,
        findings=findings,
        reasons=typed.reasons(verdict.reasons),
        round=asked.round,
        question_id=asked.question_id,
    )


def _check(asked: Review, finding: ItemFinding) -> None:
    most = {item.item: item.allowed_minor for item in asked.items}
    number, amount = finding.item, display(finding.allowed_minor, asked.currency)
    if number not in most:
        raise ReachError(f"the claim has no item {number}: its items are {_numbers(most)}")
    if asked.contested and number not in asked.contested:
        raise ReachError(f"item {number} is not contested, so it is paid: decide on {_numbers(asked.contested)}")
    if finding.allowed_minor > most[number]:
        admitted = display(most[number], asked.currency)
        raise ReachError(f"{amount} is more than was admitted of item {number}: allow at most {admitted}")
    if finding.allowed_minor < most[number] and not finding.reasons:
        part = f"{number}={finding.allowed_minor / 100:.2f}"
        raise ReachError(f"say why item {number} is not allowed in full, such as --item {part}:NOT_PROVEN")
    if finding.allowed_minor == most[number] and finding.reasons:
        raise ReachError(f"item {number} is allowed in full: leave its reasons out, or allow less")


def approved(asked: Approval, approver: str) -> PayoutApproved:
    """One yes; two of different people are needed."""
    approver = typed.name(approver, "approver")
    _other_eyes(asked, approver)
    if is_among(approver, asked.approvers):
        raise ReachError(f"{approver} has approved this payout already: somebody else must, for it takes two")
    return PayoutApproved(
        claim_id=asked.claim_id, payout_id=asked.payout_id, approver=approver, question_id=asked.question_id
    )


def refused(asked: Approval, approver: str) -> PayoutRefused:
    """One no is enough; also of somebody who had said yes."""
    approver = typed.name(approver, "approver")
    _other_eyes(asked, approver)
    return PayoutRefused(
        claim_id=asked.claim_id, payout_id=asked.payout_id, approver=approver, question_id=asked.question_id
    )


def _other_eyes(asked: Approval, approver: str) -> None:
    if is_among(approver, asked.adjusters):
        raise ReachError(f"{approver} decided a review of this claim: somebody else must answer for the payout")


def judged(asked: Appeal, adjuster: str, *, won: bool, reasons: Sequence[str] = ()) -> AppealDecided:
    """``won``: by the seller."""
    by = typed.name(adjuster, "adjuster")
    return AppealDecided(claim_id=asked.claim_id, adjuster=by, won=won, reasons=typed.reasons(reasons))


def duplicate(claim_id: UUID, of: UUID, adjuster: str, *, duplicates: Collection[UUID] = ()) -> DuplicateEstablished:
    """The first claim ends; the other one is untouched. ``duplicates``: which of them have ended as one already."""
    if claim_id == of:
        raise ReachError("a claim cannot be a duplicate of itself: give the claim that goes on behind --of")
    if of in duplicates:
        raise ReachError(
            "the claim behind --of is a duplicate itself, and nobody would be paid: give the one it repeats"
        )
    if claim_id in duplicates:
        raise ReachError("the claim has ended as a duplicate already")
    return DuplicateEstablished(claim_id=claim_id, duplicate_of=of, adjuster=typed.name(adjuster, "adjuster"))


def _numbers(items: "Sequence[int] | dict[int, int]") -> str:
    return ", ".join(map(str, items))
