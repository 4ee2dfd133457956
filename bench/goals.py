"""What must be reached on two cores with everything beside each other, and how each goal is read off a run.

It is read off a run of one commit on one machine (``Run.only``): what one machine reached is never set against what
another could.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.growth import with_history, with_pending
from bench.latency import at_load
from bench.limit import as_many_as, bare_loop
from bench.load import DIRECT_PAY, SILENT
from bench.measure import Result, ratio
from bench.peers.setups.celery import Celery
from bench.peers.setups.dbos import Dbos
from bench.peers.setups.restate import Restate, RestateAlone
from bench.peers.setups.temporal import Temporal
from bench.run import Run

OURS: Final = "makegood"
"""Our name among the peers."""


def _none(_: Run) -> None:
    """No measurement tells a bound."""


@dataclass(frozen=True)
class Goal:
    """``what`` measures it. ``reached``: None where it was not measured. ``at_least``: else at most ``wanted``.

    ``bound``: what it cannot be better than on that machine, whatever is done; None where nothing measured tells one.
    """

    of: str
    what: str
    unit: str
    wanted: float
    reached: Callable[[Run], float | None]
    at_least: bool = False
    bound: Callable[[Run], float | None] = _none

    @property
    def sentence(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.wanted:,g} {self.unit}"

    def met(self, reached: float) -> bool:
        return reached >= self.wanted if self.at_least else reached <= self.wanted

    def near(self, reached: float, bound: float) -> float:
        """How near the bound it is: 1 is at it."""
        return reached / bound if self.at_least else bound / reached


def speed(name: str) -> Callable[[Run], float | None]:
    return lambda run: None if (one := run.median("routes", name)) is None else one.per_second


def cost(name: str) -> Callable[[Run], float | None]:
    return lambda run: None if (one := run.median("routes", name)) is None else one.cpu_per_1000


def of_the_bare_loop(name: str, hops: str) -> Callable[[Run], float | None]:
    """Percent of its claims per second; ``hops``: the figure of the route that tells how many the loop has."""

    def read(run: Run) -> float | None:
        ours, count = run.median("routes", name), run.figure("routes", name, hops)
        bare = None if count is None else run.median("limit", bare_loop(count))
        return None if ours is None or bare is None else ours.per_second / bare.per_second * 100

    return read


def least_cost(name: str) -> Callable[[Run], float | None]:
    """CPU seconds that deciding alone takes, for 1,000 claims."""
    return lambda run: None if (decided := run.median("deciding", name)) is None else decided.cpu_per_1000


def most_speed(name: str) -> Callable[[Run], float | None]:
    """Claims per second on cores that do nothing but decide."""

    def read(run: Run) -> float | None:
        decided = run.median("deciding", name)
        return None if decided is None else _carried(decided, decided.cpu_per_1000)

    return read


def _carried(one: Result, cpu_per_1000: float) -> float | None:
    """Claims per second at this cost, by all cores of the machine of that result; None: it is not named."""
    return None if one.machine is None else one.machine.cores * 1000 / cpu_per_1000


def at_most(name: str, hops: str) -> Callable[[Run], float | None]:
    """Percent of the bare loop's claims per second that could be reached by hops as cheap as its own which decide as
    well, on cores that do nothing else; ``hops`` as above."""

    def read(run: Run) -> float | None:
        count, decided = run.figure("routes", name, hops), run.median("deciding", name)
        bare = None if count is None else run.median("limit", bare_loop(count))
        if bare is None or decided is None:
            return None
        carried = _carried(decided, bare.cpu_per_1000 + decided.cpu_per_1000)
        return None if carried is None else carried / bare.per_second * 100

    return read


def ahead_of(peer: str, *, cpu: bool) -> Callable[[Run], float | None]:
    """How many times the peer's claims per second, or how many times less CPU."""

    def read(run: Run) -> float | None:
        if run.median("peers", peer) is None or run.median("peers", OURS) is None:
            return None
        ours, theirs = run.rounds("peers", OURS), run.rounds("peers", peer)
        if cpu:
            return ratio(theirs, ours, lambda one: one.cpu_per_1000)
        return ratio(ours, theirs, lambda one: one.per_second)

    return read


def figure(what: str, name: str, which: str, scale: float = 1.0) -> Callable[[Run], float | None]:
    return lambda run: None if (found := run.figure(what, name, which)) is None else found * scale


def worst(beginning: str, which: str | None = None) -> Callable[[Run], float | None]:
    """Of the small things whose names begin so: the largest figure, or the longest median round."""

    def read(run: Run) -> float | None:
        names = [name for name in run.names("small") if name.startswith(beginning)]
        rounds = [one for name in names if (one := run.median("small", name)) is not None]
        found = [run.figure("small", one.name, which) if which else one.seconds for one in rounds]
        return max((one for one in found if one is not None), default=None)

    return read


