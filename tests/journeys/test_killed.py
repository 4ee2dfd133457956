"""All five services killed in the middle of sixty mixed claims, twice: every claim ends, and every cent adds up."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest_asyncio

from shared.events.escalation import (
    ClaimClosed,
    NextStep,
    Outcome,
    PayoutAuthorized,
    ReviewOpened,
    RouteChosen,
    StatusChanged,
)
from shared.events.intake import ClaimAccepted, InformationRequested
from shared.events.recovery import SellerDebitRequested
from shared.events.seller_notifier import InsurerNotified
from shared.events.seller_portal import AnswerChoice
from tests.journeys.given import DISTRESS, HUGE, LARGE, SMALL, certificate, total
from tests.journeys.story import Ending, Money, Story
from tests.journeys.world import World

# A kill takes days of the clock. So sellers answer as soon as the route is chosen: before the notice it is never too
# late, wherever the kill falls.
EACH = 6
RECOVERED = Money(paid_out=total(LARGE), recovered=total(LARGE))
WAIVED = Money(paid_out=total(SMALL), waived=total(SMALL))


async def paid_directly(story: Story) -> Ending:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    await story.is_paid()
    return await story.ends()


async def paid_at_the_second_attempt(story: Story) -> Ending:
    await story.seller_is_insured()
    await story.is_filed(SMALL)
    first = await story.hears(PayoutAuthorized)
    await story.finance_fails(first, final=False)
    await story.finance_pays(await story.hears(PayoutAuthorized, attempt=2))
    return await story.ends()


async def paid_when_the_papers_came(story: Story) -> Ending:
    await story.seller_is_insured()
    await story.is_filed(SMALL, papers=False)
    await story.hears(InformationRequested)
    await story.sends_papers()
    await story.is_paid()
    return await story.ends()


async def silent_and_debited(story: Story) -> Ending:
    await story.is_filed(LARGE)
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=True)
    await story.is_released_and_paid()
    await story.is_collected()
    return await story.ends()


async def silent_and_insured_meanwhile(story: Story) -> Ending:
    await story.seller_sells()
    await story.is_filed(SMALL)
    await story.hears(RouteChosen)
    await story.says(certificate(story.seller_id, story.seller_name))
    await story.is_paid()
    return await story.ends()


async def accepted(story: Story) -> Ending:
    await story.is_filed(LARGE)
    await story.hears(RouteChosen)
    await story.seller_answers(AnswerChoice.PAY_THROUGH_US)
    await story.is_released_and_paid()
    debit = await story.hears(SellerDebitRequested)
    for _ in range(2):  # finance says it twice
        await story.finance_collects(debit, debit.amount_minor)
    return await story.ends()


async def contested_and_paid(story: Story) -> Ending:
    await story.is_filed(LARGE)
    await story.hears(RouteChosen)
    await story.seller_answers(AnswerChoice.CONTEST)
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=True)
    order = await story.is_released_and_paid()
    await story.finance_pays(order)
    await story.is_collected()
    return await story.ends()


async def contested_and_denied(story: Story) -> Ending:
    await story.is_filed(HUGE)
    await story.hears(RouteChosen)
    await story.seller_answers(AnswerChoice.CONTEST)
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=False)
    return await story.ends()


async def settled_by_the_insurer(story: Story) -> Ending:
    await story.is_filed(LARGE)
    await story.hears(RouteChosen)
    await story.seller_answers(AnswerChoice.REFER_TO_INSURER, insurer_contact=story.insurer)
    await story.hears(InsurerNotified)
    await story.insurer_settles(total(LARGE))
    await story.hears(StatusChanged, next_step=NextStep.CONFIRM_SETTLEMENT)
    await story.customer_confirms()
    return await story.ends()


async def denied(story: Story) -> Ending:
    await story.is_filed((DISTRESS,))
    return await story.ends()


WAYS: dict[Callable[[Story], Awaitable[Ending]], tuple[Outcome, Money]] = {
    paid_directly: (Outcome.DIRECT_PAID, WAIVED),
    paid_at_the_second_attempt: (Outcome.DIRECT_PAID, WAIVED),
    paid_when_the_papers_came: (Outcome.DIRECT_PAID, WAIVED),
    silent_and_debited: (Outcome.STEPPED_IN_SILENT, RECOVERED),
    silent_and_insured_meanwhile: (Outcome.STEPPED_IN_SILENT, WAIVED),
    accepted: (Outcome.RESOLVED_BY_SELLER, RECOVERED),
    contested_and_paid: (Outcome.STEPPED_IN_REJECTED, RECOVERED),
    contested_and_denied: (Outcome.DENIED, Money()),
    settled_by_the_insurer: (Outcome.RESOLVED_BY_INSURER, Money()),
    denied: (Outcome.DENIED, Money()),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def batch(world: World) -> dict[Story, tuple[Callable[[Story], Awaitable[Ending]], Ending]]:
    """Half of the claims are on their way at the first kill; the others are filed while nobody is there."""
    await world.all_told()
    stories = [(Story(world, way.__name__), way) for _ in range(EACH) for way in WAYS]
    before = Counter(type(heard) for heard in (*world.every(ClaimAccepted), *world.every(PayoutAuthorized)))
    half = len(stories) // 2
    async with asyncio.TaskGroup() as group:
        told = [group.create_task(_ending(way, story)) for story, way in stories[:half]]
        await world.has_heard(ClaimAccepted, before[ClaimAccepted] + half // 2)
        world.kill_all()
        told += [group.create_task(_ending(way, story)) for story, way in stories[half:]]
        world.start_all()
        await world.has_heard(PayoutAuthorized, before[PayoutAuthorized] + half // 2)
        world.kill_all()
        world.start_all()
    return {story: (way, task.result()) for (story, way), task in zip(stories, told, strict=True)}


async def _ending(way: Callable[[Story], Awaitable[Ending]], story: Story) -> Ending:
    return await way(story)


Batch = dict[Story, tuple[Callable[[Story], Awaitable[Ending]], Ending]]


async def test_every_claim_ends_as_it_would_have_without_the_kills(batch: Batch) -> None:
    assert len(batch) == EACH * len(WAYS)
    for story, (way, end) in batch.items():
        assert (end.outcome, end.money) == WAYS[way], story.submission_id
        assert len(story.all(ClaimClosed)) == 1


async def test_nobody_is_paid_or_debited_twice(world: World, batch: Batch) -> None:
    for story in batch:
        assert len({order.payout_id for order in story.all(PayoutAuthorized)}) <= 1
        assert len({debit.debit_id for debit in story.all(SellerDebitRequested)}) <= 1
    twice = """
        select claim_id from recovery.ledger_entry where move in ('paid', 'collected')
        group by claim_id, move having count(*) > 1 and claim_id = any($1)"""
    assert not await world.rows(twice, [story.claim_id for story in batch])


async def test_the_ledger_of_the_batch_adds_up_to_the_cent(world: World, batch: Batch) -> None:
    sums = ", ".join(f"coalesce(sum({column}), 0)::bigint" for column in Money._fields)
    rows = await world.rows(
        f"select {sums} from recovery.claim_money where claim_id = any($1)", [story.claim_id for story in batch]
    )
    expected = [WAYS[way][1] for way, _ in batch.values()]
    assert Money(*rows[0]) == Money(*map(sum, zip(*expected, strict=True)))
    assert not await world.rows("select from recovery.trial_balance group by currency having sum(balance_minor) <> 0")
