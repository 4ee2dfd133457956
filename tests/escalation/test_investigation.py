"""Special investigation: a person looks first at what looks like fraud."""

import pytest

from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import InjuryClass, Reason, Signal
from shared.events.escalation import (
    ClaimClosed,
    ClaimDecided,
    ClaimEscalated,
    NextStep,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReviewOpened,
    Route,
    RouteChosen,
    Status,
)
from shared.events.seller_portal import AnswerChoice
from tests.deciding import day
from tests.escalation.given import (
    HUGE,
    LARGE,
    SMALL,
    accepted,
    amended,
    answered,
    approved,
    case,
    claim,
    commented,
    customer_says,
    facts,
    finding,
    insurer_notified,
    insurer_settled,
    notified,
    reviewed,
    settlement_reported,
    suspected,
    the,
    told,
    undeliverable,
    withdrawn,
)

ORDER, PAPER, PAYEE = Signal.SAME_ORDER, Signal.SAME_EVIDENCE, Signal.SAME_PAYEE
LOOKS_LIKE_FRAUD = accepted(signals=(PAPER,))
CLEARED = reviewed(ReviewKind.INVESTIGATION)
CONTESTS, ACCEPTS = answered(AnswerChoice.CONTEST), answered(AnswerChoice.PAY_THROUGH_US)
SETTLES, REFERS = answered(AnswerChoice.SETTLE_DIRECTLY), answered(AnswerChoice.REFER_TO_INSURER)


def test_a_claim_that_looks_like_fraud_is_investigated_before_any_route():
    story = claim(LOOKS_LIKE_FRAUD, covered=True)
    asked = the(ReviewOpened, story.said)
    assert (asked.review, asked.signals, asked.decide_by) == (ReviewKind.INVESTIGATION, (PAPER,), day(40))
    assert facts(story.said) == [ReviewOpened]
    assert (told(story).status, told(story).owner) == (Status.UNDER_REVIEW, Owner.ADJUSTER)
    assert told(story).next_step is NextStep.INVESTIGATE


def test_a_cleared_claim_goes_the_way_it_would_have_gone():
    story = claim(LOOKS_LIKE_FRAUD, covered=True)
    assert the(RouteChosen, story.hear(CLEARED)).direct_pay
    assert told(story).status is Status.DIRECT_PAY
    story = claim(LOOKS_LIKE_FRAUD, CLEARED, notified())
    assert facts(story.wait_until(day(7))) == [ClaimEscalated, ClaimDecided, PayoutAuthorized]


def test_a_cleared_claim_waits_for_what_is_not_known_of_the_cover():
    story = claim(LOOKS_LIKE_FRAUD, known=False, covered=True)
    assert facts(story.hear(CLEARED)) == []
    assert told(story).status is Status.WITH_SELLER
    story.known = True
    assert the(RouteChosen, story.wait_until(day(1))).direct_pay


def test_a_claim_that_is_not_cleared_is_denied_for_the_adjusters_reasons():
    story = claim(LOOKS_LIKE_FRAUD)
    said = story.hear(reviewed(ReviewKind.INVESTIGATION, valid=False, reasons=(Reason.FRAUD,)))
    assert facts(said) == [ClaimDecided, ClaimClosed]
    assert the(ClaimDecided, said).findings == (finding(1, 0, Reason.FRAUD),)
    closed = the(ClaimClosed, said)
    assert (closed.outcome, closed.reasons) == (Outcome.DENIED, (Reason.FRAUD,))


def test_what_an_investigation_refuses_of_an_item_stays_refused():
    story = claim(accepted(100_00, 200_00, signals=(PAPER,)))
    story.hear(reviewed(ReviewKind.INVESTIGATION, finding(2, 0, Reason.FRAUD)))
    said = story.hear(ACCEPTS)
    assert the(ClaimDecided, said).findings == (finding(1, 100_00), finding(2, 0, Reason.FRAUD))


def test_what_was_refused_as_fraud_and_comes_back_amended_is_investigated_again():
    story = claim(accepted(100_00, 200_00, signals=(PAPER,)))
    story.hear(reviewed(ReviewKind.INVESTIGATION, finding(2, 0, Reason.FRAUD)))
    story.hear(notified())
    asked = the(ReviewOpened, story.hear(amended(200_00, 100_00)))
    assert (asked.review, asked.items) == (ReviewKind.INVESTIGATION, (finding(1, 200_00), finding(2, 100_00)))


