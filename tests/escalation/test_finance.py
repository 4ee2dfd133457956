"""What finance reports, whom it pays, and what must be reported of it."""

from datetime import timedelta
from typing import Any

import pytest

from services.escalation.app import escalation
from services.escalation.finance import MOST_RESULTS
from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import InjuryClass
from shared.events.escalation import (
    ClaimClosed,
    EarlierPayout,
    ItemResult,
    MedicareReportDue,
    Notice,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReviewOpened,
    Route,
    Status,
)
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency
from shared.policy import Policies
from shared.policy.model import Reporting
from tests.deciding import day
from tests.escalation.given import (
    CLAIM,
    HUGE,
    LARGE,
    PAYOUT,
    SECOND_PAYOUT,
    SMALL,
    Claim,
    accepted,
    amended,
    answered,
    beneficiary_recorded,
    case,
    claim,
    facts,
    failed,
    information_requested,
    lien,
    lien_recorded,
    new_payee,
    notified,
    paid,
    policies,
    reopening,
    returned,
    reviewed,
    the,
    told,
    withdrawn,
)
from tests.interpreter import Interpreter

ACCEPTS = answered(AnswerChoice.PAY_THROUGH_US)
PAID = (accepted(), notified(), ACCEPTS, paid())


# Payments that come back


def test_a_payment_that_comes_back_in_full_waits_for_a_new_payee():
    story = claim(*PAID)
    assert the(ClaimClosed, story.hear(returned())).outcome is Outcome.PAYOUT_FAILED
    assert (told(story).status, told(story).outcome) == (Status.CLOSED, Outcome.PAYOUT_FAILED)
    order = the(PayoutAuthorized, story.hear(new_payee()))
    assert (order.payout_id, order.round, order.attempt, order.payee_ref) == (PAYOUT, 1, 2, "payee-2")
    assert (told(story).status, told(story).owner, told(story).outcome) == (
        Status.PAYOUT_PENDING,
        Owner.FINANCE,
        None,
    )
    assert the(ClaimClosed, story.hear(paid(reference="transfer-10"))).outcome is Outcome.RESOLVED_BY_SELLER


def test_a_payment_may_come_back_in_parts():
    story = claim(*PAID)
    assert not story.hear(returned(SMALL - 1))
    assert not story.hear(returned(SMALL - 1))
    assert facts(story.hear(returned(1, reference="return-10"))) == [ClaimClosed]


def test_a_second_payment_by_mistake_that_comes_back_leaves_the_first():
    story = claim(*PAID)
    assert not story.hear(paid(reference="again"))
    assert not story.hear(returned())
    assert case(story).outcome is Outcome.RESOLVED_BY_SELLER


def test_a_return_of_something_else_changes_nothing():
    story = claim(*PAID)
    for other in (
        returned(payout_id=SECOND_PAYOUT),
        returned(0),
        returned().model_copy(update={"currency": Currency.EUR}),
    ):
        assert not story.hear(other)
    assert not claim(accepted(), notified(), ACCEPTS).hear(returned())


# The payee


def test_the_payee_named_last_before_the_payout_is_paid():
    story = claim(accepted(), notified(), new_payee(), new_payee("payee-3"))
    assert the(PayoutAuthorized, story.hear(ACCEPTS)).payee_ref == "payee-3"


def test_a_new_payee_after_a_final_failure_is_a_new_attempt_of_the_same_payout():
    story = claim(accepted(), notified(), ACCEPTS, failed(final=True))
    order = the(PayoutAuthorized, story.hear(new_payee()))
    assert (order.payout_id, order.round, order.attempt, order.amount_minor) == (PAYOUT, 1, 2, SMALL)
    assert not story.hear(new_payee())
    story.wait(timedelta(minutes=1))
    for _ in range(2):  # the new payee has as many attempts as the first
        story.hear(failed())
        story.wait_until(case(story).due or day(0))
    assert case(story).status is Status.PAYOUT_PENDING
    assert the(ClaimClosed, story.hear(failed())).outcome is Outcome.PAYOUT_FAILED


