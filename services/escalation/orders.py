"""The order to finance: one payout per round, whoever is payee, however often it is tried."""

from collections import Counter
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.escalation import approval, items
from services.escalation.parts import Payout
from services.escalation.state import At, Case
from shared.events.claim import Lien
from shared.events.escalation import EarlierPayout, Outcome, Owner, PayoutAuthorized, Status
from shared.money import Currency
from shared.runtime import Decision, Effect


class PayoutOrder(Effect):
    """A row of ``payout_order``, written with each attempt's first order: the last line of defence.

    The database refuses a second one for the same attempt, and another payout, or more, for the same round.
    """

    table: ClassVar = "payout_order"
    claim_id: UUID
    round: int
    attempt: int
    payout_id: UUID
    currency: Currency
    amount_minor: int
    ordered_at: datetime


def ordered(case: Case, payout: Payout, at: At) -> Decision[Case]:
    """This order goes to finance, and we wait for what becomes of it."""
    by = case.within(at, case.policy(at).handling.payout_retry_days)
    changes = {"outcome": None, "reasons": (), "ended_at": None, "pay_by": by}
    pending = case.paying(payout).moved(Status.PAYOUT_PENDING, Owner.FINANCE, by, **changes)
    return attempted(pending, payout, at)


def attempted(pending: Case, payout: Payout, at: At) -> Decision[Case]:
    """A new attempt: the order is said, and entered in the register that no second one gets past."""
    said = order(pending, payout)
    entry = PayoutOrder(
        claim_id=said.claim_id,
        round=said.round,
        attempt=said.attempt,
        payout_id=said.payout_id,
        currency=said.currency,
        amount_minor=payout.amount_minor,
        ordered_at=at.now,
    )
    return Decision(pending, (said,), (entry,))


def order_to_new_payee(case: Case, payout: Payout, at: At) -> Decision[Case]:
    """To who is payee now: at once, but above the authority limit another one only after two have approved him."""
    payout = payout.keeping()
    if payout.payee_ref == case.payee_ref or not approval.is_needed(case, payout.amount_minor, payout.round, at):
        return order_again(case, payout, at)
    pay_by = case.within(at, case.policy(at).handling.approval_days)
    changes = {"to_new_payee": True, "outcome": None, "reasons": (), "ended_at": None, "pay_by": pay_by}
    return approval.ask(case.paying(payout).asking(at).but(**changes), payout.to_pay_minor, at)


def order_again(case: Case, payout: Payout, at: At) -> Decision[Case]:
    """The same payout of the same round, in a new attempt: to who is payee now, less the liens recorded until now.

    What holders of liens have of it, where the payee's share alone has come back, is not paid to them again.
    """
    left = payout.keeping()
    liens = liens_out_of(case, left.to_pay_minor, left.round, left.kept)
    attempt = left.attempt + 1
    return ordered(
        case, left._replace(payee_ref=case.payee_ref, liens=liens, attempt=attempt, tries=1, paid_minor=0), at
    )


def order_unpaid(ended: Decision[Case], at: At) -> Decision[Case]:
    """What has failed or come back is not given up where the customer has named a new payee meanwhile."""
    case = ended.state
    to_another = [payout for payout in items.unpaid(case) if payout.payee_ref != case.payee_ref]
    if case.outcome is not Outcome.PAYOUT_FAILED or not to_another:
        return ended
    again = order_to_new_payee(case, to_another[0], at)
    return Decision(again.state, (*ended.says, *again.says), (*ended.does, *again.does))


def order(case: Case, payout: Payout) -> PayoutAuthorized:
    """The order in words: the same for the same attempt, however often it is said."""
    route, terms = payout.route or case.route, case.terms
    assert route is not None, "no payout without a route"
    return PayoutAuthorized(
        claim_id=case.claim_id,
        payout_id=case.payout_id_of(payout.round),
        round=payout.round,
        payee_ref=payout.payee_ref,
        currency=terms.currency,
        amount_minor=payout.to_pay_minor,
        seller_id=terms.seller_id,
        marketplace=terms.marketplace,
        policy=terms.policy,
        route=route,
        small=payout.small,
        covered=case.covered,
        attempt=payout.attempt,
        incident_on=terms.incident_on,
        liens=payout.liens,
        kept_minor=payout.kept_minor,
        earlier=tuple(
            EarlierPayout(payout_id=case.payout_id_of(each.round), amount_minor=each.amount_minor)
            for each in case.payouts
            if each.round < payout.round
        ),
    )


def liens_out_of(case: Case, amount_minor: int, round_: int, kept: tuple[Lien, ...] = ()) -> tuple[Lien, ...]:
    """What each holder has not had before, in the order recorded; together no more than is paid."""
    others = [payout for payout in case.payouts if payout.round != round_ and payout.held_minor]
    had = Counter[str]()
    for lien in (*kept, *(lien for payout in others for lien in (*payout.kept, *payout.liens))):
        had[lien.holder_ref] += lien.amount_minor
    shares: list[Lien] = []
    for lien in case.liens:
        share = min(max(lien.amount_minor - had[lien.holder_ref], 0), amount_minor)
        amount_minor -= share
        if share:
            shares.append(Lien(holder_ref=lien.holder_ref, amount_minor=share))
    return tuple(shares)
