"""What sellers answer, and when: they accept, contest, settle themselves, answer late, or are somebody else."""

from datetime import timedelta

from shared.events.adjusters import ReviewKind
from shared.events.claim import Reason
from shared.events.escalation import (
    ClaimEscalated,
    Outcome,
    PayoutAuthorized,
    ReviewOpened,
    Route,
    Status,
    StatusChanged,
)
from shared.events.recovery import SellerDebitRequested
from shared.events.seller_notifier import NoticeKind, SellerAnswerRecorded, SellerNotified, SettlementReported
from shared.events.seller_portal import AnswerChoice
from tests.journeys.given import LARGE, SMALL, total
from tests.journeys.story import Money, Story, journey

PAID_AND_RECOVERED = Money(paid_out=total(LARGE), recovered=total(LARGE))
REVIEWED_AND_PAID = [
    Status.WITH_SELLER,
    Status.UNDER_REVIEW,
    Status.AWAITING_RELEASE,
    Status.PAYOUT_PENDING,
    Status.CLOSED,
]


@journey
async def test_a_seller_who_accepts_pays_through_us_after_notice(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    order = await story.is_released_and_paid()
    assert (order.route, order.amount_minor) == (Route.SELLER_ACCEPTED, total(LARGE))
    await story.is_collected()
    end = await story.ends()
    assert end.outcome is Outcome.RESOLVED_BY_SELLER
    assert end.statuses == [Status.WITH_SELLER, Status.AWAITING_RELEASE, Status.PAYOUT_PENDING, Status.CLOSED]
    assert (end.money, end.letters) == (PAID_AND_RECOVERED, [NoticeKind.CLAIM, NoticeKind.DEBIT])


@journey
async def test_a_contested_claim_that_an_adjuster_finds_valid_is_paid(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.CONTEST, contested_items=(2,), evidence=("test-report",))
    recorded = await story.hears(SellerAnswerRecorded)
    assert (recorded.contested_items, recorded.evidence) == ((2,), ("test-report",))
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.CONTESTED
    await story.adjuster_decides(asked, valid=True)
    assert (await story.hears(ClaimEscalated)).route is Route.SELLER_REJECTED
    await story.is_released_and_paid()
    await story.is_collected()
    end = await story.ends()
    assert (end.outcome, end.statuses) == (Outcome.STEPPED_IN_REJECTED, REVIEWED_AND_PAID)
    assert (end.money, end.letters) == (PAID_AND_RECOVERED, [NoticeKind.CLAIM, NoticeKind.DEBIT])


@journey
async def test_a_contested_claim_that_an_adjuster_finds_not_valid_is_denied(story: Story) -> None:
    await story.is_filed(SMALL)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.CONTEST)
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=False)
    end = await story.ends()
    assert (end.outcome, end.reasons) == (Outcome.DENIED, (Reason.NOT_PROVEN,))
    assert end.statuses == [Status.WITH_SELLER, Status.UNDER_REVIEW, Status.CLOSED]
    assert (end.money, end.letters) == (Money(), [NoticeKind.CLAIM])
    assert all(item.allowed_minor == 0 for item in story.all(StatusChanged)[-1].items)


@journey
async def test_a_seller_settles_himself_and_the_customer_confirms_it(story: Story) -> None:
    await _settles_himself(story)
    await story.customer_confirms()
    end = await story.ends()
    assert (end.outcome, end.reasons) == (Outcome.RESOLVED_BY_SELLER, (Reason.SETTLED_BY_SELLER,))
    assert end.statuses == [Status.WITH_SELLER, Status.SELLER_RESOLVING, Status.CLOSED]
    assert (end.money, end.letters, story.all(PayoutAuthorized)) == (Money(), [NoticeKind.CLAIM], [])


@journey
async def test_a_customer_who_says_nothing_against_proof_of_settlement_is_content(story: Story) -> None:
    reported = await _settles_himself(story)
    end = await story.ends()
    closed = story.all(StatusChanged, status=Status.CLOSED)[-1]
    assert story.moment_of(closed) >= reported.received_at + timedelta(days=14)
    assert (end.outcome, end.money) == (Outcome.RESOLVED_BY_SELLER, Money())


@journey
async def test_a_settlement_that_the_customer_disputes_is_judged_by_a_person(story: Story) -> None:
    await _settles_himself(story)
    await story.customer_disputes()
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.CONTESTED
    await story.adjuster_decides(asked, valid=True)
    await story.is_released_and_paid()
    await story.is_collected()
    end = await story.ends()
    assert end.outcome is Outcome.STEPPED_IN_REJECTED
    assert end.statuses == [Status.WITH_SELLER, Status.SELLER_RESOLVING, *REVIEWED_AND_PAID[1:]]
    assert end.money == PAID_AND_RECOVERED


@journey
async def test_somebody_elses_answer_is_ignored(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US, seller_id="seller-somebody-else")
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.AMOUNT, "silent, whatever a stranger says"
    await story.adjuster_decides(asked, valid=False)
    end = await story.ends()
    assert (end.outcome, story.all(SellerAnswerRecorded)) == (Outcome.DENIED, [])


@journey
async def test_of_two_answers_the_first_counts_and_both_are_kept(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    first = await story.seller_answers(AnswerChoice.CONTEST)
    second = await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=False)
    end = await story.ends()
    assert (end.outcome, end.money) == (Outcome.DENIED, Money())
    assert [recorded.answer_id for recorded in story.all(SellerAnswerRecorded)] == [first, second]


@journey
async def test_an_answer_received_at_the_last_moment_counts_though_it_is_heard_after_the_timer(story: Story) -> None:
    await story.is_filed(LARGE)
    notified = await story.hears(SellerNotified)
    assert (await story.hears(ReviewOpened)).review is ReviewKind.AMOUNT
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US, at=notified.respond_by)
    assert (await story.is_released_and_paid()).route is Route.SELLER_ACCEPTED
    await story.is_collected()
    end = await story.ends()
    assert (end.outcome, end.statuses) == (Outcome.RESOLVED_BY_SELLER, REVIEWED_AND_PAID)
    assert end.money == PAID_AND_RECOVERED


@journey
async def test_an_answer_received_a_moment_later_is_evidence_and_nothing_else(story: Story) -> None:
    await story.is_filed(LARGE)
    notified = await story.hears(SellerNotified)
    asked = await story.hears(ReviewOpened)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US, at=notified.respond_by + timedelta(milliseconds=1))
    assert (await story.hears(SellerAnswerRecorded)).received_at > notified.respond_by
    await story.adjuster_decides(asked, valid=True)
    await story.is_released_and_paid()
    await story.is_collected()
    end = await story.ends()
    assert (end.outcome, end.money) == (Outcome.STEPPED_IN_SILENT, PAID_AND_RECOVERED)
    assert len(story.all(SellerDebitRequested)) == 1


async def _settles_himself(story: Story) -> SettlementReported:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.SETTLE_DIRECTLY)
    await story.hears(StatusChanged, status=Status.SELLER_RESOLVING)
    await story.seller_reports_settled()
    return await story.hears(SettlementReported)
