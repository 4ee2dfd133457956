"""Claims made up for the demo: realistic in their shares, the same for the same seed and day."""

from datetime import timedelta
from itertools import islice

import pytest

from ops.demo.claims import generate
from shared.events.claim import LossKind
from shared.events.upstream import ClaimSubmitted
from shared.money import Currency
from shared.policy import load
from tests.demo.given import SEED, TODAY


@pytest.fixture(scope="module")
def claims() -> list[ClaimSubmitted]:
    return list(generate(3000, SEED, TODAY))


def share(claims: list[ClaimSubmitted], wanted: list[ClaimSubmitted]) -> float:
    return len(wanted) / len(claims)


def test_the_same_seed_and_day_give_the_same_claims(claims: list[ClaimSubmitted]) -> None:
    assert list(islice(generate(3000, SEED, TODAY), 200)) == claims[:200]


def test_more_claims_begin_with_the_same_ones(claims: list[ClaimSubmitted]) -> None:
    assert list(generate(50, SEED, TODAY)) == claims[:50]


def test_another_seed_gives_other_claims(claims: list[ClaimSubmitted]) -> None:
    other = list(generate(200, SEED + 1, TODAY))
    assert not {claim.submission_id for claim in other} & {claim.submission_id for claim in claims}
    assert [claim.losses for claim in other] != [claim.losses for claim in claims[:200]]


def test_every_claim_reads_back_from_its_own_json(claims: list[ClaimSubmitted]) -> None:
    assert all(ClaimSubmitted.model_validate_json(claim.model_dump_json()) == claim for claim in claims)


def test_no_submission_id_comes_twice(claims: list[ClaimSubmitted]) -> None:
    assert len({claim.submission_id for claim in claims}) == len(claims)


def test_about_half_have_damage_to_property(claims: list[ClaimSubmitted]) -> None:
    damaged = [c for c in claims if any(loss.kind is LossKind.PROPERTY_DAMAGE for loss in c.losses)]
    assert 0.44 < share(claims, damaged) < 0.56


def test_about_four_of_five_are_under_a_thousand_units(claims: list[ClaimSubmitted]) -> None:
    small = [c for c in claims if sum(loss.amount_minor for loss in c.losses) < 100_000]
    assert 0.75 < share(claims, small) < 0.87


def test_some_are_above_every_authority_limit(claims: list[ClaimSubmitted]) -> None:
    large = [c for c in claims if sum(loss.amount_minor for loss in c.losses) > 1_000_000]
    assert 0.005 < share(claims, large) < 0.05


def test_all_marketplaces_of_the_policy_are_there(claims: list[ClaimSubmitted]) -> None:
    assert {claim.marketplace for claim in claims} == set(load().marketplaces())


def test_dates_are_those_of_the_weeks_before_today(claims: list[ClaimSubmitted]) -> None:
    usual = [c for c in claims if TODAY - timedelta(days=42) <= c.reported_on <= TODAY]
    assert share(claims, usual) > 0.98


def test_some_miss_each_window(claims: list[ClaimSubmitted]) -> None:
    late = [c for c in claims if (c.reported_on - c.incident_on).days > 90]
    assert 0.01 < share(claims, late) < 0.08
    assert any(c.incident_on < c.purchased_on for c in claims)
    assert any(c.reported_on < c.incident_on for c in claims)
    assert any(c.reported_on > TODAY + timedelta(days=1) for c in claims)
    assert any(c.marketplace == "GB" and (c.incident_on - c.purchased_on).days > 365 for c in claims)


def test_some_claimants_are_minors_and_some_injuries_serious(claims: list[ClaimSubmitted]) -> None:
    words = load().version("US-1").injuries.never_automatic_dispositions
    serious = [c for c in claims if c.injury and any(word in c.injury.disposition for word in words)]
    minors = [c for c in claims if c.claimant.age is not None and c.claimant.age < 18]
    assert 0.01 < share(claims, serious) < 0.08
    assert 0.05 < share(claims, minors) < 0.13


def test_a_few_tell_an_order_and_incident_again(claims: list[ClaimSubmitted]) -> None:
    incidents = {(c.order_id, c.incident_on, c.seller_id) for c in claims}
    assert 0.005 < 1 - len(incidents) / len(claims) < 0.03


def test_a_few_claimants_claim_one_incident_for_two_orders(claims: list[ClaimSubmitted]) -> None:
    orders: dict[tuple[str, str], set[str]] = {}
    for claim in claims:
        orders.setdefault((claim.claimant.id, str(claim.incident_on)), set()).add(claim.order_id)
    assert any(len(found) > 1 for found in orders.values())


def test_some_losses_and_products_are_excluded(claims: list[ClaimSubmitted]) -> None:
    rules = load().version("US-1").eligibility
    assert any(loss.kind not in rules.covered for c in claims for loss in c.losses)
    assert {c.product for c in claims} >= rules.excluded_products


def test_some_was_paid_already_and_some_is_in_another_currency(claims: list[ClaimSubmitted]) -> None:
    assert any(loss.already_paid_minor for c in claims for loss in c.losses)
    assert any(c.currency is not Currency.USD for c in claims if c.marketplace == "US")
