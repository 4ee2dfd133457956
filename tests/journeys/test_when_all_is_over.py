"""Last of all: nothing followed the end of any journey, and the books of all services agree."""

from ops.policy.explain import explain
from ops.reach import database
from ops.reconcile import reconcile
from shared.policy import load
from tests.journeys.world import World


async def test_nothing_happened_after_a_claims_end(world: World) -> None:
    await world.all_told()
    later = {story.submission_id: story.since(length) for story, length in world.over.items()}
    assert {name: types for name, types in later.items() if types} == {}


async def test_no_key_is_parked_and_nothing_waits_to_be_published(world: World) -> None:
    await world.all_told()
    for service in ("intake", "seller_notifier", "escalation", "recovery", "insurance_accelerator"):
        parked = await world.rows(f"select key, type, error from {service}.held where error is not null")
        assert [tuple(row) for row in parked] == []
        assert not await world.rows(f"select from {service}.lane where published <> position")


async def test_the_books_of_all_services_agree(world: World) -> None:
    await world.all_told()
    async with database(world.settings) as look:
        account = await reconcile(look, None)
    assert [(check.name, check.found) for check in account.checks if check.differences] == []


async def test_every_decision_of_every_claim_taken_again_gives_the_same(world: World) -> None:
    await world.all_told()
    shipped = load(world.settings.policy_folder) if world.settings.policy_folder else load()
    async with database(world.settings) as look:
        for story in world.over:
            account = await explain(look, story.submission_id, shipped)
            assert [one for one in account.decisions if not one.same] == []
            assert all(one.rule_in_words for one in account.decisions)
            assert {one.process for one in account.decisions} >= {"intake", "escalation"}
