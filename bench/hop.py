"""``python -m bench.hop``: hops without business, one process of the bare loop, until SIGTERM.

Each hop decodes what it hears by the contract's class, writes the batch in one transaction (its input rows, and one set
of rows), and publishes each record on to the next topic. What it leaves out is all else that the runtime does: states,
numbered streams, a journal, proof against another owner.
"""

import argparse
import gc
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg as _asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.batches import Ready, send
from shared.events.base import PARTITIONS
from shared.events.seller_notifier import SellerNotified
from shared.runtime.kafka import client_options
from shared.runtime.settings import Settings

asyncpg: Any = _asyncpg
SCHEMA = """
create schema bench;
create table bench.input (topic text, partition integer, next bigint not null, primary key (topic, partition))
    with (fillfactor = 50);
create table bench.heard (topic text, partition integer, "offset" bigint, key text not null, body text not null,
    primary key (topic, partition, "offset"));
"""
_READ_TO = """
insert into bench.input select * from unnest($1::text[], $2::int[], $3::bigint[])
    on conflict (topic, partition) do update set next = excluded.next
"""
_HEARD = "insert into bench.heard select * from unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::text[])"


def topic(hops: int, n: int) -> str:
    """Of a loop of so many hops: what the hop ``n`` hears. The last one is heard by none."""
    return f"bench.{hops}-hops-{n}.v1"


class Hops:
    """Some hops of a loop, heard by one consumer."""

    def __init__(self, settings: Settings, hops: int, own: Sequence[int]) -> None:
        self._settings = settings
        self._next = {topic(hops, n): topic(hops, n + 1) for n in own}

    async def run(self) -> None:
        """Until cancelled."""
        options = client_options(self._settings)
        pool = await asyncpg.create_pool(self._settings.database_url.get_secret_value(), min_size=1, max_size=2)
        producer: Any = AIOKafkaProducer(**options, acks="all", enable_idempotence=True, max_batch_size=512 * 1024)
        consumer: Any = AIOKafkaConsumer(
            **options, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=500,
            max_partition_fetch_bytes=4 << 20,
        )  # fmt: skip
        await producer.start()
        await consumer.start()
        consumer.assign([TopicPartition(name, n) for name in self._next for n in range(PARTITIONS)])
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 100)  # as a replica of ours does
        while True:
            found = await consumer.getmany(timeout_ms=500, max_records=self._settings.batch_records)
            if found:
                await self._hop(pool, producer, found)

    async def _hop(self, pool: Any, producer: Any, found: Mapping[Any, Sequence[Any]]) -> None:
        rows: list[tuple[str, int, int, str, str]] = []
        says: list[Ready] = []
        for (name, partition), records in found.items():
            for record in records:
                event = SellerNotified.model_validate_json(record.value)
                body = event.model_dump_json()
                rows.append((name, partition, record.offset, record.key.decode(), body))
                says.append(Ready(self._next[name], partition, record.key, body.encode(), list(record.headers)))
        inputs = [(name, partition, records[-1].offset + 1) for (name, partition), records in found.items()]
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(_READ_TO, *map(list, zip(*inputs, strict=True)))
            await connection.execute(_HEARD, *map(list, zip(*rows, strict=True)))
        await send(producer, says)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.hop", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("hops", type=int, help="how many the loop has")
    parser.add_argument("own", type=int, nargs="+", help="which of them are this process's, from 0")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    uvloop.run(Hops(Settings(), given.hops, given.own).run())
