"""How carriers rate: a pure function, and what must hold for every carrier and whatever is asked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.demo.carriers.rates import Rates, load
from ops.demo.carriers.rating import No, Price, rate
from ops.demo.outside.party import CURRENCIES
from shared.events.insurance_accelerator import QuotesRequested
from shared.events.seller_portal import ProductHazardClass
from shared.money import MINOR_MAX
from shared.policy import load as load_policies
from tests.deciding import day

CARRIERS = load()
MERIDIAN = CARRIERS["meridian"]


def asked(marketplace: str = "US", **changes: Any) -> QuotesRequested:
    """A year's proceeds of 240,000 dollars, nothing dangerous, no claims."""
    usual = QuotesRequested(
        seller_id="seller-1",
        request_id="rq-1",
        marketplace=marketplace,
        currency=CURRENCIES[marketplace],
        monthly_proceeds_minor=2_000_000,
        claims_so_far=0,
        reply_by=day(3),
        limit_minor=100_000_000,
        deductible_minor=0,
    )
    return usual.model_copy(update=changes)


def premium(rates: Rates, wanted: QuotesRequested) -> int:
    """In minor units; a refusal is dearer than any price."""
    rated = rate(rates, wanted)
    return rated.premium_minor if isinstance(rated, Price) else MINOR_MAX + 1


def why_not(rates: Rates, wanted: QuotesRequested) -> str:
    rated = rate(rates, wanted)
    assert isinstance(rated, No)
    return rated.reason


# By hand


def test_the_price_is_the_product_of_its_factors() -> None:
    by_hand = 24_000_000 * 48 // 10_000 * 130 // 100
    rated = rate(MERIDIAN, asked())
    assert rated == Price(premium_minor=by_hand, per_occurrence_minor=100_000_000, deductible_minor=0)
    assert by_hand == 149_760


def test_each_part_of_the_proceeds_has_its_own_rate() -> None:
    year = 12 * 5_000_000
    by_hand = 25_000_000 * 48 // 10_000 + (year - 25_000_000) * 40 // 10_000
    assert premium(MERIDIAN, asked(monthly_proceeds_minor=5_000_000)) == by_hand * 130 // 100


def test_claims_load_the_price_by_their_number_and_by_what_they_came_to() -> None:
    one = asked(claims_so_far=1, claims_minor=240_000)
    assert premium(MERIDIAN, one) == pytest.approx(149_760 * (1 + 0.06 + 0.12), abs=1)


def test_nobody_pays_less_than_the_minimum() -> None:
    assert premium(MERIDIAN, asked(monthly_proceeds_minor=1)) == 60_000


def test_a_price_is_in_the_currency_asked_for() -> None:
    in_pesos = rate(MERIDIAN, asked("MX", monthly_proceeds_minor=40_000_000, limit_minor=2_000_000_000))
    in_dollars = rate(MERIDIAN, asked())
    assert isinstance(in_pesos, Price)
    assert isinstance(in_dollars, Price)
    assert in_pesos.premium_minor == pytest.approx(in_dollars.premium_minor * 20 * 105 / 130, abs=2)
    assert in_pesos.per_occurrence_minor == 2_000_000_000


def test_where_nothing_is_wished_for_it_is_the_lowest_limit_and_no_deductible() -> None:
    rated = rate(MERIDIAN, asked(limit_minor=None, deductible_minor=None))
    assert rated == rate(MERIDIAN, asked())


@pytest.mark.parametrize(
    ("carrier", "wanted", "reason"),
    [
        ("oakline", asked(hazard_class=ProductHazardClass.SEVERE), "no products of the class severe"),
        ("nordsee", asked("US"), "nobody on US"),
        ("oakline", asked(claims_so_far=7), "more than 6 claims"),
        ("oakline", asked(claims_so_far=1, claims_minor=1_000_000), "more than 4 %"),
        ("oakline", asked(monthly_proceeds_minor=30_000_000), "at most 3,000,000.00 USD a year"),
        ("oakline", asked(limit_minor=300_000_001), "at most 3,000,000.00 USD per occurrence"),
        ("oakline", asked(monthly_proceeds_minor=0, claims_so_far=1, claims_minor=1), "more than 4 %"),
    ],
)
def test_a_carrier_says_why_it_does_not_quote(carrier: str, wanted: QuotesRequested, reason: str) -> None:
    assert reason in why_not(CARRIERS[carrier], wanted)


