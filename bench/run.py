"""The results of one run, as the tables and plots ask for them."""

from collections.abc import Iterable, Mapping
from statistics import median

from bench.measure import Result, middle

SERVERS = {"kafka": "broker", "postgres": "database", "mail server": "mail server", "load": "load"}
"""Parts that are none of our processes, by the name that the tables have for them."""
SHARES = ("services", *SERVERS.values())


class Run:
    """Of what was measured twice the last rounds count."""

    def __init__(self, results: Iterable[Result]) -> None:
        last = {(one.what, one.name, one.round): one for one in results}
        self._rounds: dict[tuple[str, str], list[Result]] = {}
        for one in last.values():
            self._rounds.setdefault((one.what, one.name), []).append(one)

    def names(self, what: str) -> list[str]:
        """In the order measured."""
        return [name for of, name in self._rounds if of == what]

    def rounds(self, what: str, name: str) -> list[Result]:
        return self._rounds.get((what, name), [])

    def median(self, what: str, name: str) -> Result | None:
        """The median round; None: it was not measured, or could not be."""
        rounds = [one for one in self.rounds(what, name) if one.missing is None]
        return middle(rounds) if rounds else None

    def medians(self, what: str) -> list[Result]:
        return [one for name in self.names(what) if (one := self.median(what, name)) is not None]

    def missing(self, what: str) -> list[Result]:
        return [one for name in self.names(what) for one in self.rounds(what, name)[-1:] if one.missing is not None]

    def figure(self, what: str, name: str, figure: str) -> float | None:
        """The median over the rounds of one figure."""
        found = [one.figures[figure] for one in self.rounds(what, name) if figure in one.figures]
        return median(found) if found else None

    def bare(self, hops: float) -> Result | None:
        """The bare loop of so many hops."""
        return self.median("limit", f"bare loop of {round(hops)} hops")


def shares(result: Result) -> dict[str, float]:
    """CPU seconds per 1,000, by who spent them."""
    found = dict.fromkeys(SHARES, 0.0)
    for part, seconds in result.cpu.items():
        found[SERVERS.get(part, "services")] += seconds * 1000 / max(result.count, 1)
    return found


def by_service(result: Result) -> Mapping[str, float]:
    """CPU seconds per 1,000 of each service."""
    return {part: cpu * 1000 / max(result.count, 1) for part, cpu in result.cpu.items() if part not in SERVERS}
