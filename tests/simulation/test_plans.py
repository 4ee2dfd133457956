"""Over the seeds everything occurs: every scene, every kind of fault and of noise, and each of them strikes."""

from collections import Counter

from ops.demo.scenes import SCENES
from ops.simulation.plan import PROCESSES, SHARES, Kind, Noise, plan_of
from ops.simulation.run import Result, result_of

PLANS = [plan_of(seed) for seed in range(1000)]


def test_every_scene_is_played() -> None:
    played = Counter(number for plan in PLANS for claim in plan.claims for number in claim)
    assert set(played) == set(range(len(SCENES)))


def test_no_claim_is_filed_twice_in_one_plan() -> None:
    for plan in PLANS:
        numbers = [number for claim in plan.claims for number in claim]
        assert len(numbers) == len(set(numbers))


def test_everything_that_can_go_wrong_does_for_every_process() -> None:
    assert {fault.kind for plan in PLANS for fault in plan.faults} == set(SHARES) == set(Kind)
    assert {fault.process for plan in PLANS for fault in plan.faults} == set(PROCESSES)


def test_every_noise_is_on_and_off_and_some_plans_are_quiet() -> None:
    noisy = Counter(each for plan in PLANS for each in plan.noise)
    assert set(noisy) == set(Noise)
    assert max(noisy.values()) < len(PLANS) / 2
    assert any(not plan.faults and not plan.noise for plan in PLANS)


def test_leaving_a_fault_out_moves_no_other() -> None:
    plan = next(plan for plan in PLANS if len(plan.faults) > 2)
    shorter = plan.without(plan.faults[1])
    assert shorter.faults == (plan.faults[0], *plan.faults[2:])
    assert (shorter.claims, shorter.noise) == (plan.claims, plan.noise)


def test_what_is_planned_strikes() -> None:
    results: list[Result] = [result_of(seed) for seed in range(60)]
    struck = sum((result.faults for result in results), Counter[str]())
    planned = sum(len(PLANS[seed].faults) for seed in range(60))
    assert struck.total() > planned / 2
    assert len(struck) > len(SHARES) - 4
    assert [result.what for result in results if result.invariant] == []
