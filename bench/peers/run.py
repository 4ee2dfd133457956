"""Rounds of all peers, interleaved: each round starts one peer with no data, warms it up, measures it and ends it."""

from collections.abc import AsyncGenerator, Collection
from dataclasses import replace
from pathlib import Path

from bench.measure import Meter, Result
from bench.peers.driver import driver
from bench.peers.peer import Peer
from bench.peers.setups.celery import Celery
from bench.peers.setups.dbos import Dbos
from bench.peers.setups.ours import Ours
from bench.peers.setups.procrastinate import Procrastinate
from bench.peers.setups.restate import Restate, RestateAlone
from bench.peers.setups.temporal import Temporal
from ops.local.stack import StackError

PEERS: tuple[type[Peer], ...] = (Ours, Restate, RestateAlone, Celery, Procrastinate, Dbos, Temporal)
WHAT = "peers"


async def measure(
    root: Path,
    rounds: int = 3,
    *,
    claims: int | None = None,
    only: Collection[str] = (),
    at_once: int | None = None,
) -> AsyncGenerator[Result]:
    """A result for each peer that is missing here, and says why; and one for each other peer and round, as it ends.

    ``claims``: in each round of each peer, instead of as many as keep it busy for about ten seconds. ``only``: names.
    ``at_once``: claims under way in each, instead of its own number; for finding the number with which it is fastest.
    A round that breaks, or does not pay each claim exactly once, raises BrokenRoundError.
    """
    peers: list[Peer] = []
    for peer in (kind(root) for kind in PEERS if not only or kind.name in only):
        try:
            await peer.install()
            peers.append(peer)
        except StackError as reason:
            yield Result(WHAT, peer.name, 0, 0, 0.0, missing=str(reason))
    for number in range(1, rounds + 1):
        for peer in peers:
            yield replace(await _round(peer, claims or peer.claims, at_once or peer.at_once), round=number)


async def _round(peer: Peer, claims: int, at_once: int) -> Result:
    async with peer.started() as running, driver(peer, running, at_once) as load:
        await load.round(max(claims // 10, 20))
        meter = Meter(WHAT, peer.name, lambda: {**running.pids(), "load": load.pid})
        await load.round(claims)
        result = meter.end(claims, at_once=at_once)
        await load.check()
        return result
