"""What we owe the seller: asked of finance once per amount, and gone when finance has paid it."""

from services.recovery.closing import then
from services.recovery.ledger import Move, book
from services.recovery.questions import Reported, not_booked, questioned
from services.recovery.state import At, Booking, Recovery, Refund
from shared.events.finance import SellerRefundPaid
from shared.events.recovery import RefundReason, ResultProblem, SellerRefundRequested
from shared.runtime import Decision, unchanged


def refunded(recovery: Recovery, amount_minor: int, reason: RefundReason) -> Decision[Recovery]:
    """Owe the seller this much more, and have finance pay it back."""
    if not amount_minor:
        return unchanged(recovery)
    after = recovery.but(
        owed_minor=recovery.owed_minor + amount_minor,
        refunds=(*recovery.refunds, Refund(amount_minor=amount_minor)),
    )
    event = SellerRefundRequested(
        claim_id=recovery.claim_id,
        refund_id=recovery.refund_id(len(after.refunds)),
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=amount_minor,
        reason=reason,
    )
    return Decision(after, (event,))


def refund_paid(recovery: Recovery, event: SellerRefundPaid, at: At) -> Decision[Recovery]:
    """A refund that was paid clears what we owe the seller; more than was asked for is in question."""
    booking = Booking.of(event.refund_id, event.finance_reference, event.amount_minor)
    reported = Reported(event.currency, event.amount_minor, event.finance_reference)
    number = _number(recovery, event)
    if number is None:
        return questioned(recovery, event.refund_id, ResultProblem.UNKNOWN_REFUND, reported)
    if (instead := not_booked(recovery, event.refund_id, booking, reported)) is not None:
        return instead
    refund = recovery.refunds[number - 1]
    cleared = min(event.amount_minor, refund.amount_minor - refund.paid_minor)
    beyond = event.amount_minor - cleared
    paid = refund.model_copy(update={"paid_minor": refund.paid_minor + cleared})
    after = recovery.but(
        owed_minor=recovery.owed_minor - cleared,
        suspense_minor=recovery.suspense_minor + beyond,
        refunds=(*recovery.refunds[: number - 1], paid, *recovery.refunds[number:]),
        booked=(*recovery.booked, booking),
    )
    amounts = {Move.REFUNDED: cleared, Move.UNORDERED: beyond}
    decision = Decision(after, (), book(recovery, at.now, event.refund_id, event.finance_reference, amounts))
    if not beyond:
        return decision
    problem = ResultProblem.WRONG_AMOUNT if cleared else ResultProblem.PAID_TWICE
    in_question = reported._replace(amount_minor=beyond)
    return then(decision, lambda now: questioned(now, event.refund_id, problem, in_question))


def _number(recovery: Recovery, event: SellerRefundPaid) -> int | None:
    numbers = range(1, len(recovery.refunds) + 1)
    return next((number for number in numbers if recovery.refund_id(number) == event.refund_id), None)
