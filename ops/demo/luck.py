"""Luck from a seed: the same matter always has the same luck, whatever else is going on."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

T = TypeVar("T")


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
