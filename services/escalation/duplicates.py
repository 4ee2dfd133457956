"""Two claims turn out to be one, at any time."""

from services.escalation.ending import close, close_unpaid
from services.escalation.parts import Payout
from services.escalation.state import At, Case
from shared.events.adjusters import DuplicateEstablished
from shared.events.claim import Reason
from shared.events.escalation import Outcome, PayoutRecalled, Status
from shared.runtime import Decision, unchanged


def duplicate_established(case: Case, event: DuplicateEstablished, at: At) -> Decision[Case]:
    """Ends a claim that is another one over again, and calls back what was paid on it, or is on its way."""
    if case.outcome is Outcome.DUPLICATE or event.duplicate_of == case.claim_id:
        return unchanged(case)
    if case.accepted is None:
        return close(case, at, Outcome.DUPLICATE, Reason.DUPLICATE)
    ended = close_unpaid(case, at, Outcome.DUPLICATE, Reason.DUPLICATE)
    pending = case.payout if case.status is Status.PAYOUT_PENDING else None
    recalled = tuple(recall(case, payout) for payout in case.payouts if payout.held_minor or payout is pending)
    return Decision(ended.state, (*recalled, *ended.says), ended.does)


def recall(case: Case, payout: Payout) -> PayoutRecalled:
    """Asks finance for what the payee has of a payout; or not to pay it, if it has not."""
    return PayoutRecalled(
        claim_id=case.claim_id,
        payout_id=case.payout_id_of(payout.round),
        currency=case.terms.currency,
        amount_minor=payout.held_minor or payout.amount_minor,
        reason=Reason.DUPLICATE,
    )
