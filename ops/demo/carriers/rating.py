"""How a carrier rates: a pure function from its rates and what is asked to a price, or to the reason why there is none.

More claims, a larger loss and a higher limit are never cheaper, a higher deductible is never dearer.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from ops.demo.carriers.rates import Rates
from shared.events.insurance_accelerator import QuotesRequested
from shared.money import MINOR_MAX, display


@dataclass(frozen=True, slots=True)
class Price:
    """The premium of one year and the terms that it is for, in minor units of the currency asked for."""

    premium_minor: int
    per_occurrence_minor: int
    deductible_minor: int


@dataclass(frozen=True, slots=True)
class No:
    """Why there is no quote, in words for the seller."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Risk:
    """What is asked, in the units of the carrier's file. ``scale``: one of them in the currency asked for.

    ``lost``: what the claims came to, in percent of a year's proceeds; of no proceeds any loss is all.
    """

    scale: Fraction
    year: Fraction
    lost: Fraction
    limit: Fraction
    deductible: Fraction


def rate(rates: Rates, asked: QuotesRequested) -> Price | No:
    """The price of what is asked. Where nothing was wished for: the carrier's lowest limit, and no deductible."""
    if asked.marketplace not in rates.marketplaces or asked.currency not in rates.scale:
        return No(f"We insure nobody on {asked.marketplace}.")
    risk = _risk(rates, asked)
    if no := _outside_the_appetite(rates, asked, risk):
        return no
    factors = rates.hazards[asked.hazard_class] * rates.marketplaces[asked.marketplace] * _limit_percent(rates, risk)
    premium = _base(rates, risk) * Fraction(factors, 100**3) * _load(rates, asked, risk) * _after_credit(rates, risk)
    return Price(
        premium_minor=min(ceil(max(premium, Fraction(rates.minimum_premium_minor)) * risk.scale), MINOR_MAX),
        per_occurrence_minor=floor(risk.limit * risk.scale),
        deductible_minor=floor(risk.deductible * risk.scale),
    )


def _risk(rates: Rates, asked: QuotesRequested) -> _Risk:
    scale = Fraction(rates.scale[asked.currency], 100)
    year = 12 * asked.monthly_proceeds_minor / scale
    claims = asked.claims_minor / scale
    return _Risk(
        scale=scale,
        year=year,
        lost=Fraction(0) if not claims else 100 * claims / year if year else Fraction(100),
        limit=Fraction(rates.limits[0].up_to_minor) if asked.limit_minor is None else asked.limit_minor / scale,
        deductible=(asked.deductible_minor or 0) / scale,
    )


def _outside_the_appetite(rates: Rates, asked: QuotesRequested, risk: _Risk) -> No | None:
    """The first reason why not, in an order in which more of a bad thing never leads back to a yes."""

    def told(units: int) -> str:
        return display(floor(units * risk.scale), asked.currency)

    if asked.hazard_class not in rates.hazards:
        return No(f"We insure no products of the class {asked.hazard_class}.")
    if risk.year > (largest := rates.revenue[-1].up_to_minor):
        return No(f"We insure proceeds of at most {told(largest)} a year.")
    if asked.claims_so_far > rates.claims.most:
        return No(f"We insure nobody with more than {rates.claims.most} claims.")
    if risk.lost > rates.claims.most_lost_percent:
        return No(f"Claims came to more than {rates.claims.most_lost_percent} % of a year's proceeds.")
    if risk.limit > (most := rates.limits[-1].up_to_minor):
        return No(f"We insure at most {told(most)} per occurrence.")
    return None


def _base(rates: Rates, risk: _Risk) -> Fraction:
    """Each part of the proceeds at the rate of its band, so that earning more never costs less."""
    base, below = Fraction(0), 0
    for band in rates.revenue:
        part = max(Fraction(0), min(risk.year, Fraction(band.up_to_minor)) - below)
        base, below = base + part * Fraction(band.per_10_000, 10_000), band.up_to_minor
    return base


def _load(rates: Rates, asked: QuotesRequested, risk: _Risk) -> Fraction:
    claims, lost = rates.claims.per_claim_percent * asked.claims_so_far, rates.claims.per_lost_percent * risk.lost
    return 1 + (claims + lost) / 100


def _limit_percent(rates: Rates, risk: _Risk) -> int:
    return next(step.percent for step in rates.limits if risk.limit <= step.up_to_minor)


def _after_credit(rates: Rates, risk: _Risk) -> Fraction:
    reached = (step.credit_percent for step in rates.deductibles if risk.deductible >= step.from_minor)
    return Fraction(100 - max(reached, default=0), 100)
