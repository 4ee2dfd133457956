"""`makegood reconcile` at size: some real claims, multiplied by SQL under other ids, and published again.

``python -m bench.reconcile --copies 100`` compares 200 claims and a hundred copies of each, rows alone; ``--topics``
with their records on the topics. Real claims run through the five services first. A copy has every id changed in the
same way and every number moved on; what it lacks are the fingerprints of states, which the database cannot reckon.
``bench.copies`` will not do here: its rows only have to be as many and as mixed as real ones, and what is compared is
whether rows agree with each other.
Prints seconds, the largest memory of the comparing process, and what PostgreSQL wrote to temporary files meanwhile.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from bench.batches import Ready, durable_producer, send
from bench.load import DIRECT_PAY
from bench.outside import Outside
from bench.routes import know_sellers, play, prepare
from bench.stand import Stand, stand
from ops import catalogue
from ops.local.stack import NativeStack
from ops.terminal import ROOT
from ops.wire import Wire
from shared.runtime.kafka import client_options
from shared.runtime.postgres import session
from shared.runtime.settings import Settings

CLAIMS: Final = 100
"""Real claims in each of two rounds."""
SELLERS: Final = 50
AT_ONCE: Final = 5
"""Copies published together."""
_GAP: Final = b"@@@@"
_ID: Final = r"([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]([0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})"
"""A copy's id has the copy's number in its second part, and a version of its own: so it is nobody else's."""
_COMPARE: Final = """
import resource, sys
from ops.cli import app
code = app(sys.argv[1:], standalone_mode=False)
print(f"largest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
sys.exit(code)
"""


async def main(copies: int, *, topics: bool) -> None:
    async with stand(ROOT) as place:
        settings = place.settings
        await _real_claims(place)
        began = time.monotonic()
        async with session(settings) as connection:
            marks = "|".join(await _marks(connection))
            await connection.execute(_FUNCTIONS.replace("$marks", marks).replace("$copies", str(copies)))
            for service in catalogue.NAMES:
                await connection.execute(f'set search_path = "{service}", public')
                await connection.execute(_COPY.replace("$copies", str(copies)))
            await connection.execute("set search_path = recovery, public")
            await connection.execute(_COPY_LEDGER)
            if topics:
                await _publish(settings, connection, marks, copies)
            await connection.execute("vacuum analyze")
            sys.stdout.write(f"filled in {time.monotonic() - began:.0f} s\n")
            sys.stdout.flush()
            await _compare(place.stack, connection, topics=topics)


async def _real_claims(place: Stand) -> None:
    await place.serve()
    async with Outside(place) as outside:
        await know_sellers(place, outside, SELLERS)
        for _ in range(2):
            await play(outside, DIRECT_PAY, prepare(place, DIRECT_PAY, CLAIMS, SELLERS))
        await asyncio.sleep(5)  # what was heard last is on record
    place.fleet.end()


async def _marks(connection: Any) -> list[str]:
    """Submissions are named after their round: that mark is what a copy changes in them."""
    rows = await connection.fetch("select distinct split_part(key, '-', 1) as mark from intake.state "
                                  "where process = 'intake'")  # fmt: skip
    return [row["mark"] for row in rows]


async def _publish(settings: Settings, connection: Any, marks: str, copies: int) -> None:
    """Every record of the topics once more for each copy, in the same partition, as the copied rows have it."""
    await _compress(settings)
    wire, mark = Wire(settings), re.compile(rf"\b({marks})-")
    numbered = {topic.name for topic in catalogue.all_topics() if topic.numbered}
    async with durable_producer(settings) as producer:
        for topic in catalogue.all_topics():
            base = [_with_gaps(record, mark) async for record in wire.read_to_now({topic.name})]
            moved = _counts(base) if topic.name in numbered else {}
            for first in range(1, copies + 1, AT_ONCE):
                numbers = range(first, min(first + AT_ONCE, copies + 1))
                await send(producer, (_copied(one, copy, moved) for copy in numbers for one in base))
    await _all_heard(connection, copies)


async def _compress(settings: Settings) -> None:
    """By the broker, as it writes: a million claims are 14 GB of records, and copies are much alike."""
    configs = {"retention.ms": "-1", "compression.type": "gzip"}
    admin: Any = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        topics = [ConfigResource(ConfigResourceType.TOPIC, each.name, configs) for each in catalogue.all_topics()]
        for answer in await admin.alter_configs(topics):
            assert all(code == 0 for code, *_ in answer.resources), answer
    finally:
        await admin.close()


def _counts(base: Sequence[Ready]) -> dict[tuple[int, bytes], int]:
    """Partition and lane → numbers said there."""
    last: dict[tuple[int, bytes], int] = {}
    for record in base:
        headers = dict(record.headers)
        place = (record.partition, headers["ce_lane"])
        last[place] = max(last.get(place, 0), int(headers["ce_sequence"]))
    return last


def _with_gaps(record: Any, mark: "re.Pattern[str]") -> Ready:
    """As ``marked`` does it in SQL."""

    def gapped(data: bytes) -> bytes:
        return mark.sub(r"\1x@@@@-", re.sub(_ID, r"\1-@@@@-8\2", data.decode())).encode()

    headers = [(name, gapped(value)) for name, value in record.headers]
    return Ready(record.topic, record.partition, gapped(record.key), gapped(record.value), headers)


def _copied(one: Ready, copy: int, moved: Mapping[tuple[int, bytes], int]) -> Ready:
    """With the copy's tag in every gap, and its number moved on."""
    tag = b"%04x" % copy
    headers = [(name, value.replace(_GAP, tag)) for name, value in one.headers]
    if moved:
        told = dict(headers)
        number = int(told["ce_sequence"]) + copy * moved[one.partition, told["ce_lane"]]
        headers = [(name, b"%d" % number if name == "ce_sequence" else value) for name, value in headers]
    return one._replace(key=one.key.replace(_GAP, tag), value=one.value.replace(_GAP, tag), headers=headers)


