"""What the marketplace's mail gateway says: letters that were accepted first, and came back later."""

from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, Topic

BOUNCES = Topic("mail.bounces.v1", key="claim_id", party="mail_gateway")


class LetterBounced(Event):
    """A delivery failure came back (RFC 3464). Claim and letter stand in the headers of the letter it returns."""

    topic: ClassVar = BOUNCES
    claim_id: UUID
    letter_id: UUID
