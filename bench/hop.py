"""``python -m bench.hop``: hops without business, one process of the bare loop, until SIGTERM.

Each hop decodes what it hears by the contract's class, writes the batch in one transaction (how far it has read, and
one set of rows), and publishes each record on to the next topic, as an event made anew. What it leaves out is all else
that the runtime does: states, numbered streams, a journal, proof against another owner.

It is to be the fastest that these libraries allow: a batch is one round trip to the database, one acknowledged produce
request and one fetch, and what makes the runtime fast it has as well (shared/runtime/kafka.py and serve.py say why).
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.batches import Ready, durable_producer, send
from shared.events.base import PARTITIONS
from shared.events.seller_notifier import SellerNotified
from shared.runtime.kafka import client_options
from shared.runtime.postgres import session
from shared.runtime.serve import spare_the_collector
from shared.runtime.settings import Settings

SCHEMA = """
create schema bench;
create table bench.input (topic text, partition integer, next bigint not null, primary key (topic, partition))
    with (fillfactor = 50);
create table bench.heard (topic text, partition integer, "offset" bigint, key text not null, body text not null,
    primary key (topic, partition, "offset"));
"""
_WRITE = """
with input as (
    insert into bench.input select * from unnest($1::text[], $2::int[], $3::bigint[])
        on conflict (topic, partition) do update set next = excluded.next
)
insert into bench.heard select * from unnest($4::text[], $5::int[], $6::bigint[], $7::text[], $8::text[])
"""
"""A statement by itself is a transaction."""


def topic(hops: int, n: int) -> str:
    """Of a loop of so many hops: what the hop ``n`` hears. The last one is heard by none."""
    return f"bench.{hops}-hops-{n}.v1"


class Hops:
    """Some hops of a loop, heard by one consumer."""

    def __init__(self, settings: Settings, hops: int, own: Sequence[int]) -> None:
        self._settings = settings
        self._next = {topic(hops, n): topic(hops, n + 1) for n in own}
        self._places = [TopicPartition(name, n) for name in self._next for n in range(PARTITIONS)]

    async def run(self) -> None:
        """Until cancelled."""
        most = self._settings.batch_records
        consumer: Any = AIOKafkaConsumer(
            **client_options(self._settings), group_id=None, enable_auto_commit=False, auto_offset_reset="earliest",
            fetch_max_wait_ms=500, max_partition_fetch_bytes=4 << 20,
        )  # fmt: skip
        async with session(self._settings) as connection, durable_producer(self._settings) as producer:
            await consumer.start()
            consumer.assign(self._places)
            spare_the_collector()
            while True:
                found = await consumer.getmany(timeout_ms=500, max_records=most)
                full = sum(map(len, found.values())) >= most
                if not full:  # a fetch would come back with the first record that is said meanwhile
                    consumer.pause(*self._places)
                if found:
                    await self._hop(connection, producer, found)
                if not full:
                    consumer.resume(*self._places)

    async def _hop(self, connection: Any, producer: Any, found: Mapping[Any, Sequence[Any]]) -> None:
        rows: list[tuple[str, int, int, str, str]] = []
        says: list[Ready] = []
        for (name, partition), records in found.items():
            for record in records:
                event = SellerNotified.model_validate_json(record.value)
                body = event.model_dump_json()
                rows.append((name, partition, record.offset, record.key.decode(), body))
                says.append(Ready(self._next[name], partition, record.key, body.encode(), list(record.headers)))
        inputs = [(name, partition, records[-1].offset + 1) for (name, partition), records in found.items()]
        await connection.execute(_WRITE, *zip(*inputs, strict=True), *zip(*rows, strict=True))
        await send(producer, says)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.hop", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("hops", type=int, help="how many the loop has")
    parser.add_argument("own", type=int, nargs="+", help="which of them are this process's, from 0")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    uvloop.run(Hops(Settings(), given.hops, given.own).run())
