"""``python -m bench.capacity FILE``: what more claims need, computed from the results of one run, in docs/capacity.md.

A linear model. Its coefficients are what one claim cost in that run, on its dearest route and in full batches (in small
ones where few claims come); what a part carries is given below, each figure with its reason. All is computed from what
was measured of one commit on one machine, that of most routes; what is of another is only shown. What stands between
the marks is written anew; what people wrote around them stays.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Final, NamedTuple, Self

from bench.databases import ON_SEVERAL
from bench.footprint import hearers_of_topics
from bench.growth import with_history
from bench.latency import LOADS, at_load
from bench.load import DIRECT_PAY, ROUTES, SILENT
from bench.measure import Origin, Result, kept
from bench.plan import Plan
from bench.render import command, elsewhere, put_into, table
from bench.run import Run, by_service, marked, shares
from ops import catalogue
from ops.terminal import ROOT
from shared.events.base import PARTITIONS
from shared.runtime.process import all_processes
from shared.runtime.settings import Settings

PAGE: Final = ROOT / "docs" / "capacity.md"
RATES: Final = (10, 1_000, 100_000)
"""Claims per second."""
MB: Final = 1e6
WAL: Final = "wal_bytes_per_claim"
_DAY: Final = 86_400


class Assumed(NamedTuple):
    """A figure that was not measured."""

    value: float
    of: str
    why: str


HEADROOM: Final = Assumed(0.5, "of each part stays free", "for peaks, and for catching up after something was down")
REPLICATION: Final = Assumed(
    3,
    "copies of each record",
    "as in production; a follower is taken to cost as much CPU as a leader, which is too much",
)
REPLICAS: Final = Assumed(2, "replicas of a service at least", "one may fail")
POOL: Final = Assumed(8, "connections of a replica at most", "its pool in shared/runtime/serve.py")
MAX_CONNECTIONS: Final = Assumed(300, "connections to one PostgreSQL", "as in docker-compose.yml; each is a process")
DATABASE_CORES: Final = Assumed(32, "cores of a PostgreSQL server", "a common large machine, of the speed measured on")
BROKER_CORES: Final = Assumed(8, "cores of a broker", "a common machine for one")
DISK: Final = Assumed(
    1000, "MB/s that a server's volume writes", "a gp3 volume can be given 125 to 2,000 MiB/s, by the EC2 API reference"
)
NETWORK: Final = Assumed(1250, "MB/s that leave a server", "10 Gbit/s")
KEPT_DAYS: Final = Assumed(
    Settings.model_fields["retention_days"].default + 31,
    "days of the outbox at most",
    "MAKEGOOD_RETENTION_DAYS as it is by default, and a month, for only whole months are dropped",
)
ASSUMED: Final = (
    HEADROOM, REPLICATION, REPLICAS, POOL, MAX_CONNECTIONS, DATABASE_CORES, BROKER_CORES, DISK, NETWORK, KEPT_DAYS
)  # fmt: skip
FREE: Final = 1 - HEADROOM.value


@dataclass(frozen=True)
class Cost:
    """Of one claim: CPU in seconds, by service and of the servers; and bytes.

    ``said``: one copy in Kafka; ``fetched``: by our services; the rest is PostgreSQL's (see ``footprint``).
    """

    services: Mapping[str, float]
    kafka: float
    database: float
    said: float
    fetched: float
    wal: float
    kept: float
    outbox: float

    @property
    def stored(self) -> float:
        """What PostgreSQL writes down: its log, and later the pages."""
        return self.wal + self.kept + self.outbox

    def with_cpu_of(self, one: Result) -> Self:
        """The same bytes."""
        cpu, services = shares(one), {name: seconds / 1000 for name, seconds in by_service(one).items()}
        return replace(self, services=services, kafka=cpu["broker"] / 1000, database=cpu["database"] / 1000)

    @property
    def busiest(self) -> str:
        """The service that works most."""
        return max(self.services, key=self.services.__getitem__)


@dataclass(frozen=True)
class Limit:
    """A part, the claims per second that it carries, and what takes over there."""

    of: str
    carries: float
    then: str


def cost_of(one: Result) -> Cost | None:
    """None: bytes were not measured in this round."""
    if WAL not in one.figures:
        return None
    names = ("kafka", "fetched", "wal", "kept", "outbox")
    return Cost({}, 0.0, 0.0, *(one.figures[f"{name}_bytes_per_claim"] for name in names)).with_cpu_of(one)


def costs(run: Run) -> dict[str, Cost]:
    """Of each route's median round, with the WAL that it has once tables are full."""
    found = {route.name: run.median("routes", route.name) for route in ROUTES}
    each = {name: cost for name, one in found.items() if one is not None and (cost := cost_of(one)) is not None}
    return {name: replace(cost, wal=cost.wal * (full_tables(run) or 1.0)) for name, cost in each.items()}


