"""The ledger on the real PostgreSQL: its rules hold there, and its views find every cent again."""

import json
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.recovery import deadlines, debits, finance, payouts
from services.recovery.app import service
from services.recovery.ledger import Account, LedgerEntry, Move
from services.recovery.state import Recovery
from shared.events.base import derived_id
from shared.money import Currency
from shared.runtime import Decision
from shared.runtime.migrate import migrate
from shared.runtime.settings import Settings
from tests.deciding import START, at, day
from tests.recovery import given
from tests.recovery.given import LARGE, SMALL

INSERT = "insert into ledger_entry select * from json_populate_recordset(null::ledger_entry, $1::json)"
"""As the runtime writes the rows of a service."""

Step = Callable[[Recovery], Decision[Recovery]]


def booked(start: Recovery, *steps: Step) -> tuple[Recovery, list[LedgerEntry]]:
    """Where a claim is after these steps, and all that was booked on the way."""
    state, entries = start, list[LedgerEntry]()
    for step in steps:
        decision = step(state)
        state, entries = decision.state, entries + given.entries(decision)
    return state, entries


def paid(amount: int) -> Step:
    return lambda state: payouts.payout_paid(state, given.paid(amount), at(START))


def collected(amount: int, reference: str = "offset-1") -> Step:
    return lambda state: finance.debit_collected(state, given.collected(amount, reference=reference), at(day(9)))


def noticed(state: Recovery) -> Decision[Recovery]:
    return debits.debit_notice_out(state, given.handed_over(day(1)), at(day(1)))


def asked_on(number: int) -> Step:
    return lambda state: deadlines.deadline_passed(state, at(day(number)))


DEBITED = (paid(LARGE), noticed, asked_on(8))
STORIES: dict[str, tuple[Recovery, list[LedgerEntry]]] = {
    "waived": booked(given.dormant(SMALL, small=True, covered=True), paid(SMALL)),
    "outstanding": booked(given.dormant(), paid(LARGE)),
    "in parts": booked(given.dormant(), *DEBITED, collected(100_000), collected(50_000, "offset-2")),
    "over-collected": booked(given.dormant(), *DEBITED, collected(LARGE + 700)),
    "written off": booked(given.dormant(), *DEBITED, collected(100_000), asked_on(60)),
    "written back": booked(given.dormant(), *DEBITED, asked_on(60), collected(100_000)),
}


def told_of(claim: str, entries: Iterable[LedgerEntry], currency: Currency) -> list[LedgerEntry]:
    """The same entries of another claim, in another currency."""
    claim_id = derived_id("claim", claim, currency)
    return [entry.model_copy(update={"claim_id": claim_id, "currency": currency}) for entry in entries]


async def write(ledger: Any, *entries: LedgerEntry) -> None:
    await ledger.execute(INSERT, f"[{','.join(entry.model_dump_json() for entry in entries)}]")


@pytest_asyncio.fixture
async def ledger(database_url: str) -> AsyncIterator[Any]:
    """A connection to recovery's schema, made twice as at a second start."""
    settings = Settings(database_url=SecretStr(database_url))
    await migrate(settings, [service])
    await migrate(settings, [service])
    driver: Any = asyncpg
    connection = await driver.connect(database_url, server_settings={"search_path": service.name})
    try:
        yield connection
    finally:
        await connection.close()


async def test_every_column_is_a_field_and_none_may_be_missing(ledger: Any):
    columns = await ledger.fetch(
        "select column_name, is_nullable, column_default from information_schema.columns "
        "where table_schema = 'recovery' and table_name = 'ledger_entry'"
    )
    assert {(name, nullable, default) for name, nullable, default in columns} == {
        (name, "NO", None) for name in LedgerEntry.model_fields
    }


async def test_the_database_knows_the_same_accounts(ledger: Any):
    assert await ledger.fetchval("select enum_range(null::account)::text[]") == [account.value for account in Account]


async def test_the_views_find_every_cent_again(ledger: Any):
    for currency in (Currency.USD, Currency.GBP):
        for claim, (_, entries) in STORIES.items():
            await write(ledger, *told_of(claim, entries, currency))
    for claim, (state, _) in STORIES.items():
        row = await ledger.fetchrow(
            "select * from claim_money where claim_id = $1", derived_id("claim", claim, Currency.GBP)
        )
        assert (row["currency"], row["paid_out"], row["outstanding"]) == (
            "GBP",
            state.paid_minor,
            state.outstanding_minor,
        )
        assert (row["recovered"], row["waived"]) == (state.recovered_minor, state.waived_minor)
        assert (row["written_off"], row["over_collected"]) == (state.written_off_minor, state.owed_minor)
    money = {row["currency"]: row for row in await ledger.fetch("select * from money")}
    assert set(money) == {"USD", "GBP"}
    for row in money.values():
        found = row["recovered"] + row["waived"] + row["written_off"] + row["outstanding"]
        assert row["paid_out"] == found == sum(state.paid_minor for state, _ in STORIES.values())


async def test_the_trial_balance_is_zero_in_every_currency(ledger: Any):
    for currency in (Currency.USD, Currency.GBP):
        for claim, (_, entries) in STORIES.items():
            await write(ledger, *told_of(claim, entries, currency))
    sums = await ledger.fetch(
        "select currency, sum(balance_minor)::bigint, sum(debit_minor) = sum(credit_minor) "
        "from trial_balance group by currency"
    )
    assert {tuple(row) for row in sums} == {("USD", 0, True), ("GBP", 0, True)}
    all_entries = [entry for _, entries in STORIES.values() for entry in entries]
    rows = await ledger.fetch("select account::text, balance_minor from trial_balance where currency = 'USD'")
    assert dict(rows) == dict(given.balances(all_entries))


@pytest.mark.parametrize(
    "change",
    ["update ledger_entry set amount_minor = 1", "delete from ledger_entry", "truncate ledger_entry"],
)
async def test_no_entry_is_ever_changed(ledger: Any, change: str):
    entries = STORIES["waived"][1]
    await write(ledger, *entries)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="never changed"):
        await ledger.execute(change)
    assert await ledger.fetchval("select count(*) from ledger_entry") == len(entries)


async def test_no_entry_is_booked_twice(ledger: Any):
    entries = STORIES["waived"][1]
    await write(ledger, *entries)
    with pytest.raises(asyncpg.UniqueViolationError):
        await write(ledger, entries[0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_minor": 0},
        {"amount_minor": -1},
        {"credit_account": Account.INDEMNITY_COST},
        {"currency": "dollars"},
        {"debit_account": "petty_cash"},
        {"reference": None},
    ],
)
async def test_an_entry_that_cannot_be_right_is_refused(ledger: Any, wrong: dict[str, object]):
    entry = next(entry for entry in STORIES["waived"][1] if entry.move is Move.PAID)
    with pytest.raises((asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)):
        await ledger.execute(INSERT, json.dumps([entry.model_dump(mode="json") | wrong]))
    assert await ledger.fetchval("select count(*) from ledger_entry") == 0
