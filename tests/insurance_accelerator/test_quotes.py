"""Quotes: given what is known of a seller, when this is heard, then these events."""

from datetime import timedelta

import pytest

from services.insurance_accelerator.binding import quote_chosen
from services.insurance_accelerator.deadlines import deadline_passed
from services.insurance_accelerator.quotes import carrier_declined, carrier_quoted, quotes_wanted
from services.insurance_accelerator.state import MAX_DECLINES, MAX_QUOTES, MAX_REQUESTS, Seller
from shared.calendar import BusinessDays
from shared.events.base import Event
from shared.events.insurance_accelerator import (
    ComparedQuote,
    Decline,
    QuoteExpired,
    QuoteOffered,
    QuoteRefusal,
    QuoteRefused,
    QuotesCompared,
    QuotesRequested,
    SellerNotQualified,
    SellerQualified,
)
from shared.events.seller_portal import InsurerRating, ProductHazardClass
from shared.money import Currency
from shared.policy import Policies, load
from shared.runtime import Decision, Moment
from tests.deciding import day
from tests.insurance_accelerator.given import (
    SELLER,
    asking_seller,
    choice,
    declined,
    known_seller,
    moment,
    offered_seller,
    quoted,
    unknown_seller,
    wanted,
    with_claims,
)


def asked_for(seller: Seller, **wishes: object) -> QuotesRequested:
    """What carriers are asked for this seller's wish."""
    (_, asked) = quotes_wanted(seller, wanted(**wishes), moment(0)).says  # pyright: ignore[reportArgumentType]
    assert isinstance(asked, QuotesRequested)
    return asked


def refused(reason: QuoteRefusal, quote_id: str = "Q-1") -> QuoteRefused:
    return QuoteRefused(seller_id=SELLER, request_id="R-1", quote_id=quote_id, carrier="northwind", reason=reason)


# Who is asked for, and what


def test_carriers_are_asked_for_a_seller_who_qualifies() -> None:
    heard = quotes_wanted(known_seller(), wanted(hazard_class=ProductHazardClass.HIGH), moment(0))
    assert heard.says == (
        SellerQualified(seller_id=SELLER, request_id="R-1"),
        QuotesRequested(
            seller_id=SELLER,
            request_id="R-1",
            marketplace="US",
            currency=Currency.USD,
            monthly_proceeds_minor=500_000,
            claims_so_far=0,
            reply_by=day(3),
            hazard_class=ProductHazardClass.HIGH,
            limit_minor=100_000_000,
            deductible_minor=1_000_000,
        ),
    )
    assert heard.state.due == day(3)


def test_a_wish_for_more_cover_is_passed_on() -> None:
    asked = asked_for(known_seller(), limit_minor=200_000_000, deductible_minor=0)
    assert (asked.limit_minor, asked.deductible_minor) == (200_000_000, 0)


def test_nothing_below_the_terms_of_the_marketplace_is_asked_for() -> None:
    asked = asked_for(known_seller(), limit_minor=1, deductible_minor=9_000_000)
    assert (asked.limit_minor, asked.deductible_minor) == (100_000_000, 1_000_000)


def test_carriers_hear_of_the_claims_against_the_seller() -> None:
    asked = asked_for(with_claims(known_seller(), 3))
    assert (asked.claims_so_far, asked.claims_minor) == (3, 120_000)


def test_carriers_may_take_business_days_where_the_policy_counts_those() -> None:
    us = load().version("US-1")
    slow = us.insurance.model_copy(update={"quotes_within_days": BusinessDays(3)})
    thursday: Moment[Event] = Moment(day(3), day(3), Policies([us.model_copy(update={"insurance": slow})]))
    heard = quotes_wanted(known_seller(), wanted(), thursday)
    assert heard.state.due == day(8), "the next Tuesday"


def test_carriers_are_asked_once_per_request() -> None:
    asking = asking_seller()
    closed = deadline_passed(asking, moment(3)).state
    assert quotes_wanted(asking, wanted(), moment(1)) == Decision(asking)
    assert quotes_wanted(closed, wanted(), moment(9)) == Decision(closed)


@pytest.mark.parametrize(
    ("seller", "marketplace", "reasons"),
    [
        (unknown_seller(), "US", ("PROCEEDS_UNKNOWN",)),
        (known_seller(), "GB", ("PROCEEDS_UNKNOWN",)),
        (known_seller(), "ZZ", ("UNKNOWN_MARKETPLACE",)),
        (with_claims(known_seller(), 26), "US", ("TOO_MANY_CLAIMS",)),
        (with_claims(unknown_seller(), 26), "US", ("PROCEEDS_UNKNOWN", "TOO_MANY_CLAIMS")),
    ],
)
def test_a_seller_who_does_not_qualify_is_told_every_reason(
    seller: Seller, marketplace: str, reasons: tuple[str, ...]
) -> None:
    heard = quotes_wanted(seller, wanted(marketplace=marketplace), moment(0))
    assert heard == Decision(seller, (SellerNotQualified(seller_id=SELLER, request_id="R-1", reasons=reasons),))


