"""The seam to the database: what the worker asks of PostgreSQL, and the plain values that cross it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from shared.runtime.log import Outgoing, Place, Record

_LONGEST, _MOST_HEADERS = 1024, 100
"""Bytes of a key or header, and headers, that a dead letter keeps."""


class PassingError(Exception):
    """Trouble that goes away by itself (connection, time-out, lock, resources): try again later."""


class LockedError(PassingError):
    """Somebody else has had a lock for longer than we wait."""


class DataError(Exception):
    """The database refuses what was to be written, and would again: some key's data is at fault."""


class ContradictionError(DataError):
    """What was already done under this id is asked for with other content."""


class Heard(NamedTuple):
    """The last record accepted of one producer's lane. ``content``: None if accepted before that was kept."""

    epoch: int
    sequence: int
    content: int | None = None


@dataclass(slots=True)
class InputRow:
    """Where reading of one place stands. ``heard``: producer's lane → what was accepted last."""

    place: Place
    began_at: int
    next: int
    last_print: int | None
    heard: dict[str, Heard]


@dataclass(slots=True)
class LaneRow:
    """Counters of one lane. ``streams``: "topic:partition" → sequence said last.

    ``told``: events said and forgotten, not said again yet. ``gathering``: everything asked is kept, until all that was
    heard when they were said is there to be put into its order.
    """

    n: int
    owner: UUID | None
    epoch: int
    position: int
    published: int
    streams: dict[str, int]
    moment: datetime
    held: int
    told: int = 0
    gathering: bool = False


class StateRow(NamedTuple):
    key: str
    lane: int
    n: int
    body: str
    due: datetime | None
    watches: str | None
    late_at: datetime | None = None
    """Written with the state, and only counted: never read back."""


REPLAY = "replay"
"""Type of the request to decide a parked key's facts again."""


class Asked(NamedTuple):
    """One thing to decide for one key: a fact heard, a deadline passed ('deadline'), or a question ('asked').

    ``cause`` is what the ids of all that follows derive from: the same cause gives the same ids.
    """

    key: str
    lane: int
    type: str
    cause: str
    said_at: datetime
    body: str | None = None
    traceparent: str | None = None
    held_id: int | None = None
    request_id: int | None = None
    record: Record | None = None
    """Where it was read, while it is new; None for what comes out of the database."""


@dataclass(frozen=True, slots=True)
class HeldRow:
    asked: Asked
    error: str | None
    since: datetime


class JournalRow(NamedTuple):
    """One decision. ``n`` counts the changes of the key's state; one that changed nothing has the number of the next.

    Rows of a key are in order by ``at`` and ``n``, and with both equal those that changed nothing come first.
    """

    key: str
    n: int
    at: datetime
    asked: Asked
    reference: str | None
    known: bool
    says: list[str]
    result: str | None = None
    """What followed, as fingerprints (see ``turn.result_of``): taken again, the decision must give the same."""


class ToldRow(NamedTuple):
    """One event that was published, and that the database does not know.

    ``said``: fingerprint of type and body. ``stream``: "topic:partition". ``reference``: "key@n", the fact of the
    reference that its decision saw. ``number``: of the decision, see ``JournalRow``.
    ``done``: it has been said again, and tells only how far its stream had come.
    """

    lane: int
    cause: str
    id: str
    moment: datetime
    type: str
    said: str
    stream: str
    reference: str | None = None
    number: int | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class EffectRow:
    id: UUID
    lane: int
    key: str
    kind: str
    body: str
    at: datetime
    attempts: int = 0

    def tried(self) -> "EffectRow":
        """Once more."""
        return replace(self, attempts=self.attempts + 1)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """``whole``: all of the record is kept; else the rest of it is in the log alone. ``size``: bytes of its value."""

    record: Record
    problems: tuple[tuple[str, str], ...]
    at: datetime
    whole: bool = True
    size: int = 0

    def within(self, room: int) -> "DeadLetter":
        """With no more bytes of its value than there is room for."""
        record = self.record
        size = len(record.value or b"")
        headers = [(name[:100], value[:_LONGEST]) for name, value in record.headers[:_MOST_HEADERS]]
        key, value = record.key and record.key[:_LONGEST], record.value and record.value[:room]
        kept = record._replace(headers=headers, key=key, value=value if room else None)
        return DeadLetter(kept, self.problems, self.at, whole=kept == record, size=size)


@dataclass(frozen=True, slots=True)
class Kept:
    """What waits for a person or for a beginning, in some lanes, and since when."""

    parked_keys: int = 0
    parked_since: datetime | None = None
    early_facts: int = 0
    early_since: datetime | None = None
    dead_letters: int = 0


@dataclass(slots=True)
class Changes:
    """Everything one transaction writes, set by set."""

    inputs: list[InputRow] = field(default_factory=list[InputRow])
    lanes: list[LaneRow] = field(default_factory=list[LaneRow])
    states: list[StateRow] = field(default_factory=list[StateRow])
    outbox: list[Outgoing] = field(default_factory=list[Outgoing])
    journal: list[JournalRow] = field(default_factory=list[JournalRow])
    held: list[HeldRow] = field(default_factory=list[HeldRow])
    released: list[int] = field(default_factory=list[int])
    """Ids of held rows that have been heard."""
    errors: dict[int, str | None] = field(default_factory=dict[int, str | None])
    """Ids of held rows that were tried again, with why they failed."""
    answered: list[int] = field(default_factory=list[int])
    """Ids of requests that have been carried out."""
    dead: list[DeadLetter] = field(default_factory=list[DeadLetter])
    effects: list[EffectRow] = field(default_factory=list[EffectRow])
    rows: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Table of the service → rows as JSON."""
    retold: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Lane and cause of what was forgotten and has been said again."""
    changed: list[str] = field(default_factory=list[str])
    """Keys whose state changed, for a process that is a reference of another."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one replica of one process has read."""

    process: str
    topics: Mapping[str, tuple[list[int], datetime]]

    def places(self) -> Iterator[tuple[Place, datetime]]:
        for topic, (partitions, at) in self.topics.items():
            for partition in partitions:
                yield Place(topic, partition), at


