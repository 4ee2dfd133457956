"""Three brokers, of which each is killed in turn, and one is lost for good."""

from pathlib import Path

import pytest

from tests.faults.servers import cluster, until_in_sync
from tests.faults.town import SLOWER, opened

pytestmark = pytest.mark.thorough


async def test_each_of_three_brokers_is_killed_and_one_is_lost_for_good(folder: Path) -> None:
    async with cluster(folder / "cluster") as (stack, nodes), opened(stack, folder / "cluster", replication=3) as town:
        for node in nodes:
            async with town.fault(f"broker {node.number} of 3 killed (SIGKILL)", settles=False):
                node.kill()
                await town.goes_on_for(6)
                await node.start()
            await until_in_sync(stack.bootstrap_servers, 3, 60 * SLOWER)
        for node in nodes:
            async with town.fault(f"broker {node.number} of 3 frozen (SIGSTOP)", settles=False):
                node.suspend()
                await town.goes_on_for(8)
                node.resume()
            await until_in_sync(stack.bootstrap_servers, 3, 60 * SLOWER)
        lost = nodes[0]
        async with town.fault("broker 1 of 3 lost for good, with its disk"):
            lost.wipe()
            await town.goes_on_for(5)
