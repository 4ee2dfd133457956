"""A claim's story as text: tables on a terminal, one line each without frames elsewhere."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.show import Story, Told
from shared.money import display
from shared.runtime.turn import ASKED, DEADLINE

WIDE = 100_000
"""Columns where nobody looks: no line is ever broken."""


def table(console: Console, title: str, *columns: str) -> Table:
    """Framed on a terminal, bare elsewhere."""
    return Table(
        *columns,
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=box.SIMPLE_HEAD if console.is_terminal else None,
        pad_edge=False,
    )


def write(console: Console, story: Story) -> None:
    """The whole of it."""
    if not console.is_terminal:
        console.width = WIDE
    head = [f"Claim {story.claim_id}", f"submission {story.submission_id or 'unknown'}"]
    if story.seller_id:
        head.append(f"seller {story.seller_id}")
    console.print(Text(" · ".join(head), style="bold"))
    console.print(Text(_standing(story)))
    for found in _tables(console, story):
        if found.row_count:
            console.print()
            console.print(found)


def _standing(story: Story) -> str:
    if not story.standing:
        return "Refused: it was no submission" if story.refused else "No service has decided anything yet"
    words = [f"{name} {value}" for name, value in story.standing.items()]
    return f"Now: {' · '.join(words)}"


def _tables(console: Console, story: Story) -> Iterator[Table]:
    yield _timeline(console, story.told)
    letters = table(console, "Letters", "Written", "Letter", "To", "Attempts", "Done")
    for letter in story.letters:
        done = moment(letter.done_at) if letter.done_at else f"no, again at {moment(letter.next_at)}"
        letters.add_row(moment(letter.written_at), letter.kind, letter.to, str(letter.attempts), done)
    yield letters
    deadlines = table(console, "Open deadlines", "Due", "Who waits", "Watches")
    for deadline in sorted(story.deadlines, key=lambda one: one.due):
        deadlines.add_row(moment(deadline.due), deadline.process, deadline.watches or "")
    yield deadlines
    ledger = table(console, "Ledger", "Booked", "Move", "Debit", "Credit", "Amount", "Reference")
    ledger.columns[4].justify = "right"
    for entry in story.ledger:
        amount = display(entry.amount_minor, entry.currency)
        row = (moment(entry.booked_at), entry.move, entry.debit_account, entry.credit_account, amount, entry.reference)
        ledger.add_row(*map(Text, row))
    yield ledger
    yield _sums(console, story)
    waiting = table(console, "Facts that wait", "Since", "Where", "Fact", "Why")
    for one in story.waiting:
        why = f"parked: {one.error}" if one.error else "nothing is known of its key yet, or the one before it is parked"
        waiting.add_row(moment(one.since), one.process, one.type, Text(why))
    yield waiting
    refused = table(console, "Refused bytes", "Id", "At", "Topic", "Problems")
    for letter in story.refused:
        refused.add_row(letter.id, moment(letter.at), letter.topic, Text("; ".join(letter.problems)))
    yield refused


def _timeline(console: Console, told: Iterable[Told]) -> Table:
    found = table(console, "What happened", "At", "Who", "What", "Facts", "Heard by, and when it decided")
    for one in told:
        kind = {DEADLINE: "(deadline passed)", ASKED: "(asked again: its reference changed)"}.get(one.type, one.type)
        facts = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in one.facts.items())
        own = one.type in (DEADLINE, ASKED)
        heard = [
            f"{heard.process}{'' if own else f' {moment(heard.at)}'}{'' if heard.known else ' (reference unknown)'}"
            for heard in one.heard
        ]
        found.add_row(moment(one.at), one.said_by, Text(kind), Text(facts), Text(", ".join(heard)))
    return found


def _sums(console: Console, story: Story) -> Table:
    names = [name for name in story.money[0] if name != "currency"] if story.money else []
    sums = table(console, "Money", *(name.replace("_", " ") for name in names))
    for row in story.money:
        sums.add_row(*(display(int(row[name]), str(row["currency"])) for name in names))
    return sums


def moment(at: datetime | None) -> str:
    """To the second, in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else ""
