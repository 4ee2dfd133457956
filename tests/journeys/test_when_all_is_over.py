"""Last of all: nothing followed the end of any journey, and the books of all services agree."""

from ops.reach import database
from ops.reconcile import reconcile
from tests.journeys.world import World


async def test_nothing_happened_after_a_claims_end(world: World) -> None:
    await world.all_told()
    assert {story.submission_id: story.length for story in world.over} == {
        story.submission_id: length for story, length in world.over.items()
    }


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
