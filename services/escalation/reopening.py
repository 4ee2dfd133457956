"""A claim that has ended is looked at again, in a new round: papers found, the customer's appeal, or more to pay."""

from typing import Final

from services.escalation import clocks, items
from services.escalation.parts import Ended
from services.escalation.routing import go_on
from services.escalation.state import At, Case
from services.escalation.status import saying, told
from shared.events.adjusters import ReviewKind
from shared.events.claim import Reason, ReopeningReason
from shared.events.escalation import ClaimReopened, Notice, Outcome, Status
from shared.events.intake import ReopeningRecorded, ReopeningRefused
from shared.runtime import Decision

MOST_ROUNDS: Final = 8
"""Each round's payout is remembered; a claim that was looked at so often is for people to talk about."""


def reopening_recorded(case: Case, event: ReopeningRecorded, at: At) -> Decision[Case]:
    """Opens a round for a claim that has ended, if asked for in time; otherwise the customer hears that it stays so.

    While the payout is on its way, which may take days, or waits for a new payee, the round waits for its end.
    """
    if case.is_being_paid:
        return Decision(case.but(to_reopen=event.reason))
    if not _can_be_reopened(case, at):
        return told(Decision(case), at, Notice.NOT_REOPENED, Reason.NOT_REOPENED)
    if case.outcome is Outcome.PAYOUT_FAILED:
        return told(Decision(case.but(to_reopen=event.reason)), at, Notice.PROGRESS)
    return _round_opened(case.but(dealt_with=()), event.reason, ReviewKind.REOPENED, at)


def reopening_refused(case: Case, event: ReopeningRefused, at: At) -> Decision[Case]:
    """The customer hears why intake does not go on with a claim that was never accepted."""
    return told(Decision(case), at, Notice.NOT_REOPENED, *event.reasons)


def open_next_round(paid: Decision[Case], at: At) -> Decision[Case]:
    """A claim that has just been paid, and that the customer asked to reopen meanwhile, or that comes to more now."""
    case = paid.state
    if case.to_reopen is None:
        return open_round_for_more(paid, at)
    if case.round >= MOST_ROUNDS:
        stays = Decision(case.but(to_reopen=None), paid.says, paid.does)
        return told(stays, at, Notice.NOT_REOPENED, Reason.NOT_REOPENED)
    return _and_then(paid, _round_opened(case.but(dealt_with=()), case.to_reopen, ReviewKind.REOPENED, at), at)


def open_round_for_more(paid: Decision[Case], at: At) -> Decision[Case]:
    """A claim that was paid, if it comes to more now: a person looks at the amount of what is more."""
    case = paid.state
    if not items.comes_to_more(case) or case.round >= MOST_ROUNDS:
        return paid
    if items.total(items.owed(case.but(round=case.round + 1))) == 0:
        return paid
    return _and_then(paid, _round_opened(case, ReopeningReason.AMENDED, ReviewKind.AMOUNT, at), at)


def _and_then(paid: Decision[Case], opened: Decision[Case], at: At) -> Decision[Case]:
    """One decision of both, and the customer hears of each."""
    said = told(opened, at, Notice.REOPENED)
    return Decision(said.state, (*paid.says, *said.says), (*paid.does, *said.does))


def _can_be_reopened(case: Case, at: At) -> bool:
    """By when intake heard the request, not by when we do."""
    if case.accepted is None or case.status is not Status.CLOSED:
        return False
    if case.outcome is Outcome.DUPLICATE:  # it lives on in the other claim
        return False
    if case.ended_at is None or case.round >= MOST_ROUNDS:
        return False
    policy = case.policy(at)
    return at.said_at <= policy.after(case.ended_at, policy.eligibility.reopen_days)


def _round_opened(case: Case, reason: ReopeningReason, kind: ReviewKind, at: At) -> Decision[Case]:
    assert case.outcome is not None
    assert case.ended_at is not None
    again = case.but(
        round=case.round + 1,
        former=Ended(case.outcome, case.reasons, case.ended_at),
        outcome=None,
        reasons=(),
        ended_at=None,
        suspected=False,  # what is suspected is shown to who looks now
        resumes=kind,
        adjusters=(),
        release=None,
        amended=False,
        to_reopen=None,
    )
    opened = go_on(clocks.started(again, at), at)
    reopened = ClaimReopened(claim_id=case.claim_id, seller_id=case.terms.seller_id, round=again.round, reason=reason)
    return saying(reopened, opened)
