"""The two carriers behind the Insurance Accelerator: they quote or decline, and issue what is bound."""

from datetime import datetime, timedelta
from random import Random
from typing import ClassVar, Final

from ops.demo.luck import after, between, chance, pick
from ops.demo.outside.certificates import CARRIERS
from ops.demo.outside.party import Saying, say
from shared.events.base import Envelope, Event, derived_id
from shared.events.carriers import CarrierDeclined, CarrierQuoted, PolicyIssued
from shared.events.insurance_accelerator import BindRequested, QuotesRequested
from shared.events.seller_portal import InsurerRating

REPLIES: Final = {"quotes": 72, "declines": 14, "quotes too late": 6, "silent": 8}
RATES: Final = {CARRIERS[0]: 0.0040, CARRIERS[1]: 0.0034}
"""Premium of a year as a share of a year's proceeds, before claims are counted."""
REASONS: Final = ("outside our appetite", "too many claims in the last year", "no data on the products sold")


class Carriers:
    name: ClassVar = "carriers"
    hears: ClassVar = frozenset[type[Event]]({QuotesRequested, BindRequested})

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._issued: dict[str, PolicyIssued] = {}

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case QuotesRequested():
                return [s for carrier in CARRIERS for s in self._reply(carrier, event, envelope.time)]
            case BindRequested():
                return self._issue(event, envelope.time)
            case _:
                return []

    def _reply(self, carrier: str, asked: QuotesRequested, at: datetime) -> list[Saying]:
        luck = chance(self._seed, self.name, carrier, asked.request_id)
        soon = between(luck, at, asked.reply_by, 0.05, 0.9)
        match pick(luck, REPLIES):
            case "quotes":
                return say(soon, _quote(luck, carrier, asked, soon))
            case "quotes too late":
                late = asked.reply_by + after(luck, 0.1, 2)
                return say(late, _quote(luck, carrier, asked, late))
            case "declines":
                reason = luck.choice(REASONS)
                declined = CarrierDeclined(
                    seller_id=asked.seller_id, request_id=asked.request_id, carrier=carrier, reason=reason
                )
                return say(soon, declined)
            case _:
                return []

    def _issue(self, bind: BindRequested, at: datetime) -> list[Saying]:
        """Asked twice it binds once, and shows the same policy again."""
        luck = chance(self._seed, self.name, bind.quote_id, "issues")
        issued = PolicyIssued(
            seller_id=bind.seller_id,
            quote_id=bind.quote_id,
            carrier=bind.carrier,
            policy_number=f"pol-{derived_id(self._seed, bind.bind_id).hex[:12]}",
            valid_from=at.date(),
            valid_to=at.date() + timedelta(days=365),
        )
        return say(at + after(luck, 0.2, 1.5), self._issued.setdefault(bind.quote_id, issued))


def _quote(luck: Random, carrier: str, asked: QuotesRequested, at: datetime) -> CarrierQuoted:
    year = asked.monthly_proceeds_minor * 12
    load = 1 + 0.1 * min(asked.claims_so_far, 20)
    return CarrierQuoted(
        seller_id=asked.seller_id,
        request_id=asked.request_id,
        quote_id=f"quote-{derived_id(carrier, asked.request_id).hex[:14]}",
        carrier=carrier,
        rating=luck.choice((InsurerRating.A_OR_BETTER, InsurerRating.A_MINUS)),
        currency=asked.currency,
        premium_minor=max(25_000, int(year * RATES[carrier] * load * luck.uniform(0.9, 1.2))),
        per_occurrence_minor=100_000_000 * luck.choice((1, 2)),
        deductible_minor=luck.choice((0, 250_000, 1_000_000)),
        valid_until=at + timedelta(days=luck.randint(14, 30)),
    )
