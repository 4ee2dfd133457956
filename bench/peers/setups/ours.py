"""Ours: a toy service on the real runtime, with one or more replicas, on a real Kafka and a real PostgreSQL.

Here Kafka, too, has a record on disk before it acknowledges it (``flush.messages``), because the peers do; in
production three brokers hold it. A round has so many claims because the broker is still being compiled while the first
tens of thousands pass, as no other peer's servers are.
"""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.peers.peer import Peer, Running, Tuning
from ops.local.stack import Stack


class Ours(Peer):
    name = "makegood"
    inside = "ours"
    packages = ()
    tried = (
        Tuning(2_000, workers=1),
        Tuning(4_000, workers=1),
        Tuning(8_000, workers=1),
        Tuning(1_000, workers=2),
        Tuning(2_000, workers=2),
        Tuning(4_000, workers=2),
        Tuning(8_000, workers=2),
    )
    best = Tuning(2_000, workers=2)
    claims = 100_000

    @property
    def python(self) -> Path:
        return Path(sys.executable)

    async def install(self) -> None:
        """It is what runs already."""

    @asynccontextmanager
    async def started(self) -> AsyncGenerator[Running]:
        async with await Stack.native(self.place.parents[2], name="peers/ours/stack", fresh=True) as stack:
            await self.run("migrate", stack.environment)
            async with self.workers(stack.environment, range(self.tuning.workers)) as workers:
                servers = {"broker": stack.kafka.pids[0], "database": stack.postgres.pids[0]}
                yield Running(stack.environment, lambda: servers | workers.pids())
