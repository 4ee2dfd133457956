"""Procrastinate: a job queue in PostgreSQL, each worker an event loop of its own. Jobs are deferred in batches."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bench.peers.peer import Peer, Running, Tuning, database


class Procrastinate(Peer):
    name = "Procrastinate"
    inside = "procrastinate"
    packages = ("procrastinate==3.10.0", "psycopg[binary,pool]==3.3.9")
    tried = (
        Tuning(256, workers=1, jobs=8),
        Tuning(256, workers=2, jobs=4),
        Tuning(256, workers=2, jobs=8),
        Tuning(128, workers=2, jobs=8),
        Tuning(512, workers=2, jobs=8),
        Tuning(256, workers=2, jobs=16),
        Tuning(256, workers=3, jobs=8),
    )
    best = Tuning(128, workers=2, jobs=8)
    claims = 2_000

    @asynccontextmanager
    async def started(self) -> AsyncGenerator[Running]:
        async with database(self.place) as postgres:
            environment = {"PEER_DATABASE": postgres.database_url}
            await self.run("schema", environment)
            async with self.workers(environment, [self.tuning.jobs] * self.tuning.workers) as workers:
                yield Running(environment, lambda: {"database": postgres.pids[0]} | workers.pids())
