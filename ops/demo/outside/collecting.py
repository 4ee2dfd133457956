"""The marketplace's finance collects: from sellers by debit, from their insurers on demand, and pays back."""

from datetime import datetime
from enum import Enum
from random import Random
from typing import ClassVar, Final
from uuid import UUID

from ops.demo.luck import Fate, after, between
from ops.demo.outside.directory import Stands, stands
from ops.demo.outside.party import Saying, say
from shared.events.base import Envelope, Event
from shared.events.finance import (
    DebitFailure,
    InsurerPaymentReceived,
    SellerDebitCollected,
    SellerDebitFailed,
    SellerPaymentReceived,
    SellerRefundPaid,
)
from shared.events.recovery import (
    DebitNoticed,
    InsurerDemanded,
    RecoveryWrittenOff,
    SellerDebitRequested,
    SellerDebitStopped,
    SellerRefundRequested,
)


class Collects(Enum):
    """How one debit of a seller who can pay goes."""

    IN_FULL = "in full"
    TOLD_TWICE = "in full, told twice"
    IN_PARTS = "in parts"
    IN_PART = "in part, then nothing more"
    NOTHING = "nothing"
    SLOWLY = "in full, but slowly"


class PaysHimself(Enum):
    """What a seller pays of his own accord."""

    NOTHING = "nothing"
    ON_NOTICE = "all, when he has the debit notice"
    IN_PART = "a part, when he has the debit notice"
    AS_WELL = "all, though it is being debited"


class AfterWriteOff(Enum):
    """Whether a seller pays what is no longer pursued."""

    NOTHING = "nothing"
    ALL = "all"


class InsurerPays(Enum):
    """What a seller's insurer pays of what was demanded of him."""

    ALL = "all"
    PART = "a part"
    NOTHING = "nothing"
    LATE = "all, too late"


COLLECTS: Final = {
    Collects.IN_FULL: 70,
    Collects.TOLD_TWICE: 4,
    Collects.IN_PARTS: 10,
    Collects.IN_PART: 5,
    Collects.NOTHING: 6,
    Collects.SLOWLY: 5,
}
PAYS_HIMSELF: Final = {
    PaysHimself.NOTHING: 94,
    PaysHimself.ON_NOTICE: 3,
    PaysHimself.IN_PART: 2,
    PaysHimself.AS_WELL: 1,
}
AFTER_WRITE_OFF: Final = {AfterWriteOff.NOTHING: 94, AfterWriteOff.ALL: 6}
INSURERS_PAY: Final = {InsurerPays.ALL: 45, InsurerPays.PART: 15, InsurerPays.NOTHING: 36, InsurerPays.LATE: 4}
REFUNDS_TOLD_TWICE: Final = 0.05


class Collections:
    name: ClassVar = "collections"
    hears: ClassVar = frozenset[type[Event]](
        {
            SellerDebitRequested, SellerDebitStopped, SellerRefundRequested,
            DebitNoticed, RecoveryWrittenOff, InsurerDemanded,
        }
    )  # fmt: skip

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
            case DebitNoticed():
                return self._pays_on_notice(event, at)
            case RecoveryWrittenOff():
                return self._pays_after_all(event, at)
            case InsurerDemanded():
                return self._insurer_pays(event, at)
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
                return say(at + after(luck, 3, 6), _collected(order, order.amount_minor))
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

    def _pays_on_notice(self, notice: DebitNoticed, at: datetime) -> list[Saying]:
        luck, amount = self._chance(notice.claim_id, "notice"), notice.amount_minor
        match self._fate.decides(notice.claim_id, luck, PAYS_HIMSELF):
            case PaysHimself.NOTHING:
                return []
            case PaysHimself.ON_NOTICE:
                return say(at + after(luck, 1, 6), _paid_in(notice, amount))
            case PaysHimself.IN_PART:
                return say(at + after(luck, 1, 6), _paid_in(notice, max(1, amount // 2)))
            case PaysHimself.AS_WELL:
                return say(at + after(luck, 10.3, 11.5), _paid_in(notice, amount))

    def _pays_after_all(self, written_off: RecoveryWrittenOff, at: datetime) -> list[Saying]:
        luck = self._chance(written_off.claim_id, "after all")
        if self._fate.decides(written_off.claim_id, luck, AFTER_WRITE_OFF) is AfterWriteOff.NOTHING:
            return []
        return say(at + after(luck, 2, 9), _paid_in(written_off, written_off.amount_minor))

    def _insurer_pays(self, demand: InsurerDemanded, at: datetime) -> list[Saying]:
        luck, amount = self._chance(demand.demand_id), demand.amount_minor
        soon = between(luck, at, demand.pay_by, 0.05, 0.6)
        match self._fate.decides(demand.claim_id, luck, INSURERS_PAY):
            case InsurerPays.ALL:
                return say(soon, _insurer_paid(demand, amount))
            case InsurerPays.PART:
                return say(soon, _insurer_paid(demand, max(1, amount * luck.randint(3, 8) // 10)))
            case InsurerPays.LATE:
                return say(demand.pay_by + after(luck, 0.5, 6), _insurer_paid(demand, amount))
            case InsurerPays.NOTHING:
                return []


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


def _paid_in(owed: DebitNoticed | RecoveryWrittenOff, amount_minor: int) -> SellerPaymentReceived:
    return SellerPaymentReceived(
        claim_id=owed.claim_id,
        currency=owed.currency,
        amount_minor=amount_minor,
        finance_reference=f"transfer:{owed.claim_id.hex}/{type(owed).__name__}",
    )


def _insurer_paid(demand: InsurerDemanded, amount_minor: int) -> InsurerPaymentReceived:
    return InsurerPaymentReceived(
        claim_id=demand.claim_id,
        demand_id=demand.demand_id,
        currency=demand.currency,
        amount_minor=amount_minor,
        finance_reference=f"insurer:{demand.demand_id.hex}",
    )
