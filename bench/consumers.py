"""``python -m bench.consumers SERVICE``: the consumers of a service and nothing else, until SIGTERM.

What a replica costs that hears by these groups and topics, and does nothing at all: no tick, no database, no producer.
"""

import asyncio
import sys
from typing import Any, NoReturn

import uvloop
from aiokafka import AIOKafkaConsumer

from ops import catalogue
from shared.runtime.kafka import client_options, group_of
from shared.runtime.process import all_processes, topics_of
from shared.runtime.serve import spare_the_collector
from shared.runtime.settings import Settings


async def listen(service: str) -> None:
    settings = Settings()
    session = settings.kafka_session_seconds
    processes = [process for process, _ in all_processes(catalogue.service(service))]
    consumers: list[Any] = [
        AIOKafkaConsumer(
            *(topic.name for topic in topics_of(process)),
            **client_options(settings),
            group_id=f"bench.{group_of(process.name)}",
            enable_auto_commit=False,
            fetch_max_wait_ms=500,
            consumer_timeout_ms=5000,
            session_timeout_ms=int(session * 1000),
            heartbeat_interval_ms=int(session * 200),
        )
        for process in processes
    ]
    await asyncio.gather(*(consumer.start() for consumer in consumers))
    spare_the_collector()
    await asyncio.gather(*map(_hear, consumers))


async def _hear(consumer: Any) -> NoReturn:
    while True:
        await consumer.getmany(timeout_ms=600_000)


if __name__ == "__main__":
    uvloop.run(listen(sys.argv[1]))
