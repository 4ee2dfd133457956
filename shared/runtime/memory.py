"""Processes in memory and in virtual time, on the same turn as in production: to try, to explain, to test.

A room is one process; a house is several that hear each other. No broker, no database, no clock of its own.
"""

import heapq
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final, NamedTuple, Protocol

from shared.events.base import PARTITIONS, Envelope, Event
from shared.policy import Policies
from shared.runtime.lanes import partition_of
from shared.runtime.process import Decision, Effect, Moment, Process, State
from shared.runtime.store import Asked, JournalRow, LaneRow
from shared.runtime.turn import ASKED, ReferenceSeen, Turn, deadline

_EVER: Final = datetime.min.replace(tzinfo=UTC)


class Said(NamedTuple):
    """An event that a decision said, with its id and as the JSON that goes onto the log (empty in a light turn)."""

    event: Event
    id: str
    body: str


class Done(NamedTuple):
    """An effect, with the id that its outcome names as its cause; ``id`` None: a row, which has no outcome."""

    effect: Effect
    id: str | None


class Taken(NamedTuple):
    """One decision with all that followed; ``row`` is what the journal has of it."""

    before: Any
    decision: Decision[Any]
    said: list[Said]
    done: list[Done]
    row: JournalRow


class WatchedTurn(Turn):
    """Keeps the decisions themselves beside the rows that follow from them. What fails is raised, not parked."""

    def __init__(self, process: Process[Any], *, service: str, policies: Policies, now: datetime) -> None:
        self.clocks = {n: LaneRow(n, None, 1, 0, 0, {}, _EVER, 0) for n in range(PARTITIONS)}
        super().__init__(
            process, service=service, policies=policies, now=now, lanes=self.clocks, known=True, bad_keys={}
        )
        self.taken: list[Taken] = []
        self.states: dict[str, Any] = {}
        self._refused: Exception | None = None

    def know_reference(self, known: bool) -> None:
        """Whether the reference has been read to its end; without it every moment is *unknown*."""
        self._known = known

    def continue_with(self, key: str, state: State, n: int) -> None:
        """What is known of a key that has had ``n`` decisions."""
        slot = self._slot(key, partition_of(key, PARTITIONS))
        slot.n, slot.state = n, state

    def follow(self, asked: Asked, event: Event | None) -> list[Taken]:
        """One thing asked, and every decision that was taken on it: also those on what had waited for it."""
        self.ask(asked, event)
        if self._refused is not None:
            raise self._refused
        taken, self.taken = self.taken, []
        changes = self.changes
        for rows in (changes.outbox, changes.journal, changes.effects, changes.answered):
            rows.clear()
        changes.rows.clear()
        return taken

    def _failed(self, error: Exception) -> str:
        self._refused = error
        return super()._failed(error)

    def _apply(
        self, slot: Any, asked: Asked, decision: Decision[Any], moment: Moment[Any], seen: ReferenceSeen | None
    ) -> None:
        before, changes = slot.state, self.changes
        outbox, effects = len(changes.outbox), len(changes.effects)
        super()._apply(slot, asked, decision, moment, seen)
        row = changes.journal[-1]
        bodies = (record.body for record in changes.outbox[outbox:])
        said = [Said(*one) for one in zip(decision.says, row.says, bodies, strict=True)]
        ids = (str(effect.id) for effect in changes.effects[effects:])
        done = [Done(effect, next(ids) if effect.table is None else None) for effect in decision.does]
        self.states[asked.key] = decision.state
        self.taken.append(Taken(before, decision, said, done, row))


class LightTurn(WatchedTurn):
    """Leaves out what only a log or a database needs: JSON, derived ids, numbers, fingerprints. Three times as fast."""

    _ids = 0

    def _as_json(self, state: Any) -> str:
        return ""

    def _apply(
        self, slot: Any, asked: Asked, decision: Decision[Any], moment: Moment[Any], seen: ReferenceSeen | None
    ) -> None:
        before, slot.state = slot.state, decision.state
        number = slot.n + 1
        slot.n = number if before is not decision.state else slot.n
        self.decided[asked.type] = self.decided.get(asked.type, 0) + 1
        said = [Said(event, self._next_id(), "") for event in decision.says]
        done = [Done(effect, self._next_id() if effect.table is None else None) for effect in decision.does]
        row = JournalRow(asked.key, number, moment.now, asked, None, moment.known, [], None)
        self.states[asked.key] = decision.state
        self.taken.append(Taken(before, decision, said, done, row))

    def _next_id(self) -> str:
        self._ids += 1
        return f"{self.process.name}/{self._ids}"


