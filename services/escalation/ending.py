"""How a claim ends: paid, denied, resolved elsewhere, or once more as it had ended before."""

from typing import Final

from services.escalation import items
from services.escalation.orders import order_unpaid
from services.escalation.parts import Line
from services.escalation.state import At, Case
from services.escalation.status import saying, told
from shared.events.base import Event
from shared.events.claim import Reason
from shared.events.escalation import ClaimClosed, ClaimDecided, Notice, Outcome, Owner, Route, Status
from shared.runtime import Decision

PAID_OUTCOME: Final = {
    Route.DIRECT_PAY: Outcome.DIRECT_PAID,
    Route.SELLER_ACCEPTED: Outcome.RESOLVED_BY_SELLER,
    Route.SELLER_SILENT: Outcome.STEPPED_IN_SILENT,
    Route.SELLER_REJECTED: Outcome.STEPPED_IN_REJECTED,
}


def is_paid(case: Case) -> bool:
    """Whether it ended with a payout that the customer still has."""
    return case.outcome in PAID_OUTCOME.values() and any(payout.held_minor for payout in case.payouts)


def close(case: Case, at: At, outcome: Outcome, *reasons: Reason, says: tuple[Event, ...] = ()) -> Decision[Case]:
    """Ended so, or for want of a payee while a payout of any round has come back; says ``says`` first."""
    return order_unpaid(_ended(case, at, _outcome(case, outcome), *reasons, says=says), at)


def close_for_want_of_payee(case: Case, at: At) -> Decision[Case]:
    """Ended, and nothing is ordered to who is payee now: the claim waits until the customer names one."""
    return _ended(case, at, Outcome.PAYOUT_FAILED)


def close_unpaid(case: Case, at: At, outcome: Outcome, *reasons: Reason) -> Decision[Case]:
    """Ended with nothing from us for any item, for these reasons."""
    nothing = case.but(decided=items.refused(items.owed(case), *reasons))
    return close(nothing, at, outcome, *reasons)


def deny(case: Case, at: At, lines: tuple[Line, ...], *reasons: Reason) -> Decision[Case]:
    """Nothing is paid; what others paid before stays the customer's, and a later round leaves all as it was."""
    if case.former is not None:
        return closed_again(case, at, *reasons)
    by_seller = Outcome.RESOLVED_BY_SELLER if case.seller_minor else Outcome.DENIED
    outcome = Outcome.RESOLVED_BY_INSURER if case.insurer_minor else by_seller
    decided = case.but(decided=lines)
    return saying(claim_decided(decided), close(decided, at, outcome, *reasons))


def refuse(case: Case, at: At, *reasons: Reason) -> Decision[Case]:
    """Not valid in a person's eyes, for these reasons (none given: not proven): no item is paid."""
    if case.former is not None:
        return closed_again(case, at, *reasons)
    reasons = reasons or (Reason.NOT_PROVEN,)
    return deny(case, at, items.refused(items.owed(case), *reasons), *reasons)


def end_unpaid(case: Case, at: At, outcome: Outcome, reason: Reason) -> Decision[Case]:
    """Ended before the decision, for one reason; a later round ends as the claim had ended before it."""
    if case.former is not None:
        return closed_again(case, at, reason, notice=Notice.CLOSED)
    return close_unpaid(case, at, outcome, reason)


def closed_again(case: Case, at: At, *reasons: Reason, notice: Notice = Notice.NOT_REOPENED) -> Decision[Case]:
    """Ended as it had ended before this round; the customer hears why nothing came of it."""
    former = case.former
    assert former is not None, "it has not ended before"
    outcome = _outcome(case, former.outcome)
    changes = {"outcome": outcome, "reasons": former.reasons, "ended_at": former.at, "former": None}
    ended = case.moved(Status.CLOSED, Owner.NOBODY, None, **changes)
    said = told(Decision(ended, (_closed(ended),)), at, notice, *(reasons or (Reason.NOT_REOPENED,)))
    again = order_unpaid(said, at)
    return said if again is said else told(again, at, Notice.PROGRESS)


def claim_decided(case: Case) -> ClaimDecided:
    """The itemised decision of this round."""
    return ClaimDecided(
        claim_id=case.claim_id,
        round=case.round,
        currency=case.terms.currency,
        allowed_minor=items.total(case.decided),
        findings=items.as_findings(case.decided),
    )


def _ended(case: Case, at: At, outcome: Outcome, *reasons: Reason, says: tuple[Event, ...] = ()) -> Decision[Case]:
    changes = {"outcome": outcome, "reasons": reasons, "ended_at": at.now, "former": None}
    ended = case.moved(Status.CLOSED, Owner.NOBODY, None, **changes)
    return Decision(ended, (*says, _closed(ended)))


def _outcome(case: Case, outcome: Outcome) -> Outcome:
    return Outcome.PAYOUT_FAILED if items.unpaid(case) and outcome is not Outcome.DUPLICATE else outcome


def _closed(case: Case) -> ClaimClosed:
    assert case.outcome is not None
    return ClaimClosed(claim_id=case.claim_id, seller_id=case.seller_id, outcome=case.outcome, reasons=case.reasons)
