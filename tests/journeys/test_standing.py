"""Sellers who were suspended, or are insolvent: the customer waits for nobody who cannot answer."""

from shared.events.escalation import ClaimEscalated, Outcome, ReviewOpened, Route
from shared.events.finance import DebitFailure
from shared.events.marketplace import Standing
from shared.events.recovery import RecoveryWrittenOff, SellerDebitRequested, WriteOffReason
from shared.events.seller_notifier import SellerNotified
from shared.events.seller_portal import AnswerChoice
from tests.journeys.given import LARGE, total
from tests.journeys.story import Money, Story, journey


@journey
async def test_nobody_waits_for_an_insolvent_seller(story: Story) -> None:
    await story.seller_is_known(standing=Standing.INSOLVENT)
    await story.is_filed(LARGE)
    notified = await story.hears(SellerNotified)
    assert notified.standing is Standing.INSOLVENT
    escalated = await story.hears(ClaimEscalated)
    assert escalated.route is Route.SELLER_SILENT
    assert story.moment_of(escalated) < notified.respond_by
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=True)
    await story.is_released_and_paid()
    debit = await story.hears(SellerDebitRequested)
    await story.finance_cannot_collect(debit, DebitFailure.INSOLVENT)
    assert (await story.hears(RecoveryWrittenOff)).reason is WriteOffReason.INSOLVENT
    end = await story.ends()
    assert end.outcome is Outcome.STEPPED_IN_SILENT
    assert end.money == Money(paid_out=total(LARGE), written_off=total(LARGE))


@journey
async def test_a_suspended_seller_has_his_time_and_his_answer_counts(story: Story) -> None:
    await story.seller_is_known(standing=Standing.SUSPENDED)
    await story.is_filed(LARGE)
    assert (await story.hears(SellerNotified)).standing is Standing.SUSPENDED
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    await story.is_released_and_paid()
    first = await story.hears(SellerDebitRequested)
    await story.finance_cannot_collect(first, DebitFailure.SUSPENDED)
    await story.is_collected()
    end = await story.ends()
    assert end.outcome is Outcome.RESOLVED_BY_SELLER
    assert end.money == Money(paid_out=total(LARGE), recovered=total(LARGE))
