"""Which partition and lane a key belongs to: Kafka's default partitioner, the library's own code for it."""

from functools import lru_cache

from aiokafka.partitioner import murmur2  # pyright: ignore[reportUnknownVariableType]

_LONGEST = 80
"""Characters of a key that is remembered; the longest that are common, the links of papers, have 70. Keys come here
before anything is known of them, and those of a kilobyte that anybody may send would fill the memory."""


def partition_of(key: str, partitions: int) -> int:
    """The partition (of a topic) or lane (of a process) of a key, out of so many."""
    usual = len(key) <= _LONGEST and key.isascii()  # others take up to four bytes a character
    return _remembered(key, partitions) if usual else _computed(key, partitions)


def _computed(key: str, partitions: int) -> int:
    return (int(murmur2(key.encode())) & 0x7FFFFFFF) % partitions


_remembered = lru_cache(maxsize=20_000)(_computed)
"""Four megabytes at most. A claim's key comes some ten times within its first seconds, and hardly ever again."""
