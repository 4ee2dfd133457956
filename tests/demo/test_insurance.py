"""Directory, certificates, carriers: what sellers have to show, mend, prove, want and choose."""

from collections import Counter

from ops.demo.outside.carriers import Carriers
from ops.demo.outside.certificates import CARRIERS, Certificates, Cover
from ops.demo.outside.directory import Directory, business_name
from shared.events.carriers import CarrierDeclined, CarrierQuoted, PolicyIssued
from shared.events.marketplace import SellerProceedsReported, SellerRegistered
from shared.events.seller_portal import CertificateSubmitted, QuoteChosen, QuotesWanted
from shared.policy import load
from tests.deciding import day
from tests.demo.given import (
    SEED,
    TODAY,
    answers,
    bind_requested,
    certificate_accepted,
    certificate_rejected,
    claim_ids,
    cover_lapsed,
    events,
    heard,
    insurance_required,
    only,
    proof_requested,
    quote_offered,
    quotes_requested,
)

SELLERS = [f"seller-{number:04d}" for number in range(400)]
EVERYWHERE = {seller_id: {"US", "DE"} for seller_id in SELLERS}


def test_every_seller_is_registered_and_earns_on_each_marketplace() -> None:
    said = Directory(SEED).opening(EVERYWHERE, day(0))
    assert {profile.seller_id for profile in only(SellerRegistered, said)} == set(SELLERS)
    months = Counter((p.seller_id, p.marketplace) for p in only(SellerProceedsReported, said))
    assert set(months.values()) == {2}
    assert {p.month for p in only(SellerProceedsReported, said)} == {"2025-04", "2025-05"}


def test_proceeds_are_on_both_sides_of_the_line_of_duty() -> None:
    line = load().version("US-1").insurance.duty_proceeds_minor
    above = [p.amount_minor > line for p in only(SellerProceedsReported, Directory(SEED).opening(EVERYWHERE, day(0)))]
    assert 0.4 < sum(above) / len(above) < 0.9


def test_contacts_are_reachable_refused_busy_or_missing() -> None:
    contacts = [p.contacts for p in only(SellerRegistered, Directory(SEED).opening(EVERYWHERE, day(0)))]
    assert all(address.endswith("@example.test") for each in contacts for address in each)
    refused = [each for each in contacts if each and each[0].startswith("refused")]
    assert {len(each) for each in refused} == {1, 2}
    assert any(each and each[0].startswith("busy") for each in contacts)
    assert 0 < sum(not each for each in contacts) < 20
    assert sum(len(each) > 0 and not each[0].startswith(("refused", "busy")) for each in contacts) > 300


def test_sellers_write_english_or_german() -> None:
    languages = Counter(p.language for p in only(SellerRegistered, Directory(SEED).opening(EVERYWHERE, day(0))))
    assert languages.keys() == {"en", "de"}
    assert all(Directory(SEED).profile(seller_id, {"US"}).language in {"en", "de"} for seller_id in SELLERS)


def test_an_unknown_marketplace_adds_nothing_but_the_profile() -> None:
    assert len(Directory(SEED).opening({"seller-1": {"XX"}}, day(0))) == 1
    assert not Certificates(SEED).opening({"seller-1": {"XX"}}, day(0))


def certificates_of(cover: Cover) -> list[CertificateSubmitted]:
    portal = Certificates(SEED)
    sellers = {s: {"US"} for s in SELLERS if portal.cover(s, "US") is cover}
    assert sellers, f"no seller's cover is {cover.value}"
    return only(CertificateSubmitted, portal.opening(sellers, day(0)))


def test_most_certificates_are_valid_with_over_a_year_left_and_name_the_account() -> None:
    rules, valid = load().version("US-1").insurance, certificates_of(Cover.VALID)
    assert len(valid) > len(SELLERS) * 0.5
    for shown in valid:
        assert shown.insured_name == business_name(SEED, shown.seller_id)
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


def test_defective_ones_have_one_defect_or_several() -> None:
    for shown in certificates_of(Cover.DEFECTIVE):
        good = Certificates(SEED)._certificate(shown.seller_id, "US", TODAY)  # pyright: ignore[reportPrivateUsage]
        assert shown != good


