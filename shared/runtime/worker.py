"""The loop under every process: one batch, one transaction; publish after commit; deadlines behind the log.

Everything it keeps in memory is a hint that the next transaction checks against the rows it locks. After any
trouble it forgets the hints and starts again from the rows. The rules are in docs/adr, from 0002 on.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import structlog

from shared.runtime.dead_letters import DeadLetters
from shared.runtime.log import CURE, LogChangedError, Place, Record, RefusalError, another
from shared.runtime.restored import RestoredLanes
from shared.runtime.sieve import FAULTS, Sieve
from shared.runtime.store import (
    Asked,
    DeadLetter,
    InputRow,
    PassingError,
    Transaction,
    Waiting,
)
from shared.runtime.turn import deadline, describe
from shared.runtime.turns import Context, TrialPassed, Turns

log = structlog.get_logger()
BACKOFF = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Real seconds between tries while the log or the database is away; the last one repeats."""
Find = Callable[[Transaction, int], Awaitable[list[Asked]]]
LIMIT = 1000
"""Most deadlines or requests handled in one transaction."""
WORK_SECONDS = 5.0
"""Real seconds after which what else is due or requested waits for the next tick: records want to be heard too."""
LOOK_AGAIN_SECONDS = 5.0
"""Real seconds after which the record heard last is asked for once more."""
QUIET_SECONDS = 2.5
"""Real seconds after which, without anything to do, it is looked where the topics end: for monitors, and to see that it
is still the same log."""
LATER = 2
"""So many times longer are the pauses between two ticks, and between two looks for effects, while nothing is to do."""
REFERENCE_SECONDS = 3.0
"""Real seconds that a worker which has just started waits to know its reference. What it decides without, it must ask
again, by a deadline that waits for all that others have read: that took claims two seconds when a replica joined."""
_GLANCE_SECONDS = 0.1
COUNT_SECONDS = 5.0
"""Real seconds between two counts of what is overdue, parked, early or dead: for the metrics alone."""


