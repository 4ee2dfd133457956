"""Claims made up for the demo: realistic in their shares, the same for the same seed and day."""

from collections import Counter
from datetime import timedelta
from itertools import islice

import pytest

from ops.demo.claims import generate, planted, spoilt
from ops.demo.directed import DIRECTED, directed, written
from ops.demo.luck import Fate
from ops.demo.outside.certificates import Certificates, Cover
from ops.demo.outside.party import CURRENCIES
from ops.demo.rings import BLOCK, Ring, compared, ring_in
from ops.demo.routes import ROUTES
from ops.demo.scenes import SCENES
from shared.events.claim import LossKind
from shared.events.upstream import ClaimSubmitted
from shared.money import Currency
from shared.policy import load
from tests.demo.given import SEED, TODAY


@pytest.fixture(scope="module")
def claims() -> list[ClaimSubmitted]:
    """Those that are not directed."""
    return list(islice(generate(3000 + DIRECTED, SEED, TODAY), DIRECTED, None))


def share(claims: list[ClaimSubmitted], wanted: list[ClaimSubmitted]) -> float:
    return len(wanted) / len(claims)


def test_the_same_seed_and_day_give_the_same_claims(claims: list[ClaimSubmitted]) -> None:
    assert list(islice(generate(3000, SEED, TODAY), DIRECTED, DIRECTED + 200)) == claims[:200]


def test_more_claims_begin_with_the_same_ones(claims: list[ClaimSubmitted]) -> None:
    assert list(generate(DIRECTED + 50, SEED, TODAY))[DIRECTED:] == claims[:50]


def test_another_seed_gives_other_claims(claims: list[ClaimSubmitted]) -> None:
    other = list(generate(DIRECTED + 200, SEED + 1, TODAY))[DIRECTED:]
    assert not {claim.submission_id for claim in other} & {claim.submission_id for claim in claims}
    assert [claim.losses for claim in other] != [claim.losses for claim in claims[:200]]


def test_every_claim_reads_back_from_its_own_json(claims: list[ClaimSubmitted]) -> None:
    assert all(ClaimSubmitted.model_validate_json(claim.model_dump_json()) == claim for claim in claims)


def test_no_submission_id_comes_twice(claims: list[ClaimSubmitted]) -> None:
    assert len({claim.submission_id for claim in claims}) == len(claims)


def test_about_half_have_damage_to_property(claims: list[ClaimSubmitted]) -> None:
    damaged = [c for c in claims if any(loss.kind is LossKind.PROPERTY_DAMAGE for loss in c.losses)]
    assert 0.44 < share(claims, damaged) < 0.56


def line(claim: ClaimSubmitted) -> int:
    policy = load().in_force(claim.marketplace, TODAY)
    assert policy is not None
    return policy.handling.small_claim_line_minor


def test_about_four_of_five_are_under_the_line_of_their_marketplace(claims: list[ClaimSubmitted]) -> None:
    for marketplace in load().marketplaces():
        there = [c for c in claims if c.marketplace == marketplace]
        small = [c for c in there if sum(loss.amount_minor for loss in c.losses) < line(c)]
        assert 0.7 < share(there, small) < 0.95, marketplace


def test_some_are_above_every_authority_limit(claims: list[ClaimSubmitted]) -> None:
    large = [c for c in claims if sum(loss.amount_minor for loss in c.losses) > 10 * line(c)]
    assert 0.005 < share(claims, large) < 0.05


def test_all_marketplaces_of_the_policy_are_there_in_their_currency(claims: list[ClaimSubmitted]) -> None:
    assert {claim.marketplace for claim in claims} == set(load().marketplaces()) == set(CURRENCIES)
    usual = [c for c in claims if c.currency is CURRENCIES[c.marketplace]]
    assert 0.98 < share(claims, usual) < 1
    for marketplace in load().marketplaces():
        policy = load().in_force(marketplace, TODAY)
        assert policy is not None
        assert policy.currency is CURRENCIES[marketplace]


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


def test_some_injured_are_minors_and_some_injuries_serious(claims: list[ClaimSubmitted]) -> None:
    words = load().version("US-1").injuries.never_automatic_dispositions
    serious = [c for c in claims if c.injury and any(word in c.injury.disposition for word in words)]
    ages = [(c.injured or c.claimant).age for c in claims]
    assert 0.01 < share(claims, serious) < 0.08
    assert 0.05 < sum(age is not None and age < 18 for age in ages) / len(claims) < 0.13


