"""The ledger on the real PostgreSQL: its rules hold there, and its views find every cent again."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.recovery.app import service
from services.recovery.deadlines import deadline_passed
from services.recovery.ledger import Account, LedgerEntry, Move
from services.recovery.state import Recovery, Stage
from shared.events.base import Event, derived_id
from shared.money import Currency
from shared.runtime import Decision
from shared.runtime.migrate import migrate
from shared.runtime.settings import Settings
from tests.deciding import at, day
from tests.recovery import given
from tests.recovery.given import LARGE, SMALL

INSERT = "insert into ledger_entry select * from json_populate_recordset(null::ledger_entry, $1::json)"
"""As the runtime writes the rows of a service."""

MEMO = (Account.EXPECTED_RECOVERY, Account.WAIVED, Account.WRITTEN_OFF, Account.MEMO_CONTRA)
FIRST_SCHEMA = """
    create type account as enum (
        'indemnity_cost', 'cash_clearing', 'recoveries_seller', 'over_collected',
        'expected_recovery', 'waived', 'written_off', 'memo_contra'
    );
    create table ledger_entry (
        claim_id uuid not null, entry_id uuid not null, booked_at timestamptz not null, move text not null,
        debit_account account not null, credit_account account not null, currency text not null,
        amount_minor bigint not null, seller_id text not null, idempotency_key uuid not null, reference text not null,
        primary key (claim_id, entry_id), check (debit_account <> credit_account)
    );
    create table state (
        process text not null, key text not null, lane integer not null, n integer not null, body json not null,
        due timestamptz, watches text, primary key (process, key)
    );
    create function refuse_change() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
    create trigger ledger_entry_is_immutable before update or delete or truncate on ledger_entry
        for each statement execute function refuse_change();
    create view posting as select claim_id, debit_account as account, amount_minor, currency from ledger_entry;
    create view trial_balance as select currency, account, sum(amount_minor) as sum from posting group by 1, 2;
    create view claim_money as select claim_id, account from posting;
    create view money as select currency from trial_balance"""

FIRST_STATE: dict[str, Any] = {
    "claim_id": str(given.CLAIM),
    "seller_id": given.SELLER,
    "marketplace": "US",
    "policy": "US-1",
    "currency": "USD",
    "small": False,
    "covered": False,
    "incident_on": None,
    "payout_id": str(given.PAYOUT),
    "authorized_minor": LARGE,
    "stage": "authorized",
    "next_at": None,
    "write_off_at": None,
    "payment": None,
    "paid_minor": 0,
    "recovered_minor": 0,
    "waived_minor": 0,
    "written_off_minor": 0,
    "over_collected_minor": 0,
    "debits": 0,
    "collected": [],
}
FIRST_DEBITING = FIRST_STATE | {
    "stage": "debiting",
    "debits": 1,
    "paid_minor": LARGE,
    "recovered_minor": 100_000,
    "write_off_at": "2025-08-01T09:00:00Z",
    "payment": {"id": "04eefdfa-7a74-5e98-9d32-2dac1f88bcf7", "amount_minor": LARGE},
    "collected": [{"id": "0b8cdc4d-8371-5844-a1b1-73c25162cf0d", "amount_minor": 100_000}],
}
"""As recovery had written them: before its payment, and with a part collected by the first debit."""

Step = Callable[[Recovery], Decision[Recovery]]


def booked(start: Recovery, *steps: Step) -> tuple[Recovery, list[LedgerEntry]]:
    """Where a claim is after these steps, and all that was booked on the way."""
    state, entries = start, list[LedgerEntry]()
    for step in steps:
        decision = step(state)
        state, entries = decision.state, entries + given.entries(decision)
    return state, entries


def heard(number: float, event: Event) -> Step:
    return lambda state: given.hear(state, event, at(day(number)))


def asked_on(number: float) -> Step:
    return lambda state: deadline_passed(state, at(day(number)))


PAID = heard(0, given.paid())
DEBITED = (PAID, heard(1, given.handed_over(day(1))), asked_on(8))
HALF = heard(9, given.collected(100_000))
WHOLE = heard(9, given.collected(LARGE))
DISPUTED = (*DEBITED, WHOLE, heard(10, given.appealed(day(10))))
SECOND_ROUND = (
    heard(12, given.authorized(30_000, payout=given.NEXT_PAYOUT)),
    heard(13, given.paid(30_000, payout=given.NEXT_PAYOUT, reference="pay-2")),
)
STORIES: dict[str, tuple[Recovery, list[LedgerEntry]]] = {
    "waived": booked(given.dormant(SMALL, small=True, covered=True), heard(0, given.paid(SMALL))),
    "outstanding": booked(given.dormant(), PAID),
    "in parts": booked(given.dormant(), *DEBITED, HALF, heard(9, given.collected(50_000, reference="offset-2"))),
    "over-collected": booked(given.dormant(), *DEBITED, heard(9, given.collected(LARGE + 700))),
    "refunded": booked(
        given.dormant(), *DEBITED, heard(9, given.collected(LARGE + 700)), heard(10, given.refund_paid(700))
    ),
    "written off": booked(given.dormant(), *DEBITED, HALF, asked_on(60)),
    "written back": booked(given.dormant(), *DEBITED, asked_on(60), HALF),
    "paid twice": booked(given.dormant(), PAID, heard(1, given.paid(reference="pay-2"))),
    "paid twice and returned": booked(
        given.dormant(), PAID, heard(1, given.paid(reference="pay-2")), heard(2, given.returned())
    ),
    "returned after it was recovered": booked(given.dormant(), *DEBITED, WHOLE, heard(20, given.returned(100_000))),
    "won": booked(given.dormant(), *DISPUTED, heard(20, given.decided(won=True))),
    "won after a write-off": booked(
        given.dormant(), *DEBITED, HALF, asked_on(60), heard(61, given.contested()), heard(62, given.decided(won=True))
    ),
    "lost": booked(given.dormant(), *DISPUTED, heard(20, given.decided(won=False))),
    "two rounds": booked(given.dormant(), *DEBITED, WHOLE, *SECOND_ROUND),
    "duplicate": booked(given.dormant(), *DEBITED, WHOLE, heard(20, given.recalled()), heard(21, given.returned(5))),
    "insurer": booked(given.demanding(), heard(9, given.insurer_pays(LARGE + 50))),
    "insurer after the seller": booked(
        given.demanding(), heard(9, given.seller_pays(LARGE)), heard(10, given.insurer_pays(LARGE))
    ),
}
"""Claims, and all that was booked of each: the ones that begin in the middle have been paid already."""
BEFORE = booked(given.dormant(incident_on=given.INCIDENT), PAID)[1]
for _, _entries in (STORIES["insurer"], STORIES["insurer after the seller"]):
    _entries[:0] = BEFORE


def told_of(claim: str, entries: Iterable[LedgerEntry], currency: Currency) -> list[LedgerEntry]:
    """The same entries of another claim, in another currency."""
    claim_id = derived_id("claim", claim, currency)
    return [entry.model_copy(update={"claim_id": claim_id, "currency": currency}) for entry in entries]


async def write(ledger: Any, *entries: LedgerEntry) -> None:
    await ledger.execute(INSERT, f"[{','.join(entry.model_dump_json() for entry in entries)}]")


@pytest_asyncio.fixture
async def first_version(database_url: str) -> AsyncIterator[Any]:
    """A connection to recovery's schema as it was first published."""
    driver: Any = asyncpg
    connection = await driver.connect(database_url, server_settings={"search_path": service.name})
    try:
        await connection.execute("create schema recovery")
        await connection.execute(FIRST_SCHEMA)
        yield connection
    finally:
        await connection.close()


