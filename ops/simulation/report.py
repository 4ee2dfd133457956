"""Tells what came of many seeds, or the story of one."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.console import Console

from ops.demo.scenes import SCENES
from ops.simulation.plan import SHARES, Noise, plan_of
from ops.simulation.run import Result, lived, processors, results
from ops.simulation.shrink import shrunk
from ops.simulation.story import told

MOST: Final = 3
"""Failing seeds whose story is told; the others are named."""


def trace_of(seed: int, console: Console, *, shortest: bool = False) -> int:
    """The story of one seed, whole, or as short as it is still as wrong. The exit code: 1 when something is wrong."""
    plan = plan_of(seed)
    house = lived(shrunk(plan) if shortest else plan)
    for line in told(house):
        console.out(line, highlight=False)
    return 1 if house.watch.violation else 0


def simulate(first: int, seeds: int, jobs: int, console: Console) -> int:
    """Many seeds, what they tried, and the shortest story of the first that failed. The exit code."""
    started, found, failed = time.monotonic(), list[Result](), list[Result]()
    for result in results(first, seeds, jobs or processors()):
        found.append(result)
        if result.invariant is not None:
            failed.append(result)
            console.out(f"seed {result.seed}: {result.invariant}: {result.what}", style="red", highlight=False)
    seconds = time.monotonic() - started
    for line in _coverage(found):
        console.out(line, highlight=False)
    console.out(f"{seeds:,} seeds in {seconds:.1f} s ({seeds / seconds:.1f} seeds/s): {len(failed)} failed.")
    for result in sorted(failed, key=lambda result: result.seed)[:MOST]:
        console.out(f"\nThe shortest story; again: makegood simulate --trace {result.seed} --shortest", highlight=False)
        trace_of(result.seed, console, shortest=True)
    return 1 if failed else 0


def _coverage(found: Sequence[Result]) -> list[str]:
    """What was tried, and what of all there is was not."""
    events, faults, noise, scenes = Counter[str](), Counter[str](), Counter[str](), Counter[int]()
    for result in found:
        events += result.events
        faults += result.faults
        noise += result.noise
        scenes += result.scenes
    waved = sum(result.waved for result in found)
    return [
        f"scenes {len(scenes)} of {len(SCENES)}, {len(events)} types of events in {events.total():,} records",
        "faults that struck: " + ", ".join(f"{kind} {faults[kind]:,}" for kind in SHARES),
        f"keys that were decided otherwise after a restored backup, and replayed as published: {waved:,}",
        "noise: " + ", ".join(f"{each.name.lower()} {noise[each]:,}" for each in Noise),
    ]
