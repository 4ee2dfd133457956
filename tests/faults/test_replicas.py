"""Replicas freeze, wake, come, go, and are of two versions: nothing is lost, nothing happens twice."""

import signal

import pytest

from ops import catalogue
from tests.faults.town import RATE, SLOWER, Town


async def test_a_frozen_replica_wakes_after_its_lanes_have_moved_and_goes_on(town: Town) -> None:
    async with town.fault("a replica of each service frozen beyond its session, a second one takes over, it wakes"):
        for name in catalogue.NAMES:
            town.signal(name, signal.SIGSTOP)
            town.serve(name, f"{name}.2")
        await town.goes_on_for(9)
        for name in catalogue.NAMES:
            town.signal(name, signal.SIGCONT)
        await town.goes_on_for(3)
    for name in catalogue.NAMES:
        town.fleet.kill(f"{name}.2")


@pytest.mark.thorough
async def test_replicas_are_scaled_from_one_to_six_to_two(town: Town) -> None:
    async with town.fault("1 → 6 → 2 replicas of every service", rate=RATE / 2):
        for number in range(2, 7):
            for name in catalogue.NAMES:
                town.serve(name, f"{name}.{number}")
            await town.goes_on_for(2)
        for name in catalogue.NAMES:
            await town.until_row(
                f"select from (select count(distinct owner) from {name}.progress where at > now() - interval '5 s' "
                f"and process = '{name}') p(replicas) where replicas >= 6", seconds=120 * SLOWER)  # fmt: skip
        for number in range(3, 7):
            for name in catalogue.NAMES:
                town.signal(f"{name}.{number}", signal.SIGTERM)
            await town.until_gone(*(f"{name}.{number}" for name in catalogue.NAMES))
    for name in catalogue.NAMES:
        town.signal(f"{name}.2", signal.SIGTERM)
    await town.until_gone(*(f"{name}.2" for name in catalogue.NAMES))


@pytest.mark.thorough
async def test_all_five_services_are_killed_at_once(town: Town) -> None:
    async with town.fault("every replica of every service killed (SIGKILL) at once"):
        for name in catalogue.NAMES:
            town.fleet.kill(name)
        town.kills += len(catalogue.NAMES)
        await town.goes_on_for(5)
        town.serve_all()
