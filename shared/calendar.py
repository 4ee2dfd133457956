"""Days as a policy counts them: every day, or the days on which a marketplace's country works."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

ONE_DAY: Final = timedelta(days=1)
SATURDAY: Final = 5


class BusinessDays(int):
    """A number of business days. A plain number counts every day."""

    def __str__(self) -> str:
        return f"{int(self)} business day{'' if self == 1 else 's'}"


def in_words(days: int) -> str:
    """For people: which days are counted is always said."""
    return str(days) if isinstance(days, BusinessDays) else f"{days} day{'' if days == 1 else 's'}"


def after(moment: datetime, days: int, *, country: str, region: str | None, timezone: str) -> datetime:
    """The same time of day so many days later, business days counted where the marketplace is.

    Business days begin and end in ``timezone``; a count that begins on a day of rest begins with the next business day.
    """
    if not isinstance(days, BusinessDays) or days == 0:
        return moment + timedelta(days=days)
    local = moment.astimezone(ZoneInfo(timezone))
    left = int(days)
    for day in _following(local.date()):
        left -= is_business_day(day, country, region)
        if left == 0:
            return local.replace(year=day.year, month=day.month, day=day.day).astimezone(moment.tzinfo)
    raise AssertionError("a calendar without business days")


def is_business_day(day: date, country: str, region: str | None = None) -> bool:
    """Neither Saturday, Sunday nor a public holiday. The library counts holidays from 1900 to 2100, roughly."""
    return day.weekday() < SATURDAY and day not in _holidays(country, region, day.year)


def _following(day: date) -> Iterator[date]:
    while True:
        day += ONE_DAY
        yield day


@cache
def _holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, subdiv=region, years=year))