def test_some_have_lapsed_and_some_are_cancelled_at_once_or_later() -> None:
    assert all(shown.valid_to < TODAY for shown in certificates_of(Cover.LAPSED))
    assert all(shown.cancelled_on and shown.cancelled_on < TODAY for shown in certificates_of(Cover.CANCELLED))
    later = certificates_of(Cover.CANCELLED_LATER)
    assert {shown.cancelled_on is None for shown in later} == {True, False}
    assert len({shown.certificate_id for shown in later}) * 2 == len(later)


def test_some_have_none_and_some_want_quotes() -> None:
    assert not certificates_of(Cover.NONE)
    portal = Certificates(SEED)
    assert only(QuotesWanted, portal.opening({s: {"US"} for s in SELLERS}, day(0)))


def test_it_knows_which_certificates_have_no_verdict_yet() -> None:
    portal = Certificates(SEED)
    first = only(CertificateSubmitted, portal.opening({s: {"US"} for s in SELLERS[:20]}, day(0)))
    assert portal.unanswered == {shown.certificate_id for shown in first}
    for number, shown in enumerate(first):
        verdict = certificate_accepted if number % 2 else certificate_rejected
        answers(portal, verdict(shown.seller_id, shown.certificate_id))
    assert not portal.unanswered


def test_half_of_the_rejected_are_mended_and_never_twice() -> None:
    portal = Certificates(SEED)
    mended = [answers(portal, certificate_rejected(s, f"coi-{s}")) for s in SELLERS]
    assert 0.4 < sum(map(bool, mended)) / len(mended) < 0.6
    for shown in only(CertificateSubmitted, [saying for each in mended for saying in each]):
        assert not answers(portal, certificate_rejected(shown.seller_id, shown.certificate_id))


def test_proof_is_given_in_time_too_late_or_never() -> None:
    asked = [answers(Certificates(SEED), proof_requested(c, s)) for c, s in zip(claim_ids(), SELLERS, strict=True)]
    assert any(said and said[0].at < day(7) for said in asked)
    assert any(said and said[0].at > day(7) for said in asked)
    assert any(not said for said in asked)


def test_a_seller_asked_for_several_proofs_shows_one_certificate() -> None:
    portal = Certificates(SEED)
    shown = [e for c in claim_ids(50) for e in events(answers(portal, proof_requested(c, "seller-1")))]
    assert 1 <= len({e.model_dump_json() for e in shown}) <= 2


def test_told_of_the_duty_some_of_the_uninsured_insure() -> None:
    portal = Certificates(SEED)
    said = [answers(portal, insurance_required(s)) for s in SELLERS if portal.cover(s, "US") is Cover.NONE]
    assert any(only(CertificateSubmitted, each) for each in said)
    assert any(only(QuotesWanted, each) for each in said)
    assert any(not each for each in said)
    insured = [answers(portal, insurance_required(s)) for s in SELLERS if portal.cover(s, "US") is Cover.VALID]
    assert not any(insured)


def test_some_renew_a_cover_that_lapsed() -> None:
    renewed = [answers(Certificates(SEED), cover_lapsed(seller_id)) for seller_id in SELLERS]
    assert any(renewed)
    assert not all(renewed)


def test_quotes_are_chosen_while_they_last_too_late_or_not_at_all() -> None:
    portal = Certificates(SEED)
    said = [[s for c in CARRIERS for s in answers(portal, quote_offered(seller_id, c))] for seller_id in SELLERS]
    assert all(isinstance(event, QuoteChosen) for each in said for event in events(each))
    assert {len(each) for each in said} == {0, 1, 2}
    assert any(s.at > day(20) for each in said for s in each)
    assert any(s.at < day(20) for each in said for s in each)


def test_carriers_quote_decline_reply_late_or_not_at_all() -> None:
    said = [answers(Carriers(SEED), quotes_requested(seller_id)) for seller_id in SELLERS]
    every = [saying for each in said for saying in each]
    quotes, declined = only(CarrierQuoted, every), only(CarrierDeclined, every)
    assert len(quotes) > len(declined) > 20
    assert {quote.carrier for quote in quotes} == set(CARRIERS)
    assert any(s.at > day(3) for each in said for s in each)
    assert any(len(each) < 2 for each in said)


def test_a_quote_bound_twice_is_one_policy() -> None:
    carriers, bind = Carriers(SEED), bind_requested("seller-1", CARRIERS[0])
    first, again = carriers.hear(bind, heard(bind, day(1))), carriers.hear(bind, heard(bind, day(5), number=2))
    assert events(first) == events(again)
    assert [policy.valid_from for policy in only(PolicyIssued, first)] == [day(1).date()]
