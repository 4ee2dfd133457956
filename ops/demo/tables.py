"""The figures of a run as tables, for the screen: 80 columns."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table

from ops.demo import quotes
from ops.demo.report import COLUMNS, Figures, Ways
from ops.demo.routes import ROUTES
from shared.events.insurance_accelerator import QuotesCompared
from shared.money import display

QUOTES_SHOWN: Final = 8
"""Rounds of quotes, those first that were quoted most differently."""


def tables(found: Figures, compared: Iterable[QuotesCompared] = ()) -> RenderableType:
    """Routes, quotes, outcomes, money, and what was found on the way. ``compared``: the rounds of quotes."""
    return Group(
        *(route_table(found.routes), _quotes(compared), _outcomes(found)),
        *(money_table(found.money), _findings(found)),
    )


def route_table(routes: Mapping[str, Ways]) -> Table:
    """Each named route with its claims, and how they ended."""
    table = Table(title="The ways that claims went", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("route", no_wrap=True)
    table.add_column("claims", justify="right")
    table.add_column("outcomes", overflow="fold")
    for name in ROUTES:
        ways = routes.get(name)
        if ways is not None:
            ends = ", ".join(f"{_words(outcome)} {count:,}" for outcome, count in ways.outcomes.items())
            table.add_row(_words(name), f"{ways.claims:,}", ends or "–", style=None if ways.claims else "dim")
    return table


def money_table(money: Mapping[str, Mapping[str, int]]) -> Table:
    """paid out = recovered + waived + written off + outstanding."""
    table = Table(title="Where the money is", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("", "paid out", "= recovered", "+ waived", "+ written off", "+ outstanding"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for currency, sums in money.items():
        table.add_row(currency, *(display(sums[name], "").strip() for name in COLUMNS))
    return table


def _quotes(compared: Iterable[QuotesCompared]) -> Table:
    table = Table(title="What sellers were quoted", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in quotes.HEADINGS:
        table.add_column(heading, overflow="fold")
    for row in quotes.rows(quotes.spreads(compared), QUOTES_SHOWN):
        table.add_row(*row)
    return table


def _outcomes(found: Figures) -> Table:
    table = Table("outcome", "claims", title="How the claims ended", title_justify="left", box=SIMPLE_HEAD)
    table.columns[1].justify = "right"
    for outcome, count in found.outcomes.items():
        table.add_row(_words(outcome), f"{count:,}", style=None if count else "dim")
    table.add_section()
    table.add_row("together", f"{found.claims:,}")
    return table


def _findings(found: Figures) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, words in _sentences(found):
        table.add_row(name, words)
    return table


def _sentences(found: Figures) -> Iterator[tuple[str, str]]:
    looked, late, hazards = found.investigations, found.overdue, found.hazards
    if looked.planted is None:
        yield "Investigated", f"{looked.investigated:,} claims"
    else:
        planted = f"{looked.found:,} of them are of the {looked.planted:,} planted as fraud"
        rates = f"precision {_percent(looked.precision)}, recall {_percent(looked.recall)}"
        yield "Investigated", f"{looked.investigated:,} claims; {planted} ({rates})"
    yield "Products flagged", ", ".join(f"{_words(level)} {count:,}" for level, count in hazards.items())
    offered = found.quotes.rounds - found.quotes.offers.get(0, 0)
    dearer = found.quotes.median_dearer_percent
    spread = "" if dearer is None else f"; the dearest offer is {dearer} % above the cheapest (median)"
    yield "Quotes", f"{found.quotes.rounds:,} rounds, {offered:,} with offers{spread}"
    yield "Handling clocks", f"{late.told_of_delay:,} customers told of a delay, {late.at_the_end:,} overdue at the end"
    latency = {name: "–" if ms is None else f"{ms:,.0f} ms" for name, ms in found.decision_latency_ms.items()}
    yield "Claims decided", f"{found.claims_per_second:,.0f} a second"
    yield "First decision after", f"{latency['p50']} (p50), {latency['p99']} (p99)"
    yield "Whole run", f"{found.seconds:,.1f} s"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _words(name: str) -> str:
    return name.replace("_", " ")
