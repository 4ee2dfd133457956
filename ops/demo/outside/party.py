"""What a party of the outside world is: it hears events and answers with what it will say, and when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol

from shared.events.base import Envelope, Event
from shared.money import Currency

CURRENCIES: Final[Mapping[str, Currency]] = {
    "US": Currency.USD,
    "CA": Currency.CAD,
    "MX": Currency.MXN,
    "GB": Currency.GBP,
    "DE": Currency.EUR,
    "FR": Currency.EUR,
    "IT": Currency.EUR,
    "ES": Currency.EUR,
    "SE": Currency.SEK,
    "PL": Currency.PLN,
}
"""The marketplaces that the parties of the demo know. Several share a currency, so none leads back."""

SCALE: Final[Mapping[Currency, int]] = {Currency.MXN: 18, Currency.SEK: 10, Currency.PLN: 4}
"""What about one dollar (euro, pound) is in the currencies where it is far from one."""

COMES_BACK: Final = timedelta(days=12)
"""Nobody outside says anything later than this after the last that was heard of a claim that had ended."""


@dataclass(frozen=True, slots=True)
class Saying:
    """An event that a party will say at a moment of the (scaled) clock.

    ``because``: what it answers, where that is not what was heard just now but what had to wait for it. ``arrives``:
    when it reaches the log, where it was on its way for long. ``unless``: asked then; it may be too late to say it.
    """

    event: Event
    at: datetime
    because: Envelope | None = None
    arrives: datetime | None = None
    unless: Callable[[], bool] | None = None


class Party(Protocol):
    """One outside party. Keeps at most what its real counterpart would have on file."""

    name: ClassVar[str]
    hears: ClassVar[frozenset[type[Event]]]

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        """What the party will say to one event of a type that it hears."""
        ...


def say(at: datetime, *events: Event) -> list[Saying]:
    """These events, at one moment, in this order."""
    return [Saying(event, at) for event in events]