def test_as_many_claims_as_are_allowed_still_qualify() -> None:
    assert asked_for(with_claims(known_seller(), 25)).claims_so_far == 25


def test_only_so_many_requests_are_open_at_once() -> None:
    seller = known_seller()
    for number in range(MAX_REQUESTS):
        seller = quotes_wanted(seller, wanted(f"R-{number}"), moment(0)).state
    (no,) = quotes_wanted(seller, wanted("R-9"), moment(1)).says
    accepted = quotes_wanted(deadline_passed(seller, moment(3)).state, wanted("R-9"), moment(4))
    assert isinstance(no, SellerNotQualified)
    assert no.reasons == ("TOO_MANY_OPEN_REQUESTS",)
    assert isinstance(accepted.says[0], SellerQualified)
    assert len(accepted.state.requests) == MAX_REQUESTS


# What carriers answer


def test_a_quote_in_time_is_offered_as_promised() -> None:
    heard = carrier_quoted(asking_seller(), quoted(), moment(3))
    assert heard.says == (QuoteOffered(**quoted().model_dump()),)


def test_a_quote_said_in_time_but_heard_late_is_offered() -> None:
    (offer,) = carrier_quoted(asking_seller(), quoted(), moment(4, said=3)).says
    assert isinstance(offer, QuoteOffered)


def test_a_clock_that_runs_ahead_makes_no_quote_late() -> None:
    (offer,) = carrier_quoted(asking_seller(), quoted(), moment(3, said=3.1)).says
    assert isinstance(offer, QuoteOffered)


@pytest.mark.parametrize(
    ("changes", "heard_on", "reason"),
    [
        ({}, 3.1, QuoteRefusal.TOO_LATE),
        ({"valid_until": day(1)}, 1, QuoteRefusal.TOO_LATE),
        ({"valid_until": day(400)}, 1, QuoteRefusal.BELOW_TERMS),
        ({"currency": Currency.EUR}, 1, QuoteRefusal.BELOW_TERMS),
        ({"per_occurrence_minor": 99_999_999}, 1, QuoteRefusal.BELOW_TERMS),
        ({"deductible_minor": 1_000_001}, 1, QuoteRefusal.BELOW_TERMS),
        ({"rating": InsurerRating.BELOW}, 1, QuoteRefusal.BELOW_TERMS),
    ],
)
def test_a_quote_that_is_late_or_would_not_do_is_refused_and_told_why(
    changes: dict[str, object], heard_on: float, reason: QuoteRefusal
) -> None:
    asking = asking_seller()
    heard = carrier_quoted(asking, quoted(**changes), moment(heard_on))
    assert heard == Decision(asking, (refused(reason),))


def test_a_quote_on_a_request_that_nobody_made_is_ignored() -> None:
    asking = asking_seller()
    assert carrier_quoted(asking, quoted(request_id="R-unknown"), moment(1)) == Decision(asking)


def test_a_quote_is_late_once_its_request_is_closed_whenever_it_was_said() -> None:
    closed = deadline_passed(asking_seller(), moment(3)).state
    assert carrier_quoted(closed, quoted(), moment(4, said=2)) == Decision(closed, (refused(QuoteRefusal.TOO_LATE),))


def test_a_refused_quote_can_be_mended_under_the_same_id() -> None:
    asking = carrier_quoted(asking_seller(), quoted(deductible_minor=1_000_001), moment(1)).state
    (offer,) = carrier_quoted(asking, quoted(), moment(2)).says
    assert isinstance(offer, QuoteOffered)


def test_the_first_word_under_a_quote_id_holds() -> None:
    offered = offered_seller()
    assert carrier_quoted(offered, quoted(premium_minor=999_999), moment(2)) == Decision(offered)


def test_an_expired_quote_is_not_offered_again_while_its_request_is_open() -> None:
    short = carrier_quoted(asking_seller(), quoted(valid_until=day(2)), moment(1)).state
    expired = deadline_passed(short, moment(2)).state
    assert carrier_quoted(expired, quoted(), moment(2.5)) == Decision(expired)


def test_a_moment_without_a_zone_is_read_as_utc() -> None:
    heard = carrier_quoted(asking_seller(), quoted(valid_until=day(30).replace(tzinfo=None)), moment(1))
    assert heard.state.quotes[0].due == day(30)


