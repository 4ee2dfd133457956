"""What ``makegood bench`` runs: the measurements that were asked for, one after the other, in one run."""

from collections.abc import AsyncGenerator, Sequence
from importlib import import_module, util
from pathlib import Path
from typing import Final

from bench.machine import machine
from bench.measure import Result
from bench.plan import Plan
from bench.stand import stand

ON_OUR_STACK: Final = {
    "routes": "ours, by route: throughput and CPU",
    "latency": "ours, by route, at 25, 50 and 75 % of the throughput",
    "limit": "a bare loop of as many hops, and each part by itself",
    "small": "start, idle, rebalance and demo",
    "databases": "services on three databases, and the write path on one and three; the last: it moves the tables away",
}
"""Measured one after the other on one stack, by the module of ``bench`` that has the name."""
ON_ANOTHER: Final = {"growth": "with history, with pending deadlines, and under a snapshot that is held open"}
"""On a fresh one: what was played before would be history, and what it leaves behind others would hear."""
WHAT: Final = {
    **ON_OUR_STACK,
    **ON_ANOTHER,
    "peers": "other engines on a small claim process, each on a stack of its own",
}
_MODULES: Final = {"peers": "bench.peers.run"}
USUAL: Final = ("routes", "limit")


class AbsentError(Exception):
    """This measurement is not part of this version."""


def module_of(what: str) -> str:
    """Where it is measured, by ``measure``."""
    if util.find_spec(name := _MODULES.get(what, f"bench.{what}")) is None:
        raise AbsentError(f"there is no measurement of {what} yet")
    return name


async def measured(root: Path, wanted: Sequence[str], plan: Plan) -> AsyncGenerator[Result]:
    """Each round's result as soon as it is there; first what the machine is."""
    modules = {what: import_module(module_of(what)) for what in WHAT if what in wanted}
    yield machine()
    results: list[Result] = []
    for stack in (ON_OUR_STACK, ON_ANOTHER):
        if ours := [what for what in modules if what in stack]:
            async with stand(root) as place:
                for what in ours:
                    async for result in modules[what].measure(place, plan, results):
                        results.append(result)
                        yield result
    if "peers" in modules:
        for result in await modules["peers"].measure(root, plan.rounds, plan.claims if plan.short else None):
            yield result
