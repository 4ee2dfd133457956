"""Quotes: who qualifies, what carriers are asked, what is offered until when, and the comparison."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from services.insurance_accelerator.history import lately
from services.insurance_accelerator.state import (
    MAX_DECLINES,
    MAX_QUOTES,
    MAX_REQUESTS,
    At,
    Quote,
    Request,
    Seller,
)
from services.insurance_accelerator.terms import would_do
from shared.events.base import Event
from shared.events.carriers import CarrierDeclined, CarrierQuoted
from shared.events.insurance_accelerator import (
    Decline,
    QuoteOffered,
    QuoteRefusal,
    QuoteRefused,
    QuotesCompared,
    QuotesRequested,
    SellerNotQualified,
    SellerQualified,
)
from shared.events.seller_portal import QuotesWanted
from shared.policy import Policy
from shared.runtime import Decision, unchanged

LONGEST_PROMISE: Final = timedelta(days=366)
"""A quote said to hold for longer than the year it is for is a slip of the pen; it is not offered."""
OLDEST_WORD: Final = timedelta(days=366)
"""Nothing about cover of a year is taken to have been said longer ago."""


class Obstacle(StrEnum):
    """Why a seller does not qualify for quotes. Codes are for ever."""

    UNKNOWN_MARKETPLACE = "UNKNOWN_MARKETPLACE"
    PROCEEDS_UNKNOWN = "PROCEEDS_UNKNOWN"
    TOO_MANY_CLAIMS = "TOO_MANY_CLAIMS"
    TOO_MANY_OPEN_REQUESTS = "TOO_MANY_OPEN_REQUESTS"


def quotes_wanted(seller: Seller, event: QuotesWanted, at: At) -> Decision[Seller]:
    """Ask every carrier for a seller who qualifies; tell one who does not each reason. A request is asked once."""
    if seller.request(event.request_id) is not None:
        return unchanged(seller)
    policy = at.policies.in_force(event.marketplace, at.now.date())
    proceeds = seller.proceeds_on(event.marketplace)
    obstacles = _obstacles(seller, event.marketplace, policy, at)
    if policy is None or proceeds is None or obstacles:
        reasons = tuple(obstacle.value for obstacle in obstacles)
        refusal = SellerNotQualified(seller_id=seller.seller_id, request_id=event.request_id, reasons=reasons)
        return Decision(seller, (refusal,))
    request = Request(
        request_id=event.request_id,
        marketplace=event.marketplace,
        currency=policy.currency,
        hazard_class=event.hazard_class,
        reply_by=policy.after(at.now, policy.insurance.quotes_within_days),
    )
    qualified = SellerQualified(seller_id=seller.seller_id, request_id=event.request_id)
    asked = requested(
        seller, request, policy, at, limit_minor=event.limit_minor, deductible_minor=event.deductible_minor
    )
    return Decision(seller.with_request(request), (qualified, asked))


def carrier_quoted(seller: Seller, event: CarrierQuoted, at: At) -> Decision[Seller]:
    """Offer a quote that came in time and would do, and refuse any other, saying why; its first word holds."""
    request = seller.request(event.request_id)
    if request is None or seller.quote(event.quote_id) is not None:
        return unchanged(seller)
    policy = at.policies.in_force(request.marketplace, at.now.date())
    refusal = _refusal(seller, request, event, policy, at)
    if policy is None or refusal is not None:
        return Decision(seller, (_refused(event, refusal or QuoteRefusal.BELOW_TERMS),))
    valid_until = _zoned(event.valid_until).astimezone(UTC)
    quote = Quote(
        **event.model_dump(include=set(Quote.model_fields) - {"valid_until"}),
        marketplace=request.marketplace,
        hazard_class=request.hazard_class,
        valid_until=valid_until,
        patience=max(timedelta(days=1), policy.wait(at.now, policy.insurance.quotes_within_days)),
    )
    offer = QuoteOffered(**event.model_dump(exclude={"valid_until"}), valid_until=valid_until)
    return Decision(seller.with_quote(quote), (offer,))


def carrier_declined(seller: Seller, event: CarrierDeclined, at: At) -> Decision[Seller]:
    """A carrier's no in time is shown in the comparison; it needs no reply, and takes back no quote."""
    request = seller.request(event.request_id)
    if request is None or not request.open or received(at) > request.reply_by or len(request.declined) >= MAX_DECLINES:
        return unchanged(seller)
    if any(decline.carrier == event.carrier for decline in request.declined):
        return unchanged(seller)
    decline = Decline(carrier=event.carrier, reason=event.reason)
    noted = request.model_copy(update={"declined": (*request.declined, decline)})
    return Decision(seller.with_requests(tuple(noted if r == request else r for r in seller.requests)))


