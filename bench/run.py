"""The results of one run, as the tables and plots ask for them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from statistics import median

from bench.measure import Result, middle

SERVERS = {"kafka": "broker", "postgres": "database", "mail server": "mail server", "load": "load"}
"""Parts that are none of our processes, by the name that the tables have for them."""
NO_COMMIT = "a commit that is not named"
SHARES = ("services", *SERVERS.values())


class Run:
    """Of what was measured twice the last rounds count, and of each name only those of one commit."""

    def __init__(self, results: Iterable[Result]) -> None:
        self._rounds: dict[tuple[str, str], dict[int, Result]] = {}
        for one in results:
            rounds = self._rounds.setdefault((one.what, one.name), {})
            if any(other.commit != one.commit for other in rounds.values()):
                rounds.clear()
            rounds[one.round] = one

    def whats(self) -> list[str]:
        """What was measured, the machine apart."""
        return [what for what in dict.fromkeys(what for what, _ in self._rounds) if what != "machine"]

    @property
    def commit(self) -> str:
        """Of most that was measured."""
        found = Counter(self.rounds(*name)[-1].commit for name in self._rounds)
        return max(found, key=found.__getitem__, default="")

    def of_another_commit(self, what: str) -> list[Result]:
        return [one for one in self.medians(what) if one.commit != self.commit]

    def named(self, one: Result) -> str:
        """Its name, and its commit where that is another than the run's."""
        return one.name if one.commit == self.commit else f"{one.name} ({one.commit or NO_COMMIT})"

    def names(self, what: str) -> list[str]:
        """In the order measured."""
        return [name for of, name in self._rounds if of == what]

    def rounds(self, what: str, name: str) -> list[Result]:
        return list(self._rounds.get((what, name), {}).values())

    def median(self, what: str, name: str) -> Result | None:
        """Time and CPU of the median round, and of each figure the median; None: not measured, or it could not be."""
        rounds = [one for one in self.rounds(what, name) if one.missing is None]
        if not rounds:
            return None
        names = dict.fromkeys(figure for one in rounds for figure in one.figures)
        return replace(middle(rounds), figures={each: median(_found(rounds, each)) for each in names})

    def medians(self, what: str) -> list[Result]:
        return [one for name in self.names(what) if (one := self.median(what, name)) is not None]

    def missing(self, what: str) -> list[Result]:
        return [one for name in self.names(what) for one in self.rounds(what, name)[-1:] if one.missing is not None]

    def figure(self, what: str, name: str, figure: str) -> float | None:
        """The median over the rounds of one figure."""
        one = self.median(what, name)
        return None if one is None else one.figures.get(figure)

    def bare(self, hops: float) -> Result | None:
        """The bare loop of so many hops."""
        return self.median("limit", f"bare loop of {round(hops)} hops")


def _found(rounds: Iterable[Result], figure: str) -> list[float]:
    return [one.figures[figure] for one in rounds if figure in one.figures]


def shares(result: Result) -> dict[str, float]:
    """CPU seconds per 1,000, by who spent them."""
    found = dict.fromkeys(SHARES, 0.0)
    for part, seconds in result.cpu.items():
        found[SERVERS.get(part, "services")] += seconds * 1000 / max(result.count, 1)
    return found


def by_service(result: Result) -> Mapping[str, float]:
    """CPU seconds per 1,000 of each service."""
    return {part: cpu * 1000 / max(result.count, 1) for part, cpu in result.cpu.items() if part not in SERVERS}