def test_for_a_child_mostly_an_adult_claims_and_for_the_dead_somebody_else(claims: list[ClaimSubmitted]) -> None:
    children = [c for c in claims if c.injury and (c.injured or c.claimant).age is not None]
    children = [c for c in children if ((c.injured or c.claimant).age or 0) < 18]
    by_adults = [c for c in children if c.injured and (c.claimant.age or 0) >= 18]
    assert 0.6 < share(children, by_adults) < 1
    dead = [c for c in claims if c.injury and c.injury.disposition == "fatality"]
    assert dead
    assert all(c.injured and c.payee and c.payee.startswith("estate-") for c in dead)


def test_some_have_liens_other_payees_and_things_not_in_hand(claims: list[ClaimSubmitted]) -> None:
    assert 0.005 < share(claims, [c for c in claims if c.liens]) < 0.04
    assert 0.01 < share(claims, [c for c in claims if c.payee]) < 0.08
    assert any(c.delivered_on and c.delivered_on > c.incident_on for c in claims)
    assert any(c.returned_on and c.returned_on < c.incident_on for c in claims)
    assert any(loss.guardians for c in claims for loss in c.losses)


def test_some_americans_say_at_once_whether_they_are_beneficiaries(claims: list[ClaimSubmitted]) -> None:
    told = {(c.marketplace, c.claimant.beneficiary) for c in claims}
    assert {("US", True), ("US", False), ("US", None)} <= told
    assert {marketplace for marketplace, said in told if said is not None} == {"US"}


def test_a_few_tell_an_order_and_incident_again(claims: list[ClaimSubmitted]) -> None:
    incidents = {(c.order_id, c.incident_on, c.seller_id) for c in claims}
    assert 0.005 < 1 - len(incidents) / len(claims) < 0.05


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


def test_a_few_are_spoilt_on_their_way(claims: list[ClaimSubmitted]) -> None:
    assert 0 < share(claims, [c for c in claims if spoilt(SEED, c)]) < 0.006


def test_rings_are_planted_among_the_claims(claims: list[ClaimSubmitted]) -> None:
    everything = {claim.submission_id: claim for claim in (*generate(DIRECTED, SEED, TODAY), *claims)}
    fraud = planted(len(everything), SEED)
    assert 0.02 < len(fraud) / len(everything) < 0.04
    rings = [ring_in(SEED, block, DIRECTED) for block in range(len(everything) // BLOCK)]
    assert set(Counter(ring.ring for ring in rings)) == set(Ring)
    for ring in rings:
        members = [everything[f"demo-{SEED}-{number:07d}"] for number in ring.members]
        assert len({claim.claimant.id for claim in members}) == len(members)
        assert len({claim.seller_id for claim in members}) == 1
        one_order, one_payee = len({c.order_id for c in members}) == 1, len({c.payee for c in members}) == 1
        assert one_order == (ring.ring in {Ring.ORDER, Ring.PAYEE_AND_ORDER})
        assert (one_payee and members[0].payee is not None) == (ring.ring in {Ring.PAYEE, Ring.PAYEE_AND_ORDER})
        assert (len({claim.losses for claim in members}) == 1) == (ring.ring is Ring.PAPERS)
        just_under = [0.97 * line(c) <= sum(loss.amount_minor for loss in c.losses) < line(c) for c in members]
        assert all(just_under) == (ring.ring is not Ring.PAPERS)


def test_how_well_fraud_was_found_is_precision_and_recall() -> None:
    found = compared(["a", "b", "c", "d"], ["b", "c", "x"])
    assert (found.found, found.precision, found.recall) == (2, 0.667, 0.5)
    nothing = compared([], [])
    assert (nothing.precision, nothing.recall) == (None, None)


def test_every_named_route_has_a_scene_and_every_scene_a_route() -> None:
    assert {scene.route for scene in SCENES} == set(ROUTES)


def test_a_directed_claim_has_a_seller_of_its_own_insured_or_not() -> None:
    certificates = Certificates(Fate(SEED, written(SEED)))
    for number, scene in enumerate(SCENES):
        claim = directed(SEED, number, TODAY)
        if scene.again:
            continue
        wanted = Cover.VALID if scene.insured else Cover.NONE
        assert certificates.cover(claim.seller_id, claim.marketplace) is wanted
        assert set(scene.seller) <= set(written(SEED)[claim.seller_id])


def test_a_scene_that_is_told_again_is_the_same_story_under_another_number() -> None:
    for number, scene in enumerate(SCENES):
        if scene.again:
            before, again = directed(SEED, number - 1, TODAY), directed(SEED, number, TODAY)
            assert before.submission_id != again.submission_id
            assert (before.claimant == again.claimant) == (not scene.claim)
            assert before.seller_id == again.seller_id
