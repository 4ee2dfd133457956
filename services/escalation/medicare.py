"""Medicare: payments for one incident to a beneficiary are reported once they pass the threshold."""

from services.escalation.state import At, Case
from shared.events.claim import InjuryClass
from shared.events.escalation import MedicareReportDue, Outcome
from shared.events.intake import BeneficiaryRecorded
from shared.money import MINOR_MAX
from shared.runtime import Decision, unchanged


def beneficiary_recorded(case: Case, event: BeneficiaryRecorded, at: At) -> Decision[Case]:
    """Takes the answer as it was given; what was paid to a beneficiary before is reported at once."""
    if case.accepted is None or case.terms.beneficiary is event.beneficiary:
        return unchanged(case)
    return _known_since(case, {"beneficiary": event.beneficiary}, at)


def injury_known(case: Case, injury: InjuryClass | None, at: At) -> Decision[Case]:
    """A claim that an amendment makes one of an injury stays one, and what was paid before is reported at once."""
    if injury in (None, InjuryClass.NONE):
        return unchanged(case)
    serious = case.terms.serious or injury is InjuryClass.SERIOUS
    if case.terms.hurt and case.terms.serious is serious:
        return unchanged(case)
    return _known_since(case, {"hurt": True, "serious": serious}, at)


def _known_since(case: Case, terms: dict[str, bool], at: At) -> Decision[Case]:
    known = case.but(accepted=case.terms.model_copy(update=terms))
    held = [payout.round for payout in case.payouts if payout.held_minor]
    if not held or case.outcome is Outcome.DUPLICATE:
        return Decision(known)
    return reporting(known, max(held), at)


def reporting(case: Case, round_: int, at: At) -> Decision[Case]:
    """Once per round: payments for the incident to a beneficiary, over the threshold in force on the day of payment."""
    terms, policy = case.terms, case.policy(at)
    over_minor = policy.injuries.reported_over(policy.day_of(at.now))
    paid_minor = sum(min(payout.held_minor, payout.amount_minor) for payout in case.payouts) + terms.others_minor
    reports = terms.beneficiary and terms.hurt and case.medicare_round < round_
    if not reports or over_minor is None or paid_minor <= over_minor:
        return Decision(case)
    due = MedicareReportDue(
        claim_id=case.claim_id,
        submission_id=case.submission_id,
        currency=terms.currency,
        paid_minor=min(paid_minor, MINOR_MAX),
        threshold_minor=over_minor,
    )
    return Decision(case.but(medicare_round=round_), (due,))