def more(fewest: Sequence[str], most: str, of: Callable[[Result], float]) -> Callable[[Run], float | None]:
    """Of two sizes of what grows: percent by which the larger one has more, in the median over its rounds.

    ``fewest``: the names by which the smaller one was measured.
    """

    def read(run: Run) -> float | None:
        small, large = (
            [of(one) for name in names for one in run.rounds("growth", name) if one.missing is None]
            for names in (fewest, [most])
        )
        return (median(large) / median(small) - 1) * 100 if small and large else None

    return read


def more_at_first(fewest: str, most: str, which: str) -> Callable[[Run], float | None]:
    """Of two sizes of what grows: percent by which the first round of the larger one has more."""

    def read(run: Run) -> float | None:
        first = [one for name in (fewest, most) for one in run.rounds("growth", name)[:1]]
        begun = [one.figures[which] for one in first if which in one.figures]
        return (begun[1] / begun[0] - 1) * 100 if len(begun) == 2 else None

    return read


_HALF: Final = at_load(DIRECT_PAY.name, 50)
_LOOP_AT_HALF: Final = at_load(as_many_as(DIRECT_PAY.name, len(DIRECT_PAY.path)), 50)
_MOST: Final = with_pending(10_000_000)
_PEERS: Final = {Restate.name: 10, RestateAlone.name: 10, Celery.name: 25, Dbos.name: 50, Temporal.name: 50}

GOALS: Final = (
    *(
        goal
        for route, least, most in ((SILENT.name, 0.8, 2000), (DIRECT_PAY.name, 0.6, 3000))
        for goal in (
            Goal(route, "routes", "CPU s per 1,000 claims", least, cost(route), bound=least_cost(route)),
            Goal(route, "routes", "claims/s", most, speed(route), at_least=True, bound=most_speed(route)),
        )
    ),
    *(
        Goal(f"{route} against the bare loop of its {said}", "routes limit", "% of its claims/s", 60,
             of_the_bare_loop(route, hops), at_least=True, bound=at_most(route, hops))
        for route in (DIRECT_PAY.name, SILENT.name)
        for said, hops in (("path", "hops"), ("decisions", "decisions_per_claim"))
    ),
    Goal("direct-pay at half load, to decision, p50", "routes latency", "ms", 40,
         figure("latency", _HALF, "decision_p50_ms"), bound=figure("latency", _LOOP_AT_HALF, "decision_p50_ms")),
    Goal("direct-pay at half load, to decision, p99", "routes latency", "ms", 250,
         figure("latency", _HALF, "decision_p99_ms"), bound=figure("latency", _LOOP_AT_HALF, "decision_p99_ms")),
    *(
        Goal(f"{peer}, {said}", "peers", "×", times, ahead_of(peer, cpu=cpu), at_least=True)
        for peer, times in _PEERS.items()
        for said, cpu in (("claims/s", False), ("CPU", True))
    ),
    Goal("a replica's start", "small", "s", 1.5, worst("start of ")),
    Goal("a replica's memory (PSS, beside four others)", "small", "MiB", 120, worst("idle ", "pss_mib")),
    Goal("an idle replica", "small", "% of a core", 1, worst("idle ", "idle_cpu_percent")),
    Goal("the others' pause when a replica joins", "small", "ms", 3000, worst("rebalance of ", "joins_ms")),
    Goal("the others' pause when a replica leaves", "small", "ms", 3000, worst("rebalance of ", "leaves_ms")),
    Goal("a claim after 1 M others, against one after 10 k", "growth", "% more CPU", 10,
         more([with_history(10_000), with_history(10_000, again=True)], with_history(1_000_000),
              lambda one: one.cpu_per_1000)),
    Goal("10 M deadlines wait, 2,000 fall due each second: until a turn begins, p99", "growth", "ms", 1000,
         figure("growth", _MOST, "lag_p99_ms")),
    Goal("10 M deadlines wait, 2,000 fall due each second: until it is heard, p99", "growth", "ms", 1000,
         figure("growth", _MOST, "heard_p99_ms")),
    Goal("10 M deadlines wait, none has fallen due: memory (RSS) of one start, against 10 k", "growth", "% more", 5,
         more_at_first(with_pending(10_000), _MOST, "rss_before_mib")),
    Goal("10 M deadlines wait, 2,000 fall due each second: memory (RSS), against 10 k", "growth", "% more", 5,
         more([with_pending(10_000)], _MOST, lambda one: one.figures["rss_after_mib"])),
    Goal("10 M deadlines wait, 2,000 fall due each second", "growth", "full scans", 0,
         figure("growth", _MOST, "full_scans")),
)  # fmt: skip
"""In the order of the page. The memory beside ten million deadlines may differ as that of two starts does."""
