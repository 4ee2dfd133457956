"""What could be had at most here: a bare loop of as many hops as a route has, and each part by itself.

The loop's hops are shared out among as many processes as there are services. A route has as many hops as processes hear
of a claim one after the other (``Route.path``); and as many as it takes decisions, where routes were measured before.
The loop of as many hops as direct pay has is also given as many claims a second as it, to see how late that makes it,
and as many in proportion to what it can take itself: at half load, in the words of the goal.
"""

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench import hop
from bench.batches import Ready, durable_producer, send
from bench.latency import at_load, pace, percentiles, schedule, throughput
from bench.load import DIRECT_PAY, ROUTES, Saying
from bench.measure import Meter, Result
from bench.outside import ready
from bench.peers.inside.batches import Batches
from bench.plan import Plan
from bench.run import Run
from bench.stand import PATIENCE, Stand
from ops import catalogue
from shared.events.base import PARTITIONS, Topic
from shared.events.seller_notifier import SellerNotified
from shared.runtime.kafka import client_options, make_topics
from shared.runtime.lanes import partition_of
from shared.runtime.postgres import session

PROCESSES: Final = len(catalogue.NAMES)
ITSELF: Final = "itself"
SET: Final = 1000
"""Rows written together: as many as a batch of the services has at most."""
TIMES: Final = 10
"""So many records for each claim of a round of the routes: without business a round is soon over."""
ALONE: Final = 200
"""So many records, rows and events for each claim when a part runs alone: CPU is counted in ticks of a hundredth of a
second, so that a round must take seconds."""
_GLANCE: Final = 0.02
_NOBODY: Final = str(uuid.UUID(int=0)).encode()
_TABLE: Final = "create table bench.rows (n bigint primary key, key text not null, body text not null)"
_INSERT: Final = "insert into bench.rows select * from unnest($1::bigint[], $2::text[], $3::text[])"


def bare_loop(hops: float) -> str:
    return f"bare loop of {round(hops)} hops"


def as_many_as(whose: str, hops: int) -> str:
    """The loop that is given parts of what somebody can take."""
    return f"{bare_loop(hops)}, as many as {whose}"


