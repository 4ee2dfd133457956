"""Sellers and their insurance: certificates handed in, mended and renewed, proof when asked for it, and the duty."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from random import Random
from typing import Any, ClassVar, Final
from uuid import UUID

from ops.demo.luck import Fate, after, between, chance, pick
from ops.demo.outside.directory import business_name
from ops.demo.outside.party import CURRENCIES, Saying, say
from ops.demo.outside.shopping import Shopper, rules_of
from shared.events.base import Envelope, Event, claim_id_of, derived_id
from shared.events.insurance_accelerator import (
    CertificateAccepted,
    CertificateRejected,
    CoverLapsed,
    InsuranceOverdue,
    InsuranceReminded,
    InsuranceRequired,
    QuoteOffered,
    QuotesCompared,
)
from shared.events.recovery import ProofRequested
from shared.events.seller_portal import CertificateSubmitted, InsurerRating
from shared.events.upstream import ClaimSubmitted
from shared.money import Currency
from shared.policy.model import Insurance


class Cover(Enum):
    """What a seller has to show for one marketplace when the demo begins."""

    VALID = "valid"
    DEFECTIVE = "defective"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    CANCELLED_LATER = "cancelled later"
    WANTS_QUOTES = "wants quotes"
    NONE = "none"


class Proves(Enum):
    """What a seller does when proof of insurance would waive a reimbursement."""

    IN_TIME = "in time"
    DEFECTIVE = "with a certificate that lacks something"
    TOO_LATE = "too late"
    NEVER = "never"


COVER: Final = {
    Cover.VALID: 58,
    Cover.DEFECTIVE: 10,
    Cover.LAPSED: 4,
    Cover.CANCELLED: 3,
    Cover.CANCELLED_LATER: 4,
    Cover.WANTS_QUOTES: 6,
    Cover.NONE: 15,
}
PROVES: Final = {Proves.IN_TIME: 45, Proves.DEFECTIVE: 6, Proves.TOO_LATE: 8, Proves.NEVER: 41}
ON_DUTY: Final = {"certificate": 25, "quotes": 35, "nothing": 40}
"""What an uninsured seller does when told that insurance is a duty."""
WHEN_REMINDED: Final = {"certificate": 10, "quotes": 15, "nothing": 75}
"""What one does who did nothing then, each time."""
WHEN_OVERDUE: Final = {"certificate": 35, "quotes": 25, "nothing": 40}
"""What one does who loses something by doing nothing."""
MENDS: Final = 0.5
RENEWS: Final = 0.5

INSURERS: Final = ("Meridian Mutual", "Oakline Insurance", "Harbour & Vale", "Nordsee Versicherung")
DEFECTS: Final = (
    *("basis", "limit", "aggregate", "deductible", "deductible not shown"),
    *("additional insured", "rating", "global handling", "notice"),
)
"""What can be wrong on paper; other defects are in names, currencies and dates."""


def defective(defect: str, rules: Insurance) -> dict[str, Any]:
    """What a certificate says wrongly, measured by the terms of its marketplace."""
    wrong: Mapping[str, Mapping[str, Any]] = {
        "basis": {"occurrence_basis": False},
        "limit": {"per_occurrence_minor": rules.min_per_occurrence_minor // 2},
        "aggregate": {"aggregate_minor": rules.min_aggregate_minor * 3 // 4},
        "deductible": {"deductible_minor": rules.max_deductible_minor * 5 // 2},
        "deductible not shown": {"deductible_minor": None},
        "additional insured": {"additional_insured": False},
        "rating": {"insurer_rating": InsurerRating.BELOW},
        "global handling": {"global_claims_handling": False},
        "notice": {"cancellation_notice_days": rules.min_cancellation_notice_days // 3},
    }
    return dict(wrong[defect])


class Certificates:
    """The insurance side of the seller portal. ``unanswered``: handed in at the start, no verdict heard yet."""

    name: ClassVar = "certificates"
    hears: ClassVar = frozenset[type[Event]](
        {
            *(CertificateAccepted, CertificateRejected, ProofRequested, CoverLapsed),
            *(InsuranceRequired, InsuranceReminded, InsuranceOverdue, QuoteOffered, QuotesCompared),
        }
    )

    def __init__(self, fate: Fate) -> None:
        self._fate, self._seed = fate, fate.seed
        self._answered: set[str] = set()
        self._opening: set[str] = set()
        self._mended: set[str] = set()
        self._shopper = Shopper(fate.seed)
        self._claims: dict[UUID, str] = {}

    @property
    def unanswered(self) -> set[str]:
        return self._opening - self._answered

    def opening(self, sellers: Mapping[str, Collection[str]], now: datetime) -> list[Saying]:
        """What these sellers hand in before the first claim, each for the marketplaces it sells on."""
        sayings: list[Saying] = []
        for seller_id in sorted(sellers):
            for marketplace in sorted(set(sellers[seller_id]) & set(CURRENCIES)):
                said = self._first(seller_id, marketplace, now)
                self._opening |= {
                    s.event.certificate_id for s in said if s.at == now and isinstance(s.event, CertificateSubmitted)
                }
                sayings += said
        return sayings

    def file(self, claim: ClaimSubmitted, at: datetime) -> list[Saying]:
        """The seller knows where he sold what a claim is about; currencies do not tell."""
        if claim.marketplace in CURRENCIES:
            self._claims[claim_id_of(claim.submission_id)] = claim.marketplace
        return []

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case CertificateAccepted():
                self._answered.add(event.certificate_id)
                return []
            case CertificateRejected():
                self._answered.add(event.certificate_id)
                return self._mend(event, envelope.time)
            case InsuranceRequired():
                return self._insure(event, envelope, ON_DUTY)
            case InsuranceReminded():
                return self._insure(event, envelope, WHEN_REMINDED)
            case InsuranceOverdue():
                return self._insure(event, envelope, WHEN_OVERDUE)
            case ProofRequested():
                return self._prove(event, envelope.time)
            case QuoteOffered():
                return self._shopper.take(event, envelope.time)
            case QuotesCompared():
                return self._shopper.choose(event, envelope.time)
            case CoverLapsed():
                return self._renew(event, envelope.time)
            case _:
                return []

    def cover(self, seller_id: str, marketplace: str) -> Cover:
        """What the seller has to show at the start."""
        return self._fate.decides(seller_id, self._chance(seller_id, marketplace, "cover"), COVER)

    def _chance(self, *about: object) -> Random:
        return chance(self._seed, self.name, *about)

    def _first(self, seller_id: str, marketplace: str, now: datetime) -> list[Saying]:
        luck, today = self._chance(seller_id, marketplace, "first"), now.date()
        match self.cover(seller_id, marketplace):
            case Cover.VALID:
                return say(now, self._certificate(seller_id, marketplace, today))
            case Cover.DEFECTIVE:
                return say(now, self._defective(seller_id, marketplace, today))
            case Cover.LAPSED:
                years_ago: dict[str, Any] = {
                    "valid_from": today - timedelta(days=500),
                    "valid_to": today - timedelta(days=40),
                }
                return say(now, self._certificate(seller_id, marketplace, today, **years_ago))
            case Cover.CANCELLED:
                cancelled: dict[str, Any] = {"cancelled_on": today - timedelta(days=luck.randint(1, 15))}
                return say(now, self._certificate(seller_id, marketplace, today, **cancelled))
            case Cover.CANCELLED_LATER:
                valid = self._certificate(seller_id, marketplace, today)
                at = now + after(luck, 12, 60)
                return [Saying(valid, now), Saying(valid.model_copy(update={"cancelled_on": at.date()}), at)]
            case Cover.WANTS_QUOTES:
                return say(now + after(luck, 0, 12), self._shopper.wish(seller_id, marketplace, "first", today))
            case Cover.NONE:
                return []

    def _certificate(
        self, seller_id: str, marketplace: str, today: date, purpose: str = "first", **changes: Any
    ) -> CertificateSubmitted:
        """A certificate with every term in order and far more than a year left, but for the changes."""
        luck, rules = self._chance(seller_id, marketplace, purpose, "terms"), rules_of(marketplace, today)
        valid_from = today - timedelta(days=luck.randint(20, 300))
        terms: dict[str, Any] = {
            "seller_id": seller_id,
            "certificate_id": self._number("coi", seller_id, marketplace, purpose),
            "marketplace": marketplace,
            "insured_name": business_name(self._seed, seller_id),
            "insurer": luck.choice(INSURERS),
            "insurer_rating": luck.choice((InsurerRating.A_OR_BETTER, InsurerRating.A_MINUS)),
            "occurrence_basis": True,
            "currency": CURRENCIES[marketplace],
            "per_occurrence_minor": rules.min_per_occurrence_minor * luck.choice((1, 1, 2, 5)),
            "aggregate_minor": rules.min_aggregate_minor * 5,
            "deductible_minor": rules.max_deductible_minor * luck.choice((0, 1, 2, 4)) // 4,
            "additional_insured": True,
            "global_claims_handling": True,
            "cancellation_notice_days": rules.min_cancellation_notice_days * luck.choice((1, 1, 2)),
            "valid_from": valid_from,
            "valid_to": today + timedelta(days=luck.randint(500, 900)),
            "issued_on": valid_from,
        }
        return CertificateSubmitted.model_validate(terms | changes)

    def _defective(self, seller_id: str, marketplace: str, today: date, purpose: str = "first") -> CertificateSubmitted:
        """A certificate with one to four things wrong."""
        luck = self._chance(seller_id, marketplace, purpose, "defects")
        changes: dict[str, Any] = {}
        for defect in luck.sample(DEFECTS, luck.choice((1, 1, 2, 3))):
            changes |= defective(defect, rules_of(marketplace, today))
        match luck.randrange(8):
            case 0:
                changes["insured_name"] = f"{business_name(self._seed, seller_id)} Holding"
            case 1:
                changes["currency"] = luck.choice([c for c in Currency if c is not CURRENCIES[marketplace]])
            case 2:
                changes["valid_to"] = today + timedelta(days=luck.randint(5, 50))
            case 3:
                changes |= {"valid_from": today, "valid_to": today - timedelta(days=365)}
            case _:
                pass
        return self._certificate(seller_id, marketplace, today, purpose, **changes)

    def _mend(self, rejected: CertificateRejected, at: datetime) -> list[Saying]:
        """One resubmission with everything mended, for the reply named every defect; or none at all."""
        seller_id, number = rejected.seller_id, rejected.certificate_id
        luck = self._chance(seller_id, number, "mends")
        if number in self._mended or rejected.marketplace not in CURRENCIES or luck.random() >= MENDS:
            return []
        at += after(luck, 2, 12)
        mended = self._certificate(seller_id, rejected.marketplace, at.date(), f"instead of {number}")
        self._mended.add(mended.certificate_id)
        return say(at, mended)

    def _insure(
        self,
        told: InsuranceRequired | InsuranceReminded | InsuranceOverdue,
        envelope: Envelope,
        shares: Mapping[str, float],
    ) -> list[Saying]:
        """What a seller without cover does when told of the duty, reminded of it, or told what follows.

        Only who has shown nothing yet: whoever shows defective or cancelled papers believes to be insured.
        """
        seller_id, marketplace = told.seller_id, told.marketplace
        if marketplace not in CURRENCIES or self.cover(seller_id, marketplace) is not Cover.NONE:
            return []
        purpose = f"{told.type_name()} {envelope.time.date()}"
        luck = self._chance(seller_id, marketplace, purpose)
        at = envelope.time + after(luck, 1, 25)
        match pick(luck, shares):
            case "certificate":
                return say(at, self._certificate(seller_id, marketplace, at.date(), purpose))
            case "quotes":
                return say(at, self._shopper.wish(seller_id, marketplace, purpose, at.date()))
            case _:
                return []

    def _prove(self, asked: ProofRequested, at: datetime) -> list[Saying]:
        """Proof names the month, so that a seller asked for several claims hands in one certificate."""
        marketplace, luck = self._claims.get(asked.claim_id), self._chance(asked.claim_id, "proof")
        if marketplace is None:
            return []
        month = at.date().replace(day=1)
        good = self._certificate(asked.seller_id, marketplace, month, f"proof {month}")
        match self._fate.decides(asked.claim_id, luck, PROVES):
            case Proves.IN_TIME:
                return say(between(luck, at, asked.prove_by, 0.05, 0.95), good)
            case Proves.TOO_LATE:
                return say(asked.prove_by + after(luck, 0.5, 5), good)
            case Proves.DEFECTIVE:
                bad = self._defective(asked.seller_id, marketplace, month, f"bad proof {month}")
                return say(between(luck, at, asked.prove_by, 0.05, 0.95), bad)
            case Proves.NEVER:
                return []

    def _renew(self, lapsed: CoverLapsed, at: datetime) -> list[Saying]:
        luck = self._chance(lapsed.seller_id, lapsed.marketplace, lapsed.lapsed_on, "renews")
        if lapsed.marketplace not in CURRENCIES or luck.random() >= RENEWS:
            return []
        at += after(luck, 1, 20)
        purpose = f"renewal {lapsed.lapsed_on}"
        return say(at, self._certificate(lapsed.seller_id, lapsed.marketplace, at.date(), purpose))

    def _number(self, prefix: str, *about: object) -> str:
        return f"{prefix}-{derived_id(self._seed, prefix, *about).hex[:14]}"
