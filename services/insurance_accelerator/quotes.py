"""Quotes: who qualifies, what is offered until when, and how a choice asks a carrier to bind."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from services.insurance_accelerator.state import MAX_QUOTES, MAX_REQUESTS, Quote, Request, Seller, Stage
from services.insurance_accelerator.terms import would_do
from shared.events.base import Event, derived_id
from shared.events.carriers import CarrierDeclined, CarrierQuoted, PolicyIssued
from shared.events.insurance_accelerator import (
    BindRequested,
    QuoteExpired,
    QuoteOffered,
    QuotesRequested,
    SellerNotQualified,
    SellerQualified,
)
from shared.events.seller_portal import QuoteChosen, QuotesWanted
from shared.policy import Policy
from shared.runtime import Decision, Moment, unchanged

LONGEST_PROMISE: Final = timedelta(days=366)
"""A quote said to hold for longer than the year it is for is a slip of the pen; it is not offered."""
LONGEST_PATIENCE_DAYS: Final = 64
"""A carrier that never issues what was chosen is asked again at last every so many days."""


class Obstacle(StrEnum):
    """Why a seller does not qualify for quotes. Codes are for ever."""

    UNKNOWN_MARKETPLACE = "UNKNOWN_MARKETPLACE"
    PROCEEDS_UNKNOWN = "PROCEEDS_UNKNOWN"
    TOO_MANY_CLAIMS = "TOO_MANY_CLAIMS"
    TOO_MANY_OPEN_REQUESTS = "TOO_MANY_OPEN_REQUESTS"


def quotes_wanted(seller: Seller, event: QuotesWanted, at: Moment[Any]) -> Decision[Seller]:
    """Ask every carrier for a seller who qualifies; tell one who does not each reason. A request is asked once."""
    if seller.request(event.request_id) is not None:
        return unchanged(seller)
    policy = at.policies.in_force(event.marketplace, at.now.date())
    proceeds = seller.proceeds_on(event.marketplace)
    obstacles = _obstacles(seller, event.marketplace, policy)
    if policy is None or proceeds is None or obstacles:
        reasons = tuple(obstacle.value for obstacle in obstacles)
        refusal = SellerNotQualified(seller_id=seller.seller_id, request_id=event.request_id, reasons=reasons)
        return Decision(seller, (refusal,))
    request = Request(
        request_id=event.request_id,
        marketplace=event.marketplace,
        reply_by=at.now + policy.days(policy.insurance.quotes_within_days),
    )
    qualified = SellerQualified(seller_id=seller.seller_id, request_id=event.request_id)
    asked = QuotesRequested(
        seller_id=seller.seller_id,
        request_id=event.request_id,
        marketplace=event.marketplace,
        currency=policy.currency,
        monthly_proceeds_minor=proceeds.amount_minor,
        claims_so_far=seller.claims_so_far,
        reply_by=request.reply_by,
    )
    return Decision(seller.with_request(request), (qualified, asked))


def carrier_quoted(seller: Seller, event: CarrierQuoted, at: Moment[Any]) -> Decision[Seller]:
    """Offer a quote that came in time and would do; the first word under a quote's id is the one that holds."""
    request = seller.request(event.request_id)
    if request is None or not request.open or _received(at) > request.reply_by:
        return unchanged(seller)
    if seller.quote(event.quote_id) is not None or len(seller.quotes) >= MAX_QUOTES:
        return unchanged(seller)
    policy = at.policies.in_force(request.marketplace, at.now.date())
    valid_until = _honoured_until(event.valid_until, at.now)
    if policy is None or valid_until is None or not would_do(event, policy):
        return unchanged(seller)
    quote = Quote(
        quote_id=event.quote_id,
        request_id=request.request_id,
        marketplace=request.marketplace,
        carrier=event.carrier,
        stage=Stage.OFFERED,
        due=valid_until,
        patience_days=max(1, policy.insurance.quotes_within_days),
    )
    offer = QuoteOffered(**event.model_dump(exclude={"valid_until"}), valid_until=valid_until)
    return Decision(seller.with_quote(quote), (offer,))


