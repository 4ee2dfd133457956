"""What intake says: whether a claim is valid, what is missing, what looks like fraud, which products are a hazard.

Inner topics carry the look across claims: of a claimant, of an order, seller or paper, of a product.
"""

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field

from shared.events.base import PERSONAL, Event, Fact, Id, PersonalLine, Reference, Topic
from shared.events.claim import DocumentKind, InjuryClass, Item, Lien, Reason, ReopeningReason, Signal
from shared.money import Currency, Minor

INTAKE = Topic("claims.intake.v1", key="claim_id", party="intake", numbered=True)
SCREENING = Topic("claims.screening.v1", key="claimant_id", party="intake", numbered=True)
SCREENED = Topic("claims.screened.v1", key="submission_id", party="intake", numbered=True)
LINKS = Topic("claims.links.v1", key="link", party="intake", numbered=True)
LINKED = Topic("claims.linked.v1", key="submission_id", party="intake", numbered=True)
BY_PRODUCT = Topic("claims.by-product.v1", key="product", party="intake", numbered=True)
BY_SELLER = Topic("claims.by-seller.v1", key="seller_id", party="intake", numbered=True)
HAZARDS = Topic("products.hazards.v1", key="product", party="intake", numbered=True)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
Product = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(lambda name: _CONTROL.sub(" ", name))]
"""A name as upstream has it. It is a topic's key and so a header, which holds no control character: a space instead."""


class Problem(Fact):
    """One thing wrong with one field of a submission; never quotes what was sent."""

    field: str
    problem: str


class SubmissionRefused(Event):
    """What was submitted cannot be understood, or contradicts what was submitted under its id first: field by field.

    What cannot be understood is kept as a dead letter; send it corrected. ``contradicts``: there is a claim under that
    id already, which goes on as it was, and is changed by ClaimAmended, PayeeChanged and LienAsserted. Without it there
    may be one too: it was not looked for.
    """

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: str
    problems: tuple[Problem, ...]
    contradicts: bool = False


class MissingPaper(Fact):
    """``any_of`` one paper of these kinds is wanted for the item (None: for the claim as a whole).

    ``dated``: it must carry its date.
    """

    item: int | None
    any_of: tuple[DocumentKind, ...]
    dated: bool = False


class InformationRequested(Event):
    """Everything that is missing, at once.

    Said again when all papers are there and only the answer about Medicare is not; it is due as it was.
    """

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    marketplace: str
    currency: Currency
    missing: tuple[MissingPaper, ...]
    respond_by: datetime
    asks_beneficiary: bool = False
    """Also wanted: whether the injured person is a beneficiary of Medicare (BeneficiaryStatusGiven)."""


class ClaimAccepted(Event):
    """Valid: the window, the cover, the papers. What any later decision needs travels here.

    ``policy`` is the version frozen on the claim; ``incident_total_minor`` is this claim's admitted items plus
    those of the same claimant's other claims for the same incident: what *small* is measured by. ``investigate``: the
    ``signals``, each explained by its name, weigh ``score``, enough for special investigation.
    """

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    policy: str
    marketplace: str
    currency: Currency
    seller_id: Id
    order_id: Id
    product: Annotated[str, Field(max_length=200)]
    payee_ref: Id
    purchased_on: date
    incident_on: date
    reported_on: date
    injury: InjuryClass
    minor_claimant: bool
    items: tuple[Item, ...]
    admitted_minor: Minor
    incident_total_minor: Minor
    small: bool
    liens: tuple[Lien, ...] = ()
    signals: tuple[Signal, ...] = ()
    score: int = 0
    investigate: bool = False
    beneficiary: Annotated[bool, PERSONAL] | None = None


class ClaimDenied(Event):
    """Before acceptance, with every reason at once, item by item. NO_RESPONSE alone: the papers never came."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    marketplace: str
    currency: Currency
    reasons: tuple[Reason, ...]
    items: tuple[Item, ...]


class DuplicateFound(Event):
    """Another submission already claims this order and incident; that claim goes on, this one ends."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    duplicate_of: UUID


class ClaimWithdrawalRecorded(Event):
    """The customer withdrew. Before acceptance this ends the claim; afterwards escalation decides its effect."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    before_acceptance: bool


class SettlementReplyRecorded(Event):
    """What the customer said about a settlement by the seller or the insurer."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    confirmed: bool


class IncidentReported(Event):
    """Asks what else this claimant has claimed; heard by intake's own process of claimants.

    ``asked`` is echoed by the answer: one that was under way when a claim ended decides nothing once it is reopened.
    """

    topic: ClassVar = SCREENING
    claimant_id: Id
    submission_id: Id
    claim_id: UUID
    order_id: Id
    seller_id: Id
    currency: Currency
    incident_on: date
    admitted_minor: Minor
    reported_on: date | None = None
    policy: str | None = None
    asked: int = 1


