"""What recovery's tests start from: a claim, what others say about it, and recoveries that have come some way."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from services.recovery.app import recovery
from services.recovery.deadlines import deadline_passed
from services.recovery.decide import payout_authorized
from services.recovery.ledger import Account, LedgerEntry
from services.recovery.state import At, Recovery
from shared.events.adjusters import AppealDecided
from shared.events.base import Event, claim_id_of, derived_id
from shared.events.claim import Reason
from shared.events.escalation import EarlierPayout, PaymentContested, PayoutAuthorized, PayoutRecalled, Route
from shared.events.finance import (
    DebitFailure,
    InsurerPaymentReceived,
    PayoutPaid,
    PayoutReturned,
    SellerDebitCollected,
    SellerDebitFailed,
    SellerPaymentReceived,
    SellerRefundPaid,
)
from shared.events.insurance_accelerator import CoverPeriod, SellerCoverChanged
from shared.events.recovery import FinanceResultQuestioned, ResultProblem
from shared.events.seller_notifier import (
    NoticeBounced,
    NoticeHandedOver,
    NoticeKind,
    NoticeUndeliverable,
    SellerAppealRecorded,
)
from shared.money import Currency
from shared.policy import Policies, load
from shared.policy.model import WaiverCover
from shared.runtime import Decision
from tests.deciding import START, at, day

CLAIM = claim_id_of("case-1")
PAYOUT, NEXT_PAYOUT = derived_id("payout", CLAIM, 1), derived_id("payout", CLAIM, 2)
SELLER = "seller-7"
LARGE, SMALL = 250_000, 60_000
FIRST_DEBIT, SECOND_DEBIT = derived_id("debit", CLAIM, 1), derived_id("debit", CLAIM, 2)
FIRST_DEMAND, SECOND_DEMAND = derived_id("demand", CLAIM, 1), derived_id("demand", CLAIM, 2)
FIRST_REFUND, SECOND_REFUND = derived_id("refund", CLAIM, 1), derived_id("refund", CLAIM, 2)
INCIDENT = day(-20).date()


def authorized(
    amount: int = LARGE,
    *,
    small: bool = False,
    covered: bool = False,
    incident_on: date | None = None,
    payout: UUID = PAYOUT,
    attempt: int = 1,
    left: int | None = None,
    kept: int = 0,
) -> PayoutAuthorized:
    """``left``: what the first round's payout comes to now; ``kept``: what holders of liens keep of it."""
    return PayoutAuthorized(
        claim_id=CLAIM,
        payout_id=payout,
        round=1 if payout == PAYOUT else 2,
        attempt=attempt,
        payee_ref="payee-1",
        currency=Currency.USD,
        amount_minor=amount,
        seller_id=SELLER,
        marketplace="US",
        policy="US-1",
        route=Route.SELLER_SILENT,
        small=small,
        covered=covered,
        incident_on=incident_on,
        kept_minor=kept,
        earlier=() if left is None else (EarlierPayout(payout_id=PAYOUT, amount_minor=left),),
    )


def paid(
    amount: int = LARGE, *, payout: UUID = PAYOUT, reference: str = "pay-1", currency: Currency = Currency.USD
) -> PayoutPaid:
    return PayoutPaid(
        claim_id=CLAIM, payout_id=payout, currency=currency, amount_minor=amount, finance_reference=reference
    )


def collected(
    amount: int, *, debit: UUID = FIRST_DEBIT, reference: str = "offset-1", currency: Currency = Currency.USD
) -> SellerDebitCollected:
    return SellerDebitCollected(
        claim_id=CLAIM, debit_id=debit, currency=currency, amount_minor=amount, finance_reference=reference
    )


def failed(debit: UUID = FIRST_DEBIT, reason: DebitFailure = DebitFailure.NO_FUNDS) -> SellerDebitFailed:
    return SellerDebitFailed(claim_id=CLAIM, debit_id=debit, reason=reason)


def returned(
    amount: int = LARGE, *, payout: UUID = PAYOUT, reference: str = "back-1", currency: Currency = Currency.USD
) -> PayoutReturned:
    return PayoutReturned(
        claim_id=CLAIM, payout_id=payout, currency=currency, amount_minor=amount, finance_reference=reference
    )


def recalled(payout: UUID = PAYOUT, amount: int = LARGE) -> PayoutRecalled:
    return PayoutRecalled(
        claim_id=CLAIM, payout_id=payout, currency=Currency.USD, amount_minor=amount, reason=Reason.DUPLICATE
    )


def seller_pays(amount: int, *, reference: str = "wire-1", currency: Currency = Currency.USD) -> SellerPaymentReceived:
    return SellerPaymentReceived(claim_id=CLAIM, currency=currency, amount_minor=amount, finance_reference=reference)


def insurer_pays(
    amount: int, *, demand: UUID = FIRST_DEMAND, reference: str = "cheque-1", currency: Currency = Currency.USD
) -> InsurerPaymentReceived:
    return InsurerPaymentReceived(
        claim_id=CLAIM, demand_id=demand, currency=currency, amount_minor=amount, finance_reference=reference
    )


def refund_paid(
    amount: int, *, refund: UUID = FIRST_REFUND, reference: str = "refund-1", currency: Currency = Currency.USD
) -> SellerRefundPaid:
    return SellerRefundPaid(
        claim_id=CLAIM, refund_id=refund, currency=currency, amount_minor=amount, finance_reference=reference
    )


def contested(seller: str = SELLER) -> PaymentContested:
    return PaymentContested(claim_id=CLAIM, seller_id=seller, received_at=START)


