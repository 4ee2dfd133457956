"""Luck from a seed: the same matter always has the same luck, whatever else is going on. And what is written."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import Enum
from random import Random
from typing import TypeAlias, TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=Enum)
Written: TypeAlias = Mapping[str, Collection[Enum]]
"""What is written of some: the id of a claim or a seller → what they will choose."""


def chance(*about: object) -> Random:
    """Luck of its own for each matter; begin with the seed and with who asks."""
    return Random("/".join(map(str, about)))  # noqa: S311 - no secret hangs on it


def pick(luck: Random, shares: Mapping[T, float]) -> T:
    """One of the keys, each as often as its share of the sum."""
    return luck.choices(list(shares), list(shares.values()))[0]


def after(luck: Random, low_days: float, high_days: float) -> timedelta:
    """A pause between so many days."""
    return timedelta(days=luck.uniform(low_days, high_days))


def between(luck: Random, start: datetime, end: datetime, low: float = 0.0, high: float = 1.0) -> datetime:
    """A moment in a part of a span: ``low`` and ``high`` as fractions of it."""
    return start + (end - start) * luck.uniform(low, high)


class Fate:
    """Decides what somebody does: by luck, or as it is written.

    Whoever is written of leads an ordinary life otherwise: the first row of every table.
    """

    def __init__(self, seed: int, written: Written | None = None) -> None:
        self.seed = seed
        self._written = written or {}

    def chance(self, *about: object) -> Random:
        return chance(self.seed, *about)

    def decides(self, who: object, luck: Random, shares: Mapping[E, float]) -> E:
        """One row of a table of shares."""
        chosen = pick(luck, shares)
        written = self._written.get(str(who))
        if written is None:
            return chosen
        return next((row for row in shares if row in written), next(iter(shares)))