class IncidentRetracted(Event):
    """A reported claim ended before acceptance: it no longer counts, and filing it again is no repetition."""

    topic: ClassVar = SCREENING
    claimant_id: Id
    submission_id: Id
    claim_id: UUID


class IncidentScreened(Event):
    """The answer: the claim this one repeats, if any, and the sum of the claimant's others for the same incident.

    Said again with a new sum when another claim for the same incident comes or goes. ``may_repeat``: the claimant has
    had more claims than are remembered, so that it may repeat one of those: a person must look.
    """

    topic: ClassVar = SCREENED
    submission_id: Id
    claim_id: UUID
    duplicate_of: UUID | None
    other_admitted_minor: Minor
    signals: tuple[Signal, ...] = ()
    asked: int = 1
    may_repeat: bool = False


class AmendmentRecorded(Event):
    """What an accepted claim comes to now, after an amendment, late papers, or another claim for the same incident.

    ``amendment_id`` names what brought it; escalation decides the effect. ``injury``: an amendment may say that
    somebody was hurt, of whom the claim knew nothing when it was accepted; None: as before.
    """

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    amendment_id: Id
    seller_id: Id
    currency: Currency
    items: tuple[Item, ...]
    admitted_minor: Minor
    incident_total_minor: Minor
    small: bool
    injury: InjuryClass | None = None


class ReopeningRecorded(Event):
    """The customer asks for another look at a claim that was accepted once; escalation decides the effect."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    reason: ReopeningReason


class ReopeningRefused(Event):
    """A claim that was never accepted stays as it is, for these reasons; or it was asked for too late."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    reasons: tuple[Reason, ...]


class PayeeRecorded(Event):
    """Whom to pay from now on; opaque, as in ClaimAccepted."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    payee_ref: Id


class ReleaseRecorded(Event):
    """The customer has signed the release."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    release: Reference
    release_id: UUID | None = None


class BeneficiaryRecorded(Event):
    """The question about Medicare was answered after the claim had been accepted."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    beneficiary: Annotated[bool, PERSONAL]


class LienRecorded(Event):
    """Somebody else must be paid out of this claim's money first; all liens so far."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    liens: tuple[Lien, ...]


class SuspicionRaised(Event):
    """An accepted claim looks like fraud since: all signals so far, and what they weigh together."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    signals: tuple[Signal, ...]
    score: int


class LinkReported(Event):
    """One thing that claims can have in common (``order/…``, ``seller/…``, ``paper/…``, ``payee/…``)."""

    topic: ClassVar = LINKS
    link: Id
    signal: Signal
    submission_id: Id
    claim_id: UUID
    claimant_id: Id
    reported_on: date
    policy: str


class LinkFound(Event):
    """The answer, where there is one: so many claims of others have the same in common."""

    topic: ClassVar = LINKED
    submission_id: Id
    claim_id: UUID
    signal: Signal
    others: int


class SellerClaimReported(Event):
    """A claim against a seller was accepted: the claims history that carriers rate by."""

    topic: ClassVar = BY_SELLER
    seller_id: Id
    claim_id: UUID
    marketplace: str
    currency: Currency
    admitted_minor: Minor
    incident_on: date
    reported_on: date


class ProductIncidentReported(Event):
    """Somebody was hurt, or something damaged, by a product; heard by intake's own process of products."""

    topic: ClassVar = BY_PRODUCT
    product: Product
    claim_id: UUID
    seller_id: Id
    policy: str
    incident_on: date
    injury: InjuryClass
    minor: bool
    diagnosis: PersonalLine | None = None


class HazardLevel(StrEnum):
    """How worrying the claims about one product are, taken together."""

    WATCH = "watch"
    INVESTIGATE = "investigate"
    STOP_SALE = "stop_sale"


class InjuryCount(Fact):
    """How many claims within the window have this coded diagnosis; only what two or more share is named."""

    diagnosis: Annotated[str, Field(max_length=80)]
    claims: int


class ProductHazardFlagged(Event):
    """Claims about one product add up to a level, said once per product and level.

    With what a safety team asks first, and a regulator's report: the window, how many, how serious, how many children,
    which injuries, whose offers (the first twenty), which claims (the last twenty).
    """

    topic: ClassVar = HAZARDS
    product: Product
    level: HazardLevel
    marketplace: str
    first_incident_on: date
    last_incident_on: date
    within_days: int
    claims: int
    serious: int
    minors: int
    injuries: tuple[InjuryCount, ...] = ()
    seller_ids: tuple[Id, ...] = ()
    claim_ids: tuple[UUID, ...] = ()
