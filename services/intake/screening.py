"""What looks like fraud about one claim: the signals, what they weigh together, and what is asked across claims.

A score sends a claim to a person and never denies one. The looks across claims are processes of their own: claimants.py
and links.py.
"""

from collections.abc import Iterable
from typing import Final

from services.intake import items, papers
from services.intake.state import At, Stage, Submission
from shared.events.base import derived_text
from shared.events.claim import Signal
from shared.events.intake import IncidentReported, LinkFound, LinkReported, SuspicionRaised
from shared.events.upstream import ClaimSubmitted
from shared.policy import Policy
from shared.runtime import Decision, unchanged

LONGEST_LINK: Final = 128
"""Characters of an Id."""


def link_found(submission: Submission, event: LinkFound, at: At) -> Decision[Submission]:
    """Count what a claim has in common with claims of others, once; an accepted claim may become suspicious by it."""
    if submission.ended_for_good:
        return unchanged(submission)
    policy = at.policies.version(submission.policy)
    suspected = with_signals(submission, (event.signal,))
    return Decision(suspected, suspicion(submission, suspected, policy))


def with_signals(submission: Submission, signals: Iterable[Signal]) -> Submission:
    """The claim with these signals too: each counts once and stays, in the order of their names' list."""
    known = {*submission.signals, *signals}
    return submission.but(signals=tuple(signal for signal in Signal if signal in known))


def score(submission: Submission, policy: Policy) -> int:
    return sum(policy.screening.weights[signal] for signal in submission.signals)


def suspicion(before: Submission, after: Submission, policy: Policy) -> tuple[SuspicionRaised, ...]:
    """Said of an accepted claim whenever its score grows and is enough for an investigation."""
    weighs = score(after, policy)
    grown = weighs > score(before, policy) and weighs >= policy.screening.investigate_at
    if before.stage is not Stage.ACCEPTED or not grown:
        return ()
    return (
        SuspicionRaised(
            claim_id=after.claim_id, submission_id=after.submission_id, signals=after.signals, score=weighs
        ),
    )


def of_possession(claim: ClaimSubmitted) -> tuple[Signal, ...]:
    """It happened before the item was delivered, or after it was sent back."""
    before = claim.delivered_on is not None and claim.incident_on < claim.delivered_on
    after = claim.returned_on is not None and claim.incident_on > claim.returned_on
    return (Signal.OUTSIDE_POSSESSION,) if before or after else ()


def of_amount(incident_total_minor: int, policy: Policy) -> tuple[Signal, ...]:
    """As much as a small claim can be, but for a few percent: what somebody asks who knows the line."""
    least = 100 - policy.screening.under_line_percent
    close = incident_total_minor * 100 >= policy.handling.small_claim_line_minor * least
    return (Signal.JUST_UNDER_LINE,) if close and policy.is_small(incident_total_minor) else ()


def incident(submission: Submission, policy: Policy) -> IncidentReported:
    """Asks what else the claimant has claimed, and tells what this claim counts: once accepted only what is proven."""
    counts_minor = (
        items.sum_minor(papers.admitted(submission, policy))
        if submission.stage is Stage.ACCEPTED
        else items.admissible_minor(submission.items, policy)
    )
    return IncidentReported(
        claimant_id=submission.claimant_id,
        submission_id=submission.submission_id,
        claim_id=submission.claim_id,
        order_id=submission.order_id,
        seller_id=submission.seller_id,
        currency=submission.currency,
        incident_on=submission.incident_on,
        admitted_minor=counts_minor,
        reported_on=submission.reported_on,
        policy=submission.policy,
        asked=submission.asked,
    )


def links(submission: Submission) -> tuple[LinkReported, ...]:
    """What is known from the first notice on that other claims may have in common with this one."""
    return (
        _link(submission, Signal.SAME_ORDER, "order", submission.order_id),
        _link(submission, Signal.MANY_AGAINST_SELLER, "seller", submission.seller_id),
        *payee_link(submission),
    )


def payee_link(submission: Submission) -> tuple[LinkReported, ...]:
    """None where the claimant himself is paid: nobody else can have that in common."""
    if submission.payee is None:
        return ()
    return (_link(submission, Signal.SAME_PAYEE, "payee", submission.payee),)


def paper_links(submission: Submission, hashes: Iterable[str]) -> tuple[LinkReported, ...]:
    return tuple(_link(submission, Signal.SAME_EVIDENCE, "paper", sha256) for sha256 in hashes)


def _link(submission: Submission, signal: Signal, kind: str, name: str) -> LinkReported:
    link = f"{kind}/{name}"
    return LinkReported(
        link=link if len(link) <= LONGEST_LINK else f"{kind}/{derived_text(kind, name)}",
        signal=signal,
        submission_id=submission.submission_id,
        claim_id=submission.claim_id,
        claimant_id=submission.claimant_id,
        reported_on=submission.reported_on,
        policy=submission.policy,
    )