def test_a_payee_named_while_the_payout_is_pending_is_paid_when_it_fails_for_good():
    story = claim(accepted(), notified(), ACCEPTS)
    assert not story.hear(new_payee())
    story.hear(failed())
    assert the(PayoutAuthorized, story.wait_until(day(2))).payee_ref == "payee-1", "tried again as it was ordered"
    order = the(PayoutAuthorized, story.hear(failed(final=True)))
    assert (order.attempt, order.payee_ref) == (3, "payee-2")


@pytest.mark.parametrize("heard", [PAID, (accepted(), withdrawn())])
def test_a_new_payee_of_a_claim_that_has_ended_otherwise_is_only_noted(heard: tuple[Event, ...]):
    story = claim(*heard)
    assert not story.hear(new_payee())
    assert case(story).payee_ref == "payee-2"


# Liens


def test_liens_are_paid_out_of_the_payout_in_their_order_and_cut_to_it():
    liens = (lien(150_00), lien(100_00, "holder-2"), lien(1, "holder-3"))
    order = the(PayoutAuthorized, claim(accepted(SMALL, liens=liens), notified(), ACCEPTS).said)
    assert (order.amount_minor, order.liens) == (SMALL, (lien(150_00), lien(50_00, "holder-2")))


def test_a_lien_counts_until_the_payout_is_authorised():
    story = claim(accepted(), notified(), lien_recorded(lien(20_00)), ACCEPTS)
    assert the(PayoutAuthorized, story.said).liens == (lien(20_00),)
    assert not story.hear(lien_recorded(lien(20_00), lien(30_00, "holder-2")))
    assert the(PayoutAuthorized, story.wait_until(day(2))).liens == (lien(20_00),), "the same order, said again"
    story.hear(failed(final=True))
    assert len(the(PayoutAuthorized, story.hear(new_payee())).liens) == 2


def test_what_a_holder_had_in_one_round_is_not_paid_to_him_in_the_next():
    story = claim(accepted(SMALL, liens=(lien(150_00), lien(100_00, "holder-2"))), notified(), ACCEPTS, paid())
    story.hear(amended(SMALL, 300_00))
    order = the(PayoutAuthorized, story.hear(reviewed(ReviewKind.AMOUNT)))
    assert (order.round, order.liens) == (2, (lien(50_00, "holder-2"),))


WITH_LIEN = (accepted(SMALL, liens=(lien(60_00),)), notified(), ACCEPTS)
SHARE = SMALL - 60_00


def test_when_all_that_the_payee_had_has_come_back_a_new_payee_gets_it_and_the_holder_keeps_his():
    story = claim(*WITH_LIEN, paid())
    assert the(ClaimClosed, story.hear(returned(SHARE))).outcome is Outcome.PAYOUT_FAILED
    order = the(PayoutAuthorized, story.hear(new_payee()))
    assert (order.payout_id, order.attempt, order.payee_ref) == (PAYOUT, 2, "payee-2")
    assert (order.amount_minor, order.liens, order.kept_minor) == (SHARE, (), 60_00)
    assert ClaimClosed not in facts(story.hear(paid(SHARE - 1, reference="transfer-10")))
    assert the(ClaimClosed, story.hear(paid(1, reference="rest"))).outcome is Outcome.RESOLVED_BY_SELLER
    assert not story.hear(new_payee("payee-3"))


def test_while_the_payee_has_something_of_it_nothing_is_paid_again():
    assert not claim(*WITH_LIEN, paid()).hear(returned(SHARE - 1))
    assert not claim(*WITH_LIEN, paid()).hear(returned(60_00)), "it may be the holder's"
    all_to_holders = claim(accepted(SMALL, liens=(lien(SMALL),)), notified(), ACCEPTS, paid())
    assert not all_to_holders.hear(returned(1))


def test_the_payees_share_that_came_back_before_we_heard_that_it_was_paid_waits_for_a_new_payee_too():
    story = claim(*WITH_LIEN, returned(SHARE))
    assert the(ClaimClosed, story.hear(paid())).outcome is Outcome.PAYOUT_FAILED
    assert the(PayoutAuthorized, story.hear(new_payee())).amount_minor == SHARE


