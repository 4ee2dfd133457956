"""Finance and the sellers' insurers: who pays what is ordered, as then, or as assumed.

Amounts follow what is ordered now: who paid all of it then pays all of it now, who had no funds then has no more now.
Where a payout is ordered for the same as then, results are those of then to the cent, mistakes included.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ops.policy.history import History, Saying
from ops.policy.then.voices import A_DAY, ASSUMED, SOON, Voices
from shared.events.base import Event
from shared.events.escalation import PayoutAuthorized
from shared.events.finance import (
    DebitFailure,
    InsurerPaymentReceived,
    PayoutFailed,
    PayoutPaid,
    PayoutReturned,
    SellerDebitCollected,
    SellerDebitFailed,
    SellerRefundPaid,
)
from shared.events.recovery import (
    InsurerDemanded,
    SellerDebitRequested,
    SellerDebitStopped,
    SellerRefundRequested,
)


class Payers:
    """Orders are told apart by their ids, which a claim derives in the same order then and now."""

    says = (
        *(PayoutPaid, PayoutFailed, PayoutReturned, SellerDebitCollected, SellerDebitFailed, SellerRefundPaid),
        InsurerPaymentReceived,
    )

    def __init__(self, voices: Voices, history: History, sayings: Iterable[Saying]) -> None:
        self._voices, self._authorised = voices, history.authorised
        self._said: defaultdict[UUID, deque[Saying]] = defaultdict(deque)
        for saying in sayings:
            self._said[_order_of(saying.event)].append(saying)
        self._as_then: dict[UUID, bool] = {}
        """Claims whose payout is ordered for the same amount as then."""
        self.hears: Mapping[type[Event], Callable[[Any, datetime], None]] = {
            PayoutAuthorized: self._pay,
            SellerDebitRequested: self._collect,
            SellerDebitStopped: self._stop,
            SellerRefundRequested: self._refund,
            InsurerDemanded: self._insurer_pays,
        }

    def _pay(self, event: PayoutAuthorized, now: datetime) -> None:
        ask = (PayoutAuthorized, event.payout_id, event.attempt)
        if self._voices.is_about_to_answer(ask):
            return
        ordered_then = self._authorised.get(event.payout_id)
        same = self._as_then[event.claim_id] = ordered_then == event.amount_minor
        results = _of_one_attempt(self._said[event.payout_id])
        if not results:
            self._voices.assume("payouts: finance pays")
            paid = PayoutPaid(
                claim_id=event.claim_id,
                payout_id=event.payout_id,
                currency=event.currency,
                amount_minor=event.amount_minor,
                finance_reference=f"{ASSUMED}:{event.payout_id}:{event.attempt}",
            )
            self._voices.answer(ask, [(now + A_DAY, paid)])
            return
        late = max(now + SOON - results[0].at, timedelta())
        self._voices.answer(
            ask,
            [
                (one.at + late, one.event if same else _of_amount(one.event, ordered_then, event.amount_minor))
                for one in results
            ],
        )

    def _collect(self, event: SellerDebitRequested, now: datetime) -> None:
        ask = (SellerDebitRequested, event.debit_id)
        if self._voices.is_about_to_answer(ask):
            return
        said = list(self._said.pop(event.debit_id, ()))
        stopped = any(isinstance(one.event, SellerDebitFailed) and _is_stop(one.event) for one in said)
        said = [one for one in said if not _is_stop(one.event)]
        if not said:
            self._voices.assume("debits of sellers: finance collects")
            self._voices.answer(ask, [(now + A_DAY, _collected(event, event.amount_minor, ASSUMED))])
            return
        late = max(now + SOON - said[0].at, timedelta())
        answers = [(one.at + late, one.event) for one in said]
        if not self._as_then.get(event.claim_id):
            answers = _within(answers, event.amount_minor)
        collected = sum(_amount(word) for _, word in answers)
        failed = any(isinstance(word, SellerDebitFailed) for _, word in answers)
        if collected < event.amount_minor and not failed:
            if stopped or not self._as_then.get(event.claim_id):
                self._voices.assume("debits of sellers: finance collects the rest")
            rest = _collected(event, event.amount_minor - collected, f"{ASSUMED}-rest")
            answers.append(((answers[-1][0] if answers else now) + A_DAY, rest))
        self._voices.answer(ask, answers)

    def _stop(self, event: SellerDebitStopped, now: datetime) -> None:
        """Finance ends the debit, with what it has collected until now."""
        self._voices.take_back(
            (SellerDebitRequested, event.debit_id), lambda planned: getattr(planned, "debit_id", None) == event.debit_id
        )
        stopped = SellerDebitFailed(claim_id=event.claim_id, debit_id=event.debit_id, reason=DebitFailure.STOPPED)
        self._voices.say(now + SOON, stopped)

    def _refund(self, event: SellerRefundRequested, now: datetime) -> None:
        ask = (SellerRefundRequested, event.refund_id)
        if self._voices.is_about_to_answer(ask):
            return
        said = self._said.pop(event.refund_id, None)
        if said is None:
            self._voices.assume("refunds to sellers: finance pays")
        at = max(said[0].at if said else now + A_DAY, now + SOON)
        paid = SellerRefundPaid(
            claim_id=event.claim_id,
            refund_id=event.refund_id,
            currency=event.currency,
            amount_minor=event.amount_minor,
            finance_reference=f"{ASSUMED}:{event.refund_id}",
        )
        self._voices.answer(ask, [(at, paid)])

    def _insurer_pays(self, event: InsurerDemanded, now: datetime) -> None:
        said = self._said.pop(event.demand_id, None)
        if not said:
            self._voices.assume("demands to insurers who paid nothing then: they stay silent")
            return
        late = max(now + SOON - said[0].at, timedelta())
        answers = [(one.at + late, one.event) for one in said]
        if not self._as_then.get(event.claim_id):
            answers = _within(answers, event.amount_minor)
        for at, payment in answers:
            self._voices.say(at, payment)


def _order_of(event: Event) -> UUID:
    """The idempotency key that a result names."""
    names = ("payout_id", "debit_id", "refund_id", "demand_id")
    return next(getattr(event, name) for name in names if hasattr(event, name))


def _of_one_attempt(said: deque[Saying]) -> list[Saying]:
    """The next result, and what belongs to it: a payment's repetition or return. A later attempt has its own."""
    results: list[Saying] = []
    returned = False
    while said:
        event = said[0].event
        again = isinstance(event, PayoutFailed) or (isinstance(event, PayoutPaid) and returned)
        if results and again:
            break
        results.append(said.popleft())
        returned = returned or isinstance(event, PayoutReturned)
        if isinstance(event, PayoutFailed):
            break
    return results