@dataclass(frozen=True, slots=True)
class Waiting:
    """Lanes with requests; lanes with deadlines that have passed; lane → (published, position) where they differ;
    lanes that gather what they heard before their database was restored; whether a deadline has passed in any lane,
    whoever looks after it: it may wait for what this replica has read; when the next deadline of these lanes will pass.
    """

    requests: frozenset[int]
    due: frozenset[int]
    behind: Mapping[int, tuple[int, int]]
    held: int
    gathering: frozenset[int] = frozenset()
    told: int = 0
    deadlines: bool = False
    next_due: datetime | None = None


class Transaction(Protocol):
    """One transaction over some lanes of one process. Leaving it normally commits."""

    async def take(self, places: Collection[Place], lanes: Collection[int]) -> tuple[list[InputRow], list[LaneRow]]:
        """Locks the rows, in order, and reads them. Places never read before are missing."""
        ...

    async def load(self, keys: Collection[str]) -> list[StateRow]: ...

    async def reference(self, process: str, keys: Collection[str]) -> list[StateRow]:
        """What is on record of the reference. It does not change until this transaction is over: else a state that
        begins to watch it now would not be asked about the change."""
        ...

    async def reference_then(self, process: str, seen: Collection[tuple[str, int]]) -> list[StateRow]:
        """What the reference was, by key and number of the fact; lane, due and watches say nothing."""
        ...

    async def held(self, keys: Collection[str]) -> list[HeldRow]: ...

    async def due(self, until: Mapping[int, datetime], limit: int) -> list[StateRow]:
        """States whose deadline has passed, per lane until the moment given. Keys that are parked wait, and so do those
        of which something is asked: an outcome that is there already comes first."""
        ...

    async def requests(self, lanes: Collection[int], limit: int) -> list[Asked]:
        """In their order. A replay waits as long as its lane gathers."""
        ...

    async def told(self, lanes: Collection[int]) -> list[ToldRow]:
        """What these lanes had said and forgot; of what has been said again, the last of each stream."""
        ...

    async def gathered(self, lane: int) -> list[tuple[str, int, int]]:
        """The keys of a lane of which something is held, each with the id of the latest and how much it is, in the
        order of the first."""
        ...

    async def decided_last(self, keys: Collection[str]) -> list[tuple[str, datetime]]:
        """Each of these keys that has been decided on, with the moment of the latest decision."""
        ...

    async def awaited(self, keys: Collection[str]) -> list[tuple[str, str]]:
        """Key and cause of what will be asked of these keys: outcomes of what is to be done outside, and requests."""
        ...

    async def write(self, changes: Changes, at: datetime, dependent: str | None) -> None:
        """Writes all. ``dependent``: the process whose states watch the keys in ``changes.changed``."""
        ...


class Store(Protocol):
    """What the worker asks of the database, bound to one process."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]: ...

    async def begin_inputs(self, begins: Mapping[Place, int]) -> list[InputRow]:
        """Makes the rows that are missing, and reads all of these places."""
        ...

    async def tell_progress(self, topics: Mapping[str, tuple[list[int], datetime]]) -> None:
        """Writes down how far this replica has read: topic → partitions and the moment."""
        ...

    async def progress(self, processes: Collection[str]) -> list[Progress]: ...

    async def waiting(self, lanes: Collection[int], now: datetime, deadlines_of: str) -> Waiting:
        """What there is to do without input; and whether any deadline of the process ``deadlines_of`` has passed."""
        ...

    async def overdue(self, lanes: Collection[int], now: datetime) -> int:
        """How many states of these lanes are late in the eyes of people."""
        ...

    async def kept(self, lanes: Collection[int]) -> Kept:
        """Parked keys, early facts and dead letters of these lanes."""
        ...

    async def unpublished(self, lanes: Collection[int], limit: int) -> list[Outgoing]:
        """Outbox rows above ``published``, in order of lane and position."""
        ...

    async def published(self, positions: Mapping[int, int]) -> None: ...

    async def cluster(self, found: str) -> str:
        """The id of the cluster that is heard and spoken on. While the service has heard and said nothing, it
        is the one found."""
        ...

    async def lanes(self) -> list[LaneRow]:
        """All lanes of the process, not locked."""
        ...

    async def awaits(self) -> bool:
        """Whether something that was heard of a restored lane waits for an outcome that is still to come."""
        ...

    async def recall(self, lanes: Sequence[LaneRow], outbox: Sequence[Outgoing], told: Sequence[ToldRow]) -> None:
        """Writes what a restored database had forgotten to have said, in one transaction."""
        ...

    async def effects_waiting(self, lanes: Collection[int], now: datetime, limit: int) -> list[EffectRow]: ...

    async def effects_done(
        self, done: Sequence[tuple[EffectRow, str, str]], later: Sequence[tuple[EffectRow, datetime]], now: datetime
    ) -> None:
        """``done``: effect, type and body of its outcome, which becomes a request. ``later``: when to try again, with
        the attempts that are to be on record."""
        ...
