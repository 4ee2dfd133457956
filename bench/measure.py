"""What every measurement is made of: rounds, each with the CPU of everything that took part, kept as JSON lines."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from bench.commit import commit
from bench.cpu import cpu_seconds
from bench.processor import Machine, this_machine

_COMMIT: Final = ", commit "
"""In the machine's name of results from before each line had its commit."""


class Origin(NamedTuple):
    """Where figures come from. Those of two origins do not compare: neither can be divided by the other."""

    commit: str
    """Empty: not named, as in results from before each line had it; so with the machine."""
    machine: Machine | None

    def __str__(self) -> str:
        return f"{self.said_commit} on {self.machine or 'a machine that is not named'}"

    @property
    def said_commit(self) -> str:
        return self.commit or "a commit that is not named"

    def beside(self, other: "Origin") -> str:
        """As it is told among what is of another one: by its commit alone where the machine is the same."""
        return self.said_commit if self.machine == other.machine else str(self)


@dataclass(frozen=True)
class Result:
    """One round. ``cpu``: CPU seconds of each part (services, broker, database, load …) in this round."""

    what: str
    """The measurement it belongs to: ``routes``, ``limit``, ``peers`` …"""
    name: str
    """Who or what was measured: ``seller-silent``, ``Restate`` …"""
    round: int
    count: int
    """Claims (or rows, deadlines …) in this round."""
    seconds: float
    cpu: Mapping[str, float] = field(default_factory=dict[str, float])
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    """What else was measured, each by a name that ends with its unit: ``p99_ms``, ``idle_cpu_percent``."""
    missing: str | None = None
    """Why it could not be measured here; all figures are then 0."""
    commit: str = ""
    """Of the code that was measured; it is noted where a result is kept, and so are the next two."""
    machine: Machine | None = None
    arguments: str = ""
    """Those of ``makegood bench`` that this is a result of."""

    @property
    def origin(self) -> Origin:
        return Origin(self.commit, self.machine)

    @property
    def per_second(self) -> float:
        return self.count / self.seconds if self.seconds else 0.0

    @property
    def cpu_per_1000(self) -> float:
        """CPU seconds of everything, per 1,000."""
        return sum(self.cpu.values()) * 1000 / self.count if self.count else 0.0


class Meter:
    """Measures one round of processes that run already: ``roots`` gives name → process id, children included."""

    def __init__(self, what: str, name: str, roots: Callable[[], Mapping[str, int]]) -> None:
        self._what, self._name, self._roots = what, name, roots
        self._rounds = 0
        self.begin()

    def begin(self) -> None:
        """From here on it counts."""
        self._pids = dict(self._roots())
        self._before, self._started = cpu_seconds(self._pids), time.perf_counter()

    def end(self, count: int, **figures: float) -> Result:
        """The round is over."""
        seconds, after = time.perf_counter() - self._started, cpu_seconds(self._pids)
        self._rounds += 1
        cpu = {part: after[part] - self._before[part] for part in after}
        return Result(self._what, self._name, self._rounds, count, seconds, cpu, figures)


def middle(results: Sequence[Result]) -> Result:
    """The median round by its seconds per claim: one that really was, with its time and its CPU."""
    ranked = sorted(results, key=lambda result: result.seconds / max(result.count, 1))
    return ranked[(len(ranked) - 1) // 2]


def ratio(ours: Iterable[Result], theirs: Iterable[Result], figure: Callable[[Result], float]) -> float:
    """Ours divided by theirs, of the medians over the rounds of one run."""
    return median(map(figure, ours)) / median(map(figure, theirs))


def keep(path: Path, results: Iterable[Result], arguments: str = "") -> None:
    """Appends them, one JSON object per line, each with the commit, the machine and the arguments of the run."""
    noted = {"commit": commit(), "machine": asdict(this_machine()), "arguments": arguments}
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(result) | noted) + "\n" for result in results)


def kept(path: Path) -> list[Result]:
    """What was measured so far."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return list(_with_their_commits(map(json.loads, lines)))


def _with_their_commits(lines: Iterable[dict[str, Any]]) -> Iterator[Result]:
    """A line that has none is of the commit of the machine's line above it."""
    known = ""
    for told in lines:
        if told["what"] == "machine":
            told["name"], _, known = told["name"].partition(_COMMIT)
        told.setdefault("commit", known)
        if told.get("machine"):
            told["machine"] = Machine(**told["machine"])
        yield Result(**told)
