"""The schedule of an open loop, and percentiles."""

import pytest

from bench.latency import ENOUGH, PERCENTILES, percentile, schedule, throughput
from bench.load import DIRECT_PAY
from bench.measure import Result


def test_a_schedule_is_the_same_again_and_never_goes_back() -> None:
    moments = schedule(100, 1000, seed=1)
    assert moments == schedule(100, 1000, seed=1) == sorted(moments)
    assert moments != schedule(100, 1000, seed=2)


def test_a_schedule_has_the_rate_it_was_asked_for() -> None:
    assert schedule(50, 20_000, seed=1)[-1] == pytest.approx(400, rel=0.05)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(1, 1001)]
    assert [percentile(values, p) for p in (0, 50, 99, 99.9, 100)] == [1, 500, 990, 999, 1000]
    assert percentile([7.0], 99.9) == 7.0
    assert percentile(values[: ENOUGH - 1], PERCENTILES[-1]) == ENOUGH - 1 == len(values[: ENOUGH - 1])


def test_the_throughput_of_a_route_is_that_of_its_median_round() -> None:
    def ran(name: str, seconds: float) -> Result:
        return Result("routes", name, 1, 100, seconds)

    rounds = [ran("direct-pay", seconds) for seconds in (1, 2, 4)]
    assert throughput(DIRECT_PAY, [*rounds, ran("contested", 9)]) == 50
    assert throughput(DIRECT_PAY, []) is None
