"""The real broker, database and mail server under the tests, and empty topics and databases in them."""

import asyncio
import os
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ops.local.stack import Stack
from shared.events.base import PARTITIONS

REPOSITORY = Path(__file__).parent.parent


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
    """An empty database, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server = await cast("Any", asyncpg).connect(stack.database_url)
    await server.execute(f"create database {name}")
    base, _, _ = stack.database_url.rpartition("/")
    try:
        yield f"{base}/{name}"
    finally:
        await server.execute(f"drop database {name} with (force)")
        await server.close()


@pytest_asyncio.fixture(loop_scope="session")
async def bootstrap_servers(stack: Stack) -> str:
    """A broker without topics and without groups' memories."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
    await admin.start()
    try:
        old = [topic for topic in await admin.list_topics() if not topic.startswith("__")]
        if old:
            await admin.delete_topics(old)
    finally:
        await admin.close()
    return stack.bootstrap_servers


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
