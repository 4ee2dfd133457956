"""What finance pays and gets back, round by round; second payments, recalls, and reports out of order."""

from datetime import timedelta
from itertools import permutations

import pytest

from services.recovery.deadlines import deadline_passed
from services.recovery.decide import ASK_AGAIN
from services.recovery.ledger import Account
from services.recovery.payouts import MOST_UNPLACED
from services.recovery.state import Recovery, Stage
from shared.events.base import Event, derived_id
from shared.events.finance import PayoutPaid, PayoutReturned
from shared.events.recovery import (
    DebitNoticed,
    FinanceResultQuestioned,
    ProofRequested,
    RecoveryClosed,
    RecoveryOpened,
    RefundReason,
    ReimbursementWaived,
    ResultProblem,
    SellerDebitRequested,
    SellerDebitStopped,
    SellerRefundRequested,
    WaiverReason,
)
from shared.money import Currency
from shared.runtime import unchanged
from tests.deciding import START, at, day
from tests.recovery import given
from tests.recovery.given import LARGE, NEXT_PAYOUT, SMALL, balances, entries, kinds, problems

NOBODYS = derived_id("payout", "another")


# A payment that does not fit its order


@pytest.mark.parametrize(
    ("said", "problem"),
    [(given.paid(currency=Currency.EUR), ResultProblem.WRONG_CURRENCY), (given.paid(0), ResultProblem.WRONG_AMOUNT)],
)
def test_a_payment_that_does_not_fit_is_questioned_and_opens_nothing(said: PayoutPaid, problem: ResultProblem):
    decision = given.hear(given.dormant(), said, at(START))
    assert problems(decision) == [(problem, said.amount_minor)]
    assert (decision.state, decision.does) == (given.dormant(), ())


@pytest.mark.parametrize(
    ("amount", "charged", "questioned"), [(LARGE + 900, LARGE, 900), (LARGE - 900, LARGE - 900, 900)]
)
def test_the_seller_owes_what_was_both_authorised_and_paid(amount: int, charged: int, questioned: int):
    decision = given.hear(given.dormant(), given.paid(amount), at(START))
    assert kinds(decision) == [RecoveryOpened, FinanceResultQuestioned, DebitNoticed]
    assert problems(decision) == [(ResultProblem.WRONG_AMOUNT, questioned)]
    assert decision.state.outstanding_minor == charged


def test_the_rest_of_a_payment_that_was_too_little_is_booked_like_the_first_part():
    part = given.after(given.dormant(), (0, given.paid(LARGE - 900)))
    decision = given.hear(part, given.paid(900, reference="pay-2"), at(day(1)))
    assert kinds(decision) == [RecoveryOpened]
    assert decision.state.outstanding_minor == LARGE


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (given.paid(LARGE - 1), ResultProblem.WRONG_AMOUNT),
        (given.paid(currency=Currency.EUR), ResultProblem.WRONG_CURRENCY),
    ],
)
def test_another_amount_under_the_same_reference_is_questioned(said: PayoutPaid, problem: ResultProblem):
    decision = given.hear(given.noticing(), said, at(day(1)))
    assert problems(decision) == [(problem, said.amount_minor)]
    assert (decision.state, decision.does) == (given.noticing(), ())


# Paid twice


def test_a_second_payment_is_finances_own_until_it_comes_back():
    twice = given.hear(given.noticing(), given.paid(reference="pay-2"), at(day(1)))
    assert problems(twice) == [(ResultProblem.PAID_TWICE, LARGE)]
    assert balances(entries(twice)) == {Account.SUSPENSE: LARGE, Account.CASH_CLEARING: -LARGE}
    assert (twice.state.paid_minor, twice.state.outstanding_minor) == (LARGE, LARGE)
    back = given.hear(twice.state, given.returned(), at(day(5)))
    assert back.says == ()
    assert balances(entries(back)) == {Account.CASH_CLEARING: LARGE, Account.SUSPENSE: -LARGE}
    assert (back.state.outstanding_minor, back.state.suspense_minor) == (LARGE, 0)


@pytest.mark.parametrize(
    "reports", list(permutations((given.paid(), given.paid(reference="pay-2"), given.returned()))), ids=lambda _: ""
)
def test_in_whatever_order_two_payments_and_a_return_are_heard_one_payment_is_left(reports: tuple[Event, ...]):
    state = given.after(given.dormant(), *((number, event) for number, event in enumerate(reports)))
    assert (state.paid_minor, state.outstanding_minor, state.suspense_minor) == (LARGE, LARGE, 0)


# What comes back


