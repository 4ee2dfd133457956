"""What a person watches while the demo runs: live tables on a terminal, else a plain line every few seconds."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ops.demo.standing import SCREENING, Money
from shared.events.escalation import Outcome, Status
from shared.money import display

LIVE_SECONDS: Final = 0.5
PLAIN_SECONDS: Final = 5.0
"""Real seconds between two looks: on a terminal, and where only plain lines can be printed."""
_LAG: Final = re.compile(rb"^makegood_lag_records\{[^}]*\} ([0-9.e+]+)$", re.MULTILINE)
_RUNNING: Final = (SCREENING, *(status.value for status in Status if status is not Status.CLOSED))


@dataclass(frozen=True, slots=True)
class Glance:
    """How things stand at a moment. ``lag``: service → records not yet heard, None while it does not answer."""

    seconds: float
    day: datetime
    states: Counter[str]
    submitted: int
    ended: int
    in_recovery: int
    money: Mapping[str, Money] = field(default_factory=dict[str, Money])
    events: int = 0
    events_per_second: float = 0.0
    lag: Mapping[str, int | None] = field(default_factory=dict[str, int | None])


class View:
    """Shows glances. ``with View(console) as view: view.show(glance)``."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._shown_at = 0.0

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    @property
    def due(self) -> bool:
        """Whether it is time for another glance."""
        return time.monotonic() - self._shown_at >= (LIVE_SECONDS if self._live else PLAIN_SECONDS)

    def show(self, glance: Glance) -> None:
        self._shown_at = time.monotonic()
        if self._live:
            self._live.update(picture(glance), refresh=True)
        else:
            self._console.print(line(glance), highlight=False, soft_wrap=True)

    def say(self, sentence: str, style: str = "") -> None:
        """Something worth a line of its own, above the tables."""
        self._console.print(Text(sentence, style), soft_wrap=True)


def picture(glance: Glance) -> RenderableType:
    """The tables of one moment; they fit a terminal of 80 columns and 24 rows."""
    tables = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    tables.add_row(_running(glance), _ended(glance), _lag(glance))
    return Group(Text(_headline(glance), "bold"), "", tables, "", _money(glance))


def line(glance: Glance) -> str:
    """The same in one line, for logs."""
    lag = ", ".join(f"{_words(name)} {'–' if lag is None else f'{lag:,}'}" for name, lag in glance.lag.items())
    paid = ", ".join(display(money.paid_out, currency) for currency, money in glance.money.items())
    return f"{glance.seconds:,.0f} s · {_headline(glance)} · paid {paid or 'nothing yet'} · lag: {lag}"


async def lag_of(port: int) -> int | None:
    """What one replica says on its /metrics that it has not heard yet; None when it does not answer."""
    found = _LAG.findall(await page_of(port, "/metrics") or b"")
    return int(sum(map(float, found))) if found else None


async def page_of(port: int, path: str) -> bytes | None:
    """One page of a replica; None when it does not answer, or not well."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                page = await reader.read(-1)
            finally:
                writer.close()
        if page.startswith(b"HTTP/1.1 200"):
            return page
    return None


def _headline(glance: Glance) -> str:
    return (
        f"{glance.day:%Y-%m-%d} · {glance.submitted:,} submitted · {glance.ended:,} ended · "
        f"{glance.in_recovery:,} in recovery · {glance.events_per_second:,.0f} events/s"
    )


def _running(glance: Glance) -> Table:
    table = _table("running", "")
    for state in _RUNNING:
        _count(table, state, glance.states[state])
    return table


def _ended(glance: Glance) -> Table:
    table = _table("ended", "")
    for outcome in Outcome:
        if outcome is not Outcome.WAITING:
            _count(table, outcome.value, glance.states[outcome.value])
    return table


def _lag(glance: Glance) -> Table:
    table = _table("service", "lag")
    for name, lag in glance.lag.items():
        table.add_row(_words(name), "–" if lag is None else f"{lag:,}", style=None if lag else "dim")
    return table


def _money(glance: Glance) -> Table:
    table = _table("money", "paid out", "recovered", "waived", "written off", "outstanding", gap=1)
    for currency, m in glance.money.items():
        sums = (m.paid_out, m.recovered, m.waived, m.written_off, m.outstanding)
        table.add_row(currency, *(display(minor, "").strip() for minor in sums))
    return table


def _count(table: Table, name: str, count: int) -> None:
    table.add_row(_words(name), f"{count:,}", style=None if count else "dim")


def _table(*headings: str, gap: int = 0) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, gap, 0, 0), pad_edge=False, show_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    return table


def _words(name: str) -> str:
    return name.replace("_", " ")
