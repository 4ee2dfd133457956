"""One transaction in memory: what PostgreSQL does at READ COMMITTED with the statements of ours."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ops.simulation.database import Database, DatabaseLine, Session
from ops.simulation.own_tables import key_of, refuse_bad_rows
from ops.simulation.tables import EVER, EffectState, Tables, due_states, own_input, own_lane
from shared.events.base import PARTITIONS
from shared.runtime.lanes import partition_of
from shared.runtime.log import Outgoing, Place
from shared.runtime.store import (
    REPLAY,
    Asked,
    Changes,
    ContradictionError,
    DataError,
    HeldRow,
    InputRow,
    LaneRow,
    StateRow,
    ToldRow,
)


class SimulatedTransaction:
    """One open transaction of one process. What it writes is seen by nobody before it is committed."""

    def __init__(self, database: Database, process: str, owner: UUID, line: DatabaseLine, session: Session) -> None:
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
        return await self._states(self._process, keys)

    async def reference(self, process: str, keys: Collection[str]) -> list[StateRow]:
        for lane in sorted({partition_of(key, PARTITIONS) for key in keys}):
            await self._database.lock(self._session, (process, lane))
        return await self._states(process, keys)

    async def _states(self, process: str, keys: Collection[str]) -> list[StateRow]:
        await self._call("load")
        states = self._database.schema.tables[process].states
        found = [states[key] for key in sorted(keys) if key in states]
        await self._done("load")
        return found

    async def reference_then(self, process: str, seen: Collection[tuple[str, int]]) -> list[StateRow]:
        await self._call("load")
        journal = self._database.schema.tables[process].journal
        found = [
            StateRow(row.key, 0, row.n, row.asked.body or "", None, None)
            for key, n in sorted(seen)
            for row in journal.get(key, ())
            if row.n == n
        ]
        await self._done("load")
        return found

    async def decided_last(self, keys: Collection[str]) -> list[tuple[str, datetime]]:
        await self._call("load")
        journal = self._tables.journal
        found = [(key, max(row.at for row in journal[key])) for key in sorted(keys) if journal.get(key)]
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
        found = due_states(self._tables, until)[:limit]
        await self._done("due")
        return found

    async def requests(self, lanes: Collection[int], limit: int) -> list[Asked]:
        await self._call("requests")
        rows = sorted(self._tables.requests.items())
        gathering = {n for n, lane in self._tables.lanes.items() if lane.gathering}
        found = [
            asked._replace(request_id=number)
            for number, asked in rows
            if asked.lane in lanes and not (asked.type == REPLAY and asked.lane in gathering)
        ][:limit]
        await self._done("requests")
        return found

    async def told(self, lanes: Collection[int]) -> list[ToldRow]:
        await self._call("told")
        found = [row for row in self._tables.told.values() if row.lane in lanes]
        await self._done("told")
        return found

    async def gathered(self, lane: int) -> list[tuple[str, int, int]]:
        await self._call("gathered")
        numbers: dict[str, list[int]] = {}
        for number, row in sorted(self._tables.held.items()):
            if row.asked.lane == lane:
                numbers.setdefault(row.asked.key, []).append(number)
        await self._done("gathered")
        return [(key, found[-1], len(found)) for key, found in numbers.items()]

    async def awaited(self, keys: Collection[str]) -> list[tuple[str, str]]:
        await self._call("awaited")
        effects, requests = self._tables.effects.values(), self._tables.requests.values()
        found = [(e.row.key, str(e.row.id)) for e in effects if e.row.key in keys and e.done_at is None]
        found += [(asked.key, asked.cause) for asked in requests if asked.key in keys]
        await self._done("awaited")
        return found

    async def recall(self, lanes: Sequence[LaneRow], outbox: Sequence[Outgoing], told: Sequence[ToldRow]) -> None:
        epochs = {lane.n: lane.epoch for lane in lanes}
        self._todo.append(lambda: _begin_epochs(self._tables, epochs))
        await self.write(Changes(lanes=list(lanes), outbox=list(outbox)), EVER, None)
        self._todo.append(lambda: self._tables.told.update({(row.lane, row.id): row for row in told}))

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
        self._database.back_up()
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


def _stored(row: HeldRow) -> HeldRow:
    """Where a fact was read is not kept."""
    return replace(row, asked=row.asked._replace(record=None, request_id=None))


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
    if changes.retold:
        _mark_retold(tables, set(changes.retold))
    for letter in changes.dead:
        tables.dead.setdefault((letter.record.place, letter.record.offset), letter)


def _mark_retold(tables: Tables, retold: set[tuple[int, str]]) -> None:
    """What was said again goes; the last of each stream stays until all of its lane was."""
    for about, row in tables.told.items():
        if (row.lane, row.cause) in retold:
            tables.told[about] = row._replace(done=True)
    last: dict[tuple[int, str], datetime] = {}
    for row in tables.told.values():
        stream = (row.lane, row.stream)
        last[stream] = max(row.moment, last.get(stream, row.moment))
    for about, row in list(tables.told.items()):
        goes = tables.lanes[row.lane].told == 0 or (row.done and row.moment < last[row.lane, row.stream])
        if goes and row.lane in {lane for lane, _ in retold}:
            del tables.told[about]


def _begin_epochs(tables: Tables, epochs: Mapping[int, int]) -> None:
    for n, epoch in epochs.items():
        tables.lanes[n] = replace(tables.lanes[n], epoch=epoch)
