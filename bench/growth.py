"""What growth costs: claims of history, pending deadlines, and dead rows that a snapshot which is held open keeps.

History and deadlines are put into the tables by SQL (``bench.copies``), as far as the disk allows. History only grows,
and what a machine can do changes within an hour: so the smallest size is measured twice, before all others, and after
them on a fresh stack.
"""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from aiokafka.admin import AIOKafkaAdminClient

from bench.copies import Fired, History, Waiting, make_tables, settle
from bench.explain import Explained
from bench.footprint import wal_bytes
from bench.latency import MOMENTS, percentile
from bench.load import DIRECT_PAY, SILENT
from bench.measure import Meter, Result
from bench.outside import Outside, Tally
from bench.plan import Plan
from bench.routes import know_sellers, play, prepare
from bench.small import memory
from bench.stand import PATIENCE, Stand
from ops import catalogue
from shared.events.base import PARTITIONS
from shared.runtime.kafka import client_options, group_of
from shared.runtime.kafka_archive import kafka_archive
from shared.runtime.log import Place
from shared.runtime.postgres import PostgresStore, session
from shared.runtime.postgres_transaction import PostgresTransaction
from shared.runtime.worker import LIMIT

AFTER: Final = "direct-pay after "
SNAPSHOTS: Final = {False: "direct-pay, no snapshot held", True: "direct-pay, a snapshot held open"}
FIRING: Final = ("escalation", "escalation.2")
"""A replica for each of two cores."""
SAYS: Final = MOMENTS["decision"]
"""What comes of a seller's silence."""
LOOKS: Final = ("show", "reconcile")
"""Commands that people give for one claim."""
COPIED: Final = 20
"""Real claims of which the others are copies; no more than a warm-up has, so that its products are known by then."""
CLAIM_BYTES: Final = 45_000
"""Of disk, for all that the services keep of a claim paid directly, with indexes."""
STATE_BYTES: Final = 3_000
"""Of disk, for the state of a claim that waits for its seller, with indexes."""
RESERVE: Final = 6 * 10**9
"""Bytes of disk that are left to the write-ahead log, and to others."""
_GLANCE: Final = 0.02


def with_history(claims: int, *, again: bool = False) -> str:
    return f"{AFTER}{claims:,} claims{', measured last' if again else ''}"


def with_pending(deadlines: int) -> str:
    return f"{deadlines:,} pending deadlines"


def after_history(look: str, claims: int) -> str:
    return f"makegood {look}, after {claims:,} claims"


async def measure(stand: Stand, plan: Plan, before: Sequence[Result]) -> AsyncGenerator[Result]:
    """Dead rows, and history of all sizes."""
    async with _warm(stand, plan) as (outside, connection):
        async for result in _snapshots(stand, plan, outside, connection):
            yield result
        async for result in _histories(stand, plan, outside, connection):
            yield result


async def measure_last(stand: Stand, plan: Plan, before: Sequence[Result]) -> AsyncGenerator[Result]:
    """On a fresh stack: the smallest history again, and deadlines. As many claims come before it as the first time: for
    so long broker and services still become faster."""
    async with _warm(stand, plan) as (outside, connection):
        for _ in range(len(SNAPSHOTS) * plan.rounds):
            await play(outside, DIRECT_PAY, prepare(stand, DIRECT_PAY, plan.claims, plan.sellers))
        async for result in _histories(stand, replace(plan, history=plan.history[:1]), outside, connection, again=True):
            yield result
        async for result in _deadlines(stand, plan, outside, connection):
            yield result


@asynccontextmanager
async def _warm(stand: Stand, plan: Plan) -> AsyncGenerator[tuple[Outside, Any]]:
    """Services that have worked already, the world outside, and a connection to their database."""
    await stand.serve()
    async with session(stand.settings) as connection, Outside(stand) as outside:
        await make_tables(connection)
        await know_sellers(stand, outside, plan.sellers)
        await play(outside, DIRECT_PAY, prepare(stand, DIRECT_PAY, plan.warm_up, plan.sellers))
        yield outside, connection


async def _snapshots(stand: Stand, plan: Plan, outside: Outside, connection: Any) -> AsyncGenerator[Result]:
    """One session keeps its snapshot through all rounds, as a long dump or report does; first the same without."""
    async with session(stand.settings) as holding:
        for held, name in SNAPSHOTS.items():
            await settle(connection)
            if held:
                await holding.execute("begin isolation level repeatable read; select 1")
            meter = Meter("growth", name, stand.parts)
            for _ in range(plan.rounds):
                begun = await _tables(connection, "before")
                result = await _round(stand, plan, outside, meter, connection)
                await asyncio.sleep(plan.quiet_seconds)
                yield replace(result, figures={**result.figures, **begun, **await _tables(connection, "after")})


