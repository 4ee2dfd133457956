"""The store on PostgreSQL: every statement set-based, one transaction per turn. Nothing else here imports asyncpg."""

import json
import time
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg as _asyncpg
from pydantic_core import to_json

from shared.runtime.log import Outgoing, Place
from shared.runtime.settings import Settings
from shared.runtime.store import (
    Asked,
    Changes,
    ContradictionError,
    DataError,
    EffectRow,
    Heard,
    HeldRow,
    InputRow,
    Kept,
    LaneRow,
    PassingError,
    Progress,
    StateRow,
    ToldRow,
    Waiting,
)

asyncpg: Any = _asyncpg  # it ships no types; what it returns is narrowed here
_PASSING = ("08", "25", "28", "3D", "3F", "40", "42", "53", "55P03", "57", "58", "XX")
"""SQLSTATE classes that say nothing about the data: connection, locks, resources, and a schema or a right that is
missing (which `makegood migrate`, or an operator, will mend)."""
_CLOSE_ENOUGH = 0.5
"""Real seconds: an answer about the time is off by at most half of what it took."""


@asynccontextmanager
async def sorted_errors() -> AsyncGenerator[None]:
    """Sorts what the driver raises: trouble that passes, or data that is refused."""
    try:
        yield
    except asyncpg.PostgresError as error:
        state = str(getattr(error, "sqlstate", ""))
        if state in ("42P01", "42703", "3F000"):
            raise PassingError(
                f"tables are missing, or of an earlier version: run `makegood migrate` ({state})"
            ) from error
        if state.startswith(_PASSING):
            raise PassingError(f"{type(error).__name__} {state}") from error
        raise DataError(f"{type(error).__name__} {state}") from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        # The second: what the driver says of a connection that was lost while a transaction was begun on it.
        if isinstance(error, asyncpg.DataError | asyncpg.InterfaceError) and "invalid input" in str(error):
            raise DataError(type(error).__name__) from error
        raise PassingError(type(error).__name__) from error


async def connect(settings: Settings, schema: str, size: int = 4) -> Any:
    """A pool whose sessions hold no lock longer than their time-outs. Waits are bounded."""
    seconds = settings.database_timeout_seconds
    async with sorted_errors():
        return await asyncpg.create_pool(
            settings.database_url.get_secret_value(),
            min_size=1,
            max_size=size,
            timeout=seconds,
            command_timeout=seconds,
            init=_read_json_as_text,
            server_settings={
                "application_name": f"makegood.{schema}",
                "search_path": schema,
                "lock_timeout": f"{int(seconds * 500)}",
                "idle_in_transaction_session_timeout": f"{int(seconds * 1000)}",
                "tcp_keepalives_idle": "15",
                "jit": "off",
                "plan_cache_mode": "force_generic_plan",
            },
        )


async def _read_json_as_text(connection: Any) -> None:
    """Already asyncpg's way for json; named here because the code relies on it."""
    await connection.set_type_codec("json", encoder=str, decoder=str, schema="pg_catalog")


@asynccontextmanager
async def session(settings: Settings) -> AsyncGenerator[Any]:
    """One connection outside any pool, for work that is not on the way of events."""
    async with sorted_errors():
        connection = await asyncpg.connect(settings.database_url.get_secret_value(), timeout=60)
        try:
            yield connection
        finally:
            await connection.close()


async def look_at_clock(pool: Any, seconds: float) -> tuple[float, float]:
    """The database's clock (Unix time), and what this machine's steady clock read meanwhile. An answer that took
    long says little: it is asked for again, and raises PassingError in the end."""
    async with sorted_errors(), pool.acquire(timeout=seconds) as c:
        for _ in range(10):
            asked = time.monotonic()
            real = await c.fetchval("select extract(epoch from clock_timestamp())::float8")
            answered = time.monotonic()
            if answered - asked <= _CLOSE_ENOUGH:
                return float(real), (asked + answered) / 2
    raise PassingError("the database takes too long to tell the time")


