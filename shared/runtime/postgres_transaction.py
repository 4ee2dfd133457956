"""One transaction of a turn on PostgreSQL: every statement set-based. The connection comes from ``postgres.py``."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic_core import to_json

from shared.events.base import PARTITIONS
from shared.runtime.lanes import partition_of
from shared.runtime.log import Outgoing, Place
from shared.runtime.store import (
    REPLAY,
    Asked,
    Changes,
    ContradictionError,
    Heard,
    HeldRow,
    InputRow,
    LaneRow,
    PassingError,
    StateRow,
    ToldRow,
)

_R = TypeVar("_R")
PORTION = 5000
"""Rows that one statement of a recovery writes: what was forgotten is unbounded, a statement is not."""


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
            inputs = [input_row(row) for row in rows]
        rows = await self._c.fetch(
            f"{LANES} and n = any($2::int[]) order by n for update", self._process, list(lanes)
        )  # fmt: skip
        return inputs, [lane_row(row) for row in rows]

    async def load(self, keys: Collection[str]) -> list[StateRow]:
        return await self._states(self._process, keys)

    async def reference(self, process: str, keys: Collection[str]) -> list[StateRow]:
        # Two statements: the second one sees what was committed while the first one waited.
        lanes = list({partition_of(key, PARTITIONS) for key in keys})
        await self._c.execute(
            "select from lane where process = $1 and n = any($2::int[]) order by n for share", process, lanes
        )
        return await self._states(process, keys)

    async def _states(self, process: str, keys: Collection[str]) -> list[StateRow]:
        rows = await self._c.fetch(
            "select key, lane, n, body, due, watches from state where process = $1 and key = any($2::text[])",
            process, list(keys),
        )  # fmt: skip
        return [StateRow(*row) for row in rows]

    async def reference_then(self, process: str, seen: Collection[tuple[str, int]]) -> list[StateRow]:
        rows = await self._c.fetch(
            "select key, n, body from journal join unnest($2::text[], $3::int[]) v(key, n) using (key, n) "
            "where process = $1 and (result is null or result not like '.%')",
            process, [key for key, _ in seen], [n for _, n in seen],
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
            "and not exists (select from request r where r.process = $1 and r.lane = l.n and r.key = state.key) "
            "order by due limit $4) s order by s.due limit $4",
            self._process, list(until), list(until.values()), limit,
        )  # fmt: skip
        return [StateRow(*row) for row in rows]

    async def requests(self, lanes: Collection[int], limit: int) -> list[Asked]:
        rows = await self._c.fetch(
            "select id, lane, key, kind, cause, body, at from request r where process = $1 and lane = any($2::int[]) "
            "and not (kind = $4 and exists (select from lane where process = $1 and n = r.lane and gathering)) "
            "order by id limit $3",
            self._process, list(lanes), limit, REPLAY,
        )  # fmt: skip
        return [Asked(r["key"], r["lane"], r["kind"], r["cause"], r["at"], r["body"], request_id=r["id"]) for r in rows]

    async def told(self, lanes: Collection[int]) -> list[ToldRow]:
        rows = await self._c.fetch(
            "select lane, cause, id, moment, type, said, stream, reference, number, done from told "
            "where process = $1 and lane = any($2::int[])", self._process, list(lanes),
        )  # fmt: skip
        return [ToldRow(*row) for row in rows]

    async def gathered(self, lane: int) -> list[tuple[str, int, int]]:
        rows = await self._c.fetch(
            "select key, max(id) as latest, count(*) as many from held where process = $1 and lane = $2 "
            "group by key order by min(id)",
            self._process, lane,
        )  # fmt: skip
        return [(row["key"], row["latest"], row["many"]) for row in rows]

    async def decided_last(self, keys: Collection[str]) -> list[tuple[str, datetime]]:
        rows = await self._c.fetch(
            "select key, max(at) as at from journal where process = $1 and key = any($2::text[]) group by key",
            self._process, list(keys),
        )  # fmt: skip
        return [(row["key"], row["at"]) for row in rows]

    async def awaited(self, keys: Collection[str]) -> list[tuple[str, str]]:
        rows = await self._c.fetch(
            "select key, id::text as cause from effect where process = $1 and key = any($2::text[]) and done_at "
            "is null union all select key, cause from request where process = $1 and key = any($2::text[])",
            self._process, list(keys),
        )  # fmt: skip
        return [(row["key"], row["cause"]) for row in rows]

    async def write(self, changes: Changes, at: datetime, dependent: str | None) -> None:
        await self._c.execute(
            _WRITE, self._process, self._owner,
            *_columns(7, changes.states),
            *_columns(7, ((o.lane, o.position, o.place.topic, o.place.partition, o.key, _headers_text(o), o.body)
                          for o in changes.outbox)),
            *_columns(11, ((j.key, j.n, j.at, j.asked.said_at, j.asked.type, j.asked.cause, j.asked.body, j.reference,
                            j.known, "{" + ",".join(j.says) + "}", j.result) for j in changes.journal)),
            *_columns(5, ((i.place.topic, i.place.partition, i.next, i.last_print, to_json(i.heard).decode())
                          for i in changes.inputs)),
            *_columns(8, ((n.n, n.position, n.published, to_json(n.streams).decode(), n.moment, n.held, n.told,
                           n.gathering) for n in changes.lanes)),
        )  # fmt: skip
        await self._write_seldom(changes, at, dependent)

    async def recall(self, lanes: Sequence[LaneRow], outbox: Sequence[Outgoing], told: Sequence[ToldRow]) -> None:
        for before, now in zip(lanes, (await self.take((), [lane.n for lane in lanes]))[1], strict=True):
            if now.epoch >= before.epoch or (now.published, now.owner) != (before.published, before.owner):
                raise PassingError("a replica has written meanwhile")
        await self._c.execute(
            "update lane set epoch = v.epoch from unnest($2::int[], $3::int[]) v(n, epoch) "
            "where process = $1 and lane.n = v.n",
            self._process, [lane.n for lane in lanes], [lane.epoch for lane in lanes],
        )  # fmt: skip
        await self.write(Changes(lanes=list(lanes)), datetime.now(UTC), None)
        for portion in _portions(outbox):
            await self.write(Changes(outbox=portion), datetime.now(UTC), None)
        for portion in _portions(told):
            await self._c.execute(
                "insert into told (process, lane, cause, id, moment, type, said, stream, reference, number) "
                "select $1, * from unnest($2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], "
                "$7::text[], $8::text[], $9::text[], $10::bigint[])",
                self._process, *_columns(9, (row[:9] for row in portion)),
            )  # fmt: skip

    async def _write_seldom(self, changes: Changes, at: datetime, dependent: str | None) -> None:
        """What most turns do not have."""
        c, process = self._c, self._process
        if changes.effects:
            contradicting = await c.fetchval(_WRITE_EFFECTS, process, *_columns(
                6, ((e.id, e.lane, e.key, e.kind, e.body, e.at) for e in changes.effects)))  # fmt: skip
            if contradicting is not None:
                raise ContradictionError(f"{contradicting} was asked for before under the same id, otherwise")
        for table, rows in changes.rows.items():
            await c.execute(
                f"insert into {table} select * from json_populate_recordset(null::{table}, $1::json)",  # noqa: S608
                f"[{','.join(rows)}]",
            )
        if changes.held:
            await c.execute(_WRITE_HELD, process, *_columns(
                9, ((h.asked.lane, h.asked.key, h.asked.type, h.asked.cause, h.asked.said_at, h.asked.traceparent,
                     h.asked.body, h.error, h.since) for h in changes.held)))  # fmt: skip
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
                "update told set done = true from unnest($2::int[], $3::text[]) v(lane, cause) "
                "where told.process = $1 and told.lane = v.lane and told.cause = v.cause",
                process, *_columns(2, changes.retold),
            )  # fmt: skip
            await c.execute(_DROP_TOLD, process, list({lane for lane, _ in changes.retold}))
        if changes.dead:
            await c.execute(_WRITE_DEAD, process, *_columns(
                10, ((d.record.place.topic, d.record.place.partition, d.record.offset, d.record.key, d.record.value,
                      json.dumps([(n, v.decode("latin-1")) for n, v in d.record.headers]), json.dumps(d.problems),
                      d.at, d.whole, d.size)
                     for d in changes.dead)))  # fmt: skip
        if dependent and changes.changed:
            await c.execute(_ASK_WATCHERS, dependent, changes.changed, at, process)


def input_row(row: Any) -> InputRow:
    """A row of ``input``."""
    heard = {lane: Heard(*last) for lane, last in json.loads(row["heard"]).items()}
    place = Place(row["topic"], row["partition"])
    return InputRow(place, row["began_at"], row["next"], row["last_print"], heard)


def lane_row(row: Any) -> LaneRow:
    """A row of ``LANES``."""
    return LaneRow(
        row["n"], row["owner"], row["epoch"], row["position"], row["published"], json.loads(row["streams"]),
        _moment(row["moment"]), row["held"], row["told"], row["gathering"],
    )  # fmt: skip


def _moment(value: Any) -> datetime:
    """-infinity arrives as a naive datetime.min."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _headers_text(record: Outgoing) -> str:
    return to_json(record.headers).decode()