def full_tables(run: Run) -> float | None:
    """By how much a claim's WAL grows with the tables, the most that was measured; None: it was not. A page is written
    whole the first time after a checkpoint, and in large tables nearly every touch of a page is its first.
    """
    large = [("growth", with_history(size), DIRECT_PAY.name) for size in Plan.history]
    large.append(("databases", ON_SEVERAL, SILENT.name))
    found = ((run.figure(what, name, WAL), run.figure("routes", route, WAL)) for what, name, route in large)
    times = [grown / small for grown, small in found if grown and small]
    return max(1.0, *times) if times else None


def few(run: Run) -> tuple[float, dict[str, Cost]]:
    """Up to so many claims per second batches are small: what a claim costs then, by the lowest load of each route."""
    cpu = {name: one for name in costs(run) if (one := run.median("latency", at_load(name, LOADS[0]))) is not None}
    rate = min((one.figures["offered_per_second"] for one in cpu.values()), default=0.0)
    return rate, {name: costs(run)[name].with_cpu_of(one) for name, one in cpu.items()}


def dearest(found: Sequence[Cost]) -> Cost:
    """Of each coefficient the largest, as if every claim went the dearest way."""
    services = {name: max(cost.services.get(name, 0.0) for cost in found) for name in catalogue.NAMES}
    return Cost(
        services,
        kafka=max(cost.kafka for cost in found),
        database=max(cost.database for cost in found),
        said=max(cost.said for cost in found),
        fetched=max(cost.fetched for cost in found),
        wal=max(cost.wal for cost in found),
        kept=max(cost.kept for cost in found),
        outbox=max(cost.outbox for cost in found),
    )


def limits(cost: Cost, run: Run) -> list[Limit]:
    """The first one first."""
    busiest, brokers = cost.services[cost.busiest], REPLICATION.value
    fetch = cost.fetched + (REPLICATION.value - 1) * cost.said
    replicas = sum(cost.services.values()) / FREE
    more_brokers = "more brokers: partitions move to them, and nothing changes here"
    by_services = "a database for each service: a setting, or Citus by schema"
    found = [
        Limit(f"one replica of {cost.busiest}", FREE / busiest, f"more replicas, up to {PARTITIONS}"),
        Limit(
            f"{PARTITIONS} replicas of {cost.busiest}, one for each lane", PARTITIONS * FREE / busiest,
            "more lanes (a new house with more partitions), or several houses, each for some marketplaces",
        ),
        Limit("one PostgreSQL, its cores", DATABASE_CORES.value * FREE / cost.database, by_services),
        Limit("one PostgreSQL, its disk", DISK.value * MB * FREE / cost.stored, by_services),
        Limit(
            "one PostgreSQL, its connections", MAX_CONNECTIONS.value / (replicas * POOL.value),
            f"`max_connections`; then {by_services}",
        ),
        Limit(f"{brokers:g} brokers, their cores", BROKER_CORES.value * FREE / cost.kafka, more_brokers),
        Limit(f"{brokers:g} brokers, their disks", DISK.value * MB * FREE / cost.said, more_brokers),
        Limit(f"{brokers:g} brokers, their network", brokers * NETWORK.value * MB * FREE / fetch, more_brokers),
        *_split_databases(cost, run),
    ]  # fmt: skip
    return sorted(found, key=lambda limit: limit.carries)


