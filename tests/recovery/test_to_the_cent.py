"""Where several sums meet, each cent has one place; and what is on record keeps its name for ever."""

import pytest

from services.recovery.closing import waived
from services.recovery.deadlines import deadline_passed
from services.recovery.decide import ASK_AGAIN
from services.recovery.ledger import Account
from services.recovery.payouts import MOST_UNPLACED
from services.recovery.state import Booking, Recovery, Stage
from shared.events.base import derived_id
from shared.events.escalation import PayoutAuthorized
from shared.events.finance import InsurerPaymentReceived, PayoutPaid, SellerDebitCollected, SellerRefundPaid
from shared.events.recovery import (
    DebitNoticed,
    FinanceResultQuestioned,
    InsurerDemanded,
    RecoveryClosed,
    RecoveryDisputed,
    RecoveryOpened,
    ReimbursementWaived,
    ResultProblem,
    WaiverReason,
)
from shared.events.seller_notifier import NoticeKind
from shared.money import Currency
from shared.runtime import unchanged
from tests.deciding import START, at, day
from tests.recovery import given
from tests.recovery.given import (
    LARGE,
    NEXT_PAYOUT,
    PAYOUT,
    SECOND_DEBIT,
    SMALL,
    balances,
    entries,
    kinds,
    problems,
)


def sums(state: Recovery) -> dict[str, int]:
    """Every sum that is not zero."""
    names = ("paid", "from_seller", "from_insurer", "waived", "written_off", "owed", "suspense", "outstanding")
    return {name: minor for name in names if (minor := getattr(state, f"{name}_minor"))}


def next_round(amount: int = LARGE, *, small: bool = False, covered: bool = False) -> PayoutAuthorized:
    return given.authorized(amount, small=small, covered=covered, payout=NEXT_PAYOUT)


def paid_next(amount: int = LARGE) -> PayoutPaid:
    return given.paid(amount, payout=NEXT_PAYOUT, reference="pay-2")


def written_off_in_part() -> Recovery:
    """The insurer was silent, the seller has paid 500.00, and the rest was written off on day 60."""
    part = given.after(given.demanding(), (10, given.seller_pays(50_000)))
    noticed = given.after(given.asked(part, 30), (31, given.handed_over(day(31))))
    return given.asked(given.asked(noticed, 38), 60)


def a_second_round_after_a_write_off() -> Recovery:
    """The first round was written off, the second is paid and outstanding."""
    return given.after(given.written_off(), (70, next_round()), (71, paid_next()))


# Money that meets what was written off


def test_money_of_the_insurer_meets_the_write_off_then_what_the_seller_paid_and_the_rest_is_in_question():
    state = written_off_in_part()
    assert sums(state) == {"paid": LARGE, "from_seller": 50_000, "written_off": 200_000}
    decision = given.hear(state, given.insurer_pays(LARGE + 700), at(day(70)))
    assert sums(decision.state) == {"paid": LARGE, "from_insurer": LARGE, "owed": 50_000, "suspense": -700}
    assert balances(entries(decision)) == {
        Account.CASH_CLEARING: LARGE + 700,
        Account.RECOVERIES_INSURER: -LARGE,
        Account.RECOVERIES_SELLER: 50_000,
        Account.OWED_TO_SELLER: -50_000,
        Account.SUSPENSE: -700,
        Account.MEMO_CONTRA: 200_000,
        Account.WRITTEN_OFF: -200_000,
    }


def test_money_of_the_seller_meets_what_is_outstanding_before_what_was_written_off():
    decision = given.hear(a_second_round_after_a_write_off(), given.seller_pays(LARGE + 50_000), at(day(72)))
    expected = {"paid": 2 * LARGE, "from_seller": LARGE + 50_000, "written_off": LARGE - 50_000}
    assert sums(decision.state) == expected


def test_money_of_the_insurer_meets_what_is_outstanding_before_what_was_written_off():
    first = given.after(written_off_in_part(), (70, next_round()), (71, paid_next()))
    decision = given.hear(first, given.insurer_pays(LARGE + 50_000), at(day(72)))
    expected = {"from_seller": 50_000, "from_insurer": LARGE + 50_000, "written_off": 150_000, "paid": 2 * LARGE}
    assert sums(decision.state) == expected


# Money that comes back


def test_what_comes_back_is_taken_off_what_is_outstanding_first():
    decision = given.hear(a_second_round_after_a_write_off(), given.returned(), at(day(72)))
    assert sums(decision.state) == {"paid": LARGE, "written_off": LARGE}


