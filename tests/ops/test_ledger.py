"""The books from outside: subprocesses on a real PostgreSQL, with entries as the decisions of recovery book them."""

import asyncio
import csv
import io
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg
import pytest
import pytest_asyncio

from ops.ledger.books import BUCKETS, Balance, Span, aging, month, off_balance, trial_balance
from ops.local.stack import Stack
from ops.reach import Database, database
from services.recovery.app import service
from services.recovery.ledger import LedgerEntry
from services.recovery.state import Recovery
from shared.events.base import Event, derived_id
from shared.money import Currency
from shared.runtime.migrate import migrate
from shared.runtime.settings import Settings
from tests.conftest import empty_database
from tests.deciding import START, at, day
from tests.ops.test_cli import Makegood
from tests.recovery import given
from tests.recovery.given import LARGE

INSERT = (
    "insert into recovery.ledger_entry select * from json_populate_recordset(null::recovery.ledger_entry, $1::json)"
)
PAID_BACK_IN_PART = (
    (0, given.paid()),
    (2, given.seller_pays(100_000)),
    (40, given.seller_pays(LARGE, reference="wire-2")),
    (41, given.refund_paid(50_000)),
)
TWO_ROUNDS = (
    (0, given.paid()),
    (35, given.authorized(30_000, payout=given.NEXT_PAYOUT)),
    (36, given.paid(30_000, payout=given.NEXT_PAYOUT, reference="pay-2")),
    (37, given.seller_pays(200_000)),
)


def told(name: str, seller: str, currency: Currency, *steps: tuple[float, Event]) -> list[LedgerEntry]:
    """All that was booked of a claim of that seller, to which this happened on these days of the story."""
    state: Recovery = given.dormant()
    entries: list[LedgerEntry] = []
    for number, event in steps:
        decision = given.hear(state, event, at(day(number)))
        state, entries = decision.state, entries + given.entries(decision)
    theirs = {"claim_id": derived_id("claim", name), "seller_id": seller, "currency": currency}
    return [entry.model_copy(update=theirs) for entry in entries]


