"""Cover bound here that ends soon: the seller is told, and carriers are asked for what follows."""

from datetime import date, datetime, timedelta
from typing import Final

from services.insurance_accelerator import quotes
from services.insurance_accelerator.state import At, Bound, Period, Request, Seller
from shared.events.base import Event, derived_id
from shared.events.insurance_accelerator import CoverLapsing
from shared.policy import Policy

ID_LENGTH: Final = 128
"""Characters of the longest id."""


def renew_at(last_day: date, policy: Policy, at: At) -> datetime | None:
    """When quotes for what follows cover that ends on a day are asked for; None: that day is over."""
    if last_day < policy.day_of(at.now):
        return None
    return policy.begin_of(last_day - timedelta(days=policy.insurance.renewal_days))


def moved(seller: Seller, at: At) -> Seller:
    """What is still to be asked for is asked for so long before the end of cover, wherever that has moved to."""
    return seller.but(periods=tuple(_moved(period, at) for period in seller.periods))


def asked_for(seller: Seller, at: At) -> tuple[Seller, tuple[Event, ...]]:
    """Ask carriers, once per policy, for what follows cover that ends soon, on the terms that it was bound on."""
    says: list[Event] = []
    for period in seller.periods:
        bound = period.bound
        if bound is None or bound.renew_at is None or bound.renew_at > at.now:
            continue
        seller = _asked(seller, period, bound)
        policy = at.policies.in_force(period.marketplace, at.now.date())
        if policy is not None and period.has_days and period.valid_to >= policy.day_of(at.now):
            seller, lapsing = _lapsing(seller, period, bound, policy, at)
            says += lapsing
    return seller, tuple(says)


def _moved(period: Period, at: At) -> Period:
    bound, policy = period.bound, at.policies.in_force(period.marketplace, at.now.date())
    if bound is None or bound.renew_at is None or policy is None:
        return period
    renewed = bound.model_copy(update={"renew_at": renew_at(period.valid_to, policy, at)})
    return period.model_copy(update={"bound": renewed})


def _lapsing(seller: Seller, period: Period, bound: Bound, policy: Policy, at: At) -> tuple[Seller, tuple[Event, ...]]:
    request = Request(
        request_id=_request_id(period, bound),
        marketplace=period.marketplace,
        currency=policy.currency,
        hazard_class=bound.hazard_class,
        reply_by=policy.after(at.now, policy.insurance.quotes_within_days),
        renews=period.certificate_id,
    )
    lapsing = CoverLapsing(
        seller_id=seller.seller_id,
        marketplace=period.marketplace,
        policy_number=period.certificate_id,
        last_day=period.valid_to,
        request_id=request.request_id,
    )
    asked = quotes.requested(
        seller, request, policy, at, limit_minor=bound.per_occurrence_minor, deductible_minor=bound.deductible_minor
    )
    return seller.with_request(request), (lapsing, asked)


def _asked(seller: Seller, period: Period, bound: Bound) -> Seller:
    done = period.model_copy(update={"bound": bound.model_copy(update={"renew_at": None})})
    return seller.but(periods=tuple(done if p == period else p for p in seller.periods))


def _request_id(period: Period, bound: Bound) -> str:
    """Of the policy and its end: a number is its carrier's own, and the same may serve elsewhere and through years."""
    request_id = f"renews:{period.marketplace}:{bound.carrier}:{period.certificate_id}:{period.valid_to}"
    return request_id if len(request_id) <= ID_LENGTH else f"renews:{derived_id(request_id)}"
