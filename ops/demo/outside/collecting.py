"""The marketplace's finance collects from sellers by debit, stops when it is asked to, and pays back."""

from datetime import datetime
from enum import Enum
from random import Random
from typing import ClassVar, Final
from uuid import UUID

from ops.demo.luck import Fate, after
from ops.demo.outside.directory import Stands, stands
from ops.demo.outside.party import Saying, say
from shared.events.base import Envelope, Event
from shared.events.finance import (
    DebitFailure,
    SellerDebitCollected,
    SellerDebitFailed,
    SellerRefundPaid,
)
from shared.events.recovery import SellerDebitRequested, SellerDebitStopped, SellerRefundRequested


class Collects(Enum):
    """How one debit of a seller who can pay goes."""

    IN_FULL = "in full"
    TOLD_TWICE = "in full, told twice"
    IN_PARTS = "in parts"
    IN_PART = "in part, then nothing more"
    NOTHING = "nothing"
    SLOWLY = "in full, but slowly"


COLLECTS: Final = {
    Collects.IN_FULL: 70,
    Collects.TOLD_TWICE: 4,
    Collects.IN_PARTS: 10,
    Collects.IN_PART: 5,
    Collects.NOTHING: 6,
    Collects.SLOWLY: 5,
}
REFUNDS_TOLD_TWICE: Final = 0.05


class Collections:
    name: ClassVar = "collections"
    hears: ClassVar = frozenset[type[Event]]({SellerDebitRequested, SellerDebitStopped, SellerRefundRequested})

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._debits: dict[UUID, SellerDebitRequested] = {}
        self._stopped: set[UUID] = set()

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        at = envelope.time
        match event:
            case SellerDebitRequested():
                return self._debit(event, at)
            case SellerDebitStopped():
                self._stopped.add(event.debit_id)
                return say(at, _failed(event, DebitFailure.STOPPED))
            case SellerRefundRequested():
                return self._refund(event, at)
            case _:
                return []

    def _chance(self, *about: object) -> Random:
        return self._fate.chance(self.name, *about)

    def _debit(self, heard: SellerDebitRequested, at: datetime) -> list[Saying]:
        """What has not been collected when the debit is stopped never will be."""
        order = self._debits.setdefault(heard.debit_id, heard)
        return [
            Saying(saying.event, saying.at, unless=lambda: order.debit_id in self._stopped)
            for saying in self._collect(order, at)
        ]

    def _collect(self, order: SellerDebitRequested, asked_at: datetime) -> list[Saying]:
        luck = self._chance(order.debit_id)
        at = asked_at + after(luck, 0.2, 3)
        match stands(self._fate, order.seller_id):
            case Stands.INSOLVENT | Stands.FAILS_LATER:
                return say(at, _failed(order, DebitFailure.INSOLVENT))
            case Stands.SUSPENDED if luck.random() < 0.6:
                return say(at, _failed(order, DebitFailure.SUSPENDED))
            case _:
                pass
        match self._fate.decides(order.claim_id, luck, COLLECTS):
            case Collects.IN_FULL:
                return say(at, _collected(order, order.amount_minor))
            case Collects.TOLD_TWICE:
                whole = _collected(order, order.amount_minor)
                return [*say(at, whole), *say(at + after(luck, 0.2, 5), whole)]
            case Collects.SLOWLY:
                return say(at + after(luck, 4, 7), _collected(order, order.amount_minor))
            case Collects.IN_PARTS:
                return self._in_parts(luck, order, at)
            case Collects.IN_PART:
                part = max(1, order.amount_minor * luck.randint(2, 8) // 10)
                no_more = _failed(order, DebitFailure.NO_FUNDS)
                rest = [] if part == order.amount_minor else say(at + after(luck, 0.5, 6), no_more)
                return [*say(at, _collected(order, part)), *rest]
            case Collects.NOTHING:
                return say(at, _failed(order, DebitFailure.NO_FUNDS))

    def _in_parts(self, luck: Random, order: SellerDebitRequested, at: datetime) -> list[Saying]:
        """From two or three disbursements, which together are the whole."""
        left, said = order.amount_minor, list[Saying]()
        for number in range(1, luck.choice((2, 3)) + 1):
            part = left // 2
            if part:
                said += say(at, _collected(order, part, number))
            left, at = left - part, at + after(luck, 0.5, 4)
        return [*said, *say(at, _collected(order, left, 9))]

    def _refund(self, order: SellerRefundRequested, at: datetime) -> list[Saying]:
        luck = self._chance(order.refund_id)
        paid = SellerRefundPaid(
            claim_id=order.claim_id,
            refund_id=order.refund_id,
            currency=order.currency,
            amount_minor=order.amount_minor,
            finance_reference=f"refund:{order.refund_id.hex}",
        )
        at += after(luck, 0.3, 4)
        again = say(at + after(luck, 0.2, 2), paid) if luck.random() < REFUNDS_TOLD_TWICE else []
        return [*say(at, paid), *again]


def _collected(order: SellerDebitRequested, amount_minor: int, part: int = 1) -> SellerDebitCollected:
    return SellerDebitCollected(
        claim_id=order.claim_id,
        debit_id=order.debit_id,
        currency=order.currency,
        amount_minor=amount_minor,
        finance_reference=f"debit:{order.debit_id.hex}/{part}",
    )


def _failed(order: SellerDebitRequested | SellerDebitStopped, reason: DebitFailure) -> SellerDebitFailed:
    return SellerDebitFailed(claim_id=order.claim_id, debit_id=order.debit_id, reason=reason)
