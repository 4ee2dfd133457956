"""Sellers who do not answer: the marketplace steps in, pays, and pursues them."""

from datetime import timedelta

from shared.events.adjusters import ReviewKind
from shared.events.claim import ItemFinding, Reason
from shared.events.escalation import ClaimDecided, ClaimEscalated, Outcome, ReviewOpened, Route, RouteChosen, Status
from shared.events.recovery import (
    DebitNoticed,
    ProofRequested,
    RecoveryClosed,
    ReimbursementWaived,
    SellerDebitRequested,
)
from shared.events.seller_notifier import ExtensionGranted, NoticeHandedOver, NoticeKind, SellerNotified
from tests.journeys.given import LARGE, SMALL, certificate, total
from tests.journeys.story import Money, Story, journey

STEPPED_IN = [Status.WITH_SELLER, Status.PAYOUT_PENDING, Status.CLOSED]


@journey
async def test_a_silent_uninsured_seller_is_debited_after_proof_and_notice(story: Story) -> None:
    await story.is_filed(SMALL)
    assert not (await story.hears(RouteChosen)).direct_pay
    notified = await story.hears(SellerNotified)
    assert notified.respond_by - notified.handed_over_at == timedelta(days=7)
    escalated = await story.hears(ClaimEscalated)
    assert escalated.route is Route.SELLER_SILENT
    assert story.moment_of(escalated) >= notified.respond_by
    await story.is_paid()
    asked = await story.hears(ProofRequested)
    noticed = await story.hears(DebitNoticed)
    assert story.moment_of(noticed) >= asked.prove_by
    assert (await story.is_collected()).amount_minor == total(SMALL)
    end = await story.ends()
    assert (end.outcome, end.statuses) == (Outcome.STEPPED_IN_SILENT, STEPPED_IN)
    assert end.money == Money(paid_out=total(SMALL), recovered=total(SMALL))
    assert end.letters == [NoticeKind.CLAIM, NoticeKind.PROOF, NoticeKind.DEBIT]
    assert 1 <= len(story.all(NoticeHandedOver, kind=NoticeKind.REMINDER)) <= 2


@journey
async def test_proof_of_insurance_in_time_waives_the_reimbursement(story: Story) -> None:
    await story.seller_sells()
    await story.is_filed(SMALL)
    await story.is_paid()
    await story.hears(ProofRequested)
    await story.says(certificate(story.seller_id, story.seller_name))
    assert (await story.hears(ReimbursementWaived)).amount_minor == total(SMALL)
    end = await story.ends()
    assert (end.outcome, end.statuses) == (Outcome.STEPPED_IN_SILENT, STEPPED_IN)
    assert end.money == Money(paid_out=total(SMALL), waived=total(SMALL))
    assert end.letters == [NoticeKind.CLAIM, NoticeKind.PROOF]


@journey
async def test_above_the_line_silence_settles_who_answers_and_a_person_how_much(story: Story) -> None:
    await story.is_filed(LARGE)
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.AMOUNT
    assert [item.allowed_minor for item in asked.items] == [loss.amount_minor for loss in LARGE]
    less = ItemFinding(item=2, allowed_minor=1_500_00, reasons=(Reason.NOT_PROVEN,))
    await story.adjuster_decides(asked, less, valid=True)
    allowed = LARGE[0].amount_minor + 1_500_00
    assert (await story.is_released_and_paid()).amount_minor == allowed
    decided = await story.hears(ClaimDecided)
    assert decided.findings[1] == less
    debit = await story.hears(SellerDebitRequested)
    await story.finance_collects(debit, 1_000_00)
    await story.finance_collects(debit, allowed - 1_000_00)
    end = await story.ends()
    assert end.outcome is Outcome.STEPPED_IN_SILENT
    assert end.statuses == [
        Status.WITH_SELLER,
        Status.UNDER_REVIEW,
        Status.AWAITING_RELEASE,
        Status.PAYOUT_PENDING,
        Status.CLOSED,
    ]
    assert end.money == Money(paid_out=allowed, recovered=allowed)
    assert end.letters == [NoticeKind.CLAIM, NoticeKind.DEBIT]


@journey
async def test_one_extension_moves_the_moment_of_stepping_in(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(LARGE)
    notified = await story.hears(SellerNotified)
    await story.seller_asks_for_more_time()
    await story.seller_asks_for_more_time()
    granted = await story.hears(ExtensionGranted)
    assert granted.respond_by - notified.respond_by == timedelta(days=7)
    asked = await story.hears(ReviewOpened)
    assert story.moment_of(asked) >= granted.respond_by
    await story.adjuster_decides(asked, valid=False)
    end = await story.ends()
    assert (end.outcome, end.money) == (Outcome.DENIED, Money())
    assert len(story.all(ExtensionGranted)) == 1


@journey
async def test_a_debit_that_fails_is_asked_for_again_under_another_id(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=True)
    await story.is_released_and_paid()
    first = await story.hears(SellerDebitRequested)
    await story.finance_collects(first, 400_00)
    await story.finance_cannot_collect(first)
    again = await story.is_collected()
    assert again.debit_id != first.debit_id
    assert again.amount_minor == total(LARGE) - 400_00
    assert story.moment_of(again) - story.moment_of(first) >= timedelta(days=14)
    end = await story.ends()
    assert end.money == Money(paid_out=total(LARGE), recovered=total(LARGE))
    assert (await story.hears(RecoveryClosed)).recovered_minor == total(LARGE)