def test_a_payment_that_came_back_leaves_nothing_to_recover():
    decision = given.hear(given.debiting(), given.returned(), at(day(9)))
    assert kinds(decision) == [SellerDebitStopped, RecoveryClosed]
    assert balances(entries(decision)) == {
        Account.CASH_CLEARING: LARGE,
        Account.INDEMNITY_COST: -LARGE,
        Account.MEMO_CONTRA: LARGE,
        Account.EXPECTED_RECOVERY: -LARGE,
    }
    assert (decision.state.paid_minor, decision.state.due) == (0, None)
    assert given.hear(decision.state, given.returned(), at(day(10))) == unchanged(decision.state)


def test_what_the_seller_has_paid_for_a_payment_that_came_back_is_refunded():
    decision = given.hear(given.recovered(), given.returned(100_000), at(day(20)))
    assert decision.says == (
        SellerRefundRequested(
            claim_id=given.CLAIM,
            refund_id=given.FIRST_REFUND,
            seller_id=given.SELLER,
            currency=Currency.USD,
            amount_minor=100_000,
            reason=RefundReason.PAYOUT_RETURNED,
        ),
        RecoveryClosed(
            claim_id=given.CLAIM,
            seller_id=given.SELLER,
            currency=Currency.USD,
            recovered_minor=LARGE - 100_000,
            waived_minor=0,
            written_off_minor=0,
        ),
    )
    assert balances(entries(decision)) == {
        Account.CASH_CLEARING: 100_000,
        Account.INDEMNITY_COST: -100_000,
        Account.RECOVERIES_SELLER: 100_000,
        Account.OWED_TO_SELLER: -100_000,
    }


def test_a_return_lessens_what_is_outstanding_before_what_the_seller_has_paid():
    part = given.after(given.debiting(), (9, given.collected(100_000)))
    decision = given.hear(part, given.returned(50_000), at(day(10)))
    assert kinds(decision) == [SellerDebitStopped]
    assert (decision.state.outstanding_minor, decision.state.owed_minor) == (100_000, 0)


def test_a_return_lessens_what_was_written_off_and_waived():
    decision = given.hear(given.written_off(), given.returned(100_000), at(day(70)))
    assert (decision.state.written_off_minor, kinds(decision)) == (LARGE - 100_000, [RecoveryClosed])
    waived = given.after(given.dormant(SMALL, small=True, covered=True), (0, given.paid(SMALL)))
    decision = given.hear(waived, given.returned(SMALL), at(day(1)))
    assert (decision.state.waived_minor, decision.state.paid_minor) == (0, 0)
    assert balances(entries(decision))[Account.WAIVED] == -SMALL


def test_what_the_insurer_paid_for_a_payment_that_came_back_is_in_question():
    paid = given.after(given.demanding(), (10, given.insurer_pays(LARGE)))
    decision = given.hear(paid, given.returned(), at(day(20)))
    assert problems(decision) == [(ResultProblem.OVER_COLLECTED, LARGE)]
    assert (decision.state.from_insurer_minor, decision.state.suspense_minor) == (0, -LARGE)


def test_more_back_than_was_paid_is_in_question():
    decision = given.hear(given.noticing(), given.returned(LARGE + 300), at(day(2)))
    assert problems(decision) == [(ResultProblem.WRONG_AMOUNT, 300)]
    assert (decision.state.paid_minor, decision.state.suspense_minor) == (0, -300)


def test_a_new_attempt_after_a_return_is_pursued_from_the_beginning():
    returned = given.after(given.noticed(), (3, given.returned()))
    again = given.after(returned, (5, given.authorized(attempt=2)))
    assert again.but(payouts=returned.payouts) == returned, "it is the same payout"
    decision = given.hear(again, given.paid(reference="pay-2"), at(day(6)))
    assert kinds(decision) == [RecoveryOpened, DebitNoticed]
    assert (decision.state.outstanding_minor, decision.state.write_off_at) == (LARGE, day(66))


def test_a_payment_waived_returned_and_paid_again_is_waived_again():
    """Each waiver is an entry of its own."""
    start = given.dormant(SMALL, small=True, covered=True)
    booked, state = list[object](), start
    for number, event in enumerate((given.paid(SMALL), given.returned(SMALL), given.paid(SMALL, reference="pay-2"))):
        decision = given.hear(state, event, at(day(number)))
        state, booked = decision.state, booked + [entry.entry_id for entry in entries(decision)]
    assert (state.waived_minor, state.stage) == (SMALL, Stage.CLOSED)
    assert len(set(booked)) == len(booked)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (given.returned(currency=Currency.EUR), ResultProblem.WRONG_CURRENCY),
        (given.returned(0), ResultProblem.WRONG_AMOUNT),
    ],
)
def test_a_return_that_does_not_fit_is_questioned(said: PayoutReturned, problem: ResultProblem):
    decision = given.hear(given.noticing(), said, at(day(2)))
    assert problems(decision) == [(problem, said.amount_minor)]
    assert decision.state == given.noticing()


