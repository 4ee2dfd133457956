"""What a seller's insurer, or its third-party administrator, replies."""

from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, Reference, Topic
from shared.money import Currency, Minor

REPLIES = Topic("insurers.replies.v1", key="claim_id", party="insurers")


class InsurerSettled(Event):
    """The insurer paid the customer ``amount_minor`` directly; ``proof`` points to the evidence."""

    topic: ClassVar = REPLIES
    claim_id: UUID
    currency: Currency
    amount_minor: Minor
    proof: Reference


class InsurerRejected(Event):
    """The insurer will not pay; an adjuster looks at the claim."""

    topic: ClassVar = REPLIES
    claim_id: UUID
