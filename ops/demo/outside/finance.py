"""The marketplace's finance: pays customers, collects from sellers, and keeps what it did by idempotency key."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import ClassVar, Final
from uuid import UUID

from ops.demo.luck import after, chance, pick
from ops.demo.outside.party import Saying, say
from shared.events.base import Envelope, Event
from shared.events.escalation import PayoutAuthorized
from shared.events.finance import PayoutFailed, PayoutPaid, SellerDebitCollected, SellerDebitFailed
from shared.events.recovery import SellerDebitRequested

PAYS: Final = {
    "at once": 85,
    "at once, told twice": 4,
    "second try": 5,
    "third try": 1,
    "after a failure, by itself": 1,
    "order lost": 1,
    "refused": 1.5,
    "fails each time": 1,
    "refused, but paid": 0.5,
}
"""How one payout goes, whoever asks for it and however often."""
COLLECTS: Final = {"in full": 74, "in full, told twice": 4, "in parts": 10, "in part, then fails": 6, "fails": 6}
INSOLVENT: Final = 0.05
"""Share of sellers from whom nothing can be collected any more."""


@dataclass(slots=True)
class _Payout:
    """What finance has on file under one payout id: the first order, and by which messages it was asked."""

    order: PayoutAuthorized
    asked_by: list[str] = field(default_factory=list[str])


class Finance:
    name: ClassVar = "finance"
    hears: ClassVar = frozenset[type[Event]]({PayoutAuthorized, SellerDebitRequested})

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._payouts: dict[UUID, _Payout] = {}
        self._debits: dict[UUID, SellerDebitRequested] = {}

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case PayoutAuthorized():
                return self._pay(event, envelope)
            case SellerDebitRequested():
                return self._collect(event, envelope.time)
            case _:
                return []

    def _chance(self, *about: object) -> Random:
        return chance(self._seed, self.name, *about)

    def _pay(self, order: PayoutAuthorized, envelope: Envelope) -> list[Saying]:
        """An order heard again is answered again, with what was done under its id, never done again."""
        payout = self._payouts.setdefault(order.payout_id, _Payout(order))
        if envelope.id not in payout.asked_by:
            payout.asked_by.append(envelope.id)
        asked = payout.asked_by.index(envelope.id) + 1
        plan, luck = pick(self._chance(order.payout_id), PAYS), self._chance(order.payout_id, asked)
        at = envelope.time + after(luck, 0.05, 1.2)
        paid = _paid(payout.order)
        failed, refused = _failed(payout.order, final=False), _failed(payout.order, final=True)
        match plan, asked:
            case "at once, told twice", 1:
                return [*say(at, paid), *say(at + after(luck, 0.2, 6), paid)]
            case ("second try", 1) | ("third try", 1 | 2) | ("fails each time", _):
                return say(at, failed)
            case "after a failure, by itself", 1:
                return [*say(at, failed), *say(at + after(luck, 0.1, 1.5), paid)]
            case "order lost", 1:
                return []
            case "refused", _:
                return say(at, refused)
            case "refused, but paid", 1:
                return [*say(at, refused), *say(at + after(luck, 1, 5), paid)]
            case _:
                return say(at, paid)

    def _collect(self, heard: SellerDebitRequested, asked_at: datetime) -> list[Saying]:
        order = self._debits.setdefault(heard.debit_id, heard)
        luck = self._chance(order.debit_id)
        at = asked_at + after(luck, 0.2, 3)
        if self._chance(order.seller_id, "insolvent").random() < INSOLVENT:
            return say(at, _uncollectable(order))
        match pick(luck, COLLECTS):
            case "in full":
                return say(at, _collected(order, order.amount_minor))
            case "in full, told twice":
                whole = _collected(order, order.amount_minor)
                return [*say(at, whole), *say(at + after(luck, 0.2, 5), whole)]
            case "in parts":
                return self._in_parts(luck, order, at)
            case "in part, then fails":
                part = max(1, order.amount_minor * luck.randint(2, 8) // 10)
                rest = [] if part == order.amount_minor else say(at + after(luck, 0.5, 6), _uncollectable(order))
                return [*say(at, _collected(order, part)), *rest]
            case _:
                return say(at, _uncollectable(order))

    def _in_parts(self, luck: Random, order: SellerDebitRequested, at: datetime) -> list[Saying]:
        """From two or three disbursements, which together are the whole."""
        left, said = order.amount_minor, list[Saying]()
        for number in range(1, luck.choice((2, 3)) + 1):
            part = left // 2
            if part:
                said += say(at, _collected(order, part, number))
            left, at = left - part, at + after(luck, 0.5, 4)
        return [*said, *say(at, _collected(order, left, 9))]


def _paid(order: PayoutAuthorized) -> PayoutPaid:
    return PayoutPaid(
        claim_id=order.claim_id,
        payout_id=order.payout_id,
        currency=order.currency,
        amount_minor=order.amount_minor,
        finance_reference=f"pay:{order.payout_id.hex}",
    )


def _failed(order: PayoutAuthorized, *, final: bool) -> PayoutFailed:
    return PayoutFailed(claim_id=order.claim_id, payout_id=order.payout_id, final=final)


def _collected(order: SellerDebitRequested, amount_minor: int, part: int = 1) -> SellerDebitCollected:
    return SellerDebitCollected(
        claim_id=order.claim_id,
        debit_id=order.debit_id,
        currency=order.currency,
        amount_minor=amount_minor,
        finance_reference=f"debit:{order.debit_id.hex}/{part}",
    )


def _uncollectable(order: SellerDebitRequested) -> SellerDebitFailed:
    return SellerDebitFailed(claim_id=order.claim_id, debit_id=order.debit_id)
