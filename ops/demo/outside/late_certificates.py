"""Sellers who show a certificate only when they hear of a claim: it was there all along, or was made for the claim."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from random import Random
from typing import ClassVar, Final
from uuid import UUID

from ops.demo.luck import Fate, after
from ops.demo.outside.directory import business_name
from ops.demo.outside.party import CURRENCIES, SCALE, Saying
from shared.events.base import Envelope, Event, claim_id_of, derived_id
from shared.events.seller_notifier import SellerNotified
from shared.events.seller_portal import CertificateSubmitted, InsurerRating
from shared.events.upstream import ClaimSubmitted


class Shows(Enum):
    """What a seller shows when the notice of a claim has reached him."""

    NOTHING = "nothing more"
    OLD = "a certificate that was there all along"
    BACK_DATED = "one that was issued since, from a day before the incident"
    CANCELLED = "one that, he then says, had been cancelled before the incident"


SHOWS: Final = {Shows.NOTHING: 96.5, Shows.OLD: 1.5, Shows.BACK_DATED: 1, Shows.CANCELLED: 1}


@dataclass(frozen=True, slots=True)
class _Claim:
    marketplace: str
    incident_on: date


class LateCertificates:
    name: ClassVar = "late_certificates"
    hears: ClassVar = frozenset[type[Event]]({SellerNotified})

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._claims: dict[UUID, _Claim] = {}

    def file(self, claim: ClaimSubmitted, at: datetime) -> list[Saying]:
        """The seller knows the order that the notice will be about."""
        claim_id = claim_id_of(claim.submission_id)
        if self._shows(claim_id) is not Shows.NOTHING and claim.marketplace in CURRENCIES:
            self._claims[claim_id] = _Claim(claim.marketplace, claim.incident_on)
        return []

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case SellerNotified(claim_id=claim_id) if claim_id in self._claims:
                return self._show(self._chance(claim_id, "terms"), event, envelope.time)
            case _:
                return []

    def _chance(self, *about: object) -> Random:
        return self._fate.chance(self.name, *about)

    def _shows(self, claim_id: UUID) -> Shows:
        return self._fate.decides(claim_id, self._chance(claim_id), SHOWS)

    def _show(self, luck: Random, notice: SellerNotified, at: datetime) -> list[Saying]:
        incident_on, at = self._claims[notice.claim_id].incident_on, at + after(luck, 0.1, 1)
        begins = incident_on - timedelta(days=luck.randint(30, 200))
        certificate = self._certificate(luck, notice, begins)
        match self._shows(notice.claim_id):
            case Shows.NOTHING:
                return []
            case Shows.OLD:
                return [Saying(certificate, at)]
            case Shows.BACK_DATED:
                return [Saying(certificate.model_copy(update={"issued_on": max(at.date(), incident_on)}), at)]
            case Shows.CANCELLED:
                cancelled_on = incident_on - timedelta(days=luck.randint(2, 20))
                cancelled = certificate.model_copy(update={"cancelled_on": cancelled_on})
                return [Saying(certificate, at), Saying(cancelled, at + after(luck, 0.1, 0.5))]

    def _certificate(self, luck: Random, notice: SellerNotified, begins: date) -> CertificateSubmitted:
        """With every term in order, and issued when it began."""
        marketplace = self._claims[notice.claim_id].marketplace
        currency = CURRENCIES[marketplace]
        scale = 2 * SCALE.get(currency, 1)
        return CertificateSubmitted(
            seller_id=notice.seller_id,
            certificate_id=f"coi-{derived_id(self._fate.seed, self.name, notice.claim_id).hex[:14]}",
            marketplace=marketplace,
            insured_name=business_name(self._fate.seed, notice.seller_id),
            insurer=luck.choice(("Harbour & Vale", "Nordsee Versicherung")),
            insurer_rating=InsurerRating.A_OR_BETTER,
            occurrence_basis=True,
            currency=currency,
            per_occurrence_minor=100_000_000 * scale,
            aggregate_minor=200_000_000 * scale,
            deductible_minor=0,
            additional_insured=True,
            global_claims_handling=True,
            cancellation_notice_days=30,
            valid_from=begins,
            valid_to=begins + timedelta(days=900),
            issued_on=begins,
        )
