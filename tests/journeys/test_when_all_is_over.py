"""Last of all: nothing followed the end of any journey, and the books of all services agree."""

from pathlib import Path

from ops.policy.explain import explain
from ops.policy.history import history
from ops.policy.simulate import proposed_policies, simulate
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
        await world.until_row(f"select where not exists (select from {service}.lane where published <> position)")


async def test_topics_states_outboxes_journals_and_the_ledger_agree(world: World) -> None:
    await world.all_told()
    async with database(world.settings) as look:
        account = await reconcile(look, None, world.settings)
    assert [(check.name, check.found) for check in account.checks if check.differences] == []
    assert account.claims >= len(world.over)
    assert account.records > account.claims


async def test_every_decision_of_every_claim_taken_again_gives_the_same(world: World) -> None:
    await world.all_told()
    shipped = load(world.settings.policy_folder) if world.settings.policy_folder else load()
    async with database(world.settings) as look:
        for story in world.over:
            account = await explain(look, story.submission_id, shipped)
            assert [one for one in account.decisions if not one.same] == []
            assert all(one.rule_in_words for one in account.decisions)
            assert {one.process for one in account.decisions} >= {"intake", "escalation"}


async def test_the_history_of_all_claims_shows_what_another_line_would_have_cost(world: World, tmp_path: Path) -> None:
    await world.all_told()
    folder = world.settings.policy_folder
    assert folder is not None
    async with database(world.settings) as look:
        lived = await history(look, load(folder))
    proposed = tmp_path / "us.toml"
    higher = '\n[[versions]]\nversion = "US-3"\nlike = "US-1"\neffective_from = 2025-07-01\n'
    higher += "[versions.handling]\nsmall_claim_line_minor = 300_000\n"
    proposed.write_text((folder / "us.toml").read_text(encoding="utf-8") + higher, encoding="utf-8")
    policies, _ = proposed_policies(lived.policies, proposed, folder)
    report = simulate(lived, policies, apart=False)
    assert report.claims >= len(world.over)
    assert report.reproduced > 0.6 * report.ended
    assert ("stepped_in_silent", "direct_paid") in report.matrix, "an insured seller's claim below the higher line"
    assert report.changed < report.claims
