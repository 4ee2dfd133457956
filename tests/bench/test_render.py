"""The page that a run becomes: figures beside goals, each with its command."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.goals import GOALS
from bench.growth import SNAPSHOTS, after_history, with_history, with_pending
from bench.measure import Result
from bench.mix import merged
from bench.processor import Machine
from bench.render import BEGIN, END, command, options, page, put_into, table
from bench.replicas import with_replicas
from bench.run import Run, by_service, shares

MACHINE = Machine("A processor", 2)
CPU = {"intake": 0.2, "escalation": 0.1, "kafka": 0.1, "postgres": 0.05, "mail server": 0.03, "load": 0.02}


def with_origin(one: Result) -> Result:
    return replace(one, commit="1234567", machine=MACHINE)


def ran(what: str, name: str, seconds: float, number: int = 1, **figures: float) -> Result:
    return Result(what, name, number, 1000, seconds, CPU, figures)


def fired(pending: int, **figures: float) -> Result:
    told = {"lag_p50_ms": 150, "rss_before_mib": 90, "tick_buffers": 70, "due_buffers": 1500, "due_rows": 500}
    found = told | figures | {"pending": pending, "full_scans": 0}
    return Result("growth", with_pending(pending), 1, 1000, 10.0, CPU, found)


RESULTS = (
    Result("machine", "A processor", 1, 2, 0.0, figures={"memory_gib": 8.0}),
    *(ran("routes", "direct-pay", seconds, n, hops=5, decisions_per_claim=19.7) for n, seconds in enumerate((4, 1, 2))),
    ran("latency", "direct-pay at 50 %", 4, offered_per_second=250, decision_p50_ms=30, decision_p99_ms=400),
    ran("latency", "bare loop of 5 hops, as many as direct-pay at 50 %", 4, decision_p50_ms=24, offered_per_second=1),
    ran("limit", "bare loop of 5 hops", 0.5, hops=5),
    ran("limit", "bare loop of 20 hops", 1.6, hops=20),
    Result(
        "deciding",
        "direct-pay",
        1,
        1000,
        2.0,
        {"services": 2.0},
        {"decisions_per_claim": 20, "in_memory_ms_per_claim": 4.0},
    ),
    ran("replicas", with_replicas(1), 2, replicas=1),
    ran("replicas", with_replicas(8), 4, replicas=8),
    ran("small", "start of intake", 1.4),
    ran("small", "start of recovery", 1.7),
    ran("small", "idle intake", 20.0, idle_cpu_percent=0.5, pss_mib=80, rss_mib=90),
    *(
        ran(
            "growth",
            name,
            2.0,
            n,
            dead_rows_before=0,
            dead_rows_after=n * 10,
            tables_before_mib=3,
            tables_after_mib=4,
        )
        for name in SNAPSHOTS.values()
        for n in (1, 2)
    ),
    ran("growth", with_history(10_000), 2.0, history=10_000, database_gib=0.5),
    Result(
        "growth",
        with_history(1_000_000),
        1,
        1000,
        2.1,
        CPU | {"postgres": 0.15},
        {"history": 1_000_000, "database_gib": 25.0},
    ),
    Result("growth", after_history("show", 1_000_000), 1, 1, 1.25, figures={"looked": 1_000_000}),
    fired(10_000, lag_p99_ms=300, rss_after_mib=100),
    fired(10_000_000, lag_p99_ms=1200, rss_before_mib=93, rss_after_mib=101),
    Result("growth", with_pending(100_000_000), 1, 0, 0.0, missing="it takes 300 GB of disk, and 40 GB are to be had."),
    ran("peers", "makegood", 1),
    Result("peers", "Celery + Redis", 1, 1000, 30.0, {"workers": 4.0, "load": 1.0}, {"at_once": 128}),
    Result("peers", "Temporal", 0, 0, 0.0, missing="there is no Go here"),
)
ASKED = "routes latency limit --claims 1000 --rounds 3"
RUN = Run(replace(with_origin(one), arguments=ASKED) for one in RESULTS)


def row(text: str, beginning: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {beginning} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_goals_stand_beside_what_was_reached_with_the_command() -> None:
    text = page(RUN)
    repeats = "`makegood bench routes --claims 1000 --rounds 3`"
    assert f"| direct-pay | ≥ 3,000 claims/s | 500 | **no** | ≤ 1,000 | 50 % | {repeats} |" in text
    assert "| direct-pay | ≤ 0.6 CPU s per 1,000 claims | 0.5 | yes |" in text
    assert (
        "| direct-pay against the bare loop of its path | ≥ 60 % of its claims/s | 25 | **no** | ≤ 40 | 62 % |" in text
    )
    assert "| direct-pay against the bare loop of its decisions | ≥ 60 % of its claims/s | 80 | yes |" in text
    assert "| direct-pay at half load, to decision, p50 | ≤ 40 ms | 30 | yes | ≥ 24 | 80 % |" in text
    assert (
        "| a replica's start | ≤ 1.5 s | 1.7 | **no** |  |  | `makegood bench small --claims 1000 --rounds 3` |" in text
    )
    assert "| Celery + Redis, claims/s | ≥ 25 × | 30 | yes |  |  | `makegood bench peers --claims 1000" in text
    assert "seller-silent" not in text, "what was not measured is not told"


def test_a_route_is_its_median_round_with_who_spent_the_cpu() -> None:
    assert row(page(RUN), "direct-pay")[1] == "≤ 0.6 CPU s per 1,000 claims"
    routes = page(RUN).partition("## Our routes")[2]
    assert row(routes, "direct-pay")[1:8] == ["500", "0.500", "0.300", "0.100", "0.050", "0.030", "0.020"]


def test_a_percentile_of_few_is_called_what_it_is() -> None:
    few = replace(ran("latency", "direct-pay at 50 %", 4, offered_per_second=250), count=666)
    assert "In a round of 666 claims the p99.9 is the latest one." in page(Run([few]))
    assert "is the latest one" not in page(RUN)


def test_a_peer_that_is_not_here_is_told_with_the_reason() -> None:
    text = page(RUN)
    assert "Temporal is left out: there is no Go here" in text
    celery = ["128", "", "33.3", "5.000", "1.000", "4.000", "0.2", "30.0 ×", "10.0 ×"]
    assert row(text, "Celery + Redis")[1:] == celery
    assert row(text, "makegood")[1] == "", "results that are older than this figure"


def test_what_is_of_another_commit_is_named_and_never_a_round_of_the_same_name() -> None:
    machine = Result("machine", "A processor", 1, 2, 0.0, figures={"memory_gib": 8.0}, commit="old")
    before = [ran("routes", name, 2, n, hops=5) for name in ("direct-pay", "contested") for n in (1, 2, 3)]
    since = [ran("routes", "contested", 4, hops=5)]
    run = Run(
        [machine, *(replace(one, commit="old") for one in before), *(replace(one, commit="new") for one in since)]
    )
    assert [one.seconds for one in run.rounds("routes", "contested")] == [4]
    assert page(run).startswith(
        "Measured on A processor, 2 cores, 8 GiB, everything beside each other. Commit: old.\n\n"
        "Of another commit or machine: some of routes: new."
    )
    assert row(page(run), "contested (new)")[1] == "250"


def test_what_is_of_another_commit_or_machine_is_listed_once_for_each() -> None:
    other = Machine("Another", 8)
    elsewhere = [replace(ran(what, "a", 1), commit="old") for what in ("growth", "small")]
    elsewhere.append(replace(ran("replicas", with_replicas(1), 1, replicas=1), commit="1234567", machine=other))
    here = (replace(one, commit="1234567", machine=MACHINE) for one in (ran("routes", name, 1) for name in "abcd"))
    beginning, _, _ = page(Run([*here, *elsewhere])).partition("\n\n## ")
    assert beginning == (
        "Of another commit or machine: growth, small: old on a machine that is not named; "
        "replicas: 1234567 on Another, 8 cores."
    )


def test_nothing_is_divided_by_what_is_of_another_commit_or_machine() -> None:
    """Neither in the goals nor beside the routes: the bare loop and what deciding takes were measured elsewhere."""
    for others in ({"commit": "old"}, {"machine": Machine("Another", 2)}):
        apart = Run(
            replace(one, **(others if one.what in ("limit", "deciding") else {})) for one in map(with_origin, RESULTS)
        )
        text = page(apart)
        assert "against the bare loop" not in text
        assert "| direct-pay | ≥ 3,000 claims/s | 500 | **no** |  |  |" in text
        assert row(text.partition("## Our routes")[2], "direct-pay")[-2:] == ["", ""]
        deciding = text.partition("## What deciding alone costs")[2].partition("## More replicas")[0]
        assert "| 20.0 | 2.00 | 4.00 |  | 1,000 |" in deciding, "which needs nothing else"


def test_a_goal_that_was_reached_elsewhere_is_marked() -> None:
    apart = Run(
        replace(one, **({"commit": "old"} if one.what == "growth" else {})) for one in map(with_origin, RESULTS)
    )
    assert "| a claim after 1 M others, against one after 10 k (old) | ≤ 10 % more CPU | 20 | **no** |" in page(apart)


def test_without_the_machine_s_name_nobody_knows_what_its_cores_could_do() -> None:
    text = page(Run(RESULTS))
    assert "| direct-pay | ≥ 3,000 claims/s | 500 | **no** |  |  | `makegood bench routes` |" in text
    assert "| direct-pay | ≤ 0.6 CPU s per 1,000 claims | 0.5 | yes | ≥ 2 |" in text


def test_what_was_measured_in_several_sizes_is_told_without_one() -> None:
    routes, latency = (
        replace(ran(what, "a", 1), arguments=f"{what} {size}")
        for what, size in (("routes", "--claims 10 --rounds 1"), ("latency", "--claims 20 --rounds 1"))
    )
    assert command("routes", Run([routes, latency])) == "`makegood bench routes --claims 10 --rounds 1`"
    assert command("routes latency", Run([routes, latency])) == "`makegood bench routes latency`"
    assert [*map(options, ("", "routes limit --short"))] == ["", " --short"]


def test_a_figure_is_its_median_whatever_round_was_the_median_by_time() -> None:
    waits = [ran("small", "rebalance of intake", 30 + n, n, joins_ms=joins) for n, joins in enumerate((900, 100, 500))]
    assert row(page(Run(waits)), "rebalance of intake")[1:] == ["31.00", "joins_ms 500"]


def test_more_replicas_are_told_by_their_number() -> None:
    section = page(RUN).partition("## More replicas")[2]
    assert "`makegood bench replicas --claims 1000 --rounds 3`" in section
    assert row(section, "8")[1:5] == ["250", "0.500", "0.300", "0.100"]


def test_growth_is_told_by_size_and_a_snapshot_round_by_round() -> None:
    growth = page(RUN).partition("## Growth")[2]
    assert row(growth, "10,000 claims")[1:5] == ["500", "0.500", "0.300", "0.100"]
    assert "measured first, and once more" not in growth, "of results from before it was"
    assert row(growth, "10,000,000, 1")[2:10] == ["150.0", "1,200.0", "", "", "93.0", "101.0", "70.0", "1,500.0"]
    assert row(growth, "makegood show, after 1,000,000 claims") == ["makegood show, after 1,000,000 claims", "1.2"]
    assert row(growth, f"{SNAPSHOTS[True]}, 2")[3:5] == ["0.0", "20.0"]
    assert "100,000,000 pending deadlines is left out: it takes 300 GB of disk" in growth
    assert "`makegood bench growth --claims 1000 --rounds 3`" in growth


def test_the_smallest_history_counts_as_it_was_before_and_after_the_largest() -> None:
    last = ran("growth", with_history(10_000, again=True), 2.0, history=10_000, database_gib=0.5)
    twice = Run(map(with_origin, [*RESULTS, replace(last, cpu={"intake": 0.9})]))
    growth = page(twice).partition("## Growth")[2]
    assert "measured first, and once more after all others" in growth
    assert row(growth, "10,000 claims, measured last")[2] == "0.900"
    assert "| a claim after 1 M others, against one after 10 k | ≤ 10 % more CPU | -14.3 |" in page(twice)


def test_growth_has_goals_of_its_largest_sizes() -> None:
    text = page(RUN)
    assert "| a claim after 1 M others, against one after 10 k | ≤ 10 % more CPU | 20 | **no** |" in text
    due = "10 M deadlines wait, 2,000 fall due each second"
    assert f"| {due}: until a turn begins, p99 | ≤ 1,000 ms | 1,200 | **no** |" in text
    assert "until it is heard" not in text, "results that are older than this figure"
    begun = "10 M deadlines wait, none has fallen due: memory (RSS) of one start"
    assert f"| {begun}, against 10 k | ≤ 5 % more | 3.33 | yes |" in text
    assert f"| {due}: memory (RSS), against 10 k | ≤ 5 % more | 1 | yes |" in text
    assert "| 10 M deadlines wait, 2,000 fall due each second | ≤ 0 full scans | 0 | yes |" in text


def test_what_deciding_alone_costs_is_put_beside_what_the_services_took() -> None:
    section = page(RUN).partition("## What deciding alone costs")[2].partition("## More replicas")[0]
    assert "| direct-pay | 20.0 | 2.00 | 4.00 | 0.30 | 1,000 | 40 % | 128 % |" in section
    assert "`makegood bench deciding --claims 1000 --rounds 3`" in section


def test_every_goal_says_which_measurement_it_needs() -> None:
    for goal in GOALS:
        assert goal.reached(Run([])) is None
        assert goal.bound(Run([])) is None
        assert command(goal.what, RUN).startswith(f"`makegood bench {goal.what}")


def test_what_people_wrote_around_the_figures_stays() -> None:
    text = f"# Performance\n\nBefore.\n{BEGIN}old \\1{END}\nAfter.\n"
    once = put_into(text, "new \\g<0>")
    assert once == f"# Performance\n\nBefore.\n{BEGIN}\nnew \\g<0>\n{END}\nAfter.\n"
    assert put_into(once, "new \\g<0>") == once


def test_what_was_measured_again_counts() -> None:
    again = Run([ran("routes", "direct-pay", 9), ran("routes", "direct-pay", 3)])
    assert [one.seconds for one in again.rounds("routes", "direct-pay")] == [3]


def test_cpu_is_shared_out_and_nothing_is_lost() -> None:
    one = ran("routes", "direct-pay", 1)
    assert sum(shares(one).values()) == pytest.approx(one.cpu_per_1000)
    assert set(by_service(one)) == {"intake", "escalation"}


def test_the_demo_s_outside_world_is_load() -> None:
    cpu = {"intake": 1.0, "outside": 2.0, "carrier.harbour": 0.5, "load": 0.25}
    assert merged(cpu) == {"intake": 1.0, "load": pytest.approx(2.75)}


def test_a_table_is_markdown() -> None:
    assert table(("A", "B"), [("x", "1")]) == "| A | B |\n| --- | ---: |\n| x | 1 |"


def test_the_same_run_gives_the_same_plots(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from bench import plots

    names = plots.draw(RUN, tmp_path / "a")
    assert names == ["cpu", "throughput", "latency", "peers", "history", "deadlines"] == plots.draw(RUN, tmp_path / "b")
    for each in names:
        drawn = (tmp_path / "a" / f"{each}.svg").read_text(encoding="utf-8")
        assert drawn == (tmp_path / "b" / f"{each}.svg").read_text(encoding="utf-8")
