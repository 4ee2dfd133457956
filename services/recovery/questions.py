"""Results of finance that do not fit: they are questioned, never refused; what is right of them is booked."""

from typing import Final, NamedTuple
from uuid import UUID

from services.recovery.state import Booking, Recovery
from shared.events.recovery import FinanceResultQuestioned, ResultProblem
from shared.money import Currency
from shared.runtime import Decision, unchanged

MOST_BOOKINGS: Final = 250
"""Each result is remembered, so that one said twice is booked once; a claim with more of them is for people."""


class Reported(NamedTuple):
    """Money as a result of finance tells of it."""

    currency: Currency
    amount_minor: int
    finance_reference: str


def questioned(
    recovery: Recovery, idempotency_key: UUID, problem: ResultProblem, reported: Reported | None = None
) -> Decision[Recovery]:
    """Tell finance what does not fit; the amount reported here is what is in question of its result."""
    event = FinanceResultQuestioned(
        claim_id=recovery.claim_id,
        idempotency_key=idempotency_key,
        problem=problem,
        currency=reported.currency if reported else None,
        amount_minor=reported.amount_minor if reported else 0,
        finance_reference=reported.finance_reference if reported else None,
    )
    return Decision(recovery, (event,))


def not_booked(
    recovery: Recovery, idempotency_key: UUID, booking: Booking, reported: Reported
) -> Decision[Recovery] | None:
    """What follows instead, when money cannot be booked as reported, or is in the books already; None: book it.

    Questioned on its face: another currency than the claim's, no amount, a reference that came with another amount.
    """
    if reported.currency is not recovery.currency:
        return questioned(recovery, idempotency_key, ResultProblem.WRONG_CURRENCY, reported)
    if booking in recovery.booked:
        return unchanged(recovery)
    if not booking.amount_minor or any(earlier.id == booking.id for earlier in recovery.booked):
        return questioned(recovery, idempotency_key, ResultProblem.WRONG_AMOUNT, reported)
    if len(recovery.booked) >= MOST_BOOKINGS:
        return questioned(recovery, idempotency_key, ResultProblem.TOO_MANY_RESULTS, reported)
    return None
