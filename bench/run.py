"""The results of one run, as the tables and plots ask for them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from statistics import median
from typing import Self

from bench.measure import Origin, Result, middle

SERVERS = {"kafka": "broker", "postgres": "database", "mail server": "mail server", "load": "load"}
"""Parts that are none of our processes, by the name that the tables have for them."""
SHARES = ("services", *SERVERS.values())


class Run:
    """Of what was measured twice the last rounds count, and of each name only those of one commit and machine."""

    def __init__(self, results: Iterable[Result]) -> None:
        self._rounds: dict[tuple[str, str], dict[int, Result]] = {}
        for one in results:
            rounds = self._rounds.setdefault((one.what, one.name), {})
            if any(other.origin != one.origin for other in rounds.values()):
                rounds.clear()
            rounds[one.round] = one

    def whats(self) -> list[str]:
        """What was measured, the machine apart."""
        return [what for what in dict.fromkeys(what for what, _ in self._rounds) if what != "machine"]

    def origins(self, *whats: str) -> list[Origin]:
        """All that something is of, or one of these; that of most comes first."""
        names = [(what, name) for what in whats or self.whats() for name in self.names(what)]
        return [origin for origin, _ in Counter(self.rounds(*name)[-1].origin for name in names).most_common()]

    @property
    def origin(self) -> Origin:
        """Of most that was measured."""
        return next(iter(self.origins()), Origin("", None))

    def only(self, origin: Origin) -> Self:
        """What is of one commit and one machine: whatever is divided by something else must be."""
        return type(self)(one for rounds in self._rounds.values() for one in rounds.values() if one.origin == origin)

    def named(self, one: Result) -> str:
        return marked(one.name, one.origin, self.origin)

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


def marked(name: str, origin: Origin, usual: Origin) -> str:
    """With the commit, or also the machine, that it is of, where all else is of another one."""
    return name if origin == usual else f"{name} ({origin.beside(usual)})"


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
