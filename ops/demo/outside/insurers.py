"""Sellers' insurers: they settle with the customer, reject, or do not reply; and pay, or not, what we demand."""

from datetime import datetime
from enum import Enum
from typing import ClassVar, Final

from ops.demo.luck import Fate, after, between
from ops.demo.outside.party import Saying, say
from shared.events.base import Envelope, Event
from shared.events.finance import InsurerPaymentReceived
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.recovery import InsurerDemanded
from shared.events.seller_notifier import InsurerNotified
from shared.money import Currency


class Reply(Enum):
    """What an insurer does with the notice of a claim."""

    IN_FULL = "settles in full"
    IN_PART = "settles in part"
    REJECTS = "rejects"
    TOO_LATE = "settles too late"
    SILENT = "does not reply"


class InsurerPays(Enum):
    """What a seller's insurer pays of what was demanded of him."""

    ALL = "all"
    PART = "a part"
    NOTHING = "nothing"
    LATE = "all, too late"


REPLIES: Final = {Reply.IN_FULL: 44, Reply.IN_PART: 22, Reply.REJECTS: 18, Reply.TOO_LATE: 4, Reply.SILENT: 12}

INSURERS_PAY: Final = {InsurerPays.ALL: 45, InsurerPays.PART: 15, InsurerPays.NOTHING: 36, InsurerPays.LATE: 4}


class Insurers:
    name: ClassVar = "insurers"
    hears: ClassVar = frozenset[type[Event]]({InsurerNotified, InsurerDemanded})

    def __init__(self, fate: Fate) -> None:
        self._fate = fate

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case InsurerNotified(currency=Currency() as currency, admitted_minor=int(admitted)):
                return self._reply(event, currency, admitted)
            case InsurerDemanded():
                return self._pay(event, envelope.time)
            case _:
                return []

    def _reply(self, notice: InsurerNotified, currency: Currency, admitted_minor: int) -> list[Saying]:
        luck = self._fate.chance(self.name, notice.claim_id)
        soon = between(luck, notice.handed_over_at, notice.respond_by, 0.05, 0.9)

        def settled(amount_minor: int) -> InsurerSettled:
            proof = f"insurer-payment:{notice.claim_id}"
            return InsurerSettled(
                claim_id=notice.claim_id, currency=currency, amount_minor=amount_minor, proof=proof
            )  # fmt: skip

        match self._fate.decides(notice.claim_id, luck, REPLIES):
            case Reply.IN_FULL:
                return [Saying(settled(admitted_minor), soon)]
            case Reply.IN_PART:
                return [Saying(settled(max(1, admitted_minor * luck.randint(2, 8) // 10)), soon)]
            case Reply.REJECTS:
                return [Saying(InsurerRejected(claim_id=notice.claim_id), soon)]
            case Reply.TOO_LATE:
                return [Saying(settled(admitted_minor), notice.respond_by + after(luck, 0.5, 4))]
            case Reply.SILENT:
                return []

    def _pay(self, demand: InsurerDemanded, at: datetime) -> list[Saying]:
        """The money arrives at finance, who reports it."""
        luck, amount = self._fate.chance(self.name, demand.demand_id), demand.amount_minor
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


def _insurer_paid(demand: InsurerDemanded, amount_minor: int) -> InsurerPaymentReceived:
    return InsurerPaymentReceived(
        claim_id=demand.claim_id,
        demand_id=demand.demand_id,
        currency=demand.currency,
        amount_minor=amount_minor,
        finance_reference=f"insurer:{demand.demand_id.hex}",
    )