ENTRIES = [
    *told("a", "seller-a", Currency.USD, *PAID_BACK_IN_PART),
    *told("b", "seller-b", Currency.USD, *TWO_ROUNDS),
    *told("c", "seller-b", Currency.EUR, (10, given.paid())),
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def url(stack: Stack) -> AsyncIterator[str]:
    """A database whose ledger holds the entries of three claims."""
    async with empty_database(stack) as url:
        await migrate(Settings.model_validate({"database_url": url}), [service])
        connection = await cast("Any", asyncpg).connect(url)
        await connection.execute(INSERT, f"[{','.join(entry.model_dump_json() for entry in ENTRIES)}]")
        await connection.close()
        yield url


@pytest.fixture(scope="module")
def makegood(stack: Stack, url: str) -> Makegood:
    """The command on that database, on day 50 of the story."""
    clock = {"MAKEGOOD_CLOCK_REAL_ORIGIN": str(time.time()), "MAKEGOOD_CLOCK_ORIGIN": day(50).isoformat()}
    return Makegood(stack.environment | clock | {"MAKEGOOD_DATABASE_URL": url})


@asynccontextmanager
async def looking_at(url: str) -> AsyncGenerator[Database]:
    async with database(Settings.model_validate({"database_url": url})) as look:
        yield look


async def ran(makegood: Makegood, *words: str) -> Any:
    return await asyncio.to_thread(makegood, "ledger", *words)


async def as_json(makegood: Makegood, *words: str) -> Any:
    return json.loads((await ran(makegood, *words, "--json")).stdout)


# Statement


async def test_a_statement_tells_every_entry_and_where_both_stand_after_it(makegood: Makegood):
    found = (await as_json(makegood, "statement", "seller-a"))["statements"]
    assert [one["currency"] for one in found] == ["USD"]
    assert found[0]["opening"] == {"owes_minor": 0, "owed_minor": 0}
    lines = [
        (line["move"], line["amount_minor"], line["owes_minor"], line["owed_minor"]) for line in found[0]["entries"]
    ]
    assert lines == [
        ("paid", LARGE, 0, 0),
        ("expected", LARGE, LARGE, 0),
        ("collected", 100_000, LARGE, 0),
        ("satisfied", 100_000, 150_000, 0),
        ("collected", 150_000, 150_000, 0),
        ("satisfied", 150_000, 0, 0),
        ("over_collected", 100_000, 0, 100_000),
        ("refunded", 50_000, 0, 50_000),
    ]
    assert {line["claim_id"] for line in found[0]["entries"]} == {str(derived_id("claim", "a"))}
    assert found[0]["closing"] == {"owes_minor": 0, "owed_minor": 50_000}


async def test_a_statement_of_some_days_opens_with_all_that_was_before(makegood: Makegood):
    dates = ("--from", f"{day(2):%Y-%m-%d}", "--to", f"{day(40):%Y-%m-%d}")
    found = (await as_json(makegood, "statement", "seller-a", *dates))["statements"][0]
    assert found["opening"] == {"owes_minor": LARGE, "owed_minor": 0}
    assert {line["booked_at"][:10] for line in found["entries"]} == {f"{day(2):%Y-%m-%d}", f"{day(40):%Y-%m-%d}"}
    assert found["closing"] == {"owes_minor": 0, "owed_minor": 100_000}
    later = (await as_json(makegood, "statement", "seller-a", "--from", "2030-01-01"))["statements"][0]
    assert (later["entries"], later["opening"]) == ([], {"owes_minor": 0, "owed_minor": 50_000})


async def test_a_statement_has_a_part_for_each_currency(makegood: Makegood):
    found = (await as_json(makegood, "statement", "seller-b"))["statements"]
    assert [(one["currency"], one["closing"]["owes_minor"]) for one in found] == [("EUR", LARGE), ("USD", 80_000)]
    only = (await as_json(makegood, "statement", "seller-b", "--currency", "EUR"))["statements"]
    assert [one["currency"] for one in only] == ["EUR"]


async def test_a_statement_for_people_ends_with_what_each_owes(makegood: Makegood):
    text = (await ran(makegood, "statement", "seller-a")).stdout
    assert "seller-a owes 0.00 USD; we owe seller-a 500.00 USD." in text
    assert str(derived_id("claim", "a")) in text


async def test_a_seller_without_entries_is_named(makegood: Makegood):
    unknown = await ran(makegood, "statement", "seller-z")
    assert (unknown.returncode, "no entry about the seller 'seller-z'" in unknown.stderr) == (1, True)
    elsewhere = await ran(makegood, "statement", "seller-a", "--currency", "EUR")
    assert (elsewhere.returncode, "in EUR" in elsewhere.stderr) == (1, True)


# Aging


async def test_what_is_outstanding_is_told_by_its_age_the_oldest_met_first(makegood: Makegood):
    """Of seller-b's two rounds in dollars, 2,500.00 and 300.00, the 2,000.00 that came in met the first."""
    found = (await as_json(makegood, "aging", "--on", f"{day(66):%Y-%m-%d}"))["aging"]
    assert [(age["currency"], age["claims"], age["total_minor"]) for age in found] == [
        ("EUR", 1, LARGE),
        ("USD", 1, 80_000),
    ]
    assert found[0]["outstanding_minor"] == {"0-30": 0, "31-60": LARGE, "61-90": 0, "over 90": 0}
    assert found[1]["outstanding_minor"] == {"0-30": 30_000, "31-60": 0, "61-90": 50_000, "over 90": 0}


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(0, "0-30"), (30, "0-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"), (90, "61-90"), (91, "over 90")],
)
async def test_each_age_has_its_bucket(url: str, days: int, bucket: str):
    async with looking_at(url) as look:
        found = await aging(look, day(10 + days).date(), ["seller-b"], by_seller=False)
    in_euro = next(age for age in found if age.currency == "EUR")
    assert in_euro.minor == {name: LARGE if name == bucket else 0 for name in BUCKETS}


async def test_aging_is_of_today_by_the_clock_unless_a_day_is_named(makegood: Makegood):
    told = await as_json(makegood, "aging")
    assert told["on"] == f"{day(50):%Y-%m-%d}"
    assert [age["outstanding_minor"]["31-60"] for age in told["aging"]] == [LARGE, 50_000]


async def test_aging_of_a_day_knows_nothing_of_later_ones(makegood: Makegood):
    found = (await as_json(makegood, "aging", "--on", f"{day(1):%Y-%m-%d}", "--by-seller"))["aging"]
    assert [(age["seller_id"], age["total_minor"]) for age in found] == [("seller-a", LARGE), ("seller-b", LARGE)]
    assert (await ran(makegood, "aging", "--on", "2025-06-01")).stdout.strip() == "Nothing is outstanding."


async def test_aging_of_one_seller_is_his_alone(makegood: Makegood):
    on = ("--on", f"{day(1):%Y-%m-%d}")
    found = (await as_json(makegood, "aging", *on, "--seller", "seller-b"))["aging"]
    assert [age["seller_id"] for age in found] == ["seller-b"]
    assert "seller-b" in (await ran(makegood, "aging", *on, "--seller", "seller-b")).stdout


# Trial balance


