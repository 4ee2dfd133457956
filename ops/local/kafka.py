"""A real Kafka broker on this machine: one KRaft node, with no container around it."""

import re
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from ops.local import make
from ops.local.java import Java
from ops.local.ports import choose_port, listens
from ops.local.server import Server

# A broker alone: every replication factor is 1. Sizes are Kafka's own defaults, so that what production would
# refuse is refused here too. Sessions are short: the next broker waits until that of a killed one has passed, and
# a test need not wait long for a dead consumer.
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "message.max.bytes": "1048588",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "8",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "500",
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "400",
    "log.cleaner.dedupe.buffer.size": "16777216",
}


class Kafka(Server):
    """A broker that keeps its records, its cluster id and its port until it is wiped."""

    name = "Kafka"
    program = family = re.compile(r"java .*\bkafka\.Kafka\b")

    _java: Java | None = None

    def __init__(self, directory: Path, port: int | None = None) -> None:
        super().__init__(directory, port)
        self.cluster_id = new_cluster_id()

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def prepare(self) -> None:
        self._java = await Java.find()
        self._scratch.mkdir(exist_ok=True)
        with make.once(self.data) as draft:
            if draft is not None:
                await self._format(draft)

    def launch(self) -> None:
        assert self._java is not None
        settings = self._configure(self.port)
        self.spawn(
            [*self._java.command(self._scratch, leave_archive=True), "kafka.Kafka", settings],
            {"CLASSPATH": self._java.classpath},
        )

    async def probe(self) -> None:
        await broker_answers(self.bootstrap_servers)

    async def stop(self) -> None:
        await super().stop()
        await Java.keep_archive(self._scratch)

    @property
    def _scratch(self) -> Path:
        return self.directory / "scratch"

    async def _format(self, draft: Path) -> None:
        """Give an empty directory a cluster id; `log.dirs=.` is the directory in which the tool runs."""
        assert self._java is not None
        tool = ["kafka.tools.StorageTool", "format", "-t", self.cluster_id, "-c", self._configure(port=1)]
        await make.run(
            [*self._java.command(self._scratch), "-XX:TieredStopAtLevel=1", *tool],
            "Kafka's storage could not be formatted: see that the disk is sound and writable.",
            cwd=draft,
            environment={"CLASSPATH": self._java.classpath},
        )

    def settings(self, port: int) -> dict[str, str]:
        """The broker's properties, when it listens on this port."""
        broker, controller = f"CLIENT://127.0.0.1:{port}", f"127.0.0.1:{choose_port()}"
        return SETTINGS | {
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"{broker},CONTROLLER://{controller}",
            "advertised.listeners": broker,
            "inter.broker.listener.name": "CLIENT",
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": ".",
        }

    def _configure(self, port: int) -> Path:
        file = self.directory / "server.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in self.settings(port).items()))
        return file


def new_cluster_id() -> str:
    """As an argument, one that begins with "-" would be taken for an option."""
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")


async def broker_answers(bootstrap_servers: str) -> None:
    """Raise `OSError` unless the broker serves: it listens before it may, and serves once it names itself."""
    host, _, port = bootstrap_servers.rpartition(":")
    await listens(int(port), host)
    client = AIOKafkaClient(bootstrap_servers=bootstrap_servers)
    try:
        await client.bootstrap()
        if not client.cluster.brokers():
            raise ConnectionError("the broker is still fenced")
    except KafkaError as reason:
        raise ConnectionError(str(reason)) from reason
    finally:
        await client.close()
