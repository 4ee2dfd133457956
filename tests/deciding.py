"""Helpers for tests of decisions: moments, and the policies as shipped."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from shared.events.base import Event
from shared.policy import load
from shared.runtime import Moment

R = TypeVar("R", bound=Event)
START = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)


def day(number: float) -> datetime:
    """The moment so many days after the start of the story."""
    return START + timedelta(days=number)


def at(
    moment: datetime, reference: R | None = None, *, known: bool = True, said_at: datetime | None = None
) -> Moment[R]:
    """A moment that knows this reference."""
    return Moment(moment, said_at or moment, load(), known, reference)
