"""The whole house in memory and in virtual time: the five services' processes and the outside world, no broker."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from ops import catalogue
from ops.demo.directed import written
from ops.demo.outside.world import World
from ops.demo.routes import Told
from ops.demo.standing import Money
from ops.submissions import Submission, sellers
from ops.wire import Speech
from services.recovery.state import Recovery
from services.seller_notifier.letter import Letter, LetterOutcome
from shared.events.base import Envelope, Event, derived_id
from shared.policy import load
from shared.runtime import Effect
from shared.runtime.codec import DecodeError, decode
from shared.runtime.memory import House
from shared.runtime.process import Undecodable

E = TypeVar("E", bound=Event)
MAIL = timedelta(minutes=1)
"""How long a letter is on its way."""


class DemoOutside:
    """The demo's world, and a mail system, as the services in memory meet them. Keeps all that anybody says."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed, written=written(seed))
        self.history: list[Told] = []
        self.refused_keys: list[str] = []

    @property
    def next_at(self) -> datetime | None:
        return self.world.next_at

    def due(self, now: datetime) -> Iterator[tuple[Event, Envelope]]:
        for speech in self.world.due(now):
            key, value, headers = speech.record()
            try:
                yield decode(speech.topic, key, value, headers)
            except DecodeError as error:
                yield from self._refused(speech, error, now)

    def hear(self, event: Event, envelope: Envelope) -> None:
        self.history.append(Told(event, envelope.time))
        self.world.hear(event, envelope)

    def perform(self, effect: Effect, now: datetime) -> tuple[datetime, Event] | None:
        """``refused…`` says no for good, ``busy…`` once for now."""
        if not isinstance(effect, Letter):
            return None
        refused, busy = effect.to.startswith("refused"), effect.to.startswith("busy")
        outcome = effect.sent(LetterOutcome.REFUSED if refused else LetterOutcome.HANDED_OVER)
        return now + (2 * MAIL if busy else MAIL), outcome

    def _refused(self, speech: Speech, error: DecodeError, now: datetime) -> Iterator[tuple[Event, Envelope]]:
        """Whoever would have heard it tells its sender."""
        self.refused_keys.append(speech.key)
        record = Undecodable(speech.topic, speech.key, tuple(error.problems))
        for service in catalogue.all_services():
            for process in service.processes:
                told = process.refuses(record) if process.refuses else None
                if told is not None:
                    said_id = derived_id(process.name, speech.envelope.id)
                    yield told, Envelope(str(said_id), told.type_name(), service.name, now, told.key)


class DemoHouse:
    """All services in memory, and the demo's world around them."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.outside = DemoOutside(seed)
        processes = [(service.name, process) for service in catalogue.all_services() for process in service.processes]
        self._services = House(processes, self.outside, policies=load(), now=now)

    @property
    def history(self) -> list[Told]:
        return self.outside.history

    def receive(self, submissions: list[Submission], pace: timedelta = timedelta(minutes=1)) -> None:
        """The directory first; then the submissions one after another, while everything goes on."""
        world = self.outside.world
        world.open(sellers(submissions), self._services.now)
        for number, submission in enumerate(submissions, start=1):
            self.live(self._services.now + pace)
            world.submit(submission, number, self._services.now)

    def live(self, until: datetime) -> None:
        """Everything that happens until a moment."""
        self._services.live(until)

    def said(self, kind: type[E]) -> list[E]:
        return [told.event for told in self.history if isinstance(told.event, kind)]

    def waiting(self, *processes: str) -> list[tuple[str, str, datetime]]:
        """Process, key and moment of whatever these processes still wait for."""
        pending = ((room.process.name, key, due) for room, key, due in self._services.pending())
        return [each for each in pending if each[0] in processes]

    def books(self) -> dict[str, Money]:
        """What recovery has in its books for each claim."""
        states: Mapping[str, Recovery] = self._services.rooms["recovery"].states
        return {
            key: Money(r.paid_minor, r.recovered_minor, r.waived_minor, r.written_off_minor, r.outstanding_minor)
            for key, r in states.items()
        }

    def lengths(self) -> dict[UUID, int]:
        """How many events there were about each claim."""
        found: defaultdict[UUID, int] = defaultdict(int)
        for told in self.history:
            claim_id = getattr(told.event, "claim_id", None)
            if claim_id is not None:
                found[claim_id] += 1
        return found
