"""What deciding alone costs: each route in memory, in one process, where what is said is handed on as it is.

*Decided* is what passes inside the functions of the processes, which no runtime can save: they get a state and a fact
and give what follows. *In memory* is all there is besides the outside world: also the turn, which makes JSON, ids and
fingerprints of what they give, and the house that hands it on. Neither has a log, a database, or a letter; states are
not read from JSON, and of facts hardly any. Time jumps: the seven days of a seller are over at once.
"""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial, wraps
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, TypeVar

from bench.load import ROUTES, Answers, Prepared, Reply, Route, Saying, claims, directory
from bench.measure import Result
from bench.plan import Plan
from bench.routes import ENDS
from bench.stand import Stand
from ops import catalogue
from services.seller_notifier.letter import Letter, LetterOutcome
from shared.events.base import Envelope, Event, type_registry
from shared.policy import load
from shared.runtime import Effect
from shared.runtime.memory import House
from shared.runtime.process import Process
from shared.runtime.serve import spare_the_collector

R = TypeVar("R")
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
            began = time.thread_time()
            reply = answer(json.loads(event.model_dump_json()))
            self.say(_event(reply, json.dumps(reply.body)), reply.id)
            self.seconds += time.thread_time() - began

    def perform(self, effect: Effect, now: datetime) -> tuple[datetime, Event] | None:
        return (now, effect.sent(LetterOutcome.HANDED_OVER)) if isinstance(effect, Letter) else None


class Stopwatch:
    """CPU seconds inside of what it is put around, and how often that was called."""

    def __init__(self) -> None:
        self.seconds, self.calls = 0.0, 0

    def around(self, function: Callable[..., R]) -> Callable[..., R]:
        @wraps(function)
        def timed(*given: Any) -> R:
            began = time.thread_time()
            try:
                return function(*given)
            finally:
                self.seconds += time.thread_time() - began
                self.calls += 1

        return timed

    def around_all(self, process: Process[Any]) -> Process[Any]:
        """The process, with every function that decides."""
        begins = {kind: self.around(function) for kind, function in process.begins.items()}
        hears = {kind: self.around(function) for kind, function in process.hears.items()}
        return replace(process, begins=begins, hears=hears, waits=process.waits and self.around(process.waits))


async def measure(stand: Stand, plan: Plan, before: Sequence[Result]) -> AsyncGenerator[Result]:
    """In a process of its own: what is spared the collector there must not be in what is measured after it."""
    stand.fleet.end()
    now, sellers = stand.clock.now(), plan.sellers
    with ProcessPoolExecutor(1, get_context("spawn"), spare_the_collector) as process:
        play = partial(asyncio.get_running_loop().run_in_executor, process, played)
        for route in ROUTES:
            new = partial(claims, route, "memory", sellers=sellers, today=now.date())  # the stand's clock runs on
            for number in range(plan.rounds + 1):
                prepared = new(count=plan.claims if number else plan.warm_up)
                result = await play(route, prepared, stand.folder / "policies", now, sellers)
                if number:
                    yield replace(result, round=number)


def played(route: Route, prepared: Sequence[Prepared], policy_folder: Path, now: datetime, sellers: int) -> Result:
    """In a house of its own, which knows the sellers. Raises when not every claim has ended."""
    outside, deciding = Answering(route.answers), Stopwatch()
    processes = [
        (service.name, deciding.around_all(process))
        for service in catalogue.all_services()
        for process in service.processes
    ]
    house = House(processes, outside, policies=load(policy_folder), now=now)
    for event in directory(sellers, now.date()):
        outside.say(event, f"bench-{event.key}-{event.type_name()}")
    house.live(now)
    for one in (said for claim in prepared for said in claim.sayings):
        outside.say(_event(one, one.body), one.id)
    deciding.seconds, deciding.calls, outside.seconds = 0.0, 0, 0.0
    began = time.thread_time()
    house.live(now + LIVES)
    in_memory = time.thread_time() - began - outside.seconds
    if any(outside.heard[kind] != len(prepared) for kind in ENDS):
        raise RuntimeError(f"not every claim of {route.name} has ended in memory: {outside.heard}")
    figures = {
        "decisions_per_claim": deciding.calls / len(prepared),
        "in_memory_ms_per_claim": in_memory * 1000 / len(prepared),
    }
    cpu = {"services": deciding.seconds}
    return Result("deciding", route.name, 1, len(prepared), deciding.seconds, cpu, figures)


def _event(said: Saying | Reply, body: bytes | str) -> Event:
    return type_registry[said.kind].model_validate_json(body)
