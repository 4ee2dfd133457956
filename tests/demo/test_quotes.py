"""The spread of quotes per seller, from QuotesCompared alone."""

from datetime import timedelta
from typing import Any

from ops.demo.quotes import HEADINGS, figures, rows, spreads
from shared.events.insurance_accelerator import ComparedQuote, Decline, QuotesCompared
from shared.events.seller_portal import InsurerRating
from shared.money import Currency
from tests.deciding import day


def offer(carrier: str, premium_minor: int) -> ComparedQuote:
    return ComparedQuote(
        quote_id=f"{carrier}-1",
        carrier=carrier,
        rating=InsurerRating.A_OR_BETTER,
        premium_minor=premium_minor,
        per_occurrence_minor=100_000_000,
        deductible_minor=0,
        valid_until=day(3) + timedelta(days=20),
    )


def compared(seller_id: str, *offers: ComparedQuote, **changes: Any) -> QuotesCompared:
    event = QuotesCompared(
        seller_id=seller_id, request_id=f"rq-{seller_id}", currency=Currency.USD, offers=tuple(offers)
    )
    return event.model_copy(update=changes)


DECLINED = (Decline(carrier="oakline", reason="We insure no products of the class severe."),)
WIDE = compared("seller-1", offer("meridian", 90_000), offer("nordsee", 100_000), offer("harbour", 180_000))
NARROW = compared("seller-2", offer("nordsee", 100_000), offer("meridian", 110_000), declined=DECLINED)
SINGLE = compared("seller-3", offer("meridian", 70_000), declined=DECLINED)
NONE = compared("seller-4", declined=DECLINED)


def test_the_lowest_and_the_highest_of_each_round_with_who_declined_and_why() -> None:
    (spread,) = spreads([NARROW])
    assert spread.lowest is not None
    assert spread.highest is not None
    assert (spread.lowest.carrier, spread.highest.carrier) == ("nordsee", "meridian")
    assert (spread.offers, spread.dearer_percent) == (2, 10)
    assert spread.declined == DECLINED


def test_the_table_begins_with_those_who_were_quoted_most_differently() -> None:
    table = rows(spreads([NONE, SINGLE, NARROW, WIDE]))
    assert [row[0] for row in table] == ["seller-1", "seller-2", "seller-3", "seller-4"]
    assert {len(row) for row in table} == {len(HEADINGS)}
    assert table[0] == ("seller-1", "3", "900.00 USD", "meridian", "1,800.00 USD", "harbour", "100 %", "")
    assert table[3] == ("seller-4", "0", "", "", "", "", "", "oakline: We insure no products of the class severe.")
    assert len(rows(spreads([WIDE, NARROW, SINGLE]), most=2)) == 2


def test_a_round_heard_twice_counts_once_and_a_renewal_is_a_round_of_its_own() -> None:
    renewal = compared("seller-1", offer("meridian", 95_000), request_id="renews:pol-1")
    assert [spread.request_id for spread in spreads([WIDE, WIDE, renewal])] == ["rq-seller-1", "renews:pol-1"]


def test_the_figures_of_all_rounds() -> None:
    found = figures(spreads([WIDE, NARROW, SINGLE, NONE]))
    assert (found.rounds, found.sellers, found.median_dearer_percent) == (4, 4, 55)
    assert found.offers == {0: 1, 1: 1, 2: 1, 3: 1}
    assert found.cheapest == {"meridian": 2, "nordsee": 1}
    assert found.declined == {"oakline: We insure no products of the class severe.": 3}


def test_where_nothing_was_compared_there_is_nothing_to_show() -> None:
    assert rows(spreads([])) == []
    assert figures([]).median_dearer_percent is None


def test_a_price_of_nothing_has_no_percentage() -> None:
    (spread,) = spreads([compared("seller-1", offer("meridian", 0), offer("oakline", 5))])
    assert spread.dearer_percent is None
