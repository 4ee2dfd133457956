"""Each route is decided in memory to its end, as the services decide it."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.deciding import Stopwatch, played
from bench.load import DIRECT_PAY, ROUTES, Answers, Route, claims
from bench.measure import Result
from bench.stand import policies

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
CLAIMS = SELLERS = 3


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("bench") / "policies"
    return policies(folder)


def lived(route: Route, rules: Path) -> Result:
    prepared = claims(route, "c", CLAIMS, SELLERS, NOW.date())
    return played(route, prepared, rules, NOW, SELLERS)


def test_a_route_has_a_decision_for_each_process_on_its_path_and_more_when_somebody_has_to_act(rules: Path) -> None:
    direct, *others = ((route, lived(route, rules).figures["decisions_per_claim"]) for route in ROUTES)
    assert all(decisions > len(route.path) for route, decisions in (direct, *others))
    assert all(direct[1] < decisions for _, decisions in others)


def test_deciding_is_a_part_of_what_all_takes_in_memory(rules: Path) -> None:
    one = lived(DIRECT_PAY, rules)
    assert 0 < one.cpu_per_1000 < one.figures["in_memory_ms_per_claim"]


def test_a_stopwatch_counts_what_it_is_put_around_and_nothing_else() -> None:
    watch = Stopwatch()
    timed = watch.around(numbers)
    began = time.thread_time()
    assert timed(200_000) == numbers(200_000)
    assert watch.calls == 1
    assert 0 < watch.seconds < time.thread_time() - began


def numbers(count: int) -> list[int]:
    return [*range(count)]


def test_a_round_that_does_not_end_is_no_result(rules: Path) -> None:
    nobody_pays: Answers = {}
    with pytest.raises(RuntimeError, match="not every claim of direct-pay has ended in memory"):
        lived(replace(DIRECT_PAY, answers=nobody_pays), rules)