def test_carriers_have_different_appetites() -> None:
    safe, risky = asked(), asked(hazard_class=ProductHazardClass.HIGH, claims_so_far=5)
    assert premium(CARRIERS["oakline"], safe) < premium(CARRIERS["meridian"], safe)
    assert premium(CARRIERS["harbour"], risky) < premium(CARRIERS["meridian"], risky)
    assert premium(CARRIERS["meridian"], risky) < premium(CARRIERS["oakline"], risky)


@pytest.mark.parametrize("marketplace", load_policies().marketplaces())
def test_an_ordinary_seller_is_quoted_by_two_carriers_at_least_on_every_marketplace(marketplace: str) -> None:
    policy = load_policies().of(marketplace)[-1]
    wanted = asked(
        marketplace,
        monthly_proceeds_minor=policy.insurance.duty_proceeds_minor * 2,
        limit_minor=policy.insurance.min_per_occurrence_minor,
        deductible_minor=policy.insurance.max_deductible_minor,
    )
    rated = [rate(carrier, wanted) for carrier in CARRIERS.values()]
    assert sum(isinstance(each, Price) for each in rated) >= 2
    for each in rated:
        if isinstance(each, Price):
            assert each.per_occurrence_minor >= policy.insurance.min_per_occurrence_minor
            assert each.deductible_minor <= policy.insurance.max_deductible_minor


# Whatever is asked

RATES = st.sampled_from(list(CARRIERS.values()))
MARKETPLACES = st.sampled_from(sorted(CURRENCIES))
AMOUNTS = st.one_of(st.integers(0, 5_000_000_000), st.sampled_from([0, 100_000_000, 250_000, 1_000_000, MINOR_MAX]))
FEW = st.integers(0, 30)
ASKED = st.builds(
    asked,
    MARKETPLACES,
    hazard_class=st.sampled_from(ProductHazardClass),
    monthly_proceeds_minor=AMOUNTS,
    claims_so_far=FEW,
    claims_minor=AMOUNTS,
    limit_minor=st.one_of(st.none(), AMOUNTS),
    deductible_minor=st.one_of(st.none(), AMOUNTS),
)


@given(RATES, ASKED)
def test_every_price_is_one_that_can_be_said_and_every_no_has_its_reason(rates: Rates, wanted: QuotesRequested) -> None:
    rated = rate(rates, wanted)
    if isinstance(rated, No):
        assert 0 < len(rated.reason) <= 200
    else:
        assert rates.minimum_premium_minor * rates.scale[wanted.currency] // 100 <= rated.premium_minor <= MINOR_MAX
        assert wanted.limit_minor in {None, rated.per_occurrence_minor}
        assert rated.deductible_minor == (wanted.deductible_minor or 0)


@given(RATES, ASKED, FEW)
def test_more_claims_are_never_cheaper(rates: Rates, wanted: QuotesRequested, more: int) -> None:
    riskier = wanted.model_copy(update={"claims_so_far": wanted.claims_so_far + more})
    assert premium(rates, wanted) <= premium(rates, riskier)


@given(RATES, ASKED, AMOUNTS)
def test_a_larger_loss_is_never_cheaper(rates: Rates, wanted: QuotesRequested, more: int) -> None:
    riskier = wanted.model_copy(update={"claims_minor": wanted.claims_minor + more})
    assert premium(rates, wanted) <= premium(rates, riskier)


@given(RATES, ASKED, AMOUNTS, AMOUNTS)
def test_a_higher_limit_is_never_cheaper(rates: Rates, wanted: QuotesRequested, one: int, other: int) -> None:
    low, high = (wanted.model_copy(update={"limit_minor": limit}) for limit in sorted((one, other)))
    assert premium(rates, low) <= premium(rates, high)


@given(RATES, ASKED, AMOUNTS, AMOUNTS)
def test_a_higher_deductible_is_never_dearer(rates: Rates, wanted: QuotesRequested, one: int, other: int) -> None:
    low, high = (wanted.model_copy(update={"deductible_minor": most}) for most in sorted((one, other)))
    assert premium(rates, low) >= premium(rates, high)


@given(RATES, ASKED, AMOUNTS)
def test_earning_more_is_never_cheaper_where_there_was_no_loss(
    rates: Rates, wanted: QuotesRequested, more: int
) -> None:
    wanted = wanted.model_copy(update={"claims_minor": 0})
    richer = wanted.model_copy(update={"monthly_proceeds_minor": wanted.monthly_proceeds_minor + more})
    assert premium(rates, wanted) <= premium(rates, richer)