def _of_amount(event: Event, then: int | None, now: int) -> Event:
    """The same result of an order for another amount: all of it is all of it, a part is that part at most."""
    if not isinstance(event, PayoutPaid | PayoutReturned):
        return event
    amount = now if then is None or event.amount_minor >= then else min(event.amount_minor, now)
    return event.model_copy(update={"amount_minor": amount})


def _within(answers: Sequence[tuple[datetime, Event]], limit: int) -> list[tuple[datetime, Event]]:
    """Parts until the limit is reached; what fails, fails as then."""
    found: list[tuple[datetime, Event]] = []
    for at, event in answers:
        amount = min(_amount(event), limit)
        limit -= amount
        if isinstance(event, SellerDebitFailed):
            found.append((at, event))
        elif amount:
            found.append((at, event.model_copy(update={"amount_minor": amount})))
    return found


def _amount(event: Event) -> int:
    return getattr(event, "amount_minor", 0)


def _is_stop(event: Event) -> bool:
    return isinstance(event, SellerDebitFailed) and event.reason is DebitFailure.STOPPED


def _collected(order: SellerDebitRequested, amount: int, reference: str) -> SellerDebitCollected:
    return SellerDebitCollected(
        claim_id=order.claim_id,
        debit_id=order.debit_id,
        currency=order.currency,
        amount_minor=amount,
        finance_reference=f"{reference}:{order.debit_id}",
    )