class PostgresTransaction:
    """One open transaction of one process."""

    def __init__(self, connection: Any, process: str, owner: UUID) -> None:
        self._c, self._process, self._owner = connection, process, owner

    async def take(self, places: Collection[Place], lanes: Collection[int]) -> tuple[list[InputRow], list[LaneRow]]:
        inputs: list[InputRow] = []
        if places:
            rows = await self._c.fetch(
                "select topic, partition, began_at, next, last_print, heard from input where process = $1 and "
                "(topic, partition) in (select * from unnest($2::text[], $3::int[])) "
                "order by topic, partition for update",
                self._process, [p.topic for p in places], [p.partition for p in places],
            )  # fmt: skip
            inputs = [_input_row(row) for row in rows]
        rows = await self._c.fetch(
            f"{_LANES} and n = any($2::int[]) order by n for update", self._process, list(lanes)
        )  # fmt: skip
        return inputs, [_lane_row(row) for row in rows]

    async def load(self, keys: Collection[str]) -> list[StateRow]:
        return await self.reference(self._process, keys)

    async def reference(self, process: str, keys: Collection[str]) -> list[StateRow]:
        rows = await self._c.fetch(
            "select key, lane, n, body, due, watches from state where process = $1 and key = any($2::text[])",
            process, list(keys),
        )  # fmt: skip
        return [StateRow(*row) for row in rows]

    async def reference_then(self, process: str, seen: Collection[tuple[str, int]]) -> list[StateRow]:
        rows = await self._c.fetch(
            "select key, n, body from journal join unnest($2::text[], $3::int[]) v(key, n) using (key, n) "
            "where process = $1", process, [key for key, _ in seen], [n for _, n in seen],
        )  # fmt: skip
        return [StateRow(row["key"], 0, row["n"], row["body"], None, None) for row in rows]

    async def held(self, keys: Collection[str]) -> list[HeldRow]:
        rows = await self._c.fetch(
            "select id, lane, key, type, cause, said_at, traceparent, body, error, since from held "
            "where process = $1 and key = any($2::text[]) order by id",
            self._process, list(keys),
        )  # fmt: skip
        return [
            HeldRow(
                Asked(r["key"], r["lane"], r["type"], r["cause"], r["said_at"], r["body"], r["traceparent"], r["id"]),
                r["error"], r["since"],
            )
            for r in rows
        ]  # fmt: skip

    async def due(self, until: Mapping[int, datetime], limit: int) -> list[StateRow]:
        rows = await self._c.fetch(
            "select s.key, s.lane, s.n, s.body, s.due, s.watches from unnest($2::int[], $3::timestamptz[]) l(n, until) "
            "cross join lateral (select * from state where process = $1 and lane = l.n and due <= l.until "
            "and not exists (select from held h where h.process = $1 and h.key = state.key and h.error is not null) "
            "order by due limit $4) s order by s.due limit $4",
            self._process, list(until), list(until.values()), limit,
        )  # fmt: skip
        return [StateRow(*row) for row in rows]

    async def requests(self, lanes: Collection[int], limit: int) -> list[Asked]:
        rows = await self._c.fetch(
            "select id, lane, key, kind, cause, body, at from request where process = $1 and lane = any($2::int[]) "
            "order by id limit $3",
            self._process, list(lanes), limit,
        )  # fmt: skip
        return [Asked(r["key"], r["lane"], r["kind"], r["cause"], r["at"], r["body"], request_id=r["id"]) for r in rows]

    async def told(self, lanes: Collection[int]) -> list[ToldRow]:
        rows = await self._c.fetch(
            "select lane, cause, id, moment, type, said, reference from told "
            "where process = $1 and lane = any($2::int[])", self._process, list(lanes),
        )  # fmt: skip
        return [ToldRow(*row) for row in rows]

    async def gathered(self, lane: int) -> list[str]:
        rows = await self._c.fetch(
            "select key from held where process = $1 and lane = $2 group by key order by min(id)", self._process, lane
        )
        return [row["key"] for row in rows]

    async def effects_of(self, keys: Collection[str]) -> list[tuple[str, str]]:
        rows = await self._c.fetch(
            "select key, id::text from effect where process = $1 and key = any($2::text[]) and done_at is null",
            self._process, list(keys),
        )  # fmt: skip
        return [(row["key"], row["id"]) for row in rows]

    async def write(self, changes: Changes, at: datetime, dependent: str | None) -> None:
        c, process = self._c, self._process
        if changes.states:
            await c.execute(_WRITE_STATES, process, *_columns(
                (s.key, s.lane, s.n, s.body, s.due, s.watches, s.late_at) for s in changes.states))  # fmt: skip
        if changes.outbox:
            await c.execute(_WRITE_OUTBOX, process, *_columns(
                (o.lane, o.position, o.place.topic, o.place.partition, o.key, _headers_text(o), o.body)
                for o in changes.outbox))  # fmt: skip
        if changes.journal:
            await c.execute(_WRITE_JOURNAL, process, *_columns(
                (j.key, j.n, j.at, j.asked.said_at, j.asked.type, j.asked.cause, j.asked.body, j.reference, j.known,
                 "{" + ",".join(j.says) + "}", j.result) for j in changes.journal))  # fmt: skip
        if changes.inputs:
            await c.execute(_WRITE_INPUTS, process, *_columns(
                (i.place.topic, i.place.partition, i.next, i.last_print, to_json(i.heard).decode())
                for i in changes.inputs))  # fmt: skip
        if changes.lanes:
            await c.execute(_WRITE_LANES, process, self._owner, *_columns(
                (n.n, n.position, n.published, to_json(n.streams).decode(), n.moment, n.held, n.told, n.gathering)
                for n in changes.lanes))  # fmt: skip
        await self._write_seldom(changes, at, dependent)

    async def recall(self, lanes: Sequence[LaneRow], outbox: Sequence[Outgoing], told: Sequence[ToldRow]) -> None:
        await self._c.execute(
            "update lane set epoch = v.epoch from unnest($2::int[], $3::int[]) v(n, epoch) "
            "where process = $1 and lane.n = v.n",
            self._process, [lane.n for lane in lanes], [lane.epoch for lane in lanes],
        )  # fmt: skip
        await self.write(Changes(lanes=list(lanes), outbox=list(outbox)), datetime.now(UTC), None)
        if told:
            await self._c.execute(
                "insert into told (process, lane, cause, id, moment, type, said, reference) select $1, * from "
                "unnest($2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[])",
                self._process, *_columns(told),
            )  # fmt: skip

    async def _write_seldom(self, changes: Changes, at: datetime, dependent: str | None) -> None:
        """What most turns do not have."""
        c, process = self._c, self._process
        if changes.effects:
            contradicting = await c.fetchval(_WRITE_EFFECTS, process, *_columns(
                (e.id, e.lane, e.key, e.kind, e.body, e.at) for e in changes.effects))  # fmt: skip
            if contradicting is not None:
                raise ContradictionError(f"{contradicting} was asked for before under the same id, otherwise")
        for table, rows in changes.rows.items():
            await c.execute(
                f"insert into {table} select * from json_populate_recordset(null::{table}, $1::json)",  # noqa: S608
                f"[{','.join(rows)}]",
            )
        if changes.held:
            await c.execute(_WRITE_HELD, process, *_columns(
                (h.asked.lane, h.asked.key, h.asked.type, h.asked.cause, h.asked.said_at, h.asked.traceparent,
                 h.asked.body, h.error, h.since) for h in changes.held))  # fmt: skip
        if changes.errors:
            await c.execute(
                "update held set error = e.error from unnest($1::bigint[], $2::text[]) e(id, error) "
                "where held.id = e.id", list(changes.errors), list(changes.errors.values()))  # fmt: skip
        if changes.released:
            await c.execute("delete from held where id = any($1::bigint[])", changes.released)
        if changes.answered:
            await c.execute("delete from request where id = any($1::bigint[])", changes.answered)
        if changes.retold:
            await c.execute(
                "delete from told using unnest($2::int[], $3::text[]) v(lane, cause) "
                "where told.process = $1 and told.lane = v.lane and told.cause = v.cause",
                process, *_columns(changes.retold),
            )  # fmt: skip
        if changes.dead:
            await c.execute(_WRITE_DEAD, process, *_columns(
                (d.record.place.topic, d.record.place.partition, d.record.offset, d.record.key, d.record.value,
                 json.dumps([(n, v.decode("latin-1")) for n, v in d.record.headers]), json.dumps(d.problems), d.at,
                 d.whole, d.size)
                for d in changes.dead))  # fmt: skip
        if dependent and changes.changed:
            await c.execute(_ASK_WATCHERS, dependent, changes.changed, at, process)


