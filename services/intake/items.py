"""What is decided about each loss: what the rules leave of it, whether papers prove it, what is admitted."""

from collections.abc import Iterable

from services.intake.state import LossItem, Paper
from shared.events.claim import Item, LossKind, Reason
from shared.events.intake import MissingPaper
from shared.events.upstream import Loss
from shared.policy import Policy


def judged(loss: Loss, policy: Policy | None, *, minor: bool) -> LossItem:
    """A loss with every reason why it is refused or cut. What a minor earns is no loss; what his guardian loses is."""
    against = {
        Reason.EXCLUDED_LOSS: policy is not None and loss.kind not in policy.eligibility.covered,
        Reason.MINORS_EARNINGS: minor and loss.kind is LossKind.LOST_EARNINGS and not loss.guardians,
        Reason.NOTHING_CLAIMED: loss.amount_minor == 0,
    }
    reasons = tuple(reason for reason, holds in against.items() if holds)
    left = 0 if reasons else max(0, loss.amount_minor - loss.already_paid_minor)
    already_paid = (Reason.ALREADY_PAID,) if loss.already_paid_minor else ()
    return LossItem(loss.kind, loss.amount_minor, left, reasons + already_paid)


def judged_anew(
    losses: Iterable[Loss], before: tuple[LossItem, ...], policy: Policy, *, minor: bool
) -> tuple[LossItem, ...]:
    """The losses as amended; the papers of an item that keeps its number and kind go on proving it."""
    now = tuple(judged(loss, policy, minor=minor) for loss in losses)
    proven = {(number, item.kind) for number, item in enumerate(before, start=1) if item.proven}
    return tuple(item._replace(proven=(number, item.kind) in proven) for number, item in enumerate(now, start=1))


def with_papers(items: tuple[LossItem, ...], papers: Iterable[Paper], policy: Policy) -> tuple[LossItem, ...]:
    """The items, proven where one of these papers proves them."""
    papers = tuple(papers)
    return tuple(
        item._replace(proven=item.proven or any(_proves(paper, number, item, policy) for paper in papers))
        for number, item in enumerate(items, start=1)
    )


def _proves(paper: Paper, number: int, item: LossItem, policy: Policy) -> bool:
    rules = policy.eligibility
    return (
        paper.item == number
        and paper.kind in rules.papers.get(item.kind, ())
        and (paper.dated or item.kind not in rules.dated)
    )


def missing(items: tuple[LossItem, ...], policy: Policy) -> tuple[MissingPaper, ...]:
    """Every item that is still to be proven."""
    rules = policy.eligibility
    return tuple(
        MissingPaper(item=number, any_of=rules.papers.get(item.kind, ()), dated=item.kind in rules.dated)
        for number, item in enumerate(items, start=1)
        if item.lacks_paper
    )


def admissible_minor(items: Iterable[LossItem], policy: Policy) -> int:
    """What the claim may come to if everything is proven: never more than the cap."""
    return min(sum(item.admissible_minor for item in items), policy.handling.cap_minor)


def admitted(items: tuple[LossItem, ...], policy: Policy) -> tuple[Item, ...]:
    """What is proven, in the order claimed, until the cap is reached; with the reason for all that is not."""
    left, found = policy.handling.cap_minor, list[Item]()
    for number, item in enumerate(items, start=1):
        proven = item.admissible_minor if item.proven else 0
        amount = min(proven, left)
        left -= amount
        unproven = (Reason.PAPERS_MISSING,) if item.lacks_paper else ()
        over_cap = (Reason.OVER_CAP,) if amount < proven else ()
        found.append(_item(number, item, amount, item.reasons + unproven + over_cap))
    return tuple(found)


def sum_minor(found: Iterable[Item]) -> int:
    return sum(item.admitted_minor for item in found)


def refused(items: tuple[LossItem, ...], *more: Reason) -> tuple[Item, ...]:
    """Nothing is admitted, for the reasons of the claim; beside them each item's own, and ``more`` for what is left."""
    return tuple(
        _item(number, item, 0, item.reasons + (more if item.admissible_minor else ()))
        for number, item in enumerate(items, start=1)
    )


def _item(number: int, item: LossItem, amount: int, reasons: tuple[Reason, ...]) -> Item:
    return Item(item=number, kind=item.kind, claimed_minor=item.claimed_minor, admitted_minor=amount, reasons=reasons)
