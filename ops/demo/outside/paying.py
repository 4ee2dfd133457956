"""Sellers who pay of their own accord: they have read a letter, and finance reports the money."""

from datetime import datetime
from enum import Enum
from random import Random
from typing import ClassVar, Final

from ops.demo.luck import Fate, after
from ops.demo.outside.party import Saying, say
from shared.events.base import Envelope, Event
from shared.events.finance import SellerPaymentReceived
from shared.events.recovery import DebitNoticed, RecoveryWrittenOff


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


PAYS_HIMSELF: Final = {
    PaysHimself.NOTHING: 94,
    PaysHimself.ON_NOTICE: 3,
    PaysHimself.IN_PART: 2,
    PaysHimself.AS_WELL: 1,
}
AFTER_WRITE_OFF: Final = {AfterWriteOff.NOTHING: 94, AfterWriteOff.ALL: 6}


class Payers:
    name: ClassVar = "payers"
    hears: ClassVar = frozenset[type[Event]]({DebitNoticed, RecoveryWrittenOff})

    def __init__(self, fate: Fate) -> None:
        self._fate = fate

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case DebitNoticed():
                return self._pays_on_notice(event, envelope.time)
            case RecoveryWrittenOff():
                return self._pays_after_all(event, envelope.time)
            case _:
                return []

    def _chance(self, *about: object) -> Random:
        return self._fate.chance(self.name, *about)

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
                return say(at + after(luck, 11.2, 11.9), _paid_in(notice, amount))

    def _pays_after_all(self, written_off: RecoveryWrittenOff, at: datetime) -> list[Saying]:
        luck = self._chance(written_off.claim_id, "after all")
        if self._fate.decides(written_off.claim_id, luck, AFTER_WRITE_OFF) is AfterWriteOff.NOTHING:
            return []
        return say(at + after(luck, 2, 9), _paid_in(written_off, written_off.amount_minor))


def _paid_in(owed: DebitNoticed | RecoveryWrittenOff, amount_minor: int) -> SellerPaymentReceived:
    return SellerPaymentReceived(
        claim_id=owed.claim_id,
        currency=owed.currency,
        amount_minor=amount_minor,
        finance_reference=f"transfer:{owed.claim_id.hex}/{type(owed).__name__}",
    )
