"""What is asked at the desk in these tests."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ops.desk.question import Appeal, Approval, Review
from shared.events.adjusters import ReviewKind
from shared.events.base import claim_id_of, derived_id
from shared.events.claim import ItemFinding
from shared.events.recovery import Ground
from shared.money import Currency

NOW = datetime(2025, 6, 15, 12, 0, tzinfo=UTC)
CLAIM = claim_id_of("cs-us:2025-118204")
OTHER = claim_id_of("cs-us:2025-118960")
PAYOUT = derived_id("payout", CLAIM, 1)
QUESTION = derived_id("question", CLAIM, 3)


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def asked(claim_id: UUID = CLAIM, decide_by: datetime | None = None, minor: int = 45849) -> dict[str, Any]:
    """What every question has."""
    return {
        "claim_id": claim_id,
        "marketplace": "US",
        "currency": Currency.USD,
        "amount_minor": minor,
        "decide_by": decide_by or days(3),
    }


def review(**changes: Any) -> Review:
    """Of two items, 45.99 and 412.50."""
    lines = (ItemFinding(item=1, allowed_minor=4599), ItemFinding(item=2, allowed_minor=41250))
    own: dict[str, Any] = {"kind": ReviewKind.CONTESTED, "round": 1, "items": lines, "question_id": QUESTION}
    return Review(**asked() | own | changes)


def approval(**changes: Any) -> Approval:
    own: dict[str, Any] = {"payout_id": PAYOUT, "round": 1, "limit_minor": 1_000_000, "question_id": QUESTION}
    return Approval(**asked() | own | changes)


def appeal(**changes: Any) -> Appeal:
    own: dict[str, Any] = {"ground": Ground.APPEAL}
    return Appeal(**asked() | own | changes)
