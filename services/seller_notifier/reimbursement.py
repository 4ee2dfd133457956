"""Letters about money that the seller is to reimburse: proof of insurance, notice of a debit, outcome of an appeal."""

from datetime import datetime

from services.seller_notifier.posting import At, policy_of, post
from services.seller_notifier.state import Correspondence
from shared.events.recovery import (
    DebitNoticed,
    ProofRequested,
    RecoveryClosed,
    RecoveryOpened,
    RecoveryResumed,
    RecoveryReversed,
    ReimbursementWaived,
    WaiverReason,
)
from shared.events.seller_notifier import NoticeKind
from shared.runtime import Decision, unchanged


def recovery_opened(state: Correspondence, event: RecoveryOpened, at: At) -> Decision[Correspondence]:
    """A payment gives the seller a time to appeal of its own, from the first letter that asks him for money.

    After an appeal that was won he may appeal it, too; one that was lost was the only one of its claim.
    """
    return Decision(state.but(appeal_by=None, appealed=state.appealed and not state.spared, spared=False))


def proof_requested(state: Correspondence, event: ProofRequested, at: At) -> Decision[Correspondence]:
    """Ask for proof of insurance, and say until when the seller may appeal: from the request on, if it reaches him."""
    asked = appeal_time_begins(state, at.said_at, at)
    return post(asked.wanting(NoticeKind.PROOF, amount_minor=event.amount_minor, prove_by=event.prove_by), at)


def debit_noticed(state: Correspondence, event: DebitNoticed, at: At) -> Decision[Correspondence]:
    """Give notice of the debit: the amount, the reason, the evidence, and how to appeal. An earlier one is outdated."""
    asked_before = state.outdating(NoticeKind.PROOF, NoticeKind.DEBIT)
    return post(asked_before.wanting(NoticeKind.DEBIT, amount_minor=event.amount_minor, number=event.number), at)


def recovery_reversed(state: Correspondence, event: RecoveryReversed, at: At) -> Decision[Correspondence]:
    """Tell the seller that he owes nothing any more; what asked him for money before is not written again."""
    return _spared(state.but(spared=True), event.amount_minor, event.reason, at)


def reimbursement_waived(state: Correspondence, event: ReimbursementWaived, at: At) -> Decision[Correspondence]:
    """Tell a seller who was asked for money that he owes none, where the claim was a duplicate."""
    if event.reason is not WaiverReason.DUPLICATE or not state.is_asked_for_money:
        return unchanged(state)
    return _spared(state, event.amount_minor, event.reason, at)


def _spared(state: Correspondence, amount_minor: int, reason: WaiverReason, at: At) -> Decision[Correspondence]:
    asked_before = state.outdating(NoticeKind.PROOF, NoticeKind.DEBIT)
    return post(asked_before.wanting(NoticeKind.APPEAL, amount_minor=amount_minor, reversed_for=reason), at)


def recovery_resumed(state: Correspondence, event: RecoveryResumed, at: At) -> Decision[Correspondence]:
    """Tell the seller that his appeal was decided against him, and what he owes as before."""
    return post(state.wanting(NoticeKind.APPEAL, amount_minor=event.amount_minor), at)


def recovery_closed(state: Correspondence, event: RecoveryClosed, at: At) -> Decision[Correspondence]:
    """Nothing is asked for any more: a letter that asked for it is not written again, should it come back."""
    return post(state.outdating(NoticeKind.PROOF, NoticeKind.DEBIT), at)


def appeal_time_begins(state: Correspondence, told_at: datetime, at: At) -> Correspondence:
    """Counted once, from the first word that asks the seller for money and reaches him; so does recovery."""
    if state.appeal_by is not None:
        return state
    policy = policy_of(state, at)
    return state.but(appeal_by=policy.after(told_at, policy.recovery.appeal_days))
