"""Small things that users feel: how soon a replica serves, what it costs idle, who waits when one joins or leaves, and
how long the demo takes from a new checkout on.
"""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Final

from bench.latency import arrive, schedule
from bench.load import DIRECT_PAY, Prepared
from bench.measure import Meter, Result
from bench.outside import Outside, Tally
from bench.plan import Plan
from bench.routes import ENDS, know_sellers, play, prepare
from bench.stand import Stand
from ops import catalogue
from ops.local import make
from ops.terminal import ROOT

REBALANCED: Final = ("intake", "escalation")
"""Of which a second replica joins, and leaves again: one with four processes, and one that decides."""
RATE: Final = 20.0
"""Claims per second meanwhile: little, so that nobody waits for anything else."""
PHASES: Final = ("undisturbed_ms", "joins_ms", "leaves_ms")
DEMO_CLAIMS: Final = 100
"""Few: at its pace, more of them only take longer to submit."""
BEGINS: Final = "the outside world begins"
"""The demo says so when it submits its first claim."""


async def measure(stand: Stand, plan: Plan, before: Sequence[Result]) -> AsyncGenerator[Result]:
    stand.fleet.end()
    parts = [_starts, _idle, _rebalances, *([] if plan.short else [_demos])]
    for part in parts:
        async for result in part(stand, plan):
            yield result


async def _starts(stand: Stand, plan: Plan) -> AsyncGenerator[Result]:
    """From the process to its ready page, of each service alone. The first time of all is not counted."""
    for service in catalogue.NAMES:
        for number in range(plan.rounds + 1):
            started = time.perf_counter()
            await stand.serve(service)
            seconds = time.perf_counter() - started
            stand.fleet.end()
            if number:
                yield Result("small", f"start of {service}", number, 1, seconds)


async def _idle(stand: Stand, plan: Plan) -> AsyncGenerator[Result]:
    """All five beside each other, who have worked before and have nothing to do now."""
    await stand.serve()
    async with Outside(stand) as outside:
        await know_sellers(stand, outside, plan.sellers)
        await play(outside, DIRECT_PAY, prepare(stand, DIRECT_PAY, plan.claims, plan.sellers))
    await asyncio.sleep(1 if plan.short else 10)  # the last letters, and what is done now and then
    seconds = 2 if plan.short else 20
    for number in range(1, plan.rounds + 1):
        meter = Meter("small", "idle", stand.parts)
        await asyncio.sleep(seconds)
        idle = meter.end(1)
        for service, pid in stand.fleet.pids().items():
            figures = {"idle_cpu_percent": idle.cpu[service] / idle.seconds * 100, **memory(pid)}
            yield Result("small", f"idle {service}", number, 1, idle.seconds, {service: idle.cpu[service]}, figures)


async def _rebalances(stand: Stand, plan: Plan) -> AsyncGenerator[Result]:
    """A second replica joins, and later leaves; the longest that any claim had to wait for its decision meanwhile. The
    first time is not counted: until the broker has warmed up, claims wait for seconds with nobody joining."""
    await stand.serve()
    part = 3.0 if plan.short else 10.0
    async with Outside(stand) as outside:
        await know_sellers(stand, outside, plan.sellers)
        await play(outside, DIRECT_PAY, prepare(stand, DIRECT_PAY, plan.warm_up, plan.sellers))
        for service in REBALANCED:
            for number in range(plan.rounds + 1):
                claims = prepare(stand, DIRECT_PAY, int(RATE * len(PHASES) * part), plan.sellers)
                moments = schedule(RATE, len(claims), seed=number)
                waits, seconds = await _joined_and_left(stand, outside, service, claims, moments, part=part)
                figures: dict[str, float] = dict(zip(PHASES, waits, strict=True))
                if number:
                    yield Result("small", f"rebalance of {service}", number, len(claims), seconds, figures=figures)


async def _joined_and_left(
    stand: Stand, outside: Outside, service: str, claims: Sequence[Prepared], moments: Sequence[float], *, part: float
) -> tuple[list[float], float]:
    """The longest wait, in milliseconds, of claims that arrived before, while one joined, and while it left."""
    tally = Tally((claim.claim_id for claim in claims), ENDS)
    decided = tally.watch("PayoutAuthorized")
    outside.play(tally, DIRECT_PAY.answers)
    await asyncio.sleep(part / 2)  # who has left before has been replaced
    started = time.perf_counter()
    arriving = asyncio.create_task(arrive(outside, claims, moments))
    second = f"{service}.2"
    await asyncio.sleep(part)
    stand.start(service, second)
    await asyncio.sleep(part)
    leaving = stand.fleet.leave(second)
    arrivals = await arriving
    await outside.until(lambda: tally.over)
    await asyncio.to_thread(leaving.wait)
    waits = [0.0] * len(PHASES)
    for key, at in arrivals.items():
        phase = min(int((at - started) / part), len(PHASES) - 1)
        waits[phase] = max(waits[phase], (decided[key] - at) * 1000)
    return waits, time.perf_counter() - started


async def _demos(stand: Stand, plan: Plan) -> AsyncGenerator[Result]:
    """``make demo`` in a new checkout of the last commit, with nothing downloaded before, and again in the same one."""
    place = stand.folder / "demo"
    shutil.rmtree(place, ignore_errors=True)
    if not (ROOT / ".git").exists():
        yield Result("small", "make demo, cold", 1, 0, 0.0, missing="this is no checkout")
        return
    await make.run(["git", "clone", "--quiet", ROOT, place / "checkout"], "The checkout could not be cloned.")
    for number in range(plan.rounds + 1):
        began, seconds = await _demo(place)
        name = "make demo, warm" if number else "make demo, cold"
        yield Result("small", name, max(number, 1), DEMO_CLAIMS, seconds, figures={"first_claim_s": began})
    shutil.rmtree(place)


async def _demo(place: Path) -> tuple[float, float]:
    """Seconds until its outside world begins, and until its end. What it downloads is kept in ``place`` alone."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))},
        "UV_CACHE_DIR": str(place / "uv"),
        "PIP_CACHE_DIR": str(place / "pip"),
        "MAVEN_OPTS": f"{os.environ.get('MAVEN_OPTS', '')} -Dmaven.repo.local={place / 'maven'}",
    }
    started, began, said = time.perf_counter(), None, list[str]()
    process = await asyncio.create_subprocess_exec(
        *("make", "demo", f"CLAIMS={DEMO_CLAIMS}"),
        cwd=place / "checkout",
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    async for line in process.stdout:
        said.append(line.decode())
        if began is None and BEGINS in said[-1]:
            began = time.perf_counter() - started
    if await process.wait() or began is None:
        raise RuntimeError(f"`make demo` ended with {process.returncode}: {''.join(said)[-3000:]}")
    return began, time.perf_counter() - started


def memory(pid: int) -> dict[str, float]:
    """In MiB: its own share of pages that it shares with others (PSS), and all of its pages (RSS)."""
    names = {"Pss": "pss_mib", "Rss": "rss_mib"}
    found: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name in names:
            found[names[name]] = int(value.split()[0]) / 1024
    return found
