"""The disk under Kafka, and the one under PostgreSQL, is full for a while; after space is given back, all goes on."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ops.local.kafka import Kafka
from ops.local.mail import Mail
from ops.local.postgres import Postgres
from ops.local.server import Server
from tests.faults.servers import fill, small_disk, stack_of
from tests.faults.town import Town, opened

pytestmark = pytest.mark.thorough
MEGABYTES = 768


async def test_the_database_has_no_space_left(folder: Path) -> None:
    home = folder / "disk"
    postgres = Postgres(home / "small" / "postgres")
    small = _on_a_small_disk(home, Kafka(home / "kafka"), postgres)
    async with small as town, town.fault("PostgreSQL's disk full"):
        await _is_full_and_emptied(town, postgres, home / "small")


async def test_the_broker_has_no_space_left(folder: Path) -> None:
    home = folder / "disk"
    kafka = Kafka(home / "small" / "kafka")
    small = _on_a_small_disk(home, kafka, Postgres(home / "postgres"))
    async with small as town, town.fault("Kafka's disk full"):
        await _is_full_and_emptied(town, kafka, home / "small")


@asynccontextmanager
async def _on_a_small_disk(home: Path, kafka: Kafka, postgres: Postgres) -> AsyncGenerator[Town]:
    with small_disk(home / "small", MEGABYTES):
        async with stack_of(kafka, postgres, Mail(home / "mail")) as stack, opened(stack, home) as town:
            yield town


async def _is_full_and_emptied(town: Town, server: Server, disk: Path) -> None:
    """A server that gives up over it is started again, as a supervisor would, once there is space."""
    ballast = fill(disk)
    await town.goes_on_for(15)
    ballast.unlink()
    await server.start()
