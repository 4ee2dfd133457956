"""Decisions of recovery: given what is known, when this is heard, then this is said and booked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.recovery import decide, finance
from services.recovery.decide import ASK_AGAIN, At
from services.recovery.ledger import Account
from services.recovery.state import Recovery, Stage
from shared.events.base import derived_id
from shared.events.finance import PayoutPaid, SellerDebitCollected
from shared.events.recovery import (
    DebitNoticed,
    FinanceResultQuestioned,
    ProofRequested,
    RecoveryClosed,
    RecoveryOpened,
    RecoveryWrittenOff,
    ReimbursementWaived,
    ResultProblem,
    SellerDebitRequested,
    WaiverReason,
    WriteOffReason,
)
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind, NoticeUndeliverable
from shared.money import Currency
from shared.runtime import Decision, unchanged
from tests.deciding import START, at, day
from tests.recovery import given
from tests.recovery.given import FIRST_DEBIT, LARGE, SECOND_DEBIT, SMALL, balances, entries, kinds

# Opening


def test_nothing_is_pursued_before_finance_has_paid():
    decision = decide.payout_authorized(given.authorized(), at(START))
    assert (decision.says, decision.does) == ((), ())
    assert (decision.state.stage, decision.state.due) == (Stage.AUTHORIZED, None)


def test_a_payout_is_borne_by_the_marketplace_and_opens_the_recovery():
    decision = finance.payout_paid(given.dormant(), given.paid(), at(START))
    assert kinds(decision) == [RecoveryOpened, DebitNoticed]
    assert balances(entries(decision)) == {
        Account.INDEMNITY_COST: LARGE,
        Account.CASH_CLEARING: -LARGE,
        Account.EXPECTED_RECOVERY: LARGE,
        Account.MEMO_CONTRA: -LARGE,
    }


def test_a_payout_reported_twice_is_booked_once():
    after = given.noticing()
    assert finance.payout_paid(after, given.paid(), at(day(1))) == unchanged(after)


def test_every_open_recovery_has_a_deadline():
    assert given.noticing().due == given.debiting().due == day(60)
    assert given.proving().due == day(7)
    assert given.noticed().due == day(8)
    assert given.paused().due == day(24)


# Waiver


def test_a_small_claim_of_a_covered_seller_is_waived_at_once():
    decision = finance.payout_paid(given.dormant(SMALL, small=True, covered=True), given.paid(SMALL), at(START))
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]
    assert decision.says[1:] == (
        ReimbursementWaived(
            claim_id=given.CLAIM,
            seller_id=given.SELLER,
            currency=Currency.USD,
            amount_minor=SMALL,
            reason=WaiverReason.SMALL_INSURED,
        ),
        RecoveryClosed(
            claim_id=given.CLAIM,
            seller_id=given.SELLER,
            currency=Currency.USD,
            recovered_minor=0,
            waived_minor=SMALL,
            written_off_minor=0,
        ),
    )
    assert balances(entries(decision))[Account.WAIVED] == SMALL
    assert balances(entries(decision))[Account.EXPECTED_RECOVERY] == 0
    assert decision.state.due is None


def test_a_large_claim_is_never_waived():
    decision = finance.payout_paid(given.dormant(covered=True), given.paid(), at(START, given.cover_from(-30)))
    assert kinds(decision) == [RecoveryOpened, DebitNoticed]


def test_cover_obtained_between_acceptance_and_payment_waives_without_asking():
    moment = at(START, given.cover_from(-1))
    decision = finance.payout_paid(given.dormant(SMALL, small=True), given.paid(SMALL), moment)
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]


def test_a_small_claim_without_cover_asks_for_proof_within_a_week():
    decision = finance.payout_paid(given.dormant(SMALL, small=True), given.paid(SMALL), at(START))
    assert isinstance(decision.says[-1], ProofRequested)
    assert decision.says[-1].prove_by == day(7)
    assert decision.state.watches == given.SELLER


def test_proof_in_time_waives_even_if_the_cover_is_new():
    decision = decide.deadline_passed(given.proving(), at(day(3), given.cover_from(2)))
    assert kinds(decision) == [ReimbursementWaived, RecoveryClosed]
    assert decision.state.watches is None


def test_cover_on_another_marketplace_is_no_proof():
    elsewhere = given.cover(day(-30).date(), day(365).date(), marketplace="DE")
    proving = given.proving()
    assert decide.deadline_passed(proving, at(day(3), elsewhere)) == unchanged(proving)


def test_no_proof_in_time_is_followed_by_the_debit_notice():
    decision = decide.deadline_passed(given.proving(), at(day(7), given.cover_from(-99, -50)))
    assert decision.says == (
        DebitNoticed(
            claim_id=given.CLAIM, seller_id=given.SELLER, currency=Currency.USD, amount_minor=SMALL, notice_days=7
        ),
    )
    assert decision.state.watches is None


def test_unknown_cover_is_neither_yes_nor_no():
    decision = finance.payout_paid(given.dormant(SMALL, small=True), given.paid(SMALL), at(START, known=False))
    assert kinds(decision) == [RecoveryOpened]
    assert decision.state.due == START + ASK_AGAIN


def test_cover_still_unknown_is_asked_again_and_again():
    opened = finance.payout_paid(given.dormant(SMALL, small=True), given.paid(SMALL), at(START, known=False)).state
    decision = decide.deadline_passed(opened, at(START + ASK_AGAIN, known=False))
    assert (decision.says, decision.state.due) == ((), START + 2 * ASK_AGAIN)
    assert kinds(decide.deadline_passed(opened, at(START + ASK_AGAIN))) == [ProofRequested]
    assert kinds(decide.deadline_passed(opened, at(START + ASK_AGAIN, given.cover_from(-1)))) == [
        ReimbursementWaived,
        RecoveryClosed,
    ]


def test_the_end_of_the_proof_window_waits_until_cover_is_known():
    decision = decide.deadline_passed(given.proving(), at(day(7), known=False))
    assert (decision.says, decision.state.due) == ((), day(7) + ASK_AGAIN)
    assert kinds(decide.deadline_passed(decision.state, at(day(7) + ASK_AGAIN))) == [DebitNoticed]


def test_cover_at_acceptance_waives_although_the_reference_is_unknown():
    dormant = given.dormant(SMALL, small=True, covered=True)
    decision = finance.payout_paid(dormant, given.paid(SMALL), at(START, known=False))
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]


@pytest.mark.parametrize(("since", "waived"), [(-40, True), (-10, False)])
def test_a_policy_on_incident_looks_at_the_day_of_the_incident(since: int, waived: bool):
    began = given.authorized(SMALL, small=True, covered=True, incident_on=day(-20).date())
    moment = replace(at(START, given.cover_from(since)), policies=given.on_incident())
    decision = finance.payout_paid(decide.payout_authorized(began, moment).state, given.paid(SMALL), moment)
    assert (ReimbursementWaived in kinds(decision)) is waived
    assert (ProofRequested in kinds(decision)) is not waived


def test_a_policy_on_incident_without_that_day_on_record_accepts_cover_on_proof():
    moment: At = replace(at(START), policies=given.on_incident())
    decision = finance.payout_paid(given.dormant(SMALL, small=True, covered=True), given.paid(SMALL), moment)
    assert ReimbursementWaived in kinds(decision)


# Notice and debit


@pytest.mark.parametrize("said", [given.handed_over(day(1)), given.undeliverable(day(1))])
def test_the_notice_time_runs_from_the_hand_over_or_the_last_attempt(said: NoticeHandedOver | NoticeUndeliverable):
    decision = decide.debit_notice_out(given.noticing(), said, at(day(3)))
    assert (decision.says, decision.state.due) == ((), day(8))


def test_a_repeated_notice_does_not_move_the_debit():
    noticed = given.noticed()
    assert decide.debit_notice_out(noticed, given.handed_over(day(4)), at(day(4))) == unchanged(noticed)


def test_other_letters_start_no_debit():
    noticing = given.noticing()
    letter = given.handed_over(day(1), NoticeKind.CLAIM)
    assert decide.debit_notice_out(noticing, letter, at(day(1))) == unchanged(noticing)


def test_the_debit_follows_the_notice_time():
    decision = decide.deadline_passed(given.noticed(), at(day(8)))
    assert decision.says == (
        SellerDebitRequested(
            claim_id=given.CLAIM,
            debit_id=FIRST_DEBIT,
            seller_id=given.SELLER,
            currency=Currency.USD,
            amount_minor=LARGE,
        ),
    )
    assert decision.does == ()


def test_asked_too_early_nothing_is_debited():
    noticed = given.noticed()
    assert decide.deadline_passed(noticed, at(day(7.9))) == unchanged(noticed)


def test_money_that_came_in_closes_the_recovery():
    decision = finance.debit_collected(given.debiting(), given.collected(LARGE), at(day(9)))
    assert kinds(decision) == [RecoveryClosed]
    assert balances(entries(decision)) == {
        Account.CASH_CLEARING: LARGE,
        Account.RECOVERIES_SELLER: -LARGE,
        Account.MEMO_CONTRA: LARGE,
        Account.EXPECTED_RECOVERY: -LARGE,
    }


def test_money_comes_in_parts():
    part = finance.debit_collected(given.debiting(), given.collected(100_000), at(day(9)))
    assert (part.says, part.state.outstanding_minor) == ((), 150_000)
    rest = finance.debit_collected(part.state, given.collected(150_000, reference="offset-2"), at(day(20)))
    assert kinds(rest) == [RecoveryClosed]


def test_a_part_reported_twice_is_booked_once():
    part = finance.debit_collected(given.debiting(), given.collected(100_000), at(day(9))).state
    assert finance.debit_collected(part, given.collected(100_000), at(day(9))) == unchanged(part)


def test_a_failed_debit_is_asked_again_for_the_rest_under_a_new_id():
    part = finance.debit_collected(given.debiting(), given.collected(100_000), at(day(9))).state
    failed = finance.debit_failed(part, given.failed(), at(day(10)))
    assert (failed.says, failed.state.due) == ((), day(24))
    again = decide.deadline_passed(failed.state, at(day(24))).says
    assert again == (
        SellerDebitRequested(
            claim_id=given.CLAIM,
            debit_id=SECOND_DEBIT,
            seller_id=given.SELLER,
            currency=Currency.USD,
            amount_minor=150_000,
        ),
    )


def test_a_failure_reported_twice_moves_nothing():
    paused = given.paused()
    assert finance.debit_failed(paused, given.failed(), at(day(12))) == unchanged(paused)
    again = decide.deadline_passed(paused, at(day(24))).state
    assert finance.debit_failed(again, given.failed(), at(day(25))) == unchanged(again)


def test_money_under_a_failed_debit_counts():
    decision = finance.debit_collected(given.paused(), given.collected(LARGE), at(day(12)))
    assert kinds(decision) == [RecoveryClosed]


# Write-off


def test_what_is_outstanding_after_its_time_is_written_off():
    part = finance.debit_collected(given.debiting(), given.collected(100_000), at(day(9))).state
    decision = decide.deadline_passed(part, at(day(60)))
    assert decision.says == (
        RecoveryWrittenOff(
            claim_id=given.CLAIM,
            seller_id=given.SELLER,
            currency=Currency.USD,
            amount_minor=150_000,
            reason=WriteOffReason.UNCOLLECTABLE,
        ),
        RecoveryClosed(
            claim_id=given.CLAIM,
            seller_id=given.SELLER,
            currency=Currency.USD,
            recovered_minor=100_000,
            waived_minor=0,
            written_off_minor=150_000,
        ),
    )
    assert balances(entries(decision)) == {Account.WRITTEN_OFF: 150_000, Account.EXPECTED_RECOVERY: -150_000}


def test_a_notice_that_never_went_out_ends_in_a_write_off_of_its_own_kind():
    event = decide.deadline_passed(given.noticing(), at(day(60))).says[0]
    assert isinstance(event, RecoveryWrittenOff)
    assert event.reason is WriteOffReason.NO_NOTICE_POSSIBLE


def test_money_after_the_write_off_reverses_it():
    decision = finance.debit_collected(given.written_off(), given.collected(100_000), at(day(70)))
    assert balances(entries(decision)) == {
        Account.CASH_CLEARING: 100_000,
        Account.RECOVERIES_SELLER: -100_000,
        Account.MEMO_CONTRA: 100_000,
        Account.WRITTEN_OFF: -100_000,
    }
    closed = decision.says[-1]
    assert isinstance(closed, RecoveryClosed)
    assert (closed.recovered_minor, closed.written_off_minor) == (100_000, LARGE - 100_000)
    assert decision.state.due is None


def test_a_closed_recovery_asks_for_nothing_more():
    closed = given.written_off()
    assert decide.deadline_passed(closed, at(day(90))) == unchanged(closed)


# Results that do not fit


def problems(decision: Decision[Recovery]) -> list[tuple[ResultProblem, int]]:
    return [(e.problem, e.amount_minor) for e in decision.says if isinstance(e, FinanceResultQuestioned)]


def test_more_than_demanded_is_owed_to_the_seller():
    decision = finance.debit_collected(given.debiting(), given.collected(LARGE + 5_000), at(day(9)))
    assert kinds(decision) == [FinanceResultQuestioned, RecoveryClosed]
    assert problems(decision) == [(ResultProblem.OVER_COLLECTED, 5_000)]
    assert balances(entries(decision))[Account.OVER_COLLECTED] == -5_000
    assert (decision.state.outstanding_minor, decision.state.recovered_minor) == (0, LARGE)


def test_money_on_a_recovered_claim_is_owed_to_the_seller():
    closed = finance.debit_collected(given.debiting(), given.collected(LARGE), at(day(9))).state
    decision = finance.debit_collected(closed, given.collected(LARGE, reference="offset-2"), at(day(10)))
    assert problems(decision) == [(ResultProblem.OVER_COLLECTED, LARGE)]
    assert balances(entries(decision)) == {Account.CASH_CLEARING: LARGE, Account.OVER_COLLECTED: -LARGE}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (given.paid(payout=derived_id("payout", "another")), ResultProblem.UNKNOWN_PAYOUT),
        (given.paid(currency=Currency.EUR), ResultProblem.WRONG_CURRENCY),
        (given.paid(0), ResultProblem.WRONG_AMOUNT),
    ],
)
def test_a_payment_that_does_not_fit_is_questioned_and_opens_nothing(said: PayoutPaid, problem: ResultProblem):
    decision = finance.payout_paid(given.dormant(), said, at(START))
    assert problems(decision) == [(problem, said.amount_minor)]
    assert (decision.state, decision.does) == (given.dormant(), ())


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (given.paid(reference="pay-2"), ResultProblem.PAID_TWICE),
        (given.paid(LARGE - 1), ResultProblem.WRONG_AMOUNT),
        (given.paid(currency=Currency.EUR), ResultProblem.WRONG_CURRENCY),
    ],
)
def test_a_second_payment_is_questioned_and_not_charged_to_the_seller(said: PayoutPaid, problem: ResultProblem):
    decision = finance.payout_paid(given.noticing(), said, at(day(1)))
    assert problems(decision) == [(problem, said.amount_minor)]
    assert (decision.state, decision.does) == (given.noticing(), ())


@pytest.mark.parametrize(
    ("amount", "charged", "questioned"), [(LARGE + 900, LARGE, 900), (LARGE - 900, LARGE - 900, 900)]
)
def test_the_seller_owes_what_was_both_authorised_and_paid(amount: int, charged: int, questioned: int):
    decision = finance.payout_paid(given.dormant(), given.paid(amount), at(START))
    assert kinds(decision) == [RecoveryOpened, FinanceResultQuestioned, DebitNoticed]
    assert problems(decision) == [(ResultProblem.WRONG_AMOUNT, questioned)]
    assert decision.state.outstanding_minor == charged


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
    decision = finance.debit_collected(given.debiting(), said, at(day(9)))
    assert problems(decision) == [(problem, said.amount_minor)]
    assert (decision.state, decision.does) == (given.debiting(), ())


def test_one_reference_with_two_amounts_is_questioned():
    part = finance.debit_collected(given.debiting(), given.collected(100_000), at(day(9))).state
    decision = finance.debit_collected(part, given.collected(100_001), at(day(9)))
    assert problems(decision) == [(ResultProblem.WRONG_AMOUNT, 100_001)]
    assert decision.state == part


def test_a_failure_of_a_debit_never_asked_for_is_questioned():
    decision = finance.debit_failed(given.noticed(), given.failed(), at(day(2)))
    assert problems(decision) == [(ResultProblem.UNKNOWN_DEBIT, 0)]
    assert decision.state == given.noticed()


def test_a_deadline_never_stays_where_it_was():
    for state in (given.proving(), given.noticing(), given.noticed(), given.debiting(), given.paused()):
        assert state.due is not None
        for known in (True, False):
            after = decide.deadline_passed(state, at(state.due + timedelta(seconds=1), known=known)).state
            assert after.due is None or after.due > state.due + timedelta(seconds=1)