async def test_a_ledger_of_the_first_version_is_kept_whole(first_version: Any, database_url: str):
    told = ("paid", "indemnity_cost", "cash_clearing"), ("over_collected", "cash_clearing", "over_collected")
    for move, debit, credit in told:
        await first_version.execute(
            "insert into ledger_entry values (gen_random_uuid(), gen_random_uuid(), now(), $1, $2::text::account, "
            "$3::text::account, 'USD', 100, 'seller-7', gen_random_uuid(), 'pay-1')",
            move, debit, credit,
        )  # fmt: skip
    for _ in range(2):
        await migrate(Settings(database_url=SecretStr(database_url)), [service])
    rows = await first_version.fetch("select move, debit_account, credit_account from ledger_entry")
    assert {tuple(row) for row in rows} == {
        ("paid", "indemnity_cost", "cash_clearing"),
        ("over_collected", "cash_clearing", "owed_to_seller"),
    }
    assert await first_version.fetchval("select sum(over_collected)::int from claim_money") == 100
    await write(first_version, *STORIES["insurer"][1])
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="never changed"):
        await first_version.execute("update ledger_entry set amount_minor = 1")


async def test_a_recovery_that_the_first_version_had_begun_goes_on(first_version: Any, database_url: str):
    insert = "insert into state values ($1, $2, 0, 1, $3)"
    await first_version.execute(insert, "recovery", "dormant", json.dumps(FIRST_STATE))
    await first_version.execute(insert, "recovery", "debiting", json.dumps(FIRST_DEBITING))
    await first_version.execute(insert, "recovery.reference", "seller-7", '{"debits": 1}')
    for _ in range(2):
        await migrate(Settings(database_url=SecretStr(database_url)), [service])
    rows = dict(await first_version.fetch("select key, body::text from state"))
    assert json.loads(rows.pop("seller-7")) == {"debits": 1}
    found = {key: Recovery.model_validate_json(body) for key, body in rows.items()}
    assert found["dormant"] == given.dormant()
    part = found["debiting"]
    assert (part.outstanding_minor, part.due) == (LARGE - 100_000, day(60))
    for heard_before in (given.paid(), given.collected(100_000)):
        assert given.hear(part, heard_before, at(day(10))).state == part
    whole = given.hear(part, given.collected(LARGE - 100_000, reference="offset-2"), at(day(10))).state
    assert (whole.stage, whole.from_seller_minor, whole.debit) == (Stage.CLOSED, LARGE, None)


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
    rule = await ledger.fetchval(
        "select pg_get_constraintdef(oid) from pg_constraint where conname like 'chart_of_accounts%'"
    )
    assert re.findall(r"'(\w+)'", rule) == [account.value for account in Account]


