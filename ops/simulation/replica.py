"""One replica of one service: its real workers and effects, wired to the simulated log, store and clock."""

import asyncio
from collections.abc import Collection, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from prometheus_client import CollectorRegistry

from ops.simulation.clock import ReplicaClock
from ops.simulation.line import Line
from ops.simulation.log import Member
from ops.simulation.plan import Noise
from ops.simulation.restoring import refuse_if_unfit
from ops.simulation.store import SimulatedStore
from shared.runtime import Process, Service, TryLater
from shared.runtime.effects import Effects
from shared.runtime.log import Place, Record, RefusalError
from shared.runtime.metrics import Metrics
from shared.runtime.process import all_processes, topics_of
from shared.runtime.serve import keep_ticking
from shared.runtime.store import PassingError
from shared.runtime.turns import Context
from shared.runtime.worker import BACKOFF, Worker

if TYPE_CHECKING:
    from ops.simulation.house import House

NEVER: Final = 1e10
"""Seconds between two ticks that come by themselves: the house wakes whoever has something to do."""
FRESH: Final = 4
"""Ticks that a worker takes after its start, whatever there is to do: it learns what it knows of its reference."""
_REGISTRY: Final = CollectorRegistry()
"""Metrics are counted for all seeds together, and read by nobody."""


class Room:
    """One worker with its effects, and what wakes them."""

    def __init__(self, worker: Worker, effects: Effects | None, line: Line, member: Member) -> None:
        self.worker, self.effects, self.line, self.member = worker, effects, line, member
        self.fresh = FRESH
        self.letters = asyncio.Event()


class Replica:
    """Lives until it is cut off or told to stop. ``life``: how often its name has been started before."""

    def __init__(self, house: "House", service: Service, name: str, life: int) -> None:
        self.service, self.name, self.life = service, name, life
        self.still_until = 0.0
        self.alive, self.begun = True, False
        self._house = house
        self._luck = Random(f"{house.plan.seed}/{name}/{life}")  # noqa: S311 - no secret hangs on it
        off = f"{house.plan.seed}/{name}/{life}/clock" if Noise.CLOCKS in house.plan.noise else None
        self._clock = ReplicaClock(house.clock, house.loop, off)
        self.rooms: dict[str, Room] = {}
        self._letters = house.mail.round()
        self._tasks: list[asyncio.Task[None]] = []
        for process, dependent in all_processes(service):
            self.rooms[process.name] = self._room(process, dependent)

    def start(self) -> None:
        """As ``serve``: looks first whether the database knows what was published, then lets the workers begin."""
        self._tasks.append(self._house.loop.create_task(self._serve(), name=f"{self.name}/serve"))

    async def _serve(self) -> None:
        house, line = self._house, next(iter(self.rooms.values())).line
        while True:
            try:
                await refuse_if_unfit(self.service, house.databases[self.service.name], house.cluster, line)
            except PassingError:
                await house.loop.sleep(BACKOFF[-1])
            except RefusalError as error:
                self.fail(error)
                return
            else:
                self._begin()
                return

    def _begin(self) -> None:
        for name, room in self.rooms.items():
            works = [room.member.keep_up(), room.member.deliver(), keep_ticking(room.worker, NEVER, self.fail)]
            works += [self._post(room)] if room.effects is not None else []
            for number, work in enumerate(works):
                self._tasks.append(self._house.loop.create_task(work, name=f"{self.name}/{name}/{number}"))
            self._house.cluster.group(name).join(room.member)
        self.begun = True
        self._house.begun(self)

    def fail(self, error: Exception) -> None:
        """As ``serve`` ends with exit code 3."""
        self._house.refuses(self, error)

    def cut_off(self) -> None:
        """As ``kill -9``: nothing it says from now on is heard, and nothing it has asked for comes back."""
        self.alive = False
        for room in self.rooms.values():
            room.line.hang_up(self._luck)
            room.member.lost_journeys(self._luck)
        for task in self._tasks:
            task.cancel()

    def stop(self) -> None:
        """As SIGTERM: it leaves its groups, and its database ends what it was doing at once."""
        self.cut_off()
        self.end_sessions()
        for name, room in self.rooms.items():
            self._house.cluster.group(name).leave(room.member)

    def end_sessions(self) -> None:
        for room in self.rooms.values():
            room.line.end_sessions()

    def _room(self, process: Process[Any], dependent: str | None) -> Room:
        house, line = self._house, Line(self._house, self, process.name)
        token = UUID(int=self._luck.getrandbits(128))
        store = SimulatedStore(house.databases[self.service.name], process.name, token, line)

        async def hear(records: Sequence[Record]) -> None:
            try:
                await worker.hear(records)
            except RefusalError as error:
                self.fail(error)

        async def assigned(places: Collection[Place]) -> None:
            await worker.assigned(places)

        topics = [topic.name for topic in topics_of(process)]
        member = Member(house.cluster, process.name, topics, line=line, hear=hear, assigned=assigned)
        metrics = Metrics(process.name, _REGISTRY)
        worker = Worker(
            Context(
                process=process, service=self.service.name, token=token, store=store, log=member, clock=self._clock,
                policies=house.policies, metrics=metrics, dependent=dependent,
            )
        )  # fmt: skip
        effects = None
        if self.service.performer is not None and process is self.service.processes[0]:
            effects = Effects(
                worker, store=store, clock=self._clock, metrics=metrics, kinds=self.service.effects,
                performer=self._performer(line), gave_up=self.service.gave_up,
            )  # fmt: skip
        return Room(worker, effects, line, member)

    def _performer(self, line: Line) -> Any:
        async def perform(letters: Sequence[Any]) -> Sequence[Any]:
            await line.before("perform")
            outcomes = self._letters.take(letters)
            for letter, outcome in zip(letters, outcomes, strict=True):
                if not isinstance(outcome, TryLater):
                    self._house.tell(self.name, f"letter {letter.kind} to contact {letter.contact}: {outcome.outcome}")
            await line.after("perform")
            return outcomes

        return perform

    async def _post(self, room: Room) -> None:
        """As ``Effects.run``, woken by the house."""
        assert room.effects is not None
        while True:
            await room.letters.wait()
            room.letters.clear()
            try:
                while await self._post_round(room.effects):
                    pass
            except Exception as error:
                self._house.tell(self.name, f"letters not sent: {type(error).__name__}")

    async def _post_round(self, effects: Effects) -> bool:
        self._letters = self._house.mail.round()
        found = await effects.once()
        self._letters.written_down()
        return bool(found)
