"""Claims that have ended and are looked at again: by appeal of the customer, by papers found, or not at all."""

from shared.events.adjusters import ReviewKind
from shared.events.claim import ItemFinding, Reason, ReopeningReason
from shared.events.escalation import (
    ClaimClosed,
    ClaimReopened,
    Notice,
    Outcome,
    PayoutAuthorized,
    ReviewOpened,
    Status,
    StatusChanged,
)
from shared.events.intake import ClaimAccepted, ClaimDenied, InformationRequested, ReopeningRecorded, ReopeningRefused
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind, SellerNotified
from shared.events.seller_portal import AnswerChoice
from tests.journeys.given import DISTRESS, LARGE, SMALL, total
from tests.journeys.story import Money, Story, journey


@journey
async def test_a_customers_appeal_with_a_reason_opens_a_round_that_pays_him(story: Story) -> None:
    await _is_denied(story)
    await story.asks_to_reopen(ReopeningReason.CUSTOMER_APPEAL)
    assert (await story.hears(ClaimReopened)).reason is ReopeningReason.CUSTOMER_APPEAL
    await story.hears(StatusChanged, notice=Notice.REOPENED)
    asked = await story.hears(ReviewOpened, round=2)
    assert asked.review is ReviewKind.REOPENED
    await story.adjuster_decides(asked, valid=True)
    order = await story.is_paid()
    assert (order.round, order.amount_minor) == (2, total(SMALL))
    await story.is_collected()
    end = await story.ends()
    assert end.outcome is Outcome.STEPPED_IN_REJECTED
    assert end.money == Money(paid_out=total(SMALL), recovered=total(SMALL))


@journey
async def test_a_customers_appeal_that_convinces_nobody_leaves_the_claim_as_it_was(story: Story) -> None:
    await _is_denied(story)
    await story.asks_to_reopen(ReopeningReason.NEW_EVIDENCE)
    await story.hears(NoticeHandedOver, kind=NoticeKind.AMENDED)
    await story.adjuster_decides(await story.hears(ReviewOpened, round=2), valid=False)
    told = await story.hears(StatusChanged, notice=Notice.NOT_REOPENED)
    assert (told.status, told.outcome) == (Status.CLOSED, Outcome.DENIED)
    end = await story.ends()
    assert (end.outcome, end.money) == (Outcome.DENIED, Money())


@journey
async def test_what_was_paid_before_is_not_paid_again_in_the_new_round(story: Story) -> None:
    await story.is_filed(LARGE)
    less = ItemFinding(item=2, allowed_minor=400_00, reasons=(Reason.NOT_PROVEN,))
    await story.adjuster_decides(await story.hears(ReviewOpened), less, valid=True)
    first = await story.is_released_and_paid()
    await story.asks_to_reopen(ReopeningReason.CUSTOMER_APPEAL)
    asked = await story.hears(ReviewOpened, round=2)
    assert sum(item.allowed_minor for item in asked.items) == total(LARGE) - first.amount_minor
    await story.adjuster_decides(asked, valid=True)
    if second := await _released_again(story):
        assert first.amount_minor + second.amount_minor == total(LARGE)
    await story.is_collected()
    await story.has_heard(PayoutAuthorized, 2)
    end = await story.ends()
    assert end.money.paid_out == total(LARGE)
    assert end.money.outstanding == 0


@journey
async def test_an_appeal_against_a_part_is_looked_at_once_the_rest_is_paid(story: Story) -> None:
    await story.is_filed(LARGE)
    less = ItemFinding(item=2, allowed_minor=400_00, reasons=(Reason.NOT_PROVEN,))
    await story.adjuster_decides(await story.hears(ReviewOpened), less, valid=True)
    await story.signs_release()
    first = await story.hears(PayoutAuthorized)
    await story.asks_to_reopen(ReopeningReason.NEW_EVIDENCE)
    await story.hears(ReopeningRecorded)
    await story.finance_pays(first)
    assert (await story.hears(ClaimReopened)).reason is ReopeningReason.NEW_EVIDENCE
    await story.adjuster_decides(await story.hears(ReviewOpened, round=2), valid=False)
    await story.is_collected()
    assert (await story.ends()).money.paid_out == first.amount_minor


@journey
async def test_papers_found_after_the_time_for_them_reopen_a_claim_that_was_never_accepted(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL, papers=False)
    await story.hears(InformationRequested)
    assert (await story.hears(ClaimDenied)).reasons == (Reason.NO_RESPONSE,)
    await story.hears(StatusChanged, outcome=Outcome.NO_RESPONSE)
    await story.sends_papers()
    await story.asks_to_reopen(ReopeningReason.PAPERS_FOUND)
    await story.sends_papers()
    await story.hears(ClaimAccepted)
    await story.is_paid()
    await story.hears(ClaimClosed, outcome=Outcome.DIRECT_PAID)
    end = await story.ends()
    assert (end.outcome, end.money.paid_out) == (Outcome.DIRECT_PAID, total(SMALL))


@journey
async def test_a_claim_that_the_rules_exclude_is_not_reopened_and_says_why(story: Story) -> None:
    await story.is_filed((DISTRESS,))
    await story.hears(ClaimDenied)
    await story.asks_to_reopen(ReopeningReason.CUSTOMER_APPEAL)
    assert Reason.NO_ADMISSIBLE_ITEM in (await story.hears(ReopeningRefused)).reasons
    await story.hears(StatusChanged, notice=Notice.NOT_REOPENED)
    assert (await story.ends()).outcome is Outcome.DENIED


async def _is_denied(story: Story) -> None:
    await story.is_filed(SMALL)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.CONTEST, evidence=("never-shipped",))
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=False, reasons=(Reason.NOT_DEFECTIVE,))
    assert (await story.hears(StatusChanged, outcome=Outcome.DENIED)).reasons == (Reason.NOT_DEFECTIVE,)


async def _released_again(story: Story) -> PayoutAuthorized:
    await story.signs_release()
    return await story.is_paid(round=2)
