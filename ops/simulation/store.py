"""The store in memory: what PostgreSQL does at READ COMMITTED, with its locks, time-outs, and ways to fail."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from ops.simulation.own_tables import key_of, refuse_bad_rows
from ops.simulation.tables import EffectState, Schema, Tables, own_input, own_lane
from shared.runtime.log import Outgoing, Place
from shared.runtime.store import (
    Asked,
    Changes,
    ContradictionError,
    DataError,
    EffectRow,
    HeldRow,
    InputRow,
    Kept,
    LaneRow,
    PassingError,
    Progress,
    StateRow,
    Waiting,
)

LOCK_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 20.0
"""How long a transaction waits for a lock, and how long an idle one keeps its locks."""


class Line(Protocol):
    """The way between one replica and its database: where calls take their time, fail, or never return."""

    async def before(self, call: str) -> None:
        """Before the database has heard of it."""
        ...

    async def after(self, call: str) -> None:
        """When it is done, and the client does not know yet."""
        ...

    def closes(self, session: "Session") -> None:
        """Called for each session that begins: it is ended with the client, or with the database."""
        ...


class Commit(Protocol):
    """Is shown every transaction that has just been committed."""

    def __call__(self, service: str, process: str, changes: Changes) -> None: ...


class Database:
    """One service's schema with the locks on its rows. Survives every replica."""

    def __init__(self, service: str, committed: Commit = lambda service, process, changes: None) -> None:
        self.service, self.committed = service, committed
        self.schema = Schema()
        self.changed = 0
        """Grows with every commit that has written something."""
        self._locks: dict[object, Session] = {}
        self._queues: dict[object, list[asyncio.Future[None]]] = {}

    async def lock(self, session: "Session", row: object) -> None:
        """Waits for whoever has the row; gives up like ``lock_timeout``."""
        while (owner := self._locks.get(row)) is not None and owner is not session:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._queues.setdefault(row, []).append(turn)
            try:
                async with asyncio.timeout(LOCK_SECONDS):
                    await turn
            except TimeoutError:
                raise PassingError("LockNotAvailableError 55P03") from None
            session.check()
        self._locks[row] = session
        session.rows.append(row)

    def release(self, session: "Session") -> None:
        for row in session.rows:
            if self._locks.get(row) is session:
                del self._locks[row]
            for turn in self._queues.pop(row, ()):
                if not turn.done():
                    turn.set_result(None)
        session.rows.clear()

    def restore(self, backup: Schema) -> None:
        """Another moment's rows; the backup stays good for another time."""
        self.schema = backup.copy()


class Session:
    """The database's side of one transaction."""

    def __init__(self, database: Database) -> None:
        self.rows: list[object] = []
        self.open = True
        self._database = database

    def check(self) -> None:
        if not self.open:
            raise PassingError("the connection is gone")

    def end(self) -> None:
        """Whatever it has written and not committed is gone, and so are its locks."""
        self.open = False
        self._database.release(self)


