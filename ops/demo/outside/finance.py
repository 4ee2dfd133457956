"""The marketplace's finance pays customers, keeps what it did by idempotency key, errs now and then and mends it."""

from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import ClassVar, Final
from uuid import UUID

from ops.demo.luck import Fate, after
from ops.demo.outside.party import Saying, say
from shared.events.base import Envelope, Event
from shared.events.escalation import PayoutAuthorized, PayoutRecalled
from shared.events.finance import PayoutFailed, PayoutPaid, PayoutReturned
from shared.events.recovery import FinanceResultQuestioned, ResultProblem
from shared.money import Currency


class Pays(Enum):
    """How one payout goes, whoever asks for it and however often."""

    AT_ONCE = "at once"
    TOLD_TWICE = "at once, told twice"
    SECOND_TRY = "at the second try"
    THIRD_TRY = "at the third try"
    BY_ITSELF = "after a failure, by itself"
    ORDER_LOST = "when it is ordered again, the order was lost"
    REFUSED = "not to this payee"
    FAILS = "fails each time"
    REFUSED_BUT_PAID = "refused, but paid"
    PAID_TWICE = "twice, by mistake"
    RETURNED = "and the bank sends it back"


class Recall(Enum):
    """What of a payout that is called back can be had."""

    ALL = "all"
    PART = "a part"
    NOTHING = "nothing"


PAYS: Final = {
    Pays.AT_ONCE: 83,
    Pays.TOLD_TWICE: 4,
    Pays.SECOND_TRY: 5,
    Pays.THIRD_TRY: 1,
    Pays.BY_ITSELF: 1,
    Pays.ORDER_LOST: 1,
    Pays.REFUSED: 1.5,
    Pays.FAILS: 1,
    Pays.REFUSED_BUT_PAID: 0.5,
    Pays.PAID_TWICE: 1,
    Pays.RETURNED: 1,
}
RECALLS: Final = {Recall.ALL: 55, Recall.PART: 15, Recall.NOTHING: 30}


@dataclass(slots=True)
class _Payout:
    """What finance has on file under one payout id and payee: the first order, and by which messages it was asked."""

    order: PayoutAuthorized
    plan: Pays
    asked_by: list[str] = field(default_factory=list[str])


class Finance:
    name: ClassVar = "finance"
    hears: ClassVar = frozenset[type[Event]]({PayoutAuthorized, PayoutRecalled, FinanceResultQuestioned})

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._payouts: dict[UUID, dict[str, _Payout]] = {}

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case PayoutAuthorized():
                return self._pay(event, envelope)
            case PayoutRecalled():
                return self._recall(event, envelope)
            case FinanceResultQuestioned(problem=ResultProblem.PAID_TWICE):
                return self._mend(event, envelope)
            case _:
                return []

    def _chance(self, *about: object) -> Random:
        return self._fate.chance(self.name, *about)

    def _payout(self, order: PayoutAuthorized) -> _Payout:
        """To another payee it is another payment; the first one's luck is not the second one's."""
        payouts = self._payouts.setdefault(order.payout_id, {})
        if order.payee_ref not in payouts:
            plan = self._fate.decides(order.claim_id, self._chance(order.payout_id), PAYS)
            payouts[order.payee_ref] = _Payout(order, Pays.AT_ONCE if payouts or order.round > 1 else plan)
        return payouts[order.payee_ref]

    def _pay(self, order: PayoutAuthorized, envelope: Envelope) -> list[Saying]:
        """An order heard again is answered again, with what was done under its id, never done again."""
        payout = self._payout(order)
        if envelope.id not in payout.asked_by:
            payout.asked_by.append(envelope.id)
        asked = payout.asked_by.index(envelope.id) + 1
        luck = self._chance(order.payout_id, asked)
        at = envelope.time + after(luck, 0.05, 1.2)
        paid = _paid(payout.order)
        failed, refused = _failed(payout.order, final=False), _failed(payout.order, final=True)
        match payout.plan, asked:
            case Pays.TOLD_TWICE, 1:
                return [*say(at, paid), *say(at + after(luck, 0.2, 6), paid)]
            case (Pays.SECOND_TRY, 1) | (Pays.THIRD_TRY, 1 | 2) | (Pays.FAILS, _):
                return say(at, failed)
            case Pays.BY_ITSELF, 1:
                return [*say(at, failed), *say(at + after(luck, 0.1, 1.5), paid)]
            case Pays.ORDER_LOST, 1:
                return []
            case Pays.REFUSED, _:
                return say(at, refused)
            case Pays.REFUSED_BUT_PAID, 1:
                return [*say(at, refused), *say(at + after(luck, 1, 5), paid)]
            case Pays.PAID_TWICE, 1:
                second = paid.model_copy(update={"finance_reference": f"{paid.finance_reference}/again"})
                return [*say(at, paid), *say(at + after(luck, 0.5, 3), second)]
            case Pays.RETURNED, 1:
                back = _returned(order, order.currency, order.amount_minor, "bank")
                return [*say(at, paid), *say(at + after(luck, 2, 6), back)]
            case _:
                return say(at, paid)

    def _recall(self, recall: PayoutRecalled, envelope: Envelope) -> list[Saying]:
        luck = self._chance(recall.payout_id, "recall")
        at, amount = envelope.time + after(luck, 1, 9), recall.amount_minor
        match self._fate.decides(recall.claim_id, luck, RECALLS):
            case Recall.ALL:
                return say(at, _returned(recall, recall.currency, amount, "recalled"))
            case Recall.PART:
                part = max(1, amount * luck.randint(3, 8) // 10)
                return say(at, _returned(recall, recall.currency, part, "recalled"))
            case Recall.NOTHING:
                return []

    def _mend(self, question: FinanceResultQuestioned, envelope: Envelope) -> list[Saying]:
        """A second payment that should not have been is got back."""
        payouts = self._payouts.get(question.idempotency_key)
        if not payouts or question.currency is None or not question.amount_minor:
            return []
        order = next(iter(payouts.values())).order
        at = envelope.time + after(self._chance(order.payout_id, "mends"), 0.5, 5)
        return say(at, _returned(order, question.currency, question.amount_minor, "mistake"))


def _paid(order: PayoutAuthorized) -> PayoutPaid:
    return PayoutPaid(
        claim_id=order.claim_id,
        payout_id=order.payout_id,
        currency=order.currency,
        amount_minor=order.amount_minor,
        finance_reference=f"pay:{order.payout_id.hex}/{order.payee_ref}",
    )


def _failed(order: PayoutAuthorized, *, final: bool) -> PayoutFailed:
    return PayoutFailed(claim_id=order.claim_id, payout_id=order.payout_id, final=final)


def _returned(
    payout: PayoutAuthorized | PayoutRecalled, currency: Currency, amount_minor: int, why: str
) -> PayoutReturned:
    return PayoutReturned(
        claim_id=payout.claim_id,
        payout_id=payout.payout_id,
        currency=currency,
        amount_minor=amount_minor,
        finance_reference=f"back:{payout.payout_id.hex}/{why}",
    )
