"""What sellers say through their portal: answers about a claim, certificates and wishes for quotes."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Event, Id, PersonalLine, Reference, Topic
from shared.events.marketplace import BusinessName
from shared.money import Currency, Minor

ANSWERS = Topic("sellers.answers.v1", key="claim_id", party="seller_portal")
CERTIFICATES = Topic("sellers.certificates.v1", key="seller_id", party="seller_portal")


class AnswerChoice(StrEnum):
    """The four choices that the notice offers."""

    PAY_THROUGH_US = "pay_through_us"
    SETTLE_DIRECTLY = "settle_directly"
    CONTEST = "contest"
    REFER_TO_INSURER = "refer_to_insurer"


class SellerAnswered(Event):
    """``contested_items`` only with CONTEST (empty: all of them); ``insurer_contact`` only with REFER_TO_INSURER."""

    topic: ClassVar = ANSWERS
    claim_id: UUID
    seller_id: Id
    answer_id: Id
    choice: AnswerChoice
    contested_items: tuple[int, ...] = ()
    evidence: Annotated[tuple[Reference, ...], Field(max_length=20)] = ()
    insurer_contact: PersonalLine | None = None


class ExtensionRequested(Event):
    """Asks for the one extension; granted only before the answer is due."""

    topic: ClassVar = ANSWERS
    claim_id: UUID
    seller_id: Id


class SellerCommented(Event):
    """A word before the decision on the direct-pay route. ``contrary``: the seller asks not to pay, with evidence."""

    topic: ClassVar = ANSWERS
    claim_id: UUID
    seller_id: Id
    contrary: bool
    evidence: Annotated[tuple[Reference, ...], Field(max_length=20)] = ()


class SellerReportsSettled(Event):
    """The seller settled with the customer himself; ``proof`` points to the evidence.

    ``amount_minor``, in the claim's currency: a part of what is claimed; None: all of it.
    """

    topic: ClassVar = ANSWERS
    claim_id: UUID
    seller_id: Id
    proof: Reference
    amount_minor: Minor | None = None


class SellerAppealed(Event):
    """The seller appeals the payment, with new information, within the days that the policy gives."""

    topic: ClassVar = ANSWERS
    claim_id: UUID
    seller_id: Id
    appeal_id: Id
    evidence: Annotated[tuple[Reference, ...], Field(min_length=1, max_length=20)]


class InsurerRating(StrEnum):
    """Financial strength by S&P or AM Best, grouped."""

    A_OR_BETTER = "A"
    A_MINUS = "A-"
    BELOW = "below"


class CoverKind(StrEnum):
    """What kind of policy a certificate shows."""

    COMMERCIAL_GENERAL = "commercial_general"
    UMBRELLA = "umbrella"
    EXCESS = "excess"
    OTHER = "other"


class Certificate(Event):
    """Fields shared by a certificate of insurance (ACORD 25) wherever it is said. Not itself published."""

    seller_id: Id
    certificate_id: Id
    marketplace: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    insured_name: BusinessName
    insurer: Annotated[str, Field(min_length=1, max_length=120)]
    insurer_rating: InsurerRating
    occurrence_basis: bool
    currency: Currency
    per_occurrence_minor: Minor
    aggregate_minor: Minor
    deductible_minor: Minor | None
    additional_insured: bool
    global_claims_handling: bool
    cancellation_notice_days: Annotated[int, Field(ge=0, le=365)]
    valid_from: date
    valid_to: date
    cancelled_on: date | None = None
    issued_on: date | None = None
    """When the policy was issued; later than ``valid_from``: it is back-dated."""
    kind: CoverKind = CoverKind.COMMERCIAL_GENERAL


class CertificateSubmitted(Certificate):
    """A certificate of insurance, as uploaded. The same id with other content supersedes."""

    topic: ClassVar = CERTIFICATES


class ProductHazardClass(StrEnum):
    """How dangerous what a seller sells is, as carriers group it."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    SEVERE = "severe"


class QuotesWanted(Event):
    """Asks the Accelerator for quotes; ``request_id`` makes asking twice one request.

    ``limit_minor`` per occurrence and ``deductible_minor``: what is wished for; None: the marketplace's least and most.
    """

    topic: ClassVar = CERTIFICATES
    seller_id: Id
    request_id: Id
    marketplace: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    hazard_class: ProductHazardClass = ProductHazardClass.MODERATE
    limit_minor: Minor | None = None
    deductible_minor: Minor | None = None


class QuoteChosen(Event):
    """Binds an offered quote; honoured while the quote is valid."""

    topic: ClassVar = CERTIFICATES
    seller_id: Id
    quote_id: Id
