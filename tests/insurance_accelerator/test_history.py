"""The claims history of a seller: given what is known, when this is heard, then this is known."""

from datetime import timedelta

from services.insurance_accelerator.history import claim_reported, lately
from shared.money import MINOR_MAX, Currency
from shared.policy import load
from shared.policy.model import CLAIMS_REMEMBERED
from shared.runtime import Decision
from tests.insurance_accelerator.given import TODAY, claim, known_seller, moment, unknown_seller, with_claims

US = load().version("US-1")
GB = load().of("GB")[0]


def test_an_accepted_claim_counts_with_what_was_admitted() -> None:
    seller = claim_reported(unknown_seller(), claim(admitted_minor=12_345), moment(0)).state
    assert lately(seller, US, moment(0)) == (1, 12_345)


def test_the_same_claim_counts_once() -> None:
    once = claim_reported(known_seller(), claim(), moment(0)).state
    assert claim_reported(once, claim(), moment(1)) == Decision(once)


def test_claims_on_another_marketplace_are_rated_there() -> None:
    seller = claim_reported(known_seller(), claim(marketplace="GB", currency=Currency.GBP), moment(0)).state
    assert lately(seller, US, moment(0)) == (0, 0)
    assert lately(seller, GB, moment(0)) == (1, 40_000)


def test_a_claim_is_forgotten_when_the_policy_no_longer_looks_back_so_far() -> None:
    seller = with_claims(known_seller(), 1)
    assert lately(seller, US, moment(364)).claims == 1
    assert lately(seller, US, moment(365)).claims == 0
    newer = claim(9, reported_on=TODAY + timedelta(days=300))
    assert len(claim_reported(seller, newer, moment(400)).state.claims) == 1


def test_a_claim_that_is_older_than_the_policy_looks_back_never_counts() -> None:
    seller = known_seller()
    assert claim_reported(seller, claim(reported_on=TODAY - timedelta(days=366)), moment(0)) == Decision(seller)


def test_claims_of_no_marketplace_or_in_another_currency_do_not_count() -> None:
    seller = known_seller()
    assert claim_reported(seller, claim(marketplace="ZZ"), moment(0)) == Decision(seller)
    assert claim_reported(seller, claim(currency=Currency.EUR), moment(0)) == Decision(seller)


def test_beyond_the_bound_the_claim_reported_first_is_forgotten() -> None:
    seller = with_claims(known_seller(), CLAIMS_REMEMBERED)
    newest = claim(99, reported_on=TODAY, admitted_minor=MINOR_MAX)
    heard = claim_reported(seller, newest, moment(0)).state
    assert len(heard.claims) == CLAIMS_REMEMBERED
    assert lately(heard, US, moment(0)) == (CLAIMS_REMEMBERED, MINOR_MAX)


def test_claims_elsewhere_do_not_make_those_of_a_marketplace_forgotten() -> None:
    seller = with_claims(known_seller(), 30)
    for number in range(30, 60):
        there = claim(number, marketplace="GB", currency=Currency.GBP)
        seller = claim_reported(seller, there, moment(0)).state
    assert [lately(seller, policy, moment(0)).claims for policy in (US, GB)] == [30, 30]


def test_the_bound_is_above_what_any_marketplace_lets_qualify() -> None:
    assert all(policy.insurance.max_claims_to_qualify < CLAIMS_REMEMBERED for policy in load().versions())


def test_a_seller_with_many_claims_is_still_small() -> None:
    assert len(with_claims(known_seller(), CLAIMS_REMEMBERED).model_dump_json()) < 2048
