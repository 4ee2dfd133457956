"""What each fault came to: kept as JSON lines, and shown as a table when the tests are over."""

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.conftest import REPOSITORY

FILE = REPOSITORY / ".makegood" / "faults" / "results.jsonl"
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
