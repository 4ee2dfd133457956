"""What adjusters and payout approvers decide."""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Event, Id, Topic
from shared.events.claim import ItemFinding

DECISIONS = Topic("adjusters.decisions.v1", key="claim_id", party="adjusters")


class ReviewKind(StrEnum):
    """Why a person must look. One review may be open per claim."""

    CONTESTED = "contested"
    AMOUNT = "amount"
    SERIOUS_INJURY = "serious_injury"
    UNDELIVERABLE = "undeliverable"


class ReviewDecided(Event):
    """``findings`` itemise what to allow; items left out are allowed as admitted. Ignored when ``valid`` is false."""

    topic: ClassVar = DECISIONS
    claim_id: UUID
    review: ReviewKind
    adjuster: Id
    valid: bool
    findings: Annotated[tuple[ItemFinding, ...], Field(max_length=50)] = ()


class PayoutApproved(Event):
    """One person's yes to one payout above the authority limit; two different persons are needed."""

    topic: ClassVar = DECISIONS
    claim_id: UUID
    payout_id: UUID
    approver: Id


class PayoutRefused(Event):
    """One person's no to one payout above the authority limit: the amount is reviewed again."""

    topic: ClassVar = DECISIONS
    claim_id: UUID
    payout_id: UUID
    approver: Id
