"""Who gets the money: the payee that the customer names, after the holders of liens."""

from services.escalation import items
from services.escalation.orders import order_to_new_payee
from services.escalation.payout import authorise
from services.escalation.state import At, Case
from shared.events.escalation import Outcome, Status
from shared.events.intake import LienRecorded, PayeeRecorded
from shared.runtime import Decision, unchanged


def payee_recorded(case: Case, event: PayeeRecorded, at: At) -> Decision[Case]:
    """Pays whom the customer names from now on; what could not be paid, or came back, is ordered again by the same id.

    Who approved a payment to somebody else has not approved this one, whether it was ordered or not.
    """
    if case.accepted is None:
        return unchanged(case)
    known = case.but(payee_ref=event.payee_ref)
    if case.status is Status.AWAITING_APPROVAL and event.payee_ref != case.payee_ref:
        return order_to_new_payee(known, known.ordered_again, at) if known.ordered_again else authorise(known, at)
    if case.outcome is not Outcome.PAYOUT_FAILED or not items.unpaid(case):
        return Decision(known)
    return order_to_new_payee(known, items.unpaid(case)[0], at)


def lien_recorded(case: Case, event: LienRecorded, at: At) -> Decision[Case]:
    """Pays the holders of all liens out of what is ordered from now on, before the payee."""
    return unchanged(case) if case.accepted is None else Decision(case.but(liens=event.liens))
