"""Temporal: its server built from its Go module, all four parts in one process, on PostgreSQL.

Its limits on requests are lifted, its task queue has one partition, its store 32 shards. What it searches workflows by
(``visibility``, which no workflow needs) is kept by the SQLite in it, in memory: in PostgreSQL it wants an extension
that our PostgreSQL lacks.
"""

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench.peers.peer import Peer, Running, Tuning, database, fresh, tool
from ops.local import make
from ops.local.ports import choose_port, listens
from ops.local.postgres import Postgres
from ops.local.server import Server

VERSION = "v1.32.0"
MODULES = ("go.temporal.io/server/cmd/server", "go.temporal.io/server/cmd/tools/sql")
PARTS = ("frontend", "matching", "history", "worker")
CONNECTIONS = 40
UNLIMITED = (
    *("frontend.rps", "frontend.namespaceRPS", "history.rps", "matching.rps", "frontend.persistenceMaxQPS"),
    *("history.persistenceMaxQPS", "matching.persistenceMaxQPS", "system.visibilityPersistenceMaxWriteQPS"),
)
SEARCH = {
    "pluginName": "sqlite",
    "connectAddr": "localhost",
    "connectProtocol": "tcp",
    "databaseName": "visibility",
    "connectAttributes": {"mode": "memory", "cache": "shared", "setup": "true"},
}


class TemporalServer(Server):
    name = "Temporal"
    program = family = re.compile(r"server\b.* --config-file")

    def __init__(self, directory: Path, programs: Path, postgres: Postgres) -> None:
        super().__init__(directory)
        self._programs, self._postgres = programs, postgres

    async def prepare(self) -> None:
        self.data.mkdir()
        await self._sql("create")
        await self._sql("setup-schema", "-v", "0.0")
        await self._sql("update-schema", "--schema-name", "postgresql/v12/temporal")

    def launch(self) -> None:
        values = dict.fromkeys(UNLIMITED, 100_000)
        values |= dict.fromkeys(("matching.numTaskqueueReadPartitions", "matching.numTaskqueueWritePartitions"), 1)
        dynamic = {name: [{"value": value}] for name, value in values.items()}
        (self.data / "dynamic.yaml").write_text(json.dumps(dynamic))
        (self.data / "server.yaml").write_text(json.dumps(self._configuration()))
        self.spawn([self._programs / "server", "--config-file", "server.yaml", "--allow-no-auth", "start"])

    async def probe(self) -> None:
        await listens(self.port)

    def _configuration(self) -> dict[str, object]:
        """YAML, of which JSON is a part."""
        rpc = {
            part: {"grpcPort": choose_port(), "membershipPort": choose_port(), "bindOnIP": "127.0.0.1"}
            for part in PARTS
        }
        rpc["frontend"]["grpcPort"] = self.port
        here = {"enabled": True, "initialFailoverVersion": 1, "rpcName": "frontend", "rpcAddress": self._address}
        off = {"history": {"state": "disabled"}, "visibility": {"state": "disabled"}}
        return {
            "log": {"stdout": True, "level": "warn"},
            "persistence": {
                "defaultStore": "temporal",
                "visibilityStore": "visibility",
                "numHistoryShards": 32,
                "datastores": {"temporal": {"sql": self._store()}, "visibility": {"sql": SEARCH}},
            },
            "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": "127.0.0.1"}},
            "services": {part: {"rpc": ports} for part, ports in rpc.items()},
            "clusterMetadata": {
                "enableGlobalNamespace": False,
                "failoverVersionIncrement": 10,
                "masterClusterName": "active",
                "currentClusterName": "active",
                "clusterInformation": {"active": here},
            },
            "dcRedirectionPolicy": {"policy": "noop"},
            "archival": off,
            "namespaceDefaults": {"archival": off},
            "dynamicConfigClient": {"filepath": "dynamic.yaml", "pollInterval": "60s"},
        }

    @property
    def _address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _store(self) -> dict[str, object]:
        url = urlsplit(self._postgres.database_url)
        return {
            "pluginName": "postgres12_pgx",
            "databaseName": "temporal",
            "connectAddr": f"{url.hostname}:{url.port}",
            "connectProtocol": "tcp",
            "user": url.username,
            "password": url.password,
            "maxConns": CONNECTIONS,
            "maxIdleConns": CONNECTIONS,
            "maxConnLifetime": "1h",
        }

    async def _sql(self, *words: str) -> None:
        url = urlsplit(self._postgres.database_url)
        whose = ("--ep", url.hostname or "", "-p", str(url.port), "-u", url.username or "", "--pw", url.password or "")
        command = [self._programs / "sql", *whose, "--pl", "postgres12_pgx", "--db", "temporal", *words]
        await make.run(command, "Temporal's database could not be made.")


class Temporal(Peer):
    name = "Temporal"
    inside = "temporal"
    packages = ("temporalio==1.35.0",)
    tried = (
        Tuning(64, workers=1),
        Tuning(16, workers=2),
        Tuning(32, workers=2),
        Tuning(64, workers=2),
        Tuning(128, workers=2),
        Tuning(256, workers=2),
    )
    best = Tuning(32, workers=2)
    claims = 600

    @property
    def _programs(self) -> Path:
        return self.place / f"server-{VERSION}"

    async def install(self) -> None:
        with make.once(self._programs) as draft:
            if draft is not None:
                go, cure = tool("go"), "Temporal's server cannot be built from its Go module."
                for module in MODULES:
                    await make.run([go, "install", f"{module}@{VERSION}"], cure, environment={"GOBIN": str(draft)})
        await super().install()

    @asynccontextmanager
    async def started(self) -> AsyncGenerator[Running]:
        ports = [str(choose_port()) for _ in range(self.tuning.workers)]
        async with (
            database(self.place) as postgres,
            fresh(TemporalServer(self.place / "server", self._programs, postgres)) as server,
        ):
            environment = {
                "PEER_DATABASE": postgres.database_url,
                "PEER_SERVER": f"127.0.0.1:{server.port}",
                "PEER_DOORS": " ".join(ports),
            }
            await self.run("namespace", environment)
            async with self.workers(environment, ports) as workers:
                servers = {"server": server.pids[0], "database": postgres.pids[0]}
                yield Running(environment, lambda: servers | workers.pids())
