"""Sellers and quotes: what they wish to be insured for, and what they choose."""

from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final

from ops.demo.luck import after, chance, pick
from ops.demo.outside.party import Saying, say
from shared.events.base import derived_id
from shared.events.insurance_accelerator import QuoteOffered, QuotesCompared
from shared.events.seller_portal import InsurerRating, ProductHazardClass, QuoteChosen, QuotesWanted
from shared.policy import load
from shared.policy.model import Insurance


class Wish(Enum):
    """What a seller does about the quotes on one request."""

    CHEAPEST = "compares and chooses the cheapest"
    SAFEST = "compares and chooses the cheapest of the best rated"
    FIRST = "chooses the first that is offered"
    EVERY = "chooses every quote"
    TOO_LATE = "chooses after the quotes have expired"
    NOTHING = "chooses nothing"


WISHES: Final = {
    Wish.CHEAPEST: 48,
    Wish.SAFEST: 10,
    Wish.FIRST: 12,
    Wish.EVERY: 9,
    Wish.TOO_LATE: 8,
    Wish.NOTHING: 13,
}
CLASSES: Final = {
    ProductHazardClass.LOW: 30,
    ProductHazardClass.MODERATE: 45,
    ProductHazardClass.HIGH: 18,
    ProductHazardClass.SEVERE: 7,
}
LIMITS: Final = {None: 62, 1: 10, 2: 18, 5: 10}
"""How many times the least a seller wishes to be insured for."""
DEDUCTIBLES: Final = {None: 55, 0: 15, 25: 15, 50: 15}
"""How many hundredths of the most he wishes to bear himself."""


def rules_of(marketplace: str, today: date) -> Insurance:
    """The terms of a marketplace, which every seller can read."""
    policy = load().in_force(marketplace, today)
    assert policy is not None, f"the demo knows {marketplace}, and there is no policy for it"
    return policy.insurance


class Shopper:
    """Every seller who asks for quotes. Remembers for which requests a quote has been offered."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._offered: set[str] = set()

    def wish(self, seller_id: str, marketplace: str, purpose: str, today: date) -> QuotesWanted:
        """For what he sells, which does not change, and for as much as he wishes this time."""
        luck, rules = chance(self._seed, "wish", seller_id, marketplace, purpose), rules_of(marketplace, today)
        limit, part = pick(luck, LIMITS), pick(luck, DEDUCTIBLES)
        return QuotesWanted(
            seller_id=seller_id,
            request_id=f"rq-{derived_id(self._seed, 'rq', seller_id, marketplace, purpose).hex[:14]}",
            marketplace=marketplace,
            hazard_class=pick(chance(self._seed, "sells", seller_id), CLASSES),
            limit_minor=None if limit is None else limit * rules.min_per_occurrence_minor,
            deductible_minor=None if part is None else rules.max_deductible_minor * part // 100,
        )

    def take(self, offer: QuoteOffered, at: datetime) -> list[Saying]:
        """A quote before the round is over: some do not wait for the comparison."""
        wish, pause = self._mind(offer.seller_id, offer.request_id)
        first = offer.request_id not in self._offered
        self._offered.add(offer.request_id)
        if wish is Wish.EVERY or (wish is Wish.FIRST and first):
            chosen = QuoteChosen(seller_id=offer.seller_id, quote_id=offer.quote_id)
            return say(min(at + pause, offer.valid_until), chosen)
        return []

    def choose(self, compared: QuotesCompared, at: datetime) -> list[Saying]:
        """One quote of those compared, in time or too late; nothing if there is none that he wants."""
        wish, pause = self._mind(compared.seller_id, compared.request_id)
        best_rated = [offer for offer in compared.offers if offer.rating is InsurerRating.A_OR_BETTER]
        wanted = best_rated if wish is Wish.SAFEST else compared.offers
        if not wanted or wish in {Wish.FIRST, Wish.EVERY, Wish.NOTHING}:
            return []
        quote = wanted[0]
        chosen = QuoteChosen(seller_id=compared.seller_id, quote_id=quote.quote_id)
        if wish is Wish.TOO_LATE:
            return say(quote.valid_until + pause, chosen)
        return say(min(at + pause, quote.valid_until), chosen)

    def _mind(self, seller_id: str, request_id: str) -> tuple[Wish, timedelta]:
        """What the seller will do about the quotes on a request, and how long he thinks about it."""
        luck = chance(self._seed, "quotes", seller_id, request_id)
        return pick(luck, WISHES), after(luck, 0.5, 8)
