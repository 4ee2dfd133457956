"""Rounds, their median, and how they are kept."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from bench.commit import commit
from bench.measure import Result, keep, kept, middle, ratio
from bench.processor import name_of, this_machine
from bench.show import line, median_rounds


def ran(number: int, seconds: float, name: str = "direct-pay", **cpu: float) -> Result:
    return Result("routes", name, number, 100, seconds, cpu)


def test_the_median_round_is_one_that_was() -> None:
    rounds = [ran(1, 3.0), ran(2, 1.0), ran(3, 2.0)]
    assert middle(rounds) is rounds[2]
    assert middle(rounds[:2]) is rounds[1], "of two the faster one"


def test_of_everything_there_is_a_median_in_the_order_measured() -> None:
    rounds = [ran(1, 3.0), ran(2, 2.0), ran(3, 1.0), ran(1, 5.0, "contested")]
    assert median_rounds(rounds) == [rounds[1], rounds[3]]


def test_a_ratio_is_of_medians() -> None:
    ours, theirs = [ran(1, 1.0), ran(2, 100.0), ran(3, 1.0)], [ran(1, 2.0), ran(2, 2.0), ran(3, 0.1)]
    assert ratio(ours, theirs, lambda result: result.per_second) == 2


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    rounds = [ran(1, 2.0, kafka=0.5, intake=1.5), Result("peers", "Temporal", 1, 0, 0.0, missing="no Go here")]
    keep(tmp_path / "results.jsonl", rounds[:1], "routes --claims 100 --rounds 3")
    keep(tmp_path / "results.jsonl", rounds[1:])
    first, second = (replace(one, commit=commit(), machine=this_machine()) for one in rounds)
    assert kept(tmp_path / "results.jsonl") == [replace(first, arguments="routes --claims 100 --rounds 3"), second]


def test_a_processor_s_name_tells_of_which_kind_it_is() -> None:
    core = {"model name": "AMD EPYC", "cpu family": "25", "model": "1"}
    assert name_of(core) == "AMD EPYC (family 25, model 1)"
    assert name_of(core | {"model name": "AMD EPYC 7B13 64-Core Processor"}) == "AMD EPYC 7B13 64-Core Processor"
    assert name_of({"model name": "Neoverse"}) == "Neoverse", "there is no more to be told"


def test_a_line_without_a_commit_is_of_the_machine_s_above_it(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    of_old = [ran(1, 2.0), Result("machine", "A processor, commit 1234567", 1, 2, 0.0), ran(1, 3.0)]
    since = {"commit", "machine", "arguments"}
    lines = [json.dumps({name: told for name, told in asdict(one).items() if name not in since}) for one in of_old]
    file.write_text("\n".join(lines) + "\n")
    keep(file, [ran(2, 4.0)])
    found = kept(file)
    assert [one.commit for one in found] == ["", "1234567", "1234567", commit()]
    assert [one.machine for one in found] == [None, None, None, this_machine()]
    assert found[1].name == "A processor"


def test_a_line_tells_speed_cpu_and_figures_or_what_is_missing() -> None:
    told = line(Result("routes", "direct-pay", 2, 1000, 2.0, {"kafka": 0.25}, {"hops": 5}))
    assert told == "routes: direct-pay (2): 1,000 in 2.00 s, 500.0 per second, 0.250 CPU s per 1,000, hops 5"
    assert line(Result("peers", "Temporal", 1, 0, 0.0, missing="no Go here")) == "peers: Temporal: no Go here"