def test_what_comes_back_is_taken_off_the_write_off_before_the_seller_gets_any_of_it():
    decision = given.hear(written_off_in_part(), given.returned(220_000), at(day(70)))
    assert sums(decision.state) == {"paid": 30_000, "from_seller": 30_000, "owed": 20_000}


def test_what_was_waived_in_another_round_is_touched_last():
    waived_first = given.after(given.dormant(SMALL, small=True, covered=True), (0, given.paid(SMALL)))
    second = given.after(waived_first, (1, next_round()), (2, paid_next()))
    assert sums(second) == {"paid": SMALL + LARGE, "waived": SMALL, "outstanding": LARGE}
    part = given.hear(second, given.returned(100_000, payout=NEXT_PAYOUT), at(day(3))).state
    assert sums(part) == {"paid": SMALL + LARGE - 100_000, "waived": SMALL, "outstanding": LARGE - 100_000}

    partly_paid = given.after(second, (3, given.seller_pays(50_000)))
    written_off = given.asked(partly_paid, 62)
    whole = given.hear(written_off, given.returned(payout=NEXT_PAYOUT), at(day(70))).state
    assert sums(whole) == {"paid": SMALL, "waived": SMALL, "owed": 50_000}


def test_each_return_of_what_was_never_paid_is_questioned_for_itself():
    first = given.after(given.noticing(), (2, given.returned(LARGE + 300)))
    decision = given.hear(first, given.returned(200, reference="back-2"), at(day(3)))
    assert problems(decision) == [(ResultProblem.WRONG_AMOUNT, 200)]


def test_each_payment_too_many_is_questioned_for_itself():
    twice = given.after(given.noticing(), (2, given.paid(reference="pay-2")))
    decision = given.hear(twice, given.paid(reference="pay-3"), at(day(3)))
    assert problems(decision) == [(ResultProblem.PAID_TWICE, LARGE)]


def test_a_cent_that_lacks_is_questioned():
    decision = given.hear(given.dormant(), given.paid(LARGE - 1), at(START))
    assert problems(decision) == [(ResultProblem.WRONG_AMOUNT, 1)]


def test_a_cent_that_is_still_to_be_collected_keeps_the_debit_open():
    part = given.after(given.debiting(), (9, given.collected(LARGE - 1)))
    assert part.debit is not None
    assert part.debit.rest_minor == 1


# What a result of finance is


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (given.debiting(), given.collected(5, debit=SECOND_DEBIT, reference="r")),
        (given.demanding(), given.insurer_pays(5, demand=given.SECOND_DEMAND, reference="r")),
        (given.noticing(), given.refund_paid(5, refund=given.SECOND_REFUND, reference="r")),
        (given.noticing(), given.paid(5, payout=PAYOUT, reference="r")),
        (given.noticing(), given.returned(LARGE + 5, reference="r")),
    ],
    ids=["debit", "demand", "refund", "payment", "return"],
)
def test_what_is_questioned_names_the_currency_and_finances_own_reference(
    state: Recovery, said: SellerDebitCollected | InsurerPaymentReceived | SellerRefundPaid
):
    (question,) = [e for e in given.hear(state, said, at(day(9))).says if isinstance(e, FinanceResultQuestioned)]
    assert (question.currency, question.finance_reference, question.amount_minor) == (Currency.USD, "r", 5)


def test_nothing_is_counted_from_zero():
    zero = (
        derived_id("debit", given.CLAIM, 0),
        derived_id("demand", given.CLAIM, 0),
        derived_id("refund", given.CLAIM, 0),
    )
    debit, demand, refund = zero
    owing = given.after(given.noticing(), (2, given.seller_pays(LARGE + 700)))
    for state, said, problem in (
        (given.debiting(), given.collected(5, debit=debit), ResultProblem.UNKNOWN_DEBIT),
        (given.debiting(), given.failed(debit), ResultProblem.UNKNOWN_DEBIT),
        (given.demanding(), given.insurer_pays(5, demand=demand), ResultProblem.UNKNOWN_DEMAND),
        (owing, given.refund_paid(5, refund=refund), ResultProblem.UNKNOWN_REFUND),
    ):
        decision = given.hear(state, said, at(day(9)))
        assert [found for found, _ in problems(decision)] == [problem]
        assert decision.state == state


