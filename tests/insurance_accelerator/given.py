"""What a test begins with: one seller of the US marketplace and the papers around it, each field open to change."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.insurance_accelerator import binding, certificates, deadlines, history, quotes
from services.insurance_accelerator.proceeds import proceeds_reported
from services.insurance_accelerator.state import Seller
from shared.events.base import claim_id_of
from shared.events.carriers import CarrierDeclined, CarrierQuoted, PolicyCancelled, PolicyIssued
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.intake import SellerClaimReported
from shared.events.marketplace import SellerProceedsReported
from shared.events.seller_portal import CertificateSubmitted, InsurerRating, QuoteChosen, QuotesWanted
from shared.money import Currency
from shared.runtime import Decision, Moment
from tests.deciding import at, day

SELLER = "seller-1"
TODAY = day(0).date()


def proceeds(**changes: Any) -> SellerProceedsReported:
    """A month well under the line of the duty."""
    usual = SellerProceedsReported(
        seller_id=SELLER,
        account_name="Acme Trading Ltd",
        marketplace="US",
        month="2025-05",
        currency=Currency.USD,
        amount_minor=500_000,
    )
    return usual.model_copy(update=changes)


def certificate(**changes: Any) -> CertificateSubmitted:
    """Without a defect: cover from January 2025 to January 2026."""
    usual = CertificateSubmitted(
        seller_id=SELLER,
        certificate_id="COI-1",
        marketplace="US",
        insured_name="Acme Trading Ltd",
        insurer="Northwind Mutual",
        insurer_rating=InsurerRating.A_MINUS,
        occurrence_basis=True,
        currency=Currency.USD,
        per_occurrence_minor=100_000_000,
        aggregate_minor=100_000_000,
        deductible_minor=1_000_000,
        additional_insured=True,
        global_claims_handling=True,
        cancellation_notice_days=30,
        valid_from=date(2025, 1, 1),
        valid_to=date(2026, 1, 1),
    )
    return usual.model_copy(update=changes)


def claim(number: int = 1, **changes: Any) -> SellerClaimReported:
    """An accepted claim of 400 dollars, reported the day before."""
    usual = SellerClaimReported(
        seller_id=SELLER,
        claim_id=claim_of(number),
        marketplace="US",
        currency=Currency.USD,
        admitted_minor=40_000,
        incident_on=date(2025, 5, 20),
        reported_on=TODAY - timedelta(days=1),
    )
    return usual.model_copy(update=changes)


def claim_of(number: int) -> UUID:
    return claim_id_of(f"sub-{number}")


def wanted(request_id: str = "R-1", marketplace: str = "US", **changes: Any) -> QuotesWanted:
    usual = QuotesWanted(seller_id=SELLER, request_id=request_id, marketplace=marketplace)
    return usual.model_copy(update=changes)


def quoted(**changes: Any) -> CarrierQuoted:
    """A quote that would do, promised for 30 days."""
    usual = CarrierQuoted(
        seller_id=SELLER,
        request_id="R-1",
        quote_id="Q-1",
        carrier="northwind",
        rating=InsurerRating.A_OR_BETTER,
        currency=Currency.USD,
        premium_minor=120_000,
        per_occurrence_minor=100_000_000,
        deductible_minor=500_000,
        valid_until=day(30),
    )
    return usual.model_copy(update=changes)


def declined(**changes: Any) -> CarrierDeclined:
    usual = CarrierDeclined(seller_id=SELLER, request_id="R-1", carrier="southsea", reason="We insure no ladders.")
    return usual.model_copy(update=changes)


def choice(quote_id: str = "Q-1") -> QuoteChosen:
    return QuoteChosen(seller_id=SELLER, quote_id=quote_id)


def policy(**changes: Any) -> PolicyIssued:
    """The policy on the quote Q-1: a year from 1 July 2025."""
    usual = PolicyIssued(
        seller_id=SELLER,
        quote_id="Q-1",
        carrier="northwind",
        policy_number="POL-1",
        valid_from=date(2025, 7, 1),
        valid_to=date(2026, 6, 30),
    )
    return usual.model_copy(update=changes)


def cancellation(**changes: Any) -> PolicyCancelled:
    """Of the policy POL-1, with the last day of September."""
    usual = PolicyCancelled(seller_id=SELLER, policy_number="POL-1", carrier="northwind", last_day=date(2025, 9, 30))
    return usual.model_copy(update=changes)


def moment(number: float, said: float | None = None) -> Moment[Any]:
    """So many days after the start; ``said``: when the outside says that it spoke."""
    return at(day(number), said_at=None if said is None else day(said))


def unknown_seller() -> Seller:
    return Seller(seller_id=SELLER)


def known_seller(**changes: Any) -> Seller:
    """A seller whose name and proceeds are known."""
    known = proceeds_reported(unknown_seller(), proceeds(), moment(0)).state
    return known.model_copy(update=changes)


def obliged_seller() -> Seller:
    """A seller who was told on day 0 to insure within 30 days."""
    return proceeds_reported(unknown_seller(), proceeds(amount_minor=2_000_000), moment(0)).state


def with_claims(seller: Seller, count: int) -> Seller:
    for number in range(count):
        seller = history.claim_reported(seller, claim(number), moment(0)).state
    return seller


def insured_seller(**changes: Any) -> Seller:
    """A seller whose certificate was accepted on day 0."""
    return certificates.certificate_submitted(known_seller(), certificate(**changes), moment(0)).state


def asking_seller() -> Seller:
    """A seller for whom carriers were asked on day 0: they may quote until day 3."""
    return quotes.quotes_wanted(known_seller(), wanted(), moment(0)).state


def offered_seller() -> Seller:
    """A seller with a quote offered on day 1 and good until day 30."""
    return quotes.carrier_quoted(asking_seller(), quoted(), moment(1)).state


def choosing_seller() -> Seller:
    """A seller who chose the quote on day 10; the request has been closed on day 3."""
    closed = deadlines.deadline_passed(offered_seller(), moment(3)).state
    return binding.quote_chosen(closed, choice(), moment(10)).state


def bound_seller() -> Seller:
    """A seller whose policy was issued on day 12 (14 June 2025), for the year from 1 July."""
    return binding.policy_issued(choosing_seller(), policy(), moment(12)).state


def cover(decision: Decision[Seller]) -> SellerCoverChanged:
    """The one snapshot of cover that a decision tells."""
    (told,) = [event for event in decision.says if isinstance(event, SellerCoverChanged)]
    return told
