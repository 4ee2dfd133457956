"""The payout: one authorisation, approvals, and what finance reports."""

from datetime import date, timedelta

import pytest

from services.escalation.orders import PayoutOrder
from services.escalation.verdict import MOST_ADJUSTERS
from shared.events.adjusters import ReviewKind
from shared.events.base import Event, derived_id
from shared.events.claim import Reason
from shared.events.escalation import (
    ApprovalRequested,
    ClaimClosed,
    ClaimDecided,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReviewOpened,
    Status,
)
from shared.events.seller_portal import AnswerChoice
from tests.deciding import day
from tests.escalation.given import (
    CLAIM,
    HUGE,
    PAYOUT,
    SELLER,
    SMALL,
    accepted,
    answered,
    approval_refused,
    approved,
    case,
    claim,
    facts,
    failed,
    finding,
    hours,
    notified,
    paid,
    reviewed,
    the,
    told,
    withdrawn,
)

ACCEPTS = answered(AnswerChoice.PAY_THROUGH_US)
STRANGER = derived_id("payout", CLAIM, 2)


def test_a_payout_carries_what_finance_and_recovery_need():
    order = the(PayoutAuthorized, claim(accepted(), notified(), ACCEPTS).said)
    assert (order.payout_id, order.round, order.attempt) == (PAYOUT, 1, 1)
    assert (order.payee_ref, order.amount_minor, order.currency) == ("payee-1", SMALL, "USD")
    assert (order.seller_id, order.marketplace, order.policy) == (SELLER, "US", "US-1")
    assert (order.small, order.covered, order.incident_on) == (True, False, date(2025, 5, 20))


def test_a_paid_claim_is_closed_once():
    story = claim(accepted(), notified(), ACCEPTS)
    assert facts(story.hear(paid())) == [ClaimClosed]
    assert (told(story).status, told(story).owner, told(story).by) == (Status.CLOSED, Owner.NOBODY, None)
    for late in (paid(), failed(final=True), withdrawn(), ACCEPTS):
        assert not story.hear(late)


def test_what_finance_says_of_another_payout_changes_nothing():
    story = claim(accepted(), notified(), ACCEPTS)
    for other in (paid(payout_id=STRANGER), failed(final=True, payout_id=STRANGER)):
        assert not story.hear(other)


def test_what_finance_says_of_a_payout_never_authorised_changes_nothing():
    story = claim(accepted(), notified())
    for early in (paid(), failed(final=True)):
        assert not story.hear(early)


def test_above_the_authority_limit_two_different_people_approve():
    story = claim(accepted(HUGE), notified())
    asked = the(ApprovalRequested, story.hear(ACCEPTS))
    assert (asked.amount_minor, asked.payout_id, asked.decide_by) == (HUGE, PAYOUT, day(10))
    assert told(story).owner is Owner.APPROVER
    assert not story.hear(approved("ann"))
    assert not story.hear(approved("ann"))
    assert facts(story.hear(approved("bob"))) == [ClaimDecided, PayoutAuthorized]


def test_who_decided_the_review_approves_nothing():
    story = claim(accepted(HUGE), notified(), answered(AnswerChoice.CONTEST))
    story.hear(reviewed(ReviewKind.CONTESTED, adjuster="ann"))
    assert not story.hear(approved("ann"))
    assert not story.hear(approved("bob"))
    assert not story.hear(approved("ann"))
    assert PayoutAuthorized in facts(story.hear(approved("cyd")))


def test_nobody_who_decided_any_review_of_the_round_approves():
    story = claim(accepted(HUGE), notified(), answered(AnswerChoice.CONTEST))
    story.hear(reviewed(ReviewKind.CONTESTED, adjuster="ann"))
    story.hear(approval_refused())
    story.hear(reviewed(ReviewKind.AMOUNT, adjuster="bob"))
    for person in ("ann", "bob", "cyd"):
        assert not story.hear(approved(person))
    assert PayoutAuthorized in facts(story.hear(approved("dan")))


def test_an_amount_at_the_authority_limit_needs_no_approval():
    story = claim(accepted(HUGE), notified(), authority_limit_minor=HUGE)
    assert PayoutAuthorized in facts(story.hear(ACCEPTS))


def test_approvals_of_another_payout_do_not_count():
    story = claim(accepted(HUGE), notified(), ACCEPTS)
    for person in ("ann", "bob", "cyd"):
        assert not story.hear(approved(person, STRANGER))
    assert not story.hear(approval_refused(STRANGER))


def test_approvals_before_they_were_asked_for_do_not_count():
    story = claim(accepted(HUGE), notified(), approved("ann"), approved("bob"))
    assert facts(story.hear(ACCEPTS)) == [ApprovalRequested]


def test_overdue_approvals_are_asked_for_again_and_a_given_one_stands():
    story = claim(accepted(HUGE), notified(), ACCEPTS, approved("ann"))
    assert the(ApprovalRequested, story.wait_until(day(10))).decide_by == day(20)
    assert PayoutAuthorized in facts(story.hear(approved("bob")))


def test_a_refused_payout_goes_back_to_an_adjuster_and_needs_two_fresh_approvals():
    story = claim(accepted(HUGE), notified(), ACCEPTS, approved("ann"))
    assert the(ReviewOpened, story.hear(approval_refused())).review is ReviewKind.AMOUNT
    assert case(story).approvers == ()
    assert not story.hear(approved("bob"))


