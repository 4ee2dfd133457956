"""Sellers' insurers: they settle with the customer in full or in part, reject, or do not reply."""

from dataclasses import dataclass
from typing import ClassVar, Final
from uuid import UUID

from ops.demo.luck import after, between, chance, pick
from ops.demo.outside.party import Saying
from shared.events.base import Envelope, Event
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import ClaimAccepted
from shared.events.seller_notifier import InsurerNotified
from shared.money import Currency

REPLIES: Final = {"in full": 44, "in part": 22, "rejects": 18, "too late": 4, "silent": 12}


@dataclass(frozen=True, slots=True)
class _Claim:
    currency: Currency
    admitted_minor: int


class Insurers:
    name: ClassVar = "insurers"
    hears: ClassVar = frozenset[type[Event]]({ClaimAccepted, InsurerNotified})

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._claims: dict[UUID, _Claim] = {}
        self._notices: dict[UUID, tuple[InsurerNotified, Envelope]] = {}

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        """What a claim is worth and the notice of it come from two services, in any order."""
        match event:
            case ClaimAccepted():
                self._claims[event.claim_id] = _Claim(event.currency, event.admitted_minor)
                waiting = self._notices.pop(event.claim_id, None)
                return self._reply(*waiting) if waiting else []
            case InsurerNotified():
                return self._reply(event, envelope)
            case _:
                return []

    def _reply(self, notice: InsurerNotified, notified: Envelope) -> list[Saying]:
        claim = self._claims.get(notice.claim_id)
        if claim is None:
            self._notices[notice.claim_id] = (notice, notified)
            return []
        luck = chance(self._seed, self.name, notice.claim_id)
        soon = between(luck, notice.handed_over_at, notice.respond_by, 0.05, 0.9)
        match pick(luck, REPLIES):
            case "in full":
                return [Saying(_settled(notice.claim_id, claim, claim.admitted_minor), soon, notified)]
            case "in part":
                part = max(1, claim.admitted_minor * luck.randint(2, 8) // 10)
                return [Saying(_settled(notice.claim_id, claim, part), soon, notified)]
            case "rejects":
                return [Saying(InsurerRejected(claim_id=notice.claim_id), soon, notified)]
            case "too late":
                late = notice.respond_by + after(luck, 0.5, 4)
                return [Saying(_settled(notice.claim_id, claim, claim.admitted_minor), late, notified)]
            case _:
                return []


def _settled(claim_id: UUID, claim: _Claim, amount_minor: int) -> InsurerSettled:
    return InsurerSettled(
        claim_id=claim_id, currency=claim.currency, amount_minor=amount_minor, proof=f"insurer-payment:{claim_id}"
    )