async def test_the_memo_accounts_are_the_same_in_the_database(ledger: Any):
    for claim, (_, entries) in STORIES.items():
        await write(ledger, *told_of(claim, entries, Currency.USD))
    rows = await ledger.fetch("select account, bool_and(memo) = bool_or(memo), bool_and(memo) from posting group by 1")
    assert all(same for _, same, _ in rows)
    assert {account for account, _, memo in rows if memo} == {account.value for account in MEMO}


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
        assert (row["from_seller"], row["from_insurer"]) == (state.from_seller_minor, state.from_insurer_minor)
        assert row["suspense"] == state.suspense_minor
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
    rows = await ledger.fetch("select account, balance_minor from trial_balance where currency = 'USD'")
    assert dict(rows) == dict(given.balances(all_entries))
    assert sum(balance for account, balance in rows if account in MEMO) == 0


@pytest.mark.parametrize("story", STORIES)
async def test_at_every_moment_of_a_claims_life_the_books_balance(ledger: Any, story: str):
    entries = STORIES[story][1]
    for moment in sorted({entry.booked_at for entry in entries}):
        await write(ledger, *(entry for entry in entries if entry.booked_at == moment))
        assert await ledger.fetchval("select sum(balance_minor) from trial_balance") == 0
        row = await ledger.fetchrow("select * from claim_money")
        found = row["recovered"] + row["waived"] + row["written_off"] + row["outstanding"]
        assert (row["paid_out"], row["over_collected"] >= 0) == (found, True)


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
