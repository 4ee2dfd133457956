"""What the Insurance Accelerator says of sellers: duty to insure, certificates, quotes, and cover on record."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Event, Fact, Id, Topic
from shared.events.seller_portal import InsurerRating, ProductHazardClass
from shared.money import Currency, Minor

INSURANCE = Topic("sellers.insurance.v1", key="seller_id", party="insurance_accelerator", numbered=True)


class Defect(StrEnum):
    """What a certificate of insurance can lack; a rejection lists all of them."""

    NAME_DIFFERS = "NAME_DIFFERS"
    WRONG_KIND = "WRONG_KIND"
    NOT_OCCURRENCE_BASIS = "NOT_OCCURRENCE_BASIS"
    OCCURRENCE_LIMIT_TOO_LOW = "OCCURRENCE_LIMIT_TOO_LOW"
    AGGREGATE_LIMIT_TOO_LOW = "AGGREGATE_LIMIT_TOO_LOW"
    DEDUCTIBLE_TOO_HIGH = "DEDUCTIBLE_TOO_HIGH"
    DEDUCTIBLE_NOT_SHOWN = "DEDUCTIBLE_NOT_SHOWN"
    NOT_ADDITIONAL_INSURED = "NOT_ADDITIONAL_INSURED"
    RATING_TOO_LOW = "RATING_TOO_LOW"
    NO_GLOBAL_CLAIMS_HANDLING = "NO_GLOBAL_CLAIMS_HANDLING"
    CANCELLATION_NOTICE_TOO_SHORT = "CANCELLATION_NOTICE_TOO_SHORT"
    TOO_FEW_DAYS_LEFT = "TOO_FEW_DAYS_LEFT"
    ALREADY_LAPSED = "ALREADY_LAPSED"
    CANCELLED = "CANCELLED"
    WRONG_CURRENCY = "WRONG_CURRENCY"
    PERIOD_INVALID = "PERIOD_INVALID"
    UNKNOWN_MARKETPLACE = "UNKNOWN_MARKETPLACE"


class InsuranceRequired(Event):
    """Proceeds crossed the marketplace's line: insurance is a duty from ``insure_by`` on."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    marketplace: str
    insure_by: date


class AfterDuty(StrEnum):
    """What follows for a seller who has not insured in time; the marketplace carries it out."""

    NOTHING = "nothing"
    HOLD_DISBURSEMENTS = "hold_disbursements"
    SUSPEND_LISTINGS = "suspend_listings"


class InsuranceReminded(Event):
    """The duty to insure begins soon, and no cover is on record."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    marketplace: str
    insure_by: date


class InsuranceOverdue(Event):
    """The seller should be insured by now and is not: what follows, as the policy says."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    marketplace: str
    insure_by: date
    follows: AfterDuty


class CertificateAccepted(Event):
    """Every term is met; the cover on record follows as SellerCoverChanged."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    certificate_id: Id
    marketplace: str


class CertificateRejected(Event):
    """Every defect at once, so that one resubmission can mend them all."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    certificate_id: Id
    marketplace: str
    defects: tuple[Defect, ...]


class CoverPeriod(Fact):
    """Cover on one marketplace, both dates inclusive, as known since ``known_since``."""

    marketplace: str
    valid_from: date
    valid_to: date
    insurer: Annotated[str, Field(max_length=120)]
    certificate_id: str
    known_since: datetime
    issued_on: date | None = None


