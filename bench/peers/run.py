"""Rounds of all peers, interleaved: each round starts one peer with no data, warms it up, measures it and ends it."""

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from bench.measure import Meter, Result
from bench.peers.driver import driver
from bench.peers.peer import Peer
from bench.peers.setups.celery import Celery
from bench.peers.setups.dbos import Dbos
from bench.peers.setups.ours import Ours
from bench.peers.setups.procrastinate import Procrastinate
from bench.peers.setups.restate import Restate
from bench.peers.setups.temporal import Temporal
from ops.local.stack import StackError

PEERS: tuple[type[Peer], ...] = (Ours, Restate, Celery, Procrastinate, Dbos, Temporal)
WHAT = "peers"


def _quiet(_: str) -> None:
    pass


async def measure(
    root: Path,
    rounds: int = 3,
    *,
    claims: int | None = None,
    only: Collection[str] = (),
    at_once: int | None = None,
    say: Callable[[str], None] = _quiet,
) -> list[Result]:
    """One result for each peer and round, and one that says why for each peer that is missing here.

    ``claims``: in each round of each peer, instead of as many as keep it busy for about ten seconds. ``only``: names.
    ``at_once``: claims under way in each, instead of its own number; for finding the number with which it is fastest.
    A round that breaks, or does not pay each claim exactly once, raises BrokenRoundError.
    """
    peers: list[Peer] = []
    results: list[Result] = []
    for kind in PEERS:
        if only and kind.name not in only:
            continue
        peer = kind(root)
        try:
            await peer.install()
            peers.append(peer)
        except StackError as reason:
            results.append(Result(WHAT, peer.name, 0, 0, 0.0, missing=str(reason)))
            say(missing_line(results[-1]))
    for number in range(1, rounds + 1):
        for peer in peers:
            results.append(replace(await _round(peer, claims or peer.claims, at_once or peer.at_once), round=number))
            say(round_line(results[-1]))
    return results


async def _round(peer: Peer, claims: int, at_once: int) -> Result:
    async with peer.started() as running, driver(peer, running, at_once) as load:
        await load.round(max(claims // 10, 20))
        meter = Meter(WHAT, peer.name, lambda: {**running.pids(), "load": load.pid})
        await load.round(claims)
        result = meter.end(claims, at_once=at_once)
        await load.check()
        return result


def missing_line(result: Result) -> str:
    """What is said of a peer that cannot be measured here."""
    return f"{result.name}: left out: {result.missing}"


def round_line(result: Result) -> str:
    """What is said of a round as soon as it is over."""
    parts = ", ".join(f"{part} {cpu * 1000 / result.count:.2f}" for part, cpu in sorted(result.cpu.items()))
    return (
        f"{result.name}, round {result.round}: {result.count} claims, {result.per_second:,.1f} a second, "
        f"{result.cpu_per_1000:.2f} CPU seconds per 1,000 ({parts})"
    )
