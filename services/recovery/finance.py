"""What finance reports: what is right of it is booked once, what does not fit is questioned, nothing is refused."""

from datetime import timedelta

from services.recovery.decide import At, closed, pursued, then
from services.recovery.ledger import Move, book
from services.recovery.state import Booking, Recovery, Stage
from shared.events.finance import PayoutPaid, SellerDebitCollected, SellerDebitFailed
from shared.events.recovery import FinanceResultQuestioned, RecoveryOpened, ResultProblem
from shared.runtime import Decision, unchanged


def payout_paid(recovery: Recovery, event: PayoutPaid, at: At) -> Decision[Recovery]:
    """The marketplace has borne the cost: book it, and pursue the seller for what was both authorised and paid."""
    payment = Booking.of(event.payout_id, event.finance_reference, event.amount_minor)
    amount = min(event.amount_minor, recovery.authorized_minor)
    if event.payout_id != recovery.payout_id:
        return _questioned(recovery, event, ResultProblem.UNKNOWN_PAYOUT)
    if event.currency is not recovery.currency:
        return _questioned(recovery, event, ResultProblem.WRONG_CURRENCY)
    if recovery.payment == payment:
        return unchanged(recovery)
    if recovery.payment is not None and recovery.payment.id == payment.id:
        return _questioned(recovery, event, ResultProblem.WRONG_AMOUNT)
    if recovery.payment is not None:
        return _questioned(recovery, event, ResultProblem.PAID_TWICE)
    if amount == 0:
        return _questioned(recovery, event, ResultProblem.WRONG_AMOUNT)
    opening = _opened(recovery, event, payment, amount, at)
    if event.amount_minor != recovery.authorized_minor:
        differs = abs(event.amount_minor - recovery.authorized_minor)
        opening = then(opening, lambda after: _questioned(after, event, ResultProblem.WRONG_AMOUNT, differs))
    return then(opening, lambda after: pursued(after, at))


def debit_collected(recovery: Recovery, event: SellerDebitCollected, at: At) -> Decision[Recovery]:
    """Money came in: it meets what is outstanding, then what was written off; the rest is owed to the seller."""
    booking = Booking.of(event.debit_id, event.finance_reference, event.amount_minor)
    if not recovery.requested(event.debit_id):
        return _questioned(recovery, event, ResultProblem.UNKNOWN_DEBIT)
    if event.currency is not recovery.currency:
        return _questioned(recovery, event, ResultProblem.WRONG_CURRENCY)
    if booking in recovery.collected:
        return unchanged(recovery)
    if event.amount_minor == 0 or any(earlier.id == booking.id for earlier in recovery.collected):
        return _questioned(recovery, event, ResultProblem.WRONG_AMOUNT)
    satisfied = min(event.amount_minor, recovery.outstanding_minor)
    written_back = min(event.amount_minor - satisfied, recovery.written_off_minor)
    over = event.amount_minor - satisfied - written_back
    after = recovery.model_copy(
        update={
            "recovered_minor": recovery.recovered_minor + satisfied + written_back,
            "written_off_minor": recovery.written_off_minor - written_back,
            "over_collected_minor": recovery.over_collected_minor + over,
            "collected": (*recovery.collected, booking),
        }
    )
    amounts = {
        Move.COLLECTED: satisfied + written_back,
        Move.SATISFIED: satisfied,
        Move.WRITTEN_BACK: written_back,
        Move.OVER_COLLECTED: over,
    }
    entries = book(recovery, at.now, event.debit_id, event.finance_reference, amounts)
    decision = Decision(after, (), entries)
    if over:
        decision = then(decision, lambda s: _questioned(s, event, ResultProblem.OVER_COLLECTED, over))
    return then(decision, closed) if satisfied + written_back and not after.outstanding_minor else decision


def debit_failed(recovery: Recovery, event: SellerDebitFailed, at: At) -> Decision[Recovery]:
    """Nothing more comes under this debit: pause, then a new debit asks for the rest."""
    if not recovery.requested(event.debit_id):
        return _questioned(recovery, event, ResultProblem.UNKNOWN_DEBIT)
    if recovery.stage is not Stage.DEBITING or event.debit_id != recovery.debit_id(recovery.debits):
        return unchanged(recovery)
    retry_at = at.now + timedelta(days=at.policies.version(recovery.policy).recovery.debit_retry_days)
    return unchanged(recovery.model_copy(update={"stage": Stage.PAUSED, "next_at": retry_at}))


def _opened(recovery: Recovery, event: PayoutPaid, payment: Booking, amount: int, at: At) -> Decision[Recovery]:
    write_off_days = at.policies.version(recovery.policy).recovery.write_off_days
    after = recovery.model_copy(
        update={
            "payment": payment,
            "paid_minor": amount,
            "write_off_at": at.now + timedelta(days=write_off_days),
        }
    )
    says = RecoveryOpened(
        claim_id=recovery.claim_id, seller_id=recovery.seller_id, currency=recovery.currency, amount_minor=amount
    )
    amounts = {Move.PAID: amount, Move.EXPECTED: amount}
    return Decision(after, (says,), book(recovery, at.now, event.payout_id, event.finance_reference, amounts))


def _questioned(
    recovery: Recovery,
    event: PayoutPaid | SellerDebitCollected | SellerDebitFailed,
    problem: ResultProblem,
    amount_minor: int | None = None,
) -> Decision[Recovery]:
    """Tell finance what does not fit; ``amount_minor`` where only a part of the result is in question."""
    failed = isinstance(event, SellerDebitFailed)
    says = FinanceResultQuestioned(
        claim_id=recovery.claim_id,
        idempotency_key=event.payout_id if isinstance(event, PayoutPaid) else event.debit_id,
        problem=problem,
        currency=None if failed else event.currency,
        amount_minor=0 if failed else event.amount_minor if amount_minor is None else amount_minor,
        finance_reference=None if failed else event.finance_reference,
    )
    return Decision(recovery, (says,))
