"""Notices that find nobody, and those that find somebody at the second try."""

from shared.events.adjusters import ReviewKind
from shared.events.escalation import ClaimEscalated, Outcome, ReviewOpened, Route, Status
from shared.events.recovery import RecoveryOpened
from shared.events.seller_notifier import (
    NoticeHandedOver,
    NoticeKind,
    NoticeRefused,
    NoticeUndeliverable,
    SellerNotified,
)
from shared.events.seller_portal import AnswerChoice
from tests.journeys.given import LARGE, total
from tests.journeys.story import Mail, Money, Story, journey


@journey
async def test_silence_is_not_presumed_of_a_seller_whom_no_notice_reached(story: Story) -> None:
    await story.seller_is_known(story.refusing, f"second {story.refusing}")
    await story.is_filed(LARGE)
    assert (await story.hears(NoticeUndeliverable)).kind is NoticeKind.CLAIM
    assert [refused.contact for refused in story.all(NoticeRefused)] == [0, 1]
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.UNDELIVERABLE
    await story.adjuster_decides(asked, valid=False)
    end = await story.ends()
    assert (end.outcome, end.statuses) == (Outcome.DENIED, [Status.WITH_SELLER, Status.UNDER_REVIEW, Status.CLOSED])
    assert (end.money, end.letters, story.all(SellerNotified)) == (Money(), [], [])


@journey
async def test_a_seller_nobody_knows_an_address_of_is_debited_only_after_recorded_attempts(story: Story) -> None:
    story.knows_no_contact()
    await story.is_filed(LARGE)
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.UNDELIVERABLE
    await story.adjuster_decides(asked, valid=True)
    assert (await story.hears(ClaimEscalated)).route is Route.SELLER_SILENT
    await story.is_released_and_paid()
    await story.hears(RecoveryOpened)
    attempted = await story.hears(NoticeUndeliverable, kind=NoticeKind.DEBIT)
    debit = await story.is_collected()
    assert (story.moment_of(debit) - attempted.attempted_at).days >= 7
    end = await story.ends()
    assert (end.outcome, end.letters) == (Outcome.STEPPED_IN_SILENT, [])
    assert end.money == Money(paid_out=total(LARGE), recovered=total(LARGE))


@journey
async def test_the_second_contact_gets_what_the_first_refuses(story: Story) -> None:
    second = f"second-{story.contact}"
    await story.seller_is_known(story.refusing, second)
    await story.is_filed(LARGE)
    assert (await story.hears(NoticeRefused)).contact == 0
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    await story.is_released_and_paid()
    await story.hears(NoticeHandedOver, kind=NoticeKind.DEBIT)
    await story.is_collected()
    end = await story.ends()
    assert (end.outcome, end.letters) == (Outcome.RESOLVED_BY_SELLER, [NoticeKind.CLAIM, NoticeKind.DEBIT])
    assert {letter.to for letter in story.mail()} in ({second}, {""})
    assert story.mail()[0] in (Mail(NoticeKind.CLAIM, second), Mail(NoticeKind.CLAIM, ""))
