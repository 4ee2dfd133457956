"""What each fault came to: kept as JSON lines, and shown as a table when the tests are over.

``python -m tests.faults.results`` writes what was kept of each fault last into docs/reliability.md.
"""

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "reliability.md"
START, END = "<!-- measured: faults -->", "<!-- /measured: faults -->"
FILE = REPOSITORY / ".makegood" / "faults" / "results.jsonl"
COLUMNS = frozenset(("at", "fault", "fault_seconds", "recovery_seconds", "claims", "kills"))
_of_this_run: list[dict[str, Any]] = []
_more: list[str] = []


def record(**figures: Any) -> None:
    """One fault, its recovery time and whatever else was measured."""
    _of_this_run.append(figures)
    FILE.parent.mkdir(parents=True, exist_ok=True)
    with FILE.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"at": round(time.time()), **figures}) + "\n")


def add(fault: str, **figures: Any) -> None:
    """More about it: a line of its own in the file, and below the table."""
    _more.append(f"{fault}: {figures}")
    with FILE.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"at": round(time.time()), "fault": fault, **figures}) + "\n")


def table() -> Iterator[str]:
    """One line for each fault of this run; nothing when there was none."""
    if not _of_this_run:
        return
    yield f"{'fault':<72} {'lasted s':>9} {'recovery s':>11} {'claims':>7} {'kills':>6}"
    for each in _of_this_run:
        yield (
            f"{each['fault']:<72} {each['fault_seconds']:>9} {each['recovery_seconds']:>11} "
            f"{each['claims']:>7} {each['kills']:>6}"
        )
    yield from _more


def rows(kept: Iterable[str]) -> Iterator[str]:
    """A table of Markdown: of each fault what was measured last."""
    found: dict[str, dict[str, Any]] = {}
    for line in kept:
        result = json.loads(line)
        found[result["fault"]] = found.get(result["fault"], {}) | result
    yield "| Fault | lasted, s | back to normal after, s | claims filed meanwhile | kills | |"
    yield "|---|---|---|---|---|---|"
    for fault, result in found.items():
        more = "; ".join(f"{name} {figure}" for name, figure in result.items() if name not in COLUMNS)
        cells = [str(result[name]) for name in ("fault_seconds", "recovery_seconds", "claims", "kills")]
        yield f"| {' | '.join((fault, *cells, more))} |"


def write_page() -> None:
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    table = "\n".join(rows(FILE.read_text(encoding="utf-8").splitlines()))
    PAGE.write_text(f"{head}{START}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    write_page()
