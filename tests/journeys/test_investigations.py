"""What looks like fraud is looked at by a person, never denied by a score; products that hurt many are flagged."""

from hashlib import sha256

from shared.events.adjusters import ReviewKind
from shared.events.claim import Reason, Signal
from shared.events.escalation import (
    NextStep,
    Outcome,
    PayoutAuthorized,
    ReviewOpened,
    RouteChosen,
    Status,
    StatusChanged,
)
from shared.events.intake import ClaimAccepted, HazardLevel, LinkFound, ProductHazardFlagged, SuspicionRaised
from shared.events.seller_notifier import NoticeKind
from tests.journeys.given import ADMITTED, LARGE, SMALL, total
from tests.journeys.story import Money, Story, journey


@journey
async def test_a_paper_that_another_customer_has_sent_too_sends_both_claims_to_investigation(story: Story) -> None:
    paper = sha256(story.submission_id.encode()).hexdigest()
    await story.is_filed(LARGE, sha256=paper)
    await story.hears(ClaimAccepted)
    other = Story(story.world, "same-paper")
    await other.is_filed(LARGE, sha256=paper)
    assert (await other.hears(LinkFound)).signal is Signal.SAME_EVIDENCE
    for one in (story, other):
        asked = await one.hears(ReviewOpened, review=ReviewKind.INVESTIGATION)
        assert Signal.SAME_EVIDENCE in asked.signals
    told = await other.hears(StatusChanged, status=Status.UNDER_REVIEW)
    assert told.next_step is NextStep.INVESTIGATE
    assert (await story.hears(SuspicionRaised)).score >= 100
    for one in (story, other):
        asked = one.all(ReviewOpened, review=ReviewKind.INVESTIGATION)[-1]
        await one.adjuster_decides(asked, valid=False, reasons=(Reason.FRAUD,))
        end = await one.ends()
        assert (end.outcome, end.reasons, end.money) == (Outcome.DENIED, (Reason.FRAUD,), Money())


@journey
async def test_a_claim_that_an_investigation_clears_goes_the_way_it_would_have_gone(story: Story) -> None:
    paper = sha256(story.submission_id.encode()).hexdigest()
    first = Story(story.world, "photo-first")
    await first.is_filed(LARGE, sha256=paper)
    await first.hears(ClaimAccepted)
    await story.seller_is_insured()
    await story.is_filed(SMALL, sha256=paper)
    asked = await story.hears(ReviewOpened, review=ReviewKind.INVESTIGATION)
    assert story.all(PayoutAuthorized) == []
    await story.adjuster_decides(asked, valid=True)
    assert (await story.hears(RouteChosen)).direct_pay
    await story.is_paid()
    end = await story.ends()
    assert (end.outcome, end.letters) == (Outcome.DIRECT_PAID, [NoticeKind.CLAIM])
    assert end.money == Money(paid_out=total(SMALL), waived=total(SMALL))
    await first.withdraws()
    assert (await first.ends()).outcome is Outcome.WITHDRAWN


@journey
async def test_claims_about_one_product_add_up_to_a_hazard_said_once(story: Story) -> None:
    product = f"Heater {story.submission_id}"[:200]
    others = [Story(story.world, f"heater-{number}") for number in range(2)]
    for one in (story, *others):
        await one.is_filed(LARGE, product=product, injury=ADMITTED)
        await one.hears(ClaimAccepted)
    await story.world.until(
        lambda: any(flag.product == product for flag in story.world.every(ProductHazardFlagged)),
        lambda: "no hazard was flagged",
    )
    for one in (story, *others):
        await one.withdraws()
        assert (await one.ends()).outcome is Outcome.WITHDRAWN
    flags = [flag for flag in story.world.every(ProductHazardFlagged) if flag.product == product]
    assert [(flag.level, flag.claims, flag.serious) for flag in flags] == [(HazardLevel.WATCH, 2, 2)]
    assert set(flags[0].claim_ids) == {story.claim_id, others[0].claim_id}
