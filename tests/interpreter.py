"""Drives one process in memory on the runtime's own turn, in virtual time: for property tests. No I/O."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Generic, TypeVar

from shared.events.base import Event
from shared.policy import Policies, load
from shared.runtime import Effect, Process, State
from shared.runtime.memory import Room, Taken
from tests.deciding import START

S = TypeVar("S", bound=State)


class Interpreter(Generic[S]):
    """Holds what a process knows per key, lets it hear events and lets time pass; keeps what it said and did.

    Nothing fires by itself: ``hear`` never looks at deadlines, ``wait_until`` does, so a test decides whether an
    event is heard before or after a timer. What fails is raised. States, and what is said and done, must come back
    from JSON as they were, as they do from the real store and log.
    """

    def __init__(self, process: Process[S], *, policies: Policies | None = None, now: datetime = START) -> None:
        self.process = process
        self.policies = policies or load()
        self.now = now
        self.known = True
        """Whether the reference has been read to its end; False makes every moment *unknown*."""
        self.said: list[Event] = []
        self.done: list[Effect] = []
        self._room = Room(process, service=process.name, policies=self.policies, now=now)
        self._number = count()

    @property
    def states(self) -> Mapping[str, S]:
        return self._room.states

    def hear(self, event: Event, *, key: str | None = None, said_at: datetime | None = None) -> tuple[Event, ...]:
        """One event, now; answers with what was said to it. ``key``: for events inside the service (no topic)."""
        self._room.turn.know_reference(self.known)
        return self._keep(
            self._room.hear(
                event,
                self.now,
                key=key or event.key,
                cause=f"test/{next(self._number)}",
                said_at=said_at or self.now,
                body=event.model_dump_json(),
            )
        )

    def learn(self, fact: Event) -> tuple[Event, ...]:
        """A new last fact of the reference; asks whoever watches its key."""
        self._room.turn.know_reference(self.known)
        return self._keep(self._room.learn(fact, fact.model_dump_json(), self.now))

    def wait_until(self, moment: datetime) -> tuple[Event, ...]:
        """Lets time pass, firing every deadline due until then, the earliest first."""
        self._room.turn.know_reference(self.known)
        before = len(self.said)
        while (first := self.next_due()) is not None and first[0] <= moment:
            due, key = first
            self.now = max(self.now, due)
            taken = self._room.fire(key, due, self.now)
            assert taken, f"{self.process.name} waits for something but has no decision for it"
            self._keep(taken)
        self.now = max(self.now, moment)
        return tuple(self.said[before:])

    def wait(self, span: timedelta) -> tuple[Event, ...]:
        return self.wait_until(self.now + span)

    def oversleep(self, span: timedelta) -> tuple[Event, ...]:
        """As after an outage: what was due meanwhile is asked only at its end, several deadlines of one key at once."""
        self._room.turn.know_reference(self.known)
        before = len(self.said)
        self.now += span
        while (first := self.next_due()) is not None and first[0] <= self.now:
            due, key = first
            self._keep(self._room.fire(key, due, self.now))
        return tuple(self.said[before:])

    def next_due(self) -> tuple[datetime, str] | None:
        """The earliest deadline on record and its key; None: nobody waits."""
        return min(((due, key) for key, state in self.states.items() if (due := state.due) is not None), default=None)

    def size(self, key: str) -> int:
        """Bytes of a state as JSON."""
        return len(self.states[key].model_dump_json().encode())

    def _keep(self, taken: list[Taken]) -> tuple[Event, ...]:
        before = len(self.said)
        for one in taken:
            _through_json(one.decision.state, self.process.state.model_validate_json)
            self.said.extend(_through_json(said.event, type(said.event).model_validate_json) for said in one.said)
            self.done.extend(_through_json(done.effect, type(done.effect).model_validate_json) for done in one.done)
        return tuple(self.said[before:])


F = TypeVar("F", bound=State | Event | Effect)


def _through_json(fact: F, parse: Callable[[str], F]) -> F:
    """What comes back from storage, which must be what went in."""
    back = parse(fact.model_dump_json())
    assert back == fact, f"{fact!r} comes back from JSON as {back!r}"
    return back
