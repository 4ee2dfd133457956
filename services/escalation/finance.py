"""What finance reports of a payout: paid, failed, come back; and how often it is tried."""

from datetime import datetime
from typing import Final

from services.escalation import items
from services.escalation.duplicates import paid_all_the_same
from services.escalation.ending import PAID_OUTCOME, close, is_paid
from services.escalation.medicare import reporting
from services.escalation.orders import attempted, order, order_to_new_payee
from services.escalation.parts import Payout
from services.escalation.reopening import open_next_round
from services.escalation.review import look_at_more
from services.escalation.state import At, Case
from services.escalation.status import told
from shared.events.base import derived_id
from shared.events.escalation import Notice, Outcome, Owner, Status
from shared.events.finance import PayoutFailed, PayoutPaid, PayoutReturned
from shared.money import MINOR_MAX
from shared.runtime import Decision, unchanged

MOST_RESULTS: Final = 250
"""Each result is remembered, so that one said twice counts once; a claim with more of them is for people.

Recovery hears the same results, keeps no more, and questions what it cannot tell apart.
"""


def payout_paid(case: Case, event: PayoutPaid, at: At) -> Decision[Case]:
    """The customer has all the money: the claim ends, also where we had given the payout up.

    Of less than was ordered the rest is waited for; recovery asks finance about it.
    """
    payout, booked = _answered(case, event), _booked(case, event)
    if payout is None or booked is None:
        return unchanged(case)
    paid_minor = min(payout.paid_minor + event.amount_minor, MINOR_MAX)
    after = _held(payout, event.amount_minor)._replace(paid_minor=paid_minor)
    now = booked.but(payouts=_with(case, after))
    if case.outcome is Outcome.DUPLICATE:
        return Decision(now, paid_all_the_same(now, payout, after))
    pending = case.status is Status.PAYOUT_PENDING and payout is case.payout
    given_up = case.outcome is Outcome.PAYOUT_FAILED and payout.round in {each.round for each in items.unpaid(case)}
    given_up = given_up or payout is case.ordered_again
    if not pending and not given_up:
        return Decision(now)  # paid twice, or of a round that is over: recovery questions it
    if pending and after.is_short:
        return Decision(now.moved(Status.PAYOUT_PENDING, Owner.FINANCE, _retried_by(now, at)))
    if after.payee_has_nothing:
        return close(now, at, Outcome.PAYOUT_FAILED) if pending else Decision(now)  # it had come back before
    return _paid_in_part(now, after, at) if after.is_short else _paid(now, after, at)


def payout_failed(case: Case, event: PayoutFailed, at: At) -> Decision[Case]:
    """Tried again under the same id, so often as the policy says; then it is given up, until there is a new payee.

    What became of an earlier attempt changes nothing. Where finance does not say which it was, a failure no later than
    one that was heard before this attempt is that one, said again.
    """
    payout = case.payout
    if payout is None or case.status is not Status.PAYOUT_PENDING or event.payout_id != case.payout_id_of(payout.round):
        return unchanged(case)
    waits_to_retry = case.owner is Owner.MAKEGOOD
    said_again = not waits_to_retry and payout.failed_at is not None and at.said_at <= payout.failed_at
    of_an_earlier_one = said_again if event.attempt is None else event.attempt != payout.attempt
    if of_an_earlier_one:
        return unchanged(case)
    payout = payout._replace(failed_at=max(at.said_at, payout.failed_at or at.said_at))
    case = case.paying(payout)
    handling = case.policy(at).handling
    given_up = event.final and payout.payee_has_nothing
    if payout.held_minor > payout.kept_minor and not given_up:  # a part is there, so no other attempt is ordered
        return _paid_in_part(case, payout, at) if event.final else Decision(case)
    if event.final or (payout.tries >= handling.payout_attempts and not waits_to_retry):
        if case.payee_ref != payout.payee_ref:
            return order_to_new_payee(case, payout, at)
        return close(case, at, Outcome.PAYOUT_FAILED)
    if waits_to_retry:
        return Decision(case)
    return Decision(case.moved(Status.PAYOUT_PENDING, Owner.MAKEGOOD, _retried_by(case, at)))


