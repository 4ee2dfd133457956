"""The Insurance Accelerator: certificates with their defects, and quotes that become cover."""

from datetime import timedelta

from shared.events.carriers import CarrierQuoted, PolicyIssued
from shared.events.escalation import Outcome, RouteChosen
from shared.events.insurance_accelerator import (
    BindRequested,
    CertificateAccepted,
    CertificateRejected,
    CoverBound,
    Defect,
    InsuranceRequired,
    QuoteOffered,
    QuotesRequested,
    SellerCoverChanged,
    SellerQualified,
)
from shared.events.marketplace import SellerProceedsReported
from shared.events.seller_portal import InsurerRating, QuoteChosen, QuotesWanted
from shared.money import Currency
from tests.journeys.given import SMALL, certificate, total
from tests.journeys.story import Money, Story, journey


@journey
async def test_a_certificate_hears_of_all_its_defects_at_once_and_mended_it_is_accepted(story: Story) -> None:
    await story.seller_sells()
    await story.says(
        certificate(
            story.seller_id, "Somebody Else", occurrence_basis=False, per_occurrence_minor=1, aggregate_minor=1,
            deductible_minor=None, additional_insured=False, insurer_rating=InsurerRating.BELOW,
            global_claims_handling=False, cancellation_notice_days=10, valid_to=story.world.today + timedelta(days=50),
        )
    )  # fmt: skip
    rejected = await story.hears(CertificateRejected)
    assert set(rejected.defects) == {
        Defect.NAME_DIFFERS, Defect.NOT_OCCURRENCE_BASIS, Defect.OCCURRENCE_LIMIT_TOO_LOW,
        Defect.AGGREGATE_LIMIT_TOO_LOW, Defect.DEDUCTIBLE_NOT_SHOWN, Defect.NOT_ADDITIONAL_INSURED,
        Defect.RATING_TOO_LOW, Defect.NO_GLOBAL_CLAIMS_HANDLING, Defect.CANCELLATION_NOTICE_TOO_SHORT,
        Defect.TOO_FEW_DAYS_LEFT,
    }  # fmt: skip
    await story.says(certificate(story.seller_id, story.seller_name))
    await story.hears(CertificateAccepted)
    assert (await story.hears(SellerCoverChanged)).version == 1


@journey
async def test_a_seller_who_must_insure_is_quoted_binds_and_his_next_claim_is_paid_directly(story: Story) -> None:
    await story.seller_is_known()
    await story.says(
        SellerProceedsReported(
            seller_id=story.seller_id, account_name=story.seller_name, marketplace="US", month="2025-05",
            currency=Currency.USD, amount_minor=25_000_00,
        )
    )  # fmt: skip
    await story.hears(InsuranceRequired)
    await story.says(QuotesWanted(seller_id=story.seller_id, request_id=f"wish-{story.seller_id}", marketplace="US"))
    await story.hears(SellerQualified)
    asked = await story.hears(QuotesRequested)
    assert asked.monthly_proceeds_minor == 25_000_00
    await story.says(_quote(story, asked, "carrier-north", 900_00), _quote(story, asked, "carrier-south", 840_00))
    offered = [await story.hears(QuoteOffered), await story.hears(QuoteOffered)]
    assert {(offer.carrier, offer.premium_minor) for offer in offered} == {
        ("carrier-north", 900_00),
        ("carrier-south", 840_00),
    }
    cheaper = min(offered, key=lambda offer: offer.premium_minor)
    await story.says(QuoteChosen(seller_id=story.seller_id, quote_id=cheaper.quote_id))
    bind = await story.hears(BindRequested)
    assert (bind.quote_id, bind.carrier) == (cheaper.quote_id, "carrier-south")
    today = story.world.today
    await story.says(
        PolicyIssued(
            seller_id=story.seller_id, quote_id=bind.quote_id, carrier=bind.carrier,
            policy_number=f"policy-{story.seller_id}", valid_from=today, valid_to=today + timedelta(days=365),
        )
    )  # fmt: skip
    await story.hears(CoverBound)
    await story.is_covered()
    await story.is_filed(SMALL)
    assert (await story.hears(RouteChosen)).direct_pay
    await story.is_paid()
    end = await story.ends()
    assert end.outcome is Outcome.DIRECT_PAID
    assert end.money == Money(paid_out=total(SMALL), waived=total(SMALL))
    assert len(story.all(BindRequested)) == 1


def _quote(story: Story, asked: QuotesRequested, carrier: str, premium_minor: int) -> CarrierQuoted:
    return CarrierQuoted(
        seller_id=story.seller_id, request_id=asked.request_id, quote_id=f"{carrier}-{story.seller_id}",
        carrier=carrier, rating=InsurerRating.A_OR_BETTER, currency=Currency.USD, premium_minor=premium_minor,
        per_occurrence_minor=100_000_000, deductible_minor=500_000,
        valid_until=story.world.clock.now() + timedelta(days=30),
    )  # fmt: skip
