"""What claims leave behind: bytes in Kafka's logs, rows and bytes in PostgreSQL, and the WAL with which they came."""

from collections import Counter
from pathlib import Path
from typing import Any

from bench.stand import Stand
from ops import catalogue
from shared.runtime.postgres import session
from shared.runtime.process import all_processes, topics_of

_METADATA = "__cluster_metadata"
"""The controller's own log, which grows with time and not with claims."""
_ROWS = {"decisions_per_claim": "journal", "events_per_claim": "outbox", "states_per_claim": "state"}
_SIZES = """
select coalesce(sum(pg_total_relation_size(c.oid)) filter (where c.relname like 'outbox%'), 0)::float8 as outbox,
    coalesce(sum(pg_total_relation_size(c.oid)) filter (where c.relname not like 'outbox%'), 0)::float8 as kept
from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = any($1::text[]) and c.relkind = 'r'
"""
_WAL = "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8"


async def footprint(stand: Stand) -> dict[str, float]:
    """All so far; each by the name that its difference has, divided by the claims in between.

    ``fetched``: by our services, each topic once by each process that hears it. ``outbox``: what is dropped when it is
    published and old; ``kept``: everything else, for good. Both with their indexes.
    """
    logs, hearers = log_bytes(stand.stack.kafka.data), hearers_of_topics()
    async with session(stand.settings) as connection:
        sizes = await connection.fetchrow(_SIZES, list(catalogue.NAMES))
        return {
            **{name: await _count(connection, table) for name, table in _ROWS.items()},
            "kafka_bytes_per_claim": float(sum(logs.values())),
            "fetched_bytes_per_claim": float(sum(size * hearers[topic] for topic, size in logs.items())),
            "wal_bytes_per_claim": await wal_bytes(connection),
            "outbox_bytes_per_claim": sizes["outbox"],
            "kept_bytes_per_claim": sizes["kept"],
        }


async def connections(stand: Stand) -> int:
    """That all replicas together hold now."""
    async with session(stand.settings) as connection:
        return await connection.fetchval(
            "select count(*) from pg_stat_activity where application_name like 'makegood.%'"
        )


async def wal_bytes(connection: Any) -> float:
    """Written since the server was made."""
    return await connection.fetchval(_WAL)


def log_bytes(data: Path) -> Counter[str]:
    """Of each topic the bytes of its records in a broker's directory, one copy of them, without indexes."""
    sizes: Counter[str] = Counter()
    for file in data.glob("*-*/*.log"):
        topic, _, _ = file.parent.name.rpartition("-")
        if topic != _METADATA:
            sizes[topic] += file.stat().st_size
    return sizes


def hearers_of_topics() -> Counter[str]:
    """By how many processes each topic is heard."""
    processes = (process for service in catalogue.all_services() for process, _ in all_processes(service))
    return Counter(topic.name for process in processes for topic in topics_of(process))


async def _count(connection: Any, table: str) -> float:
    return sum([await connection.fetchval(f"select count(*) from {s}.{table}") for s in catalogue.NAMES])  # noqa: S608