def test_the_payees_share_is_tried_as_often_as_any_payout_and_goes_to_one_after_another():
    story = claim(*WITH_LIEN, paid(), returned(SHARE), new_payee(), failed(attempt=2))
    again = the(PayoutAuthorized, story.wait_until(day(2)))
    assert (again.attempt, again.amount_minor, again.kept_minor) == (3, SHARE, 60_00)
    assert the(ClaimClosed, story.hear(failed(final=True))).outcome is Outcome.PAYOUT_FAILED
    order = the(PayoutAuthorized, story.hear(new_payee("payee-3")))
    assert (order.attempt, order.amount_minor, order.kept_minor) == (4, SHARE, 60_00)


def test_a_lien_recorded_since_is_paid_out_of_the_share_and_one_that_has_come_back_too_out_of_all():
    story = claim(*WITH_LIEN, paid(), returned(SHARE), lien_recorded(lien(60_00), lien(30_00, "holder-2")))
    order = the(PayoutAuthorized, story.hear(new_payee()))
    assert (order.amount_minor, order.liens, order.kept_minor) == (SHARE, (lien(30_00, "holder-2"),), 60_00)
    story.hear(paid(SHARE, reference="transfer-10"))
    story.hear(returned(SMALL, reference="return-10"))
    order = the(PayoutAuthorized, story.hear(new_payee("payee-3")))
    assert (order.amount_minor, order.kept_minor) == (SMALL, 0)
    assert order.liens == (lien(60_00), lien(30_00, "holder-2"))


def test_what_a_holder_keeps_of_one_round_is_not_paid_to_him_in_the_next():
    story = claim(*WITH_LIEN, paid(), returned(SHARE), new_payee(), paid(SHARE, reference="transfer-10"))
    story.hear(amended(SMALL, 300_00))
    order = the(PayoutAuthorized, story.hear(reviewed(ReviewKind.AMOUNT)))
    assert (order.round, order.amount_minor, order.liens) == (2, 300_00, ())


# Medicare


def of_beneficiary(*amounts: int, **other: Any) -> Event:
    return accepted(*amounts, beneficiary=True, **other)


def test_a_payment_to_a_beneficiary_over_the_threshold_must_be_reported_once_per_round():
    story = claim(of_beneficiary(LARGE), notified(), ACCEPTS)
    due = the(MedicareReportDue, story.hear(paid(LARGE)))
    assert (due.paid_minor, due.threshold_minor) == (LARGE, 750_00)
    story.hear(returned(LARGE))
    story.hear(new_payee())
    assert facts(story.hear(paid(LARGE, reference="transfer-10"))) == [ClaimClosed]
    story.hear(amended(LARGE, 100_00))
    story.hear(reviewed(ReviewKind.AMOUNT))
    again = the(MedicareReportDue, story.hear(paid(100_00, SECOND_PAYOUT, "transfer-11")))
    assert again.paid_minor == LARGE + 100_00


def test_payments_for_one_incident_count_together():
    alone = claim(of_beneficiary(750_00), notified(), ACCEPTS)
    assert facts(alone.hear(paid(750_00))) == [ClaimClosed]
    beside = claim(of_beneficiary(750_00, others_minor=1), notified(), ACCEPTS)
    assert the(MedicareReportDue, beside.hear(paid(750_00))).paid_minor == 750_01


@pytest.mark.parametrize(
    "nothing_to_report",
    [accepted(LARGE, beneficiary=False), of_beneficiary(LARGE, injury=InjuryClass.NONE), of_beneficiary(SMALL)],
)
def test_other_payments_are_not_reported(nothing_to_report: Event):
    story = claim(nothing_to_report, notified(), ACCEPTS)
    assert facts(story.hear(paid(LARGE))) == [ClaimClosed]


def test_where_nobody_has_said_whether_it_goes_to_a_beneficiary_a_person_looks_first():
    story = claim(accepted(LARGE, beneficiary=None), notified())
    assert the(ReviewOpened, story.hear(ACCEPTS)).review is ReviewKind.SERIOUS_INJURY
    for not_asked in (accepted(SMALL, beneficiary=None), accepted(LARGE, beneficiary=None, injury=InjuryClass.NONE)):
        assert PayoutAuthorized in facts(claim(not_asked, notified(), ACCEPTS).said)


def test_a_paid_claim_says_so():
    story = claim(*PAID)
    assert told(story).notice is Notice.PAID
    story.hear(reopening())
    assert told(story).notice is Notice.REOPENED


# More than one payout


