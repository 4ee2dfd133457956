"""Adjusters who find that two claims are one: the same order and incident, told by somebody else."""

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import ClassVar, Final
from uuid import UUID

from ops.demo.luck import Fate, after
from ops.demo.outside.party import Saying
from shared.events.adjusters import DuplicateEstablished
from shared.events.base import Envelope, Event
from shared.events.finance import PayoutPaid
from shared.events.intake import ClaimAccepted


class Found(Enum):
    """When it is found."""

    BEFORE_PAYOUT = "before it is paid"
    AFTER_PAYOUT = "when it has been paid"
    NEVER = "never"


INVESTIGATOR: Final = "adjuster-olu"
FOUND: Final = {Found.BEFORE_PAYOUT: 40, Found.AFTER_PAYOUT: 40, Found.NEVER: 20}


@dataclass(frozen=True, slots=True)
class _Filed:
    submission_id: str
    claim_id: UUID
    accepted: Envelope


class Duplicates:
    name: ClassVar = "duplicates"
    hears: ClassVar = frozenset[type[Event]]({ClaimAccepted, PayoutPaid})

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._first: dict[tuple[str, date], _Filed] = {}
        self._duplicate_of: dict[UUID, UUID] = {}
        self._paid: dict[UUID, Envelope] = {}

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case ClaimAccepted():
                return self._compare(event, envelope)
            case PayoutPaid():
                first = self._paid.setdefault(event.claim_id, envelope)
                return self._after_payout(event.claim_id) if first.id == envelope.id else []
            case _:
                return []

    def _compare(self, claim: ClaimAccepted, accepted: Envelope) -> list[Saying]:
        """The one that was submitted first goes on, in whatever order the two are heard of; but not before one that
        another was found to repeat, which is no duplicate itself."""
        place, filed = (claim.order_id, claim.incident_on), _Filed(claim.submission_id, claim.claim_id, accepted)
        first = self._first.setdefault(place, filed)
        if first.claim_id == filed.claim_id:
            return []
        if first.claim_id in self._duplicate_of.values():
            earlier, later = first, filed
        else:
            earlier, later = sorted((first, filed), key=lambda each: each.submission_id)
        self._first[place] = earlier
        self._duplicate_of[later.claim_id] = earlier.claim_id
        if self._found(later.claim_id) is not Found.BEFORE_PAYOUT:
            return self._after_payout(later.claim_id)
        return [self._established(later.claim_id, later.accepted, 0.2, 1.5)]

    def _after_payout(self, claim_id: UUID) -> list[Saying]:
        paid = self._paid.get(claim_id)
        if paid is None or claim_id not in self._duplicate_of or self._found(claim_id) is not Found.AFTER_PAYOUT:
            return []
        return [self._established(claim_id, paid, 1, 6)]

    def _established(self, claim_id: UUID, because: Envelope, low_days: float, high_days: float) -> Saying:
        found = DuplicateEstablished(
            claim_id=claim_id, duplicate_of=self._duplicate_of[claim_id], adjuster=INVESTIGATOR
        )
        pause = after(self._fate.chance(self.name, claim_id, "pause"), low_days, high_days)
        return Saying(found, because.time + pause, because)

    def _found(self, claim_id: UUID) -> Found:
        return self._fate.decides(claim_id, self._fate.chance(self.name, claim_id), FOUND)
