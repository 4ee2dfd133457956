"""The arithmetic of items: what is owed, what is allowed of it, and why not all."""

from collections.abc import Iterable

from services.escalation.state import At, Case, Line
from shared.events.claim import Item, ItemFinding, Reason


def as_admitted(items: Iterable[Item]) -> tuple[Line, ...]:
    return tuple(Line(each.item, each.admitted_minor, each.reasons) for each in items)


def as_findings(lines: Iterable[Line]) -> tuple[ItemFinding, ...]:
    return tuple(ItemFinding(item=line.item, allowed_minor=line.minor, reasons=line.reasons) for line in lines)


def total(lines: Iterable[Line]) -> int:
    return sum(line.minor for line in lines)


def all_reasons(lines: Iterable[Line]) -> tuple[Reason, ...]:
    """Each reason once, in the order of the items."""
    return tuple(dict.fromkeys(reason for line in lines for reason in line.reasons))


def refused(lines: Iterable[Line], reason: Reason) -> tuple[Line, ...]:
    """Nothing of any item, for this reason."""
    return tuple(_cut(line, 0, reason) for line in lines)


def less(lines: Iterable[Line], settled_minor: int, reason: Reason) -> tuple[Line, ...]:
    """What remains when somebody else paid a sum that names no items: counted from the first item on."""
    rest: list[Line] = []
    for line in lines:
        counted = min(line.minor, settled_minor)
        settled_minor -= counted
        rest.append(_cut(line, line.minor - counted, reason))
    return tuple(rest)


def allowed(case: Case, at: At) -> tuple[Line, ...]:
    """What is paid for each item as things stand: never more than is owed, than was found, than the cap leaves."""
    if case.accepted is None:
        return case.items
    left = case.policy(at).handling.cap_minor
    lines: list[Line] = []
    for owed in case.items:
        line = owed
        for finding in case.findings:
            if finding.item == owed.item:
                line = _cut(line, finding.minor, *finding.reasons)
        line = _cut(line, left, Reason.OVER_CAP)
        left -= line.minor
        lines.append(line)
    return tuple(lines)


def _cut(line: Line, to_minor: int, *reasons: Reason) -> Line:
    """At most so much, with the reasons where that is less."""
    if to_minor >= line.minor:
        return line
    return Line(line.item, to_minor, tuple(dict.fromkeys((*line.reasons, *reasons))))
