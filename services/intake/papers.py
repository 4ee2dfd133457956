"""What papers prove: items, and that the claimant may act; what is still missing; and what came too early to prove."""

from collections.abc import Iterable
from typing import Final

from services.intake import items, roles
from services.intake.state import REMEMBERED, Paper, Submission
from shared.events.base import derived_text
from shared.events.claim import Document, Item, LossKind
from shared.events.intake import MissingPaper
from shared.policy import Policy

EARLY_KEPT: Final = 10
"""Papers kept for items that an amendment may still add: it can be on its way behind them."""
MOST_ITEMS: Final = 50
"""As many losses as a submission can have."""
OF_THINGS: Final = frozenset({LossKind.PURCHASE_PRICE, LossKind.PROPERTY_DAMAGE})
"""Losses for which nobody need act for who was hurt."""


def noted(submission: Submission, documents: Iterable[Document], policy: Policy) -> Submission:
    """The submission with all that these papers prove; who may act is proven by the kind of the paper alone."""
    shown = tuple(map(Paper.of, documents))
    wanted = roles.authority(submission, policy)
    early = [paper for paper in shown if len(submission.items) < (paper.item or 0) <= MOST_ITEMS]
    return submission.but(
        items=items.with_papers(submission.items, shown, policy),
        may_act=submission.may_act or any(paper.kind in wanted for paper in shown),
        early=tuple(dict.fromkeys((*submission.early, *early)))[-EARLY_KEPT:],
    )


def missing(submission: Submission, policy: Policy) -> tuple[MissingPaper, ...]:
    """Everything that is still to be shown, at once: the items' papers, then the one for the claim as a whole."""
    return (*items.missing(submission.items, policy), *missing_authority(submission, policy))


def missing_authority(submission: Submission, policy: Policy) -> tuple[MissingPaper, ...]:
    if not roles.lacks_authority(submission, policy):
        return ()
    return (MissingPaper(item=None, any_of=roles.authority(submission, policy)),)


def admitted(submission: Submission, policy: Policy) -> tuple[Item, ...]:
    """What is proven; but of who was hurt nothing, before somebody has shown that he may act for him.

    Without that nothing is accepted. A claim that was, and then became one of an injury, keeps what it has for things.
    """
    proven = submission.items
    if roles.lacks_authority(submission, policy):
        proven = tuple(item._replace(proven=item.proven and item.kind in OF_THINGS) for item in proven)
    return items.admitted(proven, policy)


def is_complete(submission: Submission, policy: Policy) -> bool:
    """Nothing is to be asked of the customer."""
    return not missing(submission, policy) and not roles.asks_beneficiary(submission, policy)


def unseen(submission: Submission, documents: Iterable[Document]) -> tuple[str, ...]:
    """The hashes among these papers that were not shown for this claim before."""
    hashes = dict.fromkeys(document.sha256 for document in documents if document.sha256)
    return tuple(sha256 for sha256 in hashes if mark(sha256) not in submission.papers)


def with_seen(submission: Submission, hashes: Iterable[str]) -> Submission:
    return submission.but(papers=(*submission.papers, *map(mark, hashes))[-REMEMBERED:])


def mark(*words: str) -> str:
    """Twelve hexadecimal digits that tell the same words again: states keep these, not what may be long."""
    return derived_text(*words).replace("-", "")[-12:]
