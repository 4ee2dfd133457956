"""The policies as shipped, and which version of them counts."""

from datetime import date

import pytest

from shared.policy import Policies, Policy, PolicyError, load

US = load().version("US-1")


def version(name: str, since: date) -> Policy:
    return US.model_copy(update={"version": name, "effective_from": since})


@pytest.mark.parametrize(
    ("marketplace", "currency", "launched_on", "duty_proceeds_minor"),
    [
        ("US", "USD", date(2021, 9, 1), 1_000_000),
        ("CA", "CAD", date(2024, 5, 1), 1_000_000),
        ("GB", "GBP", date(2024, 5, 1), 400_000),
        ("DE", "EUR", date(2024, 5, 1), 500_000),
    ],
)
def test_each_marketplace_has_its_own_currency_launch_and_duty(
    marketplace: str, currency: str, launched_on: date, duty_proceeds_minor: int
) -> None:
    policy = load().in_force(marketplace, date(2025, 6, 1))

    assert policy is not None
    assert (policy.currency, policy.eligibility.launched_on) == (currency, launched_on)
    assert policy.insurance.duty_proceeds_minor == duty_proceeds_minor


def test_only_britain_counts_the_days_since_the_purchase() -> None:
    within = {
        policy.marketplace: policy.eligibility.incident_within_days_of_purchase
        for policy in (load().in_force(name, date(2025, 6, 1)) for name in load().marketplaces())
        if policy is not None
    }
    assert within == {"US": None, "CA": None, "GB": 365, "DE": None}


@pytest.mark.parametrize(("inclusive", "small"), [(False, False), (True, True)])
def test_the_small_claim_line_itself_is_small_only_if_the_policy_says_so(inclusive: bool, small: bool) -> None:
    handling = US.handling.model_copy(update={"small_claim_line_inclusive": inclusive})
    policy = US.model_copy(update={"handling": handling})

    assert policy.is_small(100_000) is small
    assert policy.is_small(99_999)
    assert not policy.is_small(100_001)


def test_a_day_selects_the_version_in_force_on_it() -> None:
    policies = Policies([version("new", date(2025, 1, 1)), version("old", date(2024, 1, 1))])

    selected = [policies.in_force("US", day) for day in (date(2024, 12, 31), date(2025, 1, 1), date(2020, 1, 1))]

    assert [policy.version for policy in selected if policy] == ["old", "new", "old"]


def test_an_unknown_marketplace_has_no_policy() -> None:
    assert load().in_force("ZZ", date(2025, 6, 1)) is None


def test_two_versions_of_one_name_are_refused() -> None:
    with pytest.raises(PolicyError, match="a name of its own"):
        Policies([version("same", date(2024, 1, 1)), version("same", date(2025, 1, 1))])
