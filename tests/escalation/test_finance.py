"""What finance reports, whom it pays, and what must be reported of it."""

from typing import Any

import pytest

from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import InjuryClass
from shared.events.escalation import (
    ClaimClosed,
    MedicareReportDue,
    Notice,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReviewOpened,
    Status,
)
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency
from tests.deciding import day
from tests.escalation.given import (
    LARGE,
    PAYOUT,
    SECOND_PAYOUT,
    SMALL,
    accepted,
    amended,
    answered,
    case,
    claim,
    facts,
    failed,
    lien,
    lien_recorded,
    new_payee,
    notified,
    paid,
    reopening,
    returned,
    reviewed,
    the,
    told,
    withdrawn,
)

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
