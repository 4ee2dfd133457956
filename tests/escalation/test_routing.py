"""From intake's word to a route."""

from datetime import date, timedelta

import pytest

from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import InjuryClass, Reason, Signal
from shared.events.escalation import (
    ClaimClosed,
    ClaimDecided,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReviewOpened,
    Route,
    RouteChosen,
    Status,
)
from shared.events.seller_portal import AnswerChoice
from shared.policy.model import DirectPay
from tests.deciding import day
from tests.escalation.given import (
    CLAIM,
    LARGE,
    SMALL,
    accepted,
    answered,
    case,
    claim,
    cover,
    denied,
    duplicate_found,
    facts,
    information_requested,
    notified,
    reviewed,
    the,
    told,
    withdrawn,
)


def test_a_small_claim_of_a_covered_seller_is_paid_directly_after_the_comment_window():
    story = claim(accepted(), notified(day(2), direct_pay=True), covered=True)
    assert the(RouteChosen, story.said).direct_pay
    assert not story.wait_until(day(2) - timedelta(seconds=1))
    assert facts(story.wait_until(day(2))) == [ClaimDecided, PayoutAuthorized]
    order = the(PayoutAuthorized, story.said)
    assert (order.amount_minor, order.route, order.covered) == (SMALL, Route.DIRECT_PAY, True)


def test_without_a_comment_window_a_direct_payout_is_authorised_at_once():
    story = claim(accepted(), covered=True, comment_window_hours=0)
    assert facts(story.said) == [RouteChosen, ClaimDecided, PayoutAuthorized]
    assert told(story).status is Status.PAYOUT_PENDING


def test_a_small_claim_of_an_uncovered_seller_goes_to_the_seller():
    story = claim(accepted())
    assert not the(RouteChosen, story.said).direct_pay
    assert (told(story).status, told(story).owner, told(story).by) == (Status.WITH_SELLER, Owner.MAKEGOOD, day(7))


def test_a_policy_may_pay_every_small_claim_directly():
    story = claim(accepted(), direct_pay=DirectPay.ALWAYS)
    assert the(RouteChosen, story.said).direct_pay
    assert told(story).status is Status.DIRECT_PAY


def test_a_claim_above_the_line_goes_to_the_seller_though_he_is_covered():
    story = claim(accepted(LARGE), covered=True)
    assert not the(RouteChosen, story.said).direct_pay


def test_cover_counts_that_is_in_force_today_and_on_this_marketplace():
    for elsewhere in (cover(to=date(2025, 6, 1)), cover(from_=date(2025, 6, 3)), cover(marketplace="GB")):
        story = claim()
        story.learn(elsewhere)
        assert not the(RouteChosen, story.hear(accepted())).direct_pay


def test_unknown_cover_is_asked_again_soon_and_is_not_no():
    story = claim(accepted(), known=False, covered=True)
    assert facts(story.said) == []
    assert facts(story.wait(timedelta(minutes=30))) == []
    story.known = True
    assert the(RouteChosen, story.wait(timedelta(minutes=5))).direct_pay


def test_cover_that_arrives_after_the_route_was_chosen_does_not_change_it():
    story = claim(accepted())
    assert not story.learn(cover())
    assert case(story).watches is None


def test_a_serious_injury_is_not_paid_directly_before_a_person_looked():
    story = claim(accepted(injury=InjuryClass.SERIOUS), covered=True, comment_window_hours=0)
    assert facts(story.said) == [RouteChosen, ReviewOpened]


def test_the_same_acceptance_again_changes_nothing():
    story = claim(accepted(), notified())
    assert not story.hear(accepted(LARGE))
    assert case(story).respond_by == day(7)


