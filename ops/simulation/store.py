"""The store in memory, bound to one process on one replica."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ops.simulation.database import Database, DatabaseLine, Session
from ops.simulation.tables import Tables, due_states, own_input, own_lane
from ops.simulation.transaction import SimulatedTransaction
from shared.runtime.log import Outgoing, Place
from shared.runtime.store import Asked, EffectRow, InputRow, Kept, LaneRow, Progress, ToldRow, Waiting


class SimulatedStore:
    """The store of one process of one service on one replica."""

    def __init__(self, database: Database, process: str, owner: UUID, line: DatabaseLine) -> None:
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

    async def waiting(self, lanes: Collection[int], now: datetime, deadlines_of: str) -> Waiting:
        async with self._calling("waiting"):
            tables = self._tables
            rows = [tables.lanes[n] for n in sorted(lanes) if n in tables.lanes]
            theirs = self._database.schema.tables[deadlines_of]
            return Waiting(
                requests=frozenset(asked.lane for asked in tables.requests.values() if asked.lane in lanes),
                due=frozenset(row.lane for row in due_states(tables, dict.fromkeys(lanes, now))),
                behind={row.n: (row.published, row.position) for row in rows if row.published < row.position},
                held=sum(row.held for row in rows),
                gathering=frozenset(row.n for row in rows if row.gathering),
                told=sum(row.told for row in rows),
                deadlines=bool(rows and due_states(theirs, dict.fromkeys(theirs.lanes, now))),
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

    async def cluster(self, found: str) -> str:
        async with self._calling("cluster"):
            schema = self._database.schema
            if schema.cluster is None or not any(map(_has_lived, schema.tables.values())):
                schema.cluster = found
            return schema.cluster

    async def lanes(self) -> list[LaneRow]:
        async with self._calling("lanes"):
            return [own_lane(row) for _, row in sorted(self._tables.lanes.items())]

    async def awaits(self) -> bool:
        async with self._calling("awaits"):
            tables = self._tables
            waiting = {row.asked.key for row in tables.held.values() if tables.lanes[row.asked.lane].told}
            return bool((waiting & tables.states.keys()) - tables.parked())

    async def recall(self, lanes: Sequence[LaneRow], outbox: Sequence[Outgoing], told: Sequence[ToldRow]) -> None:
        async with self.transaction() as tx:
            await tx.recall(lanes, outbox, told)

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
                    effects[row.id] = replace(state, row=state.row.tried(), done_at=now)
                    asked = Asked(row.key, row.lane, kind, str(row.id), now, body)
                    self._tables.requests[schema.next_number()] = asked
            for row, at in later:
                if effects[row.id].done_at is None:
                    effects[row.id] = replace(effects[row.id], row=row, next_at=at)
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


def _has_lived(tables: Tables) -> bool:
    """Whether anything was heard or said."""
    heard = any(row.next > row.began_at for row in tables.inputs.values())
    return heard or any(row.position for row in tables.lanes.values())
