"""How the seller is pursued: waive a small claim of an insured seller, else notice, debit, retry, write off."""

from collections.abc import Callable
from datetime import timedelta

from services.recovery.ledger import Move, book
from services.recovery.state import Recovery, Stage
from shared.events.escalation import PayoutAuthorized
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.recovery import (
    DebitNoticed,
    ProofRequested,
    RecoveryClosed,
    RecoveryWrittenOff,
    ReimbursementWaived,
    SellerDebitRequested,
    WaiverReason,
    WriteOffReason,
)
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind, NoticeUndeliverable
from shared.policy import Policy
from shared.policy.model import WaiverCover
from shared.runtime import Decision, Moment, unchanged

ASK_AGAIN = timedelta(minutes=5)
"""How soon to ask again about a cover of which nothing is known yet."""

At = Moment[SellerCoverChanged]


def payout_authorized(event: PayoutAuthorized, at: At) -> Decision[Recovery]:
    """Remember how the claim went; nothing is pursued before finance has paid."""
    return unchanged(Recovery.begun(event))


def pursued(recovery: Recovery, at: At) -> Decision[Recovery]:
    """Only a small claim can be waived: on cover on record, or on proof asked for now."""
    if not recovery.small:
        return _notice_asked(recovery, at)
    waived = _cover_waives(recovery, at)
    if waived is None:
        return _asked_again_soon(recovery, at, Stage.CHECKING)
    return _waived(recovery, at) if waived else _proof_asked(recovery, at)


def debit_notice_out(recovery: Recovery, event: NoticeHandedOver | NoticeUndeliverable, at: At) -> Decision[Recovery]:
    """The seller has the debit notice, or every contact was tried: from that moment its time runs."""
    if event.kind is not NoticeKind.DEBIT or recovery.stage is not Stage.NOTICING:
        return unchanged(recovery)
    out_at = event.handed_over_at if isinstance(event, NoticeHandedOver) else event.attempted_at
    notice = timedelta(days=_policy(recovery, at).recovery.debit_notice_days)
    return unchanged(recovery.model_copy(update={"stage": Stage.NOTICED, "next_at": out_at + notice}))


def deadline_passed(recovery: Recovery, at: At) -> Decision[Recovery]:
    """A time is over, or the seller's cover has changed: take the next step that is due."""
    if recovery.due is None or recovery.write_off_at is None:
        return unchanged(recovery)
    if at.now >= recovery.write_off_at:
        return _written_off(recovery, at)
    if recovery.stage is Stage.CHECKING:
        return pursued(recovery, at)
    if recovery.stage is Stage.PROVING:
        return _proof_looked_for(recovery, at)
    if at.now < recovery.due:
        return unchanged(recovery)
    return _debit_requested(recovery)


def closed(recovery: Recovery) -> Decision[Recovery]:
    """Everything that was paid out has found its place."""
    event = RecoveryClosed(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        recovered_minor=recovery.recovered_minor,
        waived_minor=recovery.waived_minor,
        written_off_minor=recovery.written_off_minor,
    )
    return Decision(recovery.model_copy(update={"stage": Stage.CLOSED, "next_at": None}), (event,))


def then(first: Decision[Recovery], follows: Callable[[Recovery], Decision[Recovery]]) -> Decision[Recovery]:
    """One decision after another, as one."""
    second = follows(first.state)
    return Decision(second.state, first.says + second.says, first.does + second.does)


def _cover_waives(recovery: Recovery, at: At) -> bool | None:
    """Whether the seller's cover waives the reimbursement; None while what is on record is not known.

    On proof: cover found when the claim was accepted, or any in force today, even if obtained later. On incident:
    cover on the day of the incident (without that day on record, as on proof).
    """
    on_incident = _policy(recovery, at).recovery.waiver_cover is WaiverCover.ON_INCIDENT
    incident_on = recovery.incident_on if on_incident else None
    if recovery.covered and incident_on is None:
        return True
    if not at.known:
        return None
    return at.reference is not None and at.reference.in_force(recovery.marketplace, incident_on or at.now.date())


def _proof_looked_for(recovery: Recovery, at: At) -> Decision[Recovery]:
    waived = _cover_waives(recovery, at)
    if waived:
        return _waived(recovery, at)
    if recovery.next_at is not None and at.now < recovery.next_at:
        return unchanged(recovery)
    if waived is None:
        return _asked_again_soon(recovery, at, Stage.PROVING)
    return _notice_asked(recovery, at)


def _asked_again_soon(recovery: Recovery, at: At, stage: Stage) -> Decision[Recovery]:
    return unchanged(recovery.model_copy(update={"stage": stage, "next_at": at.now + ASK_AGAIN}))


def _proof_asked(recovery: Recovery, at: At) -> Decision[Recovery]:
    prove_by = at.now + timedelta(days=_policy(recovery, at).recovery.proof_days)
    event = ProofRequested(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=recovery.outstanding_minor,
        prove_by=prove_by,
    )
    return Decision(recovery.model_copy(update={"stage": Stage.PROVING, "next_at": prove_by}), (event,))


def _notice_asked(recovery: Recovery, at: At) -> Decision[Recovery]:
    event = DebitNoticed(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=recovery.outstanding_minor,
        notice_days=_policy(recovery, at).recovery.debit_notice_days,
    )
    return Decision(recovery.model_copy(update={"stage": Stage.NOTICING, "next_at": None}), (event,))


def _debit_requested(recovery: Recovery) -> Decision[Recovery]:
    """Ask for all that is outstanding; no other debit is open now."""
    number = recovery.debits + 1
    event = SellerDebitRequested(
        claim_id=recovery.claim_id,
        debit_id=recovery.debit_id(number),
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=recovery.outstanding_minor,
    )
    after = recovery.model_copy(update={"stage": Stage.DEBITING, "debits": number, "next_at": None})
    return Decision(after, (event,))


def _waived(recovery: Recovery, at: At) -> Decision[Recovery]:
    amount, reason = recovery.outstanding_minor, WaiverReason.SMALL_INSURED
    event = ReimbursementWaived(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=amount,
        reason=reason,
    )
    entries = book(recovery, at.now, recovery.payout_id, reason, {Move.WAIVED: amount})
    return then(Decision(recovery.model_copy(update={"waived_minor": amount}), (event,), entries), closed)


def _written_off(recovery: Recovery, at: At) -> Decision[Recovery]:
    never_noticed = recovery.stage is Stage.NOTICING
    amount = recovery.outstanding_minor
    reason = WriteOffReason.NO_NOTICE_POSSIBLE if never_noticed else WriteOffReason.UNCOLLECTABLE
    event = RecoveryWrittenOff(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=amount,
        reason=reason,
    )
    entries = book(recovery, at.now, recovery.payout_id, reason, {Move.WRITTEN_OFF: amount})
    return then(Decision(recovery.model_copy(update={"written_off_minor": amount}), (event,), entries), closed)


def _policy(recovery: Recovery, at: At) -> Policy:
    return at.policies.version(recovery.policy)