class Room:
    """One process. Everything is decided at once, in the order given, at moments that the caller gives."""

    def __init__(
        self, process: Process[Any], *, service: str, policies: Policies, now: datetime, light: bool = False
    ) -> None:
        self.process = process
        self.turn = (LightTurn if light else WatchedTurn)(process, service=service, policies=policies, now=now)
        self.references: dict[str, ReferenceSeen] = {}
        self.turn.refer(self.references)
        self._watched: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._watching: dict[str, str] = {}

    @property
    def states(self) -> Mapping[str, Any]:
        """What the process knows, by key."""
        return self.turn.states

    def hear(self, event: Event, now: datetime, *, key: str, cause: str, said_at: datetime, body: str) -> list[Taken]:
        """One event. Gives the decision on it; none while its key has not begun; several when it begins."""
        if not body and key not in self.turn.states and type(event) not in self.process.begins:
            body = event.model_dump_json()  # it may have to be kept
        asked = Asked(key, self._lane(key, now), type(event).__name__, cause, said_at, body)
        return self._noted(self.turn.follow(asked, event))

    def learn(self, fact: Event, body: str, now: datetime) -> list[Taken]:
        """A new last fact of the reference; asks whoever watches its key."""
        seen = self.references.get(fact.key)
        self.references[fact.key] = ReferenceSeen(seen.n + 1 if seen else 1, fact, body)
        taken: list[Taken] = []
        for key in list(self._watched.get(fact.key, ())):
            cause = f"{key}/asked/{fact.key}@{self.references[fact.key].n}"
            asked = Asked(key, self._lane(key, now), ASKED, cause, now)
            taken += self._noted(self.turn.follow(asked, None))
        return taken

    def fire(self, key: str, due: datetime, now: datetime) -> list[Taken]:
        """The deadline of a key, which has passed."""
        return self._noted(self.turn.follow(deadline(self.process.name, key, self._lane(key, now), due), None))

    def _lane(self, key: str, now: datetime) -> int:
        lane = partition_of(key, PARTITIONS)
        row = self.turn.clocks[lane]
        row.moment = max(row.moment, now)
        return lane

    def _noted(self, taken: list[Taken]) -> list[Taken]:
        """Keeps the index of who watches which reference."""
        if self.process.reference is None:
            return taken
        for one in taken:
            key, watches = one.row.key, one.decision.state.watches
            was = self._watching.pop(key, None)
            if was is not None and was != watches:
                self._watched[was].pop(key, None)
            if watches is not None:
                self._watching[key] = watches
                self._watched[watches][key] = None
        return taken


class Outside(Protocol):
    """Everybody who is no service, in virtual time."""

    @property
    def next_at(self) -> datetime | None:
        """When somebody speaks next; None: nobody will unless something is heard."""
        ...

    def due(self, now: datetime) -> Iterable[tuple[Event, Envelope]]:
        """What is said by now, in its order; each of it once."""
        ...

    def hear(self, event: Event, envelope: Envelope) -> None:
        """Whatever anybody says."""
        ...

    def perform(self, effect: Effect, now: datetime) -> tuple[datetime, Event] | None:
        """What becomes of an effect, and when; None: nothing that is heard (a row)."""
        ...


