"""Sellers and their insurance: what they have to show, mend, prove, wish for and choose."""

from collections import Counter
from collections.abc import Callable

import pytest

from ops.demo.outside.certificates import Certificates, Cover
from ops.demo.outside.directory import business_name
from ops.demo.outside.party import CURRENCIES
from shared.events.base import Event
from shared.events.insurance_accelerator import (
    AfterDuty,
    ComparedQuote,
    InsuranceOverdue,
    InsuranceReminded,
    QuotesCompared,
)
from shared.events.seller_portal import CertificateSubmitted, InsurerRating, QuoteChosen, QuotesWanted
from shared.money import Currency
from shared.policy import load
from tests.deciding import day
from tests.demo.given import (
    FATE,
    SEED,
    TODAY,
    answers,
    certificate_accepted,
    certificate_rejected,
    claim_ids,
    cover_lapsed,
    events,
    insurance_required,
    only,
    proof_requested,
    quote_offered,
    submission_ids,
    submitted,
)

SELLERS = [f"seller-{number:04d}" for number in range(400)]


def test_an_unknown_marketplace_has_no_certificates() -> None:
    assert not Certificates(FATE).opening({"seller-1": {"XX"}}, day(0))


# What sellers show


def certificates_of(cover: Cover, marketplace: str = "US") -> list[CertificateSubmitted]:
    portal = Certificates(FATE)
    sellers = {s: {marketplace} for s in SELLERS if portal.cover(s, marketplace) is cover}
    assert sellers, f"no seller's cover is {cover.value}"
    return only(CertificateSubmitted, portal.opening(sellers, day(0)))


@pytest.mark.parametrize("marketplace", sorted(CURRENCIES))
def test_most_certificates_meet_every_term_of_their_marketplace(marketplace: str) -> None:
    policy, valid = load().of(marketplace)[-1], certificates_of(Cover.VALID, marketplace)
    rules = policy.insurance
    assert len(valid) > len(SELLERS) * 0.45
    for shown in valid:
        assert shown.insured_name == business_name(SEED, shown.seller_id)
        assert shown.currency is policy.currency
        assert shown.valid_from < TODAY
        assert (shown.valid_to - TODAY).days > 365
        assert shown.per_occurrence_minor >= rules.min_per_occurrence_minor
        assert shown.aggregate_minor >= rules.min_aggregate_minor
        assert shown.deductible_minor is not None
        assert shown.deductible_minor <= rules.max_deductible_minor
        assert shown.insurer_rating in rules.ratings
        assert shown.cancellation_notice_days >= rules.min_cancellation_notice_days
        assert shown.occurrence_basis
        assert shown.additional_insured
        assert shown.global_claims_handling
        assert shown.cancelled_on is None
        assert shown.issued_on == shown.valid_from


@pytest.mark.parametrize("marketplace", ["US", "SE"])
def test_defective_ones_have_one_defect_or_several(marketplace: str) -> None:
    for shown in certificates_of(Cover.DEFECTIVE, marketplace):
        good = Certificates(FATE)._certificate(shown.seller_id, marketplace, TODAY)  # pyright: ignore[reportPrivateUsage]
        assert shown != good


def test_some_have_lapsed_and_some_are_cancelled_at_once_or_later() -> None:
    assert all(shown.valid_to < TODAY for shown in certificates_of(Cover.LAPSED))
    assert all(shown.cancelled_on and shown.cancelled_on < TODAY for shown in certificates_of(Cover.CANCELLED))
    later = certificates_of(Cover.CANCELLED_LATER)
    assert {shown.cancelled_on is None for shown in later} == {True, False}
    assert len({shown.certificate_id for shown in later}) * 2 == len(later)


def test_some_have_none() -> None:
    assert not certificates_of(Cover.NONE)


def test_it_knows_which_certificates_have_no_verdict_yet() -> None:
    portal = Certificates(FATE)
    first = only(CertificateSubmitted, portal.opening({s: {"US"} for s in SELLERS[:20]}, day(0)))
    assert portal.unanswered == {shown.certificate_id for shown in first}
    for number, shown in enumerate(first):
        verdict = certificate_accepted if number % 2 else certificate_rejected
        answers(portal, verdict(shown.seller_id, shown.certificate_id))
    assert not portal.unanswered


def test_half_of_the_rejected_are_mended_and_never_twice() -> None:
    portal = Certificates(FATE)
    mended = [answers(portal, certificate_rejected(s, f"coi-{s}")) for s in SELLERS]
    assert 0.4 < sum(map(bool, mended)) / len(mended) < 0.6
    for shown in only(CertificateSubmitted, [saying for each in mended for saying in each]):
        assert not answers(portal, certificate_rejected(shown.seller_id, shown.certificate_id))


def test_some_renew_a_cover_that_lapsed() -> None:
    renewed = [answers(Certificates(FATE), cover_lapsed(seller_id)) for seller_id in SELLERS]
    assert any(renewed)
    assert not all(renewed)


# Proof for a claim


def portal_with_claims(marketplace: str = "US", count: int = 400) -> Certificates:
    portal = Certificates(FATE)
    for submission_id in submission_ids(count):
        claim = submitted(submission_id).model_copy(update={"marketplace": marketplace})
        assert portal.file(claim, day(0)) == []
    return portal


def test_proof_is_given_in_time_too_late_or_never() -> None:
    portal = portal_with_claims()
    asked = [answers(portal, proof_requested(c, s)) for c, s in zip(claim_ids(), SELLERS, strict=True)]
    assert any(said and said[0].at < day(7) for said in asked)
    assert any(said and said[0].at > day(7) for said in asked)
    assert any(not said for said in asked)


