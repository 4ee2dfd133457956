"""Carriers: they answer what is asked, in time or not, honour what they quoted, issue once, cancel and renew."""

from collections import Counter
from datetime import timedelta
from typing import Any

from ops.demo.carriers.carrier import Carriers
from ops.demo.carriers.rates import load
from ops.demo.outside.party import CURRENCIES, Saying
from shared.events.base import Event, derived_id
from shared.events.carriers import CarrierDeclined, CarrierQuoted, PolicyCancelled, PolicyIssued
from shared.events.insurance_accelerator import BindRequested, QuoteRefusal, QuoteRefused, QuotesRequested
from shared.events.seller_portal import ProductHazardClass
from tests.deciding import day
from tests.demo.given import SEED, answers, events, only, quotes_requested

SELLERS = [f"seller-{number:04d}" for number in range(400)]
RATES = load()


def asked(seller_id: str, **changes: Any) -> QuotesRequested:
    return quotes_requested(seller_id).model_copy(update=changes)


def quotes_of(carriers: Carriers, wanted: QuotesRequested) -> list[CarrierQuoted]:
    return only(CarrierQuoted, answers(carriers, wanted))


def bind(quote: CarrierQuoted) -> BindRequested:
    return BindRequested(
        seller_id=quote.seller_id,
        quote_id=quote.quote_id,
        bind_id=derived_id("bind", quote.quote_id),
        carrier=quote.carrier,
    )


def alone(name: str) -> Carriers:
    return Carriers(SEED, [RATES[name]])


def bound(carriers: Carriers, seller_id: str, **changes: Any) -> list[Saying]:
    """What follows when the first quote for the seller is bound on day 4; nothing if nobody quotes."""
    quotes = quotes_of(carriers, asked(seller_id, **changes))
    return answers(carriers, bind(quotes[0]), day(4)) if quotes else []


# Answers


def test_carriers_quote_decline_reply_late_or_not_at_all() -> None:
    classes = list(ProductHazardClass)
    said = [
        answers(Carriers(SEED), asked(seller_id, hazard_class=classes[number % 4]))
        for number, seller_id in enumerate(SELLERS)
    ]
    every = [saying for each in said for saying in each]
    quotes, declined = only(CarrierQuoted, every), only(CarrierDeclined, every)
    assert len(quotes) > 300
    assert len(declined) > 300
    assert {quote.carrier for quote in quotes} == {"meridian", "oakline", "harbour"}
    assert "nordsee" in {decline.carrier for decline in declined}
    late = sum(saying.at > day(3) for saying in every)
    assert 0 < late < len(every) * 0.1
    assert any(len(each) < len(RATES) for each in said)


def test_answers_in_time_come_within_the_days_that_the_carrier_takes() -> None:
    for name, rates in RATES.items():
        said = [saying for seller_id in SELLERS for saying in answers(alone(name), asked(seller_id))]
        in_time = [saying.at - day(0) for saying in said if saying.at <= day(3)]
        shortest, longest = rates.answers.days
        assert all(timedelta(days=shortest) <= span <= timedelta(days=longest) for span in in_time)


def test_a_quote_promises_to_hold_from_when_it_is_said() -> None:
    said = [saying for seller_id in SELLERS for saying in answers(Carriers(SEED), asked(seller_id))]
    for saying in said:
        if isinstance(saying.event, CarrierQuoted):
            assert saying.event.valid_until == saying.at + RATES[saying.event.carrier].validity
            assert saying.event.rating is RATES[saying.event.carrier].rating


def test_a_carrier_alone_says_what_it_says_among_others() -> None:
    together = [e for s in SELLERS[:50] for e in events(answers(Carriers(SEED), asked(s)))]
    apart = [e for s in SELLERS[:50] for name in RATES for e in events(answers(alone(name), asked(s)))]
    assert together == apart


def test_the_same_seed_says_the_same_and_another_does_not() -> None:
    def said(seed: int) -> list[Saying]:
        return [saying for s in SELLERS[:50] for saying in answers(Carriers(seed), asked(s))]

    assert said(SEED) == said(SEED)
    assert said(SEED) != said(SEED + 1)


# Policies