TWO_ROUNDS = (*PAID, amended(SMALL, 50_00), reviewed(ReviewKind.AMOUNT))
SECOND_PAID = paid(50_00, SECOND_PAYOUT, "transfer-10")


def test_a_payment_of_an_earlier_round_that_comes_back_is_ordered_again_in_its_own_round():
    story = claim(*TWO_ROUNDS, SECOND_PAID)
    assert the(ClaimClosed, story.hear(returned())).outcome is Outcome.PAYOUT_FAILED
    order = the(PayoutAuthorized, story.hear(new_payee()))
    assert (order.payout_id, order.round, order.attempt, order.amount_minor) == (PAYOUT, 1, 2, SMALL)
    assert not story.hear(failed(final=True, payout_id=SECOND_PAYOUT))
    assert the(ClaimClosed, story.hear(paid(reference="transfer-11"))).outcome is Outcome.RESOLVED_BY_SELLER


def test_a_payment_that_comes_back_while_a_later_one_is_pending_is_remembered():
    story = claim(*TWO_ROUNDS)
    assert not story.hear(returned())
    assert the(ClaimClosed, story.hear(SECOND_PAID)).outcome is Outcome.PAYOUT_FAILED
    assert the(PayoutAuthorized, story.hear(new_payee())).payout_id == PAYOUT


def test_a_payee_named_meanwhile_gets_it_as_soon_as_the_later_one_is_paid():
    story = claim(*TWO_ROUNDS, returned(), new_payee())
    order = the(PayoutAuthorized, story.hear(SECOND_PAID))
    assert (order.payout_id, order.attempt, order.payee_ref) == (PAYOUT, 2, "payee-2")
    assert told(story).status is Status.PAYOUT_PENDING


def test_both_payments_that_have_come_back_are_paid_to_the_new_payee_one_after_the_other():
    story = claim(*TWO_ROUNDS, SECOND_PAID, returned())
    assert not story.hear(returned(50_00, SECOND_PAYOUT, "return-10"))
    assert the(PayoutAuthorized, story.hear(new_payee())).payout_id == PAYOUT
    order = the(PayoutAuthorized, story.hear(paid(reference="transfer-11")))
    assert (order.payout_id, order.attempt, order.amount_minor) == (SECOND_PAYOUT, 2, 50_00)
    closed = the(ClaimClosed, story.hear(paid(50_00, SECOND_PAYOUT, "transfer-12")))
    assert closed.outcome is Outcome.RESOLVED_BY_SELLER


def test_an_earlier_payment_that_came_back_keeps_the_route_it_was_paid_by():
    story = claim(accepted(), notified(), ACCEPTS, paid(), reopening(), reviewed(ReviewKind.REOPENED, valid=False))
    assert told(story).outcome is Outcome.RESOLVED_BY_SELLER
    story.hear(returned())
    assert the(PayoutAuthorized, story.hear(new_payee())).route is Route.SELLER_ACCEPTED


def test_what_came_back_in_part_can_be_paid_when_the_claim_is_reopened():
    story = claim(*PAID, returned(80_00), reopening())
    order = the(PayoutAuthorized, story.hear(reviewed(ReviewKind.REOPENED)))
    assert (order.round, order.amount_minor) == (2, 80_00)
    assert order.earlier == (EarlierPayout(payout_id=PAYOUT, amount_minor=SMALL - 80_00),)
    story.hear(paid(80_00, SECOND_PAYOUT, "transfer-10"))
    story.hear(returned(SMALL - 80_00, reference="return-10"))
    again = the(PayoutAuthorized, story.hear(new_payee()))
    assert (again.payout_id, again.amount_minor) == (PAYOUT, SMALL - 80_00), "the rest is paid by the later round"


def test_a_part_that_comes_back_before_the_approvals_of_a_later_round_is_looked_at_first():
    story = claim(*PAID, reopening(), amended(SMALL + HUGE), reviewed(ReviewKind.REOPENED))
    assert told(story).status is Status.AWAITING_APPROVAL
    asked = the(ReviewOpened, story.hear(returned(80_00)))
    assert (asked.review, asked.items[0].allowed_minor) == (ReviewKind.AMOUNT, HUGE + 80_00)


# What is heard in another order