class SimulatedTransaction:
    """One open transaction of one process. What it writes is seen by nobody before it is committed."""

    def __init__(self, database: Database, process: str, owner: UUID, line: Line, session: Session) -> None:
        self._database, self._process, self._owner, self._line = database, process, owner, line
        self._session = session
        self._todo: list[Callable[[], None]] = []
        self.changes = Changes()

    @property
    def _tables(self) -> Tables:
        return self._database.schema.tables[self._process]

    async def take(self, places: Collection[Place], lanes: Collection[int]) -> tuple[list[InputRow], list[LaneRow]]:
        await self._call("take")
        for place in sorted(places):
            if place in self._tables.inputs:
                await self._database.lock(self._session, (self._process, place))
        for lane in sorted(lanes):
            await self._database.lock(self._session, (self._process, lane))
        tables = self._tables
        inputs = [own_input(tables.inputs[place]) for place in sorted(places) if place in tables.inputs]
        found = inputs, [own_lane(tables.lanes[lane]) for lane in sorted(lanes) if lane in tables.lanes]
        await self._done("take")
        return found

    async def load(self, keys: Collection[str]) -> list[StateRow]:
        return await self.reference(self._process, keys)

    async def reference(self, process: str, keys: Collection[str]) -> list[StateRow]:
        await self._call("load")
        states = self._database.schema.tables[process].states
        found = [states[key] for key in sorted(keys) if key in states]
        await self._done("load")
        return found

    async def held(self, keys: Collection[str]) -> list[HeldRow]:
        await self._call("held")
        found = [
            replace(row, asked=row.asked._replace(held_id=number))
            for number, row in sorted(self._tables.held.items())
            if row.asked.key in keys
        ]
        await self._done("held")
        return found

    async def due(self, until: Mapping[int, datetime], limit: int) -> list[StateRow]:
        await self._call("due")
        found = _due(self._tables, until)[:limit]
        await self._done("due")
        return found

    async def requests(self, lanes: Collection[int], limit: int) -> list[Asked]:
        await self._call("requests")
        rows = sorted(self._tables.requests.items())
        found = [asked._replace(request_id=number) for number, asked in rows if asked.lane in lanes][:limit]
        await self._done("requests")
        return found

    async def write(self, changes: Changes, at: datetime, dependent: str | None) -> None:
        await self._call("write")
        self._refuse_bad_data(changes)
        questions = self._questions(changes, at, dependent) if dependent and changes.changed else []
        numbered = [(self._database.schema.next_number(), _stored(row)) for row in changes.held]
        self.changes = changes
        self._todo.append(lambda: _apply(self._tables, changes, numbered, self._owner))
        if changes.rows:
            self._todo.append(lambda: self._book(changes))
        if dependent is not None and questions:
            self._todo.append(lambda: self._database.schema.tables[dependent].requests.update(questions))
        await self._done("write")

    def commit(self) -> None:
        self._session.check()
        for apply in self._todo:
            apply()
        if self._todo:
            self._database.changed += 1
            self._database.committed(self._database.service, self._process, self.changes)

    def _questions(self, changes: Changes, at: datetime, dependent: str) -> list[tuple[int, Asked]]:
        """For every state there is at this moment that watches one of the changed keys."""
        watchers = self._database.schema.tables[dependent].states.values()
        n = {row.key: row.n for row in (*self._tables.states.values(), *changes.states)}
        return [
            (
                self._database.schema.next_number(),
                Asked(s.key, s.lane, "asked", f"{s.key}/asked/{s.watches}@{n[s.watches]}", at),
            )
            for s in sorted(watchers)
            if s.watches in changes.changed
        ]

    def _refuse_bad_data(self, changes: Changes) -> None:
        """As far as a decision could bring it about: an entry booked twice, a character that text cannot hold."""
        texts = (*(row.key for row in changes.states), *(row.body for row in changes.outbox))
        if any("\x00" in text for text in texts):
            raise DataError("CharacterNotInRepertoireError 22021")
        effects = self._tables.effects
        if any(e.id in effects and effects[e.id].row.body != e.body for e in changes.effects):
            raise ContradictionError("an effect was asked for before under the same id, otherwise")
        for table, rows in changes.rows.items():
            refuse_bad_rows(table, self._database.schema.own[table], rows)

    def _book(self, changes: Changes) -> None:
        for table, rows in changes.rows.items():
            self._database.schema.own[table].update({key_of(table, row): row for row in rows})

    async def _call(self, what: str) -> None:
        await self._line.before(what)
        self._session.check()

    async def _done(self, what: str) -> None:
        await self._line.after(what)
        self._session.check()


