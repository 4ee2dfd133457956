"""Letters that were accepted and came back: the next contact is tried, and a debit on such a notice stops."""

from shared.events.adjusters import ReviewKind
from shared.events.escalation import Outcome, ReviewOpened
from shared.events.finance import DebitFailure
from shared.events.recovery import SellerDebitRequested, SellerDebitStopped
from shared.events.seller_notifier import (
    NoticeBounced,
    NoticeHandedOver,
    NoticeKind,
    NoticeUndeliverable,
    SellerNotified,
)
from shared.events.seller_portal import AnswerChoice
from tests.journeys.given import LARGE, total
from tests.journeys.story import Money, Story, journey


@journey
async def test_a_claim_notice_that_comes_back_goes_to_the_next_contact_with_fresh_time(story: Story) -> None:
    await story.seller_is_known(story.contact, f"second-{story.contact}")
    await story.is_filed(LARGE)
    first = await story.hears(SellerNotified)
    await story.letter_comes_back(first.letter_id)
    assert (await story.hears(NoticeBounced)).contact == 0
    second = await story.hears(SellerNotified)
    assert second.respond_by > first.respond_by
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US, at=second.respond_by)
    await story.is_released_and_paid()
    await story.is_collected()
    assert (await story.ends()).outcome is Outcome.RESOLVED_BY_SELLER


@journey
async def test_silence_is_not_presumed_when_the_only_notice_came_back(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.letter_comes_back((await story.hears(SellerNotified)).letter_id)
    assert (await story.hears(NoticeUndeliverable)).kind is NoticeKind.CLAIM
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.UNDELIVERABLE
    await story.adjuster_decides(asked, valid=False)
    assert (await story.ends()).outcome is Outcome.DENIED


@journey
async def test_a_debit_notice_that_comes_back_stops_the_debit_until_there_was_another(story: Story) -> None:
    await story.seller_is_known(story.contact, f"second-{story.contact}")
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    await story.is_released_and_paid()
    noticed = await story.hears(NoticeHandedOver, kind=NoticeKind.DEBIT)
    first = await story.hears(SellerDebitRequested)
    await story.letter_comes_back(noticed.letter_id)
    assert (await story.hears(SellerDebitStopped)).debit_id == first.debit_id
    await story.finance_cannot_collect(first, DebitFailure.STOPPED)
    again = await story.hears(NoticeHandedOver, kind=NoticeKind.DEBIT)
    second = await story.is_collected()
    assert second.debit_id != first.debit_id
    assert (story.moment_of(second) - again.handed_over_at).days >= 7
    assert (await story.ends()).money == Money(paid_out=total(LARGE), recovered=total(LARGE))