def test_proof_is_for_the_marketplace_of_the_claim_though_others_have_its_currency() -> None:
    for marketplace in ("FR", "DE", "ES", "IT"):
        portal = portal_with_claims(marketplace, 20)
        shown = [
            e for c in claim_ids(20) for e in only(CertificateSubmitted, answers(portal, proof_requested(c, "s-1")))
        ]
        assert {each.marketplace for each in shown} == {marketplace}
        assert {each.currency for each in shown if each.insured_name == business_name(SEED, "s-1")} >= {Currency.EUR}


def test_nothing_is_proven_for_a_claim_that_nobody_filed() -> None:
    portal = Certificates(FATE)
    assert not any(answers(portal, proof_requested(claim_id, "seller-1")) for claim_id in claim_ids(40))


def test_a_seller_asked_for_several_proofs_shows_one_certificate() -> None:
    portal = portal_with_claims()
    shown = [e for c in claim_ids(50) for e in events(answers(portal, proof_requested(c, "seller-1")))]
    assert 1 <= len({e.model_dump_json() for e in shown}) <= 2


# The duty


def reminded(seller_id: str) -> InsuranceReminded:
    return InsuranceReminded(seller_id=seller_id, marketplace="US", insure_by=day(30).date())


def overdue(seller_id: str) -> InsuranceOverdue:
    return InsuranceOverdue(
        seller_id=seller_id, marketplace="US", insure_by=day(30).date(), follows=AfterDuty.HOLD_DISBURSEMENTS
    )


@pytest.mark.parametrize("told", [insurance_required, reminded, overdue])
def test_told_of_the_duty_some_of_the_uninsured_insure(
    told: Callable[[str], Event],
) -> None:
    portal = Certificates(FATE)
    said = [answers(portal, told(s)) for s in SELLERS if portal.cover(s, "US") is Cover.NONE]
    assert any(only(CertificateSubmitted, each) for each in said)
    assert any(only(QuotesWanted, each) for each in said)
    assert any(not each for each in said)
    insured = [answers(portal, told(s)) for s in SELLERS if portal.cover(s, "US") is Cover.VALID]
    assert not any(insured)


# Quotes


def wishes() -> list[QuotesWanted]:
    portal = Certificates(FATE)
    found = only(QuotesWanted, portal.opening({s: {"US", "SE"} for s in SELLERS}, day(0)))
    assert found
    return found


def test_sellers_wish_for_what_they_sell_and_not_all_for_the_same_cover() -> None:
    found = wishes()
    assert len({wish.hazard_class for wish in found}) >= 3
    assert any(wish.limit_minor is None for wish in found)
    assert any(wish.deductible_minor == 0 for wish in found)
    for wish in found:
        rules = load().of(wish.marketplace)[-1].insurance
        assert wish.limit_minor is None or wish.limit_minor >= rules.min_per_occurrence_minor
        assert wish.deductible_minor is None or wish.deductible_minor <= rules.max_deductible_minor


def compared(seller_id: str, *carriers: str) -> QuotesCompared:
    """The offers of ``quote_offered`` of these carriers, the first the cheapest; only the last is rated best."""
    offers = [
        ComparedQuote(
            **quote_offered(seller_id, carrier).model_dump(include=set(ComparedQuote.model_fields))
        ).model_copy(update={"premium_minor": 90_000 + number, "rating": InsurerRating.A_MINUS})
        for number, carrier in enumerate(carriers)
    ]
    if offers:
        offers[-1] = offers[-1].model_copy(update={"rating": InsurerRating.A_OR_BETTER})
    return QuotesCompared(
        seller_id=seller_id, request_id=f"rq-{seller_id}", currency=Currency.USD, offers=tuple(offers)
    )


def test_quotes_are_chosen_at_once_or_when_compared_too_late_or_not_at_all() -> None:
    portal, seen = Certificates(FATE), Counter[str]()
    for seller_id in SELLERS:
        at_once = [s for c in ("meridian", "oakline") for s in answers(portal, quote_offered(seller_id, c), day(1))]
        then = answers(portal, compared(seller_id, "meridian", "oakline"), day(3))
        assert all(isinstance(event, QuoteChosen) for event in events([*at_once, *then]))
        assert not (at_once and then)
        chosen = [choice.quote_id for choice in only(QuoteChosen, then)]
        seen["every"] += len(at_once) == 2
        seen["the first"] += len(at_once) == 1
        seen["the cheapest"] += chosen == [f"quote-meridian-{seller_id}"] and then[0].at <= day(20)
        seen["the best rated"] += chosen == [f"quote-oakline-{seller_id}"]
        seen["too late"] += bool(then) and then[0].at > day(20)
        seen["nothing"] += not at_once and not then
    assert len(+seen) == 6, seen
    assert seen["the cheapest"] > seen["the best rated"] > 0


def test_where_nobody_quoted_there_is_nothing_to_choose() -> None:
    portal = Certificates(FATE)
    assert not any(answers(portal, compared(seller_id)) for seller_id in SELLERS)


def test_the_same_offer_heard_twice_is_chosen_once() -> None:
    for seller_id in SELLERS[:80]:
        portal = Certificates(FATE)
        first = answers(portal, quote_offered(seller_id, "meridian"), day(1))
        again = answers(portal, quote_offered(seller_id, "meridian"), day(1))
        assert not again or events(again) == events(first)
