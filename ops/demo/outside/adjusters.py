"""Adjusters, who decide whether a claim is valid and what it is worth, and the approvers of large payouts."""

from datetime import datetime
from enum import Enum
from random import Random
from typing import ClassVar, Final
from uuid import UUID

from ops.demo.luck import Fate, after, between
from ops.demo.outside.party import Saying
from shared.events.adjusters import AppealDecided, PayoutApproved, PayoutRefused, ReviewDecided, ReviewKind
from shared.events.base import Envelope, Event
from shared.events.claim import ItemFinding, Reason, Signal
from shared.events.escalation import ApprovalRequested, ReviewOpened
from shared.events.recovery import RecoveryDisputed


class Verdict(Enum):
    """What an adjuster finds of a claim that a seller contests, that is large, or that is serious."""

    VALID = "valid"
    CUT = "valid, one item cut"
    INVALID = "not valid"


class Suspicion(Enum):
    """What becomes of an investigation."""

    CLEARED = "nothing in it"
    FRAUD = "fraud"


class SecondLook(Enum):
    """What becomes of a claim that was reopened."""

    GRANTED = "granted"
    CUT = "granted in part"
    REFUSED = "refused"


class Pace(Enum):
    """When it is decided."""

    IN_TIME = "in time"
    OVERDUE = "only after it was due"


class Approval(Enum):
    """How a payout above the authority limit is approved."""

    TWO = "by two"
    SAME_TWICE = "by the same person twice, then by another"
    BY_ADJUSTER = "by the adjuster who had decided, then by two"
    REFUSED = "refused, and approved when the adjuster has looked again"
    OVERDUE = "one of the two too late"
    NEVER = "by nobody, until it is asked for again"


class Dispute(Enum):
    """Who is right where a seller appeals, or answered in time and was heard too late."""

    CUSTOMER = "the seller loses"
    SELLER = "the seller wins"


VERDICTS: Final = {
    ReviewKind.CONTESTED: {Verdict.VALID: 56, Verdict.CUT: 14, Verdict.INVALID: 30},
    ReviewKind.AMOUNT: {Verdict.VALID: 76, Verdict.CUT: 20, Verdict.INVALID: 4},
    ReviewKind.SERIOUS_INJURY: {Verdict.VALID: 76, Verdict.CUT: 18, Verdict.INVALID: 6},
    ReviewKind.UNDELIVERABLE: {Verdict.VALID: 72, Verdict.CUT: 18, Verdict.INVALID: 10},
}
STRONG: Final = {Suspicion.FRAUD: 85, Suspicion.CLEARED: 15}
WEAK: Final = {Suspicion.CLEARED: 70, Suspicion.FRAUD: 30}
"""Of claims that have a paper or a payee in common with other people's, and of all others under suspicion."""
SECOND_LOOKS: Final = {SecondLook.GRANTED: 35, SecondLook.CUT: 15, SecondLook.REFUSED: 50}
PACES: Final = {Pace.IN_TIME: 97, Pace.OVERDUE: 3}
APPROVALS: Final = {
    Approval.TWO: 64,
    Approval.SAME_TWICE: 12,
    Approval.BY_ADJUSTER: 6,
    Approval.REFUSED: 8,
    Approval.OVERDUE: 5,
    Approval.NEVER: 5,
}
DISPUTES: Final = {Dispute.CUSTOMER: 60, Dispute.SELLER: 40}
NOT_VALID: Final = ((Reason.NOT_PROVEN,), (Reason.NOT_PROVEN,), (Reason.NOT_DEFECTIVE,))

ADJUSTERS: Final = tuple(f"adjuster-{name}" for name in ("amara", "bent", "chiara", "dmitri"))
APPROVERS: Final = tuple(f"approver-{name}" for name in ("elif", "frank", "grete"))


