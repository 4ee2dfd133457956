"""From an offered quote to bound cover: the choice, the carrier's policy, and its cancellation with notice."""

from datetime import datetime, timedelta
from typing import Final

from services.insurance_accelerator import cover, quotes, renewals
from services.insurance_accelerator.state import (
    MAX_NOTICES,
    At,
    Bound,
    Notice,
    Period,
    Quote,
    Seller,
    Stage,
    terms_of,
)
from shared.events.base import Event, derived_id
from shared.events.carriers import PolicyCancelled, PolicyIssued
from shared.events.insurance_accelerator import BindRequested, CoverBound, CoverCancelled, QuoteExpired
from shared.events.seller_portal import QuoteChosen
from shared.policy import Policy
from shared.runtime import Decision, unchanged

LONGEST_PATIENCE: Final = timedelta(days=64)
"""A carrier that never issues what was chosen is asked again at last every so often."""
INSURER_LENGTH: Final = 120
"""Characters of an insurer's name on a period of cover; a carrier's id may be longer."""


def quote_chosen(seller: Seller, event: QuoteChosen, at: At) -> Decision[Seller]:
    """Ask the carrier to bind, once; a choice made until the promised moment counts even if it is heard later."""
    quote = seller.quote(event.quote_id)
    if quote is None or quote.stage is not Stage.OFFERED or quotes.received(at) > quote.valid_until:
        return unchanged(seller)
    chosen = _asked(quote, quote.patience, at.now)
    return Decision(seller.with_quote(chosen), (_bind_requested(seller, chosen),))


def policy_issued(seller: Seller, event: PolicyIssued, at: At) -> Decision[Seller]:
    """Cover bound through the Accelerator needs no certificate: the policy is on record by itself."""
    quote = seller.quote(event.quote_id)
    if quote is None or quote.stage is not Stage.CHOSEN or quote.carrier != event.carrier:
        return unchanged(seller)
    policy = at.policies.in_force(quote.marketplace, at.now.date())
    if policy is None or event.valid_from > event.valid_to:
        return unchanged(seller)
    period = _period(quote, event, policy, at)
    covered = _ended(seller, quote).with_period(period)
    says: tuple[Event, ...] = (CoverBound(**event.model_dump()),)
    if early := _notice(seller, event.policy_number, event.carrier):
        counted = covered.model_copy(update={"notices": tuple(n for n in covered.notices if n != early)})
        covered, cancelled = _cut(counted, early)
        says = (*says, *cancelled)
    return cover.told(seller, covered, says, at)


def policy_cancelled(seller: Seller, event: PolicyCancelled, at: At) -> Decision[Seller]:
    """Cover ends on the day that the carrier gives, but not before the notice that the policy asks for is over."""
    marketplace = _marketplace_of(seller, event)
    policy = None if marketplace is None else at.policies.in_force(marketplace, at.now.date())
    if policy is None:
        return unchanged(seller)
    noticed = policy.day_of(quotes.received(at)) + timedelta(days=policy.insurance.min_cancellation_notice_days)
    last_day = max(event.last_day, noticed)
    notice = Notice(policy_number=event.policy_number, carrier=event.carrier, last_day=last_day)
    if not any(period.is_policy(event.policy_number, event.carrier) for period in seller.periods):
        return Decision(_noted(seller, notice))
    cut, says = _cut(seller, notice)
    return cover.told(seller, cut, says, at)


def overdue(seller: Seller, now: datetime) -> tuple[Seller, tuple[Event, ...]]:
    """Let offers expire, and ask carriers again that have not yet issued what was chosen."""
    says: list[Event] = []
    for quote in seller.quotes:
        if quote.due is None or quote.due > now:
            continue
        if quote.stage is Stage.OFFERED:
            seller = _ended(seller, quote)
            says.append(QuoteExpired(seller_id=seller.seller_id, quote_id=quote.quote_id))
        else:
            seller = seller.with_quote(_asked(quote, min(2 * quote.patience, LONGEST_PATIENCE), now))
            says.append(_bind_requested(seller, quote))
    return seller, tuple(says)


def _period(quote: Quote, event: PolicyIssued, policy: Policy, at: At) -> Period:
    """The cover is known since the carrier said so, however late we hear it."""
    issued_at = quotes.received(at)
    bound = Bound(
        carrier=event.carrier,
        hazard_class=quote.hazard_class,
        per_occurrence_minor=quote.per_occurrence_minor,
        deductible_minor=quote.deductible_minor,
        renew_at=renewals.renew_at(event.valid_to, policy, at),
    )
    return Period(
        marketplace=quote.marketplace,
        valid_from=event.valid_from,
        valid_to=event.valid_to,
        insurer=event.carrier[:INSURER_LENGTH],
        certificate_id=event.policy_number,
        known_since=issued_at,
        issued_on=policy.day_of(issued_at),
        terms=terms_of(event),
        bound=bound,
    )


def _cut(seller: Seller, notice: Notice) -> tuple[Seller, tuple[Event, ...]]:
    """The policy ends with the day of the notice, and so does its paper that was shown first. Nothing is cut twice."""
    number, last_day = notice.policy_number, notice.last_day
    there = {period.marketplace for period in seller.periods if period.is_policy(number, notice.carrier)}
    ended = [
        period
        for period in seller.periods
        if period.is_policy(number, notice.carrier)
        or (period.bound is None and period.certificate_id == number and period.marketplace in there)
        if period.valid_to > last_day
    ]
    periods = tuple(period.cancelled(last_day) if period in ended else period for period in seller.periods)
    says = tuple(
        CoverCancelled(seller_id=seller.seller_id, marketplace=marketplace, policy_number=number, last_day=last_day)
        for marketplace in sorted({period.marketplace for period in ended})
    )
    return seller.but(periods=periods), says


def _marketplace_of(seller: Seller, event: PolicyCancelled) -> str | None:
    """Where the policy covers the seller, or where it may: one that is awaited from its carrier. None: not ours."""
    for period in seller.periods:
        if period.is_policy(event.policy_number, event.carrier):
            return period.marketplace
    awaited = (quote for quote in seller.quotes if quote.stage is Stage.CHOSEN and quote.carrier == event.carrier)
    return next((quote.marketplace for quote in awaited), None)


def _notice(seller: Seller, policy_number: str, carrier: str) -> Notice | None:
    found = (n for n in seller.notices if (n.policy_number, n.carrier) == (policy_number, carrier))
    return min(found, key=lambda notice: notice.last_day, default=None)


def _noted(seller: Seller, notice: Notice) -> Seller:
    """A cancellation that overtakes its policy counts as soon as the policy is on record; the earliest day of all."""
    known = _notice(seller, notice.policy_number, notice.carrier)
    if known is not None and known.last_day <= notice.last_day:
        return seller
    notices = (*(n for n in seller.notices if n != known), notice)
    return seller.but(notices=notices[-MAX_NOTICES:])


def _ended(seller: Seller, quote: Quote) -> Seller:
    return seller.with_quote(quote.model_copy(update={"stage": Stage.ENDED, "ask_again_at": None}))


def _asked(quote: Quote, patience: timedelta, now: datetime) -> Quote:
    return quote.model_copy(update={"stage": Stage.CHOSEN, "patience": patience, "ask_again_at": now + patience})


def _bind_requested(seller: Seller, quote: Quote) -> BindRequested:
    return BindRequested(
        seller_id=seller.seller_id,
        quote_id=quote.quote_id,
        bind_id=derived_id("bind", seller.seller_id, quote.quote_id),
        carrier=quote.carrier,
    )
