"""A comparison for people: what differs; where nothing does, what was looked at."""

from collections.abc import Sequence

from rich.console import Console

from ops.reconcile.account import Account, Check
from ops.sheet import Sheet


def write(console: Console, account: Account) -> None:
    """The checks, what waits, what is open with finance, and last what differs."""
    asked = Sheet("Checks", "Check", "Differences")
    for check in account.checks:
        asked.add(check.name, str(check.differences))
    waiting = Sheet("Waiting or on its way, which is no difference", "Service", "What")
    for service, counts in account.waiting.items():
        waiting.add(service, ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items()))
    questions = _found("Open questions to finance, which are no differences", account.questions)
    for sheet in (asked, waiting, questions, _found("Differences", account.checks)):
        sheet.write(console)
    if not account.topics:
        console.out("\nThe topics were not compared (--no-topics).", highlight=False)
    if not account.differences:
        console.out("\nEverything adds up.", highlight=False)


def _found(title: str, checks: Sequence[Check]) -> Sheet:
    sheet = Sheet(title, "Check", "Where", "What")
    for check in checks:
        for where, what in check.found:
            sheet.add(check.name, where, what)
        if more := check.differences - len(check.found):
            sheet.add(check.name, "…", f"and {more} more")
    return sheet
