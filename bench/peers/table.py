"""The results in words and as a table: the medians of each peer, and how far ahead of it ours is."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from bench.measure import Result, ratio
from bench.peers.setups.ours import Ours
from bench.run import shares

HEAD = ("", "at once", "claims/s", "CPU s per 1,000", "load", "the rest", "ours, claims/s", "ours, CPU")


def ratios(ours: Sequence[Result], theirs: Sequence[Result]) -> tuple[float, float]:
    """How many times as many claims a second as they, and of how many times as much CPU they have need."""
    return ratio(ours, theirs, _speed), ratio(theirs, ours, _cost)


def table(results: Sequence[Result]) -> str:
    """One line for each peer, the fastest first, and one for each that is missing."""
    rounds: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.missing is None:
            rounds[result.name].append(result)
    ranked = sorted(rounds, key=lambda name: -median(map(_speed, rounds[name])))
    rows = [HEAD, *(_row(name, rounds[name], rounds.get(Ours.name, ())) for name in ranked)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    return "\n".join([*lines, *(missing_line(one) for one in results if one.missing)])


def missing_line(result: Result) -> str:
    """What is said of a peer that cannot be measured here."""
    return f"{result.name}: left out: {result.missing}"


def round_line(result: Result) -> str:
    """What is said of a round as soon as it is over."""
    parts = ", ".join(f"{part} {cpu * 1000 / result.count:.2f}" for part, cpu in sorted(result.cpu.items()))
    return (
        f"{result.name}, round {result.round}: {result.count} claims, {result.per_second:,.1f} a second, "
        f"{result.cpu_per_1000:.2f} CPU seconds per 1,000 ({parts})"
    )


def _row(name: str, theirs: Sequence[Result], ours: Sequence[Result]) -> tuple[str, ...]:
    speed, *costs = (median(map(figure, theirs)) for figure in (_speed, _cost, load, rest))
    ahead = [f"{figure:.1f} ×" for figure in ratios(ours, theirs)] if ours else ["", ""]
    return name, at_once(theirs[-1]), f"{speed:,.1f}", *(f"{cost:.2f}" for cost in costs), *ahead


def at_once(result: Result) -> str:
    """How many claims were under way; nothing in results that are older than this figure."""
    return f"{result.figures['at_once']:,.0f}" if "at_once" in result.figures else ""


def load(result: Result) -> float:
    """CPU seconds per 1,000 of who makes the claims."""
    return shares(result)["load"]


def rest(result: Result) -> float:
    """CPU seconds per 1,000 of the peer itself: all but the load."""
    return result.cpu_per_1000 - load(result)


def _speed(result: Result) -> float:
    return result.per_second


def _cost(result: Result) -> float:
    return result.cpu_per_1000
