"""What the seller says. Only the claim's own seller is heard, and the same word only once."""

from services.seller_notifier.posting import At, post
from services.seller_notifier.state import Correspondence, Insurer
from shared.events.seller_notifier import (
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
    if state.is_over(at.said_at) or not _counts(state, event.choice):
        return Decision(heard, (recorded,))
    answered = heard.but(choice=state.choice or event.choice, reminders=())
    if event.choice is not AnswerChoice.REFER_TO_INSURER or not state.awaits_answer:
        return Decision(answered, (recorded,))
    referred = answered.but(insurer=Insurer(to=event.insurer_contact or ""))
    return (
        Decision(referred, (recorded,))
        if state.direct_pay is None
        else post(referred.writing_to_insurer(), at, recorded)
    )


def _counts(state: Correspondence, choice: AnswerChoice) -> bool:
    """As escalation takes it: who is asked for a comment may only object or not, and so may who is to be asked anew."""
    if state.is_asked_anew:
        return choice is AnswerChoice.CONTEST
    return not state.direct_pay or choice in (AnswerChoice.CONTEST, AnswerChoice.PAY_THROUGH_US)


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
    """Record the proof of a settlement, of all or of a part: without another answer, it is his."""
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
    if event.amount_minor == 0 or state.is_over(at.said_at):
        return Decision(heard, (reported,))
    return Decision(heard.but(choice=state.choice or AnswerChoice.SETTLE_DIRECTLY, reminders=()), (reported,))


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
