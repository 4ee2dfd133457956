"""Replicas die, freeze, come and go; every deposit is counted once and in order, and the counts arrive."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from zlib import crc32

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from shared.events.base import PARTITIONS
from shared.runtime.lanes import partition_of
from tests.runtime.conftest import Playground, ServedToy
from tests.runtime.toy import DEPOSITS, Adjusted, Counted, Deposited, Mirrored


def deposits(accounts: int, first: int, last: int) -> list[Deposited]:
    """Deposits number ``first`` to ``last`` of every account, interleaved."""
    return [Deposited(account=f"a{a}", n=n) for n in range(first, last + 1) for a in range(accounts)]


def assert_each_once_in_order(facts: Sequence[Counted | Mirrored], accounts: int, last: int) -> None:
    """Every account's numbers are 1, 2, 3 … without a gap, a repetition or another order."""
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for fact in facts:
        numbers[fact.account].append(fact.n)
    assert dict(numbers) == {f"a{a}": list(range(1, last + 1)) for a in range(accounts)}


async def test_the_last_event_arrives_though_its_replica_died_before_publishing_it(playground: Playground) -> None:
    dying = playground.serve("account", TOY_DIE_AT_PUBLISH="1")
    await playground.publish(deposits(1, 1, 1))
    assert await dying.ended() == -9
    [row] = await playground.query("select sum(position) as said, sum(published) as out from account.lane")
    assert (row["said"], row["out"]) == (1, 0)

    playground.serve("account")  # and no further traffic
    facts = await playground.read(Counted, 1)
    assert_each_once_in_order(facts, 1, 1)


async def test_kills_under_load_lose_and_repeat_nothing(playground: Playground) -> None:
    accounts, rounds = 100, 6
    mirror, account = playground.serve("mirror"), playground.serve("account")
    for number in range(rounds):
        await playground.publish(deposits(accounts, number * 5 + 1, number * 5 + 5))
        victim, name = (account, "account") if number % 2 == 0 else (mirror, "mirror")
        victim.kill()
        if name == "account":
            account = playground.serve("account")
        else:
            mirror = playground.serve("mirror")
    facts = await playground.read(Mirrored, accounts * rounds * 5)
    assert_each_once_in_order(facts, accounts, rounds * 5)


async def test_a_frozen_owner_wakes_after_its_lanes_have_moved(playground: Playground) -> None:
    accounts = 50
    first = playground.serve("account")
    await playground.publish(deposits(accounts, 1, 3))
    await playground.read(Counted, accounts * 3)
    first.freeze()
    playground.serve("account")
    await playground.publish(deposits(accounts, 4, 6))
    await playground.read(Counted, accounts * 6)
    first.thaw()
    await playground.publish(deposits(accounts, 7, 9))
    facts = await playground.read(Counted, accounts * 9)
    assert_each_once_in_order(facts, accounts, 9)


async def test_records_that_go_before_a_frozen_replica_has_read_them_end_it(playground: Playground) -> None:
    """Its client would go on from where the log begins now.

    What it had asked for before it froze the broker answers with the first record that comes, the second deposit.
    """
    replica = playground.serve("account")
    await playground.publish(deposits(1, 1, 1))
    await playground.read(Counted, 1)
    replica.freeze()
    await playground.publish(deposits(1, 2, 2))
    await playground.publish(deposits(1, 3, 4))
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=playground.settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        place = TopicPartition(DEPOSITS.name, partition_of("a0", PARTITIONS))
        await admin.delete_records({place: RecordsToDelete(before_offset=3)})
    finally:
        await admin.close()
    replica.thaw()
    assert await replica.ended() == 3
    assert re.search("records [12] to 2 are gone unread", replica.log.read_text())
    facts = await playground.read(Counted, 1)
    assert_each_once_in_order(facts, 1, len(facts))


async def test_one_to_three_to_one_replicas_under_load(playground: Playground) -> None:
    accounts = 100
    playground.serve("mirror")
    first = playground.serve("account")
    others: list[ServedToy] = []
    for number in range(6):
        await playground.publish(deposits(accounts, number * 4 + 1, number * 4 + 4))
        if number == 1:
            others = [playground.serve("account"), playground.serve("account")]
            await playground.until_row(
                "select from (select count(*) from account.progress where process = 'account') p(replicas) "
                "where replicas > 2"
            )
        if number == 3:
            assert [first.stop(), others[0].stop()] == [0, 0]
    facts = await playground.read(Mirrored, accounts * 24)
    assert_each_once_in_order(facts, accounts, 24)


async def test_a_rolling_upgrade_adds_a_heard_topic(playground: Playground) -> None:
    old = playground.serve("account")
    await playground.publish(deposits(20, 1, 2))
    await playground.publish(Adjusted(account=f"a{a}", amount=100) for a in range(20))
    await playground.read(Counted, 40)
    playground.serve("account-v2")
    await playground.publish(deposits(20, 3, 4))
    old.stop()
    facts = await playground.read(Counted, 100)
    assert final_totals(facts) == {f"a{a}": 104 for a in range(20)}


async def test_another_partitioner_outside_is_slower_never_wrong(playground: Playground) -> None:
    accounts = 60
    for _ in range(2):
        playground.serve("account")
    for number in range(4):
        await playground.publish(
            deposits(accounts, number * 3 + 1, number * 3 + 3), partition=lambda key: crc32(key) % PARTITIONS
        )
    facts = await playground.read(Counted, accounts * 12)
    assert_each_once_in_order(facts, accounts, 12)


def final_totals(facts: Iterable[Counted]) -> dict[str, int]:
    return {fact.account: fact.total for fact in facts}
