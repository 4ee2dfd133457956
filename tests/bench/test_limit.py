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
    rounds = [
        Result("routes", "direct-pay", number, 10, 1.0, figures={"decisions_per_claim": decisions})
        for number, decisions in enumerate((19.7, 20.1, 24.0))
    ]
    assert loops(rounds) == sorted(paths | {20}), "by the median round"
