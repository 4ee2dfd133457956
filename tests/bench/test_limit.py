"""How the hops of the bare loop are counted, and shared out."""

from bench.limit import PROCESSES, loops, shares
from bench.load import ROUTES
from bench.measure import Result


def test_every_hop_is_one_process_s_and_the_next_hop_another_s() -> None:
    for hops in (1, 5, 11, 20):
        shared = shares(hops)
        assert sorted(hop for share in shared for hop in share) == [*range(hops)]
        assert len(shared) == min(hops, PROCESSES)


def test_there_are_as_many_hops_as_routes_have_and_as_decisions_were_counted() -> None:
    paths = {len(route.path) for route in ROUTES}
    assert loops([]) == sorted(paths)
    counted = [Result("routes", "direct-pay", 1, 10, 1.0, figures={"decisions_per_claim": 19.7})]
    assert loops(counted) == sorted(paths | {20})
