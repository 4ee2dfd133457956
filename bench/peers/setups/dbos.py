"""DBOS: a library on PostgreSQL; two worker processes, because one cannot use two cores."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bench.peers.peer import Peer, Running, database
from ops.local.ports import choose_port


class Dbos(Peer):
    name = "DBOS"
    inside = "dbos"
    packages = ("dbos==3.4.0",)
    at_once = 512
    claims = 1_000

    @asynccontextmanager
    async def started(self) -> AsyncGenerator[Running]:
        ports = [str(choose_port()) for _ in range(2)]
        async with database(self.place) as postgres:
            environment = {"PEER_DATABASE": postgres.database_url, "PEER_DOORS": " ".join(ports)}
            async with self.workers(environment, *((port,) for port in ports)) as workers:
                yield Running(environment, lambda: {"database": postgres.pids[0]} | workers.pids())
