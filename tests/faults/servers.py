"""Stacks that are built otherwise than everybody's: a cluster of three brokers, small disks, a network in between."""

import asyncio
import subprocess
from collections.abc import AsyncGenerator, Collection, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from ops.local.kafka import Kafka, new_cluster_id
from ops.local.mail import Mail
from ops.local.ports import choose_port
from ops.local.postgres import Postgres
from ops.local.server import Server
from ops.local.stack import NativeStack, Stack
from tests.faults.proxy import Proxy


@asynccontextmanager
async def stack_of(kafka: Kafka, postgres: Postgres, mail: Mail) -> AsyncGenerator[NativeStack]:
    """These three, with nothing in them; they end with the block."""
    servers: tuple[Server, ...] = (kafka, postgres, mail)
    try:
        for server in servers:
            server.wipe()
        await asyncio.gather(*(server.start() for server in servers))
        yield NativeStack(
            bootstrap_servers=kafka.bootstrap_servers,
            database_url=postgres.database_url,
            smtp_url=mail.smtp_url,
            mail_dir=mail.data,
            kafka=kafka,
            postgres=postgres,
            mail=mail,
        )
    finally:
        for server in servers:
            server.kill()


class Network:
    """A proxy on each way from a service to Kafka, and to PostgreSQL."""

    def __init__(self, services: Collection[str]) -> None:
        self.kafka = {service: Proxy() for service in services}
        self.postgres = {service: Proxy() for service in services}

    async def start(self) -> None:
        for proxy in (*self.kafka.values(), *self.postgres.values()):
            await proxy.start(choose_port())

    async def stop(self) -> None:
        for proxy in (*self.kafka.values(), *self.postgres.values()):
            await proxy.stop()

    def leads_to(self, stack: NativeStack, database_url: str) -> dict[str, dict[str, str]]:
        """From now on; each service's environment, by which it goes through its proxies."""
        assert isinstance(stack.kafka, ProxiedKafka)
        environment: dict[str, dict[str, str]] = {}
        for service, proxy in self.kafka.items():
            proxy.target = stack.kafka.behind[service]
            self.postgres[service].target = stack.postgres.port
            through = f"127.0.0.1:{self.postgres[service].port}"
            environment[service] = {
                "MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{proxy.port}",
                "MAKEGOOD_DATABASE_URL": database_url.replace(f"127.0.0.1:{stack.postgres.port}", through),
            }
        return environment


class ProxiedKafka(Kafka):
    """A broker with one more listener for each proxy, which it advertises as the proxy's address."""

    def __init__(self, directory: Path, proxies: Mapping[str, Proxy]) -> None:
        super().__init__(directory)
        self._proxies = proxies
        self.behind = {service: choose_port() for service in proxies}
        """Where the broker listens for whom."""

    def settings(self, port: int) -> dict[str, str]:
        usual = super().settings(port)
        names = {service: service.upper().replace("_", "") for service in self._proxies}
        behind = [f"{names[service]}://127.0.0.1:{inner}" for service, inner in self.behind.items()]
        advertised = [f"{names[service]}://127.0.0.1:{proxy.port}" for service, proxy in self._proxies.items()]
        return usual | {
            "listeners": ",".join([usual["listeners"], *behind]),
            "advertised.listeners": ",".join([usual["advertised.listeners"], *advertised]),
            "listener.security.protocol.map": ",".join(
                [usual["listener.security.protocol.map"], *(f"{name}:PLAINTEXT" for name in names.values())]
            ),
        }


class Node(Kafka):
    """One of three brokers that are controllers as well; every topic is in three copies, two of which must have it."""

    def __init__(self, directory: Path, number: int, controllers: Mapping[int, int], cluster_id: str) -> None:
        super().__init__(directory, choose_port())
        self.number, self._controllers = number, controllers
        self.cluster_id = cluster_id

    def settings(self, port: int) -> dict[str, str]:
        usual = super().settings(port)
        controller = f"CONTROLLER://127.0.0.1:{self._controllers[self.number]}"
        return usual | {
            "node.id": str(self.number),
            "controller.quorum.voters": ",".join(f"{n}@127.0.0.1:{p}" for n, p in self._controllers.items()),
            "listeners": f"{usual['advertised.listeners']},{controller}",
            "offsets.topic.replication.factor": "3",
            "default.replication.factor": "3",
            "unclean.leader.election.enable": "false",
            "replica.lag.time.max.ms": "3000",
            "broker.session.timeout.ms": "6000",
            "broker.heartbeat.interval.ms": "1000",
        }


@asynccontextmanager
async def cluster(folder: Path) -> AsyncGenerator[tuple[Stack, list[Node]]]:
    """Three brokers, with nothing in them."""
    controllers, cluster_id = {number: choose_port() for number in (1, 2, 3)}, new_cluster_id()
    nodes = [Node(folder / f"kafka-{number}", number, controllers, cluster_id) for number in controllers]
    postgres, mail = Postgres(folder / "postgres"), Mail(folder / "mail")
    servers: tuple[Server, ...] = (*nodes, postgres, mail)
    try:
        for server in servers:
            server.wipe()
        await asyncio.gather(*(server.start() for server in servers))
        yield (
            Stack(
                bootstrap_servers=",".join(node.bootstrap_servers for node in nodes),
                database_url=postgres.database_url,
                smtp_url=mail.smtp_url,
            ),
            nodes,
        )
    finally:
        for server in servers:
            server.kill()


async def until_in_sync(bootstrap_servers: str, copies: int, seconds: float) -> None:
    """Returns when so many brokers have everything that was acknowledged, of every topic."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        async with asyncio.timeout(seconds):
            while True:
                described = await admin.describe_topics(await admin.list_topics())
                if all(len(p["isr"]) >= copies for topic in described for p in topic["partitions"]):
                    return
                await asyncio.sleep(0.25)
    finally:
        await admin.close()


@contextmanager
def small_disk(place: Path, megabytes: int) -> Generator[Path]:
    """A file system of this size at this place."""
    place.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m,mode=0755"
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "makegood-faults", str(place)], capture_output=True, text=True, check=False
    )
    if mounting.returncode:
        pytest.skip(f"a small disk cannot be mounted here, which needs root: {mounting.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """Takes all the space that is left there; the file to remove to give it back."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        block = b"\0" * (1 << 20)
        while block:
            try:
                file.write(block)
            except OSError:
                block = block[: len(block) // 2]
    return ballast
