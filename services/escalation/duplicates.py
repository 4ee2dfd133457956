"""Two claims turn out to be one, at any time."""

from services.escalation.ending import close, close_unpaid
from services.escalation.state import At, Case, Payout
from shared.events.adjusters import DuplicateEstablished
from shared.events.claim import Reason
from shared.events.escalation import Outcome, PayoutRecalled
from shared.runtime import Decision, unchanged


def duplicate_established(case: Case, event: DuplicateEstablished, at: At) -> Decision[Case]:
    """Ends a claim that is another one over again, and calls back what was paid on it, or is when it turns out paid."""
    if case.outcome is Outcome.DUPLICATE or event.duplicate_of == case.claim_id:
        return unchanged(case)
    if case.accepted is None:
        return close(case, at, Outcome.DUPLICATE, Reason.DUPLICATE)
    ended = close_unpaid(case, at, Outcome.DUPLICATE, Reason.DUPLICATE)
    recalled = tuple(recall(case, payout) for payout in case.payouts if payout.held_minor)
    return Decision(ended.state, (*recalled, *ended.says))


def recall(case: Case, payout: Payout) -> PayoutRecalled:
    """Asks finance for what the payee has of a payout."""
    return PayoutRecalled(
        claim_id=case.claim_id,
        payout_id=case.payout_id_of(payout.round),
        currency=case.terms.currency,
        amount_minor=payout.held_minor,
        reason=Reason.DUPLICATE,
    )
