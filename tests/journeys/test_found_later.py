"""What turns out only later: a duplicate after payment, a second payment by mistake, a payment that comes back."""

from shared.events.claim import LossKind, Reason
from shared.events.escalation import ClaimClosed, Outcome, PayoutAuthorized, PayoutRecalled, ReviewOpened
from shared.events.recovery import (
    FinanceResultQuestioned,
    RecoveryWrittenOff,
    RefundReason,
    ResultProblem,
    WriteOffReason,
)
from shared.events.upstream import Loss
from tests.journeys.given import LARGE, SMALL, total
from tests.journeys.story import Money, Story, journey

SCREW = Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=4_00)


@journey
async def test_a_duplicate_found_after_the_payment_is_called_back_and_the_seller_owes_it_once(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=True)
    await story.is_released_and_paid()
    await story.is_collected()
    other = Story(story.world, "the-same-by-phone", before=None)
    await other.is_filed(LARGE)
    await other.adjuster_decides(await other.hears(ReviewOpened), valid=True)
    order = await other.is_released_and_paid()
    await other.turns_out_to_be(story)
    recall = await other.hears(PayoutRecalled)
    assert (recall.payout_id, recall.reason) == (order.payout_id, Reason.DUPLICATE)
    await other.finance_gets_back(order, 1_000_00)
    end = await other.ends()
    assert end.outcome is Outcome.DUPLICATE
    assert end.money == Money(paid_out=total(LARGE) - 1_000_00, waived=total(LARGE) - 1_000_00)
    assert (await story.ends()).money == Money(paid_out=total(LARGE), recovered=total(LARGE))


@journey
async def test_a_second_payment_by_finances_mistake_is_questioned_and_costs_the_seller_nothing(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    order = await story.is_paid()
    await story.finance_pays(order, reference="again")
    assert (await story.hears(FinanceResultQuestioned)).problem is ResultProblem.PAID_TWICE
    await story.finance_gets_back(order, order.amount_minor)
    end = await story.ends()
    assert end.outcome is Outcome.DIRECT_PAID
    assert end.money == Money(paid_out=total(SMALL), waived=total(SMALL))


@journey
async def test_a_payment_that_comes_back_is_paid_to_the_new_payee_under_the_same_id(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=True)
    first = await story.is_released_and_paid()
    await story.finance_gets_back(first, first.amount_minor)
    assert (await story.hears(ClaimClosed, outcome=Outcome.PAYOUT_FAILED)).outcome is Outcome.PAYOUT_FAILED
    await story.gives_a_new_payee("account-of-the-sister")
    again = await story.hears(PayoutAuthorized, attempt=2)
    assert (again.payout_id, again.round) == (first.payout_id, 1)
    assert again.payee_ref != first.payee_ref
    await story.finance_pays(again, reference="sister")
    await story.hears(ClaimClosed, outcome=Outcome.STEPPED_IN_SILENT)
    await story.is_collected()
    end = await story.ends()
    assert (end.outcome, end.money.paid_out) == (Outcome.STEPPED_IN_SILENT, total(LARGE))


@journey
async def test_a_payout_that_fails_for_good_is_paid_to_a_new_payee(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    first = await story.hears(PayoutAuthorized)
    await story.finance_fails(first, final=True)
    await story.hears(ClaimClosed, outcome=Outcome.PAYOUT_FAILED)
    await story.gives_a_new_payee("another-account")
    again = await story.is_paid(attempt=2)
    assert again.payout_id == first.payout_id
    await story.hears(ClaimClosed, outcome=Outcome.DIRECT_PAID)
    end = await story.ends()
    assert (end.outcome, end.money) == (Outcome.DIRECT_PAID, Money(paid_out=total(SMALL), waived=total(SMALL)))


@journey
async def test_what_is_not_worth_pursuing_is_written_off_at_once(story: Story) -> None:
    await story.is_filed((SCREW,))
    await story.is_paid()
    assert (await story.hears(RecoveryWrittenOff)).reason is WriteOffReason.TOO_SMALL
    end = await story.ends()
    assert end.money == Money(paid_out=SCREW.amount_minor, written_off=SCREW.amount_minor)


@journey
async def test_a_seller_who_pays_of_his_own_accord_and_too_much_gets_the_rest_back(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=True)
    await story.is_released_and_paid()
    await story.seller_pays(total(LARGE) + 50_00)
    refund = await story.is_refunded()
    assert (refund.amount_minor, refund.reason) == (50_00, RefundReason.OVER_COLLECTED)
    end = await story.ends()
    assert end.money == Money(paid_out=total(LARGE), recovered=total(LARGE))
