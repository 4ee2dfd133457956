"""What intake says: whether a claim is valid, and what is missing. Two inner topics carry the look across claims."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Event, Fact, Id, Topic
from shared.events.claim import DocumentKind, InjuryClass, Item, Reason
from shared.money import Currency, Minor

INTAKE = Topic("claims.intake.v1", key="claim_id", party="intake", numbered=True)
SCREENING = Topic("claims.screening.v1", key="claimant_id", party="intake", numbered=True)
SCREENED = Topic("claims.screened.v1", key="submission_id", party="intake", numbered=True)


class Problem(Fact):
    """One thing wrong with one field of a submission; never quotes what was sent."""

    field: str
    problem: str


class SubmissionRefused(Event):
    """The bytes could not be understood. They are kept as a dead letter; send a corrected submission."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: str
    problems: tuple[Problem, ...]


class MissingPaper(Fact):
    """``any_of`` one paper of these kinds is wanted for the item (None: for the claim as a whole).

    ``dated``: it must carry its date.
    """

    item: int | None
    any_of: tuple[DocumentKind, ...]
    dated: bool = False


class InformationRequested(Event):
    """Everything that is missing, at once."""

    topic: ClassVar = INTAKE
    claim_id: UUID
    submission_id: Id
    marketplace: str
    currency: Currency
    missing: tuple[MissingPaper, ...]
    respond_by: datetime


class ClaimAccepted(Event):
    """Valid: the window, the cover, the papers. What any later decision needs travels here.

    ``policy`` is the version frozen on the claim; ``incident_total_minor`` is this claim's admitted items plus
    those of the same claimant's other claims for the same incident: what *small* is measured by.
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
    """Asks what else this claimant has claimed; heard by intake's own process of claimants."""

    topic: ClassVar = SCREENING
    claimant_id: Id
    submission_id: Id
    claim_id: UUID
    order_id: Id
    seller_id: Id
    currency: Currency
    incident_on: date
    admitted_minor: Minor


class IncidentRetracted(Event):
    """A reported claim ended before acceptance: it no longer counts, and filing it again is no repetition."""

    topic: ClassVar = SCREENING
    claimant_id: Id
    submission_id: Id
    claim_id: UUID


class IncidentScreened(Event):
    """The answer: the claim this one repeats, if any, and the sum of the claimant's others for the same incident.

    Said again with a new sum when another claim for the same incident comes or goes.
    """

    topic: ClassVar = SCREENED
    submission_id: Id
    claim_id: UUID
    duplicate_of: UUID | None
    other_admitted_minor: Minor
