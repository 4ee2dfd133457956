"""Whose turn it is, until when, and who looks: what is heard at an unusual moment leads nobody astray."""

from datetime import datetime, timedelta

import pytest

from services.escalation.app import escalation
from services.escalation.review import open_review, pay_unless_serious
from services.escalation.state import SOON
from services.escalation.verdict import MOST_ADJUSTERS
from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import InjuryClass, Reason, Signal
from shared.events.escalation import (
    ApprovalRequested,
    ClaimDecided,
    ClaimEscalated,
    Notice,
    Owner,
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
from shared.runtime import Moment, unchanged
from tests.deciding import START, at, day
from tests.escalation.given import (
    HUGE,
    LARGE,
    SMALL,
    Claim,
    accepted,
    amended,
    answered,
    approval_refused,
    approved,
    case,
    claim,
    commented,
    cover,
    customer_says,
    denied,
    extended,
    facts,
    finding,
    information_requested,
    insurer_notified,
    insurer_rejected,
    insurer_settled,
    lien,
    lien_recorded,
    new_payee,
    notified,
    reviewed,
    settlement_reported,
    suspected,
    the,
    told,
    undeliverable,
)

ACCEPTS, CONTESTS = answered(AnswerChoice.PAY_THROUGH_US), answered(AnswerChoice.CONTEST)
SETTLES, REFERS = answered(AnswerChoice.SETTLE_DIRECTLY), answered(AnswerChoice.REFER_TO_INSURER)
DIRECTLY = notified(day(2), direct_pay=True)
PAYEE, PAPER = Signal.SAME_PAYEE, Signal.SAME_EVIDENCE
CLEARED = reviewed(ReviewKind.INVESTIGATION)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def standing(story: Claim) -> tuple[Status, Owner, datetime | None]:
    """What the customer was told last: where it stands, whose turn it is, and until when."""
    return told(story).status, told(story).owner, told(story).by


def reviews(story: Claim) -> list[ReviewKind]:
    return [event.review for event in story.said if isinstance(event, ReviewOpened)]


def without_change(story: Claim, *events: Event) -> bool:
    """Whether nothing is said to any of these, and nothing is remembered of them."""
    before = case(story)
    return all(not story.hear(event) and case(story) == before for event in events)


# What is heard too early or too late


def test_of_a_claim_that_is_not_accepted_only_intake_says_anything():
    story = claim(information_requested())
    assert without_change(story, new_payee(), lien_recorded(lien(20_00)), extended(), ACCEPTS)


def test_nothing_is_due_before_its_moment():
    assert escalation.waits is not None
    for story in (claim(accepted(), notified()), claim(accepted(), notified(), ACCEPTS)):
        waiting = case(story)
        assert escalation.waits(waiting, at(day(1))) == unchanged(waiting)


def test_a_customer_is_not_told_again_and_again_that_cover_is_not_known():
    story = claim(accepted(), known=False)
    assert len(story.said) == 1
    assert not story.wait(timedelta(hours=1))
    assert standing(story) == (Status.WITH_SELLER, Owner.MAKEGOOD, day(7))


def test_after_the_payout_no_word_of_the_sellers_that_agrees_changes_anything():
    story = claim(accepted(), DIRECTLY, covered=True)
    story.wait_until(day(2))
    assert without_change(story, commented(contrary=False), ACCEPTS, extended())


def test_who_has_answered_is_given_no_more_time():
    assert without_change(claim(accepted(LARGE), notified(), SETTLES), extended())


def test_an_extension_lengthens_no_comment_window():
    story = claim(accepted(), DIRECTLY, covered=True)
    assert without_change(story, extended())
    assert PayoutAuthorized in facts(story.wait_until(day(2)))


def test_an_answer_after_the_time_of_a_notice_that_reached_nobody_is_evidence_only():
    story = claim(accepted(LARGE), undeliverable())
    assert without_change(story, answered(AnswerChoice.CONTEST, received_at=day(7) + SECOND))
    assert story.hear(answered(AnswerChoice.CONTEST, received_at=day(7)))


def test_an_insolvent_seller_has_no_time_for_an_answer_after_his_notice():
    story = claim(accepted(LARGE), notified(standing=Standing.INSOLVENT))
    assert without_change(story, answered(AnswerChoice.CONTEST, received_at=START + SECOND))
    assert facts(story.hear(answered(AnswerChoice.CONTEST, received_at=START))) == [ReviewOpened]


def test_a_settlement_reported_within_the_comment_window_is_a_reason_to_look_and_after_it_none():
    story = claim(accepted(injury=InjuryClass.SERIOUS), DIRECTLY, covered=True)
    story.wait_until(day(3))
    assert without_change(story, settlement_reported(day(2) + SECOND))
    assert the(ReviewOpened, story.hear(settlement_reported(day(2)))).review is ReviewKind.CONTESTED


def test_a_promise_names_no_items_that_are_contested():
    story = claim(accepted(100_00, 200_00), notified(), answered(AnswerChoice.SETTLE_DIRECTLY, START, 2))
    assert the(ReviewOpened, story.wait_until(day(30))).contested == ()


# Notices that come back


def test_a_notice_that_comes_back_while_the_customers_word_is_awaited_changes_nothing():
    assert without_change(claim(accepted(LARGE), notified(), insurer_settled(LARGE)), undeliverable())


def test_a_notice_that_comes_back_before_the_route_is_chosen_says_nothing_of_it():
    story = claim(accepted(signals=(PAYEE,)))
    assert without_change(story, undeliverable())
    assert facts(story.hear(CLEARED)) == [RouteChosen]


def test_a_notice_of_a_direct_payment_that_comes_back_ends_no_investigation():
    story = claim(accepted(), suspected(PAYEE), covered=True)
    assert not story.hear(undeliverable())
    assert case(story).investigated
    story.hear(CLEARED)
    assert standing(story) == (Status.DIRECT_PAY, Owner.MAKEGOOD, day(2))


def test_while_a_person_looks_for_want_of_a_notice_nobody_is_said_to_be_silent():
    story = claim(accepted(LARGE), notified())
    story.wait_until(day(8))
    story.hear(undeliverable())
    assert (case(story).review, case(story).route) == (ReviewKind.UNDELIVERABLE, None)


def test_a_person_looks_once_for_want_of_a_notice_and_again_if_another_contacts_comes_back():
    once = claim(accepted(HUGE), notified(), undeliverable(), notified(), reviewed(ReviewKind.UNDELIVERABLE))
    assert told(once).status is Status.AWAITING_APPROVAL
    assert without_change(once, undeliverable())
    once.hear(suspected(PAYEE))
    assert without_change(once, undeliverable())
    another = claim(accepted(HUGE), undeliverable(), notified(day(9)), reviewed(ReviewKind.UNDELIVERABLE))
    assert the(ReviewOpened, another.hear(undeliverable())).review is ReviewKind.UNDELIVERABLE


def test_an_insurers_letter_that_comes_back_after_a_person_has_looked_changes_nothing():
    story = claim(accepted(HUGE), notified(), REFERS, insurer_rejected(), reviewed(ReviewKind.CONTESTED))
    assert told(story).status is Status.AWAITING_APPROVAL
    assert not story.hear(undeliverable(NoticeKind.INSURER))


# The insurer


def test_an_insurers_notice_heard_after_its_time_leaves_it_a_moment():
    story = claim(accepted(), notified(), REFERS)
    story.wait_until(day(2))
    story.hear(insurer_notified(day(1)))
    assert standing(story) == (Status.WITH_INSURER, Owner.INSURER, day(2) + SOON)


def test_what_was_over_when_an_investigation_ends_is_waited_for_a_moment_and_no_longer():
    with_insurer = claim(accepted(), notified(), REFERS, insurer_notified(day(31)), suspected(PAYEE))
    with_insurer.wait_until(day(35))
    with_insurer.hear(CLEARED)
    assert standing(with_insurer) == (Status.WITH_INSURER, Owner.INSURER, day(35) + SOON)
    with_insurer.wait(MINUTE)
    assert without_change(with_insurer, insurer_notified(day(31)))

    with_seller = claim(accepted(LARGE), notified(), suspected(PAYEE))
    with_seller.wait_until(day(8))
    assert facts(with_seller.hear(CLEARED)) == [], "its route is chosen"
    assert standing(with_seller) == (Status.WITH_SELLER, Owner.SELLER, day(8) + SOON)
    with_seller.wait(MINUTE)
    assert without_change(with_seller, extended(day(7)))

    in_the_window = claim(accepted(), DIRECTLY, suspected(PAYEE), covered=True)
    assert facts(in_the_window.hear(CLEARED)) == []
    assert standing(in_the_window) == (Status.DIRECT_PAY, Owner.MAKEGOOD, day(2))


# The route


@pytest.mark.parametrize("answer", [ACCEPTS, CONTESTS])
def test_an_answer_from_before_the_route_counts_on_direct_pay(answer: Event):
    story = claim(accepted(signals=(PAYEE,)), answer, covered=True)
    said = story.hear(CLEARED)
    assert the(RouteChosen, said).direct_pay
    if answer is ACCEPTS:
        assert the(PayoutAuthorized, said).route is Route.DIRECT_PAY
    else:
        assert the(ReviewOpened, said).review is ReviewKind.CONTESTED


def test_an_answer_from_before_the_route_stands_where_the_claim_comes_to_less():
    story = claim(accepted(LARGE, signals=(PAYEE,)), CONTESTS, amended(LARGE - 1))
    assert the(ReviewOpened, story.hear(CLEARED)).review is ReviewKind.CONTESTED


def test_who_has_crossed_to_the_seller_is_covered_as_he_was_though_that_is_not_known_now():
    story = claim(accepted(), DIRECTLY, covered=True)
    story.learn(cover(marketplace="GB"))
    story.known = False
    assert not the(RouteChosen, story.hear(amended(LARGE))).direct_pay
    story.hear(notified(day(9)))
    assert the(PayoutAuthorized, story.hear(ACCEPTS)).covered


def test_a_claim_that_has_crossed_to_the_seller_begins_there_without_what_was_found_before():
    serious = claim(accepted(injury=InjuryClass.SERIOUS), DIRECTLY, covered=True, authority_limit_minor=10_00)
    serious.wait_until(day(2))
    serious.hear(reviewed(ReviewKind.SERIOUS_INJURY, finding(1, 50_00, Reason.NOT_PROVEN)))
    assert told(serious).status is Status.AWAITING_APPROVAL
    serious.hear(amended(LARGE))
    assert [(item.allowed_minor, item.reasons) for item in told(serious).items] == [(LARGE, ())]
    assert not case(serious).unreached
    serious.hear(notified(day(9)))
    accepts = answered(AnswerChoice.PAY_THROUGH_US, day(3))
    assert the(ReviewOpened, serious.hear(accepts)).review is ReviewKind.SERIOUS_INJURY

    approved_once = claim(accepted(), DIRECTLY, covered=True, authority_limit_minor=10_00)
    approved_once.wait_until(day(2))
    approved_once.hear(approved("bob"))
    approved_once.hear(amended(LARGE))
    approved_once.hear(notified(day(9)))
    assert facts(approved_once.hear(accepts)) == [ApprovalRequested]
    assert not approved_once.hear(approved("cyd"))
    assert PayoutAuthorized in facts(approved_once.hear(approved("bob")))


def test_a_claim_that_crosses_after_its_window_is_asked_of_the_seller_as_any_other():
    story = claim(accepted(injury=InjuryClass.SERIOUS), DIRECTLY, covered=True)
    story.wait_until(day(2))
    story.hear(amended(LARGE))
    assert (told(story).status, case(story).route) == (Status.WITH_SELLER, None)
    assert the(ReviewOpened, story.hear(undeliverable())).review is ReviewKind.UNDELIVERABLE


def test_a_claim_accepted_before_that_was_kept_is_covered_by_what_is_in_force_today():
    """The first version did not keep when."""
    begun = case(claim(accepted(LARGE), notified()))
    first = begun.but(accepted=begun.terms.model_copy(update={"accepted_at": None}))
    for reference, directly in (
        (cover(), True),
        (cover(known_since=day(1)), True),
        (cover(to=day(0).date()), False),
        (cover(from_=day(1).date()), True),
        (cover(marketplace="GB"), False),
    ):
        moment = Moment(day(1), day(1), at(day(1)).policies, True, reference)
        decision = escalation.hears[type(amended())](first, amended(SMALL), moment)
        assert [each.direct_pay for each in decision.says if isinstance(each, RouteChosen)] == [True] * directly


# Investigations


def cut(*admitted: int) -> Claim:
    """An investigation has refused the last item, of these and one of 200.00."""
    found = reviewed(ReviewKind.INVESTIGATION, finding(len(admitted) + 1, 0, Reason.FRAUD))
    return claim(accepted(*admitted, SMALL, signals=(PAYEE,)), found, notified())


def test_what_comes_back_of_a_refused_item_is_investigated_before_all_else_and_once():
    story = cut(LARGE)
    assert the(ReviewOpened, story.hear(amended(LARGE, SMALL))).review is ReviewKind.INVESTIGATION
    assert not story.hear(undeliverable()), "remembered for its end"
    assert the(ReviewOpened, story.hear(CLEARED)).review is ReviewKind.UNDELIVERABLE

    cleared = cut(LARGE)
    cleared.hear(amended(LARGE, SMALL))
    cleared.hear(CLEARED)
    assert told(cleared).status is Status.WITH_SELLER, "where it came from"
    assert facts(cleared.hear(amended(LARGE, SMALL, 10_00))) == []


def test_an_investigation_of_what_has_come_back_holds_up_the_review_that_was_open():
    story = cut(LARGE)
    assert the(ReviewOpened, story.wait_until(day(7))).review is ReviewKind.AMOUNT
    assert the(ReviewOpened, story.hear(amended(LARGE - 1))).review is ReviewKind.INVESTIGATION
    assert the(ReviewOpened, story.hear(CLEARED)).review is ReviewKind.AMOUNT


def test_what_has_come_back_and_is_more_than_was_accepted_is_looked_at_after_its_investigation():
    story = cut(HUGE)
    story.hear(ACCEPTS)
    assert told(story).status is Status.AWAITING_APPROVAL
    assert the(ReviewOpened, story.hear(amended(HUGE, SMALL))).review is ReviewKind.INVESTIGATION
    assert the(ReviewOpened, story.hear(CLEARED)).review is ReviewKind.AMOUNT


def test_more_than_a_seller_accepted_during_an_investigation_is_looked_at_after_it():
    story = claim(accepted(HUGE), notified(), suspected(PAYEE), ACCEPTS, amended(HUGE, 50_00))
    assert the(ReviewOpened, story.hear(CLEARED)).review is ReviewKind.AMOUNT
    nothing_said = claim(accepted(HUGE), notified(), suspected(PAYEE), amended(HUGE, 50_00))
    assert facts(nothing_said.hear(CLEARED)) == []


def test_a_dispute_during_an_investigation_of_what_nobody_says_he_settled_says_nothing():
    story = claim(accepted(LARGE), notified(), suspected(PAYEE))
    assert not story.hear(customer_says(confirmed=False))
    assert facts(story.hear(CLEARED)) == []


def test_what_looks_like_fraud_is_neither_paid_nor_judged_before_it_was_investigated():
    suspect = case(claim(accepted(), notified())).but(suspected=True)
    for decision, held_up in (
        (pay_unless_serious(suspect, at(START)), None),
        (open_review(suspect, ReviewKind.CONTESTED, at(START)), ReviewKind.CONTESTED),
    ):
        assert the(ReviewOpened, decision.says).review is ReviewKind.INVESTIGATION
        assert decision.state.resumes is held_up


def test_signals_are_shown_to_who_investigates_and_not_to_who_judges_a_contest():
    story = claim(accepted(signals=(PAYEE,)), CLEARED, notified())
    assert the(ReviewOpened, story.hear(CONTESTS)).signals == ()


# Who has looked, and who looks again


def test_a_serious_injury_that_was_looked_at_is_not_looked_at_again_after_an_investigation():
    story = claim(accepted(HUGE, injury=InjuryClass.SERIOUS), notified(), ACCEPTS)
    story.hear(reviewed(ReviewKind.SERIOUS_INJURY))
    story.hear(suspected(PAYEE))
    assert facts(story.hear(CLEARED)) == [ApprovalRequested]

    contests_the_second = answered(AnswerChoice.CONTEST, START, 2)
    in_part = claim(accepted(HUGE, SMALL, injury=InjuryClass.SERIOUS), notified(), contests_the_second)
    in_part.hear(reviewed(ReviewKind.CONTESTED, valid=False))
    in_part.hear(suspected(PAYEE))
    assert facts(in_part.hear(CLEARED)) == [ApprovalRequested]


def test_a_serious_injury_that_an_approver_sent_back_is_looked_at_though_the_seller_accepts_it_now():
    story = claim(accepted(HUGE, injury=InjuryClass.SERIOUS), notified())
    story.wait_until(day(7))
    story.hear(reviewed(ReviewKind.SERIOUS_INJURY))
    story.hear(approval_refused())
    said = story.hear(answered(AnswerChoice.PAY_THROUGH_US, received_at=day(6)))
    assert the(ReviewOpened, said).review is ReviewKind.SERIOUS_INJURY


def test_a_silent_seller_is_stepped_in_for_once_though_a_person_looks_at_the_amount():
    story = claim(accepted(LARGE), notified())
    assert facts(story.wait_until(day(7))) == [ClaimEscalated, ReviewOpened]
    assert facts(story.hear(reviewed(ReviewKind.AMOUNT))) == [ClaimDecided, PayoutAuthorized]


def test_one_adjuster_more_than_may_decide_in_a_round_does_not_count():
    story = claim(accepted(HUGE), notified(), CONTESTS)
    story.hear(reviewed(ReviewKind.CONTESTED, adjuster="adjuster-0"))
    for number in range(1, MOST_ADJUSTERS):
        story.hear(approval_refused())
        assert ApprovalRequested in facts(story.hear(reviewed(ReviewKind.AMOUNT, adjuster=f"adjuster-{number}")))
    story.hear(approval_refused())
    assert without_change(story, reviewed(ReviewKind.AMOUNT, adjuster="one-more"))


# What the customer is told


def test_papers_are_asked_for_only_where_the_customer_must_send_some():
    story = claim(information_requested())
    assert told(story).notice is Notice.PAPERS_WANTED
    story.wait_until(day(31))
    assert (told(story).status, told(story).notice) == (Status.NEEDS_INFORMATION, Notice.PROGRESS)
    settled = claim(accepted(), notified(), settlement_reported())
    assert (told(settled).owner, told(settled).notice) == (Owner.CUSTOMER, Notice.PROGRESS)
    to_sign = claim(accepted(LARGE), notified(), ACCEPTS, release_above_line=True)
    assert (told(to_sign).owner, told(to_sign).notice) == (Owner.CUSTOMER, Notice.PROGRESS)


def test_what_is_told_of_a_claim_that_begins_again_is_newer_than_what_was_told_before():
    story = claim(information_requested(), denied(Reason.NO_RESPONSE), accepted(), notified())
    assert [event.revision for event in story.said if isinstance(event, StatusChanged)] == [1, 2, 3, 4]