class PostgresStore:
    """The store of one process of one service on one replica."""

    def __init__(self, pool: Any, process: str, owner: UUID, timeout: float) -> None:
        self._pool, self._process, self._owner, self._timeout = pool, process, owner, timeout

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[PostgresTransaction]:
        async with sorted_errors(), self._pool.acquire(timeout=self._timeout) as c, c.transaction():
            yield PostgresTransaction(c, self._process, self._owner)

    async def begin_inputs(self, begins: Mapping[Place, int]) -> list[InputRow]:
        topics, partitions = [p.topic for p in begins], [p.partition for p in begins]
        async with sorted_errors(), self._pool.acquire(timeout=self._timeout) as c:
            await c.execute(
                "insert into input (process, topic, partition, began_at, next, heard) "
                "select $1, t, p, b, b, '{}' from unnest($2::text[], $3::int[], $4::bigint[]) v(t, p, b) "
                "on conflict do nothing",
                self._process, topics, partitions, list(begins.values()),
            )  # fmt: skip
            rows = await c.fetch(
                "select topic, partition, began_at, next, last_print, heard from input where process = $1 and "
                "(topic, partition) in (select * from unnest($2::text[], $3::int[]))",
                self._process, topics, partitions,
            )  # fmt: skip
        return [_input_row(row) for row in rows]

    async def tell_progress(self, topics: Mapping[str, tuple[list[int], datetime]]) -> None:
        body = json.dumps({topic: (partitions, at.isoformat()) for topic, (partitions, at) in topics.items()})
        await self._execute(
            "insert into progress (process, owner, body) values ($1, $2, $3) "
            "on conflict (process, owner) do update set body = excluded.body, at = now()",
            self._process, self._owner, body,
        )  # fmt: skip

    async def progress(self, processes: Collection[str]) -> list[Progress]:
        rows = await self._fetch(
            "select process, body from progress where process = any($1::text[]) and at > now() - interval '1 day'",
            list(processes),
        )
        return [
            Progress(
                row["process"],
                {t: (ps, datetime.fromisoformat(at)) for t, (ps, at) in json.loads(row["body"]).items()},
            )
            for row in rows
        ]

    async def waiting(self, lanes: Collection[int], now: datetime) -> Waiting:
        rows = await self._fetch(_WAITING, self._process, list(lanes), now)
        return Waiting(
            requests=frozenset(r["n"] for r in rows if r["requested"]),
            due=frozenset(r["n"] for r in rows if r["due"]),
            behind={r["n"]: (r["published"], r["position"]) for r in rows if r["published"] < r["position"]},
            held=sum(r["held"] for r in rows),
            gathering=frozenset(r["n"] for r in rows if r["gathering"]),
            told=sum(r["told"] for r in rows),
        )

    async def overdue(self, lanes: Collection[int], now: datetime) -> int:
        [row] = await self._fetch(
            "select count(*) as states from state where process = $1 and lane = any($2::int[]) and late_at <= $3",
            self._process, list(lanes), now,
        )  # fmt: skip
        return int(row["states"])

    async def kept(self, lanes: Collection[int]) -> Kept:
        [row] = await self._fetch(_KEPT, self._process, list(lanes))
        return Kept(*row)

    async def unpublished(self, lanes: Collection[int], limit: int) -> list[Outgoing]:
        rows = await self._fetch(
            "select o.lane, o.position, o.topic, o.partition, o.key, o.headers, o.body from lane l, outbox o "
            "where l.process = $1 and l.n = any($2::int[]) and o.process = $1 and o.lane = l.n "
            "and o.position > l.published order by o.lane, o.position limit $3",
            self._process, list(lanes), limit,
        )  # fmt: skip
        return [
            Outgoing(
                r["lane"], r["position"], Place(r["topic"], r["partition"]), r["key"],
                [(name, value.encode()) for name, value in json.loads(r["headers"])], r["body"],
            )
            for r in rows
        ]  # fmt: skip

    async def published(self, positions: Mapping[int, int]) -> None:
        await self._execute(
            "update lane set published = greatest(published, p.position) "
            "from unnest($2::int[], $3::bigint[]) p(n, position) where process = $1 and lane.n = p.n",
            self._process, list(positions), list(positions.values()),
        )  # fmt: skip

    async def lanes(self) -> list[LaneRow]:
        return [_lane_row(row) for row in await self._fetch(f"{_LANES} order by n", self._process)]

    async def recall(self, lanes: Sequence[LaneRow], outbox: Sequence[Outgoing], told: Sequence[ToldRow]) -> None:
        async with self.transaction() as tx:
            await tx.recall(lanes, outbox, told)

    async def effects_waiting(self, lanes: Collection[int], now: datetime, limit: int) -> list[EffectRow]:
        rows = await self._fetch(
            "select id, lane, key, kind, body, at, attempts from effect where process = $1 and lane = any($2::int[]) "
            "and done_at is null and next_at <= $3 order by next_at limit $4",
            self._process, list(lanes), now, limit,
        )  # fmt: skip
        return [EffectRow(*row) for row in rows]

    async def effects_done(
        self, done: Sequence[tuple[EffectRow, str, str]], later: Sequence[tuple[EffectRow, datetime]], now: datetime
    ) -> None:
        async with sorted_errors(), self._pool.acquire(timeout=self._timeout) as c, c.transaction():
            if done:
                await c.execute(_EFFECTS_DONE, self._process, [e.id for e, _, _ in done],
                                [kind for _, kind, _ in done], [body for _, _, body in done], now)  # fmt: skip
            if later:
                await c.execute(
                    "update effect set attempts = attempts + 1, next_at = v.at "
                    "from unnest($1::uuid[], $2::timestamptz[]) v(id, at) where effect.id = v.id and done_at is null",
                    [e.id for e, _ in later], [at for _, at in later],
                )  # fmt: skip

    async def _fetch(self, query: str, *arguments: Any) -> list[Any]:
        async with sorted_errors(), self._pool.acquire(timeout=self._timeout) as c:
            return await c.fetch(query, *arguments)

    async def _execute(self, query: str, *arguments: Any) -> None:
        async with sorted_errors(), self._pool.acquire(timeout=self._timeout) as c:
            await c.execute(query, *arguments)


