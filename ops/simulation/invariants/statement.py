"""How a statement is made: it is shown what is said and what is written, and says what is wrong."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Final
from uuid import UUID
from zlib import crc32

from ops import catalogue
from ops.demo.observer import Streams
from ops.simulation.clock import TrueClock
from ops.simulation.log import Cluster
from ops.simulation.tables import Schema, Tables
from shared.policy import Policies
from shared.runtime.log import Place, Record
from shared.runtime.process import Process
from shared.runtime.store import Changes

NUMBERED: Final = frozenset(topic.name for topic in catalogue.all_topics() if topic.numbered)


class Violation(Exception):  # noqa: N818 - it is what was looked for
    """What must not be: which statement, and what breaks it."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant, self.what = invariant, what


class Fact:
    """One record on the log, as a listener counts it: each number of a stream once."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self._headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
        self.type, self.id = self._headers.get("ce_type", ""), self._headers.get("ce_id", "")

    @cached_property
    def body(self) -> Mapping[str, Any]:
        return json.loads(self.record.value or b"{}")

    @property
    def said_at(self) -> datetime:
        return datetime.fromisoformat(self._headers["ce_time"])


def cause_of(fact: Fact) -> str:
    """As the runtime names what it heard of an outside party."""
    value, key = fact.record.value or b"", (fact.record.key or b"").decode()
    return f"{fact.record.place.topic}/{key}/{fact.id}/{crc32(value):08x}"


@dataclass(frozen=True, slots=True)
class Commit:
    """One transaction that has just been committed."""

    service: str
    process: str
    changes: Changes


@dataclass(frozen=True, slots=True)
class Seen:
    """What a statement may look at beside what it is shown: the house from outside."""

    clock: TrueClock
    cluster: Cluster
    schemas: Callable[[], Mapping[str, Schema]]
    policies: Policies
    processes: Mapping[str, Process[Any]]
    service_of: Mapping[str, str]
    letters: Sequence[UUID]
    sent_again: Sequence[UUID]
    """Letters of which it was on record that they were out, when somebody looked up what to send."""
    faulty: Callable[[], bool]
    """Whether anything has gone wrong, or was meant to."""
    refused: Sequence[tuple[str, Exception]]
    spoilt: frozenset[str]
    """Submissions that were damaged on purpose."""
    upgraded: Collection[str]
    """Services that ran in two versions."""
    waved: Collection[tuple[str, str]]
    """Process and key of what was decided otherwise than it had been published, and replayed as published."""
    reading: Callable[[], Iterable[tuple[str, Place]]]
    """Which process reads what at the moment, on any replica."""

    def concerned(self, process: str, place: Place) -> bool:
        """Whether a process has read of a place what replicas do not find there now."""
        row = self.schemas()[self.service_of[process]].tables[process].inputs.get(place)
        if place.topic not in self.cluster.replaced or row is None or row.last_print is None:
            return False
        found = self.cluster.found[place]
        return row.next > len(found) or found[row.next - 1].fingerprint() != row.last_print


class Invariant:
    """A statement. ``hears``: the types of events it wants to be told of."""

    hears: ClassVar[tuple[str, ...]] = ()

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    @classmethod
    def name(cls) -> str:
        """The first line of its docstring is the statement."""
        return (cls.__doc__ or "").strip().partition("\n")[0].rstrip(".")

    def tables_of(self, process: str) -> Tables:
        """The rows of one process."""
        return self.seen.schemas()[self.seen.service_of[process]].tables[process]

    def processes_of(self, service: str) -> list[str]:
        return [process for process, of in self.seen.service_of.items() if of == service]

    def wrong(self, what: str) -> Violation:
        return Violation(self.name(), what)

    def appended(self, fact: Fact) -> None:
        """Any record, also one that a listener would not count."""

    def said(self, fact: Fact) -> None:
        """A record of a type it hears, as a listener counts it."""

    def committed(self, commit: Commit) -> None:
        """Anything was written."""

    def restored(self, service: str) -> None:
        """A service's rows are those of an earlier moment."""

    def put_back(self) -> None:
        """An operator puts the log back in whose place replicas found another one."""

    def ended(self) -> None:
        """All is over: everything healed, and nobody has anything left to do."""


class Watch:
    """Shows everything to all statements. The first one that is broken is kept."""

    def __init__(self, statements: Iterable[type[Invariant]], seen: Seen) -> None:
        self.violation: Violation | None = None
        self._all = [statement(seen) for statement in statements]
        self._streams = Streams()
        self._ears: defaultdict[str, list[Invariant]] = defaultdict(list)
        for statement in self._all:
            for kind in statement.hears:
                self._ears[kind].append(statement)
        self._readers = [each for each in self._all if type(each).appended is not Invariant.appended]
        self._writers = [each for each in self._all if type(each).committed is not Invariant.committed]

    def appended(self, record: Record) -> None:
        fact = Fact(record)
        for statement in self._readers:
            self._ask(statement.appended, fact)
        topic, partition = record.place
        if topic in NUMBERED and not self._streams.accepts(topic, partition, record.headers):
            return
        for statement in self._ears.get(fact.type, ()):
            self._ask(statement.said, fact)

    def committed(self, service: str, process: str, changes: Changes) -> None:
        commit = Commit(service, process, changes)
        for statement in self._writers:
            self._ask(statement.committed, commit)

    def restored(self, service: str) -> None:
        for statement in self._all:
            statement.restored(service)

    def put_back(self) -> None:
        for statement in self._all:
            self._ask(lambda _, statement=statement: statement.put_back(), None)

    def ended(self) -> None:
        for statement in self._all:
            self._ask(lambda _, statement=statement: statement.ended(), None)

    def _ask(self, question: Callable[[Any], None], what: object) -> None:
        try:
            question(what)
        except Violation as violation:
            self.violation = self.violation or violation
        except Exception as error:
            # Inside a commit it would be taken for the worker's own trouble, and hidden.
            self.violation = self.violation or Violation("Every statement can be asked", repr(error))
