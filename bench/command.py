"""What ``makegood bench`` runs: the measurements that were asked for, one after the other, in one run."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench import databases, deciding, growth, latency, limit, replicas, routes, small
from bench.goals import OURS
from bench.machine import machine
from bench.measure import Result
from bench.peers import run as peers
from bench.plan import Plan
from bench.stand import Stand, stand

Measure = Callable[[Stand, Plan, Sequence[Result]], AsyncGenerator[Result]]

ON_OUR_STACK: Final[Mapping[str, Measure]] = {
    "routes": routes.measure,
    "latency": latency.measure,
    "limit": limit.measure,
    "deciding": deciding.measure,
    "replicas": replicas.measure,
    "small": small.measure,
    "databases": databases.measure,
}
"""Measured one after the other on one stack; databases last: it moves the tables away."""
ON_ANOTHER: Final[Mapping[str, Measure]] = {"growth": growth.measure}
"""On a fresh one: what was played before would be history, and what it leaves behind others would hear."""
ON_A_THIRD: Final[Mapping[str, Measure]] = {"growth": growth.measure_last}
"""Without the history of the one before."""
PEERS: Final = "peers"
"""Each on a stack of its own; in the short version ours alone, for the others would have to be installed."""
WHAT: Final = (*ON_OUR_STACK, *ON_ANOTHER, PEERS)
USUAL: Final = ("routes", "limit")


async def measured(root: Path, wanted: Sequence[str], plan: Plan) -> AsyncGenerator[Result]:
    """Each round's result as soon as it is there; first what the machine is."""
    yield machine()
    results: list[Result] = []
    for stack in (ON_OUR_STACK, ON_ANOTHER, ON_A_THIRD):
        if ours := [measure for what, measure in stack.items() if what in wanted]:
            async with stand(root) as place:
                for measure in ours:
                    async for result in measure(place, plan, results):
                        results.append(result)
                        yield result
    if PEERS in wanted:
        only, claims = ((OURS,), plan.claims) if plan.short else ((), None)
        async for result in peers.measure(root, plan.rounds, claims=claims, only=only):
            yield result