def test_a_quote_bound_twice_is_one_policy() -> None:
    carriers = Carriers(SEED)
    (quote, *_) = quotes_of(carriers, asked("seller-1"))
    first, again = answers(carriers, bind(quote), day(4)), answers(carriers, bind(quote), day(9), number=2)
    assert only(PolicyIssued, first) == only(PolicyIssued, again)
    assert len(only(PolicyIssued, first)) == 1


def test_a_policy_covers_a_year_from_the_day_on_which_it_is_issued() -> None:
    for seller_id in SELLERS[:40]:
        for saying in bound(Carriers(SEED), seller_id):
            if isinstance(saying.event, PolicyIssued):
                assert saying.event.valid_from == saying.at.date()
                assert (saying.event.valid_to - saying.event.valid_from).days == 364


def test_every_quote_is_honoured_however_late_its_choice_is_passed_on() -> None:
    carriers = Carriers(SEED)
    for quote in [q for s in SELLERS[:60] for q in quotes_of(carriers, asked(s))]:
        (issued,) = only(PolicyIssued, answers(carriers, bind(quote), day(60)))
        assert (issued.quote_id, issued.carrier) == (quote.quote_id, quote.carrier)


def test_nothing_is_issued_on_a_quote_of_nobody_or_of_another_carrier() -> None:
    (quote, *_) = quotes_of(alone("meridian"), asked("seller-1"))
    assert answers(alone("meridian"), bind(quote)) == []
    harbour = alone("harbour")
    quotes_of(harbour, asked("seller-1"))
    assert answers(harbour, bind(quote)) == []


def test_a_quote_that_was_refused_is_off_the_books() -> None:
    carriers = Carriers(SEED)
    (quote, *_) = quotes_of(carriers, asked("seller-1"))
    refused = QuoteRefused(
        **quote.model_dump(include={"seller_id", "request_id", "quote_id", "carrier"}), reason=QuoteRefusal.TOO_LATE
    )
    assert answers(carriers, refused) == []
    assert answers(carriers, bind(quote)) == []


def test_some_policies_are_cancelled_once_with_the_carriers_notice() -> None:
    ways = Counter[str]()
    for name, rates in RATES.items():
        marketplace = {"nordsee": "DE"}.get(name, "US")
        for seller_id in SELLERS:
            carriers = alone(name)
            said = bound(carriers, seller_id, marketplace=marketplace, currency=CURRENCIES[marketplace])
            for saying in said:
                if isinstance(saying.event, PolicyCancelled):
                    ways[name] += 1
                    (issued,) = only(PolicyIssued, said)
                    assert saying.event.policy_number == issued.policy_number
                    assert (saying.event.last_day - saying.at.date()).days == rates.cancels.notice_days
                    assert saying.event.last_day < issued.valid_to
    assert set(ways) == set(RATES)
    assert all(0 < count < len(SELLERS) * 0.25 for count in ways.values())


# Renewals


def renewal(seller_id: str, policy_number: str) -> QuotesRequested:
    return asked(seller_id, request_id=f"renews:{policy_number}", renews=policy_number, reply_by=day(330))


def test_a_renewed_policy_begins_when_the_one_before_ends() -> None:
    seen = 0
    for seller_id in SELLERS[:60]:
        carriers = alone("meridian")
        said = bound(carriers, seller_id)
        if not said or only(PolicyCancelled, said):
            continue
        (issued,) = only(PolicyIssued, said)
        for quote in only(CarrierQuoted, answers(carriers, renewal(seller_id, issued.policy_number), day(320))):
            (following,) = only(PolicyIssued, answers(carriers, bind(quote), day(325)))
            assert following.valid_from == issued.valid_to + timedelta(days=1)
            assert following.policy_number != issued.policy_number
            seen += 1
    assert seen > 30


def test_nobody_renews_what_he_has_cancelled_but_others_quote() -> None:
    seen = Counter[type[Event]]()
    for seller_id in SELLERS:
        carriers = Carriers(SEED)
        said = bound(carriers, seller_id)
        for cancelled in only(PolicyCancelled, said):
            for event in events(answers(carriers, renewal(seller_id, cancelled.policy_number), day(60))):
                assert isinstance(event, CarrierQuoted | CarrierDeclined)
                if event.carrier == cancelled.carrier:
                    assert isinstance(event, CarrierDeclined)
                    assert event.reason == "We have cancelled this policy."
                seen[type(event)] += 1
    assert seen[CarrierQuoted]
    assert seen[CarrierDeclined]
