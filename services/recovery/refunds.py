"""What we owe the seller: asked of finance under one id per amount until it is paid, and gone then."""

from datetime import datetime
from typing import Final

from services.recovery.closing import then
from services.recovery.ledger import Move, book
from services.recovery.questions import Reported, not_booked, questioned
from services.recovery.state import At, Booking, Recovery, Refund
from shared.events.finance import SellerRefundPaid
from shared.events.recovery import RefundReason, ResultProblem, SellerRefundRequested
from shared.runtime import Decision, unchanged

MOST_DOUBLINGS: Final = 4
"""Of the wait for a refund that finance does not pay."""


def refunded(recovery: Recovery, amount_minor: int, reason: RefundReason, at: At) -> Decision[Recovery]:
    """Owe the seller this much more, and have finance pay it back."""
    if not amount_minor:
        return unchanged(recovery)
    after = recovery.but(
        owed_minor=recovery.owed_minor + amount_minor,
        refunds=(*recovery.refunds, Refund(amount_minor=amount_minor, reason=reason)),
        refund_by=recovery.refund_by or _asked_again_at(recovery, at),
    )
    return Decision(after, (_asked(after, len(after.refunds)),))


def refund_overdue(recovery: Recovery, at: At) -> Decision[Recovery]:
    """Ask finance once more for what it has not paid, under the same ids; then wait twice as long, and so on."""
    asked = tuple(_asked(recovery, number) for number in recovery.unpaid_refunds)
    again = recovery.but(refunds_asked=recovery.refunds_asked + 1)
    return Decision(again.but(refund_by=_asked_again_at(again, at)), asked)


def _asked(recovery: Recovery, number: int) -> SellerRefundRequested:
    """The same words each time: it is one refund, however often it is asked for."""
    refund = recovery.refunds[number - 1]
    return SellerRefundRequested(
        claim_id=recovery.claim_id,
        refund_id=recovery.refund_id(number),
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=refund.amount_minor,
        reason=refund.reason or RefundReason.OVER_COLLECTED,
    )


def _asked_again_at(recovery: Recovery, at: At) -> datetime:
    rules = recovery.rules(at)
    times = 2 ** min(recovery.refunds_asked, MOST_DOUBLINGS)
    return at.now + rules.wait(at.now, rules.recovery.debit_retry_days) * times


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
    if not after.owed_minor:
        after = after.but(refund_by=None, refunds_asked=0)
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
