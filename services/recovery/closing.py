"""How a recovery ends: waived, written off, all of it recovered. And what follows from every change of money."""

from collections.abc import Callable
from datetime import datetime

from services.recovery.ledger import Move, book_decision
from services.recovery.state import At, Recovery, Stage
from shared.events.recovery import (
    RecoveryClosed,
    RecoveryWrittenOff,
    ReimbursementWaived,
    SellerDebitStopped,
    WaiverReason,
    WriteOffReason,
)
from shared.runtime import Decision, unchanged


def then(first: Decision[Recovery], follows: Callable[[Recovery], Decision[Recovery]]) -> Decision[Recovery]:
    """One decision after another, as one."""
    second = follows(first.state)
    return Decision(second.state, first.says + second.says, first.does + second.does)


def waived(recovery: Recovery, amount_minor: int, reason: WaiverReason, at: At) -> Decision[Recovery]:
    """The seller need not reimburse this much of what is outstanding; from now on he may appeal, if not already."""
    if not amount_minor:
        return unchanged(recovery)
    event = ReimbursementWaived(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=amount_minor,
        reason=reason,
    )
    entries = book_decision(recovery, at.now, reason, {Move.WAIVED: amount_minor})
    after = appeal_time_begins(recovery, at.now, at).but(
        waived_minor=recovery.waived_minor + amount_minor, decisions=recovery.decisions + 1
    )
    return then(Decision(after, (event,), entries), lambda now: settled(recovery, now))


def written_off(recovery: Recovery, reason: WriteOffReason, at: At) -> Decision[Recovery]:
    """All that is outstanding is no longer pursued: the marketplace bears it."""
    amount = recovery.outstanding_minor
    event = RecoveryWrittenOff(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=amount,
        reason=reason,
    )
    entries = book_decision(recovery, at.now, reason, {Move.WRITTEN_OFF: amount})
    after = recovery.but(written_off_minor=recovery.written_off_minor + amount, decisions=recovery.decisions + 1)
    return then(Decision(after, (event,), entries), lambda now: settled(recovery, now))


def settled(before: Recovery, now: Recovery) -> Decision[Recovery]:
    """After money has moved: no debit is left open for more than is outstanding, and nothing outstanding closes.

    Said again for a recovery that was closed before when its sums have changed.
    """
    decision = unchanged(now)
    if now.debit is not None and now.debit.rest_minor > now.outstanding_minor:
        decision = debit_stopped(now)
    never_paid = now.write_off_at is None
    if now.outstanding_minor or never_paid:
        return decision
    if now.stage is Stage.CLOSED and _sums(before) == _sums(now):
        return decision
    return then(decision, _closed)


def debit_stopped(recovery: Recovery) -> Decision[Recovery]:
    """Nothing more is to be collected under the open debit; it stays open until finance says that it has ended."""
    debit = recovery.debit
    if debit is None or debit.stopped:
        return unchanged(recovery)
    event = SellerDebitStopped(
        claim_id=recovery.claim_id, debit_id=recovery.debit_id(debit.number), seller_id=recovery.seller_id
    )
    return Decision(recovery.but(debit=debit.model_copy(update={"stopped": True})), (event,))


def appeal_time_begins(recovery: Recovery, told_at: datetime, at: At) -> Recovery:
    """The seller's time to appeal runs from the first word that he got: a waiver, a request for proof, a notice.

    A letter that nobody got takes its beginning back.
    """
    if recovery.appeal_by is not None:
        return recovery
    rules = recovery.rules(at)
    return recovery.but(appeal_by=rules.after(told_at, rules.recovery.appeal_days))


def _closed(recovery: Recovery) -> Decision[Recovery]:
    event = RecoveryClosed(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        recovered_minor=recovery.recovered_minor,
        waived_minor=recovery.waived_minor,
        written_off_minor=recovery.written_off_minor,
    )
    return Decision(recovery.but(stage=Stage.CLOSED, next_at=None), (event,))


def _sums(recovery: Recovery) -> tuple[int, int, int]:
    return recovery.recovered_minor, recovery.waived_minor, recovery.written_off_minor
