"""Which partition and lane a key belongs to: Kafka's default partitioner, the library's own code for it."""

from functools import lru_cache

from aiokafka.partitioner import murmur2  # pyright: ignore[reportUnknownVariableType]


@lru_cache(maxsize=200_000)
def partition_of(key: str, partitions: int) -> int:
    """The partition (of a topic) or lane (of a process) of a key, out of so many."""
    return (int(murmur2(key.encode())) & 0x7FFFFFFF) % partitions
