"""Procrastinate: a job queue in PostgreSQL; one worker process, eight jobs at a time. Jobs are deferred in batches."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bench.peers.peer import Peer, Running, database


class Procrastinate(Peer):
    name = "Procrastinate"
    inside = "procrastinate"
    packages = ("procrastinate==3.10.0", "psycopg[binary,pool]==3.3.9")
    at_once = 256
    claims = 1_500

    @asynccontextmanager
    async def started(self) -> AsyncGenerator[Running]:
        async with database(self.place) as postgres:
            environment = {"PEER_DATABASE": postgres.database_url}
            await self.run("schema", environment)
            async with self.workers(environment) as workers:
                yield Running(environment, lambda: {"database": postgres.pids[0]} | workers.pids())
