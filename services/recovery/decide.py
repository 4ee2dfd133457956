"""How the seller is pursued: waive a small claim of an insured seller, else the insurer, notice, debit, write-off."""

from datetime import timedelta

from services.recovery import insurer
from services.recovery.closing import then, waived, written_off
from services.recovery.debits import debit_due, seller_asked
from services.recovery.state import SELLERS_TURN, At, Payout, Recovery, Stage
from services.recovery.waiver import cover_waives, proof_asked
from shared.events.escalation import PayoutAuthorized
from shared.events.recovery import WaiverReason, WriteOffReason
from shared.runtime import Decision, unchanged

ASK_AGAIN = timedelta(minutes=5)
"""How soon to ask again about a cover of which nothing is known yet."""


def payout_authorized(event: PayoutAuthorized, at: At) -> Decision[Recovery]:
    """Remember how the claim went; nothing is pursued before finance has paid."""
    return unchanged(Recovery.begun(event))


def payment_pursued(recovery: Recovery, payout: Payout, added_minor: int, at: At) -> Decision[Recovery]:
    """What was paid anew is pursued too: by itself where nothing runs, else together with what is pursued already."""
    if recovery.stage is Stage.NOTICING:
        return unchanged(recovery)  # a notice of the new sum follows when the present one is out
    if recovery.stage in (Stage.CHECKING, Stage.PROVING):
        joins = payout.small or not recovery.small
        return unchanged(recovery.but(asked_minor=recovery.asked_minor + (added_minor if joins else 0)))
    now = recovery.but(small=payout.small, covered=payout.covered)
    if now.dispute is not None:
        return unchanged(now.but(stage=Stage.CHECKING, asked_minor=now.outstanding_minor, next_at=at.now))
    return pursued(now, added_minor, at)


def pursued(recovery: Recovery, amount_minor: int, at: At) -> Decision[Recovery]:
    """A small claim is waived on cover on record; what is not worth pursuing is written off; else proof or insurer."""
    anew = recovery.but(prove_by=None, insurers_asked=())
    if not anew.small:
        return _insurer_asked(anew, amount_minor, at)
    waives = cover_waives(anew, at)
    if waives is None:
        return _asked_again_soon(anew, Stage.CHECKING, amount_minor, at)
    if waives:
        return _waived(anew, amount_minor, at)
    if _is_too_small(anew, at):
        return written_off(anew, WriteOffReason.TOO_SMALL, at)
    return proof_asked(anew, amount_minor, at)


def went_on(recovery: Recovery, at: At) -> Decision[Recovery]:
    """Take the next step that is due: of each stage its own, and the write-off when its time has come."""
    if recovery.write_off_at is None or recovery.stage in (Stage.AUTHORIZED, Stage.CLOSED):
        return unchanged(recovery)
    if recovery.insolvent and recovery.stage in SELLERS_TURN:
        return written_off(recovery, WriteOffReason.INSOLVENT, at)
    if at.now >= recovery.write_off_at:
        letter_not_out = recovery.stage is Stage.PROVING and recovery.next_at is None
        never_noticed = recovery.stage is Stage.NOTICING or letter_not_out
        reason = WriteOffReason.NO_NOTICE_POSSIBLE if never_noticed else WriteOffReason.UNCOLLECTABLE
        return written_off(recovery, reason, at)
    if recovery.may_be_proven and cover_waives(recovery, at, recovery.prove_by):
        return waived(recovery, recovery.outstanding_minor, WaiverReason.SMALL_INSURED, at)
    over = recovery.next_at is not None and at.now >= recovery.next_at
    match recovery.stage:
        case Stage.CHECKING:
            return pursued(recovery, recovery.asked_minor, at)
        case Stage.PROVING:
            return _proof_looked_for(recovery, over, at)
        case Stage.DEMANDING if over:
            return _next_insurer_asked(recovery, at)
        case Stage.NOTICED | Stage.PAUSED if over:
            return debit_due(recovery, at)
        case Stage.DEBITING if recovery.debit is None:
            return debit_due(recovery, at)
        case _:
            return unchanged(recovery)


def _proof_looked_for(recovery: Recovery, over: bool, at: At) -> Decision[Recovery]:
    """Proof counts that was uploaded within its time, whenever we look; a dispute neither lengthens nor shortens it."""
    letter_out = recovery.next_at is not None
    waives = cover_waives(recovery, at, (recovery.prove_by or recovery.next_at) if letter_out else None)
    if waives:
        return _waived(recovery, recovery.asked_minor, at)
    if not over:
        return unchanged(recovery)
    if waives is None:
        return _asked_again_soon(recovery, Stage.PROVING, recovery.asked_minor, at)
    return _insurer_asked(recovery, recovery.outstanding_minor, at)


def _waived(recovery: Recovery, amount_minor: int, at: At) -> Decision[Recovery]:
    """Waive what is small; what else is outstanding goes on."""
    amount = min(amount_minor, recovery.outstanding_minor)
    decision = waived(recovery, amount, WaiverReason.SMALL_INSURED, at)
    rest = decision.state.outstanding_minor
    if not rest:
        return decision
    return then(decision, lambda now: _insurer_asked(now.but(small=now.payouts[-1].small), rest, at))


def _insurer_asked(recovery: Recovery, amount_minor: int, at: At) -> Decision[Recovery]:
    """Before the seller, the insurer is asked whose cover was in force on the day of the incident."""
    if _is_too_small(recovery, at):
        return written_off(recovery, WriteOffReason.TOO_SMALL, at)
    if insurer.may_be_asked(recovery, at):
        if not at.known:
            return _asked_again_soon(recovery, Stage.CHECKING, amount_minor, at)
        if (cover := insurer.cover_of_the_day(recovery, at)) is not None:
            return insurer.demanded(recovery, cover, amount_minor, at)
    return seller_asked(recovery, at)


def _next_insurer_asked(recovery: Recovery, at: At) -> Decision[Recovery]:
    """What an insurer has not paid in time is asked of the next one of that day; then it is the seller's turn."""
    if not at.known:
        return _asked_again_soon(recovery, Stage.DEMANDING, recovery.asked_minor, at)
    who_was_asked_is_known = bool(recovery.insurers_asked)  # it was not kept at first
    next_one = insurer.cover_of_the_day(recovery, at) if who_was_asked_is_known else None
    if next_one is None or _is_too_small(recovery, at):
        return seller_asked(recovery, at)
    return insurer.demanded(recovery, next_one, recovery.outstanding_minor, at)


def _is_too_small(recovery: Recovery, at: At) -> bool:
    return recovery.outstanding_minor < recovery.rules(at).recovery.write_off_below_minor


def _asked_again_soon(recovery: Recovery, stage: Stage, amount_minor: int, at: At) -> Decision[Recovery]:
    return unchanged(recovery.but(stage=stage, asked_minor=amount_minor, next_at=at.now + ASK_AGAIN))
