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
    on_its_way = {payout.round: payout.amount_minor for payout in case.payouts if payout is pending}
    to_have_back = [(each, max(each.held_minor, on_its_way.get(each.round, 0))) for each in case.payouts]
    recalled = tuple(_recall(case, payout, minor) for payout, minor in to_have_back if minor)
    return Decision(ended.state, (*recalled, *ended.says), ended.does)


def paid_all_the_same(case: Case, before: Payout, after: Payout) -> tuple[PayoutRecalled, ...]:
    """Calls back what is paid of a duplicate, each time that more of what was ordered has arrived."""
    arrived = after.held_minor > before.held_minor and before.held_minor < after.amount_minor
    return (_recall(case, after, after.held_minor),) if arrived else ()


def _recall(case: Case, payout: Payout, minor: int) -> PayoutRecalled:
    """Asks finance for what the payee has of a payout; and not to pay what it has not paid yet."""
    return PayoutRecalled(
        claim_id=case.claim_id,
        payout_id=case.payout_id_of(payout.round),
        currency=case.terms.currency,
        amount_minor=minor,
        reason=Reason.DUPLICATE,
    )
