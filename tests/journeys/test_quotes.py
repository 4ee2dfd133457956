"""Quotes that carriers compete with: compared, honoured whatever the rate does, bound once, renewed and cancelled."""

from datetime import date, timedelta

from shared.events.carriers import CarrierDeclined, CarrierQuoted, PolicyCancelled, PolicyIssued
from shared.events.insurance_accelerator import (
    AfterDuty,
    BindRequested,
    CoverBound,
    CoverCancelled,
    CoverLapsing,
    InsuranceOverdue,
    InsuranceReminded,
    InsuranceRequired,
    QuoteOffered,
    QuoteRefusal,
    QuoteRefused,
    QuotesCompared,
    QuotesRequested,
    SellerCoverChanged,
)
from shared.events.marketplace import SellerProceedsReported
from shared.events.seller_portal import InsurerRating, ProductHazardClass, QuoteChosen, QuotesWanted
from shared.money import Currency
from tests.journeys.story import Story, journey

LIMIT = 100_000_000


@journey
async def test_quotes_are_compared_and_one_that_came_too_late_is_refused_with_thanks(story: Story) -> None:
    asked = await _asks_for_quotes(story)
    assert (asked.hazard_class, asked.claims_so_far) == (ProductHazardClass.HIGH, 0)
    cheap, dear = _quote(story, asked, "carrier-south", 840_00), _quote(story, asked, "carrier-north", 900_00)
    declined = CarrierDeclined(
        seller_id=story.seller_id, request_id=asked.request_id, carrier="carrier-west", reason="outside our appetite"
    )
    await story.says(dear, cheap, declined)
    compared = await story.hears(QuotesCompared)
    assert [offer.carrier for offer in compared.offers] == ["carrier-south", "carrier-north"]
    assert [(each.carrier, each.reason) for each in compared.declined] == [("carrier-west", "outside our appetite")]
    await story.says(_quote(story, asked, "carrier-late", 700_00))
    refused = await story.hears(QuoteRefused)
    assert (refused.carrier, refused.reason) == ("carrier-late", QuoteRefusal.TOO_LATE)


@journey
async def test_a_quote_is_honoured_whatever_happens_to_the_rate_and_a_seller_may_have_several_policies(
    story: Story,
) -> None:
    asked = await _asks_for_quotes(story)
    first, second = _quote(story, asked, "carrier-south", 840_00), _quote(story, asked, "carrier-north", 900_00)
    await story.says(first, second)
    offered = [await story.hears(QuoteOffered), await story.hears(QuoteOffered)]
    await story.says(first.model_copy(update={"premium_minor": 2_000_00}))  # the rate has risen since
    await story.hears(QuotesCompared)
    for offer in offered:
        await story.says(QuoteChosen(seller_id=story.seller_id, quote_id=offer.quote_id))
        await story.says(QuoteChosen(seller_id=story.seller_id, quote_id=offer.quote_id))
        bind = await story.hears(BindRequested, quote_id=offer.quote_id)
        await story.says(_issued(story, bind, days=400))
        await story.hears(CoverBound, quote_id=offer.quote_id)
    assert {offer.premium_minor for offer in story.all(QuoteOffered)} == {840_00, 900_00}
    assert len(story.all(BindRequested)) == 2
    await story.hears(SellerCoverChanged, version=2)
    assert len(story.all(SellerCoverChanged)[-1].periods) == 2


@journey
async def test_bound_cover_is_offered_a_renewal_before_it_ends(story: Story) -> None:
    asked = await _asks_for_quotes(story)
    policy = await _is_bound(story, asked, days=60)
    lapsing = await story.hears(CoverLapsing)
    assert (lapsing.policy_number, lapsing.last_day) == (policy.policy_number, policy.valid_to)
    renewal = await story.hears(QuotesRequested, renews=policy.policy_number)
    assert renewal.request_id == lapsing.request_id
    assert story.moment_of(lapsing).date() >= policy.valid_to - timedelta(days=46)


@journey
async def test_a_carrier_cancels_with_thirty_days_notice_and_no_sooner(story: Story) -> None:
    asked = await _asks_for_quotes(story)
    policy = await _is_bound(story, asked, days=400)
    today = story.world.today
    await story.says(
        PolicyCancelled(
            seller_id=story.seller_id,
            policy_number=policy.policy_number,
            carrier=policy.carrier,
            last_day=today + timedelta(days=3),
        )
    )
    cancelled = await story.hears(CoverCancelled)
    assert cancelled.last_day >= today + timedelta(days=29)
    await story.hears(SellerCoverChanged, version=2)
    assert [period.valid_to for period in story.all(SellerCoverChanged)[-1].periods] == [cancelled.last_day]


@journey
async def test_a_seller_who_does_not_insure_in_time_is_reminded_and_then_held_to_it(story: Story) -> None:
    await _must_insure(story)
    reminded = await story.hears(InsuranceReminded)
    overdue = await story.hears(InsuranceOverdue)
    assert (overdue.insure_by, overdue.follows) == (reminded.insure_by, AfterDuty.HOLD_DISBURSEMENTS)
    assert len(story.all(InsuranceReminded)) == 2


async def _must_insure(story: Story) -> None:
    await story.says(
        SellerProceedsReported(
            seller_id=story.seller_id,
            account_name=story.seller_name,
            marketplace="US",
            month="2025-05",
            currency=Currency.USD,
            amount_minor=25_000_00,
        )
    )


async def _asks_for_quotes(story: Story) -> QuotesRequested:
    await _must_insure(story)
    await story.hears(InsuranceRequired)
    wish = QuotesWanted(
        seller_id=story.seller_id,
        request_id=f"wish-{story.seller_id}",
        marketplace="US",
        hazard_class=ProductHazardClass.HIGH,
        limit_minor=LIMIT,
        deductible_minor=500_000,
    )
    await story.says(wish)
    return await story.hears(QuotesRequested)


async def _is_bound(story: Story, asked: QuotesRequested, days: int) -> PolicyIssued:
    await story.says(_quote(story, asked, "carrier-south", 840_00))
    offer = await story.hears(QuoteOffered)
    await story.says(QuoteChosen(seller_id=story.seller_id, quote_id=offer.quote_id))
    policy = _issued(story, await story.hears(BindRequested), days)
    await story.says(policy)
    await story.hears(CoverBound)
    return policy


def _issued(story: Story, bind: BindRequested, days: int) -> PolicyIssued:
    today: date = story.world.today
    return PolicyIssued(
        seller_id=story.seller_id,
        quote_id=bind.quote_id,
        carrier=bind.carrier,
        policy_number=f"policy-{bind.quote_id}",
        valid_from=today,
        valid_to=today + timedelta(days=days),
    )


def _quote(story: Story, asked: QuotesRequested, carrier: str, premium_minor: int) -> CarrierQuoted:
    return CarrierQuoted(
        seller_id=story.seller_id,
        request_id=asked.request_id,
        quote_id=f"{carrier}-{story.seller_id}",
        carrier=carrier,
        rating=InsurerRating.A_OR_BETTER,
        currency=Currency.USD,
        premium_minor=premium_minor,
        per_occurrence_minor=LIMIT,
        deductible_minor=500_000,
        valid_until=story.world.clock.now() + timedelta(days=30),
    )