async def test_the_trial_balance_is_zero_in_each_currency(makegood: Makegood):
    found = (await as_json(makegood, "trial-balance"))["trial_balance"]
    for currency in ("USD", "EUR"):
        assert sum(one["balance_minor"] for one in found if one["currency"] == currency) == 0
    owed = [one for one in found if one["account"] == "owed_to_seller"]
    assert [(one["debit_minor"], one["credit_minor"], one["balance_minor"]) for one in owed] == [
        (50_000, 100_000, -50_000)
    ]
    only = (await as_json(makegood, "trial-balance", "--currency", "EUR"))["trial_balance"]
    assert {one["account"]: one["balance_minor"] for one in only} == {
        "indemnity_cost": LARGE,
        "cash_clearing": -LARGE,
        "expected_recovery": LARGE,
        "memo_contra": -LARGE,
    }


async def test_the_trial_balance_of_a_day_is_zero_too(makegood: Makegood, url: str):
    async with looking_at(url) as look:
        for number in (0, 2, 36, 40, 41):
            found = await trial_balance(look, day(number).date(), None)
            assert found
            assert off_balance(found) == {}
    told = await ran(makegood, "trial-balance", "--on", f"{day(40):%Y-%m-%d}")
    assert (told.returncode, "together" in told.stdout) == (0, True)
    assert (await ran(makegood, "trial-balance", "--on", "2025-06-01")).stdout.strip() == "Nothing is booked."


def test_books_that_are_off_are_noticed():
    whole = [Balance("USD", "cash_clearing", False, 0, 5), Balance("USD", "indemnity_cost", False, 5, 0)]
    assert off_balance(whole) == {}
    assert off_balance([*whole, Balance("EUR", "waived", True, 3, 1)]) == {"EUR": 2}


# Export


async def test_an_export_has_every_posting_of_the_month_once(makegood: Makegood):
    june = list(csv.DictReader(io.StringIO((await ran(makegood, "export", "--month", "2025-06")).stdout)))
    july = list(csv.DictReader(io.StringIO((await ran(makegood, "export", "--month", "2025-07")).stdout)))
    assert len(june) + len(july) == 2 * len(ENTRIES)
    assert {row["booked_at"][:7] for row in june} == {"2025-06"}
    for currency in ("USD", "EUR"):
        for memo in ("true", "false"):
            rows = [row for row in june + july if (row["currency"], row["memo"]) == (currency, memo)]
            assert sum(int(row["debit_minor"]) - int(row["credit_minor"]) for row in rows) == 0
    assert june[0] == {
        "booked_at": "2025-06-02T09:00:00Z",
        "entry_id": june[1]["entry_id"],
        "claim_id": june[1]["claim_id"],
        "seller_id": june[1]["seller_id"],
        "move": june[1]["move"],
        "account": june[0]["account"],
        "memo": june[1]["memo"],
        "currency": "USD",
        "debit_minor": str(LARGE),
        "credit_minor": "0",
        "idempotency_key": str(given.PAYOUT),
        "reference": "pay-1",
    }


async def test_an_export_is_the_same_each_time_and_in_both_formats(makegood: Makegood):
    once, again = [(await ran(makegood, "export", "--month", "2025-06")).stdout for _ in range(2)]
    assert once == again
    as_list = json.loads((await ran(makegood, "export", "--month", "2025-06", "--format", "json")).stdout)
    plain = [
        {name: str(value).lower() if name == "memo" else str(value) for name, value in row.items()} for row in as_list
    ]
    assert plain == list(csv.DictReader(io.StringIO(once)))


async def test_an_export_of_one_currency_and_of_an_empty_month(makegood: Makegood):
    euro = await ran(makegood, "export", "--month", "2025-06", "--format", "json", "--currency", "EUR")
    assert {row["currency"] for row in json.loads(euro.stdout)} == {"EUR"}
    assert json.loads((await ran(makegood, "export", "--month", "2024-01", "--format", "json")).stdout) == []
    assert len((await ran(makegood, "export", "--month", "2024-01")).stdout.splitlines()) == 1


async def test_what_is_no_month_is_told(makegood: Makegood):
    told = await ran(makegood, "export", "--month", "2025-13")
    assert (told.returncode, "is no month" in told.stderr) == (2, True)


@pytest.mark.parametrize("name", ["2025-13", "2025-1", "June", "2025"])
def test_only_a_month_is_a_month(name: str):
    with pytest.raises(ValueError, match=r"month|Invalid isoformat"):
        month(name)


def test_a_month_has_all_its_days():
    assert month("2024-02") == Span(START.date().replace(2024, 2, 1), START.date().replace(2024, 2, 29))
    assert month("2025-12").ends == START.replace(2026, 1, 1, 0)