# Recalled


def test_of_a_duplicate_the_seller_owes_nothing_and_gets_back_what_he_paid():
    decision = given.hear(given.recovered(), given.recalled(), at(day(20)))
    assert kinds(decision) == [ReimbursementWaived, SellerRefundRequested, RecoveryClosed]
    event = decision.says[0]
    assert isinstance(event, ReimbursementWaived)
    assert (event.reason, event.amount_minor) == (WaiverReason.DUPLICATE, LARGE)
    assert (decision.state.waived_minor, decision.state.owed_minor) == (LARGE, LARGE)
    assert given.hear(decision.state, given.recalled(), at(day(21))) == unchanged(decision.state)


def test_a_recall_stops_the_debit_and_what_comes_back_was_never_borne():
    recalled = given.hear(given.debiting(), given.recalled(), at(day(9)))
    assert kinds(recalled) == [ReimbursementWaived, SellerDebitStopped, RecoveryClosed]
    back = given.hear(recalled.state, given.returned(100_000), at(day(12)))
    assert kinds(back) == [RecoveryClosed]
    assert (back.state.paid_minor, back.state.waived_minor) == (LARGE - 100_000, LARGE - 100_000)


def test_a_recall_that_is_heard_before_the_payment_waives_the_payment():
    recalled = given.hear(given.dormant(), given.recalled(), at(START))
    assert recalled.says == ()
    decision = given.hear(recalled.state, given.paid(), at(day(1)))
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]


def test_a_recall_of_what_is_not_paid_yet_and_its_second_one_leave_the_books_even():
    """Said at once with no amount, and again when the payout was paid all the same."""
    recalled = given.hear(given.dormant(), given.recalled(amount=0), at(START))
    assert (recalled.says, recalled.does) == ((), ())
    paid = given.hear(recalled.state, given.paid(), at(day(1)))
    assert kinds(paid) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]
    assert given.hear(paid.state, given.recalled(), at(day(1))) == unchanged(paid.state)
    back = given.hear(paid.state, given.returned(), at(day(5)))
    assert (back.state.paid_minor, back.state.waived_minor) == (0, 0)


def test_a_duplicate_is_one_although_an_appeal_was_won_before():
    won = given.after(given.noticed(), (2, given.appealed(day(2))), (3, given.decided(won=True)))
    recalled = given.after(won, (4, given.recalled()), (5, given.authorized(payout=NEXT_PAYOUT)))
    decision = given.hear(recalled, paid_again(), at(day(6)))
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]


def test_a_recall_ends_a_dispute():
    disputed = given.after(given.noticed(), (2, given.appealed(day(2))), (3, given.recalled()))
    assert (disputed.dispute, disputed.due) == (None, None)


# Rounds


def second_round(state: Recovery, amount: int = LARGE, *, small: bool = False) -> Recovery:
    return given.after(state, (20, given.authorized(amount, small=small, payout=NEXT_PAYOUT)))


def paid_again(amount: int = LARGE) -> PayoutPaid:
    return given.paid(amount, payout=NEXT_PAYOUT, reference="pay-2")


def test_a_later_round_of_a_closed_recovery_is_pursued_by_itself():
    decision = given.hear(second_round(given.recovered(), 30_000), paid_again(30_000), at(day(21)))
    assert kinds(decision) == [RecoveryOpened, DebitNoticed]
    state = decision.state
    assert (state.paid_minor, state.recovered_minor, state.outstanding_minor) == (LARGE + 30_000, LARGE, 30_000)
    assert state.write_off_at == day(81)


def test_a_later_round_beside_a_debit_gets_a_notice_of_the_whole_and_a_debit_of_its_own():
    paid = given.hear(second_round(given.debiting(), 30_000), paid_again(30_000), at(day(21)))
    assert kinds(paid) == [RecoveryOpened, DebitNoticed]
    assert paid.state.asked_minor == LARGE + 30_000
    noticed = given.after(paid.state, (22, given.handed_over(day(22))), (23, given.collected(LARGE)))
    assert noticed.outstanding_minor == 30_000
    assert kinds(deadline_passed(noticed, at(day(29)))) == [SellerDebitRequested]