def test_an_investigation_does_not_take_the_place_of_the_look_at_a_serious_injury():
    story = claim(accepted(signals=(PAPER,), injury=InjuryClass.SERIOUS), CLEARED, notified())
    assert the(ReviewOpened, story.hear(ACCEPTS)).review is ReviewKind.SERIOUS_INJURY


def test_a_customer_may_withdraw_while_his_claim_is_investigated():
    story = claim(LOOKS_LIKE_FRAUD, withdrawn())
    assert told(story).outcome is Outcome.WITHDRAWN
    assert not story.hear(CLEARED)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (ACCEPTS, Status.PAYOUT_PENDING),
        (CONTESTS, Status.UNDER_REVIEW),
        (SETTLES, Status.SELLER_RESOLVING),
        (REFERS, Status.WITH_INSURER),
    ],
)
def test_an_answer_heard_during_an_investigation_is_kept_for_its_end(answer: Event, status: Status):
    story = claim(accepted(LARGE, signals=(PAPER,)))
    assert not story.hear(answer)
    story.hear(CLEARED)
    assert told(story).status is status


@pytest.mark.parametrize("promise", [SETTLES, REFERS])
def test_a_promise_from_before_the_route_delays_no_direct_payment(promise: Event):
    story = claim(LOOKS_LIKE_FRAUD, promise, CLEARED, notified(day(2), direct_pay=True), covered=True)
    assert PayoutAuthorized in facts(story.wait_until(day(2)))


def test_a_settlement_from_before_the_route_speaks_against_a_direct_payment():
    story = claim(LOOKS_LIKE_FRAUD, settlement_reported(), covered=True)
    assert the(ReviewOpened, story.hear(CLEARED)).review is ReviewKind.CONTESTED


@pytest.mark.parametrize("heard", [(), (notified(),), (notified(), SETTLES), (notified(), REFERS), (undeliverable(),)])
def test_suspicion_interrupts_whatever_is_waited_for_and_leads_back_to_it(heard: tuple[Event, ...]):
    story = claim(accepted(LARGE), *heard)
    before = told(story).status
    asked = the(ReviewOpened, story.hear(suspected(ORDER, PAPER)))
    assert (asked.review, asked.signals) == (ReviewKind.INVESTIGATION, (ORDER, PAPER))
    story.hear(CLEARED)
    assert told(story).status is before
    assert PayoutAuthorized not in facts(story.said)


def test_a_seller_whose_time_ran_out_during_an_investigation_is_silent_after_it():
    story = claim(accepted(), notified(), suspected(PAPER))
    assert facts(story.wait_until(day(20))) == []
    story.hear(CLEARED)
    assert facts(story.wait_until(day(21))) == [ClaimEscalated, ClaimDecided, PayoutAuthorized]


def test_a_notice_handed_over_during_an_investigation_gives_the_seller_his_time():
    story = claim(accepted(), suspected(PAPER), notified(day(7)), CLEARED)
    assert (told(story).owner, told(story).by) == (Owner.SELLER, day(7))


def test_a_notice_that_came_back_during_an_investigation_is_remembered():
    story = claim(accepted(), notified(), suspected(PAPER))
    assert not story.hear(undeliverable())
    assert the(ReviewOpened, story.hear(CLEARED)).review is ReviewKind.UNDELIVERABLE


def test_a_review_that_an_investigation_holds_up_is_asked_for_after_it():
    story = claim(accepted(LARGE), notified(), CONTESTS, suspected(PAPER))
    assert not story.hear(reviewed(ReviewKind.CONTESTED))
    assert the(ReviewOpened, story.hear(CLEARED)).review is ReviewKind.CONTESTED
    assert PayoutAuthorized in facts(story.hear(reviewed(ReviewKind.CONTESTED)))


def test_an_answer_takes_the_place_of_the_review_that_an_investigation_holds_up():
    story = claim(accepted(LARGE), notified())
    story.wait_until(day(7))
    story.hear(suspected(PAPER))
    assert not story.hear(answered(AnswerChoice.PAY_THROUGH_US, day(7)))
    assert the(PayoutAuthorized, story.hear(CLEARED)).route is Route.SELLER_ACCEPTED