def test_money_that_came_back_before_we_heard_that_it_was_paid_counts_as_returned():
    story = claim(accepted(), notified(), ACCEPTS)
    assert not story.hear(returned())
    assert the(ClaimClosed, story.hear(paid())).outcome is Outcome.PAYOUT_FAILED
    assert the(PayoutAuthorized, story.hear(new_payee())).attempt == 2
    assert the(ClaimClosed, story.hear(paid(reference="transfer-10"))).outcome is Outcome.RESOLVED_BY_SELLER


def test_a_failure_of_an_earlier_attempt_changes_nothing():
    story = claim(accepted(), notified(), ACCEPTS, failed(attempt=1))
    story.wait_until(day(2))
    for _ in range(3):
        assert not story.hear(failed(attempt=1))
        assert not story.hear(failed(final=True, attempt=1))
    assert (case(story).status, case(story).owner) == (Status.PAYOUT_PENDING, Owner.FINANCE)
    assert the(ClaimClosed, story.hear(failed(final=True, attempt=2))).outcome is Outcome.PAYOUT_FAILED


def test_a_failure_said_again_after_the_next_order_is_no_failure_of_that_one_though_no_attempt_is_named():
    """Found by the simulation: finance repeated itself days later, and a claim was given up that was being paid."""
    story = claim(accepted(), notified(), ACCEPTS, payout_attempts=2)
    first = story.now
    story.hear(failed())
    story.wait_until(day(2))
    for said_at in (first, first - timedelta(minutes=1)):
        assert not story.hear(failed(), said_at=said_at)
        assert not story.hear(failed(final=True), said_at=said_at)
    assert (case(story).status, case(story).owner) == (Status.PAYOUT_PENDING, Owner.FINANCE)
    assert the(ClaimClosed, story.hear(failed())).outcome is Outcome.PAYOUT_FAILED
    order = the(PayoutAuthorized, story.hear(new_payee()))
    assert not story.hear(failed(), said_at=day(2)), "what became of the last one counts for the new payee's neither"
    assert order.attempt == 3


def test_a_failure_to_pay_the_former_payee_changes_nothing():
    story = claim(accepted(), notified(), ACCEPTS, failed(final=True, attempt=1), new_payee())
    assert not story.hear(failed(final=True, attempt=1))
    assert case(story).status is Status.PAYOUT_PENDING


# A beneficiary of Medicare, as it is known later


def test_whether_it_goes_to_a_beneficiary_may_be_answered_before_the_payment():
    story = claim(accepted(LARGE, beneficiary=None), notified())
    assert not story.hear(beneficiary_recorded())
    assert PayoutAuthorized in facts(story.hear(ACCEPTS)), "nobody need look for want of an answer"
    assert the(MedicareReportDue, story.hear(paid(LARGE))).paid_minor == LARGE


def test_the_answer_closes_no_review_that_is_open():
    story = claim(accepted(LARGE, beneficiary=None), notified(), ACCEPTS)
    assert not story.hear(beneficiary_recorded(beneficiary=False))
    assert case(story).review is ReviewKind.SERIOUS_INJURY


def test_what_was_paid_before_the_answer_is_reported_at_once_and_once():
    story = claim(accepted(LARGE, beneficiary=None), notified(), ACCEPTS)
    story.hear(reviewed(ReviewKind.SERIOUS_INJURY))
    assert facts(story.hear(paid(LARGE))) == [ClaimClosed]
    assert the(MedicareReportDue, story.hear(beneficiary_recorded())).paid_minor == LARGE
    assert not story.hear(beneficiary_recorded())
    assert facts(claim(information_requested()).hear(beneficiary_recorded())) == []


def test_all_claims_of_the_incident_count_where_nobody_has_said_whether_to_a_beneficiary():
    story = claim(accepted(SMALL, beneficiary=None, others_minor=600_00), notified())
    assert the(ReviewOpened, story.hear(ACCEPTS)).review is ReviewKind.SERIOUS_INJURY


def test_the_threshold_is_that_of_the_day_of_payment():
    shipped = policies().version("US-1")
    rules = (*shipped.injuries.reporting, Reporting(since=day(1).date(), over_minor=100_00))
    changed = shipped.model_copy(update={"injuries": shipped.injuries.model_copy(update={"reporting": rules})})
    story: Claim = Interpreter(escalation, policies=Policies([changed]))
    for heard in (of_beneficiary(SMALL), notified(), ACCEPTS):
        story.hear(heard)
    story.wait_until(day(1))
    assert the(MedicareReportDue, story.hear(paid())).threshold_minor == 100_00


