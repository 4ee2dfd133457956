"""Sellers who were heard too late, or have something new to say after a payment: only their own debit is at stake."""

from shared.events.adjusters import ReviewKind
from shared.events.escalation import Outcome, PaymentContested, ReviewOpened
from shared.events.recovery import (
    Ground,
    ProofRequested,
    RecoveryDisputed,
    RecoveryResumed,
    RecoveryReversed,
    SellerDebitRequested,
    SellerDebitStopped,
    WaiverReason,
)
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind, SellerAppealRecorded, SellerNotified
from shared.events.seller_portal import AnswerChoice
from tests.journeys.given import LARGE, SMALL, total
from tests.journeys.story import Money, Story, journey


@journey
async def test_an_answer_in_time_heard_after_the_payout_is_a_dispute_and_nothing_is_debited_before(
    story: Story,
) -> None:
    await story.is_filed(SMALL)
    notified = await story.hears(SellerNotified)
    await story.is_paid()
    await story.seller_answers(AnswerChoice.CONTEST, at=notified.respond_by)
    assert (await story.hears(PaymentContested)).received_at == notified.respond_by
    disputed = await story.hears(RecoveryDisputed)
    assert disputed.ground is Ground.ANSWER
    await story.appeal_is_decided(won=False)
    await story.hears(RecoveryResumed)
    await story.hears(NoticeHandedOver, kind=NoticeKind.APPEAL)
    debit = await story.is_collected()
    assert story.moment_of(debit) >= story.moment_of(disputed)
    end = await story.ends()
    assert end.outcome is Outcome.STEPPED_IN_SILENT
    assert end.money == Money(paid_out=total(SMALL), recovered=total(SMALL))


@journey
async def test_an_appeal_won_gives_the_seller_his_money_back_and_takes_nothing_from_the_customer(story: Story) -> None:
    await _is_paid_for_a_silent_seller(story)
    await story.is_collected()
    await story.seller_appeals("test-report-of-the-lid")
    assert (await story.hears(SellerAppealRecorded)).evidence == ("test-report-of-the-lid",)
    assert (await story.hears(RecoveryDisputed)).ground is Ground.APPEAL
    await story.appeal_is_decided(won=True)
    reversed_ = await story.hears(RecoveryReversed)
    assert reversed_.reason is WaiverReason.APPEAL_WON
    assert (await story.is_refunded()).amount_minor == total(LARGE)
    await story.hears(NoticeHandedOver, kind=NoticeKind.APPEAL)
    end = await story.ends()
    assert end.outcome is Outcome.STEPPED_IN_SILENT, "the customer keeps what he was paid"
    assert end.money == Money(paid_out=total(LARGE), waived=total(LARGE))
    assert story.times_ordered() == 1


@journey
async def test_an_appeal_lost_leaves_the_debit_as_it_was(story: Story) -> None:
    await _is_paid_for_a_silent_seller(story)
    await story.hears(NoticeHandedOver, kind=NoticeKind.DEBIT)
    await story.seller_appeals("letter-of-complaint")
    disputed = await story.hears(RecoveryDisputed)
    await story.appeal_is_decided(won=False)
    await story.hears(RecoveryResumed)
    debit = await story.is_collected()
    assert story.moment_of(debit) >= story.moment_of(disputed)
    end = await story.ends()
    assert end.money == Money(paid_out=total(LARGE), recovered=total(LARGE))
    assert end.letters == [NoticeKind.CLAIM, NoticeKind.DEBIT, NoticeKind.APPEAL]


@journey
async def test_an_appeal_stops_a_debit_that_is_on_its_way(story: Story) -> None:
    await _is_paid_for_a_silent_seller(story)
    debit = await story.hears(SellerDebitRequested)
    await story.seller_appeals("new-expert-opinion")
    assert (await story.hears(SellerDebitStopped)).debit_id == debit.debit_id
    await story.appeal_is_decided(won=True)
    await story.hears(RecoveryReversed)
    await story.hears(NoticeHandedOver, kind=NoticeKind.APPEAL)
    end = await story.ends()
    assert end.money == Money(paid_out=total(LARGE), waived=total(LARGE))


@journey
async def test_a_seller_can_appeal_while_he_is_asked_for_proof(story: Story) -> None:
    await story.is_filed(SMALL)
    await story.is_paid()
    await story.hears(ProofRequested)
    await story.seller_appeals("delivery-record")
    await story.hears(RecoveryDisputed)
    await story.appeal_is_decided(won=True)
    await story.hears(NoticeHandedOver, kind=NoticeKind.APPEAL)
    end = await story.ends()
    assert end.money == Money(paid_out=total(SMALL), waived=total(SMALL))
    assert story.all(SellerDebitRequested) == []


async def _is_paid_for_a_silent_seller(story: Story) -> None:
    await story.is_filed(LARGE)
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.AMOUNT
    await story.adjuster_decides(asked, valid=True)
    await story.is_released_and_paid()