def payout_overdue(case: Case, at: At) -> Decision[Case]:
    """After a failure: the next attempt. Of a silent finance: the same order said once more, then we wait on."""
    payout = case.payout
    assert payout is not None, "no payout is pending"
    if case.owner is Owner.MAKEGOOD:
        next_ = payout._replace(attempt=payout.attempt + 1, tries=payout.tries + 1, paid_minor=0)
        again = case.paying(next_).moved(Status.PAYOUT_PENDING, Owner.FINANCE, _retried_by(case, at))
        return attempted(again, next_, at)
    days = case.policy(at).handling.payout_retry_days
    waiting = case.still_waiting(at, case.policy(at).wait(at.now, days))
    return Decision(waiting, (order(case, payout),) if case.overdue == 0 else ())


def payout_returned(case: Case, event: PayoutReturned, at: At) -> Decision[Case]:
    """What has come back, all that the payee had of any round, is paid again in that round, to a new payee of his own.

    A running round owes what is back; while a payout is pending it is remembered for the end.
    """
    payout, booked = _answered(case, event), _booked(case, event)
    if payout is None or booked is None:
        return unchanged(case)
    after = _held(payout, -event.amount_minor)
    now = booked.but(payouts=_with(case, after))
    if after.held_minor == payout.held_minor:
        return Decision(now)
    if case.undecided:
        return look_at_more(now, at) if items.owed(now) != items.owed(case) else Decision(now)
    ended = case.status is Status.CLOSED and case.outcome not in (Outcome.DUPLICATE, Outcome.PAYOUT_FAILED)
    return close(now, at, Outcome.PAYOUT_FAILED) if ended and items.unpaid(now) else Decision(now)


def _paid(case: Case, payout: Payout, at: At) -> Decision[Case]:
    assert case.route is not None
    reported = reporting(case, payout.round, at)
    paid = told(close(reported.state, at, PAID_OUTCOME[case.route], says=reported.says), at, Notice.PAID)
    return open_next_round(paid, at) if is_paid(paid.state) else paid


def _paid_in_part(case: Case, payout: Payout, at: At) -> Decision[Case]:
    """The rest will not come: the customer hears what he has of each item, and may have the claim reopened for more.

    What was ordered stays on record: a rest that comes after all is not owed any more.
    """
    has = dict(items.cut_to_held(payout).lines)
    decided = tuple(line._replace(minor=min(line.minor, has.get(line.item, 0))) for line in case.decided)
    return _paid(case.but(decided=decided), payout, at)


def _retried_by(case: Case, at: At) -> datetime:
    return case.within(at, case.policy(at).handling.payout_retry_days)


def _held(payout: Payout, minor: int) -> Payout:
    """With so much more, or less, in the payee's hands; what came back before it was paid counts against it then."""
    net = payout.held_minor - payout.early_minor + minor
    return payout._replace(held_minor=min(max(net, 0), MINOR_MAX), early_minor=min(max(-net, 0), MINOR_MAX))


def _answered(case: Case, event: PayoutPaid | PayoutReturned) -> Payout | None:
    """The payout that the result is about; None: of another one, or not its money, which recovery questions."""
    if case.accepted is None or event.currency is not case.terms.currency or event.amount_minor == 0:
        return None
    return next((p for p in case.payouts if case.payout_id_of(p.round) == event.payout_id), None)


def _booked(case: Case, event: PayoutPaid | PayoutReturned) -> Case | None:
    """The claim that remembers this result; None: it was said before, or may have been."""
    mark = derived_id(event.type_name(), event.payout_id, event.finance_reference).hex[:12]
    if mark in case.booked or len(case.booked) >= MOST_RESULTS:
        return None
    return case.but(booked=(*case.booked, mark))


def _with(case: Case, changed: Payout) -> tuple[Payout, ...]:
    return tuple(changed if p.round == changed.round else p for p in case.payouts)
