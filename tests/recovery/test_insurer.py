"""The insurer of the day of the incident is asked before the seller; a demand is no income."""

from dataclasses import replace
from datetime import date

import pytest

from services.recovery.deadlines import deadline_passed
from services.recovery.decide import ASK_AGAIN
from services.recovery.ledger import Account
from services.recovery.state import Stage
from shared.events.finance import DebitFailure, InsurerPaymentReceived
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.recovery import (
    DebitNoticed,
    FinanceResultQuestioned,
    InsurerDemanded,
    ProofRequested,
    RecoveryClosed,
    RecoveryOpened,
    RecoveryWrittenOff,
    ResultProblem,
    SellerDebitStopped,
    SellerRefundRequested,
)
from shared.events.seller_notifier import NoticeKind
from shared.money import Currency
from shared.runtime import unchanged
from tests.deciding import START, at, day
from tests.recovery import given
from tests.recovery.given import FIRST_DEMAND, INCIDENT, LARGE, SECOND_DEMAND, SMALL, balances, entries, kinds, problems


def test_the_insurer_of_the_day_of_the_incident_is_asked_first():
    moment = at(START, given.cover_from(-30))
    decision = given.hear(given.dormant(incident_on=INCIDENT), given.paid(), moment)
    assert kinds(decision) == [RecoveryOpened, InsurerDemanded]
    assert decision.says[1] == InsurerDemanded(
        claim_id=given.CLAIM,
        demand_id=FIRST_DEMAND,
        seller_id=given.SELLER,
        insurer="Harbor Mutual",
        certificate_id="coi-1",
        currency=Currency.USD,
        amount_minor=LARGE,
        pay_by=day(30),
    )
    assert {entry.move for entry in entries(decision)} == {"paid", "expected"}, "a demand is no income"
    assert decision.state.due == day(30)


@pytest.mark.parametrize(
    ("incident_on", "known"),
    [
        (INCIDENT, None),
        (INCIDENT, given.cover_from(-10)),
        (INCIDENT, given.cover(day(-40).date(), day(300).date(), issued_on=day(-10).date())),
        (INCIDENT, given.cover(day(-40).date(), day(300).date(), marketplace="DE")),
        (None, given.cover_from(-30)),
    ],
)
def test_without_cover_of_that_day_the_seller_is_asked_at_once(
    incident_on: date | None, known: SellerCoverChanged | None
):
    decision = given.hear(given.dormant(incident_on=incident_on), given.paid(), at(START, known))
    assert kinds(decision) == [RecoveryOpened, DebitNoticed]


def test_a_marketplace_may_ask_no_insurers():
    moment = replace(at(START, given.cover_from(-30)), policies=given.with_rules(insurer_demand_days=0))
    decision = given.hear(given.dormant(incident_on=INCIDENT), given.paid(), moment)
    assert kinds(decision) == [RecoveryOpened, DebitNoticed]


def test_unknown_cover_is_asked_about_before_the_seller():
    opened = given.hear(given.dormant(incident_on=INCIDENT), given.paid(), at(START, known=False))
    assert (kinds(opened), opened.state.due) == ([RecoveryOpened], START + ASK_AGAIN)
    later = deadline_passed(opened.state, at(START + ASK_AGAIN, given.cover_from(-30)))
    assert kinds(later) == [InsurerDemanded]


def test_cover_of_the_day_that_has_ended_since_does_not_waive_but_its_insurer_is_asked():
    known = given.cover_from(-30, -5)
    state = given.dormant(SMALL, small=True, incident_on=INCIDENT)
    asked = given.hear(state, given.paid(SMALL), at(START, known))
    assert kinds(asked) == [RecoveryOpened, ProofRequested]
    proving = given.after(asked.state, (0, given.handed_over(START, NoticeKind.PROOF)))
    assert kinds(deadline_passed(proving, at(day(7), known))) == [InsurerDemanded]


def test_money_of_the_insurer_is_booked_by_its_source():
    decision = given.hear(given.demanding(), given.insurer_pays(LARGE), at(day(20)))
    assert kinds(decision) == [RecoveryClosed]
    assert balances(entries(decision)) == {
        Account.CASH_CLEARING: LARGE,
        Account.RECOVERIES_INSURER: -LARGE,
        Account.MEMO_CONTRA: LARGE,
        Account.EXPECTED_RECOVERY: -LARGE,
    }
    assert given.hear(decision.state, given.insurer_pays(LARGE), at(day(21))) == unchanged(decision.state)


def test_what_the_insurer_does_not_pay_in_time_the_seller_is_asked_for():
    part = given.after(given.demanding(), (20, given.insurer_pays(100_000)))
    decision = deadline_passed(part, at(day(30)))
    assert decision.says == (
        DebitNoticed(
            claim_id=given.CLAIM,
            seller_id=given.SELLER,
            currency=Currency.USD,
            amount_minor=LARGE - 100_000,
            notice_days=7,
            number=1,
        ),
    )


TWO = given.cover_from(-30, insurers=("Harbor Mutual", "Northern Marine"))


