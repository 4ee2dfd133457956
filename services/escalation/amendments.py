"""A claim that comes to another amount: before a payout it may change its route once, afterwards a round opens."""

from services.escalation import items
from services.escalation.ending import is_paid
from services.escalation.medicare import injury_known
from services.escalation.parts import Growth
from services.escalation.reopening import open_round_for_more
from services.escalation.review import ask_anew, investigate, look_at_more, pay_unless_serious
from services.escalation.routing import crosses_to_seller, is_paid_directly, reroute
from services.escalation.state import At, Case
from services.escalation.status import standing, told
from shared.events.adjusters import ReviewKind
from shared.events.escalation import Notice, Status
from shared.events.intake import AmendmentRecorded
from shared.events.seller_portal import AnswerChoice
from shared.runtime import Decision, unchanged


def amendment_recorded(case: Case, event: AmendmentRecorded, at: At) -> Decision[Case]:
    """Takes the claim as it is now: rerouted once if it crossed the line, and looked at anew by whoever is looking.

    After a payout is authorised its order stays as it was: more opens a round of its own, once it is paid.
    """
    if case.accepted is None or event.currency is not case.terms.currency:
        return unchanged(case)
    known = injury_known(case, event.injury, at)
    decision = _amended(known.state, event, at)
    return Decision(decision.state, (*known.says, *decision.says), decision.does)


def _amended(case: Case, event: AmendmentRecorded, at: At) -> Decision[Case]:
    others_minor = max(event.incident_total_minor - event.admitted_minor, 0)
    terms = case.terms.model_copy(update={"small": event.small, "others_minor": others_minor})
    admitted = items.as_admitted(event.items)
    amended = case.but(accepted=terms, items=admitted)
    amended = amended.but(contested=_contested(case, amended), grown=_grown(case, amended, at))
    if (terms, admitted) == (case.terms, case.items):
        return unchanged(case)
    if case.payouts and not case.undecided:
        return _after_payout(case, amended, at)
    if not case.undecided:
        return Decision(amended)  # counts when the claim is reopened
    decision = _before_decision(case, amended, at)
    moved = standing(decision.state) != standing(case)
    return decision if moved else told(decision, at, Notice.PROGRESS)


def _before_decision(case: Case, amended: Case, at: At) -> Decision[Case]:
    more = bool(_more(case, amended)) and _is_agreed(case)
    if _more(case, amended) and case.answer is AnswerChoice.PAY_THROUGH_US and case.direct_pay is None:
        amended = amended.but(answer=None)  # he accepted less, and has his notice still before him
    if case.cut_by_investigator and not case.investigated:
        suspect = amended.but(suspected=True, cut_by_investigator=False)  # what was refused as fraud has come back
        return investigate(suspect, at, resumes=case.review or (ReviewKind.AMOUNT if more else None))
    if case.investigated:
        return look_at_more(amended, at) if more else ask_anew(amended, at)
    if case.unconfirmed_minor:
        return Decision(amended)  # of which the customer may say that a part is settled
    if crosses_to_seller(amended):
        return reroute(amended, at, direct_pay=False)
    if _crosses_to_direct_pay(amended, at):
        return reroute(amended, at, direct_pay=True)
    if case.review is not None:
        return ask_anew(amended, at)
    if case.status not in (Status.AWAITING_RELEASE, Status.AWAITING_APPROVAL):
        return Decision(amended)
    if more:
        return look_at_more(amended, at)
    return pay_unless_serious(amended, at)


def _more(case: Case, amended: Case) -> set[int]:
    """The items that are new, or larger than they were."""
    before = {each.item: each.minor for each in case.items}
    return {each.item for each in amended.items if each.minor > before.get(each.item, 0)}


def _grown(case: Case, amended: Case, at: At) -> tuple[Growth, ...]:
    """For an answer that he gave before, and that is heard after it."""
    if not case.undecided or case.round > 1:
        return ()
    before, more = {each.item: each.minor for each in case.items}, _more(case, amended)
    left = {each.item for each in amended.items} - more
    kept = [each for each in case.grown if each.item in left]
    return (*kept, *(Growth(item, before.get(item, 0), at.said_at) for item in sorted(more)))


def _is_agreed(case: Case) -> bool:
    """Whether the seller has accepted what was claimed, or it is paid for another reason that was found before."""
    return case.route is not None or (case.answer is AnswerChoice.PAY_THROUGH_US and case.direct_pay is not None)


def _contested(case: Case, amended: Case) -> tuple[int, ...]:
    """What he has not seen he accepts no more than what he contests; empty stays all."""
    if not case.contested:
        return ()
    in_question = {*case.contested, *_more(case, amended)}
    return tuple(each.item for each in amended.items if each.item in in_question)


def _crosses_to_direct_pay(amended: Case, at: At) -> bool:
    """Small now, and still with a seller who has not answered; unknown cover moves nobody."""
    waits = amended.status is Status.WITH_SELLER and amended.direct_pay is False and not amended.rerouted
    return waits and at.known and is_paid_directly(amended, at)


def _after_payout(case: Case, amended: Case, at: At) -> Decision[Case]:
    """A higher total than was dealt with opens a round by itself once it is paid; else it counts in the next one."""
    now = amended.but(amended=True, dealt_with=items.when_ordered(case))
    return open_round_for_more(Decision(now), at) if is_paid(case) else Decision(now)
