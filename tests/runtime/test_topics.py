"""What is acknowledged on our topics outlives a broker; topics that could lose it are refused."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.runtime.kafka import TopicError, make_topics
from shared.runtime.settings import Settings
from tests.runtime.toy import COUNTS

IN_SYNC = "min.insync.replicas"


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch, bootstrap_servers: str) -> Settings:
    """One broker that passes for three."""
    create, describe = AIOKafkaAdminClient.create_topics, AIOKafkaAdminClient.describe_topics

    async def created(self: Any, topics: Any) -> Any:
        for topic in topics:
            topic.replication_factor = 1
        return await create(self, topics)

    async def described(self: Any, names: Any) -> Any:
        found: Any = await cast("Any", describe)(self, names)
        for topic in found:
            for partition in topic["partitions"]:
                partition["replicas"] *= 3
        return found

    monkeypatch.setattr(AIOKafkaAdminClient, "create_topics", created)
    monkeypatch.setattr(AIOKafkaAdminClient, "describe_topics", described)
    return Settings(kafka_bootstrap_servers=bootstrap_servers, kafka_replication=3)


@pytest_asyncio.fixture(loop_scope="session")
async def admin(bootstrap_servers: str) -> AsyncGenerator[Any]:
    client: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await client.start()
    yield client
    await client.close()


async def in_sync(admin: Any) -> str:
    [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, COUNTS.name, {IN_SYNC: None})])
    [resource] = answer.to_object()["resources"]
    return resource["config_entries"][0]["config_value"]


async def let_be_in_sync(admin: Any, brokers: int) -> None:
    """Brokers hear of it a moment after it is acknowledged."""
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, COUNTS.name, {IN_SYNC: str(brokers)})])
    async with asyncio.timeout(30):
        while await in_sync(admin) != str(brokers):  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(0.05)


async def test_of_three_copies_two_must_have_what_is_acknowledged(three: Settings, admin: Any) -> None:
    await make_topics(three, [COUNTS])
    assert await in_sync(admin) == "2"


async def test_a_broker_alone_acknowledges_alone(bootstrap_servers: str, admin: Any) -> None:
    await make_topics(Settings(kafka_bootstrap_servers=bootstrap_servers), [COUNTS])
    assert await in_sync(admin) == "1"


async def test_topics_for_which_there_are_too_few_brokers_are_refused_in_the_broker_s_words(
    bootstrap_servers: str,
) -> None:
    settings = Settings(kafka_bootstrap_servers=bootstrap_servers, kafka_replication=7)
    refused = rf"{COUNTS.name} cannot be made \(.*replicat.* 7.*\): correct MAKEGOOD_KAFKA_REPLICATION"
    with pytest.raises(TopicError, match=refused):
        await make_topics(settings, [COUNTS])


async def test_a_topic_that_somebody_else_makes_meanwhile_is_taken(
    bootstrap_servers: str, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_topics(Settings(kafka_bootstrap_servers=bootstrap_servers), [COUNTS])

    async def none(self: Any) -> list[str]:
        return []

    monkeypatch.setattr(AIOKafkaAdminClient, "list_topics", none)
    await make_topics(Settings(kafka_bootstrap_servers=bootstrap_servers), [COUNTS])


async def test_a_topic_whose_leader_acknowledges_alone_is_refused_until_it_is_set_right(
    three: Settings, admin: Any
) -> None:
    await make_topics(three, [COUNTS])
    await let_be_in_sync(admin, 1)
    with pytest.raises(TopicError, match=rf"{COUNTS.name} has 3 copies and {IN_SYNC}=1.* Set it to 2"):
        await make_topics(three, [COUNTS])
    await let_be_in_sync(admin, 2)
    await make_topics(three, [COUNTS])
