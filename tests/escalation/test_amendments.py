"""Claims that come to another amount."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import InjuryClass, LossKind, Reason, ReopeningReason, Signal
from shared.events.escalation import (
    ApprovalRequested,
    ClaimClosed,
    ClaimDecided,
    ClaimReopened,
    ItemResult,
    MedicareReportDue,
    Notice,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReleaseRequested,
    ReviewOpened,
    Route,
    RouteChosen,
    Status,
    StatusChanged,
)
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency
from tests.deciding import day
from tests.escalation.given import (
    HUGE,
    LARGE,
    SECOND_PAYOUT,
    SMALL,
    Claim,
    accepted,
    amended,
    answered,
    approved,
    beneficiary_recorded,
    case,
    claim,
    commented,
    cover,
    customer_says,
    denied,
    facts,
    failed,
    finding,
    information_requested,
    insurer_notified,
    insurer_settled,
    is_duplicate,
    new_payee,
    notified,
    paid,
    released,
    reopening,
    reviewed,
    settlement_reported,
    suspected,
    the,
    told,
    withdrawn,
)

ACCEPTS, CONTESTS = answered(AnswerChoice.PAY_THROUGH_US), answered(AnswerChoice.CONTEST)
DIRECTLY = notified(day(2), direct_pay=True)


def test_an_amended_claim_is_paid_as_it_is_now_and_the_customer_is_told():
    story = claim(accepted(SMALL), notified())
    assert facts(story.hear(amended(100_00, 50_00))) == []
    assert [item.allowed_minor for item in told(story).items] == [100_00, 50_00]
    assert the(PayoutAuthorized, story.hear(ACCEPTS)).amount_minor == 150_00


def test_the_same_amendment_again_changes_nothing():
    story = claim(accepted(SMALL), notified(), amended(100_00))
    assert not story.hear(amended(100_00))


def test_a_direct_payment_that_is_no_longer_small_goes_to_the_seller_with_his_own_time():
    story = claim(accepted(), DIRECTLY, covered=True)
    assert not the(RouteChosen, story.hear(amended(LARGE))).direct_pay
    assert (told(story).status, told(story).owner) == (Status.WITH_SELLER, Owner.MAKEGOOD)
    assert facts(story.wait_until(day(2))) == [], "the comment window is forgotten"
    assert not story.hear(DIRECTLY)
    story.hear(notified(day(9)))
    assert the(ReviewOpened, story.wait_until(day(9))).review is ReviewKind.AMOUNT


def test_a_claim_that_has_become_small_and_is_covered_is_paid_directly():
    story = claim(accepted(LARGE), notified(), covered=True)
    assert the(RouteChosen, story.hear(amended(SMALL))).direct_pay
    assert told(story).status is Status.DIRECT_PAY
    story.hear(notified(day(3), direct_pay=True))
    order = the(PayoutAuthorized, story.wait_until(day(3)))
    assert (order.route, order.small, order.covered) == (Route.DIRECT_PAY, True, True)


def test_a_claim_that_has_become_small_stays_with_a_seller_who_is_not_covered():
    story = claim(accepted(LARGE), notified())
    assert facts(story.hear(amended(SMALL))) == []
    assert case(story).respond_by == day(7)
    assert PayoutAuthorized in facts(story.wait_until(day(7)))


def test_unknown_cover_moves_no_claim_to_direct_pay():
    story = claim(accepted(LARGE), notified(), covered=True)
    story.known = False
    assert facts(story.hear(amended(SMALL))) == []


def test_a_claim_changes_its_route_once():
    story = claim(accepted(), DIRECTLY, amended(LARGE), covered=True)
    assert facts(story.hear(amended(SMALL))) == []
    story = claim(accepted(LARGE), notified(), covered=True)
    story.hear(amended(SMALL))
    assert facts(story.hear(amended(LARGE))) == []
    story.hear(notified(day(3), direct_pay=True))
    assert the(ReviewOpened, story.wait_until(day(3))).review is ReviewKind.AMOUNT, "never how much"


def test_cover_that_was_recorded_since_does_not_count_for_the_new_route():
    story = claim(accepted(LARGE), notified())
    story.learn(cover(known_since=day(1)))
    assert facts(story.hear(amended(SMALL))) == []
    story.learn(cover())
    assert the(RouteChosen, story.hear(amended(SMALL - 1))).direct_pay, "it was on record, and we had not read it yet"
    assert case(story).covered


def test_an_answered_claim_keeps_its_way():
    story = claim(accepted(LARGE), notified(), answered(AnswerChoice.SETTLE_DIRECTLY), covered=True)
    assert facts(story.hear(amended(SMALL))) == []
    assert told(story).status is Status.SELLER_RESOLVING


def test_an_open_review_is_opened_anew_with_the_new_items():
    story = claim(accepted(100_00, 200_00), notified(), CONTESTS)
    story.wait_until(day(1))
    asked = the(ReviewOpened, story.hear(amended(100_00, 200_00, 300_00)))
    assert (asked.review, asked.decide_by) == (ReviewKind.CONTESTED, day(41))
    assert asked.items == (finding(1, 100_00), finding(2, 200_00), finding(3, 300_00))


def test_an_objection_on_direct_pay_is_judged_also_of_a_claim_that_has_grown():
    story = claim(accepted(), DIRECTLY, commented(contrary=True), covered=True)
    asked = the(ReviewOpened, story.hear(amended(LARGE)))
    assert asked.review is ReviewKind.CONTESTED


def test_contested_items_that_are_claimed_no_more_are_not_in_question():
    story = claim(accepted(100_00, 200_00, 300_00), notified(), answered(AnswerChoice.CONTEST, day(0), 2, 3))
    assert the(ReviewOpened, story.hear(amended(100_00, 250_00))).contested == (2,)


def test_less_is_approved_anew_and_more_is_looked_at_first():
    story = claim(accepted(HUGE), notified(), ACCEPTS, approved("bob"))
    assert the(ApprovalRequested, story.hear(amended(HUGE - 1))).amount_minor == HUGE - 1
    assert not story.hear(approved("cyd"))
    said = story.hear(amended(HUGE + 1))
    assert the(ReviewOpened, said).review is ReviewKind.AMOUNT
    story.hear(reviewed(ReviewKind.AMOUNT))
    story.hear(approved("bob"))
    assert the(PayoutAuthorized, story.hear(approved("cyd"))).amount_minor == HUGE + 1


def test_what_an_insurer_settled_in_full_is_a_part_of_a_claim_that_has_grown():
    story = claim(accepted(LARGE), notified(), insurer_settled(LARGE))
    assert facts(story.hear(amended(LARGE, 1_000_00))) == [], "the customer has not spoken yet"
    asked = the(ReviewOpened, story.hear(customer_says(confirmed=True)))
    assert (asked.review, asked.items[1]) == (ReviewKind.CONTESTED, finding(2, 1_000_00))
    assert not story.hear(customer_says(confirmed=True))


def test_what_an_insurer_settled_in_part_counts_for_the_amended_items_too():
    story = claim(accepted(300_00, 200_00), notified(), insurer_notified(), insurer_settled(400_00))
    story.hear(amended(100_00, 500_00))
    assert the(PayoutAuthorized, story.hear(ACCEPTS)).amount_minor == 200_00


def _paid(*admitted: int) -> Claim:
    return claim(accepted(*admitted), notified(), ACCEPTS, paid(sum(admitted)))


def test_more_after_the_payment_opens_a_round_for_the_difference():
    story = _paid(100_00, 200_00)
    said = story.hear(amended(150_00, 200_00, 50_00))
    assert facts(said) == [ClaimReopened, ReviewOpened]
    assert (the(ClaimReopened, said).round, the(ClaimReopened, said).reason) == (2, ReopeningReason.AMENDED)
    asked = the(ReviewOpened, said)
    assert (asked.review, asked.round) == (ReviewKind.AMOUNT, 2)
    assert asked.items == (finding(1, 50_00, Reason.PAID_BEFORE), finding(2, 0, Reason.PAID_BEFORE), finding(3, 50_00))
    assert (told(story).notice, told(story).round) == (Notice.REOPENED, 2)
    order = the(PayoutAuthorized, story.hear(reviewed(ReviewKind.AMOUNT, round_=2)))
    assert (order.payout_id, order.round, order.amount_minor) == (SECOND_PAYOUT, 2, 100_00)
    assert [each.amount_minor for each in order.earlier] == [300_00], "nothing of it is paid here in its place"
    closed = the(ClaimClosed, story.hear(paid(100_00, SECOND_PAYOUT, "transfer-10")))
    assert closed.outcome is Outcome.RESOLVED_BY_SELLER


@pytest.mark.parametrize("less", [(SMALL,), (SMALL - 1,), (50_00, 50_00)])
def test_not_more_after_the_payment_changes_nothing(less: tuple[int, ...]):
    assert not _paid(SMALL).hear(amended(*less))


def test_a_difference_that_is_not_valid_leaves_the_claim_paid_as_it_was():
    story = _paid(SMALL)
    story.hear(amended(SMALL, 100_00))
    said = story.hear(reviewed(ReviewKind.AMOUNT, valid=False, reasons=(Reason.NOT_PROVEN,)))
    assert facts(said) == [ClaimClosed]
    assert the(ClaimClosed, said).outcome is Outcome.RESOLVED_BY_SELLER
    assert (told(story).notice, told(story).reasons) == (Notice.NOT_REOPENED, (Reason.NOT_PROVEN,))


def test_what_an_adjuster_did_not_allow_is_not_paid_because_something_else_is_amended():
    story = claim(accepted(500_00), notified(), CONTESTS)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 300_00, Reason.NOT_PROVEN)))
    story.hear(paid(300_00))
    said = story.hear(amended(500_00, 40_00))
    assert [item.allowed_minor for item in the(ReviewOpened, said).items] == [0, 40_00]


def test_more_while_the_payout_is_pending_waits_for_its_end():
    story = claim(accepted(SMALL), notified(), ACCEPTS)
    assert not story.hear(amended(SMALL, 30_00))
    assert not story.hear(amended(SMALL, 50_00, amendment_id="a-2"))
    assert the(PayoutAuthorized, story.wait_until(day(2))).amount_minor == SMALL, "the order stays as it was"
    said = story.hear(paid())
    assert facts(said) == [ClaimClosed, ClaimReopened, ReviewOpened]
    assert [item.allowed_minor for item in the(ReviewOpened, said).items] == [0, 50_00]
    notices = [event.notice for event in said if isinstance(event, StatusChanged)]
    assert notices == [Notice.PAID, Notice.REOPENED]


def test_more_that_is_taken_back_before_the_payment_opens_no_round():
    story = claim(accepted(SMALL), notified(), ACCEPTS, amended(SMALL, 50_00), amended(SMALL, amendment_id="a-2"))
    assert facts(story.hear(paid())) == [ClaimClosed]


def _paid_in_part(**handling: Any) -> Claim:
    """Of 900.00 an adjuster has allowed 400.00."""
    story = claim(accepted(900_00), notified(), CONTESTS, **handling)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 400_00, Reason.NOT_PROVEN)))
    story.hear(paid(400_00))
    return story


def test_less_after_the_payment_is_what_an_appeal_is_about():
    story = _paid_in_part()
    assert not story.hear(amended(500_00))
    assert the(ReviewOpened, story.hear(reopening())).items == (finding(1, 100_00, Reason.PAID_BEFORE),)
    assert the(PayoutAuthorized, story.hear(reviewed(ReviewKind.REOPENED))).amount_minor == 100_00


def test_what_was_less_for_a_while_and_comes_to_as_much_as_before_is_no_more():
    story = _paid_in_part()
    assert not story.hear(amended(500_00))
    assert not story.hear(amended(900_00, amendment_id="a-2"))
    asked = the(ReviewOpened, story.hear(amended(900_00, 50_00, amendment_id="a-3")))
    assert [item.allowed_minor for item in asked.items] == [0, 50_00]


def test_a_claim_that_is_small_no_more_since_it_was_paid_is_paid_as_such_in_the_next_round():
    story = _paid_in_part(release_above_line=True)
    assert not story.hear(amended(900_00, others_minor=500_00))
    story.hear(reopening())
    assert facts(story.hear(reviewed(ReviewKind.REOPENED))) == [ReleaseRequested]
    assert not the(PayoutAuthorized, story.hear(released())).small


def test_less_since_the_payout_was_ordered_takes_nothing_off_the_order():
    part = (accepted(120_00, 80_00), notified(), settlement_reported(amount=50_00), customer_says(confirmed=True))
    story = claim(*part, reviewed(ReviewKind.CONTESTED), amended(100_00), failed(final=True))
    order = the(PayoutAuthorized, story.hear(new_payee()))
    assert (order.attempt, order.amount_minor) == (2, 150_00)
    story.hear(paid(150_00, reference="transfer-10"))
    assert [item.result for item in told(story).items] == [ItemResult.PART, ItemResult.FULL]


def test_more_opens_no_round_when_the_payout_failed_until_it_is_paid_after_all():
    story = claim(accepted(SMALL), notified(), ACCEPTS, amended(SMALL, 50_00))
    assert facts(story.hear(failed(final=True))) == [ClaimClosed]
    assert ClaimReopened in facts(story.hear(paid()))


def test_more_after_a_denial_counts_when_the_claim_is_reopened():
    story = claim(accepted(SMALL), notified(), CONTESTS, reviewed(ReviewKind.CONTESTED, valid=False))
    assert not story.hear(amended(SMALL, 100_00))
    assert the(ReviewOpened, story.hear(reopening())).items == (finding(1, SMALL), finding(2, 100_00))


def test_a_second_round_may_be_amended_and_followed_by_a_third():
    story = _paid(SMALL)
    story.hear(amended(SMALL, 50_00))
    assert [item.allowed_minor for item in the(ReviewOpened, story.hear(amended(SMALL, 70_00))).items] == [0, 70_00]
    story.hear(reviewed(ReviewKind.AMOUNT))
    story.hear(paid(70_00, SECOND_PAYOUT, "transfer-10"))
    said = story.hear(amended(SMALL, 80_00))
    assert the(ClaimReopened, said).round == 3
    assert sum(item.allowed_minor for item in the(ReviewOpened, said).items) == 10_00


def test_what_was_paid_for_one_item_counts_against_the_others_when_it_comes_to_less():
    story = _paid(100_00, 200_00)
    said = story.hear(amended(290_00, 50_00))
    assert sum(item.allowed_minor for item in the(ReviewOpened, said).items) == 40_00


@pytest.mark.parametrize(
    "heard",
    [
        (information_requested(),),
        (denied(Reason.EXCLUDED_LOSS),),
        (accepted(), withdrawn()),
        (accepted(), notified(), ACCEPTS, paid(), is_duplicate()),
    ],
)
def test_of_a_claim_that_is_not_accepted_or_has_ended_an_amendment_says_nothing(heard: tuple[Event, ...]):
    assert not claim(*heard).hear(amended(LARGE))


def test_an_amendment_in_another_currency_changes_nothing():
    event = amended(LARGE).model_copy(update={"currency": Currency.EUR})
    assert not claim(accepted(), notified()).hear(event)


def test_an_amendment_to_nothing_denies_the_claim_when_it_is_decided():
    story = claim(accepted(), notified(), amended(0))
    assert facts(story.hear(ACCEPTS)) == [ClaimDecided, ClaimClosed]


# What the seller has not accepted


def test_what_is_new_or_more_is_in_question_where_he_contests_by_item():
    contests = answered(AnswerChoice.CONTEST, day(0), 2)
    story = claim(accepted(100_00, 200_00, 300_00), notified(), contests)
    asked = the(ReviewOpened, story.hear(amended(100_00, 200_00, 350_00, 40_00)))
    assert asked.contested == (2, 3, 4)
    order = the(PayoutAuthorized, story.hear(reviewed(ReviewKind.CONTESTED, valid=False)))
    assert order.amount_minor == 100_00, "only what he has accepted"


def test_who_contests_everything_contests_what_is_new_too():
    story = claim(accepted(100_00), notified(), CONTESTS)
    assert the(ReviewOpened, story.hear(amended(100_00, 50_00))).contested == ()


def test_what_is_more_than_he_accepted_is_looked_at_after_an_investigation_too():
    story = claim(accepted(HUGE), notified(), ACCEPTS, suspected(Signal.SAME_PAYEE))
    assert the(ReviewOpened, story.hear(amended(HUGE, 50_00))).review is ReviewKind.INVESTIGATION
    assert the(ReviewOpened, story.hear(reviewed(ReviewKind.INVESTIGATION))).review is ReviewKind.AMOUNT


def test_one_item_more_and_another_less_is_looked_at_as_well():
    story = claim(accepted(HUGE, HUGE), notified(), ACCEPTS)
    assert the(ReviewOpened, story.hear(amended(HUGE + 1, HUGE - 1))).review is ReviewKind.AMOUNT


def test_who_accepted_less_before_any_notice_is_asked_about_the_rest():
    story = claim(accepted(SMALL, signals=(Signal.SAME_PAYEE,)), ACCEPTS, amended(LARGE))
    assert RouteChosen in facts(story.hear(reviewed(ReviewKind.INVESTIGATION)))
    assert (told(story).status, PayoutAuthorized in facts(story.said)) == (Status.WITH_SELLER, False)


# An injury of which nobody knew


PRICE = (LossKind.PURCHASE_PRICE,)


def unhurt(*admitted: int, beneficiary: bool | None = None) -> Event:
    """Out of pocket alone, as far as was known when it was accepted."""
    return accepted(*admitted, injury=InjuryClass.NONE, beneficiary=beneficiary, kinds=PRICE)


def hurt(*admitted: int, injury: InjuryClass = InjuryClass.MINOR, **other: Any) -> Event:
    return amended(*admitted, injury=injury, kinds=PRICE, **other)


def test_an_injury_that_an_amendment_brings_is_paid_and_reported_like_one_known_from_the_beginning():
    story = claim(unhurt(50_00), hurt(50_00, 850_00), DIRECTLY, covered=True)
    assert the(ReviewOpened, story.wait_until(day(2))).review is ReviewKind.SERIOUS_INJURY
    story.hear(reviewed(ReviewKind.SERIOUS_INJURY))
    assert facts(story.hear(paid(900_00))) == [ClaimClosed]
    assert the(MedicareReportDue, story.hear(beneficiary_recorded())).paid_minor == 900_00


@pytest.mark.parametrize("injury", [None, InjuryClass.NONE])
def test_a_claim_once_known_as_one_of_an_injury_stays_one(injury: InjuryClass | None):
    story = claim(unhurt(50_00), hurt(50_00, 800_00), amended(50_00, 850_00, injury=injury), DIRECTLY, covered=True)
    assert the(ReviewOpened, story.wait_until(day(2))).review is ReviewKind.SERIOUS_INJURY


@pytest.mark.parametrize("injury", [None, InjuryClass.NONE])
def test_an_amendment_that_tells_of_no_injury_makes_none(injury: InjuryClass | None):
    story = claim(unhurt(50_00), amended(50_00, 850_00, injury=injury), DIRECTLY, covered=True)
    assert PayoutAuthorized in facts(story.wait_until(day(2)))


def test_a_serious_injury_that_an_amendment_brings_is_never_paid_automatically():
    story = claim(unhurt(50_00), hurt(50_00, injury=InjuryClass.SERIOUS), DIRECTLY, covered=True)
    assert the(ReviewOpened, story.wait_until(day(2))).review is ReviewKind.SERIOUS_INJURY


def test_what_waits_for_approvals_is_looked_at_first_when_an_injury_becomes_known():
    story = claim(unhurt(HUGE), notified(), ACCEPTS)
    assert the(ReviewOpened, story.hear(hurt(HUGE, 0))).review is ReviewKind.SERIOUS_INJURY


def test_what_was_paid_to_a_beneficiary_before_his_injury_became_known_is_reported_at_once_and_once():
    story = claim(unhurt(900_00, beneficiary=True), notified(), ACCEPTS, paid(900_00))
    assert MedicareReportDue not in facts(story.said)
    said = story.hear(hurt(900_00, 0))
    assert (facts(said), the(MedicareReportDue, said).paid_minor) == ([MedicareReportDue], 900_00)
    assert not story.hear(hurt(900_00, 0, amendment_id="a-2"))
    more = story.hear(hurt(900_00, 100_00, amendment_id="a-3"))
    assert facts(more) == [ClaimReopened, ReviewOpened]


def test_an_injury_that_becomes_known_while_the_payout_is_on_its_way_is_reported_when_it_is_paid():
    story = claim(unhurt(900_00, beneficiary=True), notified(), ACCEPTS)
    assert not story.hear(hurt(900_00, 0))
    assert the(MedicareReportDue, story.hear(paid(900_00))).paid_minor == 900_00


# What he said of less, and is heard after it has come to more


def grown_on_day_2(*heard: Event, to: tuple[int, ...] = (SMALL, 500_00), **handling: Any) -> Claim:
    story = claim(*(heard or (accepted(), notified())), **handling)
    story.wait_until(day(2))
    story.hear(amended(*to))
    return story


def test_who_accepted_less_has_not_accepted_what_it_comes_to_since_whichever_is_heard_first():
    story = grown_on_day_2()
    asked = the(ReviewOpened, story.hear(answered(AnswerChoice.PAY_THROUGH_US, day(1))))
    assert (asked.review, asked.items) == (ReviewKind.AMOUNT, (finding(1, SMALL), finding(2, 500_00)))
    order = the(PayoutAuthorized, story.hear(reviewed(ReviewKind.AMOUNT)))
    assert (order.amount_minor, order.route) == (SMALL + 500_00, Route.SELLER_ACCEPTED)


@pytest.mark.parametrize("to", [(SMALL, 500_00), (SMALL + 1,), (SMALL - 1, 1)])
def test_what_he_accepted_as_it_is_is_paid_at_once(to: tuple[int, ...]):
    before = grown_on_day_2(to=to).hear(answered(AnswerChoice.PAY_THROUGH_US, day(1.9)))
    assert PayoutAuthorized not in facts(before)
    assert PayoutAuthorized in facts(grown_on_day_2(to=to).hear(answered(AnswerChoice.PAY_THROUGH_US, day(2))))


def test_what_came_to_more_for_a_while_is_paid_to_who_accepted_as_much_as_it_is():
    story = grown_on_day_2()
    story.hear(amended(SMALL, amendment_id="a-2"))
    assert PayoutAuthorized in facts(story.hear(answered(AnswerChoice.PAY_THROUGH_US, day(1))))


def test_what_he_accepted_less_of_is_looked_at_after_an_investigation_too():
    story = grown_on_day_2(accepted(), notified(), suspected(Signal.SAME_PAYEE))
    assert facts(story.hear(answered(AnswerChoice.PAY_THROUGH_US, day(1)))) == []
    assert the(ReviewOpened, story.hear(reviewed(ReviewKind.INVESTIGATION))).review is ReviewKind.AMOUNT


def test_who_has_looked_at_it_as_it_is_need_not_look_again_because_the_seller_had_accepted_less():
    story = grown_on_day_2(accepted(LARGE), notified(), to=(LARGE, 500_00), authority_limit_minor=LARGE)
    story.wait_until(day(7))
    story.hear(reviewed(ReviewKind.AMOUNT))
    assert facts(story.hear(answered(AnswerChoice.PAY_THROUGH_US, day(1)))) == [ApprovalRequested]


def test_a_serious_injury_is_looked_at_as_such_though_he_accepted_less():
    story = grown_on_day_2(accepted(injury=InjuryClass.SERIOUS), notified())
    asked = the(ReviewOpened, story.hear(answered(AnswerChoice.PAY_THROUGH_US, day(1))))
    assert asked.review is ReviewKind.SERIOUS_INJURY


def test_what_he_could_not_contest_yet_is_in_question_with_what_he_contests():
    story = grown_on_day_2(accepted(100_00, 200_00), notified(), to=(100_00, 200_00, 400_00))
    asked = the(ReviewOpened, story.hear(answered(AnswerChoice.CONTEST, day(1), 2)))
    assert asked.contested == (2, 3)
    order = the(PayoutAuthorized, story.hear(reviewed(ReviewKind.CONTESTED, valid=False)))
    assert order.amount_minor == 100_00, "only what he has accepted"


NO_OBJECTION: tuple[Callable[[datetime], Event], ...] = (
    lambda moment: answered(AnswerChoice.PAY_THROUGH_US, moment),
    lambda moment: commented(contrary=False, received_at=moment),
)


@pytest.mark.parametrize("says", NO_OBJECTION, ids=["accepts", "comments"])
def test_no_objection_to_less_ends_no_comment_window(says: Callable[[datetime], Event]):
    story = grown_on_day_2(accepted(), notified(day(4), direct_pay=True), covered=True)
    assert not story.hear(says(day(1)))
    assert the(PayoutAuthorized, story.hear(says(day(2)))).amount_minor == SMALL + 500_00


def test_who_accepted_less_before_any_notice_has_it_still_before_him():
    story = grown_on_day_2(accepted(signals=(Signal.SAME_PAYEE,)))
    assert not story.hear(answered(AnswerChoice.PAY_THROUGH_US, day(1)))
    assert RouteChosen in facts(story.hear(reviewed(ReviewKind.INVESTIGATION)))
    assert told(story).status is Status.WITH_SELLER


def test_a_settlement_of_all_that_it_came_to_when_he_reported_it_is_a_part_of_what_it_comes_to_now():
    story = grown_on_day_2()
    story.hear(settlement_reported(day(1)))
    asked = the(ReviewOpened, story.hear(customer_says(confirmed=True)))
    assert [item.allowed_minor for item in asked.items] == [0, 500_00]
