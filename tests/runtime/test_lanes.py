"""A key's partition is where Kafka's own clients put it, and to know it costs no memory that others decide on."""

import tracemalloc
from uuid import UUID

import pytest
from aiokafka.partitioner import DefaultPartitioner

from shared.events.base import PARTITIONS
from shared.runtime.lanes import partition_of


@pytest.mark.parametrize("key", ["a", "k" * 80, "k" * 81, "k" * 1024, "ключ"])
def test_a_key_is_where_the_default_partitioner_puts_it(key: str) -> None:
    numbers = list(range(PARTITIONS))
    assert partition_of(key, PARTITIONS) == DefaultPartitioner()(key.encode(), numbers, numbers)


@pytest.mark.parametrize("end", ["k" * 1000, "😀" * 70], ids=["long", "wide"])
def test_keys_that_would_take_much_memory_are_not_remembered(end: str) -> None:
    tracemalloc.start()
    try:
        for n in range(300):
            partition_of(f"{n}{end}", PARTITIONS)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 50_000


def test_keys_that_are_remembered_take_a_few_megabytes_however_many_come() -> None:
    tracemalloc.start()
    try:
        for n in range(25_000):
            partition_of(str(UUID(int=n)), PARTITIONS)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 6_000_000
