"""Where a person must look or say yes: serious injuries, minors, amounts above the authority limit."""

from shared.events.adjusters import ReviewKind
from shared.events.claim import DocumentKind, InjuryClass, ItemFinding, LossKind, Reason
from shared.events.escalation import (
    ApprovalRequested,
    ClaimClosed,
    Outcome,
    PayoutAuthorized,
    ReviewOpened,
    Route,
    Status,
)
from shared.events.intake import ClaimAccepted
from shared.events.seller_notifier import SellerNotified
from shared.events.seller_portal import AnswerChoice
from shared.events.upstream import Claimant, Loss
from tests.journeys.given import ADMITTED, BURN, HUGE, KETTLE, LARGE, SMALL, total
from tests.journeys.story import Money, Story, journey


@journey
async def test_a_serious_injury_is_never_paid_automatically(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL, injury=ADMITTED)
    assert (await story.hears(ClaimAccepted)).injury is InjuryClass.SERIOUS
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.SERIOUS_INJURY
    assert not story.all(PayoutAuthorized)
    await story.adjuster_decides(asked, valid=True)
    assert (await story.is_paid()).route is Route.DIRECT_PAY
    end = await story.ends()
    assert end.outcome is Outcome.DIRECT_PAID
    assert end.statuses == [Status.DIRECT_PAY, Status.UNDER_REVIEW, Status.PAYOUT_PENDING, Status.CLOSED]
    assert end.money == Money(paid_out=total(SMALL), waived=total(SMALL))


@journey
async def test_a_serious_injury_that_the_seller_accepts_is_looked_at_as_well(story: Story) -> None:
    await story.is_filed(LARGE, injury=ADMITTED)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.SERIOUS_INJURY
    await story.adjuster_decides(asked, valid=True)
    await story.is_released_and_paid()
    await story.is_collected()
    end = await story.ends()
    assert end.outcome is Outcome.RESOLVED_BY_SELLER
    assert end.money == Money(paid_out=total(LARGE), recovered=total(LARGE))


@journey
async def test_a_minors_claim_is_looked_at_by_a_person_and_has_no_lost_earnings(story: Story) -> None:
    wages = Loss(kind=LossKind.LOST_EARNINGS, amount_minor=200_00)
    await story.seller_is_insured()
    await story.is_filed(
        (KETTLE, wages),
        claimant=Claimant(id=story.claimant_id, age=9),
        authority=DocumentKind.GUARDIAN_AUTHORITY,
    )
    accepted = await story.hears(ClaimAccepted)
    assert accepted.minor_claimant
    assert [item.admitted_minor for item in accepted.items] == [KETTLE.amount_minor, 0]
    assert accepted.items[1].reasons == (Reason.MINORS_EARNINGS,)
    asked = await story.hears(ReviewOpened)
    assert asked.review is ReviewKind.SERIOUS_INJURY
    await story.adjuster_decides(asked, valid=True)
    assert (await story.is_paid()).amount_minor == KETTLE.amount_minor
    end = await story.ends()
    assert end.money == Money(paid_out=KETTLE.amount_minor, waived=KETTLE.amount_minor)


@journey
async def test_above_the_authority_limit_two_different_people_say_yes(story: Story) -> None:
    asked = await _needs_approval(story)
    assert asked.amount_minor == total(HUGE)
    await story.approver_says_yes(asked, "approver-1")
    await story.approver_says_yes(asked, "approver-1")
    await story.approver_says_yes(asked, "approver-1")
    # One row per fact heard: the same person has been heard three times, and nothing was ordered.
    await story.world.until_row(
        "select from escalation.journal where key = $1 and type = 'PayoutApproved' having count(*) = 3",
        str(story.claim_id),
    )
    ordered = "select from escalation.outbox where key = $1 and topic = 'finance.payouts.v1'"
    assert not await story.world.rows(ordered, str(story.claim_id))
    await story.approver_says_yes(asked, "approver-2")
    order = await story.is_paid()
    assert (order.payout_id, order.amount_minor) == (asked.payout_id, total(HUGE))
    await story.is_collected()
    end = await story.ends()
    assert end.outcome is Outcome.RESOLVED_BY_SELLER
    assert end.statuses == [
        Status.WITH_SELLER,
        Status.AWAITING_RELEASE,
        Status.AWAITING_APPROVAL,
        Status.PAYOUT_PENDING,
        Status.CLOSED,
    ]
    assert end.money == Money(paid_out=total(HUGE), recovered=total(HUGE))


