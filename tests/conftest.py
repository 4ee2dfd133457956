"""The real broker, database and mail server under the tests, and empty topics and databases in them."""

import asyncio
import os
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ops.local.stack import Stack
from shared.events.base import PARTITIONS

REPOSITORY = Path(__file__).parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes too long for every run may take two hours; nothing may take for ever."""
    for item in items:
        if item.get_closest_marker("thorough"):
            item.add_marker(pytest.mark.timeout(7200))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """One stack for all tests: native, in containers with MAKEGOOD_TEST_STACK=containers, or the user's own."""
    kind = os.environ.get("MAKEGOOD_TEST_STACK", "native")
    started = await {"native": Stack.native, "containers": Stack.containers, "own": Stack.users_own}[kind](
        REPOSITORY, name="tests"
    )
    async with started as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def database_url(stack: Stack) -> AsyncGenerator[str]:
    async with empty_database(stack) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def bootstrap_servers(stack: Stack) -> str:
    """A broker without topics."""
    await without_topics(stack.bootstrap_servers)
    return stack.bootstrap_servers


@asynccontextmanager
async def empty_database(stack: Stack) -> AsyncGenerator[str]:
    """Its address; it is dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server = await cast("Any", asyncpg).connect(stack.database_url)
    try:
        await server.execute(f"create database {name}")
        base, _, _ = stack.database_url.rpartition("/")
        yield f"{base}/{name}"
    finally:
        await server.execute(f"drop database if exists {name} with (force)")
        await server.close()


async def without_topics(bootstrap_servers: str) -> None:
    """A deletion takes effect a moment after it is acknowledged; a topic made before that would be deleted too."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        async with asyncio.timeout(60):
            while old := [topic for topic in await admin.list_topics() if not topic.startswith("__")]:
                await admin.delete_topics(old)
    finally:
        await admin.close()


async def make_topics(bootstrap_servers: str, *names: str) -> None:
    """Topics with our number of partitions; waits out the deletion of old ones of the same name."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        async with asyncio.timeout(30):
            missing = set(names)
            while missing:
                await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in missing])
                missing = set(names) - set(await admin.list_topics())
    finally:
        await admin.close()
