"""What the seller has against a payment: while an adjuster looks at it, nothing is noticed, debited or written off."""

from datetime import timedelta

from services.recovery.closing import debit_stopped, settled, then
from services.recovery.decide import went_on
from services.recovery.ledger import Move, book_decision
from services.recovery.refunds import refunded
from services.recovery.state import At, Dispute, Recovery, Stage
from shared.events.adjusters import AppealDecided
from shared.events.base import Event, Reference
from shared.events.escalation import PaymentContested, PayoutRecalled
from shared.events.recovery import (
    Ground,
    RecoveryDisputed,
    RecoveryResumed,
    RecoveryReversed,
    RefundReason,
    ReimbursementWaived,
    WaiverReason,
)
from shared.events.seller_notifier import SellerAppealRecorded
from shared.runtime import Decision, unchanged


def payment_contested(recovery: Recovery, event: PaymentContested, at: At) -> Decision[Recovery]:
    """An answer in time that was heard after the payout is a dispute: until it is decided nothing is debited."""
    if recovery.contested or recovery.released or event.seller_id != recovery.seller_id:
        return unchanged(recovery)
    return _disputed(recovery.but(contested=True), Ground.ANSWER, (), at)


def appealed(recovery: Recovery, event: SellerAppealRecorded, at: At) -> Decision[Recovery]:
    """The seller's first appeal that comes in time is decided by an adjuster; another, or a late one, is evidence."""
    if recovery.appealed or recovery.released or event.seller_id != recovery.seller_id:
        return unchanged(recovery)
    if recovery.appeal_by is not None and event.received_at > recovery.appeal_by:
        return unchanged(recovery)
    return _disputed(recovery.but(appealed=True), Ground.APPEAL, event.evidence, at)


def appeal_decided(recovery: Recovery, event: AppealDecided, at: At) -> Decision[Recovery]:
    """Won, the seller's side is reversed and never the customer's; lost, the pursuit goes on where it stood.

    A decision that is older than the dispute, or than what was added to it, answers what was asked before.
    """
    dispute = recovery.dispute or recovery.set_aside
    if dispute is None or not dispute.is_answered(at):
        return unchanged(recovery)
    ended = recovery.but(dispute=None, set_aside=None)
    if event.won:
        says = RecoveryReversed(
            claim_id=recovery.claim_id,
            seller_id=recovery.seller_id,
            currency=recovery.currency,
            amount_minor=recovery.sellers_side_minor,
            reason=WaiverReason.APPEAL_WON,
        )
        return _released(ended, says, WaiverReason.APPEAL_WON, RefundReason.APPEAL_WON, at)
    ended = _time_given_back(ended, at.now - dispute.opened_at, at)
    resumed = RecoveryResumed(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=recovery.outstanding_minor,
    )
    return then(Decision(ended, (resumed,)), lambda now: went_on(now, at))


def recalled(recovery: Recovery, event: PayoutRecalled, at: At) -> Decision[Recovery]:
    """The claim was a duplicate: the seller owes nothing for it, and what he has paid is paid back to him.

    Recalled before it was paid, or with no amount: what is paid all the same is waived when it is.
    """
    if recovery.released is WaiverReason.DUPLICATE:
        return unchanged(recovery)
    amount = recovery.sellers_side_minor
    says = ReimbursementWaived(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=amount,
        reason=WaiverReason.DUPLICATE,
    )
    ended = recovery.but(dispute=None, set_aside=None)
    return _released(ended, says if amount else None, WaiverReason.DUPLICATE, RefundReason.OVER_COLLECTED, at)