def _input_row(row: Any) -> InputRow:
    heard = {lane: Heard(*last) for lane, last in json.loads(row["heard"]).items()}
    place = Place(row["topic"], row["partition"])
    return InputRow(place, row["began_at"], row["next"], row["last_print"], heard)


def _lane_row(row: Any) -> LaneRow:
    return LaneRow(
        row["n"], row["owner"], row["epoch"], row["position"], row["published"], json.loads(row["streams"]),
        _moment(row["moment"]), row["held"], row["told"], row["gathering"],
    )  # fmt: skip


def _moment(value: Any) -> datetime:
    """-infinity arrives as a naive datetime.min."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _headers_text(record: Outgoing) -> str:
    return to_json(record.headers).decode()


def _columns(rows: Any) -> list[list[Any]]:
    """Rows to columns, for ``unnest``."""
    return [list(column) for column in zip(*rows, strict=True)]


_LANES = (
    "select n, owner, epoch, position, published, streams, moment, held, told, gathering from lane where process = $1"
)
_WRITE_STATES = """
insert into state (process, key, lane, n, body, due, watches, late_at)
select $1, * from unnest($2::text[], $3::int[], $4::int[], $5::json[], $6::timestamptz[], $7::text[], $8::timestamptz[])
on conflict (process, key) do update
set n = excluded.n, body = excluded.body, due = excluded.due, watches = excluded.watches, late_at = excluded.late_at
"""
_WRITE_OUTBOX = """
insert into outbox (process, lane, position, topic, partition, key, headers, body)
select $1, * from unnest($2::int[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::json[], $8::text[])
"""
_WRITE_JOURNAL = """
insert into journal (process, key, n, at, said_at, type, cause, body, reference, known, says, result)
select $1, k, n, at, said, type, cause, body, reference, known, says::text[], result from unnest($2::text[], $3::int[],
    $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::json[], $10::bool[], $11::text[],
    $12::text[]) v(k, n, at, said, type, cause, body, reference, known, says, result)
"""
_WRITE_INPUTS = """
update input set next = v.next, last_print = v.print, heard = v.heard
from unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::json[]) v(topic, partition, next, print, heard)
where process = $1 and input.topic = v.topic and input.partition = v.partition
"""
_WRITE_LANES = """
update lane set owner = $2, position = v.position, published = greatest(lane.published, v.published),
    streams = v.streams, moment = v.moment, held = v.held, told = v.told, gathering = v.gathering
