"""The seller's turn: the debit notice and its time, the debit, what stops it, and what follows when it fails."""

from uuid import UUID

from services.recovery.closing import appeal_time_begins, debit_stopped, written_off
from services.recovery.questions import questioned
from services.recovery.state import SELLERS_TURN, At, Debit, Recovery, Stage
from shared.events.finance import DebitFailure, SellerDebitFailed
from shared.events.recovery import DebitNoticed, ResultProblem, SellerDebitRequested, WriteOffReason
from shared.events.seller_notifier import NoticeBounced, NoticeHandedOver, NoticeUndeliverable
from shared.runtime import Decision, unchanged


def seller_asked(recovery: Recovery, at: At) -> Decision[Recovery]:
    """Proof and insurer are behind: the seller gets a debit notice, unless there is nothing to be had or to gain."""
    if recovery.insolvent:
        return written_off(recovery, WriteOffReason.INSOLVENT, at)
    if recovery.outstanding_minor < recovery.rules(at).recovery.write_off_below_minor:
        return written_off(recovery, WriteOffReason.TOO_SMALL, at)
    amount, number = recovery.outstanding_minor, recovery.notices + 1
    event = DebitNoticed(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=amount,
        notice_days=int(recovery.rules(at).recovery.debit_notice_days),
        number=number,
    )
    return Decision(recovery.but(stage=Stage.NOTICING, asked_minor=amount, next_at=None, notices=number), (event,))


def debit_notice_out(recovery: Recovery, event: NoticeHandedOver | NoticeUndeliverable, at: At) -> Decision[Recovery]:
    """The seller has the debit notice, or every contact was tried: from that moment its time runs."""
    if recovery.stage is not Stage.NOTICING or not _of_the_present_notice(recovery, event):
        return unchanged(recovery)
    out_at = event.handed_over_at if isinstance(event, NoticeHandedOver) else event.attempted_at
    after = appeal_time_begins(recovery, out_at, at)
    if after.outstanding_minor > after.asked_minor and after.dispute is None:
        return seller_asked(after, at)
    rules = recovery.rules(at)
    runs_until = rules.after(out_at, rules.recovery.debit_notice_days)
    return unchanged(after.but(stage=Stage.NOTICED, next_at=runs_until))


def notice_bounced(recovery: Recovery, event: NoticeBounced) -> Decision[Recovery]:
    """A debit notice that came back was none: its debit is stopped, and the time of the next one begins anew.

    Also the debit of an earlier notice, when a later one is asked for already.
    """
    present = _of_the_present_notice(recovery, event)
    its_own = recovery.debit is not None and recovery.debit.notice == event.number
    decision = debit_stopped(recovery) if present or its_own else unchanged(recovery)
    if present and recovery.stage in (Stage.NOTICED, Stage.DEBITING, Stage.PAUSED):
        again = decision.state.but(stage=Stage.NOTICING, next_at=None, appeal_by=None)
        return Decision(again, decision.says)
    return decision


def _of_the_present_notice(recovery: Recovery, event: NoticeHandedOver | NoticeUndeliverable | NoticeBounced) -> bool:
    """Not of an earlier one, whose letter was late: what it told holds no longer. Records of before have no number."""
    return event.number in (None, recovery.notices)


def debit_due(recovery: Recovery, at: At) -> Decision[Recovery]:
    """The notice's time, or the pause, is over: debit what is outstanding, as soon as no other debit is open."""
    if recovery.insolvent:
        return written_off(recovery, WriteOffReason.INSOLVENT, at)
    if recovery.outstanding_minor > recovery.asked_minor:
        return seller_asked(recovery, at)
    if recovery.debit is not None:
        return unchanged(recovery.but(stage=Stage.DEBITING, next_at=None))
    debit = Debit(number=recovery.debits + 1, amount_minor=recovery.outstanding_minor, notice=recovery.notices)
    event = SellerDebitRequested(
        claim_id=recovery.claim_id,
        debit_id=recovery.debit_id(debit.number),
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=debit.amount_minor,
    )
    after = recovery.but(stage=Stage.DEBITING, next_at=None, debits=debit.number, debit=debit)
    return Decision(after, (event,))


def debit_failed(recovery: Recovery, event: SellerDebitFailed, at: At) -> Decision[Recovery]:
    """Nothing more comes under this debit: pause, then a new debit asks for the rest; of the insolvent, none."""
    if not requested(recovery, event.debit_id):
        return questioned(recovery, event.debit_id, ResultProblem.UNKNOWN_DEBIT)
    debit = recovery.debit
    if debit is None or event.debit_id != recovery.debit_id(debit.number):
        return unchanged(recovery)
    ended = recovery.but(debit=None, insolvent=recovery.insolvent or event.reason is DebitFailure.INSOLVENT)
    if ended.dispute is not None:
        return unchanged(ended)
    if ended.insolvent and ended.stage in SELLERS_TURN:
        return written_off(ended, WriteOffReason.INSOLVENT, at)
    if ended.stage is not Stage.DEBITING:
        return unchanged(ended)
    if debit.stopped and event.reason is DebitFailure.STOPPED:
        return debit_due(ended, at)
    rules = recovery.rules(at)
    retry_at = rules.after(at.now, rules.recovery.debit_retry_days)
    return unchanged(ended.but(stage=Stage.PAUSED, next_at=retry_at))


def requested(recovery: Recovery, debit_id: UUID) -> bool:
    """Whether this debit was ever ours."""
    return any(debit_id == recovery.debit_id(number) for number in range(1, recovery.debits + 1))
