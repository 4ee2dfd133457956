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
from ops.terminal import ROOT

REBALANCED: Final = ("intake", "escalation")
"""Of which a second replica joins, and leaves again: one with four processes, and one that decides."""
RATE: Final = 20.0
"""Claims per second meanwhile: little, so that nobody waits for anything else."""
PHASES: Final = ("undisturbed_ms", "joins_ms", "leaves_ms")
DEMO_CLAIMS: Final = 2000


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
    """A second replica joins, and later leaves; the longest that any claim had to wait for its decision meanwhile."""
    await stand.serve()
    part = 3.0 if plan.short else 10.0
    async with Outside(stand) as outside:
        await know_sellers(stand, outside, plan.sellers)
        await play(outside, DIRECT_PAY, prepare(stand, DIRECT_PAY, plan.warm_up, plan.sellers))
        for service in REBALANCED:
            for number in range(1, plan.rounds + 1):
                claims = prepare(stand, DIRECT_PAY, int(RATE * len(PHASES) * part), plan.sellers)
                waits, seconds = await _joined_and_left(stand, outside, service, claims, part)
                figures: dict[str, float] = dict(zip(PHASES, waits, strict=True))
                yield Result("small", f"rebalance of {service}", number, len(claims), seconds, figures=figures)


async def _joined_and_left(
    stand: Stand, outside: Outside, service: str, claims: Sequence[Prepared], part: float
) -> tuple[list[float], float]:
    """The longest wait, in milliseconds, of claims that arrived before, while one joined, and while it left."""
    tally = Tally((claim.claim_id for claim in claims), ENDS)
    decided = tally.watch("PayoutAuthorized")
    outside.play(tally, DIRECT_PAY.answers)
    await asyncio.sleep(part / 2)  # who has left before has been replaced
    started = time.perf_counter()
    arriving = asyncio.create_task(arrive(outside, claims, schedule(RATE, len(claims))))
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
    """``make demo`` in a new checkout of the last commit, and again in the same one. Downloads count."""
    checkout = stand.folder / "checkout"
    shutil.rmtree(checkout, ignore_errors=True)
    if not (ROOT / ".git").exists():
        yield Result("small", "make demo, cold", 1, 0, 0.0, missing="this is no checkout")
        return
    await _run("git", "clone", "--quiet", str(ROOT), str(checkout), cwd=ROOT)
    for number in range(plan.rounds + 1):
        started = time.perf_counter()
        await _run("make", "demo", f"CLAIMS={DEMO_CLAIMS}", cwd=checkout)
        seconds = time.perf_counter() - started
        name = "make demo, warm" if number else "make demo, cold"
        yield Result("small", name, max(number, 1), DEMO_CLAIMS, seconds)
    shutil.rmtree(checkout)


async def _run(*command: str, cwd: Path) -> None:
    """With nothing in its environment of the ``make`` that may have started us."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"`{' '.join(command)}` ended with {process.returncode}: {said.decode()[-3000:]}")


def memory(pid: int) -> dict[str, float]:
    """In MiB: its own share of pages that it shares with others (PSS), and all of its pages (RSS)."""
    names = {"Pss": "pss_mib", "Rss": "rss_mib"}
    found: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name in names:
            found[names[name]] = int(value.split()[0]) / 1024
    return found
