"""A small claim of an insured seller: which cover waives the reimbursement, and the time in which to prove it."""

from datetime import datetime

from services.recovery.closing import appeal_time_begins
from services.recovery.state import At, Recovery, Stage
from shared.events.recovery import ProofRequested
from shared.events.seller_notifier import NoticeHandedOver, NoticeUndeliverable
from shared.policy.model import WaiverCover
from shared.runtime import Decision, unchanged


def cover_waives(recovery: Recovery, at: At, by: datetime | None = None) -> bool | None:
    """Whether the seller's cover waives the reimbursement; None while what is on record is not known.

    ``by``: only cover counts that was known by then, that is, uploaded; when it was judged and heard of is our affair.
    On proof: cover found when the claim was accepted, or any in force today, even if obtained later. On incident:
    cover that answers for the day of the incident (without that day on record, as on proof).
    """
    rules = recovery.rules(at)
    on_incident = rules.recovery.waiver_cover is WaiverCover.ON_INCIDENT
    incident_on = recovery.incident_on if on_incident else None
    if recovery.covered and incident_on is None:
        return True
    if not at.known:
        return None
    if at.reference is None:
        return False
    in_time = tuple(period for period in at.reference.periods if by is None or period.known_since <= by)
    shown = at.reference.model_copy(update={"periods": in_time})
    if incident_on is None:
        return shown.in_force(recovery.marketplace, rules.day_of(at.now if by is None else min(at.now, by)))
    back_dated = rules.recovery.back_dated_cover
    return shown.on_incident(recovery.marketplace, incident_on, back_dated=back_dated) is not None


def proof_asked(recovery: Recovery, amount_minor: int, at: At) -> Decision[Recovery]:
    """Ask for proof of insurance; until its time is over there is no debit notice, and it begins with the letter."""
    rules = recovery.rules(at)
    prove_by = rules.after(at.now, rules.recovery.proof_days)
    event = ProofRequested(
        claim_id=recovery.claim_id,
        seller_id=recovery.seller_id,
        currency=recovery.currency,
        amount_minor=amount_minor,
        prove_by=prove_by,
    )
    after = appeal_time_begins(recovery, at.now, at)
    proving = after.but(stage=Stage.PROVING, asked_minor=amount_minor, next_at=None, prove_by=prove_by)
    return Decision(proving, (event,))


def proof_letter_out(recovery: Recovery, event: NoticeHandedOver | NoticeUndeliverable, at: At) -> Decision[Recovery]:
    """The seller was asked for proof, or every contact was tried: he has the whole time from that moment on."""
    if isinstance(event, NoticeUndeliverable):
        told, out_at = _not_told(recovery), event.attempted_at
    else:
        told, out_at = recovery, event.handed_over_at
    if recovery.stage is not Stage.PROVING:
        return unchanged(told)
    if isinstance(event, NoticeHandedOver):
        told = appeal_time_begins(told, out_at, at)
    rules = recovery.rules(at)
    whole = rules.after(out_at, rules.recovery.proof_days)
    end = max(whole, recovery.prove_by or recovery.next_at or whole)
    return unchanged(told.but(prove_by=end, next_at=end))


def proof_letter_bounced(recovery: Recovery) -> Decision[Recovery]:
    """A request for proof that came back was none: the times to prove and to appeal begin with the next hand-over."""
    untold = _not_told(recovery)
    return unchanged(untold.but(next_at=None) if recovery.stage is Stage.PROVING else untold)


def _not_told(recovery: Recovery) -> Recovery:
    """A request for proof that nobody got began no time to appeal: the debit notice does, unless it is out already."""
    notice_to_come = recovery.stage in (Stage.PROVING, Stage.DEMANDING, Stage.NOTICING)
    return recovery.but(appeal_by=None) if notice_to_come else recovery