from unnest($3::int[], $4::bigint[], $5::bigint[], $6::json[], $7::timestamptz[], $8::int[], $9::int[], $10::bool[])
    v(n, position, published, streams, moment, held, told, gathering)
where process = $1 and lane.n = v.n
"""
_WRITE_EFFECTS = """
with asked as (
    select * from unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::json[], $7::timestamptz[])
        v(id, lane, key, kind, body, at)
), written as (
    insert into effect (process, id, lane, key, kind, body, at, next_at)
    select $1, id, lane, key, kind, body, at, at from asked on conflict do nothing
)
select asked.kind from asked join effect before using (id) where before.body::text <> asked.body::text limit 1
"""
_WRITE_HELD = """
insert into held (process, lane, key, type, cause, said_at, traceparent, body, error, since)
select $1, * from unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[],
    $9::text[], $10::timestamptz[])
"""
_WRITE_DEAD = """
insert into dead_letter (process, topic, partition, "offset", key, value, headers, problems, at, whole, size)
select $1, * from unnest($2::text[], $3::int[], $4::bigint[], $5::bytea[], $6::bytea[], $7::json[], $8::json[],
    $9::timestamptz[], $10::bool[], $11::int[])
on conflict do nothing
"""
_KEPT = """
with waiting as (
    select key, count(*) as facts, bool_or(error is not null) as parked, min(since) as since
    from held where process = $1 and lane = any($2::int[]) group by key
)
select count(*) filter (where parked), min(since) filter (where parked),
    coalesce(sum(facts) filter (where not parked), 0)::int, min(since) filter (where not parked),
    (select count(*) from dead_letter where process = $1 and partition = any($2::int[]) and replayed_at is null)
from waiting
"""
_ASK_WATCHERS = """
insert into request (process, lane, key, kind, cause, at)
select $1, s.lane, s.key, 'asked', s.key || '/asked/' || s.watches || '@' || r.n, $3
from state s join state r on r.process = $4 and r.key = s.watches
where s.process = $1 and s.watches = any($2::text[])
"""
_EFFECTS_DONE = """
with done as (
    update effect set done_at = $5, attempts = attempts + 1
    from unnest($2::uuid[], $3::text[], $4::text[]) v(id, kind, body)
    where effect.id = v.id and done_at is null
    returning effect.id, lane, key, v.kind as outcome, v.body as outcome_body
)
insert into request (process, lane, key, kind, cause, body, at)
select $1, lane, key, outcome, id::text, outcome_body, $5 from done
"""
_WAITING = """
select l.n, l.published, l.position, l.held, l.told, l.gathering,
    exists (select from request r where r.process = $1 and r.lane = l.n) as requested,
    exists (select from state s where s.process = $1 and s.lane = l.n and s.due <= $3
        and not exists (select from held h where h.process = $1 and h.key = s.key and h.error is not null)) as due
from lane l where l.process = $1 and l.n = any($2::int[])
"""
