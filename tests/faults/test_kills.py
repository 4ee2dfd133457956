"""Every service is killed at every boundary of its loop, again and again, while claims come and are paid."""

import json
import signal
from collections import Counter
from pathlib import Path

import pytest

from ops import catalogue
from tests.faults.boundaries import EVERYWHERE, SOMEWHERE
from tests.faults.town import RATE, SLOWER, Town

SEED = "kills"
A_FEW, ALL_OF_THEM = 12, 200
"""Kills per service."""


async def test_each_service_is_killed_a_few_times_where_it_hurts(town: Town, folder: Path) -> None:
    died = await _killed(town, folder, A_FEW)
    assert died.total() == A_FEW * len(catalogue.NAMES)
    assert len({boundary for _, boundary in died}) >= 10, died


@pytest.mark.thorough
async def test_a_thousand_kills_at_every_boundary_of_every_service(town: Town, folder: Path) -> None:
    died = await _killed(town, folder, ALL_OF_THEM)
    assert died.total() == 1000
    missed = [
        f"{service}: {boundary}"
        for service in catalogue.NAMES
        for boundary in (*EVERYWHERE, *SOMEWHERE[service])
        if not died[service, boundary]
    ]
    assert not missed


async def _killed(town: Town, folder: Path, each: int) -> Counter[tuple[str, str]]:
    """(service, boundary) → how many replicas died there; five at a time live on the edge."""
    file = folder / "deaths.jsonl"
    file.unlink(missing_ok=True)
    total = each * len(catalogue.NAMES)
    async with town.fault(f"kill -9 at every boundary of every service, {total} times", rate=RATE / 2):
        for name in catalogue.NAMES:
            town.fleet.kill(name)
            town.run(
                f"{name}.nursery",
                "nursery",
                name,
                str(each),
                SEED,
                str(file),
                MAKEGOOD_KAFKA_SESSION_SECONDS=str(SLOWER),
            )
        await town.until(lambda: _deaths(file).total() >= total, (30 + 6 * each) * SLOWER, f"{total} kills")
        town.kills = _deaths(file).total()
    town.serve_all()
    for name in catalogue.NAMES:
        town.signal(f"{name}.nursery", signal.SIGTERM)
    await town.until_gone(*(f"{name}.nursery" for name in catalogue.NAMES))
    return _deaths(file)


def _deaths(file: Path) -> Counter[tuple[str, str]]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    told = [json.loads(line) for line in lines]
    return Counter((each["service"], each["died"]) for each in told if "died" in each)
