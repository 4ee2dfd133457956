"""The seller's money, by debit or of his own accord, and results that do not fit."""

import pytest

from services.recovery.ledger import Account
from services.recovery.questions import MOST_BOOKINGS
from services.recovery.state import Stage
from shared.events.finance import DebitFailure, SellerDebitCollected
from shared.events.recovery import (
    FinanceResultQuestioned,
    RecoveryClosed,
    RefundReason,
    ResultProblem,
    SellerDebitRequested,
    SellerDebitStopped,
    SellerRefundRequested,
)
from shared.money import Currency
from shared.runtime import unchanged
from tests.deciding import at, day
from tests.recovery import given
from tests.recovery.given import FIRST_DEBIT, LARGE, SECOND_DEBIT, balances, entries, kinds, problems


def test_more_than_demanded_is_owed_to_the_seller_and_refunded():
    decision = given.hear(given.debiting(), given.collected(LARGE + 5_000), at(day(9)))
    assert kinds(decision) == [SellerRefundRequested, FinanceResultQuestioned, RecoveryClosed]
    assert problems(decision) == [(ResultProblem.OVER_COLLECTED, 5_000)]
    assert decision.says[0] == SellerRefundRequested(
        claim_id=given.CLAIM,
        refund_id=given.FIRST_REFUND,
        seller_id=given.SELLER,
        currency=Currency.USD,
        amount_minor=5_000,
        reason=RefundReason.OVER_COLLECTED,
    )
    assert balances(entries(decision))[Account.OWED_TO_SELLER] == -5_000
    assert (decision.state.outstanding_minor, decision.state.recovered_minor) == (0, LARGE)


def test_money_on_a_recovered_claim_is_owed_to_the_seller():
    decision = given.hear(given.recovered(), given.collected(LARGE, reference="offset-2"), at(day(10)))
    assert problems(decision) == [(ResultProblem.OVER_COLLECTED, LARGE)]
    assert balances(entries(decision)) == {Account.CASH_CLEARING: LARGE, Account.OWED_TO_SELLER: -LARGE}


def test_a_seller_who_pays_by_himself_closes_the_recovery_without_a_debit():
    decision = given.hear(given.noticing(), given.seller_pays(LARGE), at(day(2)))
    assert kinds(decision) == [RecoveryClosed]
    assert balances(entries(decision)) == {
        Account.CASH_CLEARING: LARGE,
        Account.RECOVERIES_SELLER: -LARGE,
        Account.MEMO_CONTRA: LARGE,
        Account.EXPECTED_RECOVERY: -LARGE,
    }
    assert given.hear(decision.state, given.seller_pays(LARGE), at(day(3))) == unchanged(decision.state)


def test_a_seller_who_pays_too_much_gets_the_rest_back_and_nobody_is_questioned():
    decision = given.hear(given.noticing(), given.seller_pays(LARGE + 700), at(day(2)))
    assert kinds(decision) == [SellerRefundRequested, RecoveryClosed]
    assert (decision.state.owed_minor, decision.state.recovered_minor) == (700, LARGE)


def test_a_seller_who_pays_after_the_write_off_pays_what_was_written_off():
    decision = given.hear(given.written_off(), given.seller_pays(LARGE), at(day(70)))
    assert (decision.state.written_off_minor, decision.state.recovered_minor) == (0, LARGE)
    assert kinds(decision) == [RecoveryClosed]


def test_a_debit_of_more_than_is_outstanding_is_stopped_and_the_rest_asked_for_anew():
    """Otherwise finance would collect what the seller has paid already."""
    decision = given.hear(given.debiting(), given.seller_pays(100_000), at(day(9)))
    assert decision.says == (SellerDebitStopped(claim_id=given.CLAIM, debit_id=FIRST_DEBIT, seller_id=given.SELLER),)
    again = given.hear(decision.state, given.failed(reason=DebitFailure.STOPPED), at(day(10)))
    assert again.says == (
        SellerDebitRequested(
            claim_id=given.CLAIM,
            debit_id=SECOND_DEBIT,
            seller_id=given.SELLER,
            currency=Currency.USD,
            amount_minor=LARGE - 100_000,
        ),
    )


def test_a_debit_is_stopped_when_the_seller_has_paid_all_by_himself():
    decision = given.hear(given.debiting(), given.seller_pays(LARGE), at(day(9)))
    assert kinds(decision) == [SellerDebitStopped, RecoveryClosed]


def test_money_under_a_stopped_debit_still_counts():
    stopped = given.after(given.debiting(), (9, given.seller_pays(100_000)))
    decision = given.hear(stopped, given.collected(LARGE), at(day(10)))
    assert (decision.state.stage, decision.state.owed_minor) == (Stage.CLOSED, 100_000)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (given.collected(1, debit=SECOND_DEBIT), ResultProblem.UNKNOWN_DEBIT),
        (given.collected(LARGE, currency=Currency.EUR), ResultProblem.WRONG_CURRENCY),
        (given.collected(0), ResultProblem.WRONG_AMOUNT),
    ],
)
def test_a_collection_that_does_not_fit_is_questioned_and_not_booked(
    said: SellerDebitCollected, problem: ResultProblem
):
    decision = given.hear(given.debiting(), said, at(day(9)))
    assert problems(decision) == [(problem, said.amount_minor)]
    assert (decision.state, decision.does) == (given.debiting(), ())


def test_one_reference_with_two_amounts_is_questioned():
    part = given.after(given.debiting(), (9, given.collected(100_000)))
    decision = given.hear(part, given.collected(100_001), at(day(9)))
    assert problems(decision) == [(ResultProblem.WRONG_AMOUNT, 100_001)]
    assert decision.state == part


def test_a_payment_of_the_sellers_in_another_currency_is_questioned_under_the_claims_id():
    decision = given.hear(given.noticing(), given.seller_pays(5, currency=Currency.EUR), at(day(2)))
    assert decision.says == (
        FinanceResultQuestioned(
            claim_id=given.CLAIM,
            idempotency_key=given.CLAIM,
            problem=ResultProblem.WRONG_CURRENCY,
            currency=Currency.EUR,
            amount_minor=5,
            finance_reference="wire-1",
        ),
    )
    assert decision.does == ()


def test_a_failure_of_a_debit_never_asked_for_is_questioned():
    decision = given.hear(given.noticed(), given.failed(), at(day(2)))
    assert problems(decision) == [(ResultProblem.UNKNOWN_DEBIT, 0)]
    assert decision.state == given.noticed()


def test_the_books_of_one_claim_are_bounded_and_what_is_beyond_is_questioned():
    recovery = given.debiting()
    room = MOST_BOOKINGS - len(recovery.booked)
    for number in range(room):
        recovery = given.hear(recovery, given.seller_pays(1, reference=f"cent-{number}"), at(day(9))).state
    decision = given.hear(recovery, given.seller_pays(1, reference="one-more"), at(day(9)))
    assert (problems(decision), decision.does) == ([(ResultProblem.TOO_MANY_RESULTS, 1)], ())
    assert given.hear(recovery, given.seller_pays(1, reference="cent-0"), at(day(9))).says == ()
    assert len(decision.state.model_dump_json()) < 32_000
