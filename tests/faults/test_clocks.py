"""Machines whose clocks are minutes apart: no deadline is early, and none is forgotten."""

import pytest

from ops import catalogue
from tests.faults.town import Town

APART = (180, -180)
"""Real seconds by which the clocks of two replicas of each service are wrong: a year of the fast clock each."""


@pytest.mark.thorough
async def test_replicas_whose_clocks_are_minutes_apart_agree_on_the_time(town: Town) -> None:
    async with town.fault("two replicas of each service, one 3 min ahead, one 3 min behind"):
        for name in catalogue.NAMES:
            town.fleet.kill(name)
            for number, ahead in enumerate(APART):
                town.run(f"{name}.wrong{number}", "serve_ahead", name, str(ahead))
        await town.goes_on_for(15)
    assert len(town.load.lateness) > 20, "nobody waited for a deadline"
    town.serve_all()
    for name in catalogue.NAMES:
        for number in range(len(APART)):
            town.fleet.kill(f"{name}.wrong{number}")
