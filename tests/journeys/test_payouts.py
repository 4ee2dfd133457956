"""Finance: payouts that fail and are tried again, that fail for good, and results that are said twice."""

from shared.events.escalation import ClaimClosed, Outcome, PayoutAuthorized, Status
from shared.events.recovery import FinanceResultQuestioned, RecoveryOpened
from tests.journeys.given import SMALL, total
from tests.journeys.story import Money, Story, journey

WAIVED = Money(paid_out=total(SMALL), waived=total(SMALL))


async def _is_ordered(story: Story) -> PayoutAuthorized:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    return await story.hears(PayoutAuthorized)


@journey
async def test_a_payout_that_fails_is_tried_again_under_the_same_id(story: Story) -> None:
    first = await _is_ordered(story)
    await story.finance_fails(first, final=False)
    again = await story.hears(PayoutAuthorized, attempt=2)
    assert (again.payout_id, again.amount_minor) == (first.payout_id, first.amount_minor)
    await story.finance_pays(again)
    end = await story.ends()
    assert (end.outcome, end.money) == (Outcome.DIRECT_PAID, WAIVED)
    assert end.statuses == [Status.DIRECT_PAY, Status.PAYOUT_PENDING, Status.CLOSED]


@journey
async def test_a_payout_that_fails_for_good_is_given_up(story: Story) -> None:
    await story.finance_fails(await _is_ordered(story), final=True)
    end = await story.ends()
    assert (end.outcome, end.money) == (Outcome.PAYOUT_FAILED, Money())
    assert (story.all(RecoveryOpened), len(story.all(ClaimClosed))) == ([], 1)


@journey
async def test_a_payout_is_given_up_after_three_attempts_and_a_late_payment_corrects_it(story: Story) -> None:
    order = await _is_ordered(story)
    for attempt in (2, 3):
        await story.finance_fails(order, final=False)
        order = await story.hears(PayoutAuthorized, attempt=attempt)
    await story.finance_fails(order, final=False)
    assert (await story.hears(ClaimClosed)).outcome is Outcome.PAYOUT_FAILED
    await story.finance_pays(order)
    assert (await story.hears(ClaimClosed)).outcome is Outcome.DIRECT_PAID
    end = await story.ends()
    assert (end.outcome, end.money) == (Outcome.DIRECT_PAID, WAIVED)


@journey
async def test_a_silent_finance_is_told_once_more_under_the_same_id(story: Story) -> None:
    first = await _is_ordered(story)
    again = await story.hears(PayoutAuthorized)
    assert again == first
    await story.finance_pays(again)
    end = await story.ends()
    assert (end.outcome, end.money) == (Outcome.DIRECT_PAID, WAIVED)
    assert len(story.all(PayoutAuthorized)) == 2


@journey
async def test_a_payment_said_three_times_is_one_entry_in_the_ledger(story: Story) -> None:
    order = await _is_ordered(story)
    for _ in range(3):
        await story.finance_pays(order)
    await story.world.until_row(
        "select from recovery.journal where key = $1 and type = 'PayoutPaid' having count(*) = 3", str(story.claim_id)
    )
    end = await story.ends()
    assert (end.outcome, end.money) == (Outcome.DIRECT_PAID, WAIVED)
    entries = "select move from recovery.ledger_entry where claim_id = $1 order by move"
    assert [row["move"] for row in await story.world.rows(entries, story.claim_id)] == ["expected", "paid", "waived"]
    assert story.all(FinanceResultQuestioned) == []