@journey
async def test_an_approvers_no_sends_the_amount_back_to_an_adjuster(story: Story) -> None:
    asked = await _needs_approval(story)
    await story.approver_says_yes(asked, "approver-1")
    await story.approver_says_no(asked, "approver-2")
    review = await story.hears(ReviewOpened)
    assert review.review is ReviewKind.AMOUNT
    await story.adjuster_decides(review, ItemFinding(item=2, allowed_minor=5_000_00), valid=True)
    allowed = HUGE[0].amount_minor + 5_000_00
    assert (await story.is_paid()).amount_minor == allowed, "below the limit: nobody is asked again"
    await story.is_collected()
    end = await story.ends()
    assert end.money == Money(paid_out=allowed, recovered=allowed)


@journey
async def test_above_the_authority_limit_another_payee_is_approved_by_two_before_he_is_paid(story: Story) -> None:
    asked = await _needs_approval(story)
    for approver in ("approver-1", "approver-2"):
        await story.approver_says_yes(asked, approver)
    first = await story.hears(PayoutAuthorized)
    await story.finance_fails(first, final=True)
    await story.hears(ClaimClosed, outcome=Outcome.PAYOUT_FAILED)
    await story.gives_a_new_payee("account-of-the-cousin")
    anew = await story.hears(ApprovalRequested)
    assert (anew.payout_id, anew.amount_minor) == (first.payout_id, first.amount_minor)
    assert anew.question_id != asked.question_id
    for approver in ("approver-1", "approver-2"):  # of the payee before
        await story.approver_says_yes(asked, approver)
    await story.world.until_row(
        "select from escalation.journal where key = $1 and type = 'PayoutApproved' having count(*) = 4",
        str(story.claim_id),
    )
    assert story.times_ordered() == 1
    for approver in ("approver-1", "approver-3"):
        await story.approver_says_yes(anew, approver)
    again = await story.hears(PayoutAuthorized, attempt=2)
    assert (again.payout_id, again.payee_ref == first.payee_ref) == (first.payout_id, False)
    await story.finance_pays(again, reference="cousin")
    await story.hears(ClaimClosed, outcome=Outcome.RESOLVED_BY_SELLER)
    await story.is_collected()
    end = await story.ends()
    assert end.money == Money(paid_out=total(HUGE), recovered=total(HUGE))


@journey
async def test_who_has_looked_at_the_claim_as_it_was_allows_nothing_of_what_it_comes_to_since(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.CONTEST)
    asked = await story.hears(ReviewOpened)
    await story.amends((*LARGE, BURN))
    amended, proven = [await story.hears(ReviewOpened) for _ in range(2)]  # what was amended, and then its papers
    assert len({each.question_id for each in (asked, amended, proven)}) == 3
    await story.adjuster_decides(asked, valid=True)
    await story.adjuster_decides(proven, ItemFinding(item=3, allowed_minor=0, reasons=(Reason.NOT_PROVEN,)), valid=True)
    assert (await story.is_released_and_paid()).amount_minor == total(LARGE)
    await story.is_collected()
    end = await story.ends()
    assert end.money == Money(paid_out=total(LARGE), recovered=total(LARGE))


async def _needs_approval(story: Story) -> ApprovalRequested:
    await story.is_filed(HUGE)
    await story.hears(SellerNotified)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    await story.signs_release()
    return await story.hears(ApprovalRequested)