def needs(cost: Cost, rate: float) -> dict[str, float]:
    """What so many claims per second need, headroom included."""
    replicas = {name: max(REPLICAS.value, ceil(rate * cpu / FREE)) for name, cpu in cost.services.items()}
    published, fetched = rate * cost.said, rate * (cost.fetched + (REPLICATION.value - 1) * cost.said)
    kafka, database = rate * cost.kafka * REPLICATION.value / FREE, rate * cost.database / FREE
    on_disks = published * REPLICATION.value
    brokers = max(
        kafka / BROKER_CORES.value, on_disks / (DISK.value * MB * FREE), fetched / (NETWORK.value * MB * FREE)
    )
    databases = max(database / DATABASE_CORES.value, rate * cost.stored / (DISK.value * MB * FREE))
    return {
        "services, cores": rate * sum(cost.services.values()) / FREE,
        "services, replicas in all": sum(replicas.values()),
        f"replicas of the busiest, and so lanes ({PARTITIONS} there are)": replicas[cost.busiest],
        "Kafka, MB/s published": published / MB,
        "Kafka, MB/s written to disks, all copies": on_disks / MB,
        "Kafka, MB/s sent to services and followers": fetched / MB,
        "Kafka, cores": kafka,
        "Kafka, brokers": max(REPLICATION.value, ceil(brokers)),
        "Kafka, GB a day, all copies, for good": on_disks * _DAY / 1e9,
        "PostgreSQL, cores": database,
        "PostgreSQL, MB/s of WAL": rate * cost.wal / MB,
        "PostgreSQL, servers (each with a standby)": ceil(databases),
        "PostgreSQL, GB a day for good": rate * cost.kept * _DAY / 1e9,
        f"PostgreSQL, GB of outbox in {KEPT_DAYS.value} days": rate * cost.outbox * _DAY * KEPT_DAYS.value / 1e9,
        "PostgreSQL, connections at most": sum(replicas.values()) * POOL.value,
    }


def page(run: Run) -> str:
    """What stands between the marks."""
    alike = run.only(next(iter(run.origins("routes")), run.origin))
    found = costs(alike)
    if not found:
        return "Not measured yet: `makegood bench routes databases --json FILE`, then `python -m bench.capacity FILE`."
    cost = dearest(list(found.values()))
    sections = (
        _coefficients(found, cost, alike), elsewhere(run, _READ, alike.origin), _limits(cost, alike),
        _needs(cost, alike), _first(cost, alike), _databases(run, alike.origin),
    )  # fmt: skip
    return "\n\n".join(block for section in sections for block in section)


def _coefficients(found: Mapping[str, Cost], cost: Cost, run: Run) -> Iterator[str]:
    small = {name: run.figure("routes", name, WAL) or 0.0 for name in found}
    yield "## What a claim costs"
    yield (
        f"Measured: medians of {command('routes', run)} ({run.origin}), one broker: each route as fast as it goes, so "
        "that batches are full. The last column has the largest of each row: all below is computed from it. The demo's "
        f"mix is not among them. The WAL of full tables {_full_tables(run)}"
    )
    rows = [
        *(
            (f"CPU ms, {name}", [1000 * one.services.get(name, 0) for one in found.values()])
            for name in catalogue.NAMES
        ),
        ("CPU ms, Kafka", [1000 * one.kafka for one in found.values()]),
        ("CPU ms, PostgreSQL", [1000 * one.database for one in found.values()]),
        ("KB published", [one.said / 1000 for one in found.values()]),
        ("KB fetched by services", [one.fetched / 1000 for one in found.values()]),
        ("KB of WAL, tables of some thousand claims", [each / 1000 for each in small.values()]),
        ("KB of WAL, full tables (derived)", [one.wal / 1000 for one in found.values()]),
        ("KB in tables and indexes, for good", [one.kept / 1000 for one in found.values()]),
        ("KB in the outbox, until it is old", [one.outbox / 1000 for one in found.values()]),
        *((name, [run.figure("routes", route, figure) or 0.0 for route in found]) for name, figure in _ROWS.items()),
    ]
    yield table(("Of one claim", *found, "dearest"), [(name, *map(_short, [*each, max(each)])) for name, each in rows])
    yield _standing(run)


_READ: Final = ("routes", "latency", "growth", "databases")
"""What is measured for this page."""
_ROWS: Final = {
    "rows of the journal (decisions)": "decisions_per_claim",
    "rows of the outbox (events)": "events_per_claim",
    "rows of states": "states_per_claim",
}


def _full_tables(run: Run) -> str:
    if (times := full_tables(run)) is None:
        return "was not measured with them: it is taken to be the same."
    return (
        f"is derived: {times:.1f} times as much, the most by which that of one route grew, with claims before it "
        "(`makegood bench growth`) or with its tables restored elsewhere (`makegood bench databases`)."
    )


def _standing(run: Run) -> str:
    """What there is without any claim."""
    topics = hearers_of_topics()
    processes = sum(len(all_processes(service)) for service in catalogue.all_services())
    held = [count for name in run.names("routes") if (count := run.figure("routes", name, "connections")) is not None]
    return (
        f"With or without claims: {len(topics)} topics that are heard, of {PARTITIONS} partitions; {processes} "
        f"processes of {PARTITIONS} lanes in {len(catalogue.NAMES)} services; {max(held, default=0):.0f} connections "
        "held by one replica of each."
    )


