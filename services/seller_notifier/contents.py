"""What each letter states: the claim's facts, the amounts, and every date worked out from the frozen policy."""

from datetime import datetime, timedelta
from typing import assert_never

from services.seller_notifier.letter import (
    Account,
    AmendedNotice,
    AppealOutcome,
    ClaimNotice,
    Contents,
    DebitNotice,
    DebitReason,
    DirectPayNotice,
    InsurerNotice,
    InsurerReminder,
    ProofRequest,
    ProvenItem,
    Reminder,
    ReopenedNotice,
)
from services.seller_notifier.state import Correspondence, Extension
from services.seller_notifier.wanted import Wanted
from shared.events.claim import ReopeningReason
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import AnswerChoice
from shared.policy import Policy


def contents(state: Correspondence, letter: Wanted, policy: Policy, now: datetime) -> Contents:
    """The facts of one letter written now."""
    match letter.kind:
        case NoticeKind.CLAIM:
            return _direct_pay_notice(state, policy, now) if state.direct_pay else _claim_notice(state, policy, now)
        case NoticeKind.REMINDER:
            return _reminder(state, policy, now)
        case NoticeKind.AMENDED:
            if letter.reopened_for is not None:
                return _reopened_notice(state, letter.reopened_for, policy)
            return _amended_notice(state, letter, policy, now)
        case NoticeKind.PROOF:
            return _proof_request(state, letter, policy, now)
        case NoticeKind.DEBIT:
            return _debit_notice(state, letter, policy, now)
        case NoticeKind.APPEAL:
            return AppealOutcome(
                reversed_for=letter.reversed_for,
                amount_minor=letter.amount_minor,
                notice_days=policy.recovery.debit_notice_days,
                appeal_by=_appeal_by(state, policy, now),
            )
        case NoticeKind.INSURER:
            return _insurer_notice(state, policy, now)
        case NoticeKind.INSURER_REMINDER:
            return _insurer_reminder(state, now)
        case _:
            assert_never(letter.kind)


def time_to_answer(policy: Policy, now: datetime, *, direct_pay: bool) -> timedelta:
    """What a seller has from the hand-over of the notice: time to comment, or time to answer."""
    if direct_pay:
        return timedelta(hours=policy.handling.comment_window_hours)
    return policy.wait(now, policy.handling.seller_response_days)


def _appeal_by(state: Correspondence, policy: Policy, now: datetime) -> datetime | None:
    """Until when the seller may still appeal; None: he has, or his time is over."""
    until = state.appeal_by or policy.after(now, policy.recovery.appeal_days)
    return None if state.appealed or until <= now else until


def _account(state: Correspondence, policy: Policy) -> Account:
    papers = policy.eligibility.papers
    return Account(
        purchased_on=state.purchased_on,
        incident_on=state.incident_on,
        reported_on=state.reported_on,
        injury=state.injury,
        items=tuple(
            ProvenItem(item=i.item, kind=i.kind, admitted_minor=i.admitted_minor, papers=papers.get(i.kind, ()))
            for i in state.items
        ),
        admitted_minor=state.admitted_minor,
    )


def _claim_notice(state: Correspondence, policy: Policy, now: datetime) -> ClaimNotice:
    handling = policy.handling
    respond_by = now + time_to_answer(policy, now, direct_pay=False)
    return ClaimNotice(
        account=_account(state, policy),
        small=state.small,
        respond_by=respond_by,
        extended_to=_extended(state, policy, respond_by),
        settle_by=policy.after(respond_by, handling.resolving_days),
        insurer_by=policy.after(respond_by, handling.insurer_response_days),
        review_by=policy.after(respond_by, handling.review_days),
        resolving_days=handling.resolving_days,
        confirmation_days=handling.customer_confirmation_days,
        insurer_days=handling.insurer_response_days,
        review_days=handling.review_days,
        notice_days=policy.recovery.debit_notice_days,
        proof_days=policy.recovery.proof_days,
        appeal_days=policy.recovery.appeal_days,
    )


