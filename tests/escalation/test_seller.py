"""The seller's notice, answer, comment and silence."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import InjuryClass, Signal
from shared.events.escalation import (
    ClaimClosed,
    ClaimDecided,
    ClaimEscalated,
    Outcome,
    Owner,
    PaymentContested,
    PayoutAuthorized,
    ReviewOpened,
    Route,
    RouteChosen,
    Status,
    StatusChanged,
)
from shared.events.marketplace import Standing
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import AnswerChoice
from tests.deciding import START, day
from tests.escalation.given import (
    ANSWER_BY,
    CLAIM,
    LARGE,
    SELLER,
    SMALL,
    Claim,
    accepted,
    amended,
    answered,
    approval_refused,
    bounced,
    case,
    claim,
    commented,
    extended,
    facts,
    hours,
    notified,
    paid,
    reviewed,
    settlement_reported,
    suspected,
    the,
    told,
    undeliverable,
)

SECOND = timedelta(seconds=1)


def test_a_silent_seller_is_escalated_once():
    story = claim(accepted(), notified())
    said = story.wait_until(day(7))
    assert facts(said) == [ClaimEscalated, ClaimDecided, PayoutAuthorized]
    assert the(PayoutAuthorized, said).route is Route.SELLER_SILENT
    story.hear(paid())
    assert not story.wait_until(day(365))
    assert told(story).outcome is Outcome.STEPPED_IN_SILENT


def test_silence_never_settles_how_much():
    story = claim(accepted(LARGE), notified())
    said = story.wait_until(day(7))
    assert facts(said) == [ClaimEscalated, ReviewOpened]
    assert the(ReviewOpened, said).review is ReviewKind.AMOUNT


@pytest.mark.parametrize("amount", [SMALL, LARGE])
def test_a_serious_injury_is_reviewed_before_it_is_paid_for_a_silent_seller(amount: int):
    story = claim(accepted(amount, injury=InjuryClass.SERIOUS), notified())
    said = story.wait_until(day(7))
    assert facts(said) == [ClaimEscalated, ReviewOpened]
    assert the(ReviewOpened, said).review is ReviewKind.SERIOUS_INJURY


def test_a_claim_for_a_minor_is_never_automatic():
    story = claim(accepted(minor_claimant=True), notified())
    assert the(ReviewOpened, story.hear(answered(AnswerChoice.PAY_THROUGH_US))).review is ReviewKind.SERIOUS_INJURY


def test_nobody_is_silent_before_the_notice():
    story = claim(accepted())
    assert facts(story.wait_until(day(40))) == []
    assert (told(story).status, told(story).owner) == (Status.WITH_SELLER, Owner.MAKEGOOD)
    story.hear(notified(respond_by=day(47)))
    assert facts(story.wait_until(day(47))) == [ClaimEscalated, ClaimDecided, PayoutAuthorized]


def test_the_deadline_is_frozen_by_the_notice_and_moved_only_by_a_later_one_after_a_bounce():
    story = claim(accepted(), notified(day(7)))
    assert not story.hear(notified(day(7)))
    assert not story.hear(notified(day(3)))
    story.hear(notified(day(9)))
    assert (told(story).by, told(story).owner, case(story).due) == (day(9), Owner.SELLER, day(9))


def test_a_notice_of_another_route_changes_nothing():
    assert not claim(accepted(), covered=True).hear(notified(day(7), direct_pay=False))
    assert not claim(accepted()).hear(notified(day(2), direct_pay=True))


def test_a_later_notice_gives_an_answered_claim_no_new_time():
    story = claim(accepted(LARGE), notified(day(7)), answered(AnswerChoice.SETTLE_DIRECTLY))
    assert not story.hear(notified(day(9)))
    assert case(story).respond_by == day(7)


def test_a_later_notice_admits_an_answer_though_the_first_time_is_over():
    story = claim(accepted(LARGE), notified(day(7)))
    story.wait_until(day(7))
    story.hear(notified(day(15)))
    assert (case(story).status, case(story).by) == (Status.WITH_SELLER, day(15))
    assert not story.hear(reviewed(ReviewKind.AMOUNT))
    said = story.hear(answered(AnswerChoice.CONTEST, received_at=day(14)))
    assert the(ReviewOpened, said).review is ReviewKind.CONTESTED


def test_an_objection_to_a_direct_payment_counts_though_the_claim_is_his_to_answer_by_then():
    story = claim(accepted(900_00), covered=True)
    story.hear(notified(direct_pay=True))
    story.hear(amended(1_500_00))
    story.hear(notified(day(8)))
    assert not story.hear(commented(contrary=True))
    said = story.wait_until(day(8))
    assert the(ReviewOpened, said).review is ReviewKind.CONTESTED
    assert ClaimEscalated not in facts(said)


def test_when_the_only_notice_came_back_silence_is_not_presumed():
    story = claim(accepted(LARGE), notified(day(7)))
    story.wait_until(day(3))
    said = story.hear(undeliverable(attempted_at=day(3)))
    assert the(ReviewOpened, said).review is ReviewKind.UNDELIVERABLE
    assert facts(story.hear(answered(AnswerChoice.PAY_THROUGH_US, received_at=day(10)))) == [
        ClaimDecided,
        PayoutAuthorized,
    ]


@pytest.mark.parametrize("choice", [AnswerChoice.SETTLE_DIRECTLY, AnswerChoice.REFER_TO_INSURER])
def test_a_notice_that_comes_back_after_the_answer_changes_nothing(choice: AnswerChoice):
    assert not claim(accepted(), notified(), answered(choice)).hear(undeliverable())


def test_a_comment_window_that_has_begun_goes_on_when_its_notice_comes_back():
    story = claim(accepted(), notified(day(2), direct_pay=True), covered=True)
    assert not story.hear(undeliverable(attempted_at=day(1)))
    assert PayoutAuthorized in facts(story.wait_until(day(2)))


def test_nobody_waits_for_an_insolvent_seller():
    small = claim(accepted()).hear(notified(standing=Standing.INSOLVENT))
    assert facts(small) == [ClaimEscalated, ClaimDecided, PayoutAuthorized]
    large = claim(accepted(LARGE)).hear(notified(standing=Standing.INSOLVENT))
    assert the(ClaimEscalated, large).route is Route.SELLER_SILENT
    assert the(ReviewOpened, large).review is ReviewKind.AMOUNT
    directly = claim(accepted(), covered=True).hear(notified(direct_pay=True, standing=Standing.INSOLVENT))
    assert the(PayoutAuthorized, directly).route is Route.DIRECT_PAY


def test_a_seller_who_turns_out_insolvent_has_no_more_time():
    story = claim(accepted(LARGE), notified(day(7)))
    assert ClaimEscalated in facts(story.hear(notified(day(8), standing=Standing.INSOLVENT)))
    assert not story.hear(notified(day(8), standing=Standing.INSOLVENT))


def test_a_suspended_seller_has_his_time():
    story = claim(accepted(), notified(standing=Standing.SUSPENDED))
    assert (told(story).owner, told(story).by) == (Owner.SELLER, day(7))


def test_an_answer_received_in_time_counts_though_it_is_heard_after_the_timer():
    story = claim(accepted(LARGE), notified())
    story.wait_until(day(9))
    said = story.hear(answered(AnswerChoice.CONTEST, received_at=day(7)))
    assert the(ReviewOpened, said).review is ReviewKind.CONTESTED


def test_an_answer_received_a_second_late_is_evidence_only():
    story = claim(accepted(LARGE), notified())
    story.wait_until(day(9))
    assert not story.hear(answered(AnswerChoice.CONTEST, received_at=day(7) + SECOND))


AGAINST = [AnswerChoice.CONTEST, AnswerChoice.SETTLE_DIRECTLY, AnswerChoice.REFER_TO_INSURER]


@pytest.mark.parametrize("choice", AGAINST)
@pytest.mark.parametrize("finance", [(), (paid(),)])
def test_an_answer_in_time_heard_once_the_payout_is_authorised_is_a_dispute_once(
    choice: AnswerChoice, finance: tuple[Event, ...]
):
    story = claim(accepted(), notified())
    story.wait_until(day(7))
    for event in finance:
        story.hear(event)
    said = story.hear(answered(choice, received_at=day(7)))
    assert said == (PaymentContested(claim_id=CLAIM, seller_id=SELLER, received_at=day(7)),)
    assert not story.hear(answered(choice, received_at=day(7)))
    assert not story.hear(settlement_reported(day(6)))


def test_a_report_of_a_settlement_in_time_heard_after_the_payout_is_a_dispute():
    story = claim(accepted(), notified())
    story.wait_until(day(8))
    assert facts(story.hear(settlement_reported(day(6)))) == [PaymentContested]


@pytest.mark.parametrize("received_at", [day(7) + SECOND, day(40)])
def test_an_answer_after_the_deadline_and_the_payout_is_evidence_only(received_at: datetime):
    story = claim(accepted(), notified())
    story.wait_until(day(8))
    assert not story.hear(answered(AnswerChoice.CONTEST, received_at=received_at))


def test_a_seller_who_agreed_in_time_disputes_nothing_afterwards():
    story = claim(accepted(), notified())
    story.wait_until(day(8))
    assert not story.hear(answered(AnswerChoice.PAY_THROUGH_US, received_at=day(6)))
    assert not story.hear(answered(AnswerChoice.CONTEST, received_at=day(6)))


def test_an_objection_in_the_comment_window_heard_after_the_payout_is_a_dispute():
    story = claim(accepted(), notified(day(2), direct_pay=True), covered=True)
    story.wait_until(day(2))
    assert not story.hear(answered(AnswerChoice.SETTLE_DIRECTLY, received_at=day(1)))
    assert not story.hear(commented(contrary=True, received_at=day(2) + SECOND))
    assert facts(story.hear(commented(contrary=True, received_at=day(2)))) == [PaymentContested]
    assert not story.hear(answered(AnswerChoice.CONTEST, received_at=day(1)))


def test_without_a_comment_window_nothing_is_in_it():
    story = claim(accepted(), covered=True, comment_window_hours=0)
    assert not story.hear(commented(contrary=True))


def test_an_extension_granted_in_time_admits_an_answer_though_the_payout_is_authorised():
    story = claim(accepted(), notified())
    story.wait_until(day(8))
    assert not story.hear(extended(day(14)))
    assert facts(story.hear(answered(AnswerChoice.CONTEST, received_at=day(12)))) == [PaymentContested]


def test_an_answer_before_the_notice_counts():
    story = claim(accepted())
    assert the(ReviewOpened, story.hear(answered(AnswerChoice.CONTEST))).review is ReviewKind.CONTESTED
    assert not story.hear(notified())


def test_the_first_of_two_answers_counts():
    story = claim(accepted(), notified(), answered(AnswerChoice.CONTEST))
    assert not story.hear(answered(AnswerChoice.SETTLE_DIRECTLY, received_at=day(1)))


def test_a_seller_who_accepts_has_the_customer_paid_at_once_in_full_by_us():
    story = claim(accepted(LARGE), notified())
    said = story.hear(answered(AnswerChoice.PAY_THROUGH_US))
    assert facts(said) == [ClaimDecided, PayoutAuthorized]
    assert the(PayoutAuthorized, said).route is Route.SELLER_ACCEPTED
    assert the(ClaimClosed, story.hear(paid(LARGE))).outcome is Outcome.RESOLVED_BY_SELLER


def test_a_seller_who_accepts_in_time_needs_no_review_of_the_amount_any_more():
    story = claim(accepted(LARGE), notified())
    story.wait_until(day(8))
    said = story.hear(answered(AnswerChoice.PAY_THROUGH_US, received_at=day(6)))
    assert facts(said) == [ClaimDecided, PayoutAuthorized]


def test_a_seller_who_accepts_in_time_leaves_the_review_of_a_serious_injury_open():
    story = claim(accepted(injury=InjuryClass.SERIOUS), notified())
    story.wait_until(day(8))
    assert not story.hear(answered(AnswerChoice.PAY_THROUGH_US, received_at=day(6)))
    said = story.hear(reviewed(ReviewKind.SERIOUS_INJURY))
    assert the(PayoutAuthorized, said).route is Route.SELLER_ACCEPTED


def test_an_objection_in_time_takes_the_place_of_approvals():
    story = claim(accepted(LARGE), notified(), authority_limit_minor=1_000_00)
    story.wait_until(day(7))
    story.hear(reviewed(ReviewKind.AMOUNT))
    assert told(story).status is Status.AWAITING_APPROVAL
    said = story.hear(answered(AnswerChoice.CONTEST, received_at=day(1)))
    assert the(ReviewOpened, said).review is ReviewKind.CONTESTED
    assert not story.hear(approval_refused())


def test_an_extension_moves_the_deadline_once_and_never_back():
    story = claim(accepted(), notified(), extended(day(14)), extended(day(3)))
    assert not story.wait_until(day(14) - SECOND)
    assert ClaimEscalated in facts(story.wait_until(day(14)))


def test_an_extension_heard_after_the_timer_still_admits_answers():
    story = claim(accepted(LARGE), notified())
    story.wait_until(day(8))
    assert not story.hear(extended(day(14)))
    assert facts(story.hear(answered(AnswerChoice.CONTEST, received_at=day(12)))) == [ReviewOpened]


def test_silence_is_not_presumed_of_a_seller_whom_no_notice_reached():
    story = claim(accepted())
    said = story.hear(undeliverable())
    assert the(ReviewOpened, said).review is ReviewKind.UNDELIVERABLE
    assert facts(story.hear(reviewed(ReviewKind.UNDELIVERABLE))) == [ClaimEscalated, ClaimDecided, PayoutAuthorized]
    story.hear(paid())
    assert told(story).outcome is Outcome.STEPPED_IN_SILENT


def test_a_seller_whom_no_notice_reached_may_still_answer_in_the_time_he_would_have_had():
    story = claim(accepted(), undeliverable())
    assert facts(story.hear(answered(AnswerChoice.PAY_THROUGH_US, received_at=day(7)))) == [
        ClaimDecided,
        PayoutAuthorized,
    ]


@pytest.mark.parametrize("kind", [NoticeKind.REMINDER, NoticeKind.PROOF, NoticeKind.DEBIT, NoticeKind.INSURER])
def test_other_letters_that_cannot_be_delivered_change_nothing_here(kind: NoticeKind):
    assert not claim(accepted()).hear(undeliverable(kind))


def test_direct_pay_goes_on_without_a_deliverable_notice_from_the_attempt():
    story = claim(accepted(), undeliverable(attempted_at=START + hours(1)), covered=True)
    assert not story.wait_until(START + hours(48))
    assert facts(story.wait_until(START + hours(49))) == [ClaimDecided, PayoutAuthorized]


def test_direct_pay_waits_for_the_notice_from_which_the_window_counts():
    story = claim(accepted(), covered=True)
    assert facts(story.wait_until(day(20))) == []
    assert (told(story).status, told(story).owner) == (Status.DIRECT_PAY, Owner.MAKEGOOD)


def test_contrary_evidence_in_the_window_goes_to_an_adjuster_and_never_back_to_the_seller():
    story = claim(accepted(), notified(day(2), direct_pay=True), covered=True)
    said = story.hear(commented(contrary=True, received_at=day(2)))
    assert the(ReviewOpened, said).review is ReviewKind.CONTESTED
    assert ClaimEscalated in facts(story.hear(reviewed(ReviewKind.CONTESTED)))
    story.hear(paid())
    assert told(story).outcome is Outcome.STEPPED_IN_REJECTED


def test_contrary_evidence_after_the_window_changes_nothing():
    story = claim(accepted(injury=InjuryClass.SERIOUS), notified(day(2), direct_pay=True), covered=True)
    story.wait_until(day(3))
    assert not story.hear(commented(contrary=True, received_at=day(2) + SECOND))
    assert facts(story.hear(commented(contrary=True, received_at=day(2)))) == [ReviewOpened]


def test_a_seller_without_objection_ends_the_window():
    story = claim(accepted(), notified(day(2), direct_pay=True), covered=True)
    assert facts(story.hear(commented(contrary=False))) == [ClaimDecided, PayoutAuthorized]
    assert not story.hear(commented(contrary=True))


def test_on_direct_pay_to_contest_is_an_objection_and_to_accept_is_none():
    contested = claim(accepted(), covered=True).hear(answered(AnswerChoice.CONTEST))
    assert the(ReviewOpened, contested).review is ReviewKind.CONTESTED
    agreed = claim(accepted(), covered=True).hear(answered(AnswerChoice.PAY_THROUGH_US))
    assert the(PayoutAuthorized, agreed).route is Route.DIRECT_PAY
    for choice in (AnswerChoice.SETTLE_DIRECTLY, AnswerChoice.REFER_TO_INSURER):
        assert not claim(accepted(), covered=True).hear(answered(choice))


def test_on_direct_pay_a_settlement_by_the_seller_is_a_reason_to_look():
    said = claim(accepted(), covered=True).hear(settlement_reported())
    assert the(ReviewOpened, said).review is ReviewKind.CONTESTED


def test_a_comment_on_another_route_changes_nothing():
    assert not claim(accepted(), notified()).hear(commented(contrary=True))


# What is heard late, or early


def silent(*heard: Event, **handling: Any) -> Claim:
    """Above the line, and the seller let his time pass."""
    story = claim(accepted(LARGE), notified(), **handling)
    story.wait_until(ANSWER_BY)
    for event in heard:
        story.hear(event)
    return story


@pytest.mark.parametrize(
    ("heard", "handling"),
    [
        ((), {}),
        ((reviewed(ReviewKind.AMOUNT),), {"release_above_line": True}),
        ((reviewed(ReviewKind.AMOUNT),), {"authority_limit_minor": SMALL}),
        ((suspected(Signal.SAME_PAYEE),), {}),
    ],
)
def test_a_notice_that_comes_back_after_the_timer_leaves_silence_to_a_person(
    heard: tuple[Event, ...], handling: dict[str, Any]
):
    story = silent(*heard, **handling)
    story.hear(undeliverable())
    if case(story).investigated:
        story.hear(reviewed(ReviewKind.INVESTIGATION))
    assert case(story).review is ReviewKind.UNDELIVERABLE
    assert not story.hear(undeliverable())
    story.hear(reviewed(ReviewKind.UNDELIVERABLE))
    assert case(story).route is Route.SELLER_SILENT
    assert not story.hear(undeliverable()), "a person has looked"


def test_a_notice_that_comes_back_after_the_payout_was_ordered_changes_nothing():
    assert not silent(reviewed(ReviewKind.AMOUNT)).hear(undeliverable())


@pytest.mark.parametrize("large", [True, False])
def test_what_is_said_while_the_notice_is_on_its_way_again_is_in_time(large: bool):
    late = answered(AnswerChoice.CONTEST, ANSWER_BY + SECOND)
    story = claim(accepted(LARGE if large else SMALL), notified())
    story.wait_until(ANSWER_BY)
    assert not story.hear(late)
    story.hear(bounced())
    said = story.hear(late)
    if large:
        assert the(ReviewOpened, said).review is ReviewKind.CONTESTED
    else:
        assert facts(said) == [PaymentContested]


def test_what_he_said_to_the_former_notice_is_no_word_to_more_unless_he_contests():
    story = claim(accepted(), notified(day(2), direct_pay=True), amended(LARGE), covered=True)
    assert case(story).direct_pay is False
    for choice in (AnswerChoice.PAY_THROUGH_US, AnswerChoice.SETTLE_DIRECTLY, AnswerChoice.REFER_TO_INSURER):
        assert not story.hear(answered(choice))
    story.hear(notified(day(9)))
    assert the(PayoutAuthorized, story.hear(answered(AnswerChoice.PAY_THROUGH_US))).amount_minor == LARGE

    contested = claim(accepted(), notified(day(2), direct_pay=True), amended(LARGE), covered=True)
    assert the(ReviewOpened, contested.hear(answered(AnswerChoice.CONTEST))).review is ReviewKind.CONTESTED


def test_an_objection_from_before_the_route_counts_on_direct_pay():
    story = claim(accepted(SMALL, signals=(Signal.SAME_PAYEE,)), commented(contrary=True), covered=True)
    said = story.hear(reviewed(ReviewKind.INVESTIGATION))
    assert facts(said) == [RouteChosen, ReviewOpened]
    assert the(ReviewOpened, said).review is ReviewKind.CONTESTED


def test_an_objection_from_before_the_route_is_no_answer_where_the_seller_is_asked():
    story = claim(accepted(LARGE, signals=(Signal.SAME_PAYEE,)), commented(contrary=True), covered=True)
    assert facts(story.hear(reviewed(ReviewKind.INVESTIGATION))) == [RouteChosen]
    assert told(story).status is Status.WITH_SELLER


def test_a_customer_is_told_of_an_overdue_notice_once_a_day_at_most_whatever_the_policy_gives_the_seller():
    story = claim(accepted(LARGE), seller_response_days=0)
    story.wait(hours(24 * 15))
    told_of_it = [event for event in story.said if isinstance(event, StatusChanged)]
    assert case(story).status is Status.WITH_SELLER
    assert len(told_of_it) <= 6, "after a day, then after two, four, eight"
