"""What is asked, and what an adjuster needs to know, as text."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from rich.console import Console

from ops.desk.case_file import CaseFile, Said
from ops.desk.meanings import REVIEWS
from ops.desk.question import Appeal, Approval, Question, Review
from ops.sheet import Sheet, moment
from shared.events.recovery import Ground
from shared.money import display


def write_queue(console: Console, questions: Iterable[Question], now: datetime) -> None:
    """A sheet, or a word that there is nothing."""
    sheet = Sheet(
        "Waits for a person", "Decide by", "Days left", "Amount", "At", "What", "Claim", "More",
        right=["Days left", "Amount"],
    )  # fmt: skip
    for one in questions:
        more = ["overdue"] if one.is_overdue(now) else []
        amount = display(one.amount_minor, one.currency)
        sheet.add(
            moment(one.decide_by), str(one.days_left(now)), amount, one.marketplace, what(one), str(one.claim_id),
            " · ".join([*more, *details(one)]),
        )  # fmt: skip
    sheet.write(console)
    if not sheet:
        console.out("Nothing waits for a person.", highlight=False)


def what(one: Question) -> str:
    """In two words."""
    match one:
        case Review():
            return f"review: {one.kind.replace('_', ' ')}"
        case Appeal():
            return "appeal" if one.ground is Ground.APPEAL else "dispute: answered in time"
        case _:
            return type(one).__name__.lower()


def details(one: Question) -> list[str]:
    """What tells it from others of its kind."""
    match one:
        case Review():
            named = [("round", one.round if one.round > 1 else ""), ("contested items", _listed(one.contested))]
            named.append(("signals", _listed(one.signals)))
        case Approval():
            named = [("round", one.round if one.round > 1 else ""), ("approved by", _listed(one.approvers))]
            named += [("limit", display(one.limit_minor, one.currency)), ("reviewed by", _listed(one.adjusters))]
        case _:
            named = []
    return [f"{name} {value}" for name, value in named if value]


def beside(one: Question) -> Iterator[str]:
    """What follows as well, whatever is answered."""
    if isinstance(one, Review) and one.paid_anyway:
        rest = [f"item {item.item} ({display(item.allowed_minor, one.currency)})" for item in one.paid_anyway]
        yield f"Not contested, so paid whatever the review of the others decides: {_listed(rest)}."


def write_case_file(console: Console, file: CaseFile, now: datetime) -> None:
    """What is asked first; then what there is to know. What there is nothing of is left out."""
    for line in _head(file, now):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for sheet in (_items(file), _pairs(f"Signals, weighing {file.score}", file.signals), _other_side(file.other_side)):
        sheet.write(console)
    for sheet in (_pairs("Figures of the claim's policy", file.figures), _happened(file.happened)):
        sheet.write(console)


def _head(file: CaseFile, now: datetime) -> Iterable[str]:
    seller = [f"seller {file.seller_id}"] if file.seller_id else []
    yield " · ".join([f"Claim {file.claim_id}", f"submission {file.submission_id or 'unknown'}", *seller])
    if file.product:
        yield f"{file.product} · order {file.order_id} of {file.purchased_on} · incident {file.incident_on}"
    yield f"Now: {' · '.join(f'{name} {value}' for name, value in file.standing.items()) or 'nothing is decided yet'}"
    for one in file.questions:
        means = f" ({REVIEWS[one.kind]})" if isinstance(one, Review) else ""
        until = f"decide by {moment(one.decide_by)}, {one.days_left(now)} days left"
        asked = [f"{what(one)}{means}", display(one.amount_minor, one.currency), until, *details(one)]
        yield f"Asked of an {one.desk}: {' · '.join(asked)}"
        yield from beside(one)
    if not file.questions:
        yield "Nothing is asked of a person."


def _items(file: CaseFile) -> Sheet:
    amounts = ["Claimed", "Admitted", "At most now"]
    sheet = Sheet("Items", "Item", "Loss", *amounts, "Contested", "Reasons", right=amounts)
    for row in file.items:
        most = display(row.most_minor, file.currency) if row.most_minor is not None else ""
        sheet.add(
            str(row.item), row.kind, display(row.claimed_minor, file.currency),
            display(row.admitted_minor, file.currency), most, "yes" if row.contested else "", _listed(row.reasons),
        )  # fmt: skip
    return sheet


def _pairs(title: str, named: dict[str, str]) -> Sheet:
    sheet = Sheet(title, "What", "Is")
    for name, value in named.items():
        sheet.add(name, value)
    return sheet


def _other_side(said: Sequence[Said]) -> Sheet:
    sheet = Sheet("What seller, insurer and customer say", "At", "Said by", "What", "With")
    for one in said:
        sheet.add(moment(one.at), one.by, one.type, _facts(one))
    return sheet


def _happened(said: Sequence[Said]) -> Sheet:
    sheet = Sheet("What happened so far", "At", "Said by", "What", "Facts")
    for one in said:
        sheet.add(moment(one.at), one.by, one.type, _facts(one))
    return sheet


def _facts(one: Said) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in one.facts.items())


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
