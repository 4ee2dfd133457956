"""The seller's money, as finance reports it: under a debit of ours, or of his own accord."""

from uuid import UUID

from services.recovery.closing import settled, then
from services.recovery.debits import debit_due, requested
from services.recovery.ledger import Move, book
from services.recovery.questions import Reported, not_booked, questioned
from services.recovery.refunds import refunded
from services.recovery.state import At, Booking, Recovery, Stage
from shared.events.finance import SellerDebitCollected, SellerPaymentReceived
from shared.events.recovery import RefundReason, ResultProblem, WaiverReason
from shared.runtime import Decision


def debit_collected(recovery: Recovery, event: SellerDebitCollected, at: At) -> Decision[Recovery]:
    """Money came in: it meets what is outstanding, then what was written off; the rest is owed to the seller."""
    booking = Booking.of(event.debit_id, event.finance_reference, event.amount_minor)
    reported = Reported(event.currency, event.amount_minor, event.finance_reference)
    if not requested(recovery, event.debit_id):
        return questioned(recovery, event.debit_id, ResultProblem.UNKNOWN_DEBIT, reported)
    if (instead := not_booked(recovery, event.debit_id, booking, reported)) is not None:
        return instead
    known = _of_the_open_debit(recovery, event).but(booked=(*recovery.booked, booking))
    decision = _received(known, event.debit_id, event.finance_reference, event.amount_minor, at)
    over = decision.state.owed_minor - recovery.owed_minor
    if over and recovery.released is None:
        beyond = reported._replace(amount_minor=over)
        decision = then(decision, lambda now: questioned(now, event.debit_id, ResultProblem.OVER_COLLECTED, beyond))
    decision = then(decision, lambda now: settled(recovery, now))
    now = decision.state
    if now.stage is Stage.DEBITING and now.debit is None and now.dispute is None:
        return then(decision, lambda state: debit_due(state, at))
    return decision


def payment_received(recovery: Recovery, event: SellerPaymentReceived, at: At) -> Decision[Recovery]:
    """The seller paid by himself: it meets what he owes, then what was written off; the rest is owed to him."""
    booking = Booking.of(event.claim_id, event.finance_reference, event.amount_minor)
    reported = Reported(event.currency, event.amount_minor, event.finance_reference)
    if (instead := not_booked(recovery, event.claim_id, booking, reported)) is not None:
        return instead
    known = recovery.but(booked=(*recovery.booked, booking))
    decision = _received(known, event.claim_id, event.finance_reference, event.amount_minor, at)
    return then(decision, lambda now: settled(recovery, now))


def _received(recovery: Recovery, key: UUID, reference: str, amount_minor: int, at: At) -> Decision[Recovery]:
    satisfied = min(amount_minor, recovery.outstanding_minor)
    written_back = min(amount_minor - satisfied, recovery.written_off_minor)
    over = amount_minor - satisfied - written_back
    amounts = {
        Move.COLLECTED: satisfied + written_back,
        Move.SATISFIED: satisfied,
        Move.WRITTEN_BACK: written_back,
        Move.OVER_COLLECTED: over,
    }
    after = recovery.but(
        from_seller_minor=recovery.from_seller_minor + satisfied + written_back,
        written_off_minor=recovery.written_off_minor - written_back,
    )
    won = recovery.released is WaiverReason.APPEAL_WON
    reason = RefundReason.APPEAL_WON if won else RefundReason.OVER_COLLECTED
    decision = Decision(after, (), book(recovery, at.now, key, reference, amounts))
    return then(decision, lambda now: refunded(now, over, reason, at))


def _of_the_open_debit(recovery: Recovery, event: SellerDebitCollected) -> Recovery:
    """A debit under which all was collected has ended."""
    debit = recovery.debit
    if debit is None or event.debit_id != recovery.debit_id(debit.number):
        return recovery
    collected = debit.model_copy(update={"collected_minor": debit.collected_minor + event.amount_minor})
    return recovery.but(debit=collected if collected.rest_minor > 0 else None)