def _limits(cost: Cost, run: Run) -> Iterator[str]:
    yield "## What each part carries"
    yield "Derived: a part's size divided by what a claim costs there. The sizes are assumed:"
    yield "\n".join(f"- {one.value:,.10g} {one.of}: {one.why}" for one in ASSUMED)
    rows = [(f"{limit.of}; then {limit.then}", _short(limit.carries)) for limit in limits(cost, run)]
    yield table(("Part, and what takes over", "Claims/s"), rows)


def _needs(cost: Cost, run: Run) -> Iterator[str]:
    yield "## What is needed"
    yield "Derived, headroom included."
    most, found = few(run)
    small = dearest(list(found.values())) if found else cost
    if found:
        times = sum(small.services.values()) / sum(cost.services.values())
        yield (
            f"Up to {_short(most)} claims/s the CPU is that of small batches, measured by "
            f"{command('routes latency', run)} at its lowest loads: there the services need {times:.1f} times as much "
            "for a claim."
        )
    columns = [needs(small if rate <= most else cost, rate) for rate in RATES]
    rows = [(name, *(_short(column[name]) for column in columns)) for name in columns[0]]
    yield table(("", *(f"{rate:,} claims/s" for rate in RATES)), rows)


def _first(cost: Cost, run: Run) -> Iterator[str]:
    yield "## What fills up first"
    found = limits(cost, run)
    for rate in RATES:
        full = [f"{limit.of} (at {_short(limit.carries)})" for limit in found if limit.carries < rate]
        nothing = f"nothing. The first to do so is {found[0].of}, at {_short(found[0].carries)}"
        yield f"**{rate:,} claims/s**: {', then '.join(full) or nothing}."


def _databases(run: Run, origin: Origin) -> Iterator[str]:
    """``origin``: of all else on the page."""
    found = run.medians("databases")
    if not found:
        return
    yield "## Several databases, measured"
    yield (
        "Three PostgreSQL servers on the same machine, so that claims/s cannot grow. What is measured: by lanes, that "
        "the same turns cost no more when their rows are spread; by service, that claims complete from end to end, and "
        "whose server is the busiest. The tables of the services were large and just restored, those of the lanes "
        "empty: the two do not compare. That three machines carry as much more is derived. "
        f"{command('databases', run)}"
    )
    head = ("What", "Claims/s", "PostgreSQL, CPU ms a claim", "KB of WAL a claim", "Busiest server, CPU", "WAL")
    rows = [
        (
            marked(one.name, one.origin, origin), _short(one.per_second), _short(_on_databases(one) * 1000),
            _short(one.figures[WAL] / 1000),
            *(f"{one.figures[share]:.0f} %" if share in one.figures else "" for share in _BUSIEST),
        )
        for one in found
    ]  # fmt: skip
    yield table(head, rows)


_BUSIEST: Final = ("busiest_cpu_percent", "busiest_wal_percent")


def _split_databases(cost: Cost, run: Run) -> Iterator[Limit]:
    """Services spread over several databases, as far as that was measured: what each of them runs out of first."""
    for one in run.medians("databases"):
        if "busiest_cpu_percent" in one.figures:
            cpu, wal = (one.figures[name] / 100 for name in _BUSIEST)
            carries, which = min(
                (DATABASE_CORES.value / (cost.database * cpu), "its cores"),
                (DISK.value * MB / (cost.stored * wal), "its disk"),
            )
            then = "lane n on database n mod N (not built, see below), or a distributed PostgreSQL"
            yield Limit(f"the busiest of three PostgreSQL, by service, {which}", carries * FREE, then)


def _on_databases(one: Result) -> float:
    """CPU seconds of all servers that were taken into use for it, per claim."""
    return sum(cpu for part, cpu in one.cpu.items() if part.startswith("postgres ")) / max(one.count, 1)


def _short(value: float) -> str:
    """Three digits are more than the model knows."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, help="results of one run, as `makegood bench --json FILE` appends them")
    run = Run(kept(parser.parse_args().file))
    PAGE.write_text(put_into(PAGE.read_text(encoding="utf-8"), page(run)), encoding="utf-8")
    sys.stdout.write(f"Written: {PAGE.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
