"""Restate: its server from the npm registry, one node with four partitions, its log written through to disk.

Its SDK is served by Granian, which starts the worker processes itself. The load has 64 connections to the server, on
which a call is over as soon as Restate has it.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.peers.peer import Peer, Running, Tuning, database, fresh, tool
from ops.local import make
from ops.local.ports import choose_port, listens
from ops.local.server import Server
from ops.local.stack import StackError

VERSION = "1.7.12"


class RestateServer(Server):
    name = "Restate"
    program = family = re.compile(r"restate-server\b")

    def __init__(self, directory: Path, binary: Path) -> None:
        super().__init__(directory)
        self._binary = binary
        self.admin = choose_port()

    async def prepare(self) -> None:
        self.data.mkdir()

    def launch(self) -> None:
        settings = {
            "BASE_DIR": ".",
            "BIND_IP": "127.0.0.1",
            "BIND_PORT": str(choose_port()),
            "LISTEN_MODE": "tcp",
            "INGRESS__BIND_ADDRESS": f"127.0.0.1:{self.port}",
            "ADMIN__BIND_ADDRESS": f"127.0.0.1:{self.admin}",
            "DEFAULT_NUM_PARTITIONS": "4",
            "ROCKSDB_TOTAL_MEMORY_SIZE": "2.0 GiB",
            "DISABLE_TELEMETRY": "true",
            "LOG_FILTER": "warn",
        }
        self.spawn([self._binary, "--no-logo"], {f"RESTATE_{name}": value for name, value in settings.items()})

    async def probe(self) -> None:
        await listens(self.port)


class Restate(Peer):
    name = "Restate"
    inside = "restate"
    packages = ("restate-sdk==1.2.0", "granian==2.8.7", "aiohttp==3.14.5")
    tried = (
        Tuning(64, workers=1),
        Tuning(128, workers=1),
        Tuning(256, workers=1),
        Tuning(512, workers=1),
        Tuning(1_024, workers=1),
        Tuning(256, workers=2),
        Tuning(512, workers=2),
    )
    best = Tuning(128, workers=1)
    claims = 4_000
    record = "table"
    """Where the claim is durably recorded."""

    @property
    def _server(self) -> Path:
        return self.place / f"server-{VERSION}"

    async def install(self) -> None:
        with make.once(self._server) as draft:
            if draft is not None:
                npm, cure = tool("npm"), "Restate's server cannot be fetched by npm."
                package = f"@restatedev/restate-server@{VERSION}"
                quiet = ("--no-audit", "--no-fund", "--ignore-scripts")
                await make.run([npm, "install", *quiet, "--prefix", draft, package], cure)
        self._binary()
        await super().install()

    def _binary(self) -> Path:
        found = [*self._server.glob("node_modules/@restatedev/restate-server-*/bin/restate-server")]
        if not found:
            raise StackError("Restate has no server for this kind of machine.")
        return found[0]

    @asynccontextmanager
    async def started(self) -> AsyncGenerator[Running]:
        server = RestateServer(self.place / "server", self._binary())
        async with database(self.place) as postgres, fresh(server):
            environment = {
                "PEER_DATABASE": postgres.database_url,
                "PEER_INGRESS": f"http://127.0.0.1:{server.port}",
                "PEER_ADMIN": f"http://127.0.0.1:{server.admin}",
                "PEER_WORKER": f"http://127.0.0.1:{choose_port()}",
                "PEER_RECORD": self.record,
            }
            async with self.workers(environment, [self.tuning.workers]) as workers:
                servers = {"server": server.pids[0], "database": postgres.pids[0]}
                yield Running(environment, lambda: servers | workers.pids())


class RestateAlone(Restate):
    """Its own state is the record, as in ours: what the database is written to are the payouts."""

    name = "Restate, its state the record"
    tried = (Tuning(128, workers=1), Tuning(256, workers=1), Tuning(512, workers=1))
    record = "restate"
