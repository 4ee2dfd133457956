"""The one extension that a seller may have."""

from services.seller_notifier.posting import At, policy_of
from services.seller_notifier.state import Correspondence, Extension
from shared.events.base import Event
from shared.events.seller_notifier import ExtensionGranted
from shared.events.seller_portal import ExtensionRequested
from shared.policy import Policy
from shared.runtime import Decision, unchanged


def extension_requested(state: Correspondence, event: ExtensionRequested, at: At) -> Decision[Correspondence]:
    """Grant the one extension, if it was asked for in time, whenever that is heard; asked early, at the hand-over."""
    if event.seller_id != state.seller_id or not _may_extend(state):
        return unchanged(state)
    if state.respond_by is None or state.notice_under_way:
        return Decision(state.but(extension=Extension.WANTED))
    if state.is_over(at.said_at):
        return unchanged(state)
    return extended(state, policy_of(state, at))


def _may_extend(state: Correspondence) -> bool:
    return state.awaits_answer and not state.direct_pay and state.extension is Extension.UNUSED


def extended(state: Correspondence, policy: Policy, *said: Event) -> Decision[Correspondence]:
    """The extension has its own reminders, counted from where the first time would have ended."""
    before = state.respond_by
    if before is None or policy.handling.extension_days == 0:
        return Decision(state, said)
    respond_by = policy.after(before, policy.handling.extension_days)
    more = tuple(policy.after(before, days) for days in policy.handling.reminder_days)
    granted = ExtensionGranted(claim_id=state.claim_id, seller_id=state.seller_id, respond_by=respond_by)
    longer = state.but(
        respond_by=respond_by,
        extension=Extension.GRANTED,
        reminders=(*state.reminders, *(moment for moment in more if before < moment < respond_by)),
    )
    return Decision(longer, (*said, granted))
