"""What finance has paid to the customer, and what of it came back: the marketplace's own cost, round by round.

A payout's reports come in any order and may contradict the order it answers. So each payout keeps what finance has
paid under it less what came back: as much of that as was ordered is borne, the rest is in question until it returns.
"""

from services.recovery.closing import settled, then, waived
from services.recovery.decide import ASK_AGAIN, payment_pursued
from services.recovery.disputes import taken_up
from services.recovery.ledger import Move, book
from services.recovery.questions import Reported, not_booked, questioned
from services.recovery.refunds import refunded
from services.recovery.state import At, Booking, Payout, Recovery, Unplaced, ordered
from shared.events.escalation import PayoutAuthorized
from shared.events.finance import PayoutPaid, PayoutReturned
from shared.events.recovery import RecoveryOpened, RefundReason, ResultProblem, WaiverReason
from shared.runtime import Decision, unchanged

MOST_UNPLACED = 4
"""So many results about unknown payouts are kept for a moment; more are questioned at once."""


def next_round(recovery: Recovery, event: PayoutAuthorized, at: At) -> Decision[Recovery]:
    """A later round's payout is remembered like the first; of another attempt at one that is known, what it is for.

    What it pays in the place of earlier ones is not owed there any more.
    """
    for earlier in event.earlier:
        if (before := recovery.payout(earlier.payout_id)) is not None:
            recovery = recovery.with_payout(before.owing(earlier.amount_minor))
    if (payout := recovery.payout(event.payout_id)) is not None:
        return unchanged(_tried_again(recovery, payout, event))
    known = recovery.but(
        payouts=(*recovery.payouts, ordered(event)),
        incident_on=event.incident_on or recovery.incident_on,
        early=tuple(early for early in recovery.early if early.payout_id != event.payout_id),
    )
    decision = unchanged(known if known.early else known.but(early_until=None))
    for early in recovery.early:
        if early.payout_id == event.payout_id:
            decision = then(decision, lambda now, early=early: _placed(now, early, at))
    return decision


def payout_paid(recovery: Recovery, event: PayoutPaid, at: At) -> Decision[Recovery]:
    """The marketplace has borne the cost: book it, and pursue the seller for what was both authorised and paid."""
    return _placed(recovery, _result(event), at)


def payout_returned(recovery: Recovery, event: PayoutReturned, at: At) -> Decision[Recovery]:
    """Money of a payout came back: the marketplace has borne less, and what the seller overpaid thereby is refunded."""
    return _placed(recovery, _result(event), at)


def unplaced_questioned(recovery: Recovery) -> Decision[Recovery]:
    """Every order that was said by then has been heard: what still answers none is questioned."""
    decision = unchanged(recovery.but(early=(), early_until=None))
    for result in recovery.early:
        decision = then(decision, lambda now, result=result: _unknown(now, result))
    return decision


def _tried_again(recovery: Recovery, payout: Payout, event: PayoutAuthorized) -> Recovery:
    if event.attempt <= payout.attempt:
        return recovery
    ordered_minor = event.amount_minor + event.kept_minor
    again = payout.model_copy(update={"attempt": event.attempt, "last_order_minor": ordered_minor})
    return recovery.with_payout(again)


def _placed(recovery: Recovery, result: Unplaced, at: At) -> Decision[Recovery]:
    payout = recovery.payout(result.payout_id)
    if payout is None:
        return _kept(recovery, result, at)
    booking = Booking.of(result.payout_id, result.finance_reference, result.amount_minor, back=result.returned)
    reported = Reported(result.currency, result.amount_minor, result.finance_reference)
    if (instead := not_booked(recovery, result.payout_id, booking, reported)) is not None:
        return instead
    net = payout.net_minor + (-result.amount_minor if result.returned else result.amount_minor)
    after = payout.holding(net)
    known = recovery.with_payout(after).but(
        booked=(*recovery.booked, booking),
        suspense_minor=recovery.suspense_minor + after.in_question_minor - payout.in_question_minor,
    )
    return (_returned if result.returned else _paid)(known, result, payout, after, at)


def _paid(recovery: Recovery, result: Unplaced, before: Payout, after: Payout, at: At) -> Decision[Recovery]:
    added = after.borne_minor - before.borne_minor
    amounts = {Move.PAID: added, Move.EXPECTED: added, Move.UNORDERED: result.amount_minor - added}
    entries = book(recovery, at.now, result.payout_id, result.finance_reference, amounts)
    if not added:
        return then(Decision(recovery, (), entries), lambda now: _payment_compared(now, result, before, after))
    rules = recovery.rules(at)
    opened = recovery.but(
        paid_minor=recovery.paid_minor + added,
        write_off_at=rules.after(at.now, rules.recovery.write_off_days),
        appeal_by=None,
    )
    says = RecoveryOpened(
        claim_id=recovery.claim_id, seller_id=recovery.seller_id, currency=recovery.currency, amount_minor=added
    )
    decision = then(Decision(opened, (says,), entries), lambda now: _payment_compared(now, result, before, after))
    if (released := _released_from(recovery, after)) is not None:
        return then(decision, lambda now: waived(now, added, released, at))
    decision = then(decision, lambda now: taken_up(now, at))
    return then(decision, lambda now: payment_pursued(_owing_again(now), after, added, at))


