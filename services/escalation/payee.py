"""Who gets the money: the payee that the customer names, after the holders of liens."""

from services.escalation.payout import order_to_new_payee
from services.escalation.state import At, Case
from shared.events.escalation import Outcome
from shared.events.intake import LienRecorded, PayeeRecorded
from shared.runtime import Decision, unchanged


def payee_recorded(case: Case, event: PayeeRecorded, at: At) -> Decision[Case]:
    """Pays whom the customer names from now on; a payout that could not be paid is ordered again, under the same id."""
    if case.accepted is None:
        return unchanged(case)
    known = case.but(payee_ref=event.payee_ref)
    if case.outcome is not Outcome.PAYOUT_FAILED or case.payout is None:
        return Decision(known)
    return order_to_new_payee(known, case.payout, at)


def lien_recorded(case: Case, event: LienRecorded, at: At) -> Decision[Case]:
    """Pays the holders of all liens out of what is ordered from now on, before the payee."""
    return unchanged(case) if case.accepted is None else Decision(case.but(liens=event.liens))
