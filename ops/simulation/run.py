"""Runs plans: one, or many seeds over several processes; and what came of each."""

import asyncio
import logging
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, cast

import structlog

from ops.simulation.house import House
from ops.simulation.invariants import INVARIANTS, Violation
from ops.simulation.loop import DeadlockError, VirtualLoop, run
from ops.simulation.plan import Plan, plan_of
from shared.runtime.codec import type_of
from shared.runtime.serve import spare_the_collector

LONGEST: Final = timedelta(days=600)
"""A claim takes months; what goes on for longer goes on for ever."""
AT_ONCE: Final = 20
"""Seeds handed to a process at a time."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one seed. The counts say what it has tried: coverage is the sum over the seeds."""

    seed: int
    invariant: str | None = None
    what: str = ""
    events: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    noise: Counter[str] = field(default_factory=Counter[str])
    scenes: Counter[int] = field(default_factory=Counter[int])
    waved: int = 0
    """Keys that were replayed as published."""


def lived(plan: Plan) -> House:
    """The house when everything is over, or when something is that must not be."""
    houses: list[House] = []

    async def live() -> None:
        houses.append(House(plan, cast("VirtualLoop", asyncio.get_running_loop()), INVARIANTS))
        await houses[0].live(LONGEST)

    quietly()
    try:
        run(live())
    except DeadlockError as error:
        houses[0].watch.violation = Violation("Something can always happen", str(error))
    return houses[0]


def result_of(seed: int) -> Result:
    """Lives one seed."""
    plan = plan_of(seed)
    house = lived(plan)
    violation = house.watch.violation
    events = Counter(str(type_of(r.headers)) for records in house.cluster.records.values() for r in records)
    return Result(
        seed,
        violation.invariant if violation else None,
        violation.what if violation else "",
        events,
        Counter(str(fault.kind) for fault in house.faults.struck),
        Counter(str(each) for each in plan.noise),
        Counter(number for claim in plan.claims for number in claim),
        len(house.waved),
    )


def results(first: int, count: int, jobs: int) -> Iterator[Result]:
    """Of so many seeds, each as soon as it is there."""
    seeds = range(first, first + count)
    if jobs == 1:
        spare_the_collector()
        yield from map(result_of, seeds)
        return
    useful = min(jobs, -(-count // AT_ONCE))
    with multiprocessing.get_context("spawn").Pool(useful, spare_the_collector) as pool:
        yield from pool.imap_unordered(result_of, seeds, AT_ONCE)


def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def quietly() -> None:
    """The runtime logs what it lives through; here that is the story."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
