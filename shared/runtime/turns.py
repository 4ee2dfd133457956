"""What every transaction of a worker is made of: locked rows, a turn that knows what it needs, what it says."""

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from shared.events.base import Event
from shared.policy import Policies
from shared.runtime.clock import Clock
from shared.runtime.log import Log, Outgoing, Place
from shared.runtime.metrics import Metrics
from shared.runtime.outbox import Outbox
from shared.runtime.process import Process, reference_name
from shared.runtime.recover import older
from shared.runtime.retelling import RetellingTurn
from shared.runtime.sieve import FAULTS
from shared.runtime.store import Asked, ContradictionError, InputRow, LaneRow, Store, Transaction
from shared.runtime.told import Told
from shared.runtime.turn import ReferenceSeen, Turn, describe
from shared.runtime.watermark import Watermark

log = structlog.get_logger()
Past = tuple[Told, Mapping[tuple[str, int], ReferenceSeen]]
"""What lanes had said and forgot, and what was known then."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What one process works with on one replica. ``token``: of this one alone. ``dependent``: the process whose
    reference this one keeps, if it is one that does."""

    process: Process[Any]
    service: str
    token: uuid.UUID
    store: Store
    log: Log
    clock: Clock
    policies: Policies
    metrics: Metrics
    dependent: str | None = None


class Turns:
    """Of one process on one replica."""

    def __init__(self, context: Context) -> None:
        self.process, self.service = context.process, context.service
        self.store, self.metrics = context.store, context.metrics
        self.outbox = Outbox(context.token, store=context.store, log=context.log, metrics=context.metrics)
        self.watermark = Watermark(context.process, context.store, context.log, context.clock)
        self.next: dict[Place, int] = {}
        """What is read next of each place, as far as is known here."""
        self._said: dict[int, int] = {}
        self._clock, self._policies, self._dependent = context.clock, context.policies, context.dependent

    async def take(
        self, tx: Transaction, places: Collection[Place], lanes: Collection[int]
    ) -> tuple[list[InputRow], list[LaneRow]]:
        """Locks these rows. They only ever go forward, unless another database stands where ours stood (a restored one,
        a late copy): raises OlderDatabaseError."""
        inputs, lane_rows = await tx.take(places, lanes)
        for row in inputs:
            if row.next < self.next.get(row.place, 0):
                where = f"{row.place.topic}/{row.place.partition}"
                raise older(self.service, f"{self.next[row.place]} records of {where} were heard, not {row.next}")
        for lane in lane_rows:
            if lane.position < self._said.get(lane.n, 0):
                raise older(self.service, f"lane {lane.n} had said {self._said[lane.n]}, not {lane.position}")
        return inputs, lane_rows

    async def turn(
        self,
        tx: Transaction,
        lanes: list[LaneRow],
        heard: Sequence[tuple[Asked, Event | None]],
        bad: Mapping[str, str],
        *,
        refusing: bool = False,
    ) -> Turn:
        """Loads what the keys need in one query each and decides. ``refusing``: it will say more, of bytes that are no
        fact, also for a lane that gathers."""
        keys = {asked.key for asked, _ in heard}
        turn = self.new(lanes, bad)
        if keys or isinstance(turn, RetellingTurn):
            past = await self.past(tx, [lane.n for lane in lanes if lane.told]) if refusing else None
            await self.inform(turn, tx, lanes, keys, [event for _, event in heard], past=past)
        for asked, event in heard:
            turn.ask(asked, event)
        turn.finish()
        return turn

    def new(self, lanes: list[LaneRow], bad: Mapping[str, str]) -> Turn:
        return (RetellingTurn if any(lane.told or lane.gathering for lane in lanes) else Turn)(
            self.process,
            service=self.service,
            policies=self._policies,
            now=self._clock.now(),
            lanes={lane.n: lane for lane in lanes},
            known=self.watermark.reference_known,
            bad_keys=bad,
        )

    async def inform(
        self,
        turn: Turn,
        tx: Transaction,
        lanes: list[LaneRow],
        keys: Collection[str],
        events: Sequence[Event | None],
        *,
        past: Past | None = None,
    ) -> None:
        """What is on record for these keys."""
        held = await tx.held(keys) if any(lane.held for lane in lanes) else []
        turn.know(await tx.load(keys), held)
        turn.refer(await self._references(tx, turn.reference_keys(events)))
        if isinstance(turn, RetellingTurn):
            awaited: dict[str, list[str]] = {}
            for key, cause in await tx.awaited(keys):
                awaited.setdefault(key, []).append(cause)
            # What gathers is only kept. Else little is left of it by now.
            told, then = past or await self.past(tx, [lane.n for lane in lanes if lane.told and not lane.gathering])
            turn.remember(told, awaited, then)
            turn.go_on_from(dict(await tx.decided_last(keys)))

    async def past(self, tx: Transaction, lanes: Collection[int]) -> Past:
        """What these lanes had said and forgot, and what was known then."""
        told = Told(await tx.told(lanes) if lanes else ())
        seen = told.references()
        if self.process.reference is None or not seen:
            return told, {}
        rows = await tx.reference_then(reference_name(self.process), seen)
        return told, {(r.key, r.n): ReferenceSeen.of(self.process, r) for r in rows}

    async def _references(self, tx: Transaction, keys: Collection[str]) -> dict[str, ReferenceSeen]:
        reference = self.process.reference
        if reference is None or not keys:
            return {}
        rows = await tx.reference(reference_name(self.process), keys)
        return {r.key: ReferenceSeen.of(self.process, r) for r in rows}

    async def write(self, tx: Transaction, turn: Turn, lanes: list[LaneRow]) -> None:
        self.outbox.note(lanes)
        await tx.write(turn.changes, self._clock.now(), self._dependent)
        self.metrics.count(turn.decided)

    async def say(self, lanes: Sequence[LaneRow], outgoing: Sequence[Outgoing]) -> None:
        self._said.update({lane.n: lane.position for lane in lanes})
        await self.outbox.say(lanes, outgoing)

    async def find_bad(
        self, keys: Collection[str], trial: Callable[[Collection[str]], Awaitable[object]]
    ) -> dict[str, str]:
        """The keys whose data cannot be handled, found by halving; everybody else goes on without them."""
        bad: dict[str, str] = {}
        groups = [sorted(keys)]
        while groups:
            group = groups.pop()
            try:
                await trial(group)
            except TrialPassed:
                continue
            except FAULTS as error:
                if len(group) == 1:
                    bad[group[0]] = self.blamed(group[0], error)
                else:
                    middle = len(group) // 2
                    groups += [group[:middle], group[middle:]]
        return bad

    def blamed(self, key: str, error: Exception) -> str:
        """Why this key is parked; the same id with other content is an alarm of its own."""
        if isinstance(error, ContradictionError):
            self.metrics.contradictions.inc()
        log.error("key parked", process=self.process.name, key=key, error=describe(error))
        return describe(error)


class TrialPassed(Exception):  # noqa: N818 - it rolls a trial back
    """These keys can be written."""