class SimulatedStore:
    """The store of one process of one service on one replica."""

    def __init__(self, database: Database, process: str, owner: UUID, line: Line) -> None:
        self._database, self._process, self._owner, self._line = database, process, owner, line

    @property
    def _tables(self) -> Tables:
        return self._database.schema.tables[self._process]

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[SimulatedTransaction]:
        session = Session(self._database)
        self._line.closes(session)
        try:
            tx = SimulatedTransaction(self._database, self._process, self._owner, self._line, session)
            yield tx
            await self._line.before("commit")
            tx.commit()
            self._database.release(session)
            await self._line.after("commit")
        except asyncio.CancelledError:
            raise  # the client has died: the database finds that out when the line is cut
        except BaseException:
            session.end()
            raise
        else:
            session.end()

    async def begin_inputs(self, begins: Mapping[Place, int]) -> list[InputRow]:
        async with self._calling("begin_inputs"):
            for place, begin in sorted(begins.items()):
                self._tables.inputs.setdefault(place, InputRow(place, begin, begin, None, {}))
            return [own_input(self._tables.inputs[place]) for place in sorted(begins)]

    async def tell_progress(self, topics: Mapping[str, tuple[list[int], datetime]]) -> None:
        async with self._calling("tell_progress"):
            told = {topic: (list(partitions), at) for topic, (partitions, at) in topics.items()}
            self._tables.progress[self._owner] = Progress(self._process, told)

    async def progress(self, processes: Collection[str]) -> list[Progress]:
        async with self._calling("progress"):
            tables = self._database.schema.tables
            return [row for name in processes if name in tables for row in tables[name].progress.values()]

    async def waiting(self, lanes: Collection[int], now: datetime) -> Waiting:
        async with self._calling("waiting"):
            tables = self._tables
            rows = [tables.lanes[n] for n in sorted(lanes) if n in tables.lanes]
            return Waiting(
                requests=frozenset(asked.lane for asked in tables.requests.values() if asked.lane in lanes),
                due=frozenset(row.lane for row in _due(tables, dict.fromkeys(lanes, now))),
                behind={row.n: (row.published, row.position) for row in rows if row.published < row.position},
                held=sum(row.held for row in rows),
            )

    async def overdue(self, lanes: Collection[int], now: datetime) -> int:
        async with self._calling("overdue"):
            states = self._tables.states.values()
            return sum(s.late_at is not None and s.late_at <= now and s.lane in lanes for s in states)

    async def kept(self, lanes: Collection[int]) -> Kept:
        async with self._calling("kept"):
            tables, parked = self._tables, self._tables.parked()
            waiting = [row for row in tables.held.values() if row.asked.lane in lanes]
            return Kept(
                len({row.asked.key for row in waiting if row.asked.key in parked}),
                min((row.since for row in waiting if row.asked.key in parked), default=None),
                sum(row.asked.key not in parked for row in waiting),
                min((row.since for row in waiting if row.asked.key not in parked), default=None),
                sum(place.partition in lanes for place, _ in tables.dead),
            )

    async def unpublished(self, lanes: Collection[int], limit: int) -> list[Outgoing]:
        async with self._calling("unpublished"):
            tables = self._tables
            return [
                record
                for n in sorted(set(lanes))
                if tables.lanes[n].published < tables.lanes[n].position
                for record in tables.outbox[n]
                if record.position > tables.lanes[n].published
            ][:limit]

    async def published(self, positions: Mapping[int, int]) -> None:
        async with self._locking("published", positions):
            for n, position in positions.items():
                row = self._tables.lanes[n]
                self._tables.lanes[n] = replace(row, published=max(row.published, position))
            self._database.changed += 1

    async def effects_waiting(self, lanes: Collection[int], now: datetime, limit: int) -> list[EffectRow]:
        async with self._calling("effects_waiting"):
            waiting = [e for e in self._tables.effects.values() if e.done_at is None and e.next_at <= now]
            waiting = sorted((e for e in waiting if e.row.lane in lanes), key=lambda e: e.next_at)
            return [e.row for e in waiting[:limit]]

    async def effects_done(
        self, done: Sequence[tuple[EffectRow, str, str]], later: Sequence[tuple[EffectRow, datetime]], now: datetime
    ) -> None:
        async with self._calling("effects_done"):
            effects, schema = self._tables.effects, self._database.schema
            for row, kind, body in done:
                state = effects[row.id]
                if state.done_at is None:
                    effects[row.id] = replace(state, row=_tried(state.row), done_at=now)
                    asked = Asked(row.key, row.lane, kind, str(row.id), now, body)
                    self._tables.requests[schema.next_number()] = asked
            for row, at in later:
                if effects[row.id].done_at is None:
                    effects[row.id] = replace(effects[row.id], row=_tried(effects[row.id].row), next_at=at)
            self._database.changed += 1

    @asynccontextmanager
    async def _calling(self, what: str) -> AsyncGenerator[None]:
        """One statement, which is its own transaction."""
        await self._line.before(what)
        yield
        await self._line.after(what)

    @asynccontextmanager
    async def _locking(self, what: str, lanes: Collection[int]) -> AsyncGenerator[None]:
        await self._line.before(what)
        session = Session(self._database)
        try:
            for lane in sorted(lanes):
                await self._database.lock(session, (self._process, lane))
            yield
        finally:
            session.end()
        await self._line.after(what)


def _stored(row: HeldRow) -> HeldRow:
    """Where a fact was read is not kept."""
    return replace(row, asked=row.asked._replace(record=None, request_id=None))


def _tried(row: EffectRow) -> EffectRow:
    return replace(row, attempts=row.attempts + 1)


def _due(tables: Tables, until: Mapping[int, datetime]) -> list[StateRow]:
    """States whose deadline has passed, the earliest first; parked keys wait."""
    parked = tables.parked()
    due = [
        (row.due, row.key)
        for row in tables.states.values()
        if row.due is not None and row.lane in until and row.due <= until[row.lane] and row.key not in parked
    ]
    return [tables.states[key] for _, key in sorted(due)]


def _apply(tables: Tables, changes: Changes, held: Sequence[tuple[int, HeldRow]], owner: UUID) -> None:
    """Everything one transaction writes."""
    for state in changes.states:
        tables.states[state.key] = state
    for record in changes.outbox:
        tables.outbox[record.lane].append(record)
    for row in changes.journal:
        tables.journal[row.key].append(row)
    for row in changes.inputs:
        if row.place in tables.inputs:
            tables.inputs[row.place] = replace(own_input(row), began_at=tables.inputs[row.place].began_at)
    for lane in changes.lanes:
        before = tables.lanes[lane.n]
        published = max(before.published, lane.published)
        tables.lanes[lane.n] = replace(own_lane(lane), owner=owner, epoch=before.epoch, published=published)
    for effect in changes.effects:
        tables.effects.setdefault(effect.id, EffectState(effect, effect.at))
    tables.held.update(held)
    for number, error in changes.errors.items():
        if number in tables.held:
            tables.held[number] = replace(tables.held[number], error=error)
    for number in changes.released:
        tables.held.pop(number, None)
    for number in changes.answered:
        tables.requests.pop(number, None)
    for letter in changes.dead:
        tables.dead.setdefault((letter.record.place, letter.record.offset), letter)