def test_one_reference_under_two_keys_is_two_results():
    first = given.after(given.debiting(), (9, given.collected(100_000, reference="r")), (10, given.failed()))
    again = given.asked(first, 24)
    decision = given.hear(again, given.collected(100_000, debit=SECOND_DEBIT, reference="r"), at(day(25)))
    assert decision.state.from_seller_minor == 200_000


def test_a_payment_and_its_return_may_have_one_reference():
    back = given.hear(
        given.after(given.dormant(), (0, given.paid(reference="r"))), given.returned(reference="r"), at(day(1))
    )
    assert sums(back.state) == {}


def test_the_second_of_two_refunds_clears_itself():
    owing = given.after(
        given.noticing(), (2, given.seller_pays(LARGE + 700)), (3, given.seller_pays(50, reference="w"))
    )
    cleared = given.hear(owing, given.refund_paid(50, refund=given.SECOND_REFUND), at(day(4))).state
    assert [(refund.amount_minor, refund.paid_minor) for refund in cleared.refunds] == [(700, 0), (50, 50)]
    both = given.hear(cleared, given.refund_paid(700, reference="refund-2"), at(day(5))).state
    assert [(refund.amount_minor, refund.paid_minor) for refund in both.refunds] == [(700, 700), (50, 50)]


def test_an_over_collection_counts_only_what_is_new_of_it():
    """An earlier one, that is still to be refunded, is not in question once more."""
    over = given.after(given.debiting(), (9, given.collected(LARGE + 300)))
    decision = given.hear(over, given.collected(200, reference="offset-2"), at(day(10)))
    assert problems(decision) == [(ResultProblem.OVER_COLLECTED, 200)]


# Rounds


def test_a_small_covered_round_is_waived_though_the_first_was_neither():
    first = given.after(given.dormant(), (0, given.paid()), (1, given.seller_pays(LARGE)))
    known = given.after(first, (2, next_round(SMALL, small=True, covered=True)))
    assert kinds(given.hear(known, paid_next(SMALL), at(day(3)))) == [
        RecoveryOpened,
        ReimbursementWaived,
        RecoveryClosed,
    ]


def test_the_insurer_of_the_day_is_asked_again_about_a_later_round():
    first = given.after(given.demanding(), (10, given.insurer_pays(LARGE)), (11, next_round()))
    decision = given.hear(first, paid_next(), at(day(12), given.cover_from(-30)))
    assert kinds(decision) == [RecoveryOpened, InsurerDemanded]


def test_what_is_paid_beside_a_notice_in_dispute_is_noticed_before_it_is_debited():
    disputed = given.after(given.noticing(), (1, given.contested()), (2, next_round()), (3, paid_next()))
    out = given.after(disputed, (4, given.handed_over(day(4))), (5, given.decided(won=False)))
    assert out.outstanding_minor > out.asked_minor
    decision = deadline_passed(out, at(day(11)))
    assert kinds(decision) == [DebitNoticed]
    assert decision.state.asked_minor == 2 * LARGE


def test_another_payout_is_left_as_it_is_when_one_comes_back():
    both = given.after(given.noticing(), (1, next_round()), (2, paid_next()), (3, given.returned()))
    assert [(payout.id, payout.net_minor) for payout in both.payouts] == [(PAYOUT, 0), (NEXT_PAYOUT, LARGE)]


def test_a_result_about_a_payout_that_is_not_known_is_questioned_at_the_very_moment_it_was_kept_until():
    early = given.hear(given.dormant(), paid_next(), at(START)).state
    assert early.early_until is not None
    assert problems(deadline_passed(early, at(early.early_until))) == [(ResultProblem.UNKNOWN_PAYOUT, LARGE)]


def test_nothing_is_waited_for_any_more_once_its_order_is_heard():
    early = given.hear(given.dormant(), paid_next(), at(START)).state
    known = given.hear(early, next_round(), at(day(1))).state
    assert (known.early, known.early_until) == ((), None)
    others = [given.paid(1, payout=derived_id("payout", given.CLAIM, n), reference=f"p-{n}") for n in (3, 4)]
    two = given.after(given.dormant(), (0, paid_next()), *((0, other) for other in others))
    left = given.hear(two, next_round(), at(day(1))).state
    assert (len(left.early), left.early_until) == (2, two.early_until)
    assert len(others) < MOST_UNPLACED


# What is decided and what is on record


