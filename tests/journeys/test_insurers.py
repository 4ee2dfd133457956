"""Claims that a seller refers to his insurer, who settles them, a part of them, or none."""

from datetime import timedelta

from shared.events.adjusters import ReviewKind
from shared.events.claim import Reason
from shared.events.escalation import (
    ClaimDecided,
    NextStep,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReviewOpened,
    Status,
    StatusChanged,
)
from shared.events.seller_notifier import InsurerNotified, NoticeKind, NoticeUndeliverable, SellerNotified
from shared.events.seller_portal import AnswerChoice
from tests.journeys.given import LARGE, total
from tests.journeys.story import Mail, Money, Story, journey

LETTERS = [NoticeKind.CLAIM, NoticeKind.INSURER]
REVIEWED = [Status.WITH_SELLER, Status.WITH_INSURER, Status.UNDER_REVIEW]


@journey
async def test_an_insurer_settles_all_of_it(story: Story) -> None:
    notified = await _refers(story)
    assert notified.respond_by - notified.handed_over_at == timedelta(days=30)
    await story.insurer_settles(total(LARGE))
    told = await story.hears(StatusChanged, next_step=NextStep.CONFIRM_SETTLEMENT)
    assert told.owner is Owner.CUSTOMER
    await story.customer_confirms()
    end = await story.ends()
    assert (end.outcome, end.reasons) == (Outcome.RESOLVED_BY_INSURER, (Reason.SETTLED_BY_INSURER,))
    assert end.statuses == [Status.WITH_SELLER, Status.WITH_INSURER, Status.CLOSED]
    assert (end.money, end.letters, story.all(PayoutAuthorized)) == (Money(), LETTERS, [])
    to_insurer = [letter for letter in story.mail() if letter.kind is NoticeKind.INSURER]
    assert to_insurer in ([Mail(NoticeKind.INSURER, story.insurer)], [Mail(NoticeKind.INSURER, "")])


@journey
async def test_an_insurers_settlement_that_did_not_arrive_is_judged_by_a_person(story: Story) -> None:
    await _refers(story)
    await story.insurer_settles(total(LARGE))
    await story.hears(StatusChanged, next_step=NextStep.CONFIRM_SETTLEMENT)
    await story.customer_disputes()
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.CONTESTED
    await story.adjuster_decides(asked, valid=True)
    await story.is_released_and_paid()
    await story.is_collected()
    end = await story.ends()
    assert (end.outcome, end.money.paid_out) == (Outcome.STEPPED_IN_REJECTED, total(LARGE))


@journey
async def test_a_customer_who_says_nothing_against_the_insurers_settlement_is_content(story: Story) -> None:
    await _refers(story)
    await story.insurer_settles(total(LARGE))
    told = await story.hears(StatusChanged, next_step=NextStep.CONFIRM_SETTLEMENT)
    end = await story.ends()
    assert told.by is not None
    assert story.moment_of(story.all(StatusChanged, status=Status.CLOSED)[-1]) >= told.by
    assert (end.outcome, end.money) == (Outcome.RESOLVED_BY_INSURER, Money())


@journey
async def test_what_an_insurer_leaves_of_a_claim_is_judged_and_paid(story: Story) -> None:
    await _refers(story)
    await story.insurer_settles(1_000_00)
    asked = await story.hears(ReviewOpened)
    assert sum(item.allowed_minor for item in asked.items) == total(LARGE) - 1_000_00
    await story.adjuster_decides(asked, valid=True)
    assert (await story.is_released_and_paid()).amount_minor == total(LARGE) - 1_000_00
    await story.is_collected()
    end = await story.ends()
    assert Reason.SETTLED_BY_INSURER in (await story.hears(ClaimDecided)).findings[0].reasons
    assert end.outcome is Outcome.STEPPED_IN_REJECTED
    assert end.money == Money(paid_out=total(LARGE) - 1_000_00, recovered=total(LARGE) - 1_000_00)


@journey
async def test_what_an_insurer_rejects_an_adjuster_judges(story: Story) -> None:
    await _refers(story)
    await story.insurer_rejects()
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.CONTESTED
    await story.adjuster_decides(asked, valid=False)
    end = await story.ends()
    assert (end.outcome, end.statuses) == (Outcome.DENIED, [*REVIEWED, Status.CLOSED])
    assert (end.money, end.letters) == (Money(), LETTERS)


@journey
async def test_an_insurers_silence_is_a_rejection(story: Story) -> None:
    notified = await _refers(story)
    asked = await story.hears(ReviewOpened)
    assert story.moment_of(asked) >= notified.respond_by
    await story.adjuster_decides(asked, valid=False)
    end = await story.ends()
    assert (end.outcome, end.statuses) == (Outcome.DENIED, [*REVIEWED, Status.CLOSED])


@journey
async def test_an_insurer_that_cannot_be_reached_leaves_the_claim_to_a_person(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.REFER_TO_INSURER, insurer_contact=story.refusing)
    assert (await story.hears(NoticeUndeliverable)).kind is NoticeKind.INSURER
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=False)
    end = await story.ends()
    assert (end.outcome, end.statuses) == (Outcome.DENIED, [*REVIEWED, Status.CLOSED])
    assert end.letters == [NoticeKind.CLAIM]


async def _refers(story: Story) -> InsurerNotified:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.REFER_TO_INSURER, insurer_contact=story.insurer)
    return await story.hears(InsurerNotified)
