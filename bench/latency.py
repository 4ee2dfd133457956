"""Latency at a part of what each route can take: an open loop, whose arrivals nobody puts off.

Counted from the moment at which a claim was to be submitted, whether or not it was submitted then, to that at which the
world outside has heard of the decision (PayoutAuthorized), and of the end (ClaimClosed; finance answers at once). Where
the policy lets the seller answer, his days are taken off: what is left is what we add to them.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import replace
from random import Random
from statistics import median
from typing import Final, TypeVar

from bench.load import ROUTES, Prepared, Route
from bench.measure import Meter, Result
from bench.outside import Outside, Tally
from bench.plan import Plan
from bench.routes import ENDS, know_sellers, play, prepare
from bench.stand import DAY, Stand

T = TypeVar("T")
LOADS: Final = Plan.loads
PERCENTILES: Final = (50, 99, 99.9)
ENOUGH: Final = 1000
"""Of fewer claims the last percentile is nothing but the latest one."""
MOMENTS: Final = {"decision": "PayoutAuthorized", "payout": "ClaimClosed"}


def at_load(name: str, percent: int) -> str:
    """What is measured by this name at so much of its throughput."""
    return f"{name} at {percent} %"


async def measure(stand: Stand, plan: Plan, before: Sequence[Result]) -> AsyncGenerator[Result]:
    """The throughput is that of ``before``; a route that was not measured yet is, shortly. Each is warmed up to."""
    await stand.serve()
    async with Outside(stand) as outside:
        await know_sellers(stand, outside, plan.sellers)
        for route in ROUTES:
            await play(outside, route, prepare(stand, route, plan.warm_up, plan.sellers))
            full = throughput(route, before) or await _throughput(stand, outside, plan, route)
            for load in plan.loads:
                meter = Meter("latency", at_load(route.name, load), stand.parts)
                for number in range(1, plan.rounds + 1):
                    claims = prepare(stand, route, plan.paced, plan.sellers)
                    moments = schedule(full * load / 100, len(claims), seed=number)
                    result = await _at(outside, meter, claims, route, moments)
                    offered = {"load_percent": float(load), "offered_per_second": full * load / 100}
                    yield replace(result, figures={**offered, **result.figures})


def throughput(route: Route, results: Iterable[Result]) -> float | None:
    """Claims per second in the median round."""
    rounds = [result.per_second for result in results if (result.what, result.name) == ("routes", route.name)]
    return median(rounds) if rounds else None


def schedule(per_second: float, count: int, seed: int) -> list[float]:
    """Seconds from the beginning at which claims arrive by themselves: independent of each other, at this mean rate.

    ``seed``: another one in each round, or all rounds would have the same luck.
    """
    luck, at = Random(seed), 0.0  # noqa: S311 - no secret hangs on it
    return [at := at + luck.expovariate(per_second) for _ in range(count)]


def percentile(sorted_values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of all are not above."""
    return sorted_values[max(math.ceil(len(sorted_values) * percent / 100) - 1, 0)]


async def _throughput(stand: Stand, outside: Outside, plan: Plan, route: Route) -> float:
    started = time.perf_counter()
    await play(outside, route, prepare(stand, route, plan.claims, plan.sellers))
    return plan.claims / (time.perf_counter() - started)


async def _at(
    outside: Outside, meter: Meter, claims: Sequence[Prepared], route: Route, moments: Sequence[float]
) -> Result:
    tally = Tally((claim.claim_id for claim in claims), ENDS)
    for kind in MOMENTS.values():
        tally.watch(kind)
    outside.play(tally, route.answers)
    meter.begin()
    arrivals = await arrive(outside, claims, moments)
    await outside.until(lambda: tally.over)
    figures: dict[str, float] = {}
    for name, kind in MOMENTS.items():
        waits = route.waits_days * DAY
        figures |= percentiles(name, (tally.at[kind][key] - at - waits for key, at in arrivals.items()))
    return meter.end(len(claims), **figures)


def percentiles(name: str, late: Iterable[float]) -> dict[str, float]:
    """Of seconds, as figures in milliseconds."""
    ranked = sorted(late)
    return {f"{name}_p{percent}_ms": percentile(ranked, percent) * 1000 for percent in PERCENTILES}


async def arrive(outside: Outside, claims: Sequence[Prepared], moments: Sequence[float]) -> dict[bytes, float]:
    """Submits each claim at its moment; returns when each was to be submitted, by its id."""
    scheduled = await pace(claims, moments, lambda due: outside.say([s for claim in due for s in claim.sayings]))
    return {claim.claim_id: at for claim, at in zip(claims, scheduled, strict=True)}


async def pace(what: Sequence[T], moments: Sequence[float], submit: Callable[[Sequence[T]], object]) -> list[float]:
    """Submits each at its moment, with those that are due as well; returns when each was to be."""
    started, submitted = time.perf_counter(), 0
    while submitted < len(what):
        now, first = time.perf_counter() - started, submitted
        while submitted < len(what) and moments[submitted] <= now:
            submitted += 1
        if submitted > first:
            submit(what[first:submitted])
        if submitted < len(what):
            await asyncio.sleep(max(moments[submitted] + started - time.perf_counter(), 0))
    return [started + moment for moment in moments]
