"""What happened, as lines for people: when, who, what."""

from collections.abc import Iterator
from datetime import timedelta

from ops.demo.scenes import SCENES
from ops.simulation.house import START, House


def told(house: House) -> Iterator[str]:
    """The plan, everything that happened, and what must not have been."""
    plan = house.plan
    yield f"Seed {plan.seed}."
    for claim in plan.claims:
        yield "Claims: " + ", ".join(f"{number} ({SCENES[number].route.replace('_', ' ')})" for number in claim)
    for fault in plan.faults:
        yield f"Goes wrong: {fault}" + ("" if fault in house.faults.struck else " (it did not come to that)")
    for each in sorted(plan.noise):
        yield f"All the time: {each}"
    for number, line in enumerate(house.story, start=1):
        at = START + timedelta(seconds=line.at)
        yield f"{number:5} {at:%b %d %H:%M:%S}.{at.microsecond // 1000:03} {line.who:24} {line.what}"
    if house.watch.violation is not None:
        yield f"BROKEN: {house.watch.violation.invariant}."
        yield f"        {house.watch.violation.what}"
