"""What follows from what becomes of a claim: its notice, reminders, and letters when it changes."""

from datetime import timedelta
from typing import Final

from services.seller_notifier.posting import At, post
from services.seller_notifier.state import Correspondence
from shared.events.escalation import ClaimClosed, ClaimReopened, RouteChosen
from shared.events.intake import AmendmentRecorded, ClaimAccepted
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import AnswerChoice
from shared.runtime import Decision, unchanged

ROUTE_MAY_CHANGE: Final = timedelta(days=1)
"""How long a letter waits while claim and route do not fit: the word that mends it is on its way from elsewhere."""


def claim_accepted(event: ClaimAccepted, at: At) -> Decision[Correspondence]:
    """Keep what the letters will need; the notice waits for the route."""
    return Decision(Correspondence.about(event))


def route_chosen(state: Correspondence, event: RouteChosen, at: At) -> Decision[Correspondence]:
    """Write the claim notice; once more, with a time of its own, when the claim has crossed the line before payment.

    What he answered before counts as escalation takes it: to the notice of another route only that he contests.
    """
    if state.direct_pay is None:
        return _first_route(state.but(direct_pay=event.direct_pay).wanting(NoticeKind.CLAIM), at)
    if state.direct_pay is event.direct_pay or state.rerouted:
        return unchanged(state)
    before = (NoticeKind.CLAIM, NoticeKind.REMINDER, NoticeKind.AMENDED)
    insurers = (NoticeKind.INSURER, NoticeKind.INSURER_REMINDER)
    anew = _forgetting(state.outdating(*before, *insurers), AnswerChoice.CONTEST).but(
        direct_pay=event.direct_pay, rerouted=True, respond_by=None, reminders=()
    )
    amendment_missing = state.small is not event.direct_pay
    hold_until = at.now + ROUTE_MAY_CHANGE if amendment_missing else None
    return post(anew.wanting(NoticeKind.CLAIM, hold_until=hold_until), at)


def _first_route(state: Correspondence, at: At) -> Decision[Correspondence]:
    """An insurer is written to only where his client is asked for more than a comment."""
    if state.direct_pay:
        return post(_forgetting(state, AnswerChoice.CONTEST, AnswerChoice.PAY_THROUGH_US), at)
    return post(state if state.insurer is None else state.writing_to_insurer(), at)


def _forgetting(state: Correspondence, *but: AnswerChoice) -> Correspondence:
    """No answer but these, and no insurer."""
    return state.but(choice=state.choice if state.choice in but else None, insurer=None)


def amendment_recorded(state: Correspondence, event: AmendmentRecorded, at: At) -> Decision[Correspondence]:
    """Tell a seller who has the notice what the claim comes to now; the time to answer stays as it is."""
    heard = state.hearing("amended", event.amendment_id, event.admitted_minor, event.small, event.items)
    if event.seller_id != state.seller_id or heard is None:
        return unchanged(state)
    amended = _not_holding_notice(heard.amended(event))
    same = (amended.items, amended.admitted_minor, amended.small) == (state.items, state.admitted_minor, state.small)
    if same or state.closed is not None or not state.tells_of_claim or state.waiting(NoticeKind.AMENDED):
        return post(amended, at)
    route_may_change = amended.small is not state.small and not state.rerouted
    told = amended.wanting(
        NoticeKind.AMENDED,
        amount_minor=state.admitted_minor,
        was_small=state.small,
        hold_until=at.now + ROUTE_MAY_CHANGE if route_may_change else None,
    )
    return post(told, at)


def _not_holding_notice(state: Correspondence) -> Correspondence:
    """The amendment that the notice of a new route was waiting for is here."""
    go = {"hold_until": None}
    return state.but(wanted=tuple(w.model_copy(update=go) if w.kind is NoticeKind.CLAIM else w for w in state.wanted))


def claim_closed(state: Correspondence, event: ClaimClosed, at: At) -> Decision[Correspondence]:
    """No more reminders; letters about money may still follow."""
    if event.seller_id is None:  # it ended before it was accepted, and was accepted later
        return unchanged(state)
    insurer = state.insurer.model_copy(update={"reminders": ()}) if state.insurer else None
    return post(state.but(closed=event.outcome, reminders=(), insurer=insurer), at)


def claim_reopened(state: Correspondence, event: ClaimReopened, at: At) -> Decision[Correspondence]:
    """Tell the seller, once per round, that the claim is looked at again, so that he can post evidence before."""
    if event.seller_id != state.seller_id or event.round <= state.round:
        return unchanged(state)
    again = state.outdating(NoticeKind.CLAIM, NoticeKind.REMINDER).but(round=event.round, closed=None)
    return post(again.wanting(NoticeKind.AMENDED, reopened_for=event.reason), at)


def deadline_passed(state: Correspondence, at: At) -> Decision[Correspondence]:
    """Remind (once, however many reminders were missed), and look again for contacts not known before."""
    ahead = tuple(moment for moment in state.reminders if moment > at.now)
    if ahead != state.reminders:
        state = _reminding(state.but(reminders=ahead), NoticeKind.REMINDER)
    if insurer := state.insurer:
        ahead = tuple(moment for moment in insurer.reminders if moment > at.now)
        if ahead != insurer.reminders:
            reminded = state.but(insurer=insurer.model_copy(update={"reminders": ahead}))
            state = _reminding(reminded, NoticeKind.INSURER_REMINDER, to=insurer.to)
    return post(state, at)


def _reminding(state: Correspondence, kind: NoticeKind, to: str = "") -> Correspondence:
    return state if state.waiting(kind) else state.wanting(kind, to=to)