def appealed(received_at: datetime, *, appeal: str = "appeal-1", seller: str = SELLER) -> SellerAppealRecorded:
    return SellerAppealRecorded(
        claim_id=CLAIM, seller_id=seller, appeal_id=appeal, evidence=("lab-report-17",), received_at=received_at
    )


def decided(*, won: bool) -> AppealDecided:
    return AppealDecided(claim_id=CLAIM, adjuster="adj-9", won=won)


def bounced(kind: NoticeKind = NoticeKind.DEBIT, *, number: int | None = None) -> NoticeBounced:
    return NoticeBounced(claim_id=CLAIM, seller_id=SELLER, kind=kind, contact=0, number=number)


def handed_over(
    moment: datetime, kind: NoticeKind = NoticeKind.DEBIT, *, number: int | None = None
) -> NoticeHandedOver:
    return NoticeHandedOver(claim_id=CLAIM, seller_id=SELLER, kind=kind, handed_over_at=moment, number=number)


def undeliverable(
    moment: datetime, kind: NoticeKind = NoticeKind.DEBIT, *, number: int | None = None
) -> NoticeUndeliverable:
    return NoticeUndeliverable(claim_id=CLAIM, seller_id=SELLER, kind=kind, attempted_at=moment, number=number)


def cover(
    since: date,
    until: date,
    *,
    version: int = 1,
    marketplace: str = "US",
    issued_on: date | None = None,
    known_since: datetime = START,
    insurers: tuple[str, ...] = ("Harbor Mutual",),
) -> SellerCoverChanged:
    periods = (
        CoverPeriod(
            marketplace=marketplace,
            valid_from=since,
            valid_to=until,
            insurer=insurer,
            certificate_id=f"coi-{number}",
            known_since=known_since,
            issued_on=issued_on,
        )
        for number, insurer in enumerate(insurers, 1)
    )
    return SellerCoverChanged(seller_id=SELLER, version=version, periods=tuple(periods))


def cover_from(
    number: int, until: int = 365, *, known_since: datetime = START, insurers: tuple[str, ...] = ("Harbor Mutual",)
) -> SellerCoverChanged:
    """Cover in force between these days of the story."""
    return cover(day(number).date(), day(until).date(), known_since=known_since, insurers=insurers)


def with_rules(**rules: object) -> Policies:
    """The policies as shipped, with these figures of recovery changed."""
    policy = load().version("US-1")
    return Policies([policy.model_copy(update={"recovery": policy.recovery.model_copy(update=rules)})])


def on_incident() -> Policies:
    """Only cover on the day of the incident waives a reimbursement."""
    return with_rules(waiver_cover=WaiverCover.ON_INCIDENT)


def hear(state: Recovery, event: Event, moment: At) -> Decision[Recovery]:
    """As the process does: the decision that its table names for the event."""
    return recovery.hears[type(event)](state, event, moment)


def after(state: Recovery, *steps: tuple[float, Event]) -> Recovery:
    """What is known when these were heard, each on its day of the story."""
    for number, event in steps:
        state = hear(state, event, at(day(number))).state
    return state


def asked(state: Recovery, number: float) -> Recovery:
    """What is known after the deadline of that day."""
    return deadline_passed(state, at(day(number))).state


def dormant(
    amount: int = LARGE, *, small: bool = False, covered: bool = False, incident_on: date | None = None
) -> Recovery:
    began = authorized(amount, small=small, covered=covered, incident_on=incident_on)
    return payout_authorized(began, at(START)).state


def noticing(amount: int = LARGE) -> Recovery:
    """Paid on day 0; the debit notice is asked for."""
    return after(dormant(amount), (0, paid(amount)))


def asking_for_proof() -> Recovery:
    """A small claim of a seller without cover, paid on day 0: proof is asked for by a letter that is not out yet."""
    return after(dormant(SMALL, small=True), (0, paid(SMALL)))


def proving() -> Recovery:
    """The letter was handed over at once: proof until day 7."""
    return after(asking_for_proof(), (0, handed_over(START, NoticeKind.PROOF)))


def demanding() -> Recovery:
    """Paid on day 0; the insurer of the day of the incident has until day 30."""
    moment = at(START, cover_from(-30))
    return hear(dormant(incident_on=INCIDENT), paid(), moment).state


def noticed(amount: int = LARGE) -> Recovery:
    """The debit notice was handed over on day 1: no debit before day 8."""
    return after(noticing(amount), (1, handed_over(day(1))))


def debiting(amount: int = LARGE) -> Recovery:
    """The first debit was requested on day 8."""
    return asked(noticed(amount), 8)


def recovered(amount: int = LARGE) -> Recovery:
    """All of it was collected on day 9."""
    return after(debiting(amount), (9, collected(amount)))


def paused(amount: int = LARGE) -> Recovery:
    """The first debit failed on day 10: the next one follows on day 24."""
    return after(debiting(amount), (10, failed()))


def written_off(amount: int = LARGE) -> Recovery:
    """Finance was silent about the first debit: written off on day 60."""
    return asked(debiting(amount), 60)


def kinds(decision: Decision[Recovery]) -> list[type[Event]]:
    return [type(event) for event in decision.says]


def problems(decision: Decision[Recovery]) -> list[tuple[ResultProblem, int]]:
    return [(e.problem, e.amount_minor) for e in decision.says if isinstance(e, FinanceResultQuestioned)]


def balances(entries: Iterable[LedgerEntry]) -> Counter[Account]:
    """Balance of each account: debits positive, credits negative."""
    balance = Counter[Account]()
    for entry in entries:
        balance[entry.debit_account] += entry.amount_minor
        balance[entry.credit_account] -= entry.amount_minor
    return balance


def entries(decision: Decision[Recovery]) -> list[LedgerEntry]:
    return [effect for effect in decision.does if isinstance(effect, LedgerEntry)]
