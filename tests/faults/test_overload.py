"""Ten times as many claims as usual: memory stays bounded, the lag drains, and deadlines are still kept."""

import time
from pathlib import Path
from statistics import quantiles

import pytest

from ops import catalogue
from tests.faults.town import RATE, SLOWER, Town

LASTS = 90.0
BOUND = 400
"""Megabytes one replica may come to."""


@pytest.mark.thorough
async def test_ten_times_the_load_for_a_while(town: Town) -> None:
    await town.flows()
    await town.load.stops()
    before = _memory(town)
    town.load.lateness.clear()
    async with town.fault("10 × overload", rate=10 * RATE, settles=False):
        await town.goes_on_for(LASTS)
        await town.load.stops()
        began = time.monotonic()
        await town.until(lambda: not town.waiting(), 300 * SLOWER, "the lag to drain")
    drained = time.monotonic() - began
    peak, late = _memory(town), quantiles(town.load.lateness, n=100)
    town.figures(
        "10 × overload", drained_seconds=round(drained, 1), megabytes_before=before, megabytes_after=peak,
        late_p50_seconds=round(late[49], 2), late_p99_seconds=round(late[98], 2),
    )  # fmt: skip
    await town.settles()
    assert max(peak.values()) < BOUND, peak
    assert late[98] < 30 * SLOWER


def _memory(town: Town) -> dict[str, int]:
    """The most that each replica has ever taken, in megabytes."""
    peaks: dict[str, int] = {}
    for name in catalogue.NAMES:
        status = Path(f"/proc/{town.fleet.pids()[name]}/status").read_text(encoding="utf-8")
        [peak] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        peaks[name] = int(peak.split()[1]) // 1024
    return peaks
