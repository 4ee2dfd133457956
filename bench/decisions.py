"""What deciding alone costs: each route in memory, in one process, where what is said is handed on as an object.

No runtime can save any of it: there is no log, no database and no letter, and nothing is read from JSON. *Bare* are the
decisions alone; *written* also makes what each of them hands to log and database: JSON, ids, fingerprints. The load is
whoever answers. Time jumps: the seven days of a seller are over at once.
"""

import json
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bench.load import ROUTES, Answers, Prepared, Reply, Route, Saying, claims, directory
from bench.measure import Result
from bench.plan import Plan
from bench.routes import ENDS
from bench.stand import Stand
from ops import catalogue
from services.seller_notifier.letter import Letter, LetterOutcome
from shared.events.base import Envelope, Event, type_registry
from shared.policy import Policies, load
from shared.runtime import Effect
from shared.runtime.memory import House, Room, Taken
from shared.runtime.serve import spare_the_collector

BARE: Final = {True: "bare", False: "written"}
LIVES: Final = timedelta(days=100)
"""Of the clock, which jumps: by then nothing is left to do."""


class Answering:
    """The outside world of a route: it answers at once, and all letters are handed over. ``seconds``: of its CPU."""

    def __init__(self, answers: Answers) -> None:
        self.seconds = 0.0
        self.heard: Counter[str] = Counter()
        self._answers = answers
        self._said: deque[tuple[Event, str]] = deque()

    @property
    def next_at(self) -> datetime | None:
        """It speaks only when it hears something."""
        return None

    def say(self, event: Event, said_id: str) -> None:
        self._said.append((event, said_id))

    def due(self, now: datetime) -> Iterator[tuple[Event, Envelope]]:
        while self._said:
            event, said_id = self._said.popleft()
            yield event, Envelope(said_id, event.type_name(), "bench", now, event.key)

    def hear(self, event: Event, envelope: Envelope) -> None:
        self.heard[envelope.type] += 1
        if (answer := self._answers.get(envelope.type)) is not None:
            began = time.process_time()
            reply = answer(json.loads(event.model_dump_json()))
            self.say(_event(reply, json.dumps(reply.body)), reply.id)
            self.seconds += time.process_time() - began

    def perform(self, effect: Effect, now: datetime) -> tuple[datetime, Event] | None:
        return (now, effect.sent(LetterOutcome.HANDED_OVER)) if isinstance(effect, Letter) else None


@dataclass(frozen=True)
class Played:
    """One round: CPU ``seconds`` of the processes, and of the outside world; how many decisions were taken."""

    seconds: float
    outside: float
    decisions: int


async def measure(stand: Stand, plan: Plan, before: Sequence[Result]) -> AsyncGenerator[Result]:
    stand.fleet.end()
    spare_the_collector()
    policies, now = load(stand.settings.policy_folder), stand.clock.now()
    for route in ROUTES:
        for light in BARE:
            new = partial(claims, route, "memory", sellers=plan.sellers, today=now.date())  # the stand's clock runs on
            in_memory = partial(played, route, policies=policies, now=now, sellers=plan.sellers, light=light)
            in_memory(new(count=plan.warm_up))
            for number in range(1, plan.rounds + 1):
                one = in_memory(new(count=plan.claims))
                cpu = {"services": one.seconds, "load": one.outside}
                figures = {"decisions_per_claim": one.decisions / plan.claims}
                seconds = one.seconds + one.outside
                yield Result("decisions", name(route.name, light=light), number, plan.claims, seconds, cpu, figures)


def name(route: str, *, light: bool) -> str:
    return f"{route}, {BARE[light]}"


def played(
    route: Route, prepared: Sequence[Prepared], *, policies: Policies, now: datetime, sellers: int, light: bool
) -> Played:
    """In a house of its own, which knows the sellers. Raises when not every claim has ended."""
    outside = Answering(route.answers)
    taken = Counter[str]()

    def count(room: Room, _: Taken) -> None:
        taken[room.process.name] += 1

    processes = [(service.name, process) for service in catalogue.all_services() for process in service.processes]
    house = House(processes, outside, policies=policies, now=now, light=light, watch=count)
    for event in directory(sellers, now.date()):
        outside.say(event, f"bench-{event.key}-{event.type_name()}")
    house.live(now)
    for one in (said for claim in prepared for said in claim.sayings):
        outside.say(_event(one, one.body), one.id)
    taken.clear()
    began = time.process_time()
    house.live(now + LIVES)
    seconds = time.process_time() - began
    if any(outside.heard[kind] != len(prepared) for kind in ENDS):
        raise RuntimeError(f"not every claim of {route.name} has ended in memory: {outside.heard}")
    return Played(seconds - outside.seconds, outside.seconds, taken.total())


def _event(said: Saying | Reply, body: bytes | str) -> Event:
    return type_registry[said.kind].model_validate_json(body)