def _direct_pay_notice(state: Correspondence, policy: Policy, now: datetime) -> DirectPayNotice:
    window = time_to_answer(policy, now, direct_pay=True)
    return DirectPayNotice(
        account=_account(state, policy),
        comment_by=now + window if window else None,
        proof_days=policy.recovery.proof_days,
        notice_days=policy.recovery.debit_notice_days,
        appeal_days=policy.recovery.appeal_days,
    )


def _reminder(state: Correspondence, policy: Policy, now: datetime) -> Reminder:
    respond_by = state.respond_by or now
    return Reminder(
        admitted_minor=state.admitted_minor,
        respond_by=respond_by,
        extended_to=_extended(state, policy, respond_by),
    )


def _extended(state: Correspondence, policy: Policy, respond_by: datetime) -> datetime | None:
    if state.extension is Extension.GRANTED or policy.handling.extension_days == 0:
        return None
    return policy.after(respond_by, policy.handling.extension_days)


def _amended_notice(state: Correspondence, letter: Wanted, policy: Policy, now: datetime) -> AmendedNotice:
    awaited = state.awaits_answer and state.respond_by is not None and now < state.respond_by
    return AmendedNotice(
        account=_account(state, policy),
        before_minor=letter.amount_minor,
        small=state.small,
        was_small=letter.was_small,
        direct_pay=bool(state.direct_pay),
        respond_by=state.respond_by if awaited else None,
        proof_days=policy.recovery.proof_days,
    )


def _reopened_notice(state: Correspondence, reason: ReopeningReason, policy: Policy) -> ReopenedNotice:
    return ReopenedNotice(
        account=_account(state, policy),
        reason=reason,
        review_days=policy.handling.review_days,
        notice_days=policy.recovery.debit_notice_days,
        appeal_days=policy.recovery.appeal_days,
    )


def _proof_request(state: Correspondence, letter: Wanted, policy: Policy, now: datetime) -> ProofRequest:
    terms = policy.insurance
    return ProofRequest(
        amount_minor=letter.amount_minor,
        prove_by=letter.prove_by or now,
        waiver_cover=policy.recovery.waiver_cover,
        incident_on=state.incident_on,
        min_per_occurrence_minor=terms.min_per_occurrence_minor,
        min_aggregate_minor=terms.min_aggregate_minor,
        max_deductible_minor=terms.max_deductible_minor,
        ratings=tuple(sorted(terms.ratings)),
        cancellation_notice_days=terms.min_cancellation_notice_days,
        min_days_left=terms.min_days_left,
        notice_days=policy.recovery.debit_notice_days,
        appeal_by=_appeal_by(state, policy, now),
    )


def _debit_notice(state: Correspondence, letter: Wanted, policy: Policy, now: datetime) -> DebitNotice:
    notice_days = policy.recovery.debit_notice_days
    until = _appeal_by(state, policy, now)
    return DebitNotice(
        account=_account(state, policy),
        amount_minor=letter.amount_minor,
        reason=_debit_reason(state, now),
        not_before=policy.after(now, notice_days),
        notice_days=notice_days,
        appeal_by=until,
        appeal_is_over=until is None,
    )


def _debit_reason(state: Correspondence, now: datetime) -> DebitReason:
    if state.round > 1:
        return DebitReason.DECIDED
    if state.direct_pay:
        return DebitReason.DIRECT_PAY
    if state.choice is AnswerChoice.PAY_THROUGH_US:
        return DebitReason.ACCEPTED
    if state.choice is None and state.is_over(now):
        return DebitReason.UNANSWERED
    return DebitReason.DECIDED


def _insurer_notice(state: Correspondence, policy: Policy, now: datetime) -> InsurerNotice:
    return InsurerNotice(
        account=_account(state, policy),
        respond_by=policy.after(now, policy.handling.insurer_response_days),
        insurer_days=policy.handling.insurer_response_days,
    )


def _insurer_reminder(state: Correspondence, now: datetime) -> InsurerReminder:
    insurer = state.insurer
    return InsurerReminder(
        admitted_minor=state.admitted_minor,
        incident_on=state.incident_on,
        notified_at=insurer.notified_at or now if insurer else now,
        respond_by=insurer.respond_by or now if insurer else now,
    )
