"""The whole house in memory and in virtual time: the five services' processes and the outside world, no broker."""

import heapq
from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from ops import catalogue
from ops.demo.outside.submissions import Submission, sellers
from ops.demo.outside.world import World
from services.seller_notifier.letter import Letter, LetterOutcome
from shared.events.base import Envelope, Event, derived_id
from shared.runtime.codec import DecodeError, decode
from tests.interpreter import Interpreter

E = TypeVar("E", bound=Event)
MAIL = timedelta(minutes=1)
"""How long a letter is on its way."""


class House:
    """Everybody hears everything in the order said; time jumps to whatever is due next."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.now = now
        self.world = World(seed)
        self.history: list[Event] = []
        self.refused_keys: list[str] = []
        processes = [process for service in catalogue.all_services() for process in service.processes]
        self._rooms = [Interpreter(process, now=now) for process in processes]
        self._log = deque[tuple[Event, Envelope]]()
        self._due: list[tuple[datetime, int, Interpreter[Any], str | Letter]] = []
        self._number = count()
        self._busy: set[UUID] = set()

    def receive(self, submissions: list[Submission], pace: timedelta = timedelta(minutes=1)) -> None:
        """The directory first; then the submissions one after another, while everything goes on."""
        self.world.open(sellers(submissions), self.now)
        for number, submission in enumerate(submissions, start=1):
            self.live(self.now + pace)
            self.world.submit(submission, number, self.now)

    def live(self, until: datetime) -> None:
        """Everything that happens until a moment."""
        self._converse()
        while (moment := self._next()) is not None and moment <= until:
            self.now = max(self.now, moment)
            for room in self._rooms:
                room.now = self.now
            self._fire()
            self._converse()
        self.now = max(self.now, until)
        for room in self._rooms:
            room.now = self.now

    def said(self, kind: type[E]) -> list[E]:
        return [event for event in self.history if isinstance(event, kind)]

    def lengths(self) -> dict[UUID, int]:
        """How many events there were about each claim."""
        found: defaultdict[UUID, int] = defaultdict(int)
        for event in self.history:
            claim_id = getattr(event, "claim_id", None)
            if claim_id is not None:
                found[claim_id] += 1
        return found

    def _next(self) -> datetime | None:
        moments = [self._due[0][0]] if self._due else []
        if self.world.next_at is not None:
            moments.append(self.world.next_at)
        return min(moments, default=None)

    def _fire(self) -> None:
        while self._due and self._due[0][0] <= self.now:
            due, _, room, what = heapq.heappop(self._due)
            if isinstance(what, Letter):
                self._deliver(room, what)
            elif room.states[what].due == due:
                before = self._mark(room)
                room._asked(what, due)  # pyright: ignore[reportPrivateUsage]
                self._took(room, [what], f"{what}/{due}", before)

    def _converse(self) -> None:
        """Until nobody has anything to say at this moment."""
        while True:
            for speech in self.world.due(self.now):
                key, value, headers = speech.record()
                try:
                    self._log.append(decode(speech.topic, key, value, headers))
                except DecodeError:
                    self.refused_keys.append(speech.key)
            if not self._log:
                return
            while self._log:
                event, envelope = self._log.popleft()
                self.history.append(event)
                for room in self._rooms:
                    self._hear(room, event, envelope)
                self.world.hear(event, envelope)

    def _hear(self, room: Interpreter[Any], event: Event, envelope: Envelope) -> None:
        process, before = room.process, self._mark(room)
        if process.reference is not None and isinstance(event, process.reference.fact):
            watching = [key for key, state in room.states.items() if state.watches == event.key]
            room.learn(event)
            self._took(room, watching, envelope.id, before)
        elif type(event) in process.begins or type(event) in process.hears:
            room.hear(event, said_at=envelope.time)
            self._took(room, [event.key], envelope.id, before)

    def _deliver(self, room: Interpreter[Any], letter: Letter) -> None:
        """A mail system: ``refused…`` says no for good, ``busy…`` once for now."""
        if letter.to.startswith("busy") and letter.letter_id not in self._busy:
            self._busy.add(letter.letter_id)
            self._put(self.now + MAIL, room, letter)
            return
        refused = letter.to.startswith("refused")
        outcome = letter.sent(LetterOutcome.REFUSED if refused else LetterOutcome.HANDED_OVER)
        before, key = self._mark(room), str(letter.claim_id)
        room.hear(outcome, key=key)
        self._took(room, [key], str(letter.letter_id), before)

    def _mark(self, room: Interpreter[Any]) -> tuple[int, int]:
        return len(room.said), len(room.done)

    def _took(self, room: Interpreter[Any], keys: Iterable[str], cause: str, before: tuple[int, int]) -> None:
        """What followed from a decision: events on the log, letters on their way, deadlines."""
        for number, event in enumerate(room.said[before[0] :]):
            event_id = derived_id(room.process.name, cause, event.type_name(), number)
            envelope = Envelope(str(event_id), event.type_name(), room.process.name, self.now, event.key)
            self._log.append((event, envelope))
        for effect in room.done[before[1] :]:
            if isinstance(effect, Letter):
                self._put(self.now + MAIL, room, effect)
        for key in keys:
            due = room.states[key].due if key in room.states else None
            if due is not None:
                self._put(due, room, key)

    def _put(self, at: datetime, room: Interpreter[Any], what: str | Letter) -> None:
        heapq.heappush(self._due, (at, next(self._number), room, what))
