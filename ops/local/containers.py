"""The stack in containers: the official images, each alone, on free ports."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import docker
from docker.errors import APIError, DockerException, NotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from ops.local import kafka, postgres
from ops.local.errors import StackError
from ops.local.ports import listens
from ops.local.waiting import until_answered

_OWNER = "makegood"


class Container:
    """One running container, and how to end it."""

    def __init__(self, container: DockerContainer) -> None:
        self._container = container

    @property
    def id(self) -> str:
        return self._container.get_container_id()

    async def stop(self) -> None:
        await asyncio.to_thread(self._container.stop)


class KafkaContainer(DockerContainer):
    """A broker that is told its outside address once Docker has chosen it."""

    def __init__(self) -> None:
        super().__init__("apache/kafka:4.3.1")
        settings = kafka.SETTINGS | {
            "controller.quorum.voters": "1@localhost:9093",
            "listeners": "CLIENT://:9092,BROKER://:19092,CONTROLLER://:9093",
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "BROKER",
        }
        self.with_exposed_ports(9092)
        self.with_envs(**{f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in settings.items()})
        self.with_env("KAFKA_HEAP_OPTS", "-Xmx512m")
        self.with_command(
            ["sh", "-c", "until [ -s /address ]; do sleep 0.1; done; . /address; exec /etc/kafka/docker/run"]
        )

    def start(self) -> "KafkaContainer":
        super().start()
        addresses = f"CLIENT://{_address(self, 9092)},BROKER://localhost:19092"
        self.copy_into_container(f"export KAFKA_ADVERTISED_LISTENERS={addresses}\n".encode(), "/address")
        return self


@dataclass(kw_only=True)
class Containers:
    """Where the started containers answer."""

    bootstrap_servers: str
    database_url: str
    smtp_url: str
    mail_page: str
    running: list[Container] = field(repr=False)


async def start(*, lasting: bool) -> Containers:
    """Start the three and wait until each answers; unless `lasting`, a reaper removes them when we are gone."""
    testcontainers_config.ryuk_disabled = lasting
    running: list[Container] = []
    try:
        return await _start(running)
    except BaseException as reason:
        await asyncio.gather(*(container.stop() for container in running), return_exceptions=True)
        if isinstance(reason, DockerException):
            raise _understood(reason) from reason
        raise


async def remove(ids: list[str]) -> None:
    """Remove containers that an earlier process left running."""
    try:
        await asyncio.to_thread(_remove, ids)
    except DockerException as reason:
        raise _understood(reason) from reason


async def _start(running: list[Container]) -> Containers:
    password = secrets.token_urlsafe(24)
    parts = (
        KafkaContainer(),
        _postgres(password),
        DockerContainer("axllent/mailpit:v1.29").with_exposed_ports(1025, 8025),
    )
    for part in parts:  # one after the other: what the first start makes for all, the reaper, is made once
        running.append(Container(part))
        await asyncio.to_thread(part.start)
    broker, database, mail = parts
    found = Containers(
        bootstrap_servers=_address(broker, 9092),
        database_url=f"postgresql://{_OWNER}:{password}@{_address(database, 5432)}/{_OWNER}",
        smtp_url=f"smtp://{_address(mail, 1025)}",
        mail_page=f"http://{_address(mail, 8025)}",
        running=running,
    )
    await asyncio.gather(
        _answered(broker, lambda: kafka.broker_answers(found.bootstrap_servers)),
        _answered(database, lambda: postgres.database_answers(found.database_url)),
        _answered(mail, lambda: listens(mail.get_exposed_port(1025), mail.get_container_host_ip())),
    )
    return found


def _postgres(password: str) -> DockerContainer:
    settings = [word for name, value in postgres.SETTINGS.items() for word in ("-c", f"{name}={value}")]
    return (
        DockerContainer("postgres:18")
        .with_exposed_ports(5432)
        .with_envs(POSTGRES_USER=_OWNER, POSTGRES_PASSWORD=password, POSTGRES_DB=_OWNER)
        .with_command(["postgres", *settings])
    )


async def _answered(container: DockerContainer, probe: Callable[[], Awaitable[object]]) -> None:
    if not await until_answered(probe, still_alive=lambda: True):
        raise StackError(f"{container.image} does not answer: `docker logs {container.get_container_id()}` says why.")


def _address(container: DockerContainer, port: int) -> str:
    return f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"


def _remove(ids: list[str]) -> None:
    engine = docker.from_env()
    try:
        for container in ids:
            with suppress(NotFound):
                engine.containers.get(container).remove(force=True, v=True)
    finally:
        engine.close()


def _understood(reason: DockerException) -> StackError:
    if isinstance(reason, APIError):
        return StackError(f"Docker refuses ({reason.explanation}): see that it can pull and run the images.")
    return StackError(f"No Docker engine answers ({reason}): start Docker, or leave out `--stack containers`.")
