"""The marketplace's seller directory: who the sellers are, how to reach them, how they stand, and what they earn."""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from enum import Enum
from random import Random
from typing import ClassVar, Final

from ops.demo.luck import Fate, after, chance, pick
from ops.demo.outside.party import CURRENCIES, SCALE, Saying, say
from shared.events.marketplace import SellerProceedsReported, SellerRegistered, Standing


class Contacts(Enum):
    """Which addresses of a seller are on record.

    The mail system of a ``refused`` one says no for good, of a ``busy`` one for now.
    """

    ONE = "{first}"
    TWO = "{first} {second}"
    FIRST_REFUSED = "refused.{first} {second}"
    ALL_REFUSED = "refused.{first}"
    BUSY = "busy.{first}"
    NONE = ""  # an empty tuple is some object in the first releases of Python 3.11


class Stands(Enum):
    """How a seller stands when the demo begins, and whether that changes."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    INSOLVENT = "insolvent"
    FAILS_LATER = "becomes insolvent"


class Earns(Enum):
    """What a seller earns in a month."""

    USUALLY = "mostly above the line from which insurance is a duty"
    LITTLE = "far below that line"


CONTACTS: Final = {
    Contacts.ONE: 68,
    Contacts.TWO: 20,
    Contacts.FIRST_REFUSED: 5,
    Contacts.ALL_REFUSED: 2,
    Contacts.BUSY: 4,
    Contacts.NONE: 1,
}
EARNS: Final = {Earns.USUALLY: 96, Earns.LITTLE: 4}
STANDS: Final = {Stands.ACTIVE: 92, Stands.SUSPENDED: 3, Stands.INSOLVENT: 2.5, Stands.FAILS_LATER: 2.5}

SPOKEN: Final[Mapping[str, Mapping[str, float]]] = {
    "US": {"en": 88, "es": 12},
    "CA": {"en": 75, "fr": 25},
    "MX": {"es": 92, "en": 8},
    "GB": {"en": 97, "pl": 3},
    "DE": {"de": 88, "en": 7, "pl": 5},
    "FR": {"fr": 90, "en": 10},
    "IT": {"it": 90, "de": 10},
    "ES": {"es": 92, "fr": 8},
    "SE": {"sv": 85, "en": 15},
    "PL": {"pl": 92, "de": 8},
}
"""Languages of the sellers of each marketplace."""
_LOCAL: Final = {
    "en": ("claims", "office"),
    "de": ("reklamation", "buero"),
    "fr": ("reclamations", "bureau"),
    "es": ("reclamaciones", "oficina"),
    "it": ("reclami", "ufficio"),
    "sv": ("reklamation", "kontor"),
    "pl": ("reklamacje", "biuro"),
}
_FIRST: Final = (
    "Alder",
    "Birch",
    "Cobalt",
    "Delta",
    "Ember",
    "Fjord",
    "Granite",
    "Harbour",
    "Iris",
    "Juniper",
    "Kestrel",
)
_SECOND: Final = ("Home", "Tools", "Outdoor", "Living", "Electric", "Garden", "Kids", "Sports", "Kitchen", "Wellness")
_FORM: Final = ("Ltd", "GmbH", "LLC", "Inc.", "Trading", "& Co.")


def business_name(seed: int, seller_id: str) -> str:
    """The name of a seller's account, wherever the seller has to give it."""
    luck = chance(seed, "directory", seller_id, "name")
    return f"{luck.choice(_FIRST)} {luck.choice(_SECOND)} {luck.choice(_FORM)}"


def stands(fate: Fate, seller_id: str) -> Stands:
    """How a seller stands: the directory says so, and finance and the seller himself know."""
    return fate.decides(seller_id, fate.chance("directory", seller_id, "stands"), STANDS)


class Directory:
    """Speaks once, at the start, and listens to nobody."""

    name: ClassVar = "directory"

    def __init__(self, fate: Fate) -> None:
        self._fate = fate

    def opening(self, sellers: Mapping[str, Collection[str]], now: datetime) -> list[Saying]:
        """Everything about these sellers, each with the marketplaces it sells on."""
        sayings: list[Saying] = []
        for seller_id in sorted(sellers):
            marketplaces = sorted(set(sellers[seller_id]) & set(CURRENCIES))
            sayings += self._profiles(seller_id, marketplaces, now)
            for marketplace in marketplaces:
                sayings += say(now, *self._proceeds(seller_id, marketplace, now.date()))
        return sayings

    def profile(self, seller_id: str, marketplaces: Collection[str]) -> SellerRegistered:
        luck = self._chance(seller_id, "profile")
        language = pick(luck, SPOKEN[luck.choice(sorted(marketplaces))]) if marketplaces else "en"
        mailbox = re.sub(r"[^a-z0-9]+", "-", seller_id.lower()).strip("-")[:40] or "seller"
        names = {part: f"{local}.{mailbox}" for part, local in zip(("first", "second"), _LOCAL[language], strict=True)}
        addresses: str = self._fate.decides(seller_id, luck, CONTACTS).value
        return SellerRegistered(
            seller_id=seller_id,
            name=business_name(self._fate.seed, seller_id),
            language=language,
            contacts=tuple(f"{address.format(**names)}@example.test" for address in addresses.split()),
            standing=_AT_FIRST[stands(self._fate, seller_id)],
        )

    def _chance(self, *about: object) -> Random:
        return self._fate.chance(self.name, *about)

    def _profiles(self, seller_id: str, marketplaces: Collection[str], now: datetime) -> list[Saying]:
        """The profile, and once more if the seller's standing changes while the demo runs."""
        profile = self.profile(seller_id, marketplaces)
        if stands(self._fate, seller_id) is not Stands.FAILS_LATER:
            return say(now, profile)
        failed = profile.model_copy(update={"standing": Standing.INSOLVENT})
        return [Saying(profile, now), Saying(failed, now + after(self._chance(seller_id, "fails"), 3, 40))]

    def _proceeds(self, seller_id: str, marketplace: str, today: date) -> list[SellerProceedsReported]:
        """The last two full months."""
        luck, currency = self._chance(seller_id, marketplace, "proceeds"), CURRENCIES[marketplace]
        little = self._fate.decides(seller_id, luck, EARNS) is Earns.LITTLE
        return [
            SellerProceedsReported(
                seller_id=seller_id,
                account_name=business_name(self._fate.seed, seller_id),
                marketplace=marketplace,
                month=month,
                currency=currency,
                amount_minor=(luck.randint(20_000, 150_000) if little else _amount(luck)) * SCALE.get(currency, 1),
            )
            for month in _months_before(today, 2)
        ]


_AT_FIRST: Final = {
    Stands.ACTIVE: Standing.ACTIVE,
    Stands.SUSPENDED: Standing.SUSPENDED,
    Stands.INSOLVENT: Standing.INSOLVENT,
    Stands.FAILS_LATER: Standing.ACTIVE,
}


def _amount(luck: Random) -> int:
    return int(min(luck.lognormvariate(0, 0.9) * 1_600_000, 10**10))


def _months_before(today: date, count: int) -> list[str]:
    """The full months before a day, as ``YYYY-MM``, the earliest first."""
    months = [today.year * 12 + today.month - 1 - back for back in range(count, 0, -1)]
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months]
