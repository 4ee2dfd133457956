"""What is asked when a time is over, or when the seller's cover has changed."""

from services.recovery.closing import then
from services.recovery.decide import went_on
from services.recovery.disputes import decision_overdue
from services.recovery.payouts import unplaced_questioned
from services.recovery.refunds import refund_overdue
from services.recovery.state import At, Recovery
from shared.runtime import Decision, unchanged


def deadline_passed(recovery: Recovery, at: At) -> Decision[Recovery]:
    """Take the next step that is due; while a dispute is open, nothing but the dispute is asked about."""
    decision = unchanged(recovery)
    if recovery.early_until is not None and at.now >= recovery.early_until:
        decision = unplaced_questioned(recovery)
    if recovery.refund_by is not None and at.now >= recovery.refund_by:
        decision = then(decision, lambda now: refund_overdue(now, at))
    if recovery.dispute is not None:
        return then(decision, lambda now: decision_overdue(now, at))
    return then(decision, lambda now: went_on(now, at))