def test_each_decision_of_ours_is_counted():
    once = given.after(given.dormant(SMALL, small=True, covered=True), (0, given.paid(SMALL)))
    off, won = (
        given.written_off(),
        given.after(given.noticed(), (2, given.appealed(day(2))), (3, given.decided(won=True))),
    )
    assert [once.decisions, off.decisions, won.decisions] == [1, 1, 1]
    again = given.after(once, (1, given.returned(SMALL)), (2, given.paid(SMALL, reference="pay-2")))
    assert again.decisions == 2
    later = given.asked(a_second_round_after_a_write_off(), 131)
    assert later.decisions == 2


def test_nothing_to_waive_is_no_waiver():
    state = given.recovered()
    assert waived(state, 0, WaiverReason.SMALL_INSURED, at(day(10))) == unchanged(state)


def test_a_recovery_that_is_closed_waits_for_nothing():
    closed = given.after(given.demanding(), (10, given.insurer_pays(LARGE)))
    assert (closed.stage, closed.next_at, closed.due) == (Stage.CLOSED, None, None)


def test_while_cover_is_not_known_what_is_asked_for_stays_the_same():
    proving = given.proving()
    waiting = deadline_passed(proving, at(day(7), known=False)).state
    assert (waiting.asked_minor, waiting.stage) == (SMALL, Stage.PROVING)
    demanding = deadline_passed(given.demanding(), at(day(30), known=False)).state
    assert (demanding.asked_minor, demanding.stage) == (LARGE, Stage.DEMANDING)
    assert given.demanding().asked_minor == LARGE


def test_what_becomes_of_other_letters_moves_nothing():
    for state in (given.noticed(), given.debiting(), given.demanding(), given.recovered()):
        for event in (
            given.bounced(NoticeKind.PROOF),
            given.bounced(NoticeKind.CLAIM),
            given.handed_over(day(9), NoticeKind.PROOF),
            given.handed_over(day(9), NoticeKind.CLAIM),
        ):
            assert given.hear(state, event, at(day(9))) == unchanged(state)


def test_the_time_to_prove_does_not_begin_with_the_look_at_cover_that_was_not_known():
    """Only with the letter: what was waited for before it says nothing of the seller."""
    looking = given.hear(given.dormant(SMALL, small=True), given.paid(SMALL), at(START, known=False)).state
    assert looking.next_at == START + ASK_AGAIN
    asked = deadline_passed(looking, at(START + ASK_AGAIN)).state
    assert (asked.stage, asked.next_at, asked.due) == (Stage.PROVING, None, asked.write_off_at)


def test_an_answer_that_was_late_to_be_heard_disputes_a_later_concession_too():
    won = given.after(given.noticed(), (2, given.contested()), (3, given.decided(won=True)))
    paid = given.after(won, (4, next_round()), (5, paid_next()))
    assert kinds(given.hear(paid, given.contested(), at(day(6)))) == [RecoveryDisputed]


def test_the_names_of_what_was_booked_never_change():
    """They are in databases: a result that finance repeats after an upgrade must be known by the same name."""
    assert [Booking.of(PAYOUT, "ref", 1, back=back).id for back in (False, True)] == [
        "6a1bc219c4785536",
        "a7d8ceaee5b5515c",
    ]
    owing = given.after(given.noticing(), (2, given.seller_pays(LARGE + 700)))
    for state, said, name in (
        (given.noticing(), given.seller_pays(5, reference="ref"), "3d4c860a471c5cc1"),
        (given.debiting(), given.collected(5, reference="ref"), "e0d764acfa875b26"),
        (given.demanding(), given.insurer_pays(5, reference="ref"), "31d6d86a0f0b569d"),
        (owing, given.refund_paid(5, reference="ref"), "2050b922626a5dd6"),
    ):
        assert given.hear(state, said, at(day(9))).state.booked[-1].id == name
    payment = entries(given.hear(given.dormant(), given.paid(reference="ref"), at(START)))
    waiver = entries(given.hear(given.dormant(SMALL, small=True, covered=True), given.paid(SMALL), at(START)))
    assert {entry.move: str(entry.entry_id) for entry in (*waiver, *payment)} == {
        "paid": "9563a3a3-4845-5dda-8f7b-3b1563d6a0d0",
        "expected": "157fd7e7-a074-5027-b75a-19c0c382f3e1",
        "waived": "2573712c-cbb7-5c0f-b1ae-d5dc26c61fa1",
    }
