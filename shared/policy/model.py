"""What a policy says, and what must hold within one."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from hashlib import blake2b
from itertools import pairwise
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, available_timezones

import holidays
from holidays.registry import COUNTRIES
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.calendar import BusinessDays, after, in_words
from shared.events.claim import DocumentKind, LossKind, Signal
from shared.events.insurance_accelerator import AfterDuty
from shared.events.intake import HazardLevel
from shared.events.seller_portal import CoverKind, InsurerRating
from shared.money import Currency, Minor

MOST_DAYS: Final = 3650
CLAIMS_REMEMBERED: Final = 40
"""Of a seller's history on one marketplace; whoever has so many qualifies nowhere."""
_BUSINESS: Final = re.compile(r"(\d{1,4}) business days?")


def _wait(value: object) -> int:
    found = _BUSINESS.fullmatch(value) if isinstance(value, str) else None
    days = BusinessDays(found[1]) if found else value
    if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= MOST_DAYS:
        raise PydanticCustomError("wait", "is no number of days from 0 to {most}", {"most": MOST_DAYS})
    return days


def _some_wait(value: object) -> int:
    days = _wait(value)
    if days == 0:
        raise PydanticCustomError("wait", "must be at least 1 day: with 0 it would be over as soon as it begins")
    return days


def _as_written(days: int) -> int | str:
    return str(days) if isinstance(days, BusinessDays) else days


Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]
"""Calendar days between two dates."""
Wait = Annotated[int, PlainValidator(_wait), PlainSerializer(_as_written)]
"""Days on the clock: a number of calendar days, or ``"5 business days"``. Turned into a moment by ``Policy.after``."""
SomeWait = Annotated[int, PlainValidator(_some_wait), PlainSerializer(_as_written)]
"""A wait that is never nothing."""
Percent = Annotated[int, Field(ge=0, le=100)]
Words = tuple[Annotated[str, Field(min_length=3, pattern=r"^\S.*\S$")], ...]
"""Each is looked for inside a coded text, in any case; a word of one or two letters would be found everywhere."""

COVERABLE: Final = frozenset(
    {LossKind.PURCHASE_PRICE, LossKind.MEDICAL, LossKind.LOST_EARNINGS, LossKind.PROPERTY_DAMAGE}
)

_COUNTRIES: Final = frozenset(codes[1] for codes in COUNTRIES.values())
"""By their two letters. The library's own list imports all of them, an eighth of a second at every start."""
_zones: Final = cache(available_timezones)


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


class Calendar(_Data):
    """Where days begin, and which of them are business days (Monday to Friday, no public holiday)."""

    timezone: str
    holidays: str
    region: str | None = None
    """A part of the country with holidays of its own, by its ISO 3166-2 code without the country."""

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in _zones():
            raise ValueError(f"{name!r} is no time zone; write one such as Europe/Berlin")
        return name

    @field_validator("holidays")
    @classmethod
    def _has_holidays(cls, country: str) -> str:
        if country not in _COUNTRIES:
            raise ValueError(f"no holidays are known for {country!r}; write a country's two letters, such as DE")
        return country

    @field_validator("region")
    @classmethod
    def _is_a_region(cls, region: str | None, info: ValidationInfo) -> str | None:
        country = info.data.get("holidays")
        if region is None or country is None:
            return region
        regions = holidays.list_supported_countries()[country]
        if region not in regions:
            raise ValueError(f"{region!r} is no region of {country}; leave it out, or use one of {', '.join(regions)}")
        return region


class Letters(_Data):
    """``language``: that of a seller whose own we have no letters in."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]


class Reporting(_Data):
    """From ``since`` on, payments above ``over_minor`` per incident to a beneficiary of Medicare are reported."""

    since: date
    over_minor: Minor


class Eligibility(_Data):
    """Which claims are valid. Windows in calendar days; None: no such limit."""

    launched_on: date
    report_within_days: Days
    incident_within_years_of_purchase: Annotated[int, Field(ge=1, le=100)] | None = None
    """Years of the calendar: the same day of the last one is in time."""
    covered: frozenset[LossKind]
    """All other kinds of loss are excluded by name."""
    excluded_products: frozenset[str] = frozenset()
    papers: dict[LossKind, tuple[DocumentKind, ...]]
    """For each kind of loss, any one of these papers proves it."""
    dated: frozenset[LossKind] = frozenset()
    """Losses that only a paper with its date proves."""
    adult_age: Days
    guardian_papers: tuple[DocumentKind, ...]
    """Any one of these shows that somebody may act for an injured minor; empty: none is asked for."""
    estate_papers: tuple[DocumentKind, ...]
    """Any one of these shows that somebody may act for the estate of who has died; empty: none is asked for."""
    papers_within_days: Wait
    screening_days: Annotated[int, Field(ge=1, le=365)]
    """How long the look across a claimant's claims may take before it is asked for again."""
    acknowledge_days: Wait
    """Within so many days of the first notice the customer hears something."""
    reopen_days: Wait
    """How long after its end a claim can be reopened."""

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
    deaths: Words
    """Dispositions of who has died: an estate must act."""
    minors_never_automatic: bool
    reporting: tuple[Reporting, ...] = ()
    """Medicare (US only), the earliest first: whether somebody is a beneficiary is asked, never inferred from age."""

    @field_validator("reporting")
    @classmethod
    def _the_earliest_first(cls, rules: tuple[Reporting, ...]) -> tuple[Reporting, ...]:
        if any(earlier.since >= later.since for earlier, later in pairwise(rules)):
            raise ValueError("the thresholds are not in the order of their days; write the earliest first")
        return rules

    def reported_over(self, on: date) -> int | None:
        """The threshold in force on a day; None: nothing is reported."""
        in_force = [rule.over_minor for rule in self.reporting if rule.since <= on]
        return in_force[-1] if in_force else None


