"""What we owe the seller is cleared by the refund that finance has paid, once."""

import pytest

from services.recovery.deadlines import deadline_passed
from services.recovery.ledger import Account
from services.recovery.state import Recovery
from shared.events.finance import SellerRefundPaid
from shared.events.recovery import ResultProblem, SellerRefundRequested
from shared.money import Currency
from shared.runtime import unchanged
from tests.deciding import at, day
from tests.recovery import given
from tests.recovery.given import LARGE, balances, entries, problems


def owing() -> Recovery:
    """The seller has paid 700 too much: his refund is asked for."""
    return given.after(given.noticing(), (2, given.seller_pays(LARGE + 700)))


def test_a_refund_clears_what_we_owe_the_seller():
    decision = given.hear(owing(), given.refund_paid(700), at(day(3)))
    assert (decision.says, decision.state.owed_minor) == ((), 0)
    assert balances(entries(decision)) == {Account.OWED_TO_SELLER: 700, Account.CASH_CLEARING: -700}


def test_a_refund_reported_twice_is_booked_once():
    cleared = given.after(owing(), (3, given.refund_paid(700)))
    assert given.hear(cleared, given.refund_paid(700), at(day(4))) == unchanged(cleared)


def test_a_refund_may_come_in_parts():
    part = given.after(owing(), (3, given.refund_paid(300)))
    assert part.owed_minor == 400
    rest = given.hear(part, given.refund_paid(400, reference="refund-2"), at(day(4)))
    assert (rest.says, rest.state.owed_minor) == ((), 0)


@pytest.mark.parametrize(
    ("before", "said", "problem", "beyond"),
    [
        ((), given.refund_paid(900), ResultProblem.WRONG_AMOUNT, 200),
        ((given.refund_paid(700),), given.refund_paid(700, reference="refund-2"), ResultProblem.PAID_TWICE, 700),
    ],
)
def test_more_than_we_owe_is_in_question_and_the_debt_never_negative(
    before: tuple[SellerRefundPaid, ...], said: SellerRefundPaid, problem: ResultProblem, beyond: int
):
    state = given.after(owing(), *((3, event) for event in before))
    decision = given.hear(state, said, at(day(4)))
    assert problems(decision) == [(problem, beyond)]
    assert (decision.state.owed_minor, decision.state.suspense_minor) == (0, beyond)
    assert balances(entries(decision))[Account.SUSPENSE] == beyond


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (given.refund_paid(700, refund=given.SECOND_REFUND), ResultProblem.UNKNOWN_REFUND),
        (given.refund_paid(700, currency=Currency.EUR), ResultProblem.WRONG_CURRENCY),
        (given.refund_paid(0), ResultProblem.WRONG_AMOUNT),
    ],
)
def test_a_refund_that_does_not_fit_is_questioned_and_not_booked(said: SellerRefundPaid, problem: ResultProblem):
    decision = given.hear(owing(), said, at(day(3)))
    assert problems(decision) == [(problem, said.amount_minor)]
    assert (decision.state, decision.does) == (owing(), ())


def test_every_over_collection_has_a_refund_of_its_own():
    twice = given.after(owing(), (3, given.seller_pays(50, reference="wire-2")))
    assert [refund.amount_minor for refund in twice.refunds] == [700, 50]
    decision = given.hear(twice, given.refund_paid(50, refund=given.SECOND_REFUND), at(day(4)))
    assert (decision.says, decision.state.owed_minor) == ((), 700)


def test_a_refund_that_finance_does_not_pay_is_asked_for_again_under_the_same_id_and_less_and_less_often():
    state = owing()
    first = given.hear(given.noticing(), given.seller_pays(LARGE + 700), at(day(2))).says
    (asked,) = (event for event in first if isinstance(event, SellerRefundRequested))
    for when in (16, 44, 100):
        assert state.due == day(when)
        decision = deadline_passed(state, at(day(when)))
        assert decision.says == (asked,), "the same words: it is one refund"
        state = decision.state
        assert state.late_at == state.refund_by, "people see that it is late"
    paid = given.after(state, (101, given.refund_paid(700)))
    assert (paid.due, paid.late_at, paid.owed_minor) == (None, None, 0)


def test_after_a_part_of_a_refund_the_rest_is_still_waited_for():
    part = given.after(owing(), (3, given.refund_paid(300)))
    assert part.due == day(16)
    assert [type(event) for event in deadline_passed(part, at(day(16))).says] == [SellerRefundRequested]


def test_of_several_refunds_only_those_are_asked_for_again_that_were_not_paid():
    both = given.after(owing(), (3, given.seller_pays(50, reference="wire-2")), (4, given.refund_paid(700)))
    (asked,) = deadline_passed(both, at(day(16))).says
    assert isinstance(asked, SellerRefundRequested)
    assert (asked.refund_id, asked.amount_minor) == (given.SECOND_REFUND, 50)
