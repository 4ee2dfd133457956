"""What a party of the outside world is: it hears events and answers with what it will say, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Protocol

from shared.events.base import Envelope, Event
from shared.money import Currency

CURRENCIES: Final[Mapping[str, Currency]] = {
    "US": Currency.USD,
    "CA": Currency.CAD,
    "GB": Currency.GBP,
    "DE": Currency.EUR,
}
"""The marketplaces that the parties of the demo know."""

MARKETPLACES: Final[Mapping[Currency, str]] = {currency: marketplace for marketplace, currency in CURRENCIES.items()}


@dataclass(frozen=True, slots=True)
class Saying:
    """An event that a party will say at a moment of the (scaled) clock.

    ``because``: what it answers, where that is not what was heard just now but what had to wait for it.
    """

    event: Event
    at: datetime
    because: Envelope | None = None


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
