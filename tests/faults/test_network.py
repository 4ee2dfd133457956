"""The network between each service and each server is cut one way, the other, both, and made slow."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ops import catalogue
from ops.local.mail import Mail
from ops.local.postgres import Postgres
from tests.conftest import REPOSITORY
from tests.faults.proxy import Proxy
from tests.faults.servers import Network, ProxiedKafka, stack_of
from tests.faults.town import Town, opened

CUT = 8.0
"""Real seconds: beyond the session of a consumer."""
SLOW = 0.5


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def networked() -> AsyncIterator[tuple[Town, Network]]:
    folder: Path = REPOSITORY / ".makegood" / "faults" / "network"
    network = Network(catalogue.NAMES)
    await network.start()
    try:
        kafka = ProxiedKafka(folder / "kafka", network.kafka)
        async with stack_of(kafka, Postgres(folder / "postgres"), Mail(folder / "mail")) as stack:
            ways = network.leads_to(stack, stack.database_url)
            async with opened(stack, folder, of=ways, MAKEGOOD_DATABASE_TIMEOUT_SECONDS="5") as town:
                yield town, network
    finally:
        await network.stop()


@pytest.mark.thorough
@pytest.mark.parametrize("server", ["Kafka", "PostgreSQL"])
@pytest.mark.parametrize("service", catalogue.NAMES)
async def test_the_way_between_a_service_and_a_server_is_bad(
    networked: tuple[Town, Network], service: str, server: str
) -> None:
    town, network = networked
    proxy = (network.kafka if server == "Kafka" else network.postgres)[service]
    await _suffers(town, f"{service} → {server}", [proxy])


@pytest.mark.thorough
async def test_all_ways_are_cut_at_once(networked: tuple[Town, Network]) -> None:
    town, network = networked
    proxies = [*network.kafka.values(), *network.postgres.values()]
    async with town.fault("every service ↔ Kafka and PostgreSQL cut both ways"):
        for proxy in proxies:
            proxy.cut()
        await town.goes_on_for(CUT)
        for proxy in proxies:
            proxy.heal()


@pytest.mark.thorough
@pytest.mark.parametrize("server", ["Kafka", "PostgreSQL"])
async def test_every_connection_is_silent_for_ever(networked: tuple[Town, Network], server: str) -> None:
    town, network = networked
    async with town.fault(f"every connection to {server} silent for ever, without a reset"):
        for proxy in (network.kafka if server == "Kafka" else network.postgres).values():
            proxy.forget()


async def _suffers(town: Town, way: str, proxies: list[Proxy]) -> None:
    try:
        for name, up, down in (("no way there", True, False), ("no way back", False, True), ("cut", True, True)):
            async with town.fault(f"{way}: {name}", settles=False):
                for proxy in proxies:
                    proxy.cut(up=up, down=down)
                await town.goes_on_for(CUT)
                for proxy in proxies:
                    proxy.heal()
        async with town.fault(f"{way}: {SLOW * 1000:.0f} ms slow"):
            for proxy in proxies:
                proxy.slow(SLOW)
            await town.goes_on_for(CUT)
            for proxy in proxies:
                proxy.heal()
    finally:
        for proxy in proxies:
            proxy.heal()
        await asyncio.sleep(0)
