"""What waits for a person: open reviews, approvals and appeals, and which of them is the most urgent."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from math import floor
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel

from shared.events.adjusters import ReviewKind
from shared.events.claim import ItemFinding, Signal
from shared.events.recovery import Ground
from shared.money import Currency


class Desk(StrEnum):
    """Who answers."""

    ADJUSTER = "adjuster"
    APPROVER = "approver"


@dataclass(frozen=True, kw_only=True)
class Question:
    """Amounts in minor units of ``currency``. ``late_at``: the end of the claim's handling clock."""

    claim_id: UUID
    marketplace: str
    currency: Currency
    amount_minor: int
    decide_by: datetime
    late_at: datetime | None = None

    desk: ClassVar[Desk]

    def is_overdue(self, now: datetime) -> bool:
        """Past its own moment, or the claim past the moment by which it should have been decided."""
        return self.decide_by <= now or (self.late_at is not None and self.late_at <= now)

    def days_left(self, now: datetime) -> int:
        """Whole days until it is to be decided; negative: begun days since then."""
        return floor((self.decide_by - now).total_seconds() / 86400)


@dataclass(frozen=True, kw_only=True)
class Review(Question):
    """``items`` with what can be allowed of each at most; ``contested``: those in question, none: all of them."""

    kind: ReviewKind
    round: int
    items: tuple[ItemFinding, ...]
    contested: tuple[int, ...] = ()
    signals: tuple[Signal, ...] = ()
    question_id: UUID | None = None

    desk: ClassVar = Desk.ADJUSTER

    @property
    def in_question(self) -> tuple[ItemFinding, ...]:
        return tuple(item for item in self.items if not self.contested or item.item in self.contested)

    @property
    def paid_anyway(self) -> tuple[ItemFinding, ...]:
        """The other items of which something is owed: the seller accepts them."""
        return tuple(item for item in self.items if item not in self.in_question and item.allowed_minor)


@dataclass(frozen=True, kw_only=True)
class Approval(Question):
    """``adjusters``: who decided the reviews before it; none of them approves."""

    payout_id: UUID
    round: int
    limit_minor: int
    approvers: tuple[str, ...] = ()
    adjusters: tuple[str, ...] = ()
    question_id: UUID | None = None

    desk: ClassVar = Desk.APPROVER


@dataclass(frozen=True, kw_only=True)
class Appeal(Question):
    """The seller's side against a payment: ``amount_minor`` is what he has paid, owes, or would owe."""

    ground: Ground

    desk: ClassVar = Desk.ADJUSTER


def by_urgency(questions: Iterable[Question], now: datetime) -> list[Question]:
    """What is overdue first; then by the moment to decide by; then the larger amount, each currency by itself."""
    return sorted(
        questions,
        key=lambda one: (
            *(not one.is_overdue(now), one.decide_by, one.currency, -one.amount_minor),
            *(one.claim_id, type(one).__name__),
        ),
    )


def as_plain(one: Question, now: datetime) -> dict[str, Any]:
    """For JSON. ``asks``: review, approval or appeal."""
    named: dict[str, Any] = json.loads(json.dumps(asdict(one), default=_plain))
    urgency = {"days_left": one.days_left(now), "overdue": one.is_overdue(now)}
    return {"asks": type(one).__name__.lower(), "desk": one.desk, **named, **urgency}


def _plain(value: object) -> Any:
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case datetime():
            return value.isoformat()
        case _:
            return str(value)
