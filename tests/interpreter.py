"""Drives one process in memory as the runtime does, in virtual time: for property tests. Small, pure, no I/O."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from shared.events.base import Event
from shared.policy import Policies, load
from shared.runtime import Decision, Effect, Moment, Process, State
from tests.deciding import START

S = TypeVar("S", bound=State)


class Interpreter(Generic[S]):
    """Holds what a process knows per key, lets it hear events and lets time pass; keeps what it said and did.

    Nothing fires by itself: ``hear`` never looks at deadlines, ``wait_until`` does, so a test decides whether an
    event is heard before or after a timer. States and what is said go through JSON as in the real store and log.
    """

    def __init__(self, process: Process[S], *, policies: Policies | None = None, now: datetime = START) -> None:
        self.process = process
        self.policies = policies or load()
        self.now = now
        self.known = True
        """Whether the reference has been read to its end; False makes every moment *unknown*."""
        self.references: dict[str, Event] = {}
        self.states: dict[str, S] = {}
        self.said: list[Event] = []
        self.done: list[Effect] = []
        self._kept: dict[str, list[tuple[Event, datetime]]] = defaultdict(list)

    def hear(self, event: Event, *, key: str | None = None, said_at: datetime | None = None) -> tuple[Event, ...]:
        """One event, now; answers with what was said to it. ``key``: for events inside the service (no topic)."""
        key, said_at, before = key or event.key, said_at or self.now, len(self.said)
        if key not in self.states:
            begins = self.process.begins.get(type(event))
            if begins is None:
                if type(event) in self.process.hears and self.process.keeps_early(event):
                    self._kept[key].append((event, said_at))
                return ()
            self._record(key, begins(event, self._moment(said_at, event)))
            for kept, kept_said_at in self._kept.pop(key, []):
                self._heard(key, kept, kept_said_at)
        else:
            self._heard(key, event, said_at)
        return tuple(self.said[before:])

    def learn(self, fact: Event) -> tuple[Event, ...]:
        """A new last fact of the reference; asks whoever watches its key."""
        before = len(self.said)
        self.references[fact.key] = fact
        for key in [key for key, state in self.states.items() if state.watches == fact.key]:
            self._asked(key, self.now)
        return tuple(self.said[before:])

    def wait_until(self, moment: datetime) -> tuple[Event, ...]:
        """Lets time pass, firing every deadline due until then, the earliest first."""
        before = len(self.said)
        while (first := self.next_due()) is not None and first[0] <= moment:
            due, key = first
            self.now = max(self.now, due)
            self._asked(key, due)
            after = self.states[key].due
            assert after is None or after > self.now, f"{key} still waits for {after}, but it is {self.now}"
        self.now = max(self.now, moment)
        return tuple(self.said[before:])

    def wait(self, span: timedelta) -> tuple[Event, ...]:
        return self.wait_until(self.now + span)

    def next_due(self) -> tuple[datetime, str] | None:
        """The earliest deadline on record and its key; None: nobody waits."""
        return min(((due, key) for key, state in self.states.items() if (due := state.due) is not None), default=None)

    def size(self, key: str) -> int:
        """Bytes of a state as JSON."""
        return len(self.states[key].model_dump_json().encode())

    def _heard(self, key: str, event: Event, said_at: datetime) -> None:
        hears = self.process.hears.get(type(event))
        if hears is not None:
            state = self.states[key]
            self._record(key, hears(state, event, self._moment(said_at, event, state)))

    def _asked(self, key: str, due: datetime) -> None:
        assert self.process.waits is not None, f"{self.process.name} waits for something but has no decision for it"
        state = self.states[key]
        self._record(key, self.process.waits(state, self._moment(due, state)))

    def _moment(self, said_at: datetime, *holders: State | Event) -> Moment[Any]:
        """Now, with the reference that the first holder with its key names."""
        reference = None
        if self.process.reference is not None:
            name = self.process.reference.key
            values = (getattr(holder, name, None) for holder in holders)
            reference = self.references.get(next((str(value) for value in values if value), ""))
        return Moment(self.now, said_at, self.policies, self.known, reference if self.known else None)

    def _record(self, key: str, decision: Decision[S]) -> None:
        self.states[key] = _through_json(decision.state, self.process.state.model_validate_json)
        self.said.extend(_through_json(event, type(event).model_validate_json) for event in decision.says)
        self.done.extend(_through_json(effect, type(effect).model_validate_json) for effect in decision.does)


F = TypeVar("F", bound=State | Event | Effect)


def _through_json(fact: F, parse: Callable[[str], F]) -> F:
    """What comes back from storage, which must be what went in."""
    back = parse(fact.model_dump_json())
    assert back == fact, f"{fact!r} comes back from JSON as {back!r}"
    return back