async def _tables(connection: Any, when: str) -> dict[str, float]:
    """Of the tables whose rows are changed in place: versions of rows that nobody needs, and size with indexes."""
    rows, size = await connection.fetchrow(_CHANGED_IN_PLACE, list(catalogue.NAMES))
    return {f"dead_rows_{when}": rows, f"tables_{when}_mib": size / 2**20}


async def _histories(
    stand: Stand, plan: Plan, outside: Outside, connection: Any, *, again: bool = False
) -> AsyncGenerator[Result]:
    """The services run on while history is put in; each size is warmed up to before it is measured."""
    history = History(connection)
    await asyncio.sleep(plan.quiet_seconds)
    await history.before()
    claims = prepare(stand, DIRECT_PAY, COPIED, COPIED)
    await play(outside, DIRECT_PAY, claims)
    await asyncio.sleep(plan.quiet_seconds)
    mark = claims[0].sayings[0].key.decode().partition("-")[0]
    await history.after(mark, {claim.claim_id.decode() for claim in claims})
    for count in plan.history:
        name = with_history(count, again=again)
        if (lack := lacking((count - history.claims) * CLAIM_BYTES, _free(stand))) is not None:
            yield Result("growth", name, 1, 0, 0.0, missing=lack)
            break
        await history.grow(count)
        figures = {"history": float(count), "database_gib": await _size(connection) / 2**30}
        fresh = prepare(stand, DIRECT_PAY, plan.warm_up, plan.sellers)
        await play(outside, DIRECT_PAY, fresh)
        meter = Meter("growth", name, stand.parts)
        for _ in range(plan.rounds):
            result = await _round(stand, plan, outside, meter, connection)
            yield replace(result, figures={**figures, **result.figures})
        # at one that shares its moments with no copy: what was said is looked up by its moment
        for look in () if again else LOOKS:
            for number in range(1, plan.rounds + 1):
                yield await _looked(stand, look, fresh[0].claim_id.decode(), count, number)
    await asyncio.sleep(plan.quiet_seconds)
    await history.forget()


async def _looked(stand: Stand, look: str, claim_id: str, claims: int, number: int) -> Result:
    """What somebody asks of one claim, from the command to its end."""
    started = time.perf_counter()
    looking = stand.fleet.start("look", "ops.cli", look, claim_id, stdout=subprocess.DEVNULL)
    code = await asyncio.to_thread(looking.wait)
    seconds = time.perf_counter() - started
    stand.fleet.leave("look")
    if code:
        raise RuntimeError(f"`makegood {look}` ended with {code}: see {stand.fleet.log('look')}")
    return Result("growth", after_history(look, claims), number, 1, seconds, figures={"looked": claims})


async def _deadlines(stand: Stand, plan: Plan, outside: Outside, connection: Any) -> AsyncGenerator[Result]:
    """Sellers' silence, as escalation hears it: it runs alone, for what follows elsewhere is not what is measured."""
    waiting = Waiting(connection)
    await _catch(stand, outside, waiting)
    for count in plan.pending:
        name = with_pending(count)
        if (lack := lacking((count - waiting.pending) * STATE_BYTES, _free(stand))) is not None:
            yield Result("growth", name, 1, 0, 0.0, missing=lack)
            return
        stand.fleet.end()
        await waiting.grow(count, stand.clock.now() + timedelta(days=36_500))
        for replica in FIRING:
            stand.start("escalation", replica)
        await stand.ready()
        meter = Meter("growth", name, stand.parts)
        for _ in range(plan.rounds):
            result = await _fired(stand, plan, outside, waiting, meter, connection=connection)
            yield replace(result, figures={"pending": float(count), **result.figures})


async def _catch(stand: Stand, outside: Outside, waiting: Waiting) -> None:
    """Some claims go the way of a silent seller until they are seen to wait for him; nobody needs their end."""
    claims = prepare(stand, SILENT, COPIED, COPIED)
    outside.say([said for claim in claims for said in claim.sayings])
    async with asyncio.timeout(PATIENCE):
        while not (await waiting.catch([claim.claim_id.decode() for claim in claims]) and await _is_passed_on(stand)):
            stand.look_after()
            await asyncio.sleep(_GLANCE)


async def _is_passed_on(stand: Stand) -> bool:
    """Whether all that was said outside is behind those from whom escalation hears of it, for whom its deadlines wait:
    they run no more when these fall due."""
    admin: Any = AIOKafkaAdminClient(**client_options(stand.settings))
    await admin.start()
    try:
        async with kafka_archive(stand.settings) as archive:
            for process, topics in catalogue.service("escalation").processes[0].passed_on.items():
                ends = await archive.ends([Place(topic.name, n) for topic in topics for n in range(PARTITIONS)])
                told = await admin.list_consumer_group_offsets(group_of(process))
                if any(end and (place not in told or told[place].offset < end) for place, end in ends.items()):
                    return False
    finally:
        await admin.close()
    return True