def _released_from(recovery: Recovery, payout: Payout) -> WaiverReason | None:
    """Why the seller owes nothing for it: a duplicate, or an appeal that was won, whatever was conceded since.

    A payout that was ordered after the appeal is a new concession: of that the adjuster knew nothing.
    """
    if not recovery.payouts_released:
        return recovery.released
    before_it = {each.id for each in recovery.payouts[: recovery.payouts_released]}
    return WaiverReason.APPEAL_WON if payout.id in before_it else None


def _owing_again(recovery: Recovery) -> Recovery:
    """A new concession after an appeal that was won may be appealed like the first; for what was before he is free."""
    if recovery.released is None:
        return recovery
    return recovery.but(released=None, appealed=False, contested=False)


def _payment_compared(recovery: Recovery, result: Unplaced, before: Payout, after: Payout) -> Decision[Recovery]:
    """Question what was paid beyond the order, or what lacks."""
    beyond = max(after.in_question_minor, 0) - max(before.in_question_minor, 0)
    if beyond:
        paid_already = before.borne_minor or not after.authorized_minor  # by itself, or in a later round
        problem = ResultProblem.PAID_TWICE if paid_already else ResultProblem.WRONG_AMOUNT
        return _in_question(recovery, result, problem, beyond)
    lacks = after.expected_minor - max(before.net_minor, 0) - result.amount_minor
    too_much = after.net_minor - max(after.expected_minor, before.net_minor)
    if (wrong := max(lacks, too_much)) > 0:
        return _in_question(recovery, result, ResultProblem.WRONG_AMOUNT, wrong)
    return unchanged(recovery)


def _returned(recovery: Recovery, result: Unplaced, before: Payout, after: Payout, at: At) -> Decision[Recovery]:
    """Less is borne: first nothing more is expected of it, then less was written off, then the seller gets money back.

    What was waived shrinks after that (but first, where he owes nothing for this payout), and what the insurer has paid
    last: there is nobody here to pay it back to.
    """
    less = before.borne_minor - after.borne_minor
    released = min(less, recovery.waived_minor) if _released_from(recovery, after) else 0
    expected = min(less - released, recovery.outstanding_minor)
    lost = min(less - released - expected, recovery.written_off_minor)
    sellers = min(less - released - expected - lost, recovery.from_seller_minor)
    waiver = min(less - expected - lost - sellers, recovery.waived_minor)
    insurers = less - expected - lost - sellers - waiver
    amounts = {
        Move.RETURNED: less,
        Move.UNORDERED_RETURNED: result.amount_minor - less,
        Move.NOT_EXPECTED: expected,
        Move.NOT_WRITTEN_OFF: lost,
        Move.REVERSED: sellers,
        Move.NOT_WAIVED: waiver,
        Move.INSURER_REVERSED: insurers,
    }
    now = recovery.but(
        paid_minor=recovery.paid_minor - less,
        written_off_minor=recovery.written_off_minor - lost,
        from_seller_minor=recovery.from_seller_minor - sellers,
        waived_minor=recovery.waived_minor - waiver,
        from_insurer_minor=recovery.from_insurer_minor - insurers,
        suspense_minor=recovery.suspense_minor - insurers,
    )
    decision = Decision(now, (), book(recovery, at.now, result.payout_id, result.finance_reference, amounts))
    decision = then(decision, lambda state: refunded(state, sellers, RefundReason.PAYOUT_RETURNED, at))
    never_paid = max(-after.in_question_minor, 0) - max(-before.in_question_minor, 0)
    if never_paid:
        decision = then(decision, lambda s: _in_question(s, result, ResultProblem.WRONG_AMOUNT, never_paid))
    if insurers:
        decision = then(decision, lambda s: _in_question(s, result, ResultProblem.OVER_COLLECTED, insurers))
    return then(decision, lambda state: settled(recovery, state))


def _kept(recovery: Recovery, result: Unplaced, at: At) -> Decision[Recovery]:
    if result in recovery.early:
        return unchanged(recovery)
    if len(recovery.early) >= MOST_UNPLACED:
        return _unknown(recovery, result)
    until = recovery.early_until or at.now + ASK_AGAIN
    return unchanged(recovery.but(early=(*recovery.early, result), early_until=until))


def _unknown(recovery: Recovery, result: Unplaced) -> Decision[Recovery]:
    return _in_question(recovery, result, ResultProblem.UNKNOWN_PAYOUT, result.amount_minor)


def _in_question(recovery: Recovery, result: Unplaced, problem: ResultProblem, amount: int) -> Decision[Recovery]:
    reported = Reported(result.currency, amount, result.finance_reference)
    return questioned(recovery, result.payout_id, problem, reported)


def _result(event: PayoutPaid | PayoutReturned) -> Unplaced:
    return Unplaced(
        payout_id=event.payout_id,
        returned=isinstance(event, PayoutReturned),
        currency=event.currency,
        amount_minor=event.amount_minor,
        finance_reference=event.finance_reference,
    )
