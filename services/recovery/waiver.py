"""A small claim of an insured seller: which cover waives the reimbursement, and the time in which to prove it."""

from services.recovery.closing import appeal_time_begins
from services.recovery.state import At, Recovery, Stage
from shared.events.recovery import ProofRequested
from shared.policy.model import WaiverCover
from shared.runtime import Decision


def cover_waives(recovery: Recovery, at: At) -> bool | None:
    """Whether the seller's cover waives the reimbursement; None while what is on record is not known.

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
    if incident_on is None:
        return at.reference.in_force(recovery.marketplace, rules.day_of(at.now))
    back_dated = rules.recovery.back_dated_cover
    return at.reference.on_incident(recovery.marketplace, incident_on, back_dated=back_dated) is not None


def proof_asked(recovery: Recovery, amount_minor: int, at: At) -> Decision[Recovery]:
    """Ask for proof of insurance; until its time is over there is no debit notice."""
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
    return Decision(after.but(stage=Stage.PROVING, asked_minor=amount_minor, next_at=prove_by), (event,))
