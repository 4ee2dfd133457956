"""What recovery's tests start from: a claim, what others say about it, and recoveries that have come some way."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from services.recovery import decide, finance
from services.recovery.ledger import Account, LedgerEntry
from services.recovery.state import Recovery
from shared.events.base import Event, claim_id_of, derived_id
from shared.events.escalation import PayoutAuthorized, Route
from shared.events.finance import PayoutPaid, SellerDebitCollected, SellerDebitFailed
from shared.events.insurance_accelerator import CoverPeriod, SellerCoverChanged
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind, NoticeUndeliverable
from shared.money import Currency
from shared.policy import Policies, load
from shared.policy.model import WaiverCover
from shared.runtime import Decision
from tests.deciding import START, at, day

CLAIM = claim_id_of("case-1")
PAYOUT = derived_id("payout", CLAIM, 1)
SELLER = "seller-7"
LARGE, SMALL = 250_000, 60_000
FIRST_DEBIT, SECOND_DEBIT = derived_id("debit", CLAIM, 1), derived_id("debit", CLAIM, 2)


def authorized(
    amount: int = LARGE, *, small: bool = False, covered: bool = False, incident_on: date | None = None
) -> PayoutAuthorized:
    return PayoutAuthorized(
        claim_id=CLAIM,
        payout_id=PAYOUT,
        round=1,
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


def failed(debit: UUID = FIRST_DEBIT) -> SellerDebitFailed:
    return SellerDebitFailed(claim_id=CLAIM, debit_id=debit)


def handed_over(moment: datetime, kind: NoticeKind = NoticeKind.DEBIT) -> NoticeHandedOver:
    return NoticeHandedOver(claim_id=CLAIM, seller_id=SELLER, kind=kind, handed_over_at=moment)


def undeliverable(moment: datetime, kind: NoticeKind = NoticeKind.DEBIT) -> NoticeUndeliverable:
    return NoticeUndeliverable(claim_id=CLAIM, seller_id=SELLER, kind=kind, attempted_at=moment)


def cover(since: date, until: date, *, version: int = 1, marketplace: str = "US") -> SellerCoverChanged:
    period = CoverPeriod(
        marketplace=marketplace,
        valid_from=since,
        valid_to=until,
        insurer="Harbor Mutual",
        certificate_id="coi-1",
        known_since=START,
    )
    return SellerCoverChanged(seller_id=SELLER, version=version, periods=(period,))


def cover_from(number: int, until: int = 365) -> SellerCoverChanged:
    """Cover in force between these days of the story."""
    return cover(day(number).date(), day(until).date())


def on_incident() -> Policies:
    """The policies as shipped, but only cover on the day of the incident waives a reimbursement."""
    policy = load().version("US-1")
    recovery = policy.recovery.model_copy(update={"waiver_cover": WaiverCover.ON_INCIDENT})
    return Policies([policy.model_copy(update={"recovery": recovery})])


def dormant(amount: int = LARGE, *, small: bool = False, covered: bool = False) -> Recovery:
    return decide.payout_authorized(authorized(amount, small=small, covered=covered), at(START)).state


def noticing(amount: int = LARGE) -> Recovery:
    """Paid on day 0; the debit notice is asked for."""
    return finance.payout_paid(dormant(amount), paid(amount), at(START)).state


def proving() -> Recovery:
    """A small claim of a seller without cover, paid on day 0: proof is asked for until day 7."""
    return finance.payout_paid(dormant(SMALL, small=True), paid(SMALL), at(START)).state


def noticed(amount: int = LARGE) -> Recovery:
    """The debit notice was handed over on day 1: no debit before day 8."""
    return decide.debit_notice_out(noticing(amount), handed_over(day(1)), at(day(1))).state


def debiting(amount: int = LARGE) -> Recovery:
    """The first debit was requested on day 8."""
    return decide.deadline_passed(noticed(amount), at(day(8))).state


def paused(amount: int = LARGE) -> Recovery:
    """The first debit failed on day 10: the next one follows on day 24."""
    return finance.debit_failed(debiting(amount), failed(), at(day(10))).state


def written_off(amount: int = LARGE) -> Recovery:
    """Finance was silent about the first debit: written off on day 60."""
    return decide.deadline_passed(debiting(amount), at(day(60))).state


def kinds(decision: Decision[Recovery]) -> list[type[Event]]:
    return [type(event) for event in decision.says]


def balances(entries: Iterable[LedgerEntry]) -> Counter[Account]:
    """Balance of each account: debits positive, credits negative."""
    balance = Counter[Account]()
    for entry in entries:
        balance[entry.debit_account] += entry.amount_minor
        balance[entry.credit_account] -= entry.amount_minor
    return balance


def entries(decision: Decision[Recovery]) -> list[LedgerEntry]:
    return [effect for effect in decision.does if isinstance(effect, LedgerEntry)]
