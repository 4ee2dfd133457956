"""The books for people, and as JSON for programs."""

import csv
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, TextIO

from rich.console import Console

from ops.ledger.books import BUCKETS, Age, Balance, Standing, Statement
from ops.sheet import Sheet, moment
from shared.money import display

POSTING: Final = (
    *("booked_at", "entry_id", "claim_id", "seller_id", "move", "account", "memo", "currency"),
    *("debit_minor", "credit_minor", "idempotency_key", "reference"),
)
"""The columns of an export, in their order."""


def write_statements(console: Console, seller_id: str, found: Iterable[Statement]) -> None:
    for statement in found:
        title = f"Statement of {seller_id} in {statement.currency}"
        sheet = Sheet(
            title, "When", "Claim", "What", "Debit", "Credit", "Amount", "Owes us", "We owe", "Reference",
            right=("Amount", "Owes us", "We owe"),
        )  # fmt: skip
        sheet.add("", "", "opening", "", "", "", *_both(statement.opening), "")
        for line in statement.lines:
            sheet.add(
                moment(line.booked_at), line.claim_id, line.move, line.debit_account, line.credit_account,
                _plain(line.amount_minor), *_both(Standing(line.owes_minor, line.owed_minor)), line.reference,
            )  # fmt: skip
        sheet.write(console)
        closing = statement.closing
        owes, owed = (display(minor, statement.currency) for minor in (closing.owes_minor, closing.owed_minor))
        console.out(f"\n{seller_id} owes {owes}; we owe {seller_id} {owed}.", highlight=False)


def statements_as_json(seller_id: str, found: Iterable[Statement]) -> str:
    plain = [
        {
            "currency": one.currency,
            "opening": asdict(one.opening),
            "entries": [asdict(line) for line in one.lines],
            "closing": asdict(one.closing),
        }
        for one in found
    ]
    return _json({"seller_id": seller_id, "statements": plain})


def write_aging(console: Console, found: Sequence[Age], on: str) -> None:
    per_seller = any(age.seller_id for age in found)
    columns = ("Currency", *(("Seller",) if per_seller else ()), "Claims", *BUCKETS, "Together")
    sheet = Sheet(f"Outstanding on {on}, by days", *columns, right=columns[-len(BUCKETS) - 2 :])
    for age in found:
        seller = (age.seller_id or "",) if per_seller else ()
        amounts = (*(age.minor[bucket] for bucket in BUCKETS), age.total_minor)
        sheet.add(age.currency, *seller, str(age.claims), *map(_plain, amounts))
    sheet.write(console)
    if not found:
        console.out("Nothing is outstanding.", highlight=False)


def aging_as_json(found: Iterable[Age], on: str) -> str:
    plain = [
        {
            "seller_id": age.seller_id,
            "currency": age.currency,
            "claims": age.claims,
            "outstanding_minor": age.minor,
            "total_minor": age.total_minor,
        }
        for age in found
    ]
    return _json({"on": on, "aging": plain})


def write_trial_balance(console: Console, found: Iterable[Balance]) -> None:
    by_currency: dict[str, list[Balance]] = {}
    for balance in found:
        by_currency.setdefault(balance.currency, []).append(balance)
    for currency, balances in by_currency.items():
        amounts = ("Debit", "Credit", "Balance")
        sheet = Sheet(f"Trial balance in {currency}", "Account", *amounts, right=amounts)
        for one in balances:
            name = f"{one.account} (memo)" if one.memo else one.account
            sheet.add(name, _plain(one.debit_minor), _plain(one.credit_minor), _plain(one.balance_minor))
        debit, credit = sum(one.debit_minor for one in balances), sum(one.credit_minor for one in balances)
        sheet.add("together", _plain(debit), _plain(credit), _plain(debit - credit))
        sheet.write(console)
    if not by_currency:
        console.out("Nothing is booked.", highlight=False)


def trial_balance_as_json(found: Iterable[Balance]) -> str:
    return _json({"trial_balance": [{**asdict(one), "balance_minor": one.balance_minor} for one in found]})


async def write_csv(out: TextIO, rows: AsyncIterator[Mapping[str, Any]]) -> None:
    """As RFC 4180 has it, but for lines that end in a newline alone."""
    writer = csv.DictWriter(out, POSTING, lineterminator="\n")
    writer.writeheader()
    async for row in rows:
        writer.writerow({**row, "memo": "true" if row["memo"] else "false"})


async def write_json(out: TextIO, rows: AsyncIterator[Mapping[str, Any]]) -> None:
    """One array, a posting a line, however many there are."""
    before = "[\n"
    async for row in rows:
        out.write(before + json.dumps({name: row[name] for name in POSTING}))
        before = ",\n"
    out.write("\n]\n" if before == ",\n" else "[]\n")


def _both(standing: Standing) -> tuple[str, str]:
    return _plain(standing.owes_minor), _plain(standing.owed_minor)


def _plain(minor: int) -> str:
    return display(minor, "").strip()


def _json(value: Any) -> str:
    return json.dumps(value, default=lambda given: given.isoformat(), indent=2)
