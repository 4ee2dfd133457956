"""What a comparison found: its questions with their differences, what is open with finance, and what is on its way."""

import json
from dataclasses import asdict, dataclass, field
from typing import Final

SHOWN: Final = 100
"""Differences of one check that are kept; the others are counted."""


@dataclass
class Check:
    """One question, asked of everything; ``found`` holds (where, what) of the first differences."""

    name: str
    differences: int = 0
    found: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def add(self, where: str, what: str, count: int = 1) -> None:
        """``count``: how many differences this one line stands for."""
        self.differences += count
        if len(self.found) < SHOWN:
            self.found.append((where, what))


@dataclass
class Account:
    """All checks; what finance has been asked; how much waits where. Only the checks hold differences."""

    claim: str | None
    topics: bool
    """Whether the topics were compared too."""
    checks: list[Check] = field(default_factory=list[Check])
    questions: list[Check] = field(default_factory=list[Check])
    """Results of finance that do not fit and have not been put right: for people at finance, not for operators."""
    waiting: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    """Service → what waits there or is on its way: no difference."""
    claims: int = 0
    """Claims that were looked at."""
    records: int = 0
    """Records that were read from topics."""

    @property
    def differences(self) -> int:
        return sum(check.differences for check in self.checks)

    def check(self, name: str) -> Check:
        """A new question, or the one of this name."""
        for known in self.checks:
            if known.name == name:
                return known
        self.checks.append(new := Check(name))
        return new

    def on_its_way(self, service: str, what: str, count: int) -> None:
        if count:
            of_service = self.waiting.setdefault(service, {})
            of_service[what] = of_service.get(what, 0) + count

    def as_json(self) -> str:
        return json.dumps({"differences": self.differences, **asdict(self)}, indent=2)
