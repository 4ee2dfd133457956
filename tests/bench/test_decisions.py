"""Each route is decided in memory to its end, as the services decide it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.decisions import played
from bench.load import ROUTES, Answers, Route, claims
from bench.stand import policies
from shared.policy import Policies, load

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
CLAIMS = SELLERS = 3
BY_ROUTE = {route.name: route for route in ROUTES}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Policies:
    folder: Path = tmp_path_factory.mktemp("bench") / "policies"
    return load(policies(folder))


def decisions(route: Route, rules: Policies, *, light: bool) -> float:
    prepared = claims(route, "c", CLAIMS, SELLERS, NOW.date())
    one = played(route, prepared, policies=rules, now=NOW, sellers=SELLERS, light=light)
    assert one.seconds > 0
    assert one.outside > 0, "its answers are not ours"
    return one.decisions / CLAIMS


def test_a_route_takes_as_many_decisions_whether_they_are_written_or_not(rules: Policies) -> None:
    for route in ROUTES:
        assert decisions(route, rules, light=True) == decisions(route, rules, light=False) > len(route.path)


def test_a_route_on_which_somebody_has_to_act_has_more_decisions(rules: Policies) -> None:
    direct, *others = (decisions(route, rules, light=True) for route in ROUTES)
    assert all(direct < other for other in others)


def test_a_round_that_does_not_end_is_no_result(rules: Policies) -> None:
    nobody_pays: Answers = {}
    with pytest.raises(RuntimeError, match="not every claim of direct-pay has ended in memory"):
        decisions(replace(BY_ROUTE["direct-pay"], answers=nobody_pays), rules, light=True)