async def _fired(
    stand: Stand, plan: Plan, outside: Outside, waiting: Waiting, meter: Meter, *, connection: Any
) -> Result:
    """So many more fall due, one after the other; until all that was decided has been heard outside."""
    count = int(plan.due_per_second * plan.due_seconds)
    tally = Tally((key.encode() for key in await waiting.name(count)), [SAYS])
    outside.play(tally, {})
    await asyncio.sleep(plan.quiet_seconds)
    figures = {"rss_before_mib": _resident(stand)}
    scanned = await connection.fetchval(_FULL_SCANS)
    step = timedelta(seconds=stand.clock.scale / plan.due_per_second)
    first = stand.clock.now() + timedelta(seconds=plan.quiet_seconds * stand.clock.scale)
    await waiting.wait(first, step)
    plans = await _touched(connection, first, first + 500 * step)
    await asyncio.sleep(max(stand.clock.real_seconds(first - stand.clock.now()), 0))
    meter.begin()
    await asyncio.sleep(stand.clock.real_seconds(first + count * step - stand.clock.now()))
    await outside.until(lambda: tally.over)
    result = meter.end(count)
    figures["rss_after_mib"] = _resident(stand)
    await asyncio.sleep(plan.quiet_seconds)
    plans["full_scans"] += await connection.fetchval(_FULL_SCANS) - scanned
    fired = await waiting.fired()
    if len(fired) != count:
        raise RuntimeError(f"{len(fired)} of {count} deadlines were decided")
    return replace(result, figures=_lags(stand, fired, tally.at[SAYS]) | figures | plans)


def _lags(stand: Stand, fired: Sequence[Fired], heard: Mapping[bytes, float]) -> dict[str, float]:
    """From its moment until the turn of a deadline began, and until the world outside had heard what it said."""
    clock, now, real = stand.clock.now(), time.perf_counter(), stand.clock.real_seconds
    lags = {
        "lag": sorted(real(one.began - one.due) for one in fired),
        "heard": sorted(heard[one.key.encode()] - (now + real(one.due - clock)) for one in fired),
    }
    return {f"{name}_p{p}_ms": percentile(late, p) * 1000 for name, late in lags.items() for p in (50, 99)}


def _resident(stand: Stand) -> float:
    """MiB, of all replicas that run."""
    return sum(memory(pid)["rss_mib"] for pid in stand.fleet.pids().values())


async def _touched(connection: Any, nothing_due: datetime, some_due: datetime) -> dict[str, float]:
    """By what every tick asks while nothing is due, and by the query that finds what is."""
    await connection.execute("set search_path = escalation")
    explained, lanes = Explained(connection, "state"), range(PARTITIONS)
    await PostgresStore(explained, "escalation", UUID(int=0), 1.0).waiting(
        lanes, nothing_due - timedelta(days=1), "escalation"
    )
    await PostgresTransaction(explained, "escalation", UUID(int=0)).due(dict.fromkeys(lanes, some_due), LIMIT)
    tick, due = explained.touched
    return {
        "tick_buffers": tick.buffers, "due_rows": due.rows, "due_buffers": due.buffers, "due_query_ms": due.ms,
        "full_scans": tick.full_scans + due.full_scans,
    }  # fmt: skip


async def _round(stand: Stand, plan: Plan, outside: Outside, meter: Meter, connection: Any) -> Result:
    """With the WAL of its claims: the larger the tables, the more pages are written whole after a checkpoint."""
    claims = prepare(stand, DIRECT_PAY, plan.claims, plan.sellers)
    before = await wal_bytes(connection)
    meter.begin()
    await play(outside, DIRECT_PAY, claims)
    result = meter.end(len(claims))
    return replace(result, figures={"wal_bytes_per_claim": (await wal_bytes(connection) - before) / len(claims)})


def lacking(needed: int, free: int) -> str | None:
    """Why bytes of disk that are needed cannot be had; None: they can."""
    if needed + RESERVE <= free:
        return None
    return f"it takes {needed / 1e9:.0f} GB of disk, and {max(free - RESERVE, 0) / 1e9:.0f} GB are to be had."


def _free(stand: Stand) -> int:
    return shutil.disk_usage(stand.folder).free


async def _size(connection: Any) -> float:
    return float(await connection.fetchval("select pg_database_size(current_database())"))


_CHANGED_IN_PLACE: Final = """
select sum(n_dead_tup)::float8, sum(pg_total_relation_size(relid))::float8 from pg_stat_user_tables
where schemaname = any($1::text[]) and relname in ('state', 'lane', 'input', 'progress', 'effect')
"""
_FULL_SCANS: Final = "select seq_scan from pg_stat_user_tables where schemaname = 'escalation' and relname = 'state'"
