"""The policies as shipped, and which version of them counts."""

from datetime import UTC, date, datetime
from typing import NamedTuple

import pytest

from shared.calendar import BusinessDays
from shared.events.seller_portal import CoverKind
from shared.policy import Policies, Policy, PolicyError, load
from shared.policy.model import DirectPay, WaiverCover

US = load().version("US-1")
NEWEST = date(2025, 6, 1)


class Figures(NamedTuple):
    """What differs from one marketplace to the next; amounts in minor units."""

    currency: str
    effective_from: date
    line: int
    inclusive: bool
    cap: int
    authority: int
    duty: int
    per_occurrence: int
    deductible: int
    written_off_below: int
    language: str
    holidays: str
    timezone: str


US_DAY, DAY = date(2021, 9, 1), date(2024, 5, 1)
M, K = 100_000_000, 100_000
"""A million and a thousand, in minor units."""
PINNED = {
    "CA": Figures("CAD", DAY, K, False, M, 10 * K, 10 * K, M, 10 * K, 500, "en", "CA", "America/Toronto"),
    "DE": Figures("EUR", DAY, K, False, M, 10 * K, 5 * K, M, 10 * K, 500, "de", "DE", "Europe/Berlin"),
    "ES": Figures("EUR", DAY, K, False, M, 10 * K, 5 * K, M, 10 * K, 500, "es", "ES", "Europe/Madrid"),
    "FR": Figures("EUR", DAY, K, False, M, 10 * K, 5 * K, M, 10 * K, 500, "fr", "FR", "Europe/Paris"),
    "GB": Figures("GBP", DAY, K, False, M, 10 * K, 4 * K, M, 10 * K, 500, "en", "GB", "Europe/London"),
    "IT": Figures("EUR", DAY, K, False, M, 10 * K, 5 * K, M, 10 * K, 500, "it", "IT", "Europe/Rome"),
    "MX": Figures(
        "MXN", DAY, 20 * K, False, 20 * M, 200 * K, 100 * K, 20 * M, 200 * K, 10_000, "es", "MX", "America/Mexico_City"
    ),
    "PL": Figures(
        "PLN", DAY, 4 * K, False, 4 * M, 40 * K, 2_250_000, 4 * M, 40 * K, 2_000, "pl", "PL", "Europe/Warsaw"
    ),
    "SE": Figures(
        "SEK", DAY, 10 * K, False, 10 * M, 100 * K, 50 * K, 10 * M, 100 * K, 5_000, "sv", "SE", "Europe/Stockholm"
    ),
    "US": Figures("USD", US_DAY, K, False, M, 10 * K, 10 * K, M, 10 * K, 500, "en", "US", "America/New_York"),
}


def figures(policy: Policy) -> Figures:
    handling, insurance = policy.handling, policy.insurance
    return Figures(
        policy.currency,
        policy.effective_from,
        handling.small_claim_line_minor,
        handling.small_claim_line_inclusive,
        handling.cap_minor,
        handling.authority_limit_minor,
        insurance.duty_proceeds_minor,
        insurance.min_per_occurrence_minor,
        insurance.max_deductible_minor,
        policy.recovery.write_off_below_minor,
        policy.letters.language,
        policy.calendar.holidays,
        policy.calendar.timezone,
    )


def in_force(marketplace: str) -> Policy:
    policy = load().in_force(marketplace, NEWEST)
    assert policy is not None
    return policy


def version(name: str, since: date) -> Policy:
    return US.model_copy(update={"version": name, "effective_from": since})


def test_the_figures_of_all_marketplaces() -> None:
    assert {name: figures(in_force(name)) for name in load().marketplaces()} == PINNED


def test_every_marketplace_is_launched_when_its_first_version_is_in_force() -> None:
    for name in load().marketplaces():
        first = load().of(name)[0]
        assert first.eligibility.launched_on == first.effective_from, name


def test_only_britain_counts_from_the_purchase() -> None:
    within = {name: in_force(name).eligibility.incident_within_years_of_purchase for name in load().marketplaces()}
    assert within == dict.fromkeys(load().marketplaces()) | {"GB": 1}


def test_only_the_united_states_report_to_medicare() -> None:
    over = {name: in_force(name).injuries.reported_over(NEWEST) for name in load().marketplaces()}
    assert over == dict.fromkeys(load().marketplaces()) | {"US": 75_000}


