"""Said twice, claimed twice, or taken back: what is still one claim, and what is none."""

from shared.events.claim import LossKind, Reason
from shared.events.escalation import Outcome, PayoutAuthorized, RouteChosen, Status
from shared.events.intake import (
    AmendmentRecorded,
    ClaimAccepted,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    InformationRequested,
    SubmissionRefused,
)
from shared.events.seller_notifier import NoticeKind, SellerNotified
from shared.events.upstream import Loss
from tests.journeys.given import KETTLE, LARGE, SMALL, total
from tests.journeys.story import Money, Story, journey

WAIVED = Money(paid_out=total(SMALL), waived=total(SMALL))


@journey
async def test_the_same_submission_twice_is_one_claim(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    await story.is_filed(SMALL)
    await story.is_paid()
    await story.is_filed(SMALL)
    end = await story.ends()
    assert (end.outcome, end.money, end.letters) == (Outcome.DIRECT_PAID, WAIVED, [NoticeKind.CLAIM])
    assert (len(story.all(ClaimAccepted)), len(story.all(SellerNotified))) == (1, 1)


@journey
async def test_the_same_submission_with_other_content_is_refused_and_the_claim_goes_on(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    await story.is_paid()
    await story.is_filed(LARGE, papers=False, order_id="order-of-the-toaster")
    refused = await story.hears(SubmissionRefused)
    assert ([problem.field for problem in refused.problems], refused.contradicts) == (["order_id", "losses"], True)
    end = await story.ends()
    assert (end.outcome, end.money, end.letters) == (Outcome.DIRECT_PAID, WAIVED, [NoticeKind.CLAIM])
    assert (len(story.all(ClaimAccepted)), len(story.all(SubmissionRefused))) == (1, 1)


@journey
async def test_the_same_order_and_incident_under_another_id_is_a_duplicate(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    await story.hears(ClaimAccepted)
    again = Story(story.world, "again", before=story)
    await again.is_filed(SMALL)
    assert (await again.hears(DuplicateFound)).duplicate_of == story.claim_id
    ended = await again.ends()
    assert (ended.outcome, ended.statuses, ended.money) == (Outcome.DUPLICATE, [Status.CLOSED], Money())
    await story.is_paid()
    end = await story.ends()
    assert (end.outcome, end.money) == (Outcome.DIRECT_PAID, WAIVED)


@journey
async def test_two_orders_in_one_incident_are_small_together_or_not_at_all(story: Story) -> None:
    half = (Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=600_00),)
    await story.seller_is_insured()
    await story.is_filed(half)
    assert (await story.hears(ClaimAccepted)).small
    other = Story(story.world, "other-order", before=story)
    await other.is_filed(half, order_id="order-of-the-toaster")
    accepted = await other.hears(ClaimAccepted)
    assert (accepted.small, accepted.incident_total_minor) == (False, 1_200_00)
    assert not (await other.hears(RouteChosen)).direct_pay
    assert not (await story.hears(AmendmentRecorded)).small
    assert not (await story.hears(RouteChosen, direct_pay=False)).direct_pay, "the first one crossed the line with it"
    for one in (story, other):
        await one.hears(SellerNotified, direct_pay=False)
        await one.withdraws()
        end = await one.ends()
        assert (end.outcome, end.money) == (Outcome.WITHDRAWN, Money())


@journey
async def test_a_claim_withdrawn_before_the_decision_is_not_paid(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.withdraws()
    assert not (await story.hears(ClaimWithdrawalRecorded)).before_acceptance
    end = await story.ends()
    assert (end.outcome, end.reasons) == (Outcome.WITHDRAWN, (Reason.WITHDRAWN,))
    assert end.statuses == [Status.WITH_SELLER, Status.CLOSED]
    assert (end.money, end.letters, story.all(PayoutAuthorized)) == (Money(), [NoticeKind.CLAIM], [])


@journey
async def test_a_claim_withdrawn_before_acceptance_may_be_filed_again(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed((KETTLE,), papers=False)
    await story.hears(InformationRequested)
    await story.withdraws()
    assert (await story.hears(ClaimWithdrawalRecorded)).before_acceptance
    end = await story.ends()
    assert (end.outcome, end.statuses) == (Outcome.WITHDRAWN, [Status.NEEDS_INFORMATION, Status.CLOSED])
    again = Story(story.world, "again", before=story)
    await again.is_filed((KETTLE,))
    await again.is_paid()
    assert (await again.ends()).outcome is Outcome.DIRECT_PAID
