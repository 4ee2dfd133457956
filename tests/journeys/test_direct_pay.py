"""Small claims of insured sellers: paid directly after the comment window, unless the seller objects."""

from datetime import timedelta

from shared.events.adjusters import ReviewKind
from shared.events.claim import Reason
from shared.events.escalation import ClaimEscalated, Outcome, PayoutAuthorized, ReviewOpened, Route, RouteChosen, Status
from shared.events.recovery import ReimbursementWaived, WaiverReason
from shared.events.seller_notifier import NoticeKind, SellerCommentRecorded, SellerNotified
from tests.journeys.given import LONGER, SMALL, total
from tests.journeys.story import Money, Story, journey

WAIVED = Money(paid_out=total(SMALL), waived=total(SMALL))


@journey
async def test_a_small_claim_of_an_insured_seller_is_paid_after_the_comment_window(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    assert (await story.hears(RouteChosen)).direct_pay
    notified = await story.hears(SellerNotified)
    assert notified.respond_by - notified.handed_over_at == timedelta(hours=LONGER["comment_window_hours"])
    order = await story.is_paid()
    assert story.moment_of(order) >= notified.respond_by
    assert (order.route, order.covered, order.amount_minor) == (Route.DIRECT_PAY, True, total(SMALL))
    assert (await story.hears(ReimbursementWaived)).reason is WaiverReason.SMALL_INSURED
    end = await story.ends()
    assert end.outcome is Outcome.DIRECT_PAID
    assert end.statuses == [Status.DIRECT_PAY, Status.PAYOUT_PENDING, Status.CLOSED]
    assert (end.money, end.letters) == (WAIVED, [NoticeKind.CLAIM])


@journey
async def test_contrary_evidence_in_the_window_is_judged_by_a_person_who_finds_the_claim_valid(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    await story.hears(RouteChosen)
    await story.seller_comments(contrary=True, evidence=("photo-of-the-lid",))
    assert (await story.hears(SellerCommentRecorded)).evidence == ("photo-of-the-lid",)
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.CONTESTED
    await story.adjuster_decides(asked, valid=True)
    assert (await story.hears(ClaimEscalated)).route is Route.SELLER_REJECTED
    await story.is_paid()
    end = await story.ends()
    assert end.outcome is Outcome.STEPPED_IN_REJECTED
    assert end.statuses == [Status.DIRECT_PAY, Status.UNDER_REVIEW, Status.PAYOUT_PENDING, Status.CLOSED]
    assert (end.money, end.letters) == (WAIVED, [NoticeKind.CLAIM])


@journey
async def test_contrary_evidence_in_the_window_that_convinces_ends_in_a_denial(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    await story.hears(RouteChosen)
    await story.seller_comments(contrary=True, evidence=("never-shipped",))
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=False)
    end = await story.ends()
    assert (end.outcome, end.reasons) == (Outcome.DENIED, (Reason.NOT_PROVEN,))
    assert end.statuses == [Status.DIRECT_PAY, Status.UNDER_REVIEW, Status.CLOSED]
    assert (end.money, story.all(PayoutAuthorized)) == (Money(), [])


@journey
async def test_direct_pay_goes_on_when_the_seller_cannot_be_reached(story: Story) -> None:
    await story.seller_is_known(story.refusing)
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    await story.is_paid()
    end = await story.ends()
    assert (end.outcome, end.money, end.letters) == (Outcome.DIRECT_PAID, WAIVED, [])
