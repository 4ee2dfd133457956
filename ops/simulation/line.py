"""The way between one worker and its store and log: where calls take time, fail, never return, and faults strike."""

import asyncio
from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Final

from ops.simulation.database import IDLE_SECONDS, Session
from ops.simulation.faults import Point
from ops.simulation.log import SESSION_SECONDS
from ops.simulation.plan import Fault, Kind, Noise
from shared.runtime.log import Place, Record
from shared.runtime.store import PassingError

if TYPE_CHECKING:
    from ops.simulation.house import House
    from ops.simulation.replica import Replica

LOG_CALLS: Final = frozenset(("ends", "begins", "publish", "commit offsets", "committed"))
OFTEN, SELDOM = 0.5, 0.02
"""Share of calls that take time at all, with and without jitter: the others are over at once."""


class Line:
    """Of one process on one replica. Once it is cut, no call does anything any more, nor comes back."""

    def __init__(self, house: "House", replica: "Replica", process: str) -> None:
        self.cut = False
        self._house, self._replica, self._process = house, replica, process
        self._loop = house.loop
        self._luck = Random(f"{house.plan.seed}/{replica.name}/{replica.life}/{process}")  # noqa: S311 - no secret
        self._share = OFTEN if Noise.JITTER in house.plan.noise else SELDOM
        self._slow = Noise.SLOW_READING in house.plan.noise
        self._small = Noise.SMALL_BATCHES in house.plan.noise
        self._sessions: list[Session] = []
        self._torn: Fault | None = None

    async def before(self, call: str) -> None:
        await self._pass(call, "before")
        where = "log" if call in LOG_CALLS else self._replica.service.name
        if self._house.is_down(where):
            raise PassingError(f"{'the log' if call in LOG_CALLS else 'the database'} is away")

    async def after(self, call: str) -> None:
        await self._pass(call, "after")

    async def before_delivery(self) -> None:
        """Nothing is delivered while the log is away, nor to a machine that stands still."""
        await self._stand_still()
        while (seconds := self._house.seconds_down("log")) > 0:
            await self._loop.sleep(seconds)
        if self._slow and self._luck.random() < 0.6:
            await self._loop.sleep(self._luck.choice((1.0, 60.0)) * self._luck.random())
        elif self._luck.random() < self._share:
            await self._loop.sleep(self._luck.expovariate(5))
        await self._stand_still()
        self._end_if_cut()

    def travel(self, places: int) -> Sequence[float | None]:
        torn, self._torn = self._torn, None
        if torn is not None and torn.kind is Kind.PUBLISH_TORN:
            return [None if self._luck.random() < 0.5 else 0.1 for _ in range(places)]
        if torn is not None:
            return [torn.size * self._luck.random() for _ in range(places)]
        if self._luck.random() < self._share:
            return [self._luck.expovariate(10) for _ in range(places)]
        return [0.0] * places

    def choose(self, waiting: Mapping[Place, Sequence[Record]]) -> list[Record]:
        """Places in any order, the records of each in its own."""
        places = list(waiting)
        self._luck.shuffle(places)
        if not self._small:
            return [record for place in places for record in waiting[place]]
        places = places[: self._luck.randint(1, len(places))]
        return [record for place in places for record in waiting[place][: self._luck.randint(1, 3)]]

    def closes(self, session: Session) -> None:
        self._sessions = [each for each in self._sessions if each.open]
        self._sessions.append(session)

    def end_sessions(self) -> None:
        """What was not committed is gone."""
        for session in self._sessions:
            session.end()

    def hang_up(self, luck: Random) -> None:
        """The client is gone. What its database was doing for it ends some time after."""
        self.cut = True
        for session in self._sessions:
            if session.open:
                self._loop.call_later(luck.choice((0.0, luck.uniform(0, IDLE_SECONDS))), session.end)

    async def _pass(self, call: str, side: str) -> None:
        self._end_if_cut()
        if self._replica.still_until > self._loop.time():  # which is seldom, and every call comes by here
            await self._stand_still()
        fault = self._house.faults.at(Point(self._process, call, side))
        if fault is not None:
            self._strike(fault, f"{side} {call}")
            await self._stand_still()
            self._end_if_cut()
        if self._luck.random() < self._share:
            await self._loop.sleep(self._luck.expovariate(20))
            await self._stand_still()
            self._end_if_cut()

    def _strike(self, fault: Fault, where: str) -> None:
        self._house.tell(self._replica.name, f"*** {fault.kind} in {self._process}, {where}")
        match fault.kind:
            case Kind.CRASH:
                self._house.crash(self._replica, fault.size)
            case Kind.FREEZE:
                self._freeze(fault.size)
            case Kind.PUBLISH_TORN | Kind.PUBLISH_LATE:
                self._torn = fault
            case Kind.COMMIT_LOST | Kind.COMMIT_UNKNOWN | Kind.CALL_FAILS | Kind.ANSWER_LOST:
                raise PassingError(f"{fault.kind}: {where}")
            case _:
                self._house.befall(fault, self._replica)

    def _freeze(self, seconds: float) -> None:
        """The machine stands still. Its database and its group give it up after a while; it does not know."""
        self._replica.still_until = self._loop.time() + seconds
        if seconds > IDLE_SECONDS:
            self._loop.call_later(IDLE_SECONDS, self._replica.end_sessions)
        if seconds > SESSION_SECONDS:
            self._loop.call_later(SESSION_SECONDS, self._house.replace, self._replica, seconds)

    async def _stand_still(self) -> None:
        while (seconds := self._replica.still_until - self._loop.time()) > 0:
            await self._loop.sleep(seconds)
            self._end_if_cut()

    def _end_if_cut(self) -> None:
        if self.cut:
            raise asyncio.CancelledError
