"""The store on PostgreSQL. Nothing else here imports asyncpg."""

import json
import time
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg as _asyncpg

from shared.runtime.log import Outgoing, Place
from shared.runtime.postgres_transaction import LANES, PostgresTransaction, input_row, lane_row
from shared.runtime.settings import Settings
from shared.runtime.store import (
    DataError,
    EffectRow,
    InputRow,
    Kept,
    LaneRow,
    LockedError,
    PassingError,
    Progress,
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
            raise (LockedError if state == "55P03" else PassingError)(f"{type(error).__name__} {state}") from error
        if state == "23514" and error.table_name and not error.constraint_name:  # so none that anybody has declared
            raise PassingError("a partition has come meanwhile for what was to go into the default one") from error
        raise DataError(f"{type(error).__name__} {state}") from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        # The second: what the driver says of a connection that was lost while a transaction was begun on it.
        if isinstance(error, asyncpg.DataError | asyncpg.InterfaceError) and "invalid input" in str(error):
            raise DataError(type(error).__name__) from error
        told = isinstance(error, OSError)  # which address it was, and nothing of what was sent
        raise PassingError(f"{type(error).__name__} {error if told else ''}".strip()) from error


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
            reset=_leave_as_it_is,
            server_settings={
                "application_name": f"makegood.{schema}",
                "search_path": schema,
                "lock_timeout": f"{int(seconds * 500)}",
                "idle_in_transaction_session_timeout": f"{int(seconds * 1000)}",
                "synchronous_commit": "on",  # what is published has to be on disk, whatever the server was told
                "tcp_keepalives_idle": "15",
                "jit": "off",
                "plan_cache_mode": "force_generic_plan",
            },
        )


async def _read_json_as_text(connection: Any) -> None:
    """Already asyncpg's way for json; named here because the code relies on it."""
    await connection.set_type_codec("json", encoder=str, decoder=str, schema="pg_catalog")


async def _leave_as_it_is(connection: Any) -> None:
    """What is open is rolled back by the pool; nothing else of a session is ever changed, so no query undoes it."""


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


class PostgresStore:
    """The store of one process of one service on one replica."""

    def __init__(self, pool: Any, process: str, owner: UUID, timeout: float) -> None:
        self._pool, self._process, self._owner, self._timeout = pool, process, owner, timeout

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        """One that does not answer any more is seldom alone: all are made anew, or each would take its own time-out."""
        try:
            async with sorted_errors(), self._pool.acquire(timeout=self._timeout) as c:
                yield c
        except PassingError as error:
            if isinstance(error.__cause__, OSError | TimeoutError | asyncpg.InterfaceError):
                await self._pool.expire_connections()
            raise

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[PostgresTransaction]:
        async with self._connection() as c, c.transaction():
            yield PostgresTransaction(c, self._process, self._owner)

    async def begin_inputs(self, begins: Mapping[Place, int]) -> list[InputRow]:
        topics, partitions = [p.topic for p in begins], [p.partition for p in begins]
        async with self._connection() as c:
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
        return [input_row(row) for row in rows]

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

    async def waiting(self, lanes: Collection[int], now: datetime, deadlines_of: str) -> Waiting:
        rows = await self._fetch(_WAITING, self._process, list(lanes), now, deadlines_of)
        return Waiting(
            requests=frozenset(r["n"] for r in rows if r["requested"]),
            due=frozenset(r["n"] for r in rows if r["due"]),
            behind={r["n"]: (r["published"], r["position"]) for r in rows if r["published"] < r["position"]},
            held=sum(r["held"] for r in rows),
            gathering=frozenset(r["n"] for r in rows if r["gathering"]),
            told=sum(r["told"] for r in rows),
            deadlines=any(r["deadlines"] for r in rows),
            next_due=min((r["next_due"] for r in rows if r["next_due"] is not None), default=None),
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

    async def cluster(self, found: str) -> str:
        async with self._connection() as c, c.transaction():
            await c.execute("select from process order by name for update")  # and then look what was heard
            known = {str(row["cluster"]) for row in await c.fetch(_CLUSTER, found)}
        return next(iter(known - {found}), found)

    async def lanes(self) -> list[LaneRow]:
        return [lane_row(row) for row in await self._fetch(f"{LANES} order by n", self._process)]

    async def awaits(self) -> bool:
        [row] = await self._fetch(_AWAITS, self._process)
        return bool(row["found"])

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
        async with self._connection() as c, c.transaction():
            if done:
                await c.execute(_EFFECTS_DONE, self._process, [e.id for e, _, _ in done],
                                [kind for _, kind, _ in done], [body for _, _, body in done], now)  # fmt: skip
            if later:
                await c.execute(
                    "update effect set attempts = v.attempts, next_at = v.at "
                    "from unnest($1::uuid[], $2::int[], $3::timestamptz[]) v(id, attempts, at) "
                    "where effect.id = v.id and done_at is null",
                    [e.id for e, _ in later], [e.attempts for e, _ in later], [at for _, at in later],
                )  # fmt: skip

    async def _fetch(self, query: str, *arguments: Any) -> list[Any]:
        async with self._connection() as c:
            return await c.fetch(query, *arguments)

    async def _execute(self, query: str, *arguments: Any) -> None:
        async with self._connection() as c:
            await c.execute(query, *arguments)


_CLUSTER = """
update process set cluster = case
    when exists (select from input where next > began_at) or exists (select from lane where position > 0)
        then coalesce(cluster, $1)
    else $1
end
returning cluster
"""
_AWAITS = """
select exists (
    select from held h
        join lane l on l.process = h.process and l.n = h.lane
        join state s on s.process = h.process and s.key = h.key
    where h.process = $1 and l.told > 0
        and not exists (select from held p where p.process = h.process and p.key = h.key and p.error is not null)
) as found
"""
"""Nothing else waits of a key that has begun and is not parked."""
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
with deadlines as (
    select a.process, a.n, exists (
        select from state s where s.process = a.process and s.lane = a.n and s.due <= $3
        and not exists (select from held h where h.process = s.process and h.key = s.key and h.error is not null)
        and not exists (select from request r where r.process = s.process and r.lane = s.lane and r.key = s.key)
    ) as passed from lane a where a.process in ($1, $4))
select l.n, l.published, l.position, l.held, l.told, l.gathering,
    exists (select from request r where r.process = $1 and r.lane = l.n) as requested,
    exists (select from deadlines d where d.process = $1 and d.n = l.n and d.passed) as due,
    exists (select from deadlines d where d.process = $4 and d.passed) as deadlines,
    (select min(s.due) from state s where s.process = $1 and s.lane = l.n and s.due > $3) as next_due
from lane l where l.process = $1 and l.n = any($2::int[])
"""
