"""The seam to the log: what the worker asks of Kafka, and the plain values that cross it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple, Protocol
from zlib import crc32

from shared.runtime.codec import Headers


class Place(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int

    @property
    def stream(self) -> str:
        """As the counters of a lane name it."""
        return f"{self.topic}:{self.partition}"


class Record(NamedTuple):
    """One record as it was read."""

    place: Place
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    def fingerprint(self) -> int:
        """Tells this record from another one at the same offset of another log."""
        return crc32(self.value or b"", crc32(self.key or b"", self.timestamp & 0xFFFFFFFF))

    def content(self) -> int:
        """Tells what it says from anything else under the same number, whenever that was published."""
        said_id = next((value for name, value in self.headers if name == "ce_id"), b"")  # the first one of ours
        return crc32(self.value or b"", crc32(said_id))


class Outgoing(NamedTuple):
    """One record to publish: ``position`` counts all of its lane."""

    lane: int
    position: int
    place: Place
    key: str
    headers: Headers
    body: str


CURE: Final = (
    "Point MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS at the right cluster, or restore the topic and the database to the same "
    "moment."
)
"""Of another log."""


class RefusalError(Exception):
    """Going on would be wrong: the replica must end. The text says why, and the cure."""


class LogChangedError(RefusalError):
    """The log is not the one that was read before."""


def another(who: str, found: str, known: str) -> LogChangedError:
    """The refusal of another cluster, with its cure."""
    return LogChangedError(f"{who}: the Kafka cluster {found} answers in place of {known}. {CURE}")


class OlderDatabaseError(RefusalError):
    """The database does not know what its service has heard or published: it was restored from an older backup."""


class Log(Protocol):
    """What the worker asks of the log. Calls raise on any trouble; the worker backs off and asks again."""

    async def check(self) -> str | None:
        """The id of the cluster, None: nobody has answered yet. Raises LogChangedError when another one answers than
        before. Asks nobody without a reason."""
        ...

    def assigned(self) -> frozenset[Place]: ...

    def seek(self, place: Place, offset: int) -> None: ...

    def rest(self, *, quiet: bool) -> None:
        """While it is quiet, fewer fetches will do. Whatever is said still comes at once, but not in places that a
        rebalance brings while a fetch is under way. Until the worker has sought these, nothing it says here counts."""
        ...

    async def ends(self, places: Collection[Place]) -> Mapping[Place, int]:
        """The offset the next record of each place will get."""
        ...

    async def begins(self, places: Collection[Place]) -> Mapping[Place, int]:
        """The first offset still there."""
        ...

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Returns when every record is acknowledged by all in-sync replicas; per place in the order given. Raises
        LogChangedError when it is seen that another log has acknowledged them."""
        ...

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """Tells lag monitors, and services that wait for this one, how far it is. Never decides what is read."""
        ...

    async def committed(self, group: str, topics: Collection[str]) -> Mapping[Place, int]:
        """What another group has committed for these topics; places it never committed are missing."""
        ...


class Archive(Protocol):
    """Reading a log from outside of any group, as often as one likes."""

    async def cluster(self) -> str:
        """The id of the cluster that answers."""
        ...

    async def begins(self, places: Collection[Place]) -> Mapping[Place, int]: ...

    async def ends(self, places: Collection[Place]) -> Mapping[Place, int]: ...

    def read(self, ranges: Mapping[Place, tuple[int, int]]) -> AsyncIterator[Sequence[Record]]:
        """The records of each place from the first offset up to, and without, the second; in order within a place."""
        ...


Hear = Callable[[Sequence[Record]], Awaitable[None]]
Assigned = Callable[[Collection[Place]], Awaitable[None]]