def test_beyond_the_bound_there_is_no_room_for_a_quote() -> None:
    seller = asking_seller()
    for number in range(MAX_QUOTES):
        seller = carrier_quoted(seller, quoted(quote_id=f"Q-{number}"), moment(1)).state
    heard = carrier_quoted(seller, quoted(quote_id="Q-more"), moment(1))
    assert heard == Decision(seller, (refused(QuoteRefusal.NO_ROOM, "Q-more"),))


def test_a_decline_after_a_quote_leaves_the_quote_open() -> None:
    no = declined(carrier="northwind")
    heard = carrier_declined(offered_seller(), no, moment(2))
    assert heard.says == ()
    assert heard.state.quotes == offered_seller().quotes


def test_a_decline_counts_once_and_in_time() -> None:
    asking = asking_seller()
    noted = carrier_declined(asking, declined(), moment(1)).state
    assert carrier_declined(noted, declined(reason="Another."), moment(2)) == Decision(noted)
    assert carrier_declined(asking, declined(), moment(3.1)) == Decision(asking)
    assert carrier_declined(asking, declined(request_id="R-2"), moment(1)) == Decision(asking)


def test_only_so_many_declines_are_shown() -> None:
    seller = asking_seller()
    for number in range(MAX_DECLINES + 1):
        seller = carrier_declined(seller, declined(carrier=f"carrier-{number}"), moment(1)).state
    (comparison,) = deadline_passed(seller, moment(3)).says
    assert isinstance(comparison, QuotesCompared)
    assert len(comparison.declined) == MAX_DECLINES


# The comparison


def test_at_the_end_of_the_round_all_offers_are_compared_the_cheapest_first() -> None:
    seller = carrier_quoted(
        offered_seller(), quoted(quote_id="Q-2", carrier="eastbay", premium_minor=80_000), moment(2)
    ).state
    seller = carrier_declined(seller, declined(), moment(2)).state
    heard = deadline_passed(seller, moment(3))
    dear = ComparedQuote(
        quote_id="Q-1",
        carrier="northwind",
        rating=InsurerRating.A_OR_BETTER,
        premium_minor=120_000,
        per_occurrence_minor=100_000_000,
        deductible_minor=500_000,
        valid_until=day(30),
    )
    cheap = dear.model_copy(update={"quote_id": "Q-2", "carrier": "eastbay", "premium_minor": 80_000})
    comparison = QuotesCompared(
        seller_id=SELLER,
        request_id="R-1",
        currency=Currency.USD,
        offers=(cheap, dear),
        declined=(Decline(carrier="southsea", reason="We insure no ladders."),),
    )
    assert heard.says == (comparison,)
    assert heard.state.due == day(30), "the quotes stay open"


def test_a_round_without_any_answer_is_compared_too() -> None:
    empty = QuotesCompared(seller_id=SELLER, request_id="R-1", currency=Currency.USD, offers=())
    assert deadline_passed(asking_seller(), moment(3)).says == (empty,)


def test_a_quote_chosen_or_expired_during_the_round_is_in_the_comparison() -> None:
    chosen = quote_chosen(offered_seller(), choice(), moment(1.5)).state
    seller = carrier_quoted(chosen, quoted(quote_id="Q-2", valid_until=day(2)), moment(1.6)).state
    expired = deadline_passed(seller, moment(2)).state
    comparison = deadline_passed(expired, moment(3)).says[0]
    assert isinstance(comparison, QuotesCompared)
    assert {offer.quote_id for offer in comparison.offers} == {"Q-1", "Q-2"}


def test_who_declined_and_quoted_all_the_same_is_shown_with_the_quote_alone() -> None:
    seller = carrier_declined(asking_seller(), declined(carrier="northwind"), moment(1)).state
    seller = carrier_quoted(seller, quoted(), moment(2)).state
    (comparison,) = deadline_passed(seller, moment(3)).says
    assert isinstance(comparison, QuotesCompared)
    assert ([o.carrier for o in comparison.offers], comparison.declined) == (["northwind"], ())


def test_a_round_is_compared_once() -> None:
    closed = deadline_passed(asking_seller(), moment(3)).state
    assert deadline_passed(closed, moment(4)) == Decision(closed)


def test_a_quote_expires_when_its_promise_ends() -> None:
    closed = deadline_passed(offered_seller(), moment(3)).state
    heard = deadline_passed(closed, moment(30))
    assert heard.says == (QuoteExpired(seller_id=SELLER, quote_id="Q-1"),)
    assert heard.state.due is None


def test_a_promise_is_kept_to_its_last_moment() -> None:
    closed = deadline_passed(offered_seller(), moment(3)).state
    almost = day(30) - timedelta(seconds=1)
    assert closed.due == day(30) > almost
    assert deadline_passed(closed, moment(29.99)) == Decision(closed)