class Screening(_Data):
    """What looks like fraud. A sum of weights from ``investigate_at`` on sends a claim to special investigation."""

    weights: dict[Signal, Annotated[int, Field(ge=0, le=1000)]]
    investigate_at: Annotated[int, Field(ge=1)]
    within_days: Days
    """How far apart two claims may have been reported to be seen together."""
    claims_by_claimant: Annotated[int, Field(ge=2)]
    """So many of one claimant within the window are many."""
    claims_against_seller: Annotated[int, Field(ge=2)]
    """So many against one seller within the window are many."""
    under_line_percent: Percent
    """An amount so little under the small-claim line is just under it."""

    @field_validator("weights")
    @classmethod
    def _weighs_every_signal(cls, weights: dict[Signal, int]) -> dict[Signal, int]:
        if missing := set(Signal) - set(weights):
            raise ValueError(f"{', '.join(sorted(missing))} has no weight; write 0 for a signal that does not count")
        return weights


class Hazard(_Data):
    """Within the window so many claims about one product, or so many with a serious injury, reach this level."""

    level: HazardLevel
    within_days: Days
    claims: Annotated[int, Field(ge=1)]
    serious: Annotated[int, Field(ge=1)]


class Handling(_Data):
    """Lines, limits and timers of a running claim. Money in minor units of the policy's currency."""

    small_claim_line_minor: Minor
    small_claim_line_inclusive: bool
    direct_pay: DirectPay
    cap_minor: Minor
    comment_window_hours: Annotated[int, Field(ge=0, le=24 * 90)]
    seller_response_days: Wait
    reminder_days: tuple[Wait, ...]
    extension_days: Wait
    resolving_days: SomeWait
    insurer_response_days: SomeWait
    insurer_reminder_days: tuple[Wait, ...] = ()
    customer_confirmation_days: SomeWait
    review_days: SomeWait
    decide_days: Wait
    """Handling clock: a decision within so many days of proof; what takes longer is shown as overdue."""
    delay_notice_days: Wait
    """The customer hears of a delay whenever nothing was decided for so long."""
    authority_limit_minor: Minor
    """Above it, all rounds of a claim together, two people approve what is paid."""
    approval_days: SomeWait
    release_above_line: bool
    """Whether a release is signed before a claim above the line is paid; a purchase price alone never needs one."""
    release_days: SomeWait
    payout_attempts: Annotated[int, Field(ge=1, le=20)]
    payout_retry_days: SomeWait

    @field_validator("reminder_days", "insurer_reminder_days")
    @classmethod
    def _remind_in_time(cls, days: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        first = info.field_name == "reminder_days"
        within = info.data.get("seller_response_days" if first else "insurer_response_days")
        if within is None:
            return days
        for day in days:
            if isinstance(day, BusinessDays) is not isinstance(within, BusinessDays):
                raise ValueError(
                    f"a reminder after {in_words(day)} cannot be compared with the {in_words(within)} to answer, which "
                    "holidays make longer or shorter; count both in calendar days, or both in business days"
                )
            if day >= within:
                raise ValueError(
                    f"a reminder must come before the {in_words(within)} to answer are over; give earlier days"
                )
        return days


class Recovery(_Data):
    """How the seller, and his insurer, are pursued after a payout: the write-off comes after all waits for a debit."""

    waiver_cover: WaiverCover
    back_dated_cover: bool
    """Whether cover that was issued after an incident, from a day before it, counts for that incident."""
    proof_days: Wait
    insurer_demand_days: Wait
    """How long the seller's insurer has to pay before the seller is asked; 0: insurers are not asked."""
    debit_notice_days: Wait
    debit_retry_days: SomeWait
    appeal_days: Wait
    """How long a seller may appeal, from the debit notice (or the waiver) on, with new information."""
    dispute_days: SomeWait
    """By when an appeal or a dispute is decided."""
    write_off_days: Wait
    """So long after the payout (or the end of a dispute) the seller is pursued."""
    write_off_below_minor: Minor
    """What is not worth pursuing: written off at once."""

    @field_validator("write_off_days")
    @classmethod
    def _leave_time_to_ask(cls, days: int, info: ValidationInfo) -> int:
        names = ("proof_days", "insurer_demand_days", "debit_notice_days")
        before: list[int] = [info.data[name] for name in names if info.data.get(name)]
        if len({isinstance(wait, BusinessDays) for wait in (days, *before)}) > 1:
            raise ValueError(
                f"{in_words(days)} cannot be compared with the waits for a debit ({', '.join(map(in_words, before))}); "
                "count all of them in calendar days, or all in business days"
            )
        if days <= sum(before):
            raise ValueError(
                f"the seller would never be asked: {', '.join(names)} are {sum(before)} together; "
                f"write more than {sum(before)}"
            )
        return days


class Insurance(_Data):
    """The duty to insure, the terms of a certificate, and the Accelerator's times."""

    duty_proceeds_minor: Minor
    duty_days: Days
    duty_reminder_days: tuple[Days, ...]
    after_duty: AfterDuty
    """What follows for a seller who has not insured in time."""
    kinds: Annotated[frozenset[CoverKind], Field(min_length=1)]
    """Which kinds of policy a certificate may show."""
    min_per_occurrence_minor: Minor
    min_aggregate_minor: Minor
    max_deductible_minor: Minor
    ratings: frozenset[InsurerRating]
    min_cancellation_notice_days: Days
    min_days_left: Days
    quotes_within_days: SomeWait
    renewal_days: Days
    """So long before bound cover ends, quotes for its renewal are asked for."""
    max_claims_to_qualify: Annotated[int, Field(ge=0)]
    """So many accepted claims within ``claims_history_days`` at most, below ``CLAIMS_REMEMBERED``."""
    claims_history_days: Days

    @field_validator("max_claims_to_qualify")
    @classmethod
    def _can_be_exceeded(cls, claims: int) -> int:
        most = CLAIMS_REMEMBERED - 1
        if claims > most:
            raise ValueError(
                f"only a seller's last {CLAIMS_REMEMBERED} claims are remembered, so nobody is seen to have more than "
                f"{claims}; write {most} or less"
            )
        return claims

    @field_validator("duty_reminder_days")
    @classmethod
    def _remind_before_the_duty(cls, days: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        within = info.data.get("duty_days")
        if within is not None and any(day >= within for day in days):
            raise ValueError(f"a reminder must come before the {within} days to insure are over; give earlier days")
        return days


class Policy(_Data):
    """One version of one marketplace's rules. ``version`` is what a claim carries for the rest of its life."""

    version: Annotated[str, Field(min_length=1, max_length=32)]
    marketplace: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    currency: Currency
    effective_from: date
    calendar: Calendar
    letters: Letters
    eligibility: Eligibility
    injuries: Injuries
    screening: Screening
    hazards: tuple[Hazard, ...] = ()
    handling: Handling
    recovery: Recovery
    insurance: Insurance

    def is_small(self, amount_minor: int) -> bool:
        """Whether an amount in this policy's currency is on the small side of the line."""
        line = self.handling.small_claim_line_minor
        return amount_minor <= line if self.handling.small_claim_line_inclusive else amount_minor < line

    def after(self, moment: datetime, days: int) -> datetime:
        """So many days of this policy later: calendar days, or business days where the policy counts those."""
        calendar = self.calendar
        return after(moment, days, country=calendar.holidays, region=calendar.region, timezone=calendar.timezone)

    def wait(self, moment: datetime, days: int) -> timedelta:
        """How long so many days of this policy last from a moment on."""
        return self.after(moment, days) - moment

    def day_of(self, moment: datetime) -> date:
        """The date at this moment where the marketplace is."""
        return moment.astimezone(ZoneInfo(self.calendar.timezone)).date()

    def begin_of(self, day: date) -> datetime:
        """The moment, in UTC, at which a day begins where the marketplace is."""
        return datetime.combine(day, time.min, ZoneInfo(self.calendar.timezone)).astimezone(UTC)

    @property
    def fingerprint(self) -> str:
        """The same for the same rules, however the file is written."""
        return blake2b(_canonical(self.model_dump(mode="json")).encode(), digest_size=12).hexdigest()


def _canonical(value: Any) -> str:
    """One way of writing: sets have no order, and tables none either."""
    match value:
        case dict():
            return "{" + ",".join(f"{k}:{_canonical(v)}" for k, v in sorted(value.items())) + "}"  # pyright: ignore
        case list():
            return "[" + ",".join(sorted(map(_canonical, value))) + "]"  # pyright: ignore
        case _:
            return repr(value)


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

    def of(self, marketplace: str) -> list[Policy]:
        """All versions of a marketplace, the first in force first; none for one without rules."""
        return list(self._by_marketplace.get(marketplace, ()))

    def versions(self) -> list[Policy]:
        """All there are, marketplace by marketplace."""
        return [policy for marketplace in self.marketplaces() for policy in self.of(marketplace)]


def _names(kinds: Iterable[LossKind]) -> str:
    return ", ".join(sorted(kinds))
