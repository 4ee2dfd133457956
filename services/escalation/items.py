"""The arithmetic of items: what is owed, what is allowed of it, and why not all."""

from collections import Counter
from collections.abc import Iterable

from services.escalation.parts import Admitted, Line, Payout
from services.escalation.state import At, Case
from shared.events.claim import Item, ItemFinding, LossKind, Reason


def as_admitted(items: Iterable[Item]) -> tuple[Admitted, ...]:
    return tuple(
        Admitted(each.item, each.claimed_minor, each.admitted_minor, each.reasons, each.kind is LossKind.PURCHASE_PRICE)
        for each in items
    )


def as_findings(lines: Iterable[Line]) -> tuple[ItemFinding, ...]:
    return tuple(ItemFinding(item=line.item, allowed_minor=line.minor, reasons=line.reasons) for line in lines)


def total(lines: Iterable[Line | Admitted]) -> int:
    return sum(line.minor for line in lines)


def all_reasons(lines: Iterable[Line]) -> tuple[Reason, ...]:
    """Each reason once, in the order of the items."""
    return tuple(dict.fromkeys(reason for line in lines for reason in line.reasons))


def refused(lines: Iterable[Line], *reasons: Reason) -> tuple[Line, ...]:
    """Nothing of any item, for these reasons."""
    return tuple(_cut(line, 0, *reasons) for line in lines)


def owed(case: Case) -> tuple[Line, ...]:
    """What is owed at most in this round: as admitted, less what others have settled and earlier rounds paid."""
    rest = besides_settled(case)
    return _besides_earlier_rounds(case, rest) if case.round > 1 else rest


def besides_settled(case: Case) -> tuple[Line, ...]:
    """As admitted, less what seller and insurer have settled; a sum names no items, so it counts from the first on."""
    lines = (Line(each.item, each.minor, each.reasons) for each in case.items)
    lines = _less(lines, case.seller_minor, Reason.SETTLED_BY_SELLER)
    return _less(lines, case.insurer_minor, Reason.SETTLED_BY_INSURER)


def when_ordered(case: Case) -> tuple[tuple[int, int], ...]:
    """What the claim came to when its last payout was ordered, item by item, less what others had settled."""
    if case.amended:
        return case.dealt_with
    return tuple((line.item, line.minor) for line in besides_settled(case))


def comes_to_more(case: Case) -> bool:
    """Whether it comes to more than when its last payout was ordered; as much in other items is no more."""
    return total(besides_settled(case)) > sum(minor for _, minor in when_ordered(case))


def allowed(case: Case, at: At) -> tuple[Line, ...]:
    """What is paid for each item as things stand: never more than is owed, than was found, than the cap leaves."""
    left = case.policy(at).handling.cap_minor - sum(_paid_before(case).values())
    lines: list[Line] = []
    for owed_line in owed(case):
        line = owed_line
        for finding in case.findings:
            if finding.item == line.item:
                line = _cut(line, finding.minor, *finding.reasons)
        line = _cut(line, max(left, 0), Reason.OVER_CAP)
        left -= line.minor
        lines.append(line)
    return tuple(lines)


def shown(case: Case, at: At) -> tuple[Line, ...]:
    """What the customer is told: the last decision, and before it what is allowed as things stand."""
    return allowed(case, at) if case.undecided else case.decided


def to_approve(case: Case, at: At) -> int:
    """What the payout comes to that two people are asked to approve."""
    waits = case.ordered_again
    return waits.to_pay_minor if waits else total(allowed(case, at))


def cut_to(admitted: Iterable[Admitted], findings: Iterable[ItemFinding]) -> tuple[Admitted, ...]:
    """As admitted, but at most what was found, where something was."""
    by_item = {finding.item: finding for finding in findings}
    return tuple(_as_found(each, by_item.get(each.item)) for each in admitted)


def cut_to_held(payout: Payout) -> Payout:
    """Less what has come back of it, counted from the last item on."""
    held = min(payout.held_minor, payout.amount_minor)
    return payout._replace(amount_minor=held, lines=_held_lines(payout))


def unpaid(case: Case) -> tuple[Payout, ...]:
    """What was ordered and the payee has nothing of: it failed, or has come back, or is on its way; without what seller
    and insurer have settled since. What was decided stays so, though the claim comes to less by now."""
    settled, found = case.seller_minor + case.insurer_minor, list[Payout]()
    came_to = max(total(besides_settled(case)), sum(minor for _, minor in when_ordered(case)))
    free = came_to - sum(payout.held_minor for payout in case.payouts)
    for payout in case.payouts:
        if payout.amount_minor and payout.payee_has_nothing:
            lacks = payout.amount_minor - payout.held_minor
            gone = min(max(lacks - max(free, 0), 0), settled)
            free -= lacks - gone
            found += [payout.less(gone)] if lacks > gone else []
    return tuple(found)


def _held_lines(payout: Payout) -> tuple[tuple[int, int], ...]:
    left, lines = payout.held_minor, list[tuple[int, int]]()
    for item, minor in payout.lines:
        counted = min(minor, left)
        left -= counted
        if counted:
            lines.append((item, counted))
    return tuple(lines)


def _as_found(admitted: Admitted, finding: ItemFinding | None) -> Admitted:
    if finding is None or finding.allowed_minor >= admitted.minor:
        return admitted
    reasons = tuple(dict.fromkeys((*admitted.reasons, *finding.reasons)))
    return admitted._replace(minor=finding.allowed_minor, reasons=reasons)


def _paid_before(case: Case) -> Counter[int]:
    """Per item, what the customer has of earlier rounds.

    In a round that is only about what is more, also what has come back of them: it is paid again in its own round.
    """
    paid = Counter[int]()
    for payout in case.payouts:
        if payout.round < case.round:
            paid.update(dict(payout.lines if case.dealt_with else _held_lines(payout)))
    return paid


def _besides_earlier_rounds(case: Case, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Item by item; what was paid for an item beyond what is owed for it now counts against the others."""
    paid, dealt_with = _paid_before(case), dict(case.dealt_with)
    surplus = sum(paid.values()) - sum(min(line.minor, paid[line.item]) for line in lines)
    rest: list[Line] = []
    for line in lines:
        gone = max(paid[line.item], dealt_with.get(line.item, 0))
        left = _cut(line, max(line.minor - gone, 0), Reason.PAID_BEFORE)
        rest.append(left._replace(before_minor=paid[line.item]))
    return _less(rest, surplus, Reason.PAID_BEFORE)


def _less(lines: Iterable[Line], minor: int, reason: Reason) -> tuple[Line, ...]:
    """What remains when a sum that names no items is taken off: counted from the first item on."""
    rest: list[Line] = []
    for line in lines:
        counted = min(line.minor, minor)
        minor -= counted
        rest.append(_cut(line, line.minor - counted, reason))
    return tuple(rest)


def _cut(line: Line, to_minor: int, *reasons: Reason) -> Line:
    """At most so much, with the reasons where that is less."""
    if to_minor >= line.minor:
        return line
    return line._replace(minor=to_minor, reasons=tuple(dict.fromkeys((*line.reasons, *reasons))))
