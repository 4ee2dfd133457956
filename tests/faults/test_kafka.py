"""The broker is killed, frozen, restarted: nothing is lost, nothing happens twice."""

import pytest

from ops.local.stack import NativeStack
from tests.faults.town import Town


@pytest.mark.thorough
async def test_the_broker_is_killed(town: Town, native: NativeStack) -> None:
    async with town.fault("Kafka killed (SIGKILL)"):
        native.kafka.kill()
        await town.goes_on_for(5)
        await native.kafka.start()


@pytest.mark.thorough
async def test_the_broker_is_frozen(town: Town, native: NativeStack) -> None:
    async with town.fault("Kafka frozen (SIGSTOP), beyond every session"):
        native.kafka.suspend()
        await town.goes_on_for(12)
        native.kafka.resume()


@pytest.mark.thorough
async def test_the_broker_is_restarted(town: Town, native: NativeStack) -> None:
    async with town.fault("Kafka restarted"):
        await native.kafka.stop()
        await native.kafka.start()


@pytest.mark.thorough
async def test_the_broker_is_away_so_long_that_who_makes_no_progress_would_be_called_dead(
    town: Town, native: NativeStack
) -> None:
    async with town.fault("Kafka away for 75 s; liveness stays well"):
        native.kafka.kill()
        for _ in range(15):
            await town.goes_on_for(5)
            assert await town.who_is_called_dead() == []
        await native.kafka.start()


@pytest.mark.thorough
async def test_both_servers_are_killed_at_once(town: Town, native: NativeStack) -> None:
    async with town.fault("Kafka and PostgreSQL killed at once, the broker comes back first"):
        native.kafka.kill()
        native.postgres.kill()
        await town.goes_on_for(5)
        await native.kafka.start()
        await town.goes_on_for(5)
        await native.postgres.start()
