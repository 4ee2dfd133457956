"""Claims that become another amount: before payment they may change their route once, afterwards a round opens."""

from shared.events.adjusters import ReviewKind
from shared.events.claim import LossKind, Reason, ReopeningReason
from shared.events.escalation import ClaimReopened, Outcome, ReviewOpened, Route, RouteChosen
from shared.events.intake import AmendmentRecorded, ClaimAccepted, InformationRequested
from shared.events.recovery import InsurerDemanded
from shared.events.seller_notifier import NoticeKind, SellerNotified
from shared.events.seller_portal import AnswerChoice
from shared.events.upstream import Loss
from tests.journeys.given import BURN, KETTLE, KITCHEN, LARGE, SMALL, total
from tests.journeys.story import Money, Story, journey

MANSION = Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=1_200_000_00)
CAP = 1_000_000_00


@journey
async def test_an_amendment_over_the_line_before_payment_asks_the_seller_after_all(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    assert (await story.hears(RouteChosen)).direct_pay
    await story.amends((*SMALL, KITCHEN))
    recorded = await story.hears(AmendmentRecorded, small=False)
    assert recorded.admitted_minor == total(SMALL) + KITCHEN.amount_minor
    assert not (await story.hears(RouteChosen, direct_pay=False)).direct_pay
    await story.hears(SellerNotified, direct_pay=False)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    order = await story.is_released_and_paid()
    assert (order.amount_minor, order.small, order.route) == (recorded.admitted_minor, False, Route.SELLER_ACCEPTED)
    end = await _its_insurer_pays(story)
    assert end == Money(paid_out=recorded.admitted_minor, recovered=recorded.admitted_minor)
    assert len(story.all(RouteChosen)) == 2


@journey
async def test_an_amendment_below_the_line_before_payment_is_paid_directly(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(LARGE)
    await story.hears(SellerNotified, direct_pay=False)
    await story.amends((KETTLE,))
    await story.hears(AmendmentRecorded, small=True)
    await story.hears(RouteChosen, direct_pay=True)
    assert (await story.is_paid()).amount_minor == KETTLE.amount_minor
    end = await story.ends()
    assert (end.outcome, end.letters) == (Outcome.DIRECT_PAID, [NoticeKind.CLAIM, NoticeKind.CLAIM])
    assert end.money == Money(paid_out=KETTLE.amount_minor, waived=KETTLE.amount_minor)


@journey
async def test_an_amendment_over_the_cap_is_cut_to_it(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.hears(ClaimAccepted)
    await story.amends((KETTLE, MANSION))
    recorded = await story.hears(AmendmentRecorded, admitted_minor=CAP)
    assert Reason.OVER_CAP in recorded.items[1].reasons
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.CONTEST)
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=False)
    assert (await story.ends()).outcome is Outcome.DENIED


@journey
async def test_an_amendment_after_payment_opens_a_round_for_the_difference(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed((KETTLE,))
    first = await story.is_paid()
    await story.amends(SMALL)
    reopened = await story.hears(ClaimReopened)
    assert (reopened.round, reopened.reason) == (2, ReopeningReason.AMENDED)
    asked = await story.hears(ReviewOpened, round=2)
    assert asked.review is ReviewKind.AMOUNT
    await story.adjuster_decides(asked, valid=True)
    second = await story.is_paid(round=2)
    assert second.payout_id != first.payout_id
    assert (first.amount_minor, second.amount_minor) == (KETTLE.amount_minor, BURN.amount_minor)
    end = await story.ends()
    assert end.money == Money(paid_out=total(SMALL), waived=total(SMALL))


@journey
async def test_papers_that_come_after_acceptance_admit_what_they_prove(story: Story) -> None:
    await story.is_filed(SMALL, papers=False)
    await story.hears(InformationRequested)
    await story.sends_papers(1)
    assert (await story.hears(ClaimAccepted)).admitted_minor == KETTLE.amount_minor
    await story.sends_papers(2)
    assert (await story.hears(AmendmentRecorded)).admitted_minor == total(SMALL)
    assert (await story.is_paid()).amount_minor == total(SMALL)
    await story.is_collected()
    end = await story.ends()
    assert end.money == Money(paid_out=total(SMALL), recovered=total(SMALL))
    assert story.times_ordered() == 1


async def _its_insurer_pays(story: Story) -> Money:
    demand = await story.hears(InsurerDemanded)
    await story.insurer_pays(demand, demand.amount_minor)
    return (await story.ends()).money
