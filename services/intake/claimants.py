"""One claimant's claims beside each other: is this one a repetition, and what else was claimed for the incident?"""

from services.intake.state import Claimant, Incident
from shared.events.base import Event, claim_id_of
from shared.events.intake import IncidentReported, IncidentRetracted, IncidentScreened
from shared.runtime import Decision, Moment, unchanged


def first_incident_reported(event: IncidentReported, at: Moment[Event]) -> Decision[Claimant]:
    """Nothing is known of this claimant yet."""
    return incident_reported(Claimant(), event, at)


def incident_reported(claimant: Claimant, event: IncidentReported, at: Moment[Event]) -> Decision[Claimant]:
    """Answer with the claim that is repeated, or count this one and tell every claim of the same incident."""
    incident = Incident(event.submission_id, event.order_id, event.incident_on, event.currency, event.admitted_minor)
    repeated = next((kept for kept in claimant.incidents if incident.repeats(kept)), None)
    if repeated is not None:
        return Decision(claimant, (_screened(incident, repeats=repeated),))
    now = claimant.remembering(incident)
    return Decision(now, tuple(_screened(each, now) for each in (incident, *now.beside(incident))))


def incident_retracted(claimant: Claimant, event: IncidentRetracted, at: Moment[Event]) -> Decision[Claimant]:
    """Forget the claim, and tell the others of its incident that they stand with less beside them."""
    retracted = next((kept for kept in claimant.incidents if kept.submission_id == event.submission_id), None)
    if retracted is None:
        return unchanged(claimant)
    now = claimant.without(event.submission_id)
    return Decision(now, tuple(_screened(each, now) for each in now.beside(retracted)))


def _screened(
    incident: Incident, among: Claimant | None = None, *, repeats: Incident | None = None
) -> IncidentScreened:
    return IncidentScreened(
        submission_id=incident.submission_id,
        claim_id=claim_id_of(incident.submission_id),
        duplicate_of=claim_id_of(repeats.submission_id) if repeats else None,
        other_admitted_minor=among.others_minor(incident) if among else 0,
    )
