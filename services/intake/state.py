"""What intake knows: of one submission, and of one claimant's recent incidents."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from pydantic import Field

from shared.events.base import Id, claim_id_of, derived_id
from shared.events.claim import InjuryClass, LossKind, Reason
from shared.money import MINOR_MAX, Currency, Minor
from shared.runtime import State


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


class Submission(State):
    """One submission. The narrative is not kept, and of an injury nothing finer than its class."""

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
    items: tuple[LossItem, ...]
    other_admitted_minor: Minor = 0
    withdrawn: bool = False
    wait_until: datetime | None = None

    @property
    def due(self) -> datetime | None:
        return self.wait_until

    @property
    def claim_id(self) -> UUID:
        return claim_id_of(self.submission_id)

    @property
    def payee_ref(self) -> str:
        """An opaque name for whoever is paid: finance keeps the person behind it, nobody else needs to."""
        return f"payee-{derived_id('payee', self.claim_id)}"

    @property
    def undecided(self) -> bool:
        return self.stage in {Stage.SCREENING, Stage.WAITING_FOR_PAPERS}

    def at_stage(self, stage: Stage, wait_until: datetime | None = None) -> "Submission":
        return self.model_copy(update={"stage": stage, "wait_until": wait_until})


INCIDENTS_KEPT: Final = 20
"""Incidents remembered per claimant: some 90 bytes each, so that the state stays under 2 KB."""


class Incident(NamedTuple):
    """What one claim of a claimant was about, as far as his other claims need to know. An array in JSON."""

    submission_id: Id
    order_id: Id
    incident_on: date
    currency: Currency
    admitted_minor: Minor

    def repeats(self, other: "Incident") -> bool:
        """Another submission for the same order and day."""
        return self.submission_id != other.submission_id and (self.order_id, self.incident_on) == (
            other.order_id,
            other.incident_on,
        )

    def happened_with(self, other: "Incident") -> bool:
        """Another submission for the same day, counted in the same currency."""
        return self.submission_id != other.submission_id and (self.incident_on, self.currency) == (
            other.incident_on,
            other.currency,
        )


class Claimant(State):
    """The claimant's last reported incidents, the oldest report first.

    Beyond ``INCIDENTS_KEPT`` the oldest report is forgotten: a repetition of it would pass as a new claim, and its
    amount would no longer count. Nobody honest comes near; that many claims are a case for investigation.
    """

    incidents: Annotated[tuple[Incident, ...], Field(max_length=INCIDENTS_KEPT)] = ()

    def remembering(self, incident: Incident) -> "Claimant":
        kept = self.without(incident.submission_id).incidents
        return Claimant(incidents=(*kept, incident)[-INCIDENTS_KEPT:])

    def without(self, submission_id: str) -> "Claimant":
        return Claimant(incidents=tuple(kept for kept in self.incidents if kept.submission_id != submission_id))

    def beside(self, incident: Incident) -> tuple[Incident, ...]:
        return tuple(kept for kept in self.incidents if kept.happened_with(incident))

    def others_minor(self, incident: Incident) -> int:
        """The sum of the claimant's other claims for the same incident."""
        return min(sum(other.admitted_minor for other in self.beside(incident)), MINOR_MAX)