def test_the_debit_of_a_later_round_waits_until_the_one_before_has_ended():
    paid = given.after(
        second_round(given.debiting(), 30_000), (21, paid_again(30_000)), (22, given.handed_over(day(22)))
    )
    waiting = deadline_passed(paid, at(day(29)))
    assert (waiting.says, waiting.state.stage) == ((), Stage.DEBITING)
    decision = given.hear(waiting.state, given.collected(LARGE), at(day(30)))
    event = decision.says[0]
    assert isinstance(event, SellerDebitRequested)
    assert event.amount_minor == 30_000


def test_a_notice_that_names_less_than_is_outstanding_is_followed_by_another():
    paid = given.after(second_round(given.noticing(), 30_000), (21, paid_again(30_000)))
    decision = given.hear(paid, given.handed_over(day(22)), at(day(22)))
    event = decision.says[0]
    assert isinstance(event, DebitNoticed)
    assert (event.amount_minor, decision.state.stage) == (LARGE + 30_000, Stage.NOTICING)


def test_proof_waives_what_is_small_and_not_a_later_round_above_the_line():
    paid = given.after(second_round(given.proving()), (5, paid_again()))
    assert paid.stage is Stage.PROVING
    decision = deadline_passed(paid, at(day(6), given.cover_from(2)))
    assert kinds(decision) == [ReimbursementWaived, DebitNoticed]
    assert (decision.state.waived_minor, decision.state.outstanding_minor) == (SMALL, LARGE)


def test_proof_waives_a_later_round_that_is_still_small():
    paid = given.after(second_round(given.proving(), 5_000, small=True), (5, paid_again(5_000)))
    decision = deadline_passed(paid, at(day(6), given.cover_from(2)))
    assert decision.state.waived_minor == SMALL + 5_000


def test_a_small_later_round_is_asked_for_proof_of_its_own():
    written_off = given.asked(given.after(given.proving(), (7.5, given.seller_pays(SMALL))), 8)
    decision = given.hear(second_round(written_off, 5_000, small=True), paid_again(5_000), at(day(21)))
    event = decision.says[1]
    assert isinstance(event, ProofRequested)
    assert event.amount_minor == 5_000


# Paid in a later round's place


def replaced(left: int = 0) -> Recovery:
    """All but so much of the payment came back, and a later round that was paid pays that in its place."""
    order = given.authorized(2 * LARGE - left, payout=NEXT_PAYOUT, left=left)
    return given.after(
        given.noticing(), (2, given.returned(LARGE - left)), (20, order), (21, paid_again(2 * LARGE - left))
    )


def test_a_round_that_a_later_one_has_replaced_and_that_is_paid_once_more_costs_the_seller_nothing():
    decision = given.hear(replaced(), given.paid(reference="pay-3"), at(day(22)))
    assert problems(decision) == [(ResultProblem.PAID_TWICE, LARGE)]
    assert kinds(decision) == [FinanceResultQuestioned]
    assert balances(entries(decision)) == {Account.SUSPENSE: LARGE, Account.CASH_CLEARING: -LARGE}
    assert decision.state.outstanding_minor == 2 * LARGE
    back = given.hear(decision.state, given.returned(reference="back-3"), at(day(23)))
    assert (back.state.outstanding_minor, back.state.suspense_minor, problems(back)) == (2 * LARGE, 0, [])


def test_the_rest_of_a_payment_that_comes_after_a_later_round_has_paid_it_is_in_question():
    decision = given.hear(replaced(100_000), given.paid(LARGE - 100_000, reference="rest"), at(day(22)))
    assert problems(decision) == [(ResultProblem.PAID_TWICE, LARGE - 100_000)]
    assert decision.state.paid_minor == 2 * LARGE


def test_what_was_left_of_a_round_and_came_back_later_is_paid_to_another_payee_as_ever():
    back = given.after(
        replaced(100_000),
        (22, given.returned(100_000, reference="back-2")),
        (23, given.authorized(100_000, attempt=2)),
    )
    decision = given.hear(back, given.paid(100_000, reference="pay-3"), at(day(24)))
    assert (problems(decision), decision.state.paid_minor) == ([], 2 * LARGE)
    more = given.hear(decision.state, given.paid(1, reference="pay-4"), at(day(25)))
    assert problems(more) == [(ResultProblem.PAID_TWICE, 1)]


def test_a_round_beside_which_another_one_pays_only_what_is_more_is_paid_again_as_ever():
    state = given.after(given.noticing(), (20, given.authorized(30_000, payout=NEXT_PAYOUT, left=LARGE)))
    back = given.after(state, (21, given.returned()), (22, given.authorized(attempt=2)))
    decision = given.hear(back, given.paid(reference="pay-3"), at(day(23)))
    assert (problems(decision), decision.state.outstanding_minor) == ([], LARGE)