def test_a_customer_may_withdraw_while_approvals_are_out():
    story = claim(accepted(HUGE), notified(), ACCEPTS, approved("ann"), withdrawn())
    assert not story.hear(approved("bob"))
    assert told(story).outcome is Outcome.WITHDRAWN


def test_a_failed_payout_is_retried_under_the_same_id():
    story = claim(accepted(), notified(), ACCEPTS, failed())
    assert (told(story).status, told(story).owner, told(story).by) == (
        Status.PAYOUT_PENDING,
        Owner.MAKEGOOD,
        day(2),
    )
    again = the(PayoutAuthorized, story.wait_until(day(2)))
    assert (again.payout_id, again.attempt, again.amount_minor) == (PAYOUT, 2, SMALL)
    assert told(story).owner is Owner.FINANCE


def test_a_failure_said_twice_is_one_failure():
    story = claim(accepted(), notified(), ACCEPTS, failed())
    story.wait(hours(5))
    assert not story.hear(failed())
    assert case(story).due == day(2)


def test_a_payout_is_given_up_after_its_attempts():
    story = claim(accepted(), notified(), ACCEPTS)
    for _ in range(2):
        story.hear(failed())
        story.wait(timedelta(days=2))
    assert the(ClaimClosed, story.hear(failed())).outcome is Outcome.PAYOUT_FAILED
    assert not story.wait_until(day(365))


@pytest.mark.parametrize("before", [(), (failed(),)])
def test_a_final_failure_is_not_retried(before: tuple[Event, ...]):
    story = claim(accepted(), notified(), ACCEPTS, *before)
    assert the(ClaimClosed, story.hear(failed(final=True))).outcome is Outcome.PAYOUT_FAILED


@pytest.mark.parametrize("final", [False, True])
def test_a_payment_after_a_failure_is_true_and_stops_every_retry(final: bool):
    story = claim(accepted(), notified(), ACCEPTS, failed(final=final))
    assert the(ClaimClosed, story.hear(paid())).outcome is Outcome.RESOLVED_BY_SELLER
    assert told(story).outcome is Outcome.RESOLVED_BY_SELLER
    assert not story.wait_until(day(365))


def test_a_silent_finance_is_told_once_more_and_then_waited_for_less_and_less_often():
    story = claim(accepted(), notified(), ACCEPTS)
    again = the(PayoutAuthorized, story.wait_until(day(2)))
    assert (again.payout_id, again.attempt) == (PAYOUT, 1)
    assert facts(story.wait_until(day(30))) == []
    assert [told(story).by, told(story).owner] == [day(2 + 2 + 4 + 8 + 16), Owner.FINANCE]


def test_the_cap_bounds_what_is_decided_and_says_so_on_the_items_it_cuts():
    story = claim(accepted(60_00, 60_00, 60_00), notified(), cap_minor=100_00)
    decided = the(ClaimDecided, story.hear(ACCEPTS))
    assert decided.findings == (
        finding(1, 60_00),
        finding(2, 40_00, Reason.OVER_CAP),
        finding(3, 0, Reason.OVER_CAP),
    )
    assert the(PayoutAuthorized, story.said).amount_minor == decided.allowed_minor == 100_00
    assert [item.allowed_minor for item in told(story).items] == [60_00, 40_00, 0]


def test_a_claim_with_nothing_owed_is_denied_not_paid():
    story = claim(accepted(0), notified())
    assert facts(story.hear(ACCEPTS)) == [ClaimDecided, ClaimClosed]
    assert told(story).outcome is Outcome.DENIED


def test_of_many_adjusters_of_one_round_none_is_forgotten_when_it_comes_to_approving():
    story = claim(accepted(HUGE), notified(), answered(AnswerChoice.CONTEST))
    story.hear(reviewed(ReviewKind.CONTESTED, adjuster="ann"))
    for number in range(MOST_ADJUSTERS + 5):
        story.hear(approval_refused())
        story.hear(reviewed(ReviewKind.AMOUNT, adjuster=f"adjuster-{number}"))
    assert told(story).status is Status.UNDER_REVIEW, "one more adjuster does not count"
    story.hear(reviewed(ReviewKind.AMOUNT, adjuster="siu:Adjuster-0"))
    for decided in ("ann", "adjuster-0", "adjuster-5"):
        assert not story.hear(approved(decided))
    assert not story.hear(approved("zoe"))
    assert PayoutAuthorized in facts(story.hear(approved("yan")))


def test_each_attempt_is_entered_in_the_register_once_however_often_it_is_ordered():
    story = claim(accepted(), notified(), ACCEPTS)
    story.wait_until(day(30))
    story.hear(failed())
    story.wait_until(day(40))
    orders = [event for event in story.said if isinstance(event, PayoutAuthorized)]
    assert [order.attempt for order in orders] == [1, 1, 2, 2], "said once more to a silent finance, each time"
    entered = [entry for entry in story.done if isinstance(entry, PayoutOrder)]
    assert [(entry.payout_id, entry.round, entry.attempt, entry.amount_minor) for entry in entered] == [
        (PAYOUT, 1, 1, SMALL),
        (PAYOUT, 1, 2, SMALL),
    ]
