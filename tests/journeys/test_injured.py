"""Who was hurt, who claims and who is paid: guardians, estates, releases, liens, and beneficiaries of Medicare."""

from datetime import timedelta

from shared.events.adjusters import ReviewKind
from shared.events.claim import Document, DocumentKind, LossKind, Reason, ReopeningReason
from shared.events.escalation import (
    MedicareReportDue,
    NextStep,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReleaseRequested,
    ReviewOpened,
    Status,
    StatusChanged,
)
from shared.events.intake import ClaimAccepted, InformationRequested, LienRecorded
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind, SellerNotified
from shared.events.seller_portal import AnswerChoice
from shared.events.upstream import Claimant, Injured, Injury, Loss
from tests.journeys.given import KETTLE, LARGE, SMALL, total
from tests.journeys.story import Money, Story, journey

FATAL = Injury(diagnosis="burns, thermal", body_part="trunk", disposition="fatality")
CARE = Loss(kind=LossKind.MEDICAL, amount_minor=2_000_00)
WAGES = Loss(kind=LossKind.LOST_EARNINGS, amount_minor=150_00, guardians=True)
DEAR = Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=1_400_00)


@journey
async def test_a_guardian_shows_that_he_may_act_and_claims_his_own_lost_earnings(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed((KETTLE, WAGES), injured=Injured(age=6))
    asked = await story.hears(InformationRequested)
    assert [(paper.item, paper.any_of) for paper in asked.missing] == [(None, (DocumentKind.GUARDIAN_AUTHORITY,))]
    await story.sends(Document(kind=DocumentKind.GUARDIAN_AUTHORITY))
    accepted = await story.hears(ClaimAccepted)
    assert [item.admitted_minor for item in accepted.items] == [KETTLE.amount_minor, WAGES.amount_minor]
    review = await story.hears(ReviewOpened)
    assert review.review is ReviewKind.SERIOUS_INJURY
    await story.adjuster_decides(review, valid=True)
    await story.is_paid()
    assert (await story.ends()).money.paid_out == KETTLE.amount_minor + WAGES.amount_minor


@journey
async def test_an_estate_acts_for_who_has_died_and_a_person_looks(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL, injury=FATAL, authority=DocumentKind.ESTATE_AUTHORITY)
    assert story.all(InformationRequested) == []
    review = await story.hears(ReviewOpened)
    assert review.review is ReviewKind.SERIOUS_INJURY
    await story.adjuster_decides(review, valid=True)
    await story.is_paid()
    assert (await story.ends()).money.paid_out == total(SMALL)


@journey
async def test_a_claim_above_the_line_is_paid_only_after_its_release_is_signed(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    asked = await story.hears(ReleaseRequested)
    assert (asked.amount_minor, asked.items) == (total(LARGE), (2,)), "a purchase price releases nothing"
    told = await story.hears(StatusChanged, status=Status.AWAITING_RELEASE)
    assert (told.owner, told.next_step, told.by) == (Owner.CUSTOMER, NextStep.SIGN_RELEASE, asked.sign_by)
    assert story.all(PayoutAuthorized) == []
    await story.is_released_and_paid()
    await story.is_collected()
    assert (await story.ends()).money.paid_out == total(LARGE)


@journey
async def test_a_release_that_is_never_signed_ends_the_claim_until_the_customer_asks_again(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    first = await story.hears(ReleaseRequested)
    second = await story.hears(ReleaseRequested)
    assert second.sign_by >= first.sign_by + timedelta(days=29)
    closed = await story.hears(StatusChanged, outcome=Outcome.NO_RESPONSE)
    assert closed.reasons == (Reason.RELEASE_NOT_SIGNED,)
    await story.asks_to_reopen(ReopeningReason.PAPERS_FOUND)
    await story.hears(NoticeHandedOver, kind=NoticeKind.AMENDED)
    await story.adjuster_decides(await story.hears(ReviewOpened, round=2), valid=False)
    assert (await story.ends()).outcome is Outcome.NO_RESPONSE


@journey
async def test_paying_a_purchase_price_alone_needs_no_release(story: Story) -> None:
    await story.is_filed((DEAR,), injury=None)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    await story.is_paid()
    await story.is_collected()
    assert (await story.ends()).money.paid_out == DEAR.amount_minor
    assert story.all(ReleaseRequested) == []


@journey
async def test_a_lien_is_recorded_before_the_payment_and_paid_out_of_it(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.lien_is_asserted(300_00)
    assert [lien.amount_minor for lien in (await story.hears(LienRecorded)).liens] == [300_00]
    await story.world.until_row(
        "select from escalation.journal where key = $1 and type = 'LienRecorded'", str(story.claim_id)
    )
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    order = await story.is_released_and_paid()
    assert (order.amount_minor, [lien.amount_minor for lien in order.liens]) == (total(LARGE), [300_00])
    await story.is_collected()
    assert (await story.ends()).money == Money(paid_out=total(LARGE), recovered=total(LARGE))


@journey
async def test_whether_somebody_is_a_beneficiary_is_asked_and_his_payment_is_reported(story: Story) -> None:
    await story.is_filed((KETTLE, CARE), claimant=Claimant(id=story.claimant_id, age=82))
    assert (await story.hears(InformationRequested)).asks_beneficiary
    await story.says_whether_beneficiary(True)
    await story.hears(ClaimAccepted)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    order = await story.is_released_and_paid()
    due = await story.hears(MedicareReportDue)
    assert (due.paid_minor, due.threshold_minor) == (order.amount_minor, 750_00)
    await story.is_collected()
    assert (await story.ends()).outcome is Outcome.RESOLVED_BY_SELLER


@journey
async def test_a_question_about_medicare_that_nobody_answers_is_no_answer_and_a_person_looks(story: Story) -> None:
    await story.is_filed((KETTLE, CARE), claimant=Claimant(id=story.claimant_id, age=70))
    asked = await story.hears(InformationRequested)
    accepted = await story.hears(ClaimAccepted)
    assert accepted.beneficiary is None
    assert story.moment_of(accepted) >= asked.respond_by
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    review = await story.hears(ReviewOpened)
    assert review.review is ReviewKind.SERIOUS_INJURY
    await story.adjuster_decides(review, valid=False)
    assert (await story.ends()).outcome is Outcome.DENIED
    assert story.all(MedicareReportDue) == []
