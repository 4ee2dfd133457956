"""What finance reports of a payout: paid, failed, come back; and how often it is tried."""

from typing import Final

from services.escalation.duplicates import recall
from services.escalation.ending import PAID_OUTCOME, close, is_paid
from services.escalation.payout import order, order_to_new_payee
from services.escalation.reopening import open_round_for_more
from services.escalation.review import with_other_items
from services.escalation.state import At, Case, Payout
from services.escalation.status import told
from shared.events.base import derived_id
from shared.events.escalation import MedicareReportDue, Notice, Outcome, Owner, Status
from shared.events.finance import PayoutFailed, PayoutPaid, PayoutReturned
from shared.money import MINOR_MAX
from shared.runtime import Decision, unchanged

REFERENCES_KEPT: Final = 12


def payout_paid(case: Case, event: PayoutPaid, at: At) -> Decision[Case]:
    """The customer has the money: the claim ends, also where we had given the payout up."""
    payout, booked = _answered(case, event), _booked(case, event)
    if payout is None or booked is None:
        return unchanged(case)
    held = min(payout.held_minor + event.amount_minor, MINOR_MAX)
    now = booked.but(payouts=_with(case, payout._replace(held_minor=held)))
    if case.outcome is Outcome.DUPLICATE:
        return Decision(now, () if payout.held_minor else (recall(now, payout._replace(held_minor=held)),))
    given_up = case.outcome is Outcome.PAYOUT_FAILED
    if payout is not case.payout or not (given_up or case.status is Status.PAYOUT_PENDING):
        return Decision(now)  # paid twice, or of a round that is over: recovery questions it
    assert case.route is not None
    due = _medicare_report(now, payout.round, at)
    reported = now.but(medicare_round=payout.round) if due else now
    paid = told(close(reported, at, PAID_OUTCOME[case.route], says=due), at, Notice.PAID)
    return open_round_for_more(paid, at) if case.amended else paid


def payout_failed(case: Case, event: PayoutFailed, at: At) -> Decision[Case]:
    """Tried again under the same id, so often as the policy says; then it is given up, until there is a new payee."""
    payout = case.payout
    if payout is None or case.status is not Status.PAYOUT_PENDING or event.payout_id != case.payout_id_of(payout.round):
        return unchanged(case)
    handling = case.policy(at).handling
    waits_to_retry = case.owner is Owner.MAKEGOOD
    if event.final or (payout.tries >= handling.payout_attempts and not waits_to_retry):
        if case.payee_ref != payout.payee_ref:
            return order_to_new_payee(case, payout, at)
        return close(case, at, Outcome.PAYOUT_FAILED)
    if waits_to_retry:
        return unchanged(case)
    return Decision(case.moved(Status.PAYOUT_PENDING, Owner.MAKEGOOD, case.within(at, handling.payout_retry_days)))


def payout_overdue(case: Case, at: At) -> Decision[Case]:
    """After a failure: the next attempt. Of a silent finance: the same order said once more, then we wait on."""
    payout = case.payout
    assert payout is not None, "no payout is pending"
    days = case.policy(at).handling.payout_retry_days
    if case.owner is Owner.MAKEGOOD:
        next_ = payout._replace(attempt=payout.attempt + 1, tries=payout.tries + 1)
        again = case.paying(next_).moved(Status.PAYOUT_PENDING, Owner.FINANCE, case.within(at, days))
        return Decision(again, (order(again, next_),))
    waiting = case.still_waiting(at, case.policy(at).wait(at.now, days))
    return Decision(waiting, (order(case, payout),) if case.overdue == 0 else ())


def payout_returned(case: Case, event: PayoutReturned, at: At) -> Decision[Case]:
    """What has come back in full is not paid: the claim waits for a new payee, or a running round owes it again."""
    payout, booked = _answered(case, event), _booked(case, event)
    if payout is None or booked is None or payout.held_minor == 0:
        return unchanged(case)
    left = max(payout.held_minor - event.amount_minor, 0)
    now = booked.but(payouts=_with(case, payout._replace(held_minor=left)))
    if left:
        return Decision(now)
    if case.undecided:
        return with_other_items(now, at)
    return close(now, at, Outcome.PAYOUT_FAILED) if payout is case.payout and is_paid(case) else Decision(now)


def _answered(case: Case, event: PayoutPaid | PayoutReturned) -> Payout | None:
    """The payout that the result is about; None: of another one, or not its money, which recovery questions."""
    if case.accepted is None or event.currency is not case.terms.currency or event.amount_minor == 0:
        return None
    return next((p for p in case.payouts if case.payout_id_of(p.round) == event.payout_id), None)


def _booked(case: Case, event: PayoutPaid | PayoutReturned) -> Case | None:
    """The claim that remembers this result; None: it was said before."""
    mark = derived_id(event.type_name(), event.payout_id, event.finance_reference).hex[:12]
    return None if mark in case.booked else case.but(booked=(*case.booked, mark)[-REFERENCES_KEPT:])


def _with(case: Case, changed: Payout) -> tuple[Payout, ...]:
    return tuple(changed if p.round == changed.round else p for p in case.payouts)


def _medicare_report(case: Case, round_: int, at: At) -> tuple[MedicareReportDue, ...]:
    """Once per round: payments for the incident to a beneficiary, over the threshold in force on its day."""
    terms = case.terms
    over_minor = case.policy(at).injuries.reported_over(terms.incident_on)
    paid_minor = sum(payout.amount_minor for payout in case.payouts if payout.held_minor) + terms.others_minor
    reports = terms.beneficiary and terms.hurt and case.medicare_round < round_
    if not reports or over_minor is None or paid_minor <= over_minor:
        return ()
    due = MedicareReportDue(
        claim_id=case.claim_id,
        submission_id=case.submission_id,
        currency=terms.currency,
        paid_minor=min(paid_minor, MINOR_MAX),
        threshold_minor=over_minor,
    )
    return (due,)