def test_what_a_review_had_found_holds_after_an_investigation_and_approvals_begin_anew():
    story = claim(accepted(HUGE), notified(), CONTESTS)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 15_000_00)))
    story.hear(approved("bob"))
    story.hear(suspected(PAPER))
    assert not story.hear(approved("cyd"))
    story.hear(CLEARED)
    assert not story.hear(approved("cyd"))
    assert the(PayoutAuthorized, story.hear(approved("dan"))).amount_minor == 15_000_00


def test_settlements_reported_during_an_investigation_are_remembered():
    story = claim(accepted(LARGE), notified(), SETTLES, suspected(PAPER))
    assert not story.hear(settlement_reported())
    story.hear(CLEARED)
    assert (told(story).status, told(story).owner) == (Status.SELLER_RESOLVING, Owner.CUSTOMER)
    story = claim(accepted(LARGE), notified(), REFERS, suspected(PAPER))
    assert not story.hear(insurer_settled(LARGE))
    story.hear(CLEARED)
    assert (told(story).status, told(story).owner) == (Status.WITH_INSURER, Owner.CUSTOMER)


def test_an_insurers_time_goes_on_after_an_investigation():
    story = claim(accepted(LARGE), notified(), REFERS, insurer_notified(day(31)), suspected(PAPER), CLEARED)
    assert (told(story).owner, told(story).by) == (Owner.INSURER, day(31))


def test_a_settlement_disputed_during_an_investigation_is_judged_after_it():
    story = claim(accepted(LARGE), notified(), SETTLES, settlement_reported(), suspected(PAPER))
    assert not story.hear(customer_says(confirmed=False))
    assert the(ReviewOpened, story.hear(CLEARED)).review is ReviewKind.CONTESTED
    story = claim(accepted(LARGE), notified(), REFERS, insurer_settled(LARGE), suspected(PAPER))
    assert not story.hear(customer_says(confirmed=False))
    assert the(ReviewOpened, story.hear(CLEARED)).review is ReviewKind.CONTESTED


def test_who_has_his_money_elsewhere_ends_an_investigation():
    story = claim(accepted(LARGE), notified(), SETTLES, suspected(PAPER))
    assert the(ClaimClosed, story.hear(customer_says(confirmed=True))).outcome is Outcome.RESOLVED_BY_SELLER


def test_an_objection_on_direct_pay_during_an_investigation_is_judged_after_it():
    story = claim(accepted(), notified(day(2), direct_pay=True), suspected(PAPER), covered=True)
    assert not story.hear(commented(contrary=True))
    assert the(ReviewOpened, story.hear(CLEARED)).review is ReviewKind.CONTESTED


def test_growing_suspicion_is_shown_to_who_investigates_and_repeated_suspicion_is_not():
    story = claim(LOOKS_LIKE_FRAUD)
    assert not story.hear(suspected(PAPER))
    asked = the(ReviewOpened, story.hear(suspected(PAPER, PAYEE)))
    assert (asked.review, asked.signals) == (ReviewKind.INVESTIGATION, (PAPER, PAYEE))
    assert not story.hear(suspected(PAYEE, PAPER))


def test_new_suspicion_after_a_cleared_one_is_investigated_again():
    story = claim(LOOKS_LIKE_FRAUD, CLEARED, notified())
    assert the(ReviewOpened, story.hear(suspected(PAPER, PAYEE))).review is ReviewKind.INVESTIGATION


def test_suspicion_after_the_payout_was_authorised_stops_nothing():
    story = claim(accepted(), notified(), ACCEPTS)
    assert not story.hear(suspected(PAPER))
    assert case(story).signals == (PAPER,)


def test_an_amendment_during_an_investigation_is_shown_to_who_investigates():
    story = claim(LOOKS_LIKE_FRAUD, covered=True)
    asked = the(ReviewOpened, story.hear(amended(LARGE)))
    assert (asked.review, asked.items) == (ReviewKind.INVESTIGATION, (finding(1, LARGE),))
    assert not the(RouteChosen, story.hear(CLEARED)).direct_pay


def test_a_direct_payment_that_grew_during_an_investigation_is_asked_of_the_seller_after_it():
    story = claim(accepted(SMALL), notified(day(2), direct_pay=True), suspected(PAPER), covered=True)
    story.hear(amended(LARGE))
    assert not the(RouteChosen, story.hear(CLEARED)).direct_pay
    assert case(story).respond_by is None