def test_what_the_first_insurer_of_the_day_does_not_pay_the_next_one_is_asked_for():
    first = given.hear(given.dormant(incident_on=INCIDENT), given.paid(), at(START, TWO)).state
    part = given.after(first, (20, given.insurer_pays(100_000)))
    decision = deadline_passed(part, at(day(30), TWO))
    (event,) = decision.says
    assert isinstance(event, InsurerDemanded)
    assert (event.demand_id, event.insurer, event.certificate_id) == (SECOND_DEMAND, "Northern Marine", "coi-2")
    assert (event.amount_minor, event.pay_by) == (LARGE - 100_000, day(60))
    assert kinds(deadline_passed(decision.state, at(day(60), TWO))) == [DebitNoticed], "the write-off has waited"
    late = given.hear(decision.state, given.insurer_pays(LARGE - 100_000, reference="cheque-2"), at(day(31)))
    assert kinds(late) == [RecoveryClosed]


def test_a_demand_of_before_insurers_were_remembered_is_not_made_twice():
    before = given.hear(given.dormant(incident_on=INCIDENT), given.paid(), at(START, TWO)).state
    assert kinds(deadline_passed(before.but(insurers_asked=()), at(day(30), TWO))) == [DebitNoticed]


def test_while_cover_is_not_known_the_next_insurer_is_looked_for_again():
    first = given.hear(given.dormant(incident_on=INCIDENT), given.paid(), at(START, TWO)).state
    waiting = deadline_passed(first, at(day(30), known=False))
    assert (waiting.says, waiting.state.due) == ((), day(30) + ASK_AGAIN)
    assert kinds(deadline_passed(waiting.state, at(day(30) + ASK_AGAIN, TWO))) == [InsurerDemanded]


def test_a_rest_that_is_not_worth_pursuing_is_written_off():
    part = given.after(given.demanding(), (20, given.insurer_pays(LARGE - 499)))
    assert kinds(deadline_passed(part, at(day(30)))) == [RecoveryWrittenOff, RecoveryClosed]


def test_late_money_of_the_insurer_stops_the_sellers_debit():
    noticed = given.after(given.asked(given.demanding(), 30), (31, given.handed_over(day(31))))
    debiting = given.asked(noticed, 38)
    decision = given.hear(debiting, given.insurer_pays(LARGE), at(day(40)))
    assert kinds(decision) == [SellerDebitStopped, RecoveryClosed]


def test_what_the_seller_has_paid_and_the_insurer_pays_too_is_the_sellers():
    paid = given.after(given.demanding(), (10, given.seller_pays(LARGE)))
    decision = given.hear(paid, given.insurer_pays(LARGE), at(day(20)))
    assert kinds(decision) == [SellerRefundRequested]
    state = decision.state
    assert (state.from_insurer_minor, state.from_seller_minor, state.owed_minor) == (LARGE, 0, LARGE)
    assert balances(entries(decision)) == {
        Account.CASH_CLEARING: LARGE,
        Account.RECOVERIES_INSURER: -LARGE,
        Account.RECOVERIES_SELLER: LARGE,
        Account.OWED_TO_SELLER: -LARGE,
    }


def test_more_than_there_is_to_recover_is_in_question():
    decision = given.hear(given.demanding(), given.insurer_pays(LARGE + 300), at(day(20)))
    assert kinds(decision) == [FinanceResultQuestioned, RecoveryClosed]
    assert problems(decision) == [(ResultProblem.OVER_COLLECTED, 300)]
    assert balances(entries(decision))[Account.SUSPENSE] == -300


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (given.insurer_pays(5, demand=SECOND_DEMAND), ResultProblem.UNKNOWN_DEMAND),
        (given.insurer_pays(5, currency=Currency.EUR), ResultProblem.WRONG_CURRENCY),
        (given.insurer_pays(0), ResultProblem.WRONG_AMOUNT),
    ],
)
def test_a_payment_of_an_insurer_that_does_not_fit_is_questioned(said: InsurerPaymentReceived, problem: ResultProblem):
    decision = given.hear(given.demanding(), said, at(day(20)))
    assert problems(decision) == [(problem, said.amount_minor)]
    assert (decision.state, decision.does) == (given.demanding(), ())


def test_of_an_insolvent_seller_the_insurer_is_asked_all_the_same():
    """He was found insolvent in the first round; what a later round pays is the insurer's turn before the write-off."""
    insolvent = given.failed(reason=DebitFailure.INSOLVENT)
    first = given.after(given.debiting(), (10, insolvent))
    known = given.after(first, (20, given.authorized(payout=given.NEXT_PAYOUT, incident_on=INCIDENT)))
    second = given.hear(known, given.paid(payout=given.NEXT_PAYOUT), at(day(21), given.cover_from(-30)))
    assert (kinds(second), second.state.stage) == ([RecoveryOpened, InsurerDemanded], Stage.DEMANDING)
    assert kinds(deadline_passed(second.state, at(day(51)))) == [RecoveryWrittenOff, RecoveryClosed]
