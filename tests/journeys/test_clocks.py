"""Handling clocks: the first word comes at once, a delay is told every thirty days, withdrawals find their moment."""

from datetime import date, timedelta

from shared.events.claim import Reason
from shared.events.escalation import (
    Notice,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReviewOpened,
    RouteChosen,
    Status,
    StatusChanged,
)
from shared.events.intake import ClaimAccepted, ClaimWithdrawalRecorded
from shared.events.seller_notifier import SellerNotified
from shared.events.seller_portal import AnswerChoice
from tests.journeys.given import LARGE, SMALL, total
from tests.journeys.story import Money, Story, journey

BETWEEN_THE_LINES = 1_200_00


@journey
async def test_a_customer_hears_of_a_delay_while_nobody_decides(story: Story) -> None:
    await story.is_filed(SMALL)
    assert (await story.hears(StatusChanged)).notice is Notice.ACKNOWLEDGED
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.CONTEST)
    asked = await story.hears(ReviewOpened)
    accepted = await story.hears(ClaimAccepted)
    delayed = await story.hears(StatusChanged, notice=Notice.DELAYED)
    assert (delayed.status, delayed.owner) == (Status.UNDER_REVIEW, Owner.ADJUSTER)
    assert story.moment_of(delayed) >= story.moment_of(accepted) + timedelta(days=30)
    again = await story.hears(StatusChanged, notice=Notice.DELAYED)
    assert story.moment_of(again) >= story.moment_of(delayed) + timedelta(days=30)
    await story.adjuster_decides(asked, valid=False)
    assert (await story.ends()).outcome is Outcome.DENIED


@journey
async def test_a_withdrawal_while_the_payout_is_on_its_way_or_after_it_comes_too_late(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    order = await story.hears(PayoutAuthorized)
    await story.withdraws()
    await story.hears(ClaimWithdrawalRecorded)
    await story.finance_pays(order)
    await story.hears(StatusChanged, notice=Notice.PAID)
    await story.withdraws()
    await story.hears(ClaimWithdrawalRecorded)
    end = await story.ends()
    assert (end.outcome, end.money.paid_out) == (Outcome.DIRECT_PAID, total(SMALL))
    assert Reason.WITHDRAWN not in end.reasons


@journey
async def test_a_policy_change_never_moves_a_running_claim(story: Story) -> None:
    """US-2 of these journeys has a line of $1,500 for what is reported from 15 June 2025 on."""
    await story.seller_is_insured()
    await story.is_filed(LARGE[1:], reported_on=date(2025, 6, 1))
    running = await story.hears(ClaimAccepted)
    assert running.policy == "US-1"
    await story.world.until_day(date(2025, 6, 16))
    newer = Story(story.world, "under-the-new-line", before=story)
    dear = (LARGE[1].model_copy(update={"amount_minor": BETWEEN_THE_LINES}),)
    await newer.is_filed(dear, reported_on=date(2025, 6, 15), order_id="another-order", incident_on=date(2025, 5, 25))
    accepted = await newer.hears(ClaimAccepted)
    assert (accepted.policy, accepted.small) == ("US-2", True)
    assert (await newer.hears(RouteChosen)).direct_pay
    older = Story(story.world, "under-the-old-line", before=story)
    await older.is_filed(dear, reported_on=date(2025, 6, 14), order_id="an-older-order", incident_on=date(2025, 5, 26))
    accepted = await older.hears(ClaimAccepted)
    assert (accepted.policy, accepted.small) == ("US-1", False)
    for one in (story, older):
        await one.withdraws()
        assert (await one.ends()).outcome is Outcome.WITHDRAWN
    await newer.is_paid()
    assert (await newer.ends()).money == Money(paid_out=BETWEEN_THE_LINES, waived=BETWEEN_THE_LINES)


@journey
async def test_of_a_claim_contested_item_by_item_the_rest_is_accepted(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.CONTEST, contested_items=(2,), evidence=("photo-of-the-kitchen",))
    asked = await story.hears(ReviewOpened)
    assert asked.contested == (2,)
    await story.adjuster_decides(asked, valid=False, reasons=(Reason.NOT_DEFECTIVE,))
    order = await story.is_paid()
    assert order.amount_minor == LARGE[0].amount_minor
    items = story.all(StatusChanged)[-1].items
    assert [(item.allowed_minor, item.reasons) for item in items] == [
        (LARGE[0].amount_minor, ()),
        (0, (Reason.NOT_DEFECTIVE,)),
    ]
    await story.is_collected()
    end = await story.ends()
    assert end.outcome is Outcome.RESOLVED_BY_SELLER
    assert end.money == Money(paid_out=LARGE[0].amount_minor, recovered=LARGE[0].amount_minor)
