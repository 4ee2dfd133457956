"""Rounds of all peers, interleaved: each round starts one peer with no data, warms it up, measures it and ends it."""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.latency import percentile, schedule
from bench.measure import Meter, Result
from bench.peers.driver import BrokenRoundError, Driver, driver
from bench.peers.peer import Peer
from bench.peers.setups.celery import Celery
from bench.peers.setups.dbos import Dbos
from bench.peers.setups.ours import Ours
from bench.peers.setups.procrastinate import Procrastinate
from bench.peers.setups.restate import Restate, RestateAlone
from bench.peers.setups.temporal import Temporal
from ops.local.stack import StackError

PEERS: tuple[type[Peer], ...] = (Ours, Restate, RestateAlone, Celery, Procrastinate, Dbos, Temporal)
WHAT: Final = "peers"
LATENCY: Final = "peers-latency"
TUNING: Final = "tuning"
PER_SECOND: Final = 20.0
"""Arrivals of the open loop: as many as each of them can take."""
ARRIVALS: Final = 200
"""Claims of the open loop."""
PERCENTILES: Final = (50, 99)


async def measure(
    root: Path, rounds: int = 3, *, claims: int | None = None, only: Collection[str] = ()
) -> AsyncGenerator[Result]:
    """A result for each peer that is missing here, and says why; and two for each other peer and round, as it ends.

    ``claims``: in each round of each peer, instead of as many as its setup says. ``only``: names.
    A round that breaks, does not pay each claim, or pays one for the wrong reason, raises BrokenRoundError.
    """
    peers: list[Peer] = []
    for peer in _wanted(root, only):
        try:
            await peer.install()
            peers.append(peer)
        except StackError as reason:
            yield Result(WHAT, peer.name, 0, 0, 0.0, missing=str(reason))
    for number in range(1, rounds + 1):
        for peer in peers:
            for result in await _round(peer, claims or peer.claims, number):
                yield replace(result, round=number)


async def tune(
    root: Path, rounds: int = 1, *, claims: int | None = None, only: Collection[str] = ()
) -> AsyncGenerator[Result]:
    """Rounds of each peer with each tuning that its setup names, interleaved; what breaks or is missing says why."""
    for peer in _wanted(root, only):
        try:
            await peer.install()
        except StackError as reason:
            yield Result(TUNING, peer.name, 0, 0, 0.0, missing=str(reason))
            continue
        for number in range(1, rounds + 1):
            for tuned in (type(peer)(root, tuning) for tuning in peer.tried):
                yield replace(await _trial(tuned, claims or max(peer.claims, 2 * tuned.tuning.at_once)), round=number)


async def _round(peer: Peer, claims: int, number: int) -> list[Result]:
    """First the open loop, while the peer has little behind it; then the closed one."""
    async with _warm(peer, claims) as (load, parts):
        latency = Meter(LATENCY, peer.name, parts)
        waits = await load.open_loop(schedule(PER_SECOND, ARRIVALS, seed=number))
        late = {
            f"{reason}_p{percent}_ms": percentile(sorted(seconds), percent) * 1000
            for reason, seconds in waits.items()
            for percent in PERCENTILES
        }
        results = [latency.end(ARRIVALS, offered_per_second=PER_SECOND, **late)]
        throughput = Meter(WHAT, peer.name, parts)
        await load.closed_loop(claims)
        results.append(throughput.end(claims, **peer.tuning.figures))
        await load.check()
        return results


async def _trial(peer: Peer, claims: int) -> Result:
    name = f"{peer.name}, {peer.tuning}"
    try:
        async with _warm(peer, claims) as (load, parts):
            meter = Meter(TUNING, name, parts)
            await load.closed_loop(claims)
            result = meter.end(claims, **peer.tuning.figures)
            await load.check()
            return result
    except BrokenRoundError as reason:
        return Result(TUNING, name, 0, 0, 0.0, missing=str(reason))


@asynccontextmanager
async def _warm(peer: Peer, claims: int) -> AsyncGenerator[tuple[Driver, Callable[[], Mapping[str, int]]]]:
    """The peer's load once it has had a tenth of so many claims, and everything that takes part."""
    async with peer.started() as running, driver(peer, running) as load:
        await load.closed_loop(max(claims // 10, 20))
        yield load, lambda: {**running.pids(), "load": load.pid}


def _wanted(root: Path, only: Collection[str]) -> list[Peer]:
    """All of them if none is named."""
    return [kind(root) for kind in PEERS if not only or kind.name in only]
