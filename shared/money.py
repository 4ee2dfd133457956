"""Money is an integer number of minor units (cents, pence) beside an ISO 4217 currency. No floats, no mixing."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

MINOR_MAX = 10**12
"""Largest amount in one field, in minor units: far above any cap, far below what a 64-bit sum could overflow."""

Minor = Annotated[int, Field(ge=0, le=MINOR_MAX, strict=True)]
"""An amount in minor units of the currency named beside it; never negative (direction is in the event's name)."""


class Currency(StrEnum):
    """ISO 4217 codes of the marketplaces served. All have two decimal places."""

    USD = "USD"
    CAD = "CAD"
    GBP = "GBP"
    EUR = "EUR"
    MXN = "MXN"
    SEK = "SEK"
    PLN = "PLN"


def display(minor: int, currency: str) -> str:
    """``123456, 'USD'`` → ``'1,234.56 USD'``: for people; letters use the seller's own locale instead."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02d} {currency}"