async def _all_heard(connection: Any, copies: int) -> None:
    """Everybody has read everything: counters as they would stand then."""
    for service in catalogue.NAMES:
        for row in await connection.fetch(f"select process, topic, partition, next, heard from {service}.input"):  # noqa: S608
            heard = {lane: [epoch, n * (copies + 1)] for lane, (epoch, n, *_) in json.loads(row["heard"]).items()}
            await connection.execute(
                f"update {service}.input set next = $4, heard = $5, last_print = null "  # noqa: S608
                "where process = $1 and topic = $2 and partition = $3",
                row["process"], row["topic"], row["partition"], row["next"] * (copies + 1), json.dumps(heard),
            )  # fmt: skip


async def _compare(stack: NativeStack, connection: Any, *, topics: bool) -> None:
    before = await connection.fetchrow(_TEMPORARY)
    claims = await connection.fetchval("select count(*) from intake.state where process = 'intake'")
    size = await connection.fetchval("select pg_size_pretty(pg_database_size(current_database()))")
    began = time.monotonic()
    command = [sys.executable, "-c", _COMPARE, "reconcile", *([] if topics else ["--no-topics"])]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, **stack.environment}, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    seconds = time.monotonic() - began
    await connection.execute("select pg_stat_force_next_flush()")
    after = await connection.fetchrow(_TEMPORARY)
    found, files = out.decode()[-3000:], after["files"] - before["files"]
    sys.stdout.write(
        f"{found}\nclaims {claims}, database {size}, with topics {topics}: {seconds:.0f} s, exit {process.returncode}\n"
        f"temporary files {(after['bytes'] - before['bytes']) >> 20} MiB in {files}\n"
    )


_TEMPORARY: Final = """
select temp_files as files, temp_bytes as bytes from pg_stat_database where datname = current_database()
"""
_FUNCTIONS: Final = rf"""
create function public.marked(words text) returns text language sql immutable as $f$
    select regexp_replace(regexp_replace(words, '{_ID}', '\1-@@@@-8\2', 'g'), '\m($marks)-', '\1x@@@@-', 'g')
$f$;
create table public.copy as select n, lpad(to_hex(n), 4, '0') as tag from generate_series(1, $copies) n;
"""  # noqa: S608
"""Every id with a gap in it, into which each copy puts its own tag."""
_COPY: Final = r"""
create temp table base_outbox as
    select o.process, o.lane, o.position, l.position as positions, o.topic, o.partition, marked(key) as key,
        regexp_replace(marked(headers::text), '"ce_sequence","[0-9]+"', '"ce_sequence","####"') as headers,
        substring(headers::text from '"ce_sequence","([0-9]+)"')::bigint as number,
        (l.streams ->> (o.topic || ':' || o.partition))::bigint as numbers, marked(body) as body
    from outbox o join lane l on l.process = o.process and l.n = o.lane;
create temp table base_journal as
    select process, marked(key) as key, n, max(n) over (partition by process, key) as hi,
        marked(key) = key as goes_on, at, said_at, type, marked(cause) as cause, marked(body) as body,
        marked(reference::text) as reference, known, marked(says::text) as says,
        cause ~ '^[a-z]+\.[a-z-]+\.v1/.*/[0-9a-f]{8}$' as outside
    from journal;
create temp table base_state as
    select process, marked(key) as key, lane, n, marked(body::text) as body, due, watches, late_at
    from state where marked(key) <> key;
insert into outbox (process, lane, position, topic, partition, key, headers, body)
    select process, lane, position + c.n * positions, topic, partition, replace(key, '@@@@', tag),
        replace(replace(headers, '@@@@', tag), '####', (number + c.n * numbers)::text)::json, replace(body, '@@@@', tag)
    from public.copy c cross join base_outbox;
insert into journal (process, key, n, at, said_at, type, cause, body, reference, known, says)
    select process, replace(key, '@@@@', tag), case when goes_on then b.n + c.n * hi else b.n end, at, said_at, type,
        case when outside
            then left(replace(cause, '@@@@', tag), -8)
                || lpad(to_hex(crc32(convert_to(replace(body, '@@@@', tag), 'utf8'))), 8, '0')
            else replace(cause, '@@@@', tag) end,
        replace(body, '@@@@', tag), replace(reference, '@@@@', tag)::json, known, replace(says, '@@@@', tag)::text[]
    from public.copy c cross join base_journal b;
insert into state (process, key, lane, n, body, due, watches, late_at)
    select process, replace(key, '@@@@', tag), lane, b.n, replace(body, '@@@@', tag)::json, due, watches, late_at
    from public.copy c cross join base_state b;
update lane set position = position * ($copies + 1), published = position * ($copies + 1), streams = coalesce(
    (select json_object_agg(key, value::bigint * ($copies + 1)) from json_each_text(streams)), '{}'
);
drop table base_outbox, base_journal, base_state;
"""
_COPY_LEDGER: Final = """
insert into ledger_entry
    select replace(marked(claim_id::text), '@@@@', tag)::uuid, replace(marked(entry_id::text), '@@@@', tag)::uuid,
        booked_at, move, debit_account, credit_account, currency, amount_minor, seller_id,
        replace(marked(idempotency_key::text), '@@@@', tag)::uuid, replace(marked(reference), '@@@@', tag)
    from ledger_entry cross join public.copy;
"""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.reconcile", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--topics", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    asyncio.run(main(given.copies, topics=given.topics))
