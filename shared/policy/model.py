"""What a policy says, and what must hold within one."""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from shared.events.claim import DocumentKind, LossKind
from shared.events.seller_portal import InsurerRating
from shared.money import Currency, Minor

Days = Annotated[int, Field(ge=0, le=3650)]
Words = tuple[Annotated[str, Field(min_length=3, pattern=r"^\S.*\S$")], ...]
"""Each is looked for inside a coded text, in any case; a word of one or two letters would be found everywhere."""

COVERABLE: Final = frozenset(
    {LossKind.PURCHASE_PRICE, LossKind.MEDICAL, LossKind.LOST_EARNINGS, LossKind.PROPERTY_DAMAGE}
)


class PolicyError(Exception):
    """A policy file is wrong; the text names file, line, field and cure, one problem per line."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DirectPay(StrEnum):
    """Which small claims are paid directly: those of a covered seller, or all."""

    IF_COVERED = "if_covered"
    ALWAYS = "always"


class WaiverCover(StrEnum):
    """Which cover waives the reimbursement of a small claim."""

    ON_PROOF = "on_proof"
    ON_INCIDENT = "on_incident"


class Eligibility(_Data):
    """Which claims are valid. Windows in calendar days; None: no such limit."""

    launched_on: date
    report_within_days: Days
    incident_within_days_of_purchase: Days | None = None
    covered: frozenset[LossKind]
    excluded_products: frozenset[str] = frozenset()
    papers: dict[LossKind, tuple[DocumentKind, ...]]
    """For each kind of loss, any one of these papers proves it."""
    dated: frozenset[LossKind] = frozenset()
    """Losses that only a paper with its date proves."""
    adult_age: Days
    papers_within_days: Days
    screening_days: Annotated[int, Field(ge=1, le=365)] = 15
    """How long the look across a claimant's claims may take before it is asked for again."""

    @field_validator("covered")
    @classmethod
    def _can_be_covered(cls, covered: frozenset[LossKind]) -> frozenset[LossKind]:
        if never := covered - COVERABLE:
            raise ValueError(f"{_names(never)} can never be covered; take it out")
        return covered

    @field_validator("papers")
    @classmethod
    def _prove_what_is_covered(
        cls, papers: dict[LossKind, tuple[DocumentKind, ...]], info: ValidationInfo
    ) -> dict[LossKind, tuple[DocumentKind, ...]]:
        covered: frozenset[LossKind] = info.data.get("covered", frozenset[LossKind]())
        if unproven := {kind for kind in covered if not papers.get(kind)}:
            raise ValueError(f"{_names(unproven)} is covered but no paper proves it; list at least one kind of paper")
        return papers


class Injuries(_Data):
    """Which injuries a person must look at before anything is paid. Matched on words of the coded fields."""

    never_automatic_dispositions: Words
    never_automatic_diagnoses: Words
    minors_never_automatic: bool


class Handling(_Data):
    """Lines, limits and timers of a running claim. Money in minor units of the policy's currency."""

    small_claim_line_minor: Minor
    small_claim_line_inclusive: bool
    direct_pay: DirectPay
    cap_minor: Minor
    comment_window_hours: Annotated[int, Field(ge=0, le=24 * 90)]
    seller_response_days: Days
    reminder_days: tuple[Days, ...]
    extension_days: Days
    resolving_days: Days
    insurer_response_days: Days
    customer_confirmation_days: Days
    review_days: Days
    authority_limit_minor: Minor
    approval_days: Days
    payout_attempts: Annotated[int, Field(ge=1, le=20)]
    payout_retry_days: Days

    @field_validator("reminder_days")
    @classmethod
    def _remind_in_time(cls, days: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        within = info.data.get("seller_response_days")
        if within is not None and any(day >= within for day in days):
            raise ValueError(f"a reminder must come before the {within} days to answer are over; give earlier days")
        return days


class Recovery(_Data):
    """How the seller is pursued after a payout."""

    waiver_cover: WaiverCover
    proof_days: Days
    debit_notice_days: Days
    debit_retry_days: Days
    write_off_days: Days


class Insurance(_Data):
    """The duty to insure, the terms of a certificate, and the Accelerator's times."""

    duty_proceeds_minor: Minor
    duty_days: Days
    min_per_occurrence_minor: Minor
    min_aggregate_minor: Minor
    max_deductible_minor: Minor
    ratings: frozenset[InsurerRating]
    min_cancellation_notice_days: Days
    min_days_left: Days
    quotes_within_days: Days
    max_claims_to_qualify: Annotated[int, Field(ge=0)]


class Policy(_Data):
    """One version of one marketplace's rules. ``version`` is what a claim carries for the rest of its life."""

    version: Annotated[str, Field(min_length=1, max_length=32)]
    marketplace: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    currency: Currency
    effective_from: date
    eligibility: Eligibility
    injuries: Injuries
    handling: Handling
    recovery: Recovery
    insurance: Insurance

    def is_small(self, amount_minor: int) -> bool:
        """Whether an amount in this policy's currency is on the small side of the line."""
        line = self.handling.small_claim_line_minor
        return amount_minor <= line if self.handling.small_claim_line_inclusive else amount_minor < line

    def days(self, count: int) -> timedelta:
        """A duration of this policy (calendar days)."""
        return timedelta(days=count)


class Policies:
    """All versions of all marketplaces."""

    def __init__(self, versions: list[Policy]) -> None:
        self._by_version = {p.version: p for p in versions}
        if len(self._by_version) != len(versions):
            raise PolicyError("two policies have the same version name: give each version a name of its own")
        self._by_marketplace: dict[str, list[Policy]] = {}
        for policy in sorted(versions, key=lambda p: p.effective_from):
            self._by_marketplace.setdefault(policy.marketplace, []).append(policy)

    def version(self, name: str) -> Policy:
        """The version a claim was accepted under. Raises KeyError for a name that never was."""
        return self._by_version[name]

    def in_force(self, marketplace: str, on: date) -> Policy | None:
        """The version in force on a day; the first one for days before it; None: no such marketplace."""
        versions = self._by_marketplace.get(marketplace)
        if not versions:
            return None
        started = [p for p in versions if p.effective_from <= on]
        return started[-1] if started else versions[0]

    def marketplaces(self) -> list[str]:
        return sorted(self._by_marketplace)


def _names(kinds: Iterable[LossKind]) -> str:
    return ", ".join(sorted(kinds))
