"""``makegood ledger …``: what finance asks of the books."""

import sys
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ops.terminal import AsJson, console, fail, reached, run
from shared.money import Currency

if TYPE_CHECKING:
    from ops.ledger.books import Age, Balance, Statement

app = typer.Typer(help="The books of recovery: statements, aging, trial balance, export.", no_args_is_help=True)


class Format(StrEnum):
    """What a general ledger reads."""

    CSV = "csv"
    JSON = "json"


OfCurrency = Annotated[Currency | None, typer.Option("--currency", help="Only this currency.")]
Sellers = Annotated[list[str] | None, typer.Option("--seller", metavar="SELLER", help="Only his; repeatable.")]
Day = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="At the end of this day, in UTC.")]


@app.command()
def statement(
    seller: Annotated[str, typer.Argument(metavar="SELLER", help="A seller's id, as the marketplace has it.")],
    currency: OfCurrency = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, in UTC.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, in UTC.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell one seller's account: opening, every entry with its claim, what he owes and what we owe him."""
    from ops.ledger import text
    from ops.ledger.books import Span, statements
    from ops.reach import database

    async def read() -> "list[Statement]":
        async with database(settings) as look:
            return await statements(look, seller, currency, span)

    settings, span = reached(kafka=False), Span(_day(first), _day(last))
    found = run(read())
    if as_json:
        typer.echo(text.statements_as_json(seller, found))
    else:
        text.write_statements(console, seller, found)


@app.command()
def aging(
    sellers: Annotated[
        list[str] | None, typer.Option("--seller", metavar="SELLER", help="Only his; repeatable.")
    ] = None,
    by_seller: Annotated[bool, typer.Option("--by-seller", help="A row for each seller.")] = False,
    on: Day = None,
    as_json: AsJson = False,
) -> None:
    """Tell what is outstanding by its age: 0-30, 31-60, 61-90 and over 90 days since the marketplace has paid."""
    from ops.ledger import books, text
    from ops.reach import database
    from shared.runtime.clock import ScaledClock

    async def read() -> "list[Age]":
        async with database(settings) as look:
            return await books.aging(look, day, sellers or [], by_seller=by_seller)

    settings = reached(kafka=False)
    day = _day(on) or ScaledClock.from_settings(settings).now().date()
    found = run(read())
    if as_json:
        typer.echo(text.aging_as_json(found, day.isoformat()))
    else:
        text.write_aging(console, found, day.isoformat())


@app.command("trial-balance")
def trial_balance(currency: OfCurrency = None, on: Day = None, as_json: AsJson = False) -> None:
    """Add up every account of each currency. Exits 1 if debits and credits differ, which must never be."""
    from ops.ledger import books, text
    from ops.reach import database

    async def read() -> "list[Balance]":
        async with database(settings) as look:
            return await books.trial_balance(look, _day(on), currency)

    settings = reached(kafka=False)
    found = run(read())
    if as_json:
        typer.echo(text.trial_balance_as_json(found))
    else:
        text.write_trial_balance(console, found)
    if off := books.off_balance(found):
        raise fail(f"the ledger does not balance ({off} minor units): ask `makegood reconcile` which claims are off")


@app.command()
def export(
    month: Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="The month, in UTC.")],
    format_: Annotated[Format, typer.Option("--format", help="For the import of a general ledger.")] = Format.CSV,
    currency: OfCurrency = None,
) -> None:
    """Print every posting of a month: the same each time once the month is over. Memo accounts are marked."""
    from ops.ledger import books, text
    from ops.reach import database

    async def write() -> None:
        async with database(settings) as look:
            rows = books.postings(look, span, currency)
            await (text.write_csv if format_ is Format.CSV else text.write_json)(sys.stdout, rows)

    try:
        span = books.month(month)
    except ValueError:
        raise fail(f"{month!r} is no month: write one as 2026-10", 2) from None
    settings = reached(kafka=False)
    run(write())


def _day(given: datetime | None) -> date | None:
    return given.date() if given is not None else None
