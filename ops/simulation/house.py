"""The house: every service's replicas, what they share, and who is woken when. Time jumps to whatever is due next."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple

from ops import catalogue
from ops.simulation.clock import TrueClock
from ops.simulation.database import Database
from ops.simulation.faults import Faults
from ops.simulation.invariants import INVARIANTS, Invariant, Seen, Violation, Watch
from ops.simulation.log import SESSION_SECONDS, Cluster
from ops.simulation.loop import VirtualLoop
from ops.simulation.outside import MailServer, Outside
from ops.simulation.plan import ANOTHER_LOG, SERVICE_OF, Fault, Kind, Noise, Plan
from ops.simulation.replacing import Replacing
from ops.simulation.replica import FRESH, Replica, Room
from ops.simulation.restoring import recovered, replay_as_published
from ops.simulation.tables import Tables
from ops.simulation.versions import next_version
from shared.policy import load
from shared.runtime import Process
from shared.runtime.codec import Headers, type_of
from shared.runtime.log import LogChangedError, OlderDatabaseError, Place, Record
from shared.runtime.process import all_processes, reference_name
from shared.runtime.store import Changes, LaneRow

ENDLESS: Final = "insurance_accelerator"
"""The last of the processes: a seller's cover is watched as long as there is one."""
START: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)
LOOK_SECONDS: Final = 3600.0
"""Between two looks of an operator at what is parked since a database was restored."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 43_200.0
"""Between two rounds in which somebody has something to do: longer while nothing comes of it."""
SERVICES: Final = {name: catalogue.service(name) for name in catalogue.NAMES}
NEXT: Final = {f"{name}.next": next_version(service) for name, service in SERVICES.items()}
"""By the name of the replica that runs it."""
POLICIES: Final = load()
PROCESSES: Final = {process.name: process for service in SERVICES.values() for process, _ in all_processes(service)}


class Told(NamedTuple):
    """One line of the story: the virtual second, who, and what."""

    at: float
    who: str
    what: str


def id_of(headers: Headers) -> str:
    """The id that a record carries."""
    return next((value.decode() for name, value in headers if name == "ce_id"), "")


class House:
    """One run of one plan. ``watch`` sees every line of the story as it happens."""

    def __init__(self, plan: Plan, loop: VirtualLoop, invariants: Sequence[type[Invariant]] = INVARIANTS) -> None:
        self.plan, self.loop, self.policies = plan, loop, POLICIES
        self.clock = TrueClock(loop, START)
        self.databases = {name: Database(name, self._committed) for name in SERVICES}
        self.cluster = Cluster(lambda: int(self.clock.now().timestamp() * 1000))
        self.cluster.appended.append(self._appended)
        self.outside = Outside(plan, self.cluster, self.clock)
        self.mail = MailServer(plan)
        self.faults = Faults(plan.faults)
        for fault in plan.faults:
            if fault.kind is Kind.RESTORE:
                self.databases[SERVICE_OF[fault.process]].backups = []
        self.story: list[Told] = []
        self.refused: list[tuple[str, Exception]] = []
        self.upgraded: set[str] = set()
        self.waved: set[tuple[str, str]] = set()
        """Keys of which an operator let stand what had been published, though it is decided otherwise now."""
        self.seen = self._seen()
        self.watch = Watch(invariants, self.seen)
        self.replicas: dict[str, Replica] = {}
        self.healed = False
        self.replacing = Replacing(self)
        self._restored: set[str] = set()
        self._closed: set[str] = set()
        """Services that an operator is at work on: nobody starts them."""
        self._nudged: asyncio.Future[None] | None = None
        self._lives: dict[str, int] = {}
        self._begun, self._missed_until = 0, 0.0
        self._down: dict[str, float] = {}
        self._luck = Random(f"{plan.seed}/house")  # noqa: S311 - no secret hangs on it

    def begun(self, replica: Replica) -> None:
        """It has joined its groups: it ticks soon."""
        self.tell(replica.name, "serves")
        self._begun += 1
        self.nudge()

    def tell(self, who: str, what: str) -> None:
        self.story.append(Told(self.loop.time(), who, what))

    def _seen(self) -> Seen:
        return Seen(
            clock=self.clock, cluster=self.cluster, schemas=lambda: {n: d.schema for n, d in self.databases.items()},
            policies=POLICIES, processes=PROCESSES, service_of=SERVICE_OF, letters=self.mail.taken,
            sent_again=self.mail.again,
            faulty=lambda: bool(self.faults.struck) or Noise.TWO_REPLICAS in self.plan.noise,
            refused=self.refused, spoilt=self.outside.spoilt, upgraded=self.upgraded, waved=self.waved,
            reading=self._reading,
        )  # fmt: skip

    def _committed(self, service: str, process: str, changes: Changes) -> None:
        self.nudge()
        self.watch.committed(service, process, changes)
        for row in changes.journal:
            said = [record for record in changes.outbox if id_of(record.headers) in row.says]
            names = ", ".join(str(type_of(record.headers)) for record in said)
            self.tell(process, f"{row.key}: {row.asked.type}" + (f" -> {names}" if names else ""))

    def _appended(self, record: Record) -> None:
        self.nudge()
        self.watch.appended(record)
        place = record.place
        self.tell("log", f"{place.topic}/{place.partition}@{record.offset} {type_of(record.headers)} {record.key!r}")

    # What can befall it

    def start(self, name: str) -> None:
        """A replica under this name (``escalation.1``, ``escalation.next``), unless there is one."""
        present, service = self.replicas.get(name), name.partition(".")[0]
        if service in self._closed or (present is not None and present.alive):
            return
        life = self._lives[name] = self._lives.get(name, -1) + 1
        replica = Replica(self, NEXT.get(name, SERVICES[service]), name, life)
        self.replicas[name] = replica
        replica.start()

    def crash(self, replica: Replica, seconds: float) -> None:
        replica.cut_off()
        self._missed_until = self.loop.time() + SESSION_SECONDS + 1
        self.loop.call_later(SESSION_SECONDS, self._leave, replica)
        self.loop.call_later(seconds, self._start_again, replica)

    def replace(self, replica: Replica, seconds: float) -> None:
        """A replica that stands still loses its partitions to another one, wakes up, and joins again."""
        self._leave(replica)
        name = f"{replica.service.name}.3"
        if name not in self.replicas:
            self.tell(name, f"starts in place of {replica.name}")
            self.start(name)
            self.loop.call_later(seconds * 2 + 60, self._stop, name)
        wakes = max(0.0, replica.still_until - self.loop.time())
        self.loop.call_later(wakes + self._luck.uniform(0.5, 3), self._join, replica)

    def befall(self, fault: Fault, replica: Replica) -> None:
        now, group = self.loop.time(), self.cluster.group(fault.process)
        match fault.kind:
            case Kind.DATABASE_DOWN:
                self._down[replica.service.name] = now + fault.size
                for each in self._of(replica.service.name):
                    each.end_sessions()
            case Kind.LOG_DOWN:
                self._down["log"] = now + fault.size
            case Kind.REBALANCE:
                group.rebalance()
            case Kind.OFFSETS_LOST:
                self.cluster.committed[fault.process].clear()
                group.rebalance()
            case Kind.RESTORE:
                if not self.cluster.replaced:  # one misfortune after the other, for each has its operator
                    self._restore(replica, int(fault.size))
            case kind if kind in ANOTHER_LOG:
                if not (self.cluster.replaced or self._restored or self._closed):
                    self.replacing.befall(fault, PROCESSES[fault.process])
            case Kind.SECOND_REPLICA:
                name = f"{replica.service.name}.2"
                if name not in self.replicas:
                    self.start(name)
                    self.loop.call_later(fault.size, self._stop, name)
            case Kind.NEXT_VERSION:
                self._upgrade(replica.service.name, fault.size)
            case _:
                raise AssertionError(fault.kind)

    def _upgrade(self, service: str, seconds: float) -> None:
        """The next version beside the present one, alone, and beside it again, until it is given up."""
        present, coming = f"{service}.1", f"{service}.next"
        if coming not in self.replicas:
            self.upgraded.add(service)
            self.start(coming)
            self.loop.call_later(seconds / 3, self._stop, present)
            self.loop.call_later(seconds * 2 / 3, self.start, present)
            self.loop.call_later(seconds, self._stop, coming)

    def _restore(self, replica: Replica, missed: int) -> None:
        """As the page on restoring says: its replicas are ended first."""
        service = replica.service.name
        for each in self._of(service):
            each.end_sessions()
        self._end_all(service)
        self.databases[service].restore(missed)
        self.mail.on_record.clear()
        self.watch.restored(service)
        self._restored.add(service)
        self.loop.call_later(self._luck.uniform(1, 60), self.start, f"{service}.1")

    def refuses(self, replica: Replica, error: Exception) -> None:
        """It ends; where the database is older, an operator does what the refusal says."""
        service = replica.service.name
        self.tell(replica.name, f"refuses to go on: {error}")
        replica.stop()
        if isinstance(error, OlderDatabaseError) and service in self._restored:
            self._restored.discard(service)
            self._closed.add(service)
            self._end_all(service)
            self.loop.create_task(self._recover(service), name=f"recover {service}")
        elif isinstance(error, LogChangedError) and self.replacing.happened:
            self.loop.call_later(self.replacing.pause(replica), self._start_again, replica)
        elif not isinstance(error, OlderDatabaseError) or self.replicas.get(replica.name) is replica:
            self.refused.append((replica.name, error))

    async def _recover(self, service: str) -> None:
        await self.loop.sleep(self._luck.uniform(5, 600))
        for found in await recovered(SERVICES[service], self.databases[service], self.cluster):
            self.tell(found.process, f"recalls {found.events} events of {len(found.causes)} decisions")
        self._closed.discard(service)
        self.start(f"{service}.1")
        self.loop.call_later(LOOK_SECONDS, self._look_again, service)

    def _end_all(self, service: str) -> None:
        for each in self._of(service):
            each.stop()
            for room in each.rooms.values():
                room.member.end_journeys()
            del self.replicas[each.name]

    def _of(self, service: str) -> list[Replica]:
        return [each for each in self.replicas.values() if each.service.name == service]

    def break_off(self, seconds: float) -> None:
        """The brokers go, with all that was under way to them; whoever stands there next is joined anew."""
        self._down["log"] = max(self._down.get("log", 0.0), self.loop.time() + seconds)
        for replica in self.replicas.values():
            for room in replica.rooms.values():
                room.member.end_journeys()
        for group in self.cluster.groups.values():
            group.rebalance()

    def refresh(self) -> None:
        """Everybody looks round, whatever there is to do."""
        for room in self._rooms():
            room.fresh = FRESH
        self.nudge()

    def start_all_again(self) -> None:
        for replica in list(self.replicas.values()):
            if not replica.alive:
                self._start_again(replica)

    def tables_of(self, process: str) -> Tables:
        return self.databases[SERVICE_OF[process]].schema.tables[process]

    def is_down(self, where: str) -> bool:
        return self._down.get(where, 0.0) > self.loop.time()

    def seconds_down(self, where: str) -> float:
        return self._down.get(where, 0.0) - self.loop.time()

    # Life

    async def live(self, until: timedelta) -> None:
        """Until nothing is left to do, or something is wrong that must not be, or it has gone on for too long."""
        both = (1, 2) if Noise.TWO_REPLICAS in self.plan.noise else (1,)
        for service in SERVICES:
            for number in both:
                self.start(f"{service}.{number}")
        self.outside.open(self.clock.now())
        pause, changes = FIRST_PAUSE, -1
        while self.loop.time() < until.total_seconds() and self.watch.violation is None:
            self.outside.speak()
            busy = self._wake()
            if busy and self._changes() == changes:
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause, changes = FIRST_PAUSE, self._changes()
            next_at = self._next_at()
            if (
                not busy
                and next_at is None
                and not self._closed
                and not self.cluster.replaced
                and not self._stirs()
                and not self._heal()
            ):
                self.watch.ended()
                return
            await self._sleep(pause if busy else None, next_at)
        self.watch.violation = self.watch.violation or Violation(
            "It comes to an end", f"it still goes on after {until}"
        )

    def _heal(self) -> bool:
        """Nothing goes wrong any more, all are there, and an operator looks at what is parked. False: it was so."""
        waved = [service for service in SERVICES if self._wave(service)]
        if self.healed:
            return bool(waved)
        self.healed = True
        self.faults.end()
        self._down.clear()
        for service in SERVICES:
            if not any(each.alive for each in self.replicas.values() if each.service.name == service):
                self.start(f"{service}.1")
        self.refresh()
        return True

    def _wave(self, service: str) -> bool:
        """What had been published stands, of every key that is parked because it is decided otherwise now."""
        waved = replay_as_published(self.databases[service], self.clock.now())
        self.waved |= waved
        excused = service in self.upgraded or Noise.CLOCKS in self.plan.noise
        if waved and not excused:
            what = ", ".join(f"{process} decided {key} otherwise" for process, key in sorted(waved))
            self.watch.violation = self.watch.violation or Violation(
                "What a restored database forgot comes out as it was published", what
            )
        return bool(waved)

    def _look_again(self, service: str) -> None:
        """As the page on restoring says, every hour."""
        if self._wave(service):
            self.nudge()
        self.loop.call_later(LOOK_SECONDS, self._look_again, service)

    async def _sleep(self, pause: float | None, next_at: datetime | None) -> None:
        """Until the next moment; sooner when something happens meanwhile that may give somebody something to do."""
        seconds = [pause] if pause is not None else [LONGEST_PAUSE * 2]
        if next_at is not None:
            seconds.append(max(self.clock.seconds_until(next_at), 0.0) + 0.001)
        await self._nudged_within(min(seconds))
        await self.loop.sleep(min(FIRST_PAUSE, *seconds) * self._luck.random())
        self._nudged = None

    async def _nudged_within(self, seconds: float) -> None:
        self._nudged = self.loop.create_future()
        timer = self.loop.call_later(seconds, self.nudge)
        await self._nudged
        timer.cancel()

    def nudge(self) -> None:
        """Something was said or written."""
        if self._nudged is not None and not self._nudged.done():
            self._nudged.set_result(None)

    def _stirs(self) -> bool:
        """Whether something is on its way that no clock of ours knows of: a batch, a retry, a rebalance."""
        starting = any(each.alive and not each.begun for each in self.replicas.values())
        return starting or self.loop.time() < self._missed_until or any(room.member.stirs for room in self._rooms())

    def _rooms(self) -> Iterator[Room]:
        for replica in self.replicas.values():
            if replica.alive:
                yield from replica.rooms.values()

    def _reading(self) -> Iterator[tuple[str, Place]]:
        for room in self._rooms():
            for place in room.member.view:
                yield room.worker.process.name, place

    def _changes(self) -> int:
        return self._begun + self.cluster.count + sum(database.changed for database in self.databases.values())

    def _wake(self) -> bool:
        """Whoever has something to do, by what is on record. False: nobody has."""
        wanted: set[str] = set()
        for name, process in PROCESSES.items():
            wanted |= self._wanted(name, process)
        now, busy = self.clock.now(), False
        for room in self._rooms():
            name = room.worker.process.name
            if name in wanted or room.fresh or self._luck.random() < 0.003:
                busy = busy or name in wanted or room.fresh > 0
                room.fresh = max(0, room.fresh - 1)
                room.worker.wake.set()
            if room.effects is not None and self._effects_due(name, now):
                busy = True
                room.letters.set()
        return busy

    def _wanted(self, name: str, process: Process[Any]) -> set[str]:
        """The processes that must tick for this one to go on."""
        tables = self.tables_of(name)
        found: set[str] = set()
        if tables.requests or any(self._unsaid(name, row) for row in tables.lanes.values() if row.position):
            found.add(name)
        now = self.clock.now()
        due = {state.key for state in tables.states.values() if state.due is not None and state.due <= now}
        if any(row.gathering for row in tables.lanes.values()) or (due and due - tables.parked()):
            found |= {name, *process.passed_on}
            if process.reference is not None:
                found.add(reference_name(process))
        return found

    def _unsaid(self, name: str, lane: LaneRow) -> bool:
        """In the end also what is out, and not known to be."""
        out = lane.published if self.healed else self.cluster.out.get((name, lane.n), 0)
        return lane.position > out

    def _effects_due(self, name: str, now: datetime) -> bool:
        effects = self.tables_of(name).effects
        return any(effect.done_at is None and effect.next_at <= now for effect in effects.values())

    def _next_at(self) -> datetime | None:
        """The next moment that is known to anybody and has not come. Sellers' cover alone goes on for ever."""
        now, moments = self.clock.now(), list[datetime]()
        if (outside := self.outside.next_at) is not None:
            moments.append(outside)
        for name in PROCESSES:
            if name == ENDLESS and not moments:
                return None
            tables = self.tables_of(name)
            moments += [s.due for s in tables.states.values() if s.due is not None and s.due > now]
            moments += [e.next_at for e in tables.effects.values() if e.done_at is None and e.next_at > now]
        return min(moments, default=None)

    # What happens later to a replica, if it still is who it was

    def _leave(self, replica: Replica) -> None:
        for name, room in replica.rooms.items():
            self.cluster.group(name).leave(room.member)

    def _join(self, replica: Replica) -> None:
        if replica.alive:
            for name, room in replica.rooms.items():
                self.cluster.group(name).join(room.member)

    def _start_again(self, replica: Replica) -> None:
        if self.replicas.get(replica.name) is replica:
            self.tell(replica.name, "starts again")
            self.start(replica.name)

    def _stop(self, name: str) -> None:
        replica = self.replicas.pop(name, None)
        if replica is not None and replica.alive:
            self.tell(name, "is stopped")
            replica.stop()
        elif replica is not None:
            self._leave(replica)
