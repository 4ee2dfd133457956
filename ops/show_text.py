"""A claim's story as text."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ops.sheet import Sheet, moment
from ops.show import Refused, Story, Told
from shared.money import display
from shared.runtime.turn import ASKED, DEADLINE


def write(console: Console, story: Story) -> None:
    """The whole of it; what there is nothing of is left out."""
    head = [f"Claim {story.claim_id}", f"submission {story.submission_id or 'unknown'}"]
    if story.seller_id:
        head.append(f"seller {story.seller_id}")
    for line in (" · ".join(head), _standing(story)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if console.is_terminal:
        _write_timeline(console, story.told)
    else:
        _timeline(story.told).write(console)
    for sheet in _sheets(story):
        sheet.write(console)


def _standing(story: Story) -> str:
    if not story.standing:
        return "Now: refused, it was no submission" if story.refused else "Now: no service has decided anything yet"
    return f"Now: {' · '.join(f'{name} {value}' for name, value in story.standing.items())}"


def _sheets(story: Story) -> Iterator[Sheet]:
    letters = Sheet("Letters", "Written", "Letter", "To", "Attempts", "Outcome")
    for letter in story.letters:
        outcome = f"{letter.outcome or 'done'} {moment(letter.done_at)}"
        again = f"waits, next attempt {moment(letter.next_at)}"
        letters.add(
            moment(letter.written_at),
            letter.kind,
            letter.to,
            str(letter.attempts),
            outcome if letter.done_at else again,
        )
    yield letters
    deadlines = Sheet("Open deadlines", "Due", "Process", "Also asked when this changes")
    for deadline in sorted(story.deadlines, key=lambda one: one.due):
        deadlines.add(moment(deadline.due), deadline.process, deadline.watches or "")
    yield deadlines
    yield from _money(story)
    waiting = Sheet("Facts that wait", "Since", "Process", "Fact", "Why")
    for one in story.waiting:
        why = f"parked: {one.error}" if one.error else "its key has not begun, or a fact before it is parked"
        waiting.add(moment(one.since), one.process, one.type, why)
    yield waiting
    yield refused_bytes(story.refused)


def refused_bytes(letters: Iterable[Refused]) -> Sheet:
    sheet = Sheet("Refused bytes", "Dead letter", "At", "Topic", "Problems")
    for letter in letters:
        sheet.add(letter.id, moment(letter.at), letter.topic, "; ".join(letter.problems))
    return sheet


def _timeline(told: Iterable[Told]) -> Sheet:
    sheet = Sheet("What happened", "At", "Who said it", "What", "Heard by, deciding at", "Facts")
    for one in told:
        sheet.add(moment(one.at), one.said_by, _kind(one), _heard(one), _facts(one))
    return sheet


def _write_timeline(console: Console, told: Iterable[Told]) -> None:
    """For a terminal of any width: what is long stands below what is short."""
    console.print("\n[bold]What happened[/bold]")
    for one in told:
        console.print(Text.assemble((moment(one.at), "dim"), "  ", (one.said_by, "cyan"), "  ", (_kind(one), "bold")))
        if facts := _facts(one):
            console.print(Padding(Text(facts), (0, 0, 0, 4)))
        if heard := _heard(one):
            console.print(Padding(Text(f"→ {heard}", style="dim"), (0, 0, 0, 4)))


def _kind(one: Told) -> str:
    return {DEADLINE: "deadline passed", ASKED: "reference changed"}.get(one.type, one.type)


def _heard(one: Told) -> str:
    own = one.type in (DEADLINE, ASKED)
    return ", ".join(
        f"{heard.process}{'' if own else f' {moment(heard.at)}'}{'' if heard.known else ' (reference unknown)'}"
        for heard in one.heard
    )


def _facts(one: Told) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in one.facts.items())


def _money(story: Story) -> Iterator[Sheet]:
    ledger = Sheet("Ledger", "Booked", "Move", "Debit", "Credit", "Amount", "Reference", right=["Amount"])
    for entry in story.ledger:
        amount = display(entry.amount_minor, entry.currency)
        ledger.add(
            moment(entry.booked_at), entry.move, entry.debit_account, entry.credit_account, amount, entry.reference
        )
    yield ledger
    if story.money:
        names = [name for name in story.money[0] if name != "currency"]
        sums = Sheet("Money", *(name.replace("_", " ") for name in names))
        for row in story.money:
            sums.add(*(display(int(row[name]), str(row["currency"])) for name in names))
        yield sums