class Adjusters:
    name: ClassVar = "adjusters"
    hears: ClassVar = frozenset[type[Event]]({ReviewOpened, ApprovalRequested, RecoveryDisputed})

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._asked: dict[UUID, list[str]] = {}

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case ReviewOpened():
                return [Saying(*self._decide(event, envelope.time))]
            case ApprovalRequested():
                return self._approve(event, envelope)
            case RecoveryDisputed():
                return [Saying(*self._settle(event, envelope.time))]
            case _:
                return []

    def _chance(self, *about: object) -> Random:
        return self._fate.chance(self.name, *about)

    def _decide(self, review: ReviewOpened, at: datetime) -> tuple[ReviewDecided, datetime]:
        luck = self._chance(review.claim_id, review.review, review.round)
        moment = self._moment(luck, review.claim_id, at, review.decide_by)
        valid, cut, reasons = self._judge(luck, review)
        decision = ReviewDecided(
            claim_id=review.claim_id,
            review=review.review,
            adjuster=self._adjuster(review.claim_id),
            valid=valid,
            findings=_cut(luck, review.items) if valid and cut else (),
            reasons=() if valid else reasons,
            round=review.round,
            question_id=review.question_id,
        )
        return decision, moment

    def _judge(self, luck: Random, review: ReviewOpened) -> tuple[bool, bool, tuple[Reason, ...]]:
        """Whether it is valid, whether an item is cut, and why it is not valid."""
        claim_id = review.claim_id
        match review.review:
            case ReviewKind.INVESTIGATION:
                shares = STRONG if {Signal.SAME_EVIDENCE, Signal.SAME_PAYEE} & set(review.signals) else WEAK
                found = self._fate.decides(claim_id, luck, shares)
                return found is Suspicion.CLEARED, False, (Reason.FRAUD,)
            case ReviewKind.REOPENED:
                second = self._fate.decides(claim_id, luck, SECOND_LOOKS)
                return second is not SecondLook.REFUSED, second is SecondLook.CUT, (Reason.NOT_PROVEN,)
            case kind:
                verdict = self._fate.decides(claim_id, luck, VERDICTS[kind])
                return verdict is not Verdict.INVALID, verdict is Verdict.CUT, luck.choice(NOT_VALID)

    def _approve(self, asked: ApprovalRequested, envelope: Envelope) -> list[Saying]:
        """Who refused once is convinced when the adjuster has looked again and it is asked for once more."""
        at, asked_by = envelope.time, self._asked.setdefault(asked.payout_id, [])
        if envelope.id not in asked_by:
            asked_by.append(envelope.id)
        for_the_first_time = asked_by[0] == envelope.id
        luck = self._chance(asked.payout_id)
        first, second = luck.sample(APPROVERS, 2)
        start, end = between(luck, at, asked.decide_by, 0.03, 0.3), between(luck, at, asked.decide_by, 0.4, 0.9)
        of = {"claim_id": asked.claim_id, "payout_id": asked.payout_id, "question_id": asked.question_id}

        def approved(by: str, when: datetime) -> Saying:
            return Saying(PayoutApproved.model_validate(of | {"approver": by}), when)

        both = [approved(first, start), approved(second, end)]
        match self._fate.decides(asked.claim_id, luck, APPROVALS):
            case Approval.SAME_TWICE:
                return [approved(first, start), approved(first, start + (end - start) / 2), approved(second, end)]
            case Approval.BY_ADJUSTER:
                himself = approved(self._adjuster(asked.claim_id), at + (start - at) / 2)
                return [himself, *both]
            case Approval.REFUSED if for_the_first_time:
                refused = PayoutRefused.model_validate(of | {"approver": second})
                return [approved(first, start), Saying(refused, end)]
            case Approval.OVERDUE if for_the_first_time:
                return [approved(first, start), approved(second, asked.decide_by + after(luck, 0.5, 3))]
            case Approval.NEVER if for_the_first_time:
                return []
            case _:
                return both

    def _settle(self, dispute: RecoveryDisputed, at: datetime) -> tuple[AppealDecided, datetime]:
        luck = self._chance(dispute.claim_id, "dispute")
        won = self._fate.decides(dispute.claim_id, luck, DISPUTES) is Dispute.SELLER
        decision = AppealDecided(
            claim_id=dispute.claim_id,
            adjuster=self._adjuster(dispute.claim_id),
            won=won,
            reasons=luck.choice(NOT_VALID) if won else (),
        )
        return decision, self._moment(luck, dispute.claim_id, at, dispute.decide_by)

    def _adjuster(self, claim_id: UUID) -> str:
        """Who looks after a claim."""
        return self._chance(claim_id, "whose").choice(ADJUSTERS)

    def _moment(self, luck: Random, claim_id: UUID, at: datetime, decide_by: datetime) -> datetime:
        """Within days; a few only after they were due, and reminded."""
        pause = after(luck, 0.3, 9)
        overdue = self._fate.decides(claim_id, luck, PACES) is Pace.OVERDUE
        return decide_by + pause if overdue and decide_by > at else min(at + pause, max(at, decide_by))


def _cut(luck: Random, items: tuple[ItemFinding, ...]) -> tuple[ItemFinding, ...]:
    """One item is paid in part or not at all; the items left out are allowed as admitted."""
    worth = [item for item in items if item.allowed_minor]
    if not worth:
        return ()
    item = luck.choice(worth)
    part = luck.choice((0, 5, 6, 7, 8, 9))
    return (ItemFinding(item=item.item, allowed_minor=item.allowed_minor * part // 10, reasons=(Reason.NOT_PROVEN,)),)
