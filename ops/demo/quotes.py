"""What sellers were quoted: the spread of each round, from QuotesCompared alone, for the demo's report."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from shared.events.base import Fact
from shared.events.insurance_accelerator import ComparedQuote, Decline, QuotesCompared
from shared.money import Currency, display

HEADINGS: Final = ("seller", "offers", "lowest", "", "highest", "", "dearer by", "declined, and why")
"""Of the columns of ``rows``."""


@dataclass(frozen=True, slots=True)
class Spread:
    """One round of quotes for one seller; ``lowest`` and ``highest`` by premium, None: nobody offered anything."""

    seller_id: str
    request_id: str
    currency: Currency
    offers: int
    lowest: ComparedQuote | None
    highest: ComparedQuote | None
    declined: tuple[Decline, ...]

    @property
    def dearer_percent(self) -> int | None:
        """By how much the highest premium is above the lowest; None: there are not two offers to compare."""
        if self.lowest is None or self.highest is None or self.offers < 2 or not self.lowest.premium_minor:
            return None
        return round(100 * (self.highest.premium_minor - self.lowest.premium_minor) / self.lowest.premium_minor)


class QuoteFigures(Fact):
    """All rounds together. ``offers``: how many rounds had so many; ``declined``: reason → how often, most often first.

    ``cheapest``: carrier → in how many rounds it offered the lowest premium. ``median_dearer_percent``: of the rounds
    with at least two offers.
    """

    rounds: int
    sellers: int
    offers: dict[int, int]
    cheapest: dict[str, int]
    declined: dict[str, int]
    median_dearer_percent: int | None


def spreads(compared: Iterable[QuotesCompared]) -> list[Spread]:
    """One for each round, in the order in which they were heard; a round heard twice is one."""
    rounds = {(event.seller_id, event.request_id): event for event in compared}
    return [_spread(event) for event in rounds.values()]


def rows(found: Iterable[Spread], most: int | None = None) -> list[tuple[str, ...]]:
    """A table with HEADINGS, those first who were quoted most differently; ``most`` rows at most."""
    ordered = sorted(found, key=_by_difference)
    return [_row(spread) for spread in ordered[:most]]


def figures(found: Sequence[Spread]) -> QuoteFigures:
    """The figures for the report's file."""
    dearer = [spread.dearer_percent for spread in found if spread.dearer_percent is not None]
    reasons = Counter(f"{decline.carrier}: {decline.reason}" for spread in found for decline in spread.declined)
    return QuoteFigures(
        rounds=len(found),
        sellers=len({spread.seller_id for spread in found}),
        offers=dict(sorted(Counter(spread.offers for spread in found).items())),
        cheapest=_most_first(Counter(spread.lowest.carrier for spread in found if spread.lowest is not None)),
        declined=_most_first(reasons),
        median_dearer_percent=round(median(dearer)) if dearer else None,
    )


def _spread(event: QuotesCompared) -> Spread:
    by_premium = sorted(event.offers, key=lambda offer: offer.premium_minor)
    return Spread(
        seller_id=event.seller_id,
        request_id=event.request_id,
        currency=event.currency,
        offers=len(by_premium),
        lowest=by_premium[0] if by_premium else None,
        highest=by_premium[-1] if by_premium else None,
        declined=event.declined,
    )


def _row(spread: Spread) -> tuple[str, ...]:
    dearer = spread.dearer_percent
    return (
        spread.seller_id,
        str(spread.offers),
        *_cells(spread.lowest, spread.currency),
        *_cells(spread.highest, spread.currency),
        "" if dearer is None else f"{dearer} %",
        "; ".join(f"{decline.carrier}: {decline.reason}" for decline in spread.declined),
    )


def _cells(offer: ComparedQuote | None, currency: Currency) -> tuple[str, str]:
    return ("", "") if offer is None else (display(offer.premium_minor, currency), offer.carrier)


def _by_difference(spread: Spread) -> tuple[int, int, str, str]:
    dearer = spread.dearer_percent
    return 1 if dearer is None else -dearer, -spread.offers, spread.seller_id, spread.request_id


def _most_first(counted: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