def test_what_came_back_counts_as_replaced_also_where_the_later_round_is_heard_of_first():
    state = given.after(given.noticing(), (20, given.authorized(payout=NEXT_PAYOUT, left=0)))
    assert state.outstanding_minor == LARGE, "it is not heard to be back"
    decision = given.hear(given.after(state, (21, given.returned())), given.paid(reference="pay-3"), at(day(22)))
    assert problems(decision) == [(ResultProblem.PAID_TWICE, LARGE)]
    early = given.after(given.dormant(), (0, given.authorized(LARGE, payout=NEXT_PAYOUT, left=100_000)))
    assert given.after(early, (1, given.paid(100_000))).outstanding_minor == 100_000


# Heard before their order


def test_a_payment_heard_before_its_order_waits_for_it_a_moment():
    early = given.hear(given.recovered(), paid_again(30_000), at(day(20)))
    assert (early.says, early.does, early.state.due) == ((), (), day(20) + ASK_AGAIN)
    assert given.hear(early.state, paid_again(30_000), at(day(20))) == unchanged(early.state)
    decision = given.hear(early.state, given.authorized(30_000, payout=NEXT_PAYOUT), at(day(20)))
    assert kinds(decision) == [RecoveryOpened, DebitNoticed]
    assert (decision.state.early, decision.state.outstanding_minor) == ((), 30_000)


@pytest.mark.parametrize("said", [given.paid(payout=NOBODYS), given.returned(payout=NOBODYS)])
def test_a_result_about_a_payout_that_was_never_ordered_is_questioned(said: Event):
    kept = given.hear(given.noticing(), said, at(day(1)))
    decision = deadline_passed(kept.state, at(day(1) + ASK_AGAIN + timedelta(seconds=1)))
    assert problems(decision) == [(ResultProblem.UNKNOWN_PAYOUT, LARGE)]
    assert (decision.state, decision.does) == (given.noticing(), ())


def test_only_so_many_results_without_an_order_are_kept():
    state = given.noticing()
    for number in range(MOST_UNPLACED):
        state = given.after(state, (1, given.paid(payout=derived_id("payout", "of nobody", number))))
    decision = given.hear(state, given.paid(payout=NOBODYS), at(day(1)))
    assert problems(decision) == [(ResultProblem.UNKNOWN_PAYOUT, LARGE)]
    assert decision.state == state


def ordered_again(amount: int) -> Recovery:
    """A part of the payment came back, was paid in a later round, and the rest came back too: that is ordered again."""
    part = LARGE // 5
    return given.after(
        given.noticing(),
        (2, given.returned(part)),
        (3, given.authorized(part, payout=given.NEXT_PAYOUT)),
        (3, given.paid(part, payout=given.NEXT_PAYOUT, reference="pay-2")),
        (4, given.returned(LARGE - part, reference="back-2")),
        (5, given.authorized(amount, attempt=2)),
    )


def test_what_is_ordered_again_after_a_part_was_paid_elsewhere_is_right_in_that_amount():
    rest = LARGE - LARGE // 5
    decision = given.hear(ordered_again(rest), given.paid(rest, reference="pay-3"), at(day(6)))
    assert problems(decision) == []
    assert decision.state.paid_minor == LARGE


@pytest.mark.parametrize("by", [-1, 1])
def test_what_is_ordered_again_and_paid_in_another_amount_is_questioned(by: int):
    rest = LARGE - LARGE // 5
    decision = given.hear(ordered_again(rest), given.paid(rest + by, reference="pay-3"), at(day(6)))
    assert problems(decision) == [(ResultProblem.WRONG_AMOUNT, 1)]


@pytest.mark.parametrize("by", [-1, 0, 1])
def test_the_payees_share_that_came_back_and_is_paid_to_another_is_right_beside_what_the_holder_of_a_lien_kept(by: int):
    back = given.after(given.noticing(), (2, given.returned(LARGE - 60_000)))
    again = given.after(back, (3, given.authorized(LARGE - 60_000, attempt=2, kept=60_000)))
    decision = given.hear(again, given.paid(LARGE - 60_000 + by, reference="pay-2"), at(day(4)))
    assert (problems(decision) == []) is (by == 0)
    assert decision.state.paid_minor == LARGE + min(by, 0)


def test_an_earlier_attempt_heard_again_leaves_the_order_as_it_is():
    again = given.after(ordered_again(60_000), (6, given.authorized(LARGE, attempt=1)))
    assert again.payouts[0].expected_minor == 60_000
