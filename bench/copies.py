"""Rows of many claims from those of a few real ones, by SQL: the same again under new keys, in every service's tables.

Nobody decides them: for a million that would take an hour. It is fair, because a turn never reads the log again: what
it meets of earlier claims is tables and indexes, and these are as large and as mixed as if each claim had been played.
New are the keys, random ones with the lanes that are theirs; a row is otherwise as it was. Where a key is shared (a
seller's, a product's, a lane of the outbox), rows are numbered below zero, so that what services count with stays true.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from ops import catalogue
from shared.events.base import PARTITIONS
from shared.events.escalation import Status
from shared.runtime.lanes import partition_of

COPIES_AT_ONCE: Final = 500
"""Of some claims each: as many rows as are sorted in memory."""
STATES_AT_ONCE: Final = 50_000
APART: Final = timedelta(hours=1)
"""By the clock, from one pending deadline to the next: all are far ahead, and in no order of their keys."""


class Renamed(NamedTuple):
    """A key of a real claim, and the key that stands for it in a copy, with its lane."""

    copy: int
    old: str
    new: str
    lane: int


class Fired(NamedTuple):
    """A deadline that was decided: when it was due, and when the turn began that decided it."""

    key: str
    due: datetime
    began: datetime


def renamed(keys: Collection[str], mark: str, copies: Iterable[int]) -> Iterator[Renamed]:
    """Each key in each copy: with eight other digits where it has the ``mark``, which is of eight; else another id."""
    for copy in copies:
        other = f"{copy * 2654435761 % 2**32:08x}"  # an odd factor: no two are alike, and neighbours lie far apart
        for old in keys:
            new = old.replace(mark, other) if mark and mark in old else str(uuid.uuid4())
            yield Renamed(copy, old, new, partition_of(new, PARTITIONS))


async def make_tables(connection: Any) -> None:
    """Those of this module, empty, in a schema of their own."""
    await connection.execute(_TABLES)


async def settle(connection: Any, table: str = "") -> None:
    """What autovacuum and the next checkpoint would do to the rows put in is not left to a round that is measured."""
    await connection.execute(f"vacuum analyze {table}")
    await connection.execute("checkpoint")


class History:
    """Closed claims: copies of those of one round that is played between ``before`` and ``after``."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._copies = 0
        self._each = 0
        self._keys: list[str] = []
        self._mark = ""

    @property
    def claims(self) -> int:
        """Put in so far."""
        return self._copies * self._each

    async def before(self) -> None:
        """Nothing is under way: what is written from here on is the round's."""
        await self._in_each_service(_BEFORE)

    async def after(self, mark: str, claim_ids: Collection[str]) -> None:
        """The round is over, and all of it is on record. Keys with its mark, or of its claims, are nobody else's."""
        await self._in_each_service(_HEARD_AND_SAID)
        keys: set[str] = set()
        for name in catalogue.NAMES:
            rows = await self._connection.fetch(f"select distinct key from growth.{name}_journal")  # noqa: S608
            keys |= {row["key"] for row in rows if mark in row["key"] or row["key"] in claim_ids}
        self._keys, self._mark, self._each = sorted(keys), mark, len(claim_ids)
        await self._connection.copy_records_to_table("own", schema_name="growth", records=[(key,) for key in keys])
        await self._in_each_service(_KNOWN, _KNOWN_BESIDE)

    async def grow(self, claims: int) -> None:
        """Until there are so many in all."""
        copies = -(-claims // self._each)
        for first in range(self._copies + 1, copies + 1, COPIES_AT_ONCE):
            last = min(first + COPIES_AT_ONCE - 1, copies)
            await _rename(self._connection, renamed(self._keys, self._mark, range(first, last + 1)))
            await self._in_each_service(_COPY, _COPY_BESIDE, first=first, last=last)
        self._copies = copies
        await settle(self._connection)

    async def forget(self) -> None:
        """Gives most of the disk back: what was decided, and said, and is published. No turn looks at it again."""
        await self._in_each_service("truncate journal, outbox;")

    async def _in_each_service(
        self, statements: str, beside: dict[str, str] | None = None, first: int = 0, last: int = 0
    ) -> None:
        """``beside``: more statements of single services."""
        for service in catalogue.NAMES:
            sql = statements + (beside or {}).get(service, "")
            for name, value in {"$service": service, "$first": str(first), "$last": str(last)}.items():
                sql = sql.replace(name, value)
            await self._connection.execute(f"set search_path = {service}; set work_mem = '256MB'; {sql}")


class Waiting:
    """Claims that escalation waits for: copies of what it knew of some while their sellers had time to answer."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.pending = 0

    async def catch(self, claim_ids: Collection[str]) -> bool:
        """Keeps what is known of those of these that wait for their sellers, of each once. Whether it has any."""
        await self._connection.execute(_CATCH, list(claim_ids), Status.WITH_SELLER.value)
        return bool(await self._connection.fetchval("select exists (select from growth.waiting)"))

    async def grow(self, pending: int, after: datetime) -> None:
        """Until so many wait, for moments that all lie after this one."""
        while self.pending < pending:
            more = min(STATES_AT_ONCE, pending - self.pending)
            await self.name(more)
            await self.wait(after + self.pending * APART, APART)
            self.pending += more
        await settle(self._connection, "escalation.state")

    async def name(self, count: int) -> list[str]:
        """Keys for so many more."""
        caught = [row["key"] for row in await self._connection.fetch("select key from growth.waiting")]
        copies = -(-count // len(caught))
        keys = [*renamed(caught, "", range(copies))][:count]
        await _rename(self._connection, keys)
        return [key.new for key in keys]

    async def wait(self, first: datetime, step: timedelta) -> None:
        """Those that were named last fall due one after the other. Their policy's moments stay as they were."""
        await self._connection.execute(_WAIT, first, step)

    async def fired(self) -> list[Fired]:
        """Those that were named last and have fallen due."""
        return [Fired(*row) for row in await self._connection.fetch(_FIRED)]


async def _rename(connection: Any, keys: Iterable[Renamed]) -> None:
    await connection.execute("truncate growth.renamed")
    await connection.copy_records_to_table("renamed", schema_name="growth", records=keys)
    await connection.execute("analyze growth.renamed")


_TABLES: Final = """
drop schema if exists growth cascade;
create schema growth;
create table growth.before (process text, n integer, position bigint, moment timestamptz);
create table growth.own (key text);
create table growth.renamed (copy integer, old text, new text, lane integer);
create table growth.waiting (like escalation.state including indexes);
"""
_BEFORE: Final = "insert into growth.before select process, n, position, moment from lane;"
_HEARD_AND_SAID: Final = """
create table growth.$service_journal as select journal.* from journal
    join (select process, max(moment) as moment from growth.before group by process) before using (process)
    where at > moment;
create table growth.$service_outbox as select outbox.* from outbox
    join growth.before on before.process = outbox.process and before.n = lane where outbox.position > before.position;
"""
_KNOWN: Final = """
create table growth.$service_state as select state.* from state join growth.own using (key);
create table growth.$service_effect as select effect.* from effect join growth.own using (key);
"""
_KNOWN_BESIDE: Final = {
    "escalation": "create table growth.payout_order as select payout_order.* from payout_order "
    "join growth.own on key = claim_id::text;",
    "recovery": "create table growth.ledger_entry as select ledger_entry.* from ledger_entry "
    "join growth.own on key = claim_id::text;",
}
_COPY: Final = """
insert into state (process, key, lane, n, body, due, watches, late_at)
    select s.process, r.new, r.lane, s.n, s.body, s.due, s.watches, s.late_at
    from growth.$service_state s join growth.renamed r on r.old = s.key order by 1, 2;
insert into journal (process, key, n, at, said_at, type, cause, body, reference, known, says, result)
    select j.process, coalesce(r.new, j.key), case when r.new is null then -c.copy * 1000 - j.n % 1000 else j.n end,
        j.at, j.said_at, j.type, j.cause, j.body, j.reference, j.known, j.says, j.result
    from growth.$service_journal j cross join generate_series($first, $last) c(copy)
        left join growth.renamed r on r.copy = c.copy and r.old = j.key
    order by 1, 2, 3;
insert into outbox (process, lane, position, topic, partition, key, headers, body)
    select o.process, o.lane, -c.copy::bigint * 1000 - o.position % 1000, o.topic, o.partition, o.key, o.headers, o.body
    from growth.$service_outbox o cross join generate_series($first, $last) c(copy) order by 1, 2, 3;
insert into effect (id, process, lane, key, kind, body, at, attempts, next_at, done_at)
    select gen_random_uuid(), e.process, r.lane, r.new, e.kind, e.body, e.at, e.attempts, e.next_at, e.done_at
    from growth.$service_effect e join growth.renamed r on r.old = e.key;
"""
_COPY_BESIDE: Final = {
    "escalation": """
insert into payout_order (claim_id, round, attempt, payout_id, currency, amount_minor, ordered_at)
    select r.new::uuid, p.round, p.attempt, p.payout_id, p.currency, p.amount_minor, p.ordered_at
    from growth.payout_order p join growth.renamed r on r.old = p.claim_id::text;
""",
    "recovery": """
insert into ledger_entry (claim_id, entry_id, booked_at, move, debit_account, credit_account, currency, amount_minor,
        seller_id, idempotency_key, reference)
    select r.new::uuid, l.entry_id, l.booked_at, l.move, l.debit_account, l.credit_account, l.currency, l.amount_minor,
        l.seller_id, l.idempotency_key, l.reference
    from growth.ledger_entry l join growth.renamed r on r.old = l.claim_id::text;
""",
}
_CATCH: Final = """
insert into growth.waiting select * from escalation.state
where process = 'escalation' and key = any($1::text[]) and body->>'status' = $2 and body->>'respond_by' is not null
on conflict do nothing
"""
_WAIT: Final = """
insert into escalation.state (process, key, lane, n, body, due, watches, late_at)
select process, new, r.lane, n, replace(body::text, old, new)::json, r.due, watches, late_at + (r.due - s.due)
from (select *, $1::timestamptz + (row_number() over () - 1) * $2::interval as due from growth.renamed) r
    join growth.waiting s on s.key = r.old
"""
_FIRED: Final = """
select key, said_at, at from growth.renamed join escalation.journal on key = new
where process = 'escalation' and type = 'deadline'
"""