def compared(seller: Seller, now: datetime) -> tuple[Seller, tuple[Event, ...]]:
    """The time to reply is over: everything that was offered, the cheapest first, and who would not quote and why."""
    over = [request for request in seller.requests if request.open and request.reply_by <= now]
    says = tuple(_comparison(seller, request) for request in over)
    closed = (r.model_copy(update={"open": False, "declined": ()}) if r in over else r for r in seller.requests)
    return seller.with_requests(tuple(closed)), says


def requested(
    seller: Seller,
    request: Request,
    policy: Policy,
    at: At,
    *,
    limit_minor: int | None,
    deductible_minor: int | None,
) -> QuotesRequested:
    """What carriers are asked. Nobody is offered less than the marketplace's terms, so no less is asked for."""
    rules, history, proceeds = policy.insurance, lately(seller, policy, at), seller.proceeds_on(policy.marketplace)
    most = rules.max_deductible_minor
    return QuotesRequested(
        seller_id=seller.seller_id,
        request_id=request.request_id,
        marketplace=request.marketplace,
        currency=request.currency,
        monthly_proceeds_minor=0 if proceeds is None else proceeds.amount_minor,
        claims_so_far=history.claims,
        claims_minor=history.admitted_minor,
        reply_by=request.reply_by,
        hazard_class=request.hazard_class,
        limit_minor=max(limit_minor or 0, rules.min_per_occurrence_minor),
        deductible_minor=most if deductible_minor is None else min(deductible_minor, most),
        renews=request.renews,
    )


def received(at: At) -> datetime:
    """When something was said. A clock of the outside that runs ahead makes nobody late, and none is years behind."""
    return max(min(at.said_at, at.now), at.now - OLDEST_WORD)


def _obstacles(seller: Seller, marketplace: str, policy: Policy | None, at: At) -> tuple[Obstacle, ...]:
    if policy is None:
        return (Obstacle.UNKNOWN_MARKETPLACE,)
    wished = sum(request.open and request.renews is None for request in seller.requests)
    found = {
        Obstacle.PROCEEDS_UNKNOWN: seller.proceeds_on(marketplace) is None,
        Obstacle.TOO_MANY_CLAIMS: lately(seller, policy, at).claims > policy.insurance.max_claims_to_qualify,
        Obstacle.TOO_MANY_OPEN_REQUESTS: wished >= MAX_REQUESTS,
    }
    return tuple(obstacle for obstacle, present in found.items() if present)


def _refusal(
    seller: Seller, request: Request, event: CarrierQuoted, policy: Policy | None, at: At
) -> QuoteRefusal | None:
    valid_until = _zoned(event.valid_until)
    if not request.open or received(at) > request.reply_by or valid_until <= at.now:
        return QuoteRefusal.TOO_LATE
    if policy is None or not would_do(event, policy) or valid_until > at.now + LONGEST_PROMISE:
        return QuoteRefusal.BELOW_TERMS
    return QuoteRefusal.NO_ROOM if len(seller.quotes) >= MAX_QUOTES else None


def _refused(event: CarrierQuoted, reason: QuoteRefusal) -> QuoteRefused:
    return QuoteRefused(
        seller_id=event.seller_id,
        request_id=event.request_id,
        quote_id=event.quote_id,
        carrier=event.carrier,
        reason=reason,
    )


def _comparison(seller: Seller, request: Request) -> QuotesCompared:
    offers = [quote.as_compared() for quote in seller.quotes if quote.request_id == request.request_id]
    offering = {offer.carrier for offer in offers}
    return QuotesCompared(
        seller_id=seller.seller_id,
        request_id=request.request_id,
        currency=request.currency,
        offers=tuple(sorted(offers, key=lambda o: (o.premium_minor, o.deductible_minor, o.carrier, o.quote_id))),
        declined=tuple(decline for decline in request.declined if decline.carrier not in offering),
    )


def _zoned(moment: datetime) -> datetime:
    """A moment without a zone is read as UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