class Worker:
    """One process of one service on one replica. ``hear`` and ``tick`` never run at the same time."""

    def __init__(self, context: Context) -> None:
        self.process, self.service, self.token = context.process, context.service, context.token
        self.progress = steady_seconds()
        self.waiting_since: float | None = None
        """Real moment since which records have waited and none was heard; None while all is well."""
        self.broken: Exception | None = None
        """Set when going on would be wrong (another log, an older database): the replica must end."""
        self.wake = asyncio.Event()
        self.due = False
        """Whether anything was due at the last tick: it has been decided, or waits for what others read meanwhile."""
        self.worked = False
        """Whether the last tick decided anything."""
        self.quiet = False
        """Whether the last tick found nothing to do."""
        self.due_in = math.inf
        """Real seconds from the last tick until the next deadline passes."""
        self._store, self._log, self._clock, self._metrics = context.store, context.log, context.clock, context.metrics
        self._sieve = Sieve(self.process, log=self._log, clock=self._clock, metrics=self._metrics, changed=self._break)
        self._turns = Turns(context)
        self._outbox, self._watermark, self._next = self._turns.outbox, self._turns.watermark, self._turns.next
        self._restored = RestoredLanes(self._turns)
        self._dead_letters = DeadLetters(self.process, metrics=self._metrics, lane_of=self._sieve.lane_of)
        self._busy = asyncio.Lock()
        self._on_record = False
        self._unprepared: set[Place] = set()
        """Places whose assignment failed: until it is made up for, what is known of them may be out of date."""
        self._committed: dict[Place, int] = {}
        self._passing_on: tuple[dict[Place, int], dict[int, int]] | None = None
        """How far was read, and how far each lane had got by then: what must be out before that may be committed."""
        self._informed_by: float | None = None
        """When it will have waited long enough to know its reference; None: no record has come yet."""
        self._unsure_since: float | None = None
        self._were_unsure = 0
        self._counted_at = self._looked_at = -math.inf
        self._deadlines_of = context.dependent or self.process.name
        self._looks_for_others = context.dependent is not None
        """Who keeps a reference looks at every tick, and never rests: a replica that starts knows it when that has been
        told, and that waits for the fetch under way."""

    async def assigned(self, places: Collection[Place]) -> None:
        """New places: start reading one before ``next``, to see whether it is still the same log."""
        self._unprepared.update(places)
        begins = await self._log.begins(places)
        rows = await self._refuse_unread(begins)
        ends = await self._log.ends(places)  # after the rows, which others move on meanwhile
        for row in rows:
            self._refuse_shorter(row.place, ends[row.place], row.next)
            self._log.seek(row.place, max(row.next - 1, begins[row.place]))
            self._sieve.begin(row.place, after=row.last_print is not None and row.next > begins[row.place])
            self._committed.pop(row.place, None)  # the group may have lost it, and listeners of ours wait for it
            self._next[row.place] = row.next
        self._unprepared.difference_update(places)

    async def hear(self, records: Sequence[Record]) -> None:
        """Decides a batch; returns when it is done, however long the database is away."""
        async with self._busy:
            self._refuse_when_broken()
            self._log.rest(quiet=False)
            await self._insist(lambda: self._hear(records))
            self._sieve.heard()
            self.waiting_since = None

    async def informed(self) -> None:
        """Returns when its reference is known, or has been waited for long enough: to be awaited before ``hear``."""
        self._informed_by = self._informed_by or steady_seconds() + REFERENCE_SECONDS
        while not self._watermark.reference_known and steady_seconds() < self._informed_by:
            with contextlib.suppress(PassingError):  # hearing waits for the database too, and says so
                await self._watermark.look_at_reference()
            if not self._watermark.reference_known:
                await asyncio.sleep(_GLANCE_SECONDS)

    async def tick(self) -> None:
        """Everything that needs no input: requests, unpublished rows, progress, deadlines. Raises on trouble."""
        async with self._busy:
            self._refuse_when_broken()
            try:
                await self._tick()
            except BaseException as error:
                self._outbox.forget()
                self.broken = self.broken or (error if isinstance(error, RefusalError) else None)
                raise
            self.progress = steady_seconds()

    async def _tick(self) -> None:
        self.worked = False
        await self._log.check()
        await self._prepare()
        lanes, now = self.lanes(), self._clock.now()
        waiting = await self._store.waiting(lanes, now, self._deadlines_of)
        self.due = bool(waiting.due)
        self.due_in = self._clock.real_seconds(waiting.next_due - now) if waiting.next_due else math.inf
        self._metrics.show(waiting)
        await self._count(lanes)
        self.quiet = self._is_quiet(waiting)
        self._log.rest(quiet=self.quiet and not self._looks_for_others)
        if self.quiet and not self._looks_for_others and steady_seconds() - self._looked_at < QUIET_SECONDS:
            return
        wanted = dict(self._next)  # before the sample: an assignment may move it on meanwhile
        await self._watermark.sample(due=self.due)
        for place, end in self._watermark.ends.items():  # before anything is said to, or decided by, another log
            self._refuse_shorter(place, end, wanted.get(place, 0))
        self._looked_at = steady_seconds()
        sure = self._is_sure()
        self._show_lag(sure=sure)
        if not sure:
            return
        if waiting.requests:
            await self._carry_out(waiting.requests)
        if waiting.behind:
            await self._outbox.drain(waiting.behind)
        await self._watermark.advance(self._next)
        if waiting.gathering:
            async for _ in self._restored.retell(await self._watermark.caught_up(sorted(waiting.gathering))):
                self.progress = steady_seconds()
        if self._passing_on or self._uncommitted():
            await self._pass_on()
        if due := waiting.due - waiting.gathering:
            await self._fire(due)

    async def _prepare(self) -> None:
        """An assignment that failed is noticed by the next record; where none comes, deadlines would wait for ever."""
        assigned = self._log.assigned()
        if missed := assigned & self._unprepared | assigned - self._next.keys():
            await self.assigned(missed)

    def _is_quiet(self, waiting: Waiting) -> bool:
        """Nothing is to be said or decided, and no deadline waits to be told what was read, here or elsewhere."""
        return not (
            waiting.requests
            or waiting.behind
            or waiting.gathering
            or waiting.deadlines
            or not self._watermark.reference_known
            or self._passing_on
            or self._unprepared
            or self._uncommitted()
            or self._sieve.unsure(self._log.assigned())
        )

    def _is_sure(self) -> bool:
        """Nothing is said to, or decided by, a log of which the record heard last has not been seen again.

        As long as one place after another is seen, the rest is on its way: to seek would send it back to the end of
        what is fetched, and under load for ever.
        """
        unsure = self._sieve.unsure(self._log.assigned())
        fewer, self._were_unsure = len(unsure) < self._were_unsure, len(unsure)
        if not unsure:
            self._unsure_since = None
        elif self._unsure_since is None or fewer:
            self._unsure_since = steady_seconds()
        elif steady_seconds() - self._unsure_since > LOOK_AGAIN_SECONDS:
            self._unsure_since = steady_seconds()
            log.warning("still not seen to be the same log", process=self.process.name, places=len(unsure))
            for place in unsure:
                self._log.seek(place, self._next[place] - 1)
        return not unsure

    async def _count(self, lanes: Collection[int]) -> None:
        if steady_seconds() - self._counted_at >= COUNT_SECONDS:
            self._metrics.overdue.set(await self._store.overdue(lanes, self._clock.now()))
            kept = await self._store.kept(lanes)
            self._dead_letters.waiting = kept.dead_letters
            self._metrics.show_kept(kept, self._clock.now())
            self._counted_at = steady_seconds()

    def lanes(self) -> list[int]:
        """The lanes this replica looks after without being asked: those of its partitions."""
        return sorted({place.partition for place in self._log.assigned()})

    def lanes_to_act_for(self) -> list[int]:
        """Those whose effects this replica does: by one topic, which every version hears. While only a new version
        hears a second one, its replicas look after lanes of others as well."""
        topic = next((kind.topic.name for kind in self.process.begins if kind.topic is not None), None)
        return sorted({place.partition for place in self._log.assigned() if topic in (None, place.topic)})

    async def _insist(self, attempt: Any) -> None:
        """Tries until it works; only a log that is another one, or cancellation, ends it."""
        for pause in pauses():
            try:
                await attempt()
            except RefusalError as error:
                self.broken = self.broken or error
                raise
            except Exception as error:
                self._metrics.retries.inc()
                self._metrics.lag.set(math.nan)
                log.warning("retry", process=self.process.name, error=describe(error), pause=pause)
                self._outbox.forget()
                if isinstance(error, PassingError):  # a restart would not help; anything else may need one
                    self.progress, self.waiting_since = steady_seconds(), None
                await asyncio.sleep(pause)
            else:
                self.progress = steady_seconds()
                return

    async def _hear(self, records: Sequence[Record]) -> None:
        await self._write_down(await self._log.check())  # whoever they came from
        places = {record.place for record in records}
        lanes = {lane for record in records if (lane := self._sieve.lane_of(record)) is not None}
        await self._begin(places)
        await self._refuse_gone(records)
        try:
            await self._transact(places, lanes, records)
        except FAULTS:
            keys = {(record.key or b"").decode("utf-8", "replace") for record in records}

            async def trial(only: Collection[str]) -> None:
                self.progress = steady_seconds()  # each is one: there may be thousands
                await self._transact(places, lanes, records, only=only)

            await self._transact(places, lanes, records, await self._turns.find_bad(keys, trial))

    async def _write_down(self, cluster: str | None) -> None:
        """Of which cluster a service heard first is on record from then on, whoever has looked at another one since."""
        if cluster is not None and not self._on_record:
            if (known := await self._store.cluster(cluster)) != cluster:
                raise another(self.process.name, cluster, known)
            self._on_record = True

    async def _begin(self, places: set[Place]) -> None:
        """Records can come before the assignment was told, or it failed unseen: then the rows are made here."""
        unknown = places - self._next.keys()
        if unknown:
            await self.assigned(unknown)

    async def _refuse_gone(self, records: Sequence[Record]) -> None:
        """Where the log has lost its beginning beneath a reader, the client goes on behind the gap without a word."""
        following = dict(self._next)
        jumped: set[Place] = set()
        for place, offset in ((record.place, record.offset) for record in records):
            if offset > following.get(place, offset):
                jumped.add(place)
            following[place] = offset + 1
        if jumped:
            await self._refuse_unread(await self._log.begins(jumped))

    async def _refuse_unread(self, begins: Mapping[Place, int]) -> list[InputRow]:
        """The rows of these places, none of which has records to read that are not there any more."""
        rows = await self._store.begin_inputs(begins)
        for row in rows:
            if row.next < begins[row.place]:
                raise self._break(row.place, f"records {row.next} to {begins[row.place] - 1} are gone unread")
        return rows

    async def _transact(
        self,
        places: set[Place],
        lanes: set[int],
        records: Sequence[Record],
        bad: Mapping[str, str] | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        """The one transaction of a batch. ``only``: a trial with these keys alone, rolled back."""
        started = time.perf_counter()
        async with self._store.transaction() as tx:
            inputs, lane_rows = await self._turns.take(tx, places, lanes)
            dead: list[DeadLetter] = []
            heard = self._sieve.sift(records, {row.place: row for row in inputs}, dead)
            if only is not None:
                heard = [pair for pair in heard if pair[0].key in only]
            refusing = bool(dead) and self.process.refuses is not None
            turn = await self._turns.turn(tx, lane_rows, heard, bad or {}, refusing=refusing)
            if only is None:
                self._dead_letters.keep(turn, dead)
            turn.changes.inputs = inputs
            await self._turns.write(tx, turn, lane_rows)
            if only is not None:
                raise TrialPassed
        for row in inputs:
            self._next[row.place] = row.next
        self._metrics.batch.observe(len(records))
        self._metrics.seconds.observe(time.perf_counter() - started)
        await self._turns.say(lane_rows, turn.changes.outbox)

    async def _carry_out(self, lanes: Collection[int]) -> None:
        """Requests in their order: outcomes of effects, changed references, replays."""

        async def requests(tx: Transaction, limit: int) -> list[Asked]:
            return await tx.requests(lanes, limit)

        await self._work_off(lanes, requests)

    async def _fire(self, lanes: Collection[int]) -> None:
        """Asks the states whose deadline has passed, up to the moment to which everything heard has been read."""
        limits = await self._watermark.limits(lanes)

        async def deadlines(tx: Transaction, limit: int) -> list[Asked]:
            found = await tx.due(limits, limit)
            return [deadline(self.process.name, row.key, row.lane, row.due) for row in found if row.due is not None]

        if limits:
            await self._work_off(limits, deadlines)

    async def _work_off(self, lanes: Collection[int], find: Find) -> None:
        """Turn after turn until nothing more is found, or records have waited long enough.

        What is found once more waits for something else, and holds up nobody. Data that the database refuses is found
        by halving, and parked.
        """
        limit, bad, asked = LIMIT, dict[str, str](), list[Asked]()
        before, waits = set[str | int](), set[str | int]()
        began = steady_seconds()
        while True:
            most = limit + len(waits)
            try:
                async with self._store.transaction() as tx:
                    _, lane_rows = await self._turns.take(tx, (), lanes)
                    found = await find(tx, most)
                    waits |= before.intersection(map(_name, found))
                    asked = [one for one in found if _name(one) not in waits][:limit]
                    if not asked and len(found) < most:
                        return  # a deadline that waits for others is looked for at every tick, and writes nothing
                    turn = await self._turns.turn(tx, lane_rows, [(a, None) for a in asked], bad)
                    await self._turns.write(tx, turn, lane_rows)
            except FAULTS as error:
                if limit == 1 and (not asked or asked[0].key in bad):
                    raise
                if limit == 1:
                    bad[asked[0].key] = self._turns.blamed(asked[0].key, error)
                limit = max(limit // 2, 1)
                continue
            await self._turns.say(lane_rows, turn.changes.outbox)
            self.progress, self.worked = steady_seconds(), self.worked or bool(asked)
            if len(found) < most:
                return
            if self.progress - began >= WORK_SECONDS:  # never before a turn has worked: what is bad would not be found
                return
            before.update(map(_name, asked))
            limit = LIMIT

    def _show_lag(self, *, sure: bool) -> None:
        """For monitors, and for whoever asks whether this replica is alive: one that is never sure hears nothing."""
        if not self._watermark.ends:
            return  # nothing is assigned: the lag is not 0 but unknown
        lag = sum(max(0, end - self._next.get(place, 0)) for place, end in self._watermark.ends.items())
        self._metrics.lag.set(lag)
        self.waiting_since = None if lag == 0 and sure else self.waiting_since or steady_seconds()

    def _uncommitted(self) -> dict[Place, int]:
        assigned = self._log.assigned()
        return {p: n for p, n in self._next.items() if p in assigned and self._committed.get(p) != n}

    async def _pass_on(self) -> None:
        """For lag monitors, and for services that wait for us. What is committed is taken for passed on: so all that
        followed from it is out, in whichever lane, and nothing of it is only gathered, or waits for an outcome."""
        offsets = self._uncommitted()
        lanes = await self._store.lanes()  # after how far was read: what followed from that is in it
        if any(lane.gathering for lane in lanes) or (any(lane.told for lane in lanes) and await self._store.awaits()):
            self._passing_on = None
            return
        offsets, wanted = self._passing_on or (offsets, {lane.n: lane.position for lane in lanes})
        self._passing_on = offsets, wanted
        if any(lane.published < wanted[lane.n] for lane in lanes):
            return
        self._passing_on = None
        if still := {place: n for place, n in offsets.items() if place in self._log.assigned()}:
            await self._log.commit(still)
            self._committed.update(still)

    def _refuse_shorter(self, place: Place, end: int, wanted: int) -> None:
        if end < wanted:
            raise self._break(place, f"it ends at {end}, before record {wanted} that is wanted next")

    def _refuse_when_broken(self) -> None:
        """Who has refused once says, hears and decides nothing any more."""
        if self.broken is not None:
            raise self.broken

    def _break(self, place: Place, what: str) -> LogChangedError:
        self.broken = LogChangedError(
            f"{self.service}: {place.topic}/{place.partition} is not the log that was read before: {what}. {CURE}"
        )
        return self.broken


def _name(asked: Asked) -> str | int:
    """By which something that is due, or requested, is known when it is found once more."""
    return asked.request_id or asked.cause


def steady_seconds() -> float:
    """The running loop's own time: real seconds in production, virtual ones in the simulation."""
    return asyncio.get_running_loop().time()


def pauses() -> Iterator[float]:
    """Between the tries of whatever is tried until it works."""
    return chain(BACKOFF, repeat(BACKOFF[-1]))
