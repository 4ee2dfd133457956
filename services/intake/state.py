"""What intake knows of one submission. What it knows across submissions stands with the process that looks there."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple, TypeAlias
from uuid import UUID

from pydantic import Field

from shared.events.base import PERSONAL, Event, Id, PersonalLine, claim_id_of, derived_id
from shared.events.claim import Document, DocumentKind, InjuryClass, Lien, LossKind, Reason, Signal
from shared.money import Currency, Minor
from shared.runtime import Moment, State

At: TypeAlias = Moment[Event]
"""When something is decided. No process of intake has a reference."""
REMEMBERED: Final = 20
"""How many of the customer's numbered requests, and of his papers' prints, are known again when they are repeated."""

BENEFICIARY: Final = "beneficiary"
"""The answer about Medicare, among what is said more than once."""

CAN_BE_REOPENED: Final = frozenset({Reason.NO_RESPONSE, Reason.WITHDRAWN})
"""Before acceptance the customer's own silence or word ended the claim, no rule: it can go on from where it stopped."""


class Stage(StrEnum):
    """How far a submission has come. ENDED: denied, duplicate, or withdrawn before acceptance."""

    SCREENING = "screening"
    WAITING_FOR_PAPERS = "waiting_for_papers"
    ACCEPTED = "accepted"
    ENDED = "ended"


class LossItem(NamedTuple):
    """One loss, numbered by its place from 1. A tuple, and so an array in JSON: fifty of them stay small."""

    kind: LossKind
    claimed_minor: Minor
    admissible_minor: Minor
    """What is left when everything refused by rule is taken away; paid only once it is proven."""
    reasons: tuple[Reason, ...]
    proven: bool = False

    @property
    def lacks_paper(self) -> bool:
        return self.admissible_minor > 0 and not self.proven


class Paper(NamedTuple):
    """Of a paper what decides whether it proves something. Which day it carries does not."""

    item: int | None
    kind: DocumentKind
    dated: bool

    @classmethod
    def of(cls, document: Document) -> "Paper":
        return cls(document.item, document.kind, document.dated_on is not None)


class Submission(State):
    """One submission. The narrative is not kept, and of an injury nothing finer than its class after acceptance."""

    submission_id: Id
    stage: Stage
    policy: str
    """The version in force when the claim was reported; empty for a marketplace without rules."""
    marketplace: str
    currency: Currency
    claimant_id: Id
    seller_id: Id
    order_id: Id
    product: str
    purchased_on: date
    incident_on: date
    reported_on: date
    injury: InjuryClass
    minor_claimant: bool
    """Who was hurt (where nobody else was named: the claimant) is under age."""
    items: tuple[LossItem, ...]
    other_admitted_minor: Minor = 0
    withdrawn_at: datetime | None = None
    """When the last withdrawal was said; None: there is none, or a reopening took it back."""
    wait_until: datetime | None = None

    minor_claims: bool = False
    """The claimant himself is under age, whoever was hurt."""
    deceased: bool = False
    may_act: bool = False
    """A paper shows that the claimant acts for the injured person, where one is asked for."""
    diagnosis: PersonalLine | None = None
    """As coded, for the look across a product's claims; forgotten once that is asked for."""
    beneficiary: Annotated[bool, PERSONAL] | None = None
    payee: Id | None = None
    """The opaque name of a payee who was named; None: the claimant is paid."""
    payee_said_at: datetime | None = None
    liens: tuple[Lien, ...] = ()
    said: dict[str, datetime] = Field(default_factory=dict[str, datetime])
    """When what may be said once more was said last: ``BENEFICIARY``, and of liens a print of the holder."""

    signals: tuple[Signal, ...] = ()
    may_repeat: bool = False
    """The claimant has had more claims than are remembered: a person looks before anything is paid."""
    early: tuple[Paper, ...] = ()
    """For items that no amendment has added yet."""
    papers: tuple[str, ...] = ()
    """Prints of the papers that were reported as links, the last ``REMEMBERED``."""
    requests: tuple[str, ...] = ()
    """Prints of the amendments, reopenings, liens and releases that were heard, the last ``REMEMBERED``."""
    amended: int = 0
    """How often an accepted claim has come to another amount."""
    asked: int = 1
    """Which look across the claimant's claims this is: after a reopening an older answer decides nothing."""

    first_notice: dict[str, str] | None = None
    """Prints, by field, of what the first notice said and this does not keep as it was said; nothing personal is in
    them. None: written by a version that had none."""

    reasons: tuple[Reason, ...] = ()
    """Why it ended before acceptance."""
    ended_at: datetime | None = None
    reopened_at: datetime | None = None
    acknowledge_by: datetime | None = None

    @property
    def due(self) -> datetime | None:
        return self.wait_until

    @property
    def late_at(self) -> datetime | None:
        """The customer should have heard a first word by then."""
        return self.acknowledge_by

    @property
    def claim_id(self) -> UUID:
        return claim_id_of(self.submission_id)

    @property
    def payee_ref(self) -> str:
        """An opaque name for whoever is paid: finance keeps the person behind it, nobody else needs to."""
        return self.payee or f"payee-{derived_id('payee', self.claim_id)}"

    @property
    def about_a_minor(self) -> bool:
        """He claims or was hurt: nothing is paid before a person has looked."""
        return self.minor_claimant or self.minor_claims

    @property
    def hurt(self) -> bool:
        return self.injury is not InjuryClass.NONE

    @property
    def undecided(self) -> bool:
        return self.stage in {Stage.SCREENING, Stage.WAITING_FOR_PAPERS}

    @property
    def can_be_reopened(self) -> bool:
        return self.stage is Stage.ENDED and bool(self.reasons) and CAN_BE_REOPENED.issuperset(self.reasons)

    @property
    def ended_for_good(self) -> bool:
        """Nothing that is said of it matters any more."""
        return self.stage is Stage.ENDED and not self.can_be_reopened

    def at_stage(self, stage: Stage, wait_until: datetime | None = None) -> "Submission":
        """There, and once it has left the screening the customer has been spoken to."""
        acknowledge_by = self.acknowledge_by if stage is Stage.SCREENING else None
        return self.but(stage=stage, wait_until=wait_until, acknowledge_by=acknowledge_by)

    def ended(self, at: datetime, *reasons: Reason) -> "Submission":
        """For these reasons. What was coded of the injury is kept only where the claim may still go on."""
        now = self.at_stage(Stage.ENDED).but(reasons=reasons, ended_at=at)
        return now if now.can_be_reopened else now.but(diagnosis=None)

    def saying(self, what: str, at: datetime) -> "Submission":
        """It was said last then: an earlier word that is heard later changes nothing."""
        return self.but(said={**self.said, what: at})

    def was_said_before(self, what: str, at: datetime) -> bool:
        """Whether what is said of it at that moment is older than what is known."""
        return what in self.said and at < self.said[what]

    def having_heard(self, request: str) -> "Submission":
        return self.but(requests=(*self.requests, request)[-REMEMBERED:])
