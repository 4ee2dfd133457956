"""Adjusters, who decide whether a claim is valid and what it is worth, and the approvers of large payouts."""

from datetime import datetime
from random import Random
from typing import ClassVar, Final
from uuid import UUID

from ops.demo.luck import after, between, chance, pick
from ops.demo.outside.party import Saying
from shared.events.adjusters import PayoutApproved, PayoutRefused, ReviewDecided, ReviewKind
from shared.events.base import Envelope, Event
from shared.events.claim import ItemFinding, Reason
from shared.events.escalation import ApprovalRequested, ReviewOpened

INVALID: Final = {
    ReviewKind.CONTESTED: 0.30,
    ReviewKind.AMOUNT: 0.04,
    ReviewKind.SERIOUS_INJURY: 0.06,
    ReviewKind.UNDELIVERABLE: 0.10,
}
"""Share of claims that an adjuster does not believe, by what the review is about."""
CUTS: Final = 0.2
"""Share of believed claims of which one item is cut."""
OVERDUE: Final = 0.03
APPROVALS: Final = {"two": 72, "same person first": 14, "refused": 8, "overdue": 6}

ADJUSTERS: Final = tuple(f"adjuster-{name}" for name in ("amara", "bent", "chiara", "dmitri"))
APPROVERS: Final = tuple(f"approver-{name}" for name in ("elif", "frank", "grete"))


class Adjusters:
    name: ClassVar = "adjusters"
    hears: ClassVar = frozenset[type[Event]]({ReviewOpened, ApprovalRequested})

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._asked: dict[UUID, list[str]] = {}

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case ReviewOpened():
                return self._decide(event, envelope.time)
            case ApprovalRequested():
                return self._approve(event, envelope)
            case _:
                return []

    def _decide(self, review: ReviewOpened, at: datetime) -> list[Saying]:
        """Within days; a few only after they were due, and reminded."""
        luck = chance(self._seed, self.name, review.claim_id, review.review)
        overdue = luck.random() < OVERDUE
        pause = after(luck, 0.3, 9)
        decision = ReviewDecided(
            claim_id=review.claim_id,
            review=review.review,
            adjuster=luck.choice(ADJUSTERS),
            valid=luck.random() >= INVALID[review.review],
            findings=_cut(luck, review.items),
        )
        return [Saying(decision, review.decide_by + pause if overdue else min(at + pause, review.decide_by))]

    def _approve(self, asked: ApprovalRequested, envelope: Envelope) -> list[Saying]:
        """Who refused once is convinced when the adjuster has looked again and it is asked for once more."""
        at, asked_by = envelope.time, self._asked.setdefault(asked.payout_id, [])
        if envelope.id not in asked_by:
            asked_by.append(envelope.id)
        luck = chance(self._seed, self.name, asked.payout_id)
        first, second = luck.sample(APPROVERS, 2)
        start, end = between(luck, at, asked.decide_by, 0.03, 0.3), between(luck, at, asked.decide_by, 0.4, 0.9)

        def approved(by: str, when: datetime) -> Saying:
            return Saying(PayoutApproved(claim_id=asked.claim_id, payout_id=asked.payout_id, approver=by), when)

        match pick(luck, APPROVALS):
            case "same person first":
                return [approved(first, start), approved(first, start + (end - start) / 2), approved(second, end)]
            case "refused" if asked_by[0] == envelope.id:
                refused = PayoutRefused(claim_id=asked.claim_id, payout_id=asked.payout_id, approver=second)
                return [approved(first, start), Saying(refused, end)]
            case "overdue":
                return [approved(first, start), approved(second, asked.decide_by + after(luck, 0.5, 3))]
            case _:
                return [approved(first, start), approved(second, end)]


def _cut(luck: Random, items: tuple[ItemFinding, ...]) -> tuple[ItemFinding, ...]:
    """One item is paid in part or not at all; the items left out are allowed as admitted."""
    worth = [item for item in items if item.allowed_minor]
    if not worth or luck.random() >= CUTS:
        return ()
    item = luck.choice(worth)
    part = luck.choice((0, 5, 6, 7, 8, 9))
    return (ItemFinding(item=item.item, allowed_minor=item.allowed_minor * part // 10, reasons=(Reason.NOT_PROVEN,)),)
