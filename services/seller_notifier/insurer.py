"""The seller's insurer: notified of a claim that was referred to it, reminded, and left alone once it has replied."""

from services.seller_notifier.posting import At, policy_of, post
from services.seller_notifier.state import Correspondence, Insurer
from services.seller_notifier.wanted import Wanted
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.seller_notifier import InsurerNotified, NoticeHandedOver
from shared.runtime import Decision, unchanged


def insurer_notified(
    state: Correspondence, letter: Wanted, at: At, handed_over: NoticeHandedOver
) -> Decision[Correspondence]:
    """Its time runs from the hand-over, and so do its reminders."""
    policy = policy_of(state, at)
    respond_by = policy.after(at.now, policy.handling.insurer_response_days)
    notified = InsurerNotified(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        handed_over_at=at.now,
        respond_by=respond_by,
        currency=state.currency,
        admitted_minor=state.admitted_minor,
    )
    insurer = state.insurer or Insurer(to=letter.to)
    if insurer.replied or state.closed is not None:
        return Decision(state, (handed_over, notified))
    planned = (policy.after(at.now, days) for days in policy.handling.insurer_reminder_days)
    reminders = tuple(moment for moment in planned if at.now < moment < respond_by)
    told = insurer.model_copy(update={"notified_at": at.now, "respond_by": respond_by, "reminders": reminders})
    return Decision(state.but(insurer=told), (handed_over, notified))


def insurer_replied(state: Correspondence, event: InsurerSettled | InsurerRejected, at: At) -> Decision[Correspondence]:
    """An insurer that has settled (all or part) or rejected is not reminded any more."""
    if state.insurer is None or state.insurer.replied:
        return unchanged(state)
    silent = state.insurer.model_copy(update={"replied": True, "reminders": ()})
    return post(state.but(insurer=silent), at)