def carrier_declined(seller: Seller, event: CarrierDeclined, at: Moment[Any]) -> Decision[Seller]:
    """A carrier's no needs no reply, and a quote it gave before is honoured all the same."""
    return unchanged(seller)


def quote_chosen(seller: Seller, event: QuoteChosen, at: Moment[Any]) -> Decision[Seller]:
    """Ask the carrier to bind, once; a choice made until the promised moment counts even if it is heard later."""
    quote = seller.quote(event.quote_id)
    if quote is None or quote.stage is not Stage.OFFERED or quote.due is None or _received(at) > quote.due:
        return unchanged(seller)
    chosen = _asked(quote, at.now)
    return Decision(seller.with_quote(chosen), (_bind_requested(seller, chosen),))


def issued_on(seller: Seller, event: PolicyIssued) -> Quote | None:
    """The chosen quote that a carrier's policy fulfils; None: nothing to bind, or nothing that covers a day."""
    quote = seller.quote(event.quote_id)
    if quote is None or quote.stage is not Stage.CHOSEN or quote.carrier != event.carrier:
        return None
    return quote if event.valid_from <= event.valid_to else None


def with_ended(seller: Seller, quote: Quote) -> Seller:
    return seller.with_quote(quote.model_copy(update={"stage": Stage.ENDED, "due": None}))


def overdue(seller: Seller, now: datetime) -> tuple[Seller, tuple[Event, ...]]:
    """Close requests, let offers expire, and ask carriers again that have not yet issued what was chosen."""
    requests = tuple(r.model_copy(update={"open": r.open and r.reply_by > now}) for r in seller.requests)
    says: list[Event] = []
    for quote in seller.quotes:
        if quote.due is None or quote.due > now:
            continue
        if quote.stage is Stage.OFFERED:
            seller = with_ended(seller, quote)
            says.append(QuoteExpired(seller_id=seller.seller_id, quote_id=quote.quote_id))
        else:
            patience = min(2 * quote.patience_days, LONGEST_PATIENCE_DAYS)
            seller = seller.with_quote(_asked(quote.model_copy(update={"patience_days": patience}), now))
            says.append(_bind_requested(seller, quote))
    return seller.with_requests(requests), tuple(says)


def _obstacles(seller: Seller, marketplace: str, policy: Policy | None) -> tuple[Obstacle, ...]:
    if policy is None:
        return (Obstacle.UNKNOWN_MARKETPLACE,)
    found = {
        Obstacle.PROCEEDS_UNKNOWN: seller.proceeds_on(marketplace) is None,
        Obstacle.TOO_MANY_CLAIMS: seller.claims_so_far > policy.insurance.max_claims_to_qualify,
        Obstacle.TOO_MANY_OPEN_REQUESTS: sum(request.open for request in seller.requests) >= MAX_REQUESTS,
    }
    return tuple(obstacle for obstacle, present in found.items() if present)


def _received(at: Moment[Any]) -> datetime:
    """When something was said; a clock of the outside that runs ahead makes nobody late."""
    return min(at.said_at, at.now)


def _honoured_until(promised: datetime, now: datetime) -> datetime | None:
    """The promised moment in UTC (as which one without a zone is read); None: over already, or absurdly far."""
    until = promised if promised.tzinfo else promised.replace(tzinfo=UTC)
    return until.astimezone(UTC) if now < until <= now + LONGEST_PROMISE else None


def _asked(quote: Quote, now: datetime) -> Quote:
    return quote.model_copy(update={"stage": Stage.CHOSEN, "due": now + timedelta(days=quote.patience_days)})


def _bind_requested(seller: Seller, quote: Quote) -> BindRequested:
    return BindRequested(
        seller_id=seller.seller_id,
        quote_id=quote.quote_id,
        bind_id=derived_id("bind", seller.seller_id, quote.quote_id),
        carrier=quote.carrier,
    )
