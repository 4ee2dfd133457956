"""The demo's mix: its claims, its parties and its pace, from the first submission until nothing is waited for.

Most of the time everybody waits for days to pass, so that only the CPU says something. The outside world is the demo's
own, whose cost is counted as load; each round has another seed.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from bench.measure import Meter, Result
from bench.plan import Plan
from bench.stand import PATIENCE, Stand
from ops.demo.carriers import rates
from ops.demo.facts import Facts
from ops.demo.observer import Observer
from ops.demo.outside.party import COMES_BACK

CLAIMS: Final = 2000
"""The demo has no more of them."""
RATE: Final = 100.0
"""Claims per second, as in the demo."""
QUIET: Final = 60.0
"""Real seconds without news after which what still waits will wait for ever."""
_GLANCE: Final = 0.25


async def measure(stand: Stand, plan: Plan) -> AsyncGenerator[Result]:
    """The services are ready. Nobody else may speak meanwhile."""
    observer, started = Observer(stand.settings), list[str]()
    reading = asyncio.create_task(observer.run())
    try:
        for carrier in rates.load():
            started.append(f"carrier.{carrier}")
            stand.fleet.start(started[-1], "ops.demo.carriers", carrier)
        meter = Meter("routes", "demo-mix", stand.parts)
        for number in range(1, plan.rounds + 1):
            yield await _round(stand, observer, meter, number, min(plan.claims, CLAIMS))
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        for name in started:
            stand.fleet.kill(name)


def merged(cpu: Mapping[str, float]) -> dict[str, float]:
    """The outside world and the carriers are load like this process."""
    parts = {name: seconds for name, seconds in cpu.items() if name != "outside" and not name.startswith("carrier.")}
    return parts | {"load": parts.get("load", 0.0) + sum(cpu.values()) - sum(parts.values())}


async def _round(stand: Stand, observer: Observer, meter: Meter, seed: int, claims: int) -> Result:
    observer.facts = Facts()
    told = {"MAKEGOOD_CLOCK_ORIGIN": str(stand.clock.now()), "MAKEGOOD_CLOCK_REAL_ORIGIN": str(time.time())}
    arguments = ("--seed", str(seed), "--claims", str(claims), "--rate", str(RATE), "--from-now")
    stand.fleet.start("outside", "ops.demo.outside", *arguments, environment=told)
    try:
        async with asyncio.timeout(PATIENCE):
            while not any(observer.facts.submitted()):
                await _glance(stand)
        meter.begin()
        async with asyncio.timeout(PATIENCE + claims / RATE):
            while not _over(stand, observer.facts, claims):
                await _glance(stand)
        result = meter.end(claims)
    finally:
        stand.fleet.kill("outside")
    return replace(result, cpu=merged(result.cpu))


async def _glance(stand: Stand) -> None:
    stand.look_after()
    await asyncio.sleep(_GLANCE)


def _over(stand: Stand, facts: Facts, claims: int) -> bool:
    """All are out and have ended, and nobody comes back to them."""
    quiet = time.monotonic() - facts.changed_at
    if sum(1 for _ in facts.submitted()) < claims or quiet <= 1 + stand.clock.real_seconds(COMES_BACK):
        return False
    waiting = sum(1 for _ in facts.waiting())
    if waiting and quiet > QUIET:
        raise RuntimeError(f"{waiting} of the mix's claims still wait, and for {QUIET:.0f} s nothing was said")
    return not waiting
