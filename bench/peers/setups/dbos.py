"""DBOS: a library on PostgreSQL, which works in whatever process imports it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bench.peers.peer import Peer, Running, Tuning, database
from ops.local.ports import choose_port


class Dbos(Peer):
    name = "DBOS"
    inside = "dbos"
    packages = ("dbos==3.4.0",)
    tried = (
        Tuning(256, workers=1),
        Tuning(256, workers=2),
        Tuning(512, workers=2),
        Tuning(1_024, workers=2),
        Tuning(2_048, workers=2),
        Tuning(4_096, workers=2),
        Tuning(512, workers=3),
        Tuning(1_024, workers=3),
        Tuning(2_048, workers=3),
    )
    best = Tuning(2_048, workers=2)
    claims = 4_000

    @asynccontextmanager
    async def started(self) -> AsyncGenerator[Running]:
        ports = [str(choose_port()) for _ in range(self.tuning.workers)]
        async with database(self.place) as postgres:
            environment = {"PEER_DATABASE": postgres.database_url, "PEER_DOORS": " ".join(ports)}
            async with self.workers(environment, ports) as workers:
                yield Running(environment, lambda: {"database": postgres.pids[0]} | workers.pids())
