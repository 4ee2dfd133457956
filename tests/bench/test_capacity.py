"""What is needed is computed from what was measured; and what claims leave behind is counted where it lies."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.capacity import (
    ASSUMED,
    DATABASE_CORES,
    DISK,
    FREE,
    MB,
    PAGE,
    RATES,
    REPLICATION,
    Cost,
    costs,
    dearest,
    few,
    full_tables,
    limits,
    needs,
    page,
)
from bench.databases import ON_SEVERAL
from bench.footprint import hearers_of_topics, log_bytes
from bench.growth import with_history
from bench.measure import Result
from bench.processor import Machine
from bench.render import BEGIN, END, put_into
from bench.run import Run
from shared.events.base import PARTITIONS
from shared.events.intake import ClaimAccepted
from shared.runtime.settings import Settings

CPU = {"intake": 0.4, "escalation": 0.2, "kafka": 0.1, "postgres": 0.05, "mail server": 0.03, "load": 0.02}
BYTES = {
    "kafka_bytes_per_claim": 10_000.0, "fetched_bytes_per_claim": 20_000.0, "wal_bytes_per_claim": 30_000.0,
    "kept_bytes_per_claim": 15_000.0, "outbox_bytes_per_claim": 5_000.0, "connections": 11.0,
    "decisions_per_claim": 20.0,
}  # fmt: skip


def ran(name: str, figures: Mapping[str, float], cpu: Mapping[str, float] = CPU) -> Result:
    return Result("routes", name, 1, 1000, 1.0, cpu, {"hops": 5, **figures})


DIRECT = ran("direct-pay", BYTES)
SPLIT = Result(
    "databases", ON_SEVERAL, 1, 1000, 1.0,
    {"postgres 1": 0.02, "postgres 2": 0.02, "postgres 3": 0.02, "intake": 1.0},
    {"wal_bytes_per_claim": 30_000.0, "busiest_cpu_percent": 40.0, "busiest_wal_percent": 50.0},
)  # fmt: skip
RUN = Run([DIRECT, SPLIT])


def cost(run: Run = RUN) -> Cost:
    return dearest(list(costs(run).values()))


def limit(beginning: str) -> float:
    return next(one.carries for one in limits(cost(), RUN) if one.of.startswith(beginning))


def test_the_outbox_is_as_full_as_before_a_month_of_it_goes() -> None:
    """What was said on the first of a month goes with what was said on its last day, the retention later."""
    retention = Settings.model_fields["retention_days"].default
    found = needs(cost(), 1)
    gigabytes = found[f"PostgreSQL, GB of outbox in {retention + 31} days"]
    assert gigabytes == pytest.approx(5_000 * 86_400 * (retention + 31) / 1e9)


def test_a_claim_costs_what_a_thousand_did_divided_by_a_thousand() -> None:
    assert cost().services["intake"] == pytest.approx(0.4e-3)
    assert (cost().kafka, cost().database) == (pytest.approx(0.1e-3), pytest.approx(0.05e-3))
    assert (cost().said, cost().stored) == (10_000, 50_000)


def test_the_dearest_has_of_each_route_what_costs_most() -> None:
    cpu = {**CPU, "intake": 0.1, "escalation": 0.9}
    other = ran("contested", {**BYTES, "wal_bytes_per_claim": 90_000.0}, cpu)
    found = cost(Run([DIRECT, other]))
    assert (found.services["intake"], found.services["escalation"]) == (pytest.approx(0.4e-3), pytest.approx(0.9e-3))
    assert (found.wal, found.busiest) == (90_000, "escalation")


def test_a_part_carries_what_is_left_of_it_beside_the_headroom() -> None:
    assert limit("one replica of intake") == pytest.approx(FREE / 0.4e-3)
    assert limit(f"{PARTITIONS} replicas of intake") == pytest.approx(PARTITIONS * FREE / 0.4e-3)
    assert limit("one PostgreSQL, its cores") == pytest.approx(DATABASE_CORES.value * FREE / 0.05e-3)
    assert limit("one PostgreSQL, its disk") == pytest.approx(DISK.value * MB * FREE / 50_000)


def test_services_on_three_databases_carry_more_by_the_share_of_the_busiest() -> None:
    cores, disk = limit("one PostgreSQL, its cores") / 0.4, limit("one PostgreSQL, its disk") / 0.5
    assert limit("the busiest of three PostgreSQL, by service, its disk") == pytest.approx(disk)
    assert disk < cores


def test_limits_come_in_the_order_in_which_they_are_met() -> None:
    carried = [one.carries for one in limits(cost(), RUN)]
    assert carried == sorted(carried)


def test_little_needs_the_least_that_production_has() -> None:
    found = needs(cost(), 10)
    assert found["Kafka, brokers"] == REPLICATION.value
    assert found["PostgreSQL, servers (each with a standby)"] == 1
    assert found[f"replicas of the busiest, and so lanes ({PARTITIONS} there are)"] == 2


def test_where_few_claims_come_they_cost_what_they_cost_in_small_batches() -> None:
    slow = Result("latency", "direct-pay at 25 %", 1, 100, 5.0, CPU, {"offered_per_second": 20.0})
    most, found = few(Run([DIRECT, slow]))
    assert most == 20
    assert (found["direct-pay"].services["intake"], found["direct-pay"].said) == (pytest.approx(4e-3), 10_000)
    text = page(Run([DIRECT, slow]))
    assert "Up to 20 claims/s" in text
    assert "the services need 10.0 times as much" in text
    assert "| services, cores | 0.12 | 1.2 | 120 |" in text


def test_the_wal_is_that_of_full_tables() -> None:
    grown = Result("growth", with_history(1_000_000), 1, 1000, 1.0, CPU, {"wal_bytes_per_claim": 120_000.0})
    run = Run([DIRECT, SPLIT, grown])
    assert (full_tables(RUN), full_tables(run), cost(run).wal) == (None, 4, 120_000)
    assert "4.0 times as much" in page(run)
    assert "it is taken to be the same" in page(RUN)


def test_needs_grow_with_the_claims() -> None:
    found = needs(cost(), 100_000)
    assert found["Kafka, MB/s published"] == pytest.approx(1000)
    assert found["Kafka, MB/s written to disks, all copies"] == pytest.approx(3000)
    assert found["Kafka, brokers"] == 8, "4 GB/s leave them, at 10 Gbit/s and half of it free: 6.4; cores: 7.5"
    assert found["PostgreSQL, servers (each with a standby)"] == 10
    assert found["PostgreSQL, GB a day for good"] == pytest.approx(100_000 * 15_000 * 86_400 / 1e9)


def test_the_page_says_what_is_measured_derived_and_assumed() -> None:
    told = {"commit": "1234567", "machine": Machine("A processor", 2), "arguments": "routes --claims 1000 --rounds 1"}
    text = page(Run(replace(one, **told) for one in (DIRECT, SPLIT)))
    assert (
        "Measured: medians of `makegood bench routes --claims 1000 --rounds 1` (1234567 on A processor, 2 cores)"
        in text
    )
    assert "| CPU ms, intake | 0.4 | 0.4 |" in text
    assert "**10 claims/s**: nothing." in text
    assert f"**{RATES[-1]:,} claims/s**: one replica of intake (at 1,250), then " in text
    assert "| seller-silent, services on 3 databases | 1,000 | 0.06 | 30 | 40 % | 50 % |" in text
    for one in ASSUMED:
        assert one.why in text
    assert text.count("Derived") == 2


def test_what_is_of_another_commit_or_machine_is_only_shown() -> None:
    slow = Result("latency", "direct-pay at 25 %", 1, 100, 5.0, CPU, {"offered_per_second": 20.0})
    grown = Result("growth", with_history(1_000_000), 1, 1000, 1.0, CPU, {"wal_bytes_per_claim": 120_000.0})
    dear = replace(ran("contested", {**BYTES, "wal_bytes_per_claim": 90_000.0}), commit="old")
    elsewhere = [replace(one, machine=Machine("Another", 8)) for one in (slow, grown, SPLIT)]
    text = page(Run([DIRECT, ran("seller-silent", BYTES), dear, *elsewhere]))
    of_another = "a commit that is not named on Another, 8 cores"
    assert f"Of another commit or machine: some of routes: old; latency, growth, databases: {of_another}." in text
    assert "| Of one claim | direct-pay | seller-silent | dearest |" in text
    assert "it is taken to be the same" in text
    assert "Up to 20 claims/s" not in text
    assert "the busiest of three PostgreSQL" not in text
    assert f"| {ON_SEVERAL} ({of_another}) | 1,000 |" in text


def test_what_was_measured_before_bytes_were_gives_no_page() -> None:
    assert page(Run([ran("direct-pay", {})])).startswith("Not measured yet")


def test_what_people_wrote_on_the_page_stays() -> None:
    text = PAGE.read_text(encoding="utf-8")
    once = put_into(text, "new")
    assert f"{BEGIN}\nnew\n{END}" in once
    assert "## The SQL that we use" in once


def test_sql_that_the_page_tells_of_is_in_use() -> None:
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("## The SQL that we use")
    rows = [line.split("|")[1] for line in rest.splitlines() if line.startswith("| `")]
    words = [word for row in rows for word in row.split("`")[1::2] if "…" not in word]
    root = PAGE.parent.parent
    files = [*(root / "shared" / "runtime").glob("*"), *(root / "services").glob("*/schema.sql")]
    sql = " ".join(file.read_text(encoding="utf-8") for file in files if file.suffix in (".py", ".sql"))
    assert len(words) > 10
    assert [word for word in words if word not in sql] == []


def test_of_a_log_the_records_count(tmp_path: Path) -> None:
    sizes: dict[str, Any] = {
        "claims.intake.v1-0/0.log": 10, "claims.intake.v1-0/0.index": 1000, "claims.intake.v1-15/7.log": 5,
        "__consumer_offsets-3/0.log": 2, "__cluster_metadata-0/0.log": 1000,
    }  # fmt: skip
    for name, size in sizes.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    assert log_bytes(tmp_path) == {"claims.intake.v1": 15, "__consumer_offsets": 2}


def test_a_topic_is_fetched_by_each_process_that_hears_it() -> None:
    assert ClaimAccepted.topic is not None
    assert hearers_of_topics()[ClaimAccepted.topic.name] >= 2