def _portions(rows: Sequence[_R]) -> Iterator[list[_R]]:
    return (list(rows[first : first + PORTION]) for first in range(0, len(rows), PORTION))


def _columns(width: int, rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Rows to columns, for ``unnest``."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


LANES = (
    "select n, owner, epoch, position, published, streams, moment, held, told, gathering from lane where process = $1"
)
_WRITE = """
with today as materialized (
    select clock_timestamp()::date as day
), states as (
    insert into state (process, key, lane, n, body, due, watches, late_at)
    select $1, * from unnest($3::text[], $4::int[], $5::int[], $6::json[], $7::timestamptz[], $8::text[],
        $9::timestamptz[])
    on conflict (process, key) do update set n = excluded.n, body = excluded.body, due = excluded.due,
        watches = excluded.watches, late_at = excluded.late_at
), outgoing as (
    insert into outbox (process, lane, position, topic, partition, key, headers, body, written_on)
    select $1, * from unnest($10::int[], $11::bigint[], $12::text[], $13::int[], $14::text[], $15::json[], $16::text[]),
        today
), decisions as (
    insert into journal (process, key, n, at, said_at, type, cause, body, reference, known, says, result, written_on)
    select $1, k, n, at, said, type, cause, body, reference, known, says::text[], result, day from unnest($17::text[],
        $18::int[], $19::timestamptz[], $20::timestamptz[], $21::text[], $22::text[], $23::text[], $24::json[],
        $25::bool[], $26::text[], $27::text[])
        v(k, n, at, said, type, cause, body, reference, known, says, result), today
), inputs as (
    update input set next = v.next, last_print = v.print, heard = v.heard
    from unnest($28::text[], $29::int[], $30::bigint[], $31::bigint[], $32::json[])
        v(topic, partition, next, print, heard)
    where process = $1 and input.topic = v.topic and input.partition = v.partition
)
update lane set owner = $2, position = v.position, published = greatest(lane.published, v.published),
    streams = v.streams, moment = v.moment, held = v.held, told = v.told, gathering = v.gathering
from unnest($33::int[], $34::bigint[], $35::bigint[], $36::json[], $37::timestamptz[], $38::int[], $39::int[],
    $40::bool[]) v(n, position, published, streams, moment, held, told, gathering)
where process = $1 and lane.n = v.n
"""
"""All that nearly every turn has, in one round trip: a turn of one fact costs little else.

What is written has the day on which its turn holds the lanes, one day for all of it. By ``current_date``, which is the
day it began on, a turn that began before midnight may follow on one that began after it: when the month goes there is a
gap.
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
_DROP_TOLD = """
delete from told t using lane l
where t.process = $1 and t.lane = any($2::int[]) and l.process = t.process and l.n = t.lane
    and (l.told = 0 or t.done and exists (
        select from told later
        where later.process = t.process and later.lane = t.lane and later.stream = t.stream and later.moment > t.moment
    ))
"""
"""Of what has been said again, the last of each stream is kept until all of the lane has been."""
_WRITE_HELD = """
insert into held (process, lane, key, type, cause, said_at, traceparent, body, error, since)
select $1, * from unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[],
    $9::text[], $10::timestamptz[])
"""
_WRITE_DEAD = """
insert into dead_letter
    (process, topic, partition, "offset", key, value, headers, problems, at, whole, size, written_on)
select $1, *, clock_timestamp()::date from unnest($2::text[], $3::int[], $4::bigint[], $5::bytea[], $6::bytea[],
    $7::json[], $8::json[], $9::timestamptz[], $10::bool[], $11::int[])
on conflict do nothing
"""
"""Under no earlier day than what was said of it: the outbox must not keep that for longer."""
_ASK_WATCHERS = """
insert into request (process, lane, key, kind, cause, at)
select $1, s.lane, s.key, 'asked', s.key || '/asked/' || s.watches || '@' || r.n, $3
from state s join state r on r.process = $4 and r.key = s.watches
where s.process = $1 and s.watches = any($2::text[])
"""
