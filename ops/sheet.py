"""Tables for people: framed on a terminal; elsewhere plain lines that other programs can search."""

from collections.abc import Sequence
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

UNBROKEN = 10_000
"""Columns of a line where nobody looks."""


class Sheet:
    """Rows under a title. Cells are text as it is, never markup. The last column may be long."""

    def __init__(self, title: str, *columns: str, right: Sequence[str] = ()) -> None:
        self._title, self._columns, self._right = title, columns, right
        self._rows: list[tuple[str, ...]] = []

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, *cells: str) -> None:
        self._rows.append(cells)

    def write(self, console: Console) -> None:
        """With an empty line before it; nothing at all when there are no rows."""
        if not self._rows:
            return
        if console.is_terminal:
            self._frame(console)
            return
        rows = [self._columns, *self._rows]
        widths = [max(len(row[n]) for row in rows) for n in range(len(self._columns) - 1)]
        console.print(f"\n{self._title}", markup=False, highlight=False)
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            console.out("  ".join((*cells, row[-1])).rstrip(), highlight=False)

    def _frame(self, console: Console) -> None:
        table = Table(title=self._title, title_justify="left", title_style="bold", header_style="dim", box=box.SIMPLE)
        for column in self._columns:
            table.add_column(column, justify="right" if column in self._right else "left", overflow="fold")
        for row in self._rows:
            table.add_row(*map(Text, row))
        console.print(table)


def moment(at: datetime | None) -> str:
    """To the second, in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else ""
