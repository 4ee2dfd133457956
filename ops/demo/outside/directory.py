"""The marketplace's seller directory: who the sellers are, how to reach them, and what they earn."""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from random import Random
from typing import ClassVar, Final

from ops.demo.luck import chance, pick
from ops.demo.outside.party import CURRENCIES, Saying, say
from shared.events.marketplace import SellerProceedsReported, SellerRegistered

CONTACTS: Final[Mapping[tuple[str, ...], float]] = {
    ("{first}",): 70,
    ("{first}", "{second}"): 18,
    ("refused.{first}", "{second}"): 5,
    ("refused.{first}",): 2,
    ("busy.{first}",): 4,
    (): 1,
}
"""Which addresses are on record. The mail system of a ``refused`` one says no for good, of a ``busy`` one for now."""

_LOCAL: Final = {"en": ("claims", "office"), "de": ("reklamation", "buero")}
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


class Directory:
    """Speaks once, at the start, and listens to nobody."""

    name: ClassVar = "directory"

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def opening(self, sellers: Mapping[str, Collection[str]], now: datetime) -> list[Saying]:
        """Everything about these sellers, each with the marketplaces it sells on."""
        sayings: list[Saying] = []
        for seller_id in sorted(sellers):
            marketplaces = sorted(set(sellers[seller_id]) & set(CURRENCIES))
            sayings += say(now, self.profile(seller_id, marketplaces))
            for marketplace in marketplaces:
                sayings += say(now, *self._proceeds(seller_id, marketplace, now.date()))
        return sayings

    def profile(self, seller_id: str, marketplaces: Collection[str]) -> SellerRegistered:
        luck = chance(self._seed, self.name, seller_id, "profile")
        german = luck.random() < (0.7 if "DE" in marketplaces else 0.03)
        language = "de" if german else "en"
        mailbox = re.sub(r"[^a-z0-9]+", "-", seller_id.lower()).strip("-")[:40] or "seller"
        names = {part: f"{local}.{mailbox}" for part, local in zip(("first", "second"), _LOCAL[language], strict=True)}
        return SellerRegistered(
            seller_id=seller_id,
            name=business_name(self._seed, seller_id),
            language=language,
            contacts=tuple(f"{address.format(**names)}@example.test" for address in pick(luck, CONTACTS)),
        )

    def _proceeds(self, seller_id: str, marketplace: str, today: date) -> list[SellerProceedsReported]:
        """The last two full months; most sellers are over the line from which insurance is a duty."""
        luck = chance(self._seed, self.name, seller_id, marketplace, "proceeds")
        return [
            SellerProceedsReported(
                seller_id=seller_id,
                account_name=business_name(self._seed, seller_id),
                marketplace=marketplace,
                month=month,
                currency=CURRENCIES[marketplace],
                amount_minor=_amount(luck),
            )
            for month in _months_before(today, 2)
        ]


def _amount(luck: Random) -> int:
    return int(min(luck.lognormvariate(0, 0.9) * 1_600_000, 10**11))


def _months_before(today: date, count: int) -> list[str]:
    """The full months before a day, as ``YYYY-MM``, the earliest first."""
    months = [today.year * 12 + today.month - 1 - back for back in range(count, 0, -1)]
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months]
