"""One claimant's claims beside each other: repetitions, what else was claimed for the incident, and how many."""

from datetime import date
from typing import Final, NamedTuple

from services.intake.state import At
from shared.events.base import Id, claim_id_of
from shared.events.claim import Signal
from shared.events.intake import IncidentReported, IncidentRetracted, IncidentScreened
from shared.money import MINOR_MAX, Currency, Minor
from shared.policy.model import Screening
from shared.runtime import Decision, State, unchanged

INCIDENTS_KEPT: Final = 100
"""Incidents remembered per claimant: each of them may have to be told of another one, in as many events as one decision
may say. Some 110 bytes each."""


class Incident(NamedTuple):
    """What one claim of a claimant was about, as far as his other claims need to know. An array in JSON."""

    submission_id: Id
    order_id: Id
    incident_on: date
    currency: Currency
    admitted_minor: Minor
    reported_on: date | None = None
    asked: int = 1

    def repeats(self, other: "Incident") -> bool:
        """Another submission for the same order and day."""
        return self._is_beside(other) and self.order_id == other.order_id

    def splits(self, other: "Incident") -> bool:
        """Another submission for the same day, about another order."""
        return self._is_beside(other) and self.order_id != other.order_id

    def adds_to(self, other: "Incident") -> bool:
        """Another submission for the same day, counted in the same currency."""
        return self._is_beside(other) and self.currency == other.currency

    def within(self, days: int, other: "Incident") -> bool:
        """Reported no further apart; a submission is within any window of itself."""
        if self.reported_on is None or other.reported_on is None:
            return False
        return abs((self.reported_on - other.reported_on).days) <= days

    def _is_beside(self, other: "Incident") -> bool:
        return self.submission_id != other.submission_id and self.incident_on == other.incident_on


class Claimant(State):
    """The claimant's last reported incidents, the oldest report first.

    Beyond ``INCIDENTS_KEPT`` the oldest report is forgotten. A repetition of it cannot be told from a new claim, so
    from then on every claim of this claimant is investigated by a person. Nobody honest comes near.
    """

    incidents: tuple[Incident, ...] = ()
    forgot: bool = False

    def remembering(self, incident: Incident) -> "Claimant":
        return self._with(*self._others(incident.submission_id), incident)

    def without(self, submission_id: str) -> "Claimant":
        return self._with(*self._others(submission_id))

    def _others(self, submission_id: str) -> tuple[Incident, ...]:
        return tuple(kept for kept in self.incidents if kept.submission_id != submission_id)

    def _with(self, *incidents: Incident) -> "Claimant":
        """A state of an earlier version may have more than are kept now."""
        return Claimant(incidents=incidents[-INCIDENTS_KEPT:], forgot=self.forgot or len(incidents) > INCIDENTS_KEPT)

    def others_minor(self, incident: Incident) -> int:
        """The sum of the claimant's other claims for the same incident."""
        return min(sum(other.admitted_minor for other in self.incidents if incident.adds_to(other)), MINOR_MAX)

    def signals(self, incident: Incident, rules: Screening | None) -> tuple[Signal, ...]:
        """What looks like fraud when a claim is seen beside the claimant's others."""
        split = any(incident.splits(other) for other in self.incidents)
        near = 0 if rules is None else sum(incident.within(rules.within_days, each) for each in self.incidents)
        found = {
            Signal.SAME_INCIDENT: split,
            Signal.MANY_BY_CLAIMANT: rules is not None and near >= rules.claims_by_claimant,
        }
        return tuple(signal for signal, holds in found.items() if holds)


def first_incident_reported(event: IncidentReported, at: At) -> Decision[Claimant]:
    """Count the first claim of this claimant: nothing stands beside it."""
    return incident_reported(Claimant(), event, at)


def incident_reported(claimant: Claimant, event: IncidentReported, at: At) -> Decision[Claimant]:
    """Answer with the claim that is repeated; or count this one, and tell every claim that now stands differently."""
    incident = Incident(
        event.submission_id,
        event.order_id,
        event.incident_on,
        event.currency,
        event.admitted_minor,
        event.reported_on,
        event.asked,
    )
    repeated = next((kept for kept in claimant.incidents if incident.repeats(kept)), None)
    if repeated is not None:
        return Decision(claimant, (_repetition(incident, repeated),))
    rules = at.policies.version(event.policy).screening if event.policy else None
    now = claimant.remembering(incident)
    others = _told_anew(claimant, now.without(incident.submission_id), now, rules)
    answer = _screened(incident, now, rules)
    return Decision(now, (_may_repeat(answer) if now.forgot else answer, *others))


def incident_retracted(claimant: Claimant, event: IncidentRetracted, at: At) -> Decision[Claimant]:
    """Forget the claim, and tell the others of its incident that they stand with less beside them."""
    now = claimant.without(event.submission_id)
    if now == claimant:
        return unchanged(claimant)
    return Decision(now, _told_anew(claimant, now, now, None))


def _told_anew(
    before: Claimant, those: Claimant, now: Claimant, rules: Screening | None
) -> tuple[IncidentScreened, ...]:
    """The answers that have changed by what came or went."""
    answers = ((_screened(each, before, rules), _screened(each, now, rules)) for each in those.incidents)
    return tuple(new for old, new in answers if new != old)


def _screened(incident: Incident, among: Claimant, rules: Screening | None) -> IncidentScreened:
    return IncidentScreened(
        submission_id=incident.submission_id,
        claim_id=claim_id_of(incident.submission_id),
        duplicate_of=None,
        other_admitted_minor=among.others_minor(incident),
        signals=among.signals(incident, rules),
        asked=incident.asked,
    )


def _may_repeat(answer: IncidentScreened) -> IncidentScreened:
    """Among claims that are not all remembered: the signal says why a person looks."""
    signals = tuple(dict.fromkeys((*answer.signals, Signal.MANY_BY_CLAIMANT)))
    return answer.model_copy(update={"may_repeat": True, "signals": signals})


def _repetition(incident: Incident, repeated: Incident) -> IncidentScreened:
    return IncidentScreened(
        submission_id=incident.submission_id,
        claim_id=claim_id_of(incident.submission_id),
        duplicate_of=claim_id_of(repeated.submission_id),
        other_admitted_minor=0,
        asked=incident.asked,
    )
