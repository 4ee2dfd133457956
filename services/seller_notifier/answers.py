"""What the seller says. Only the claim's own seller is heard, and the same word only once."""

from services.seller_notifier.posting import At, post
from services.seller_notifier.state import Correspondence, Insurer
from shared.events.seller_notifier import (
    NoticeKind,
    SellerAnswerRecorded,
    SellerAppealRecorded,
    SellerCommentRecorded,
    SettlementReported,
)
from shared.events.seller_portal import (
    AnswerChoice,
    SellerAnswered,
    SellerAppealed,
    SellerCommented,
    SellerReportsSettled,
)
from shared.runtime import Decision, unchanged


def seller_answered(state: Correspondence, event: SellerAnswered, at: At) -> Decision[Correspondence]:
    """Record every answer; one received too late is evidence and moves nothing here."""
    heard = state.hearing("answer", event.answer_id)
    if event.seller_id != state.seller_id or heard is None:
        return unchanged(state)
    recorded = SellerAnswerRecorded(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        answer_id=event.answer_id,
        choice=event.choice,
        contested_items=event.contested_items,
        evidence=event.evidence,
        received_at=at.said_at,
    )
    if state.is_over(at.said_at):
        return Decision(heard, (recorded,))
    answered = heard.but(choice=state.choice or event.choice, reminders=())
    if not _reaches_insurer(state, event):
        return Decision(answered, (recorded,))
    insurer = Insurer(to=event.insurer_contact or "")
    return post(answered.but(insurer=insurer).wanting(NoticeKind.INSURER, to=insurer.to), at, recorded)


def _reaches_insurer(state: Correspondence, event: SellerAnswered) -> bool:
    """A referral as the first answer. When its address does not work, a person reviews the claim instead."""
    return event.choice is AnswerChoice.REFER_TO_INSURER and not state.direct_pay and state.awaits_answer


def seller_commented(state: Correspondence, event: SellerCommented, at: At) -> Decision[Correspondence]:
    """Record the comment and when it was received; escalation decides what it changes."""
    heard = state.hearing("comment", event.contrary, *event.evidence)
    if event.seller_id != state.seller_id or heard is None:
        return unchanged(state)
    recorded = SellerCommentRecorded(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        contrary=event.contrary,
        evidence=event.evidence,
        received_at=at.said_at,
    )
    return Decision(heard, (recorded,))


def seller_reports_settled(state: Correspondence, event: SellerReportsSettled, at: At) -> Decision[Correspondence]:
    """Record the proof of a settlement, of all or of a part."""
    part = () if event.amount_minor is None else (event.amount_minor,)
    heard = state.hearing("settled", event.proof, *part)
    if event.seller_id != state.seller_id or heard is None:
        return unchanged(state)
    reported = SettlementReported(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        proof=event.proof,
        received_at=at.said_at,
        amount_minor=event.amount_minor,
    )
    return Decision(heard, (reported,))


def seller_appealed(state: Correspondence, event: SellerAppealed, at: At) -> Decision[Correspondence]:
    """Record the appeal with its new information and when it was received; recovery decides whether it was in time."""
    heard = state.hearing("appeal", event.appeal_id)
    if event.seller_id != state.seller_id or heard is None:
        return unchanged(state)
    recorded = SellerAppealRecorded(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        appeal_id=event.appeal_id,
        evidence=event.evidence,
        received_at=at.said_at,
    )
    in_time = state.appeal_by is None or at.said_at <= state.appeal_by
    return Decision(heard.but(appealed=state.appealed or in_time), (recorded,))
