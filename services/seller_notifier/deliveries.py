"""What became of a letter: handed over, refused, or handed over and come back."""

from datetime import datetime

from services.seller_notifier.contents import time_to_answer
from services.seller_notifier.extension import extended
from services.seller_notifier.insurer import insurer_notified
from services.seller_notifier.letter import LetterOutcome, LetterSent
from services.seller_notifier.posting import At, policy_of, post
from services.seller_notifier.reimbursement import appeal_time_begins
from services.seller_notifier.state import Correspondence, Extension
from services.seller_notifier.wanted import Wanted
from shared.events.mail_gateway import LetterBounced
from shared.events.marketplace import Standing
from shared.events.seller_notifier import NoticeBounced, NoticeHandedOver, NoticeKind, NoticeRefused, SellerNotified
from shared.runtime import Decision, unchanged


def letter_sent(state: Correspondence, event: LetterSent, at: At) -> Decision[Correspondence]:
    """Put the delivery on record, or try the next contact."""
    letter = state.under_way(event.letter_id)
    if letter is None:
        return unchanged(state)
    if event.outcome is not LetterOutcome.HANDED_OVER:
        refused = NoticeRefused(
            claim_id=state.claim_id, seller_id=state.seller_id, kind=letter.kind, contact=letter.contact
        )
        return post(state.trying_next_contact(letter), at, refused)
    delivered = state.handing_over(letter, prove_by=_proof_time(letter, state, at))
    if letter.kind is NoticeKind.CLAIM and not letter.outdated:
        return _seller_notified(delivered, letter, at)
    handed_over = NoticeHandedOver(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        kind=letter.kind,
        handed_over_at=at.now,
        letter_id=event.letter_id,
        number=letter.number,
    )
    if letter.kind is NoticeKind.INSURER and not letter.outdated:
        return insurer_notified(delivered, letter, at, handed_over)
    if letter.kind in (NoticeKind.PROOF, NoticeKind.DEBIT) and not letter.outdated:
        delivered = appeal_time_begins(delivered, at.now, at)
    return Decision(delivered, (handed_over,))


def _proof_time(letter: Wanted, state: Correspondence, at: At) -> datetime | None:
    """A request for proof gives the whole time from its hand-over, whatever it states; so does recovery."""
    if letter.prove_by is None:
        return None
    policy = policy_of(state, at)
    return max(letter.prove_by, policy.after(at.now, policy.recovery.proof_days))


def _seller_notified(state: Correspondence, letter: Wanted, at: At) -> Decision[Correspondence]:
    """Freeze ``respond_by``, counted from now: never before the one in the letter, nor before one said earlier."""
    policy, direct_pay = policy_of(state, at), bool(state.direct_pay)
    respond_by = at.now + time_to_answer(policy, at.now, direct_pay=direct_pay)
    if state.respond_by is not None:
        respond_by = max(respond_by, state.respond_by)
    notified = SellerNotified(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        direct_pay=direct_pay,
        handed_over_at=at.now,
        respond_by=respond_by,
        letter_id=letter.id_on(state.claim_id),
        standing=at.reference.standing if at.reference else Standing.ACTIVE,
    )
    state = state.but(respond_by=respond_by)
    if direct_pay or not state.awaits_answer:
        return Decision(state, (notified,))
    planned = (policy.after(at.now, days) for days in policy.handling.reminder_days)
    state = state.but(reminders=tuple(moment for moment in planned if at.now < moment < respond_by))
    if state.extension is Extension.WANTED:
        return extended(state, policy, notified)
    return Decision(state, (notified,))


def letter_bounced(state: Correspondence, event: LetterBounced, at: At) -> Decision[Correspondence]:
    """Record that a letter came back, and write it to the next contact while it still tells something that holds."""
    letter = state.posted(event.letter_id)
    if letter is None:
        return unchanged(state)
    bounced = NoticeBounced(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        kind=letter.kind,
        contact=letter.contact,
        number=letter.number,
    )
    return post(state.coming_back(letter), at, bounced)
