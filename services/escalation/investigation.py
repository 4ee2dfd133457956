"""Special investigation: a person looks at what looks like fraud, before any route and whenever suspicion grows."""

from services.escalation import items
from services.escalation.ending import refuse
from services.escalation.review import ask_anew, investigate
from services.escalation.routing import go_on
from services.escalation.state import At, Case
from shared.events.adjusters import ReviewDecided
from shared.events.intake import SuspicionRaised
from shared.runtime import Decision, unchanged


def suspicion_raised(case: Case, event: SuspicionRaised, at: At) -> Decision[Case]:
    """Has a claim investigated that looks like fraud since, whatever it waits for, until a payout is authorised."""
    if case.accepted is None or set(event.signals) <= set(case.signals):
        return unchanged(case)
    known = case.but(signals=tuple(dict.fromkeys((*case.signals, *event.signals))))
    if not case.undecided:
        return Decision(known)  # a reopening shows them to who looks then
    if case.investigated:
        return ask_anew(known, at)
    return investigate(known.but(suspected=True), at, resumes=case.review or case.resumes)


def investigation_decided(case: Case, event: ReviewDecided, at: At) -> Decision[Case]:
    """Cleared: goes the way it would have gone, without what the investigation refused. Not cleared: denied."""
    if not event.valid:
        return refuse(case, at, *event.reasons)
    cut = items.cut_to(case.items, event.findings)
    cleared = case.but(
        suspected=False,
        review=None,
        items=cut,
        cut_by_investigator=case.cut_by_investigator or cut != case.items,
    )
    return go_on(cleared, at)