def test_sweden_answers_in_business_days_and_everybody_else_in_a_week() -> None:
    days = {name: in_force(name).handling.seller_response_days for name in load().marketplaces()}
    assert days == dict.fromkeys(load().marketplaces(), 7) | {"SE": 5}
    assert [name for name, number in days.items() if isinstance(number, BusinessDays)] == ["SE"]


def test_payouts_are_tried_again_on_business_days_in_the_latin_south() -> None:
    counted = [n for n in load().marketplaces() if isinstance(in_force(n).handling.payout_retry_days, BusinessDays)]
    assert counted == ["ES", "FR", "IT"]


def test_what_the_public_pages_say_is_the_same_everywhere() -> None:
    for policy in map(in_force, load().marketplaces()):
        handling, recovery, eligibility = policy.handling, policy.recovery, policy.eligibility
        assert eligibility.report_within_days == 90
        assert (recovery.proof_days, recovery.appeal_days) == (7, 30)
        assert recovery.waiver_cover is WaiverCover.ON_PROOF
        assert handling.direct_pay is DirectPay.IF_COVERED
        assert policy.insurance.min_days_left == 60
        assert policy.insurance.kinds == set(CoverKind) - {CoverKind.OTHER}
        assert policy.insurance.duty_days == 30


@pytest.mark.parametrize(("inclusive", "small"), [(False, False), (True, True)])
def test_the_small_claim_line_itself_is_small_only_if_the_policy_says_so(inclusive: bool, small: bool) -> None:
    handling = US.handling.model_copy(update={"small_claim_line_inclusive": inclusive})
    policy = US.model_copy(update={"handling": handling})

    assert policy.is_small(100_000) is small
    assert policy.is_small(99_999)
    assert not policy.is_small(100_001)


def test_the_day_is_that_of_the_marketplace() -> None:
    night = datetime(2025, 6, 2, 3, 30, tzinfo=UTC)
    days = {name: in_force(name).day_of(night).day for name in ("US", "GB")}
    assert days == {"US": 1, "GB": 2}


def test_a_day_selects_the_version_in_force_on_it() -> None:
    policies = Policies([version("new", date(2025, 1, 1)), version("old", date(2024, 1, 1))])

    selected = [policies.in_force("US", day) for day in (date(2024, 12, 31), date(2025, 1, 1), date(2020, 1, 1))]

    assert [policy.version for policy in selected if policy] == ["old", "new", "old"]
    assert [policy.version for policy in policies.of("US")] == ["old", "new"]


def test_an_unknown_marketplace_has_no_policy() -> None:
    assert load().in_force("ZZ", NEWEST) is None
    assert load().of("ZZ") == []


def test_two_versions_of_one_name_are_refused() -> None:
    with pytest.raises(PolicyError, match="a name of its own"):
        Policies([version("same", date(2024, 1, 1)), version("same", date(2025, 1, 1))])


def test_a_fingerprint_is_of_the_rules_and_not_of_how_they_are_written() -> None:
    eligibility = US.eligibility.model_copy(update={"covered": frozenset(sorted(US.eligibility.covered, reverse=True))})
    assert US.model_copy(update={"eligibility": eligibility}).fingerprint == US.fingerprint
    assert Policy.model_validate_json(US.model_dump_json()).fingerprint == US.fingerprint
    assert len({policy.fingerprint for policy in load().versions()}) == len(load().versions())


@pytest.mark.parametrize("days", [7, BusinessDays(6)])
def test_a_fingerprint_tells_calendar_days_from_business_days(days: int) -> None:
    handling = US.handling.model_copy(update={"resolving_days": days})
    other = BusinessDays(days) if days == 7 else int(days)
    changed = handling.model_copy(update={"resolving_days": other})
    one, two = (US.model_copy(update={"handling": each}) for each in (handling, changed))
    assert one.fingerprint != two.fingerprint


def test_a_policy_comes_back_from_json_as_it_was() -> None:
    for policy in load().versions():
        again = Policy.model_validate_json(policy.model_dump_json())
        assert again == policy
        assert again.handling.model_dump_json() == policy.handling.model_dump_json()
