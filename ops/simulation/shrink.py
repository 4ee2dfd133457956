"""The shortest story in which the same thing is wrong: claims, faults and noise are left out as long as it still is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from ops.simulation.plan import Fault, Kind, Noise, Plan
from ops.simulation.run import lived

MOST_TRIES: Final = 200
"""Runs that are spent on one story."""
_SHORT: Final = {Kind.CRASH: 5.0, Kind.FREEZE: 15.0, Kind.DATABASE_DOWN: 5.0, Kind.LOG_DOWN: 5.0, Kind.RESTORE: 1.0}
"""What a fault is tried to be shortened to."""

Broken = Callable[[Plan], str | None]
"""Which statement a plan breaks."""


def broken_by(plan: Plan) -> str | None:
    """Lives it."""
    violation = lived(plan).watch.violation
    return violation.invariant if violation else None


def shrunk(plan: Plan, broken: Broken = broken_by) -> Plan:
    """No part of what is left can be left out: then all is well, or something else is wrong."""
    wanted, tries = broken(plan), 0
    smaller = wanted is not None
    while smaller:
        smaller = False
        for candidate in _smaller(plan):
            tries += 1
            if tries > MOST_TRIES:
                return plan
            if broken(candidate) == wanted:
                plan, smaller = candidate, True
                break
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Half of it first, then part by part, then shorter."""
    if len(plan.faults) > 3:
        middle = len(plan.faults) // 2
        yield replace(plan, faults=plan.faults[:middle])
        yield replace(plan, faults=plan.faults[middle:])
    if plan.noise:
        yield replace(plan, noise=frozenset[Noise]())
    parts: tuple[tuple[int, ...] | Fault | Noise, ...] = (*plan.claims, *plan.faults, *sorted(plan.noise))
    for part in parts:
        if not isinstance(part, tuple) or len(plan.claims) > 1:
            yield plan.without(part)
    for claim in plan.claims:
        if len(claim) > 1:
            shorter = tuple(each[:-1] if each == claim else each for each in plan.claims)
            yield replace(plan, claims=shorter)
    for fault in plan.faults:
        short = _SHORT.get(fault.kind, fault.size)
        if fault.size > short:
            yield replace(plan, faults=tuple(replace(f, size=short) if f == fault else f for f in plan.faults))