class House:
    """Everybody hears everything in the order said; time jumps to whatever is due next.

    ``light``: without what only a log or a database needs. ``watch``: is shown every decision.
    """

    def __init__(
        self,
        processes: Sequence[tuple[str, Process[Any]]],
        outside: Outside,
        *,
        policies: Policies,
        now: datetime,
        light: bool = False,
        watch: Callable[[Room, Taken], None] = lambda room, taken: None,
    ) -> None:
        self.now = now
        self._watch = watch
        self.outside = outside
        self.rooms = {
            process.name: Room(process, service=service, policies=policies, now=now, light=light)
            for service, process in processes
        }
        self._light = light
        self._ears: defaultdict[type[Event], list[Callable[[Event, Envelope, str], None]]] = defaultdict(list)
        for room in self.rooms.values():
            self._listen(room)
        self._log: deque[tuple[Event, Envelope, str]] = deque()
        self._due: list[tuple[datetime, int, Room, str, Event | None, str]] = []
        self._number = count()
        self._waits: dict[tuple[str, str], datetime] = {}
        """The deadline of each key that has one, as it was put down last."""

    def live(self, until: datetime) -> None:
        """Everything that happens until a moment."""
        self._converse()
        while (moment := self._next()) is not None and moment <= until:
            self.now = max(self.now, moment)
            self._fire()
            self._converse()
        self.now = max(self.now, until)

    def pending(self) -> Iterator[tuple[Room, str, datetime]]:
        """What still waits for a moment, in no order."""
        for room in self.rooms.values():
            for key, state in room.states.items():
                if state.due is not None:
                    yield room, key, state.due

    def _listen(self, room: Room) -> None:
        process = room.process

        def hear(event: Event, envelope: Envelope, body: str) -> None:
            taken = room.hear(
                event, self.now, key=event.key, cause=envelope.id, said_at=envelope.time, body=body
            )  # fmt: skip
            self._follow(room, taken)

        def learn(event: Event, envelope: Envelope, body: str) -> None:
            self._follow(room, room.learn(event, body, self.now))

        for kind in dict.fromkeys((*process.begins, *process.hears)):
            self._ears[kind].append(hear)
        if process.reference is not None:
            self._ears[process.reference.fact].append(learn)

    def _next(self) -> datetime | None:
        moments = [self._due[0][0]] if self._due else []
        if (outside := self.outside.next_at) is not None:
            moments.append(outside)
        return min(moments, default=None)

    def _fire(self) -> None:
        """The deadlines that have passed, and the outcomes of effects, in the order of their moments."""
        while self._due and self._due[0][0] <= self.now:
            due, _, room, key, outcome, cause = heapq.heappop(self._due)
            if outcome is not None:
                body = "" if self._light else outcome.model_dump_json()
                self._follow(room, room.hear(outcome, self.now, key=key, cause=cause, said_at=due, body=body))
            elif self._waits.get((room.process.name, key)) == due:
                del self._waits[room.process.name, key]
                self._follow(room, room.fire(key, due, self.now))

    def _converse(self) -> None:
        """Until nobody has anything to say at this moment."""
        while True:
            for event, envelope in self.outside.due(self.now):
                self._log.append((event, envelope, "" if self._light else event.model_dump_json()))
            if not self._log:
                return
            while self._log:
                event, envelope, body = self._log.popleft()
                for ear in self._ears.get(type(event), ()):
                    ear(event, envelope, body)
                self.outside.hear(event, envelope)

    def _follow(self, room: Room, taken: list[Taken]) -> None:
        """What follows from decisions: events on the log, effects under way, deadlines."""
        for one in taken:
            self._watch(room, one)
            key, cause = one.row.key, one.row.asked.cause
            for said in one.said:
                kind = type(said.event).__name__
                envelope = Envelope(said.id, kind, room.process.name, one.row.at, said.event.key, cause=cause)
                self._log.append((said.event, envelope, said.body))
            for done in one.done:
                outcome = self.outside.perform(done.effect, self.now)
                if outcome is not None:
                    self._put(outcome[0], room, key, outcome[1], done.id or "")
            due: datetime | None = one.decision.state.due
            if due is not None and self._waits.get((room.process.name, key)) != due:
                self._waits[room.process.name, key] = due
                self._put(due, room, key, None, "")
            elif due is None:
                self._waits.pop((room.process.name, key), None)

    def _put(self, at: datetime, room: Room, key: str, outcome: Event | None, cause: str) -> None:
        heapq.heappush(self._due, (at, next(self._number), room, key, outcome, cause))