def test_a_denied_claim_is_closed_with_every_reason():
    story = claim(denied(Reason.REPORTED_TOO_LATE, Reason.EXCLUDED_LOSS))
    closed = the(ClaimClosed, story.said)
    assert (closed.outcome, closed.seller_id) == (Outcome.DENIED, None)
    assert closed.reasons == (Reason.REPORTED_TOO_LATE, Reason.EXCLUDED_LOSS)
    assert [item.allowed_minor for item in told(story).items] == [0]
    assert case(story).due is None


def test_papers_that_never_came_are_an_outcome_of_their_own():
    story = claim(information_requested(), denied(Reason.NO_RESPONSE))
    assert the(ClaimClosed, story.said).outcome is Outcome.NO_RESPONSE


def test_a_duplicate_is_closed():
    assert the(ClaimClosed, claim(duplicate_found()).said).outcome is Outcome.DUPLICATE


def test_a_claim_waits_for_the_customers_papers_and_goes_on_when_accepted():
    story = claim(information_requested())
    assert (told(story).owner, told(story).by) == (Owner.CUSTOMER, day(30))
    assert the(RouteChosen, story.hear(accepted())).claim_id == CLAIM


def test_a_later_request_for_papers_moves_the_date():
    story = claim(information_requested(), information_requested(day(40)))
    assert told(story).by == day(40)


def test_an_intake_that_is_late_after_the_papers_were_due_is_shown_as_ours():
    story = claim(information_requested())
    assert not story.wait_until(day(30))
    story.wait_until(day(31))
    assert (told(story).owner, told(story).by) == (Owner.MAKEGOOD, day(32))


@pytest.mark.parametrize("late", [denied(Reason.NO_RESPONSE), duplicate_found(), information_requested()])
def test_nothing_from_before_acceptance_ends_an_accepted_claim(late: Event):
    story = claim(accepted(), notified())
    assert not story.hear(late)


def test_a_customer_may_withdraw_until_a_payout_is_authorised():
    story = claim(accepted(), notified())
    closed = the(ClaimClosed, story.hear(withdrawn()))
    assert (closed.outcome, closed.reasons) == (Outcome.WITHDRAWN, (Reason.WITHDRAWN,))
    assert not story.wait_until(day(100))


def test_a_withdrawal_before_acceptance_ends_the_claim():
    assert told(claim(withdrawn(before_acceptance=True))).outcome is Outcome.WITHDRAWN
    assert told(claim(information_requested(), withdrawn(before_acceptance=True))).outcome is Outcome.WITHDRAWN


def test_a_withdrawal_after_the_payout_was_authorised_changes_nothing():
    story = claim(accepted(), covered=True, comment_window_hours=0)
    assert not story.hear(withdrawn())


def test_what_is_heard_before_the_beginning_is_heard_after_it():
    story = claim(notified())
    assert story.said == []
    story.hear(accepted())
    assert (told(story).owner, told(story).by) == (Owner.SELLER, day(7))


def test_every_change_is_told_once_with_a_growing_revision():
    story = claim(accepted(), notified(), notified())
    assert [event.revision for event in story.said if type(event) is type(told(story))] == [1, 2]
    assert case(story).revision == 2


def test_cover_is_judged_on_the_day_of_acceptance_however_long_it_is_investigated():
    lapses = cover(to=day(10).date())
    story = claim(accepted(SMALL, signals=(Signal.SAME_PAYEE,)))
    story.learn(lapses)
    story.wait_until(day(20))
    assert the(RouteChosen, story.hear(reviewed(ReviewKind.INVESTIGATION))).direct_pay


def test_cover_recorded_during_an_investigation_comes_too_late_for_direct_pay():
    story = claim(accepted(SMALL, signals=(Signal.SAME_PAYEE,)))
    story.learn(cover(known_since=day(5)))
    story.wait_until(day(20))
    assert not the(RouteChosen, story.hear(reviewed(ReviewKind.INVESTIGATION))).direct_pay
    story.hear(notified(day(27)))
    assert not the(PayoutAuthorized, story.hear(answered(AnswerChoice.PAY_THROUGH_US))).covered