# What is said again


def test_a_payment_that_came_back_is_not_paid_a_third_time_when_its_return_is_told_again_long_after():
    """Each result counts once however many others came between: a return forgotten would be paid once more."""
    story = claim(*PAID)
    story.hear(returned())
    story.hear(new_payee())
    story.hear(paid(reference="transfer-10"))
    for number in range(60):
        story.hear(returned(1, reference=f"fee-{number}"))
    before, orders = case(story), len([each for each in story.said if isinstance(each, PayoutAuthorized)])
    assert not story.hear(returned())
    assert not story.hear(paid())
    assert not story.hear(new_payee("payee-3"))
    assert case(story).payouts == before.payouts
    assert len([each for each in story.said if isinstance(each, PayoutAuthorized)]) == orders == 2


def test_of_a_claim_with_more_results_than_are_remembered_no_further_one_counts():
    story = claim(*PAID)
    for number in range(MOST_RESULTS):
        story.hear(returned(1, reference=f"fee-{number}"))
    before = case(story)
    assert not story.hear(returned(reference="the one too many"))
    assert case(story) == before
    assert story.size(str(CLAIM)) < 8 * 1024


# Less than was ordered


PENDING = (accepted(120_00, 80_00), notified(), ACCEPTS)


def test_of_a_payment_that_is_short_the_rest_is_waited_for_before_the_customer_is_told_that_he_is_paid():
    story = claim(*PENDING)
    assert ClaimClosed not in facts(story.hear(paid(150_00)))
    assert (told(story).status, told(story).owner) == (Status.PAYOUT_PENDING, Owner.FINANCE)
    assert the(ClaimClosed, story.hear(paid(50_00, reference="rest"))).outcome is Outcome.RESOLVED_BY_SELLER
    assert [item.result for item in told(story).items] == [ItemResult.FULL, ItemResult.FULL]


def test_while_the_rest_of_a_payment_is_missing_the_same_order_is_said_again_and_no_other_attempt_made():
    story = claim(*PENDING)
    story.hear(paid(150_00))
    assert not story.hear(failed())
    story.wait_until(day(30))
    orders = [event for event in story.said if isinstance(event, PayoutAuthorized)]
    assert len(orders) == 2
    assert orders[0] == orders[1]


def test_of_a_payment_whose_rest_finance_refuses_the_customer_hears_what_he_has_of_each_item():
    story = claim(*PENDING)
    story.hear(paid(150_00))
    assert the(ClaimClosed, story.hear(failed(final=True))).outcome is Outcome.RESOLVED_BY_SELLER
    assert told(story).notice is Notice.PAID
    shown = [(item.allowed_minor, item.result) for item in told(story).items]
    assert shown == [(120_00, ItemResult.FULL), (30_00, ItemResult.PART)]


def test_what_was_not_paid_in_the_first_round_is_paid_in_the_next():
    story = claim(*PENDING)
    story.hear(paid(150_00))
    story.hear(failed(final=True))
    story.hear(reopening())
    order = the(PayoutAuthorized, story.hear(reviewed(ReviewKind.REOPENED)))
    assert (order.round, order.amount_minor) == (2, 50_00)


def test_a_part_that_arrives_after_the_payout_was_given_up_is_told_as_a_part():
    story = claim(*PENDING)
    story.hear(failed(final=True))
    assert told(story).outcome is Outcome.PAYOUT_FAILED
    story.hear(paid(150_00))
    assert told(story).outcome is Outcome.RESOLVED_BY_SELLER
    assert [item.allowed_minor for item in told(story).items] == [120_00, 30_00]


def test_a_rest_that_comes_after_it_was_refused_is_not_paid_again_in_the_next_round():
    story = claim(*PENDING)
    story.hear(paid(150_00))
    story.hear(failed(final=True))
    story.hear(paid(50_00, reference="rest"))
    story.hear(reopening())
    assert PayoutAuthorized not in facts(story.hear(reviewed(ReviewKind.REOPENED)))