class SellerCoverChanged(Event):
    """Every period of cover ever on record for a seller, whole, with a version that grows by one.

    The last one heard is the reference for anybody who must know whether a seller is (or was) insured.
    """

    topic: ClassVar = INSURANCE
    seller_id: Id
    version: int
    periods: tuple[CoverPeriod, ...]

    def in_force(self, marketplace: str, on: date) -> bool:
        """Whether some period on this marketplace includes the day."""
        return any(p.marketplace == marketplace and p.valid_from <= on <= p.valid_to for p in self.periods)

    def on_incident(self, marketplace: str, on: date, *, back_dated: bool) -> CoverPeriod | None:
        """The period that answers for an incident of that day (occurrence basis), whenever it became known.

        ``back_dated``: whether cover counts that was issued after the incident, from a day before it.
        """
        for p in self.periods:
            late = p.issued_on is not None and p.issued_on > on
            if p.marketplace == marketplace and p.valid_from <= on <= p.valid_to and (back_dated or not late):
                return p
        return None


class SellerQualified(Event):
    """The seller will be offered quotes on this request."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    request_id: Id


class SellerNotQualified(Event):
    """The seller will get no quotes on this request, with every reason."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    request_id: Id
    reasons: tuple[str, ...]


class QuotesRequested(Event):
    """To every carrier: reply until ``reply_by``. Carries what rating needs and no name."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    request_id: Id
    marketplace: str
    currency: Currency
    monthly_proceeds_minor: Minor
    claims_so_far: int
    reply_by: datetime
    claims_minor: Minor = 0
    """What the claims of the history that the policy looks at came to, as admitted."""
    hazard_class: ProductHazardClass = ProductHazardClass.MODERATE
    limit_minor: Minor | None = None
    deductible_minor: Minor | None = None
    renews: Id | None = None
    """The policy number that this would follow."""


class QuoteOffered(Event):
    """A carrier's quote as offered to the seller; it can be chosen until ``valid_until`` whatever the rate does."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    request_id: Id
    quote_id: Id
    carrier: Id
    rating: InsurerRating
    currency: Currency
    premium_minor: Minor
    per_occurrence_minor: Minor
    deductible_minor: Minor
    valid_until: datetime


class Decline(Fact):
    """A carrier that will not quote, and why."""

    carrier: Id
    reason: Annotated[str, Field(max_length=200)]


class ComparedQuote(Fact):
    """One row of the comparison that a seller is shown."""

    quote_id: Id
    carrier: Id
    rating: InsurerRating
    premium_minor: Minor
    per_occurrence_minor: Minor
    deductible_minor: Minor
    valid_until: datetime


class QuotesCompared(Event):
    """A round of quotes is over: all offers, the cheapest first, and who declined and why."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    request_id: Id
    currency: Currency
    offers: tuple[ComparedQuote, ...]
    declined: tuple[Decline, ...] = ()


class QuoteRefusal(StrEnum):
    """Why a carrier's quote is not offered."""

    TOO_LATE = "TOO_LATE"
    BELOW_TERMS = "BELOW_TERMS"
    NO_ROOM = "NO_ROOM"


class QuoteRefused(Event):
    """Thanks a carrier for a quote that cannot be offered, and says why."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    request_id: Id
    quote_id: Id
    carrier: Id
    reason: QuoteRefusal


class QuoteExpired(Event):
    """The quote was not chosen while it was valid."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    quote_id: Id


class BindRequested(Event):
    """Asks the carrier to bind; ``bind_id`` is derived from the quote, so asking twice binds once."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    quote_id: Id
    bind_id: UUID
    carrier: Id


class CoverBound(Event):
    """The carrier has issued the policy; the cover on record follows as SellerCoverChanged."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    quote_id: Id
    carrier: Id
    policy_number: Id
    valid_from: date
    valid_to: date


class CoverLapsing(Event):
    """Cover bound here ends soon; quotes for its renewal have been asked for under ``request_id``."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    marketplace: str
    policy_number: Id
    last_day: date
    request_id: Id


class CoverCancelled(Event):
    """The carrier cancels a policy with notice; cover ends with ``last_day``, unless the seller insures anew."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    marketplace: str
    policy_number: Id
    last_day: date


class CoverLapsed(Event):
    """The seller's last period on this marketplace has ended."""

    topic: ClassVar = INSURANCE
    seller_id: Id
    marketplace: str
    lapsed_on: date