async def measure(stand: Stand, plan: Plan, before: Sequence[Result]) -> AsyncGenerator[Result]:
    stand.fleet.end()
    async with session(stand.settings) as connection:
        await connection.execute(hop.SCHEMA)
    async with durable_producer(stand.settings) as producer, _consumer(stand) as consumer:
        for hops in loops(before)[: 2 if plan.short else None]:
            async with _loop(stand, hops):
                meter = Meter("limit", bare_loop(hops), stand.parts)
                await _through(stand, producer, consumer, hops, plan.claims)
                rounds: list[Result] = []
                for _ in range(plan.rounds):
                    meter.begin()
                    await _through(stand, producer, consumer, hops, plan.claims * TIMES)
                    rounds.append(meter.end(plan.claims * TIMES, hops=hops))
                    yield rounds[-1]
                if hops == len(DIRECT_PAY.path):
                    full = {ITSELF: (median(r.per_second for r in rounds), plan.claims * TIMES // plan.rounds)}
                    if known := throughput(DIRECT_PAY, before):
                        full[DIRECT_PAY.name] = known, plan.paced
                    async for result in _latency(stand, plan, producer, hops, full):
                        yield result
    async for result in _parts(stand, plan):
        yield result


def loops(before: Sequence[Result]) -> list[int]:
    """How many hops: each route's path, and each route's decisions as they were counted."""
    run = Run(before)
    counted = (run.figure("routes", route.name, "decisions_per_claim") for route in ROUTES)
    decisions = {round(count) for count in counted if count is not None}
    return sorted({len(route.path) for route in ROUTES} | decisions)


def shares(hops: int) -> list[list[int]]:
    """The hops of each process: one after the other goes to the next one."""
    return [[*range(first, hops, PROCESSES)] for first in range(min(hops, PROCESSES))]


@asynccontextmanager
async def _loop(stand: Stand, hops: int) -> AsyncGenerator[None]:
    """Its topics and processes."""
    topics = [Topic(hop.topic(hops, n), "claim_id", "bench") for n in range(hops + 1)]
    await make_topics(stand.settings, topics)
    for n, share in enumerate(shares(hops)):
        stand.fleet.start(f"hops.{n}", "bench.hop", str(hops), *map(str, share))
    try:
        yield
    finally:
        stand.fleet.end()


async def _through(stand: Stand, producer: Any, consumer: Any, hops: int, count: int) -> None:
    """So many records from its beginning to its end, where they are only counted."""
    ends = [TopicPartition(hop.topic(hops, hops), n) for n in range(PARTITIONS)]
    arrived = sum((await consumer.end_offsets(ends)).values()) + count
    await send(producer, events(hop.topic(hops, 0), count))
    async with asyncio.timeout(PATIENCE):
        while sum((await consumer.end_offsets(ends)).values()) < arrived:
            stand.look_after()
            await asyncio.sleep(_GLANCE)


async def _latency(
    stand: Stand, plan: Plan, producer: Any, hops: int, full: Mapping[str, tuple[float, int]]
) -> AsyncGenerator[Result]:
    """At parts of the throughput of each of these, with so many claims a round."""
    for whose, (per_second, count) in full.items():
        for load in plan.loads:
            meter = Meter("latency", at_load(as_many_as(whose, hops), load), stand.parts)
            for number in range(1, plan.rounds + 1):
                moments = schedule(per_second * load / 100, count, seed=number)
                result = await _late(stand, meter, producer, hops, moments)
                offered = {"load_percent": float(load), "offered_per_second": per_second * load / 100}
                yield replace(result, figures={**offered, **result.figures})


async def _late(stand: Stand, meter: Meter, producer: Any, hops: int, moments: Sequence[float]) -> Result:
    """How late records are that go in at these moments: until each has come out of the last hop."""
    records = events(hop.topic(hops, 0), len(moments))
    async with _consumer(stand) as consumer, asyncio.TaskGroup() as sending:
        consumer.assign([TopicPartition(hop.topic(hops, hops), n) for n in range(PARTITIONS)])
        await consumer.seek_to_end()
        coming = sending.create_task(_coming(consumer, len(records)))
        batches = Batches[Ready](partial(send, producer))  # else each record would be a batch, of which a place has one
        meter.begin()
        scheduled = await pace(
            records, moments, lambda due: [sending.create_task(batches.say(record)) for record in due]
        )
        async with asyncio.timeout(PATIENCE):
            came = await coming
    late = percentiles("decision", (came[one.key] - at for one, at in zip(records, scheduled, strict=True)))
    return meter.end(len(records), **late)


async def _coming(consumer: Any, count: int) -> dict[bytes, float]:
    """When each key was there."""
    came: dict[bytes, float] = {}
    while len(came) < count:
        found = await consumer.getmany(timeout_ms=1000)
        now = time.perf_counter()
        came |= {record.key: now for records in found.values() for record in records}
    return came


async def _parts(stand: Stand, plan: Plan) -> AsyncGenerator[Result]:
    """One after the other, each with nothing else to do: a round that is not counted, and then the others."""
    topic, count = Topic("bench.records.v1", "claim_id", "bench"), plan.claims * ALONE
    records = events(topic.name, SET * PARTITIONS)
    await make_topics(stand.settings, [topic])
    async with (
        session(stand.settings) as connection,
        durable_producer(stand.settings) as producer,
        _consumer(stand) as consumer,
    ):
        await connection.execute(_TABLE)
        consumer.assign([TopicPartition(topic.name, n) for n in range(PARTITIONS)])
        await consumer.seek_to_beginning()
        parts = {
            "asyncpg: rows inserted in sets": partial(_insert, connection, itertools.count(), records[:SET]),
            "aiokafka: records produced": partial(_produce, producer, records),
            "aiokafka: records consumed": partial(_consume, consumer),
            "pydantic: events decoded": partial(_decode, records[0].value),
        }
        for name, work in parts.items():
            meter = Meter("limit", name, stand.parts)
            await work(count)
            for _ in range(plan.rounds):
                meter.begin()
                await work(count)
                yield meter.end(count)


async def _insert(connection: Any, numbers: Iterator[int], records: Sequence[Ready], count: int) -> None:
    """Sets of rows as wide as the outbox's, each set a transaction, one connection."""
    keys, bodies = (
        [text.decode() for text in texts] for texts in zip(*((r.key, r.value) for r in records), strict=True)
    )
    for first in range(0, count, SET):
        size = min(SET, count - first)
        await connection.execute(_INSERT, [*itertools.islice(numbers, size)], keys[:size], bodies[:size])


async def _produce(producer: Any, records: Sequence[Ready], count: int) -> None:
    for first in range(0, count, len(records)):
        await send(producer, records[: count - first])


async def _consume(consumer: Any, count: int) -> None:
    """What was produced in a round."""
    while count:
        found = await consumer.getmany(timeout_ms=1000, max_records=min(SET, count))
        count -= sum(map(len, found.values()))


async def _decode(body: bytes, count: int) -> None:
    """The contract's class from its JSON, and nothing else."""
    for _ in range(count):
        SellerNotified.model_validate_json(body)


def events(topic: str, count: int) -> list[Ready]:
    """Of 263 bytes; what our services say has 257 in the mean of the four routes."""
    nobody, moment = uuid.UUID(int=0), datetime.now(UTC)
    event = SellerNotified(
        claim_id=nobody, seller_id="bench-insured-100", direct_pay=False, handed_over_at=moment, respond_by=moment,
        letter_id=uuid.uuid4(),
    )  # fmt: skip
    kind, body = event.type_name(), event.model_dump_json().encode()
    keys = [str(uuid.uuid4()) for _ in range(count)]
    says = (
        Saying(topic, partition_of(key, PARTITIONS), key.encode(), kind, key, body.replace(_NOBODY, key.encode()))
        for key in keys
    )
    return list(ready(says, moment))


@asynccontextmanager
async def _consumer(stand: Stand) -> AsyncGenerator[Any]:
    consumer: Any = AIOKafkaConsumer(
        **client_options(stand.settings), group_id=None, enable_auto_commit=False, max_partition_fetch_bytes=4 << 20
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
