"""What adjusters and payout approvers decide."""

import re
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Event, Id, Topic
from shared.events.claim import ItemFinding, Reason

DECISIONS = Topic("adjusters.decisions.v1", key="claim_id", party="adjusters")

Name = Annotated[
    Id,
    Field(
        description="One name a person, as m.okafor. Before it may stand what he acts as (adj:, appr: or siu:), as "
        "in adj:m.okafor: neither that nor capitals make him somebody else."
    ),
]
"""Of somebody who decides."""
_ROLE = re.compile("^(adj|appr|siu):")
"""What he acts as: adjuster, approver, special investigator."""


def person_of(name: str) -> str:
    """Who it is, to be compared with others: the same for all his names."""
    return _ROLE.sub("", name.casefold())


class ReviewKind(StrEnum):
    """Why a person must look. One review may be open per claim."""

    CONTESTED = "contested"
    AMOUNT = "amount"
    SERIOUS_INJURY = "serious_injury"
    UNDELIVERABLE = "undeliverable"
    INVESTIGATION = "investigation"
    REOPENED = "reopened"


class ReviewDecided(Event):
    """``findings`` itemise what to allow; items left out are allowed as admitted. Ignored when ``valid`` is false.

    ``reasons``: why it is not valid. ``round``: that of the ReviewOpened which is answered, so that a stale repeat
    answers no later one; None: the present one. ``question_id``: that of the ReviewOpened likewise; None: of whatever
    was asked when this was said.
    """

    topic: ClassVar = DECISIONS
    claim_id: UUID
    review: ReviewKind
    adjuster: Name
    valid: bool
    findings: Annotated[tuple[ItemFinding, ...], Field(max_length=50)] = ()
    reasons: Annotated[tuple[Reason, ...], Field(max_length=10)] = ()
    round: Annotated[int, Field(ge=1)] | None = None
    question_id: UUID | None = None


class PayoutApproved(Event):
    """One person's yes to one payout above the authority limit; two are needed, and ``adj:m`` and ``appr:M`` are one.

    Who has decided a review before it is neither of them. ``question_id``: that of the ApprovalRequested which is
    answered; None: of whatever was asked when this was said.
    """

    topic: ClassVar = DECISIONS
    claim_id: UUID
    payout_id: UUID
    approver: Name
    question_id: UUID | None = None


class PayoutRefused(Event):
    """One person's no to one payout above the authority limit: the amount is reviewed again, or a new payee not paid.

    ``question_id`` as with a yes.
    """

    topic: ClassVar = DECISIONS
    claim_id: UUID
    payout_id: UUID
    approver: Name
    question_id: UUID | None = None


class AppealDecided(Event):
    """About a seller's appeal, or an answer of his that was heard too late: ``won`` is the seller's side of it.

    It decides what the RecoveryDisputed asked that were said before it; one that follows asks anew.
    """

    topic: ClassVar = DECISIONS
    claim_id: UUID
    adjuster: Name
    won: bool
    reasons: Annotated[tuple[Reason, ...], Field(max_length=10)] = ()


class DuplicateEstablished(Event):
    """Two claims turn out to be one, at any time: this one ends, and what was paid on it is called back."""

    topic: ClassVar = DECISIONS
    claim_id: UUID
    duplicate_of: UUID
    adjuster: Name