def decision_overdue(recovery: Recovery, at: At) -> Decision[Recovery]:
    """No adjuster has decided in time: ask again; the pursuit stands still as before.

    Not about nothing: closed, and nothing left on the seller's side, it is set aside.
    """
    dispute = recovery.dispute
    if dispute is None or at.now < dispute.decide_by:
        return unchanged(recovery)
    if recovery.stage is Stage.CLOSED and not recovery.sellers_side_minor:
        return unchanged(recovery.but(dispute=None, set_aside=dispute))
    rules = recovery.rules(at)
    again = dispute.model_copy(update={"decide_by": rules.after(at.now, rules.recovery.dispute_days)})
    return _asked(recovery.but(dispute=again), again, ())


def taken_up(recovery: Recovery, at: At) -> Decision[Recovery]:
    """Money was paid again: what the seller had against it, and nobody decided, is asked of an adjuster once more."""
    dispute = recovery.set_aside
    if dispute is None:
        return unchanged(recovery)
    rules = recovery.rules(at)
    decide_by = rules.after(at.now, rules.recovery.dispute_days)
    again = dispute.model_copy(update={"decide_by": decide_by, "late_at": decide_by})
    return _asked(recovery.but(dispute=again, set_aside=None), again, ())


def _disputed(recovery: Recovery, ground: Ground, evidence: tuple[Reference, ...], at: At) -> Decision[Recovery]:
    """Open a dispute, or add what is new to the one that is open: what is decided from now on must be about that."""
    open_already = recovery.dispute or recovery.set_aside
    if open_already is not None:
        more = open_already.model_copy(update={"ground": ground, "added_at": at.now})
        return _asked(recovery.but(dispute=more, set_aside=None), more, evidence)
    rules = recovery.rules(at)
    decide_by = rules.after(at.now, rules.recovery.dispute_days)
    dispute = Dispute(ground=ground, opened_at=at.now, decide_by=decide_by, late_at=decide_by)
    asked = _asked(recovery.but(dispute=dispute), dispute, evidence)
    return then(asked, debit_stopped)


def _time_given_back(recovery: Recovery, taken: timedelta, at: At) -> Recovery:
    """The write-off waits for as long as the pursuit stood still; what was paid meanwhile has its time from now on."""
    if recovery.write_off_at is None:
        return recovery
    rules = recovery.rules(at)
    latest = rules.after(at.now, rules.recovery.write_off_days)
    return recovery.but(write_off_at=min(recovery.write_off_at + taken, latest))


def _asked(recovery: Recovery, dispute: Dispute, evidence: tuple[Reference, ...]) -> Decision[Recovery]:
    nothing_paid = recovery.stage is Stage.AUTHORIZED
    to_come = sum(payout.authorized_minor for payout in recovery.payouts) if nothing_paid else 0
    event = RecoveryDisputed(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        ground=dispute.ground,
        currency=recovery.currency,
        amount_minor=to_come or recovery.sellers_side_minor,
        evidence=evidence,
        decide_by=dispute.decide_by,
    )
    return Decision(recovery, (event,))


def _released(
    recovery: Recovery, says: Event | None, reason: WaiverReason, refund: RefundReason, at: At
) -> Decision[Recovery]:
    """The seller owes nothing for what was ordered by now: what he owed is waived, what he paid is owed to him."""
    paid_back = recovery.from_seller_minor
    amounts = {
        Move.WAIVED: recovery.outstanding_minor,
        Move.WAIVED_AFTER_WRITE_OFF: recovery.written_off_minor,
        Move.WAIVED_AFTER_PAYMENT: paid_back,
        Move.REVERSED: paid_back,
    }
    after = recovery.but(
        released=reason,
        payouts_released=len(recovery.payouts) if reason is WaiverReason.APPEAL_WON else 0,
        waived_minor=recovery.waived_minor + recovery.sellers_side_minor,
        written_off_minor=0,
        from_seller_minor=0,
        decisions=recovery.decisions + 1,
    )
    decision = Decision(after, (says,) if says else (), book_decision(recovery, at.now, reason, amounts))
    decision = then(decision, lambda now: refunded(now, paid_back, refund, at))
    return then(decision, lambda now: settled(recovery, now))
