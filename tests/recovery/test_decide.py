"""Decisions of recovery: given what is known, when this is heard, then this is said and booked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.recovery import decide
from services.recovery.deadlines import deadline_passed
from services.recovery.decide import ASK_AGAIN
from services.recovery.ledger import Account
from services.recovery.state import At, Recovery, Stage
from shared.events.finance import DebitFailure
from shared.events.recovery import (
    DebitNoticed,
    ProofRequested,
    RecoveryClosed,
    RecoveryOpened,
    RecoveryWrittenOff,
    ReimbursementWaived,
    SellerDebitRequested,
    SellerDebitStopped,
    WaiverReason,
    WriteOffReason,
)
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind, NoticeUndeliverable
from shared.money import Currency
from shared.policy.model import WaiverCover
from shared.runtime import unchanged
from tests.deciding import START, at, day
from tests.recovery import given
from tests.recovery.given import FIRST_DEBIT, LARGE, SECOND_DEBIT, SMALL, balances, entries, kinds

# Opening


def test_nothing_is_pursued_before_finance_has_paid():
    decision = decide.payout_authorized(given.authorized(), at(START))
    assert (decision.says, decision.does) == ((), ())
    assert (decision.state.stage, decision.state.due) == (Stage.AUTHORIZED, None)


def test_a_payout_is_borne_by_the_marketplace_and_opens_the_recovery():
    decision = given.hear(given.dormant(), given.paid(), at(START))
    assert kinds(decision) == [RecoveryOpened, DebitNoticed]
    assert balances(entries(decision)) == {
        Account.INDEMNITY_COST: LARGE,
        Account.CASH_CLEARING: -LARGE,
        Account.EXPECTED_RECOVERY: LARGE,
        Account.MEMO_CONTRA: -LARGE,
    }


def test_a_payout_reported_twice_is_booked_once():
    after = given.noticing()
    assert given.hear(after, given.paid(), at(day(1))) == unchanged(after)


def test_every_open_recovery_has_a_deadline():
    assert given.noticing().due == given.debiting().due == day(60)
    assert given.proving().due == day(7)
    assert given.noticed().due == day(8)
    assert given.paused().due == day(24)


# Waiver


def test_a_small_claim_of_a_covered_seller_is_waived_at_once():
    decision = given.hear(given.dormant(SMALL, small=True, covered=True), given.paid(SMALL), at(START))
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
    decision = given.hear(given.dormant(covered=True), given.paid(), at(START, given.cover_from(-30)))
    assert kinds(decision) == [RecoveryOpened, DebitNoticed]


def test_cover_obtained_between_acceptance_and_payment_waives_without_asking():
    moment = at(START, given.cover_from(-1))
    decision = given.hear(given.dormant(SMALL, small=True), given.paid(SMALL), moment)
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]


def test_a_small_claim_without_cover_asks_for_proof_within_a_week():
    decision = given.hear(given.dormant(SMALL, small=True), given.paid(SMALL), at(START))
    assert isinstance(decision.says[-1], ProofRequested)
    assert decision.says[-1].prove_by == day(7)
    assert decision.state.watches == given.SELLER


def test_proof_in_time_waives_even_if_the_cover_is_new():
    decision = deadline_passed(given.proving(), at(day(3), given.cover_from(2)))
    assert kinds(decision) == [ReimbursementWaived, RecoveryClosed]
    assert decision.state.watches is None


def test_cover_on_another_marketplace_is_no_proof():
    elsewhere = given.cover(day(-30).date(), day(365).date(), marketplace="DE")
    proving = given.proving()
    assert deadline_passed(proving, at(day(3), elsewhere)) == unchanged(proving)


def test_no_proof_in_time_is_followed_by_the_debit_notice():
    decision = deadline_passed(given.proving(), at(day(7), given.cover_from(-99, -50)))
    assert decision.says == (
        DebitNoticed(
            claim_id=given.CLAIM,
            seller_id=given.SELLER,
            currency=Currency.USD,
            amount_minor=SMALL,
            notice_days=7,
            number=1,
        ),
    )
    assert decision.state.stage is Stage.NOTICING
    assert decision.state.due != day(7)


def test_the_time_to_prove_does_not_run_without_the_letter():
    asking = given.asking_for_proof()
    assert asking.due == day(60)
    assert deadline_passed(asking, at(day(8))) == unchanged(asking)
    out = given.hear(asking, given.handed_over(day(20), NoticeKind.PROOF), at(day(20))).state
    assert out.due == day(27)
    assert kinds(deadline_passed(out, at(day(26), given.cover_from(21, known_since=day(25))))) == [
        ReimbursementWaived,
        RecoveryClosed,
    ]
    assert kinds(deadline_passed(out, at(day(27)))) == [DebitNoticed]


def test_proof_counts_while_its_letter_is_not_out():
    decision = deadline_passed(given.asking_for_proof(), at(day(9), given.cover_from(8, known_since=day(9))))
    assert kinds(decision) == [ReimbursementWaived, RecoveryClosed]


def test_a_request_for_proof_that_could_not_be_delivered_starts_the_time_of_its_last_attempt():
    said = given.undeliverable(day(3), NoticeKind.PROOF)
    assert given.hear(given.asking_for_proof(), said, at(day(3))).state.due == day(10)


def test_a_letter_that_was_quick_does_not_shorten_the_time_to_prove():
    said = given.handed_over(day(-1), NoticeKind.PROOF)
    assert given.hear(given.asking_for_proof(), said, at(day(1))).state.due == day(7)


def test_the_time_to_prove_begins_anew_after_a_bounce():
    back = given.hear(given.proving(), given.bounced(NoticeKind.PROOF), at(day(6))).state
    assert deadline_passed(back, at(day(8))) == unchanged(back)
    assert given.after(back, (9, given.handed_over(day(9), NoticeKind.PROOF))).due == day(16)


def test_proof_that_was_asked_for_by_no_letter_until_the_write_off_is_a_notice_that_was_not_possible():
    event = deadline_passed(given.asking_for_proof(), at(day(60))).says[0]
    assert isinstance(event, RecoveryWrittenOff)
    assert event.reason is WriteOffReason.NO_NOTICE_POSSIBLE


def test_a_window_that_ran_before_letters_were_heard_of_ends_as_it_was_said():
    before = given.proving().but(prove_by=None)
    assert kinds(deadline_passed(before, at(day(7)))) == [DebitNoticed]


@pytest.mark.parametrize(("uploaded", "waived"), [(6, True), (7, True), (7.1, False)])
def test_proof_counts_by_its_upload_and_not_by_when_it_is_heard_of(uploaded: float, waived: bool):
    known = given.cover_from(-1, known_since=day(uploaded))
    decision = deadline_passed(given.proving(), at(day(9), known))
    assert (kinds(decision) == [ReimbursementWaived, RecoveryClosed]) is waived


@pytest.mark.parametrize("number", [8, 15])
def test_proof_in_time_that_is_judged_after_the_window_waives_what_is_outstanding(number: int):
    noticed = given.after(given.asked(given.proving(), 7), (7, given.handed_over(day(7))))
    state = given.asked(noticed, 14) if number > 14 else noticed
    assert state.watches == given.SELLER
    in_time = deadline_passed(state, at(day(number), given.cover_from(-1, known_since=day(6))))
    stopped = [SellerDebitStopped] if number > 14 else []
    assert kinds(in_time) == [ReimbursementWaived, *stopped, RecoveryClosed]
    assert deadline_passed(state, at(day(number), given.cover_from(-1, known_since=day(7.5)))).says == ()


def test_unknown_cover_is_neither_yes_nor_no():
    decision = given.hear(given.dormant(SMALL, small=True), given.paid(SMALL), at(START, known=False))
    assert kinds(decision) == [RecoveryOpened]
    assert decision.state.due == START + ASK_AGAIN


def test_cover_still_unknown_is_asked_again_and_again():
    opened = given.hear(given.dormant(SMALL, small=True), given.paid(SMALL), at(START, known=False)).state
    decision = deadline_passed(opened, at(START + ASK_AGAIN, known=False))
    assert (decision.says, decision.state.due) == ((), START + 2 * ASK_AGAIN)
    assert kinds(deadline_passed(opened, at(START + ASK_AGAIN))) == [ProofRequested]
    assert kinds(deadline_passed(opened, at(START + ASK_AGAIN, given.cover_from(-1)))) == [
        ReimbursementWaived,
        RecoveryClosed,
    ]


def test_the_end_of_the_proof_window_waits_until_cover_is_known():
    decision = deadline_passed(given.proving(), at(day(7), known=False))
    assert (decision.says, decision.state.due) == ((), day(7) + ASK_AGAIN)
    assert kinds(deadline_passed(decision.state, at(day(7) + ASK_AGAIN))) == [DebitNoticed]


def test_cover_at_acceptance_waives_although_the_reference_is_unknown():
    dormant = given.dormant(SMALL, small=True, covered=True)
    decision = given.hear(dormant, given.paid(SMALL), at(START, known=False))
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]


def test_today_is_the_day_where_the_marketplace_is():
    """At three in the morning of Greenwich it is still the day before in New York."""
    night = day(0.75)
    assert (night.hour, night.date()) == (3, day(1).date())
    decision = given.hear(given.dormant(SMALL, small=True), given.paid(SMALL), at(night, given.cover_from(1)))
    assert kinds(decision) == [RecoveryOpened, ProofRequested]


@pytest.mark.parametrize(
    ("issued", "back_dated", "waived"), [(-30, False, True), (-10, False, False), (-10, True, True)]
)
def test_a_back_dated_policy_counts_only_where_the_marketplace_says_so(issued: int, back_dated: bool, waived: bool):
    policies = given.with_rules(waiver_cover=WaiverCover.ON_INCIDENT, back_dated_cover=back_dated)
    known = given.cover(day(-40).date(), day(300).date(), issued_on=day(issued).date())
    state = given.dormant(SMALL, small=True, incident_on=given.INCIDENT)
    decision = given.hear(state, given.paid(SMALL), replace(at(START, known), policies=policies))
    assert (ReimbursementWaived in kinds(decision)) is waived


@pytest.mark.parametrize(("since", "waived"), [(-40, True), (-10, False)])
def test_a_policy_on_incident_looks_at_the_day_of_the_incident(since: int, waived: bool):
    began = given.authorized(SMALL, small=True, covered=True, incident_on=day(-20).date())
    moment = replace(at(START, given.cover_from(since)), policies=given.on_incident())
    decision = given.hear(decide.payout_authorized(began, moment).state, given.paid(SMALL), moment)
    assert (ReimbursementWaived in kinds(decision)) is waived
    assert (ProofRequested in kinds(decision)) is not waived


def test_a_policy_on_incident_without_that_day_on_record_accepts_cover_on_proof():
    moment: At = replace(at(START), policies=given.on_incident())
    decision = given.hear(given.dormant(SMALL, small=True, covered=True), given.paid(SMALL), moment)
    assert ReimbursementWaived in kinds(decision)


# Notice and debit


@pytest.mark.parametrize("said", [given.handed_over(day(1)), given.undeliverable(day(1))])
def test_the_notice_time_runs_from_the_hand_over_or_the_last_attempt(said: NoticeHandedOver | NoticeUndeliverable):
    decision = given.hear(given.noticing(), said, at(day(3)))
    assert (decision.says, decision.state.due) == ((), day(8))


def test_a_repeated_notice_does_not_move_the_debit():
    noticed = given.noticed()
    assert given.hear(noticed, given.handed_over(day(4)), at(day(4))) == unchanged(noticed)


def test_other_letters_start_no_debit():
    noticing = given.noticing()
    letter = given.handed_over(day(1), NoticeKind.CLAIM)
    assert given.hear(noticing, letter, at(day(1))) == unchanged(noticing)


def test_the_debit_follows_the_notice_time():
    decision = deadline_passed(given.noticed(), at(day(8)))
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
    assert deadline_passed(noticed, at(day(7.9))) == unchanged(noticed)


def test_money_that_came_in_closes_the_recovery():
    decision = given.hear(given.debiting(), given.collected(LARGE), at(day(9)))
    assert kinds(decision) == [RecoveryClosed]
    assert balances(entries(decision)) == {
        Account.CASH_CLEARING: LARGE,
        Account.RECOVERIES_SELLER: -LARGE,
        Account.MEMO_CONTRA: LARGE,
        Account.EXPECTED_RECOVERY: -LARGE,
    }


def test_money_comes_in_parts():
    part = given.hear(given.debiting(), given.collected(100_000), at(day(9)))
    assert (part.says, part.state.outstanding_minor) == ((), 150_000)
    rest = given.hear(part.state, given.collected(150_000, reference="offset-2"), at(day(20)))
    assert kinds(rest) == [RecoveryClosed]


def test_a_part_reported_twice_is_booked_once():
    part = given.hear(given.debiting(), given.collected(100_000), at(day(9))).state
    assert given.hear(part, given.collected(100_000), at(day(9))) == unchanged(part)


def test_a_failed_debit_is_asked_again_for_the_rest_under_a_new_id():
    part = given.hear(given.debiting(), given.collected(100_000), at(day(9))).state
    failed = given.hear(part, given.failed(), at(day(10)))
    assert (failed.says, failed.state.due) == ((), day(24))
    again = deadline_passed(failed.state, at(day(24))).says
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
    assert given.hear(paused, given.failed(), at(day(12))) == unchanged(paused)
    again = deadline_passed(paused, at(day(24))).state
    assert given.hear(again, given.failed(), at(day(25))) == unchanged(again)


def test_money_under_a_failed_debit_counts():
    decision = given.hear(given.paused(), given.collected(LARGE), at(day(12)))
    assert kinds(decision) == [RecoveryClosed]


# Write-off


def test_what_is_outstanding_after_its_time_is_written_off():
    part = given.hear(given.debiting(), given.collected(100_000), at(day(9))).state
    decision = deadline_passed(part, at(day(60)))
    assert decision.says == (
        RecoveryWrittenOff(
            claim_id=given.CLAIM,
            seller_id=given.SELLER,
            currency=Currency.USD,
            amount_minor=150_000,
            reason=WriteOffReason.UNCOLLECTABLE,
        ),
        SellerDebitStopped(claim_id=given.CLAIM, debit_id=FIRST_DEBIT, seller_id=given.SELLER),
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
    event = deadline_passed(given.noticing(), at(day(60))).says[0]
    assert isinstance(event, RecoveryWrittenOff)
    assert event.reason is WriteOffReason.NO_NOTICE_POSSIBLE


def test_money_after_the_write_off_reverses_it():
    decision = given.hear(given.written_off(), given.collected(100_000), at(day(70)))
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
    assert deadline_passed(closed, at(day(90))) == unchanged(closed)


def test_what_is_not_worth_pursuing_is_written_off_at_once():
    decision = given.hear(given.dormant(499, small=True), given.paid(499), at(START))
    assert kinds(decision) == [RecoveryOpened, RecoveryWrittenOff, RecoveryClosed]
    event = decision.says[1]
    assert isinstance(event, RecoveryWrittenOff)
    assert (event.reason, event.amount_minor, decision.state.due) == (WriteOffReason.TOO_SMALL, 499, None)
    large = given.hear(given.dormant(499), given.paid(499), at(START))
    assert kinds(large) == [RecoveryOpened, RecoveryWrittenOff, RecoveryClosed]
    assert kinds(given.hear(given.dormant(500), given.paid(500), at(START))) == [RecoveryOpened, DebitNoticed]


def test_a_small_claim_of_a_covered_seller_is_waived_however_little_it_is():
    decision = given.hear(given.dormant(400, small=True, covered=True), given.paid(400), at(START))
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]
    on_record = given.hear(given.dormant(400, small=True), given.paid(400), at(START, given.cover_from(-1)))
    assert kinds(on_record) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]


def test_money_of_the_insolvent_is_written_off_at_once_and_never_asked_for_again():
    insolvent = given.failed(reason=DebitFailure.INSOLVENT)
    decision = given.hear(given.debiting(), insolvent, at(day(10)))
    assert kinds(decision) == [RecoveryWrittenOff, RecoveryClosed]
    event = decision.says[0]
    assert isinstance(event, RecoveryWrittenOff)
    assert event.reason is WriteOffReason.INSOLVENT
    again = given.after(decision.state, (20, given.authorized(payout=given.NEXT_PAYOUT)))
    later = given.hear(again, given.paid(payout=given.NEXT_PAYOUT), at(day(21)))
    assert kinds(later) == [RecoveryOpened, RecoveryWrittenOff, RecoveryClosed]


@pytest.mark.parametrize("reason", [DebitFailure.NO_FUNDS, DebitFailure.SUSPENDED, DebitFailure.STOPPED])
def test_whoever_cannot_pay_now_is_asked_again_later(reason: DebitFailure):
    decision = given.hear(given.debiting(), given.failed(reason=reason), at(day(10)))
    assert (decision.says, decision.state.stage, decision.state.due) == ((), Stage.PAUSED, day(24))


# Letters of an earlier notice


def noticed_anew() -> Recovery:
    """The first notice's letter was never heard of; the seller paid, and a second round's notice is asked for."""
    paid = given.after(given.noticing(), (2, given.seller_pays(LARGE)))
    known = given.after(paid, (3, given.authorized(100_000, payout=given.NEXT_PAYOUT)))
    return given.after(known, (4, given.paid(100_000, payout=given.NEXT_PAYOUT)))


def test_the_letter_of_an_earlier_notice_starts_no_time():
    state = noticed_anew()
    assert state.notices == 2
    late = (given.handed_over(day(5), number=1), given.undeliverable(day(5), number=1), given.bounced(number=1))
    for said in late:
        assert given.hear(state, said, at(day(5))) == unchanged(state)
    assert given.after(state, (6, given.handed_over(day(6), number=2))).due == day(13)
    assert given.after(state, (6, given.handed_over(day(6)))).due == day(13), "a record of before has no number"


def test_a_bounce_of_an_earlier_notice_stops_no_debit_of_the_present_one():
    debiting = given.asked(given.after(noticed_anew(), (6, given.handed_over(day(6), number=2))), 13)
    assert given.hear(debiting, given.bounced(number=1), at(day(14))) == unchanged(debiting)
    assert kinds(given.hear(debiting, given.bounced(number=2), at(day(14)))) == [SellerDebitStopped]


def test_a_bounce_of_an_earlier_notice_stops_the_debit_that_stands_on_it():
    noticed = given.after(given.noticing(), (1, given.handed_over(day(1), number=1)))
    second = given.authorized(100_000, payout=given.NEXT_PAYOUT)
    known = given.after(given.asked(noticed, 8), (9, second))
    both = given.after(known, (9, given.paid(100_000, payout=given.NEXT_PAYOUT, reference="pay-2")))
    assert (both.stage, both.notices) == (Stage.NOTICING, 2)
    decision = given.hear(both, given.bounced(number=1), at(day(10)))
    assert kinds(decision) == [SellerDebitStopped]
    assert decision.state.stage is Stage.NOTICING, "the later notice is on its way as before"
    out = given.after(decision.state, (11, given.handed_over(day(11), number=2)))
    assert given.hear(out, given.bounced(number=1), at(day(12))) == unchanged(out)


# Bounces, and debits that are stopped


def test_a_debit_notice_that_came_back_stops_the_debit_and_its_time_begins_anew():
    decision = given.hear(given.debiting(), given.bounced(), at(day(9)))
    stopped = SellerDebitStopped(claim_id=given.CLAIM, debit_id=FIRST_DEBIT, seller_id=given.SELLER)
    assert decision.says == (stopped,)
    again = given.after(
        decision.state, (10, given.failed(reason=DebitFailure.STOPPED)), (12, given.handed_over(day(12)))
    )
    assert again.due == day(19)
    assert deadline_passed(again, at(day(19))).says == (
        SellerDebitRequested(
            claim_id=given.CLAIM,
            debit_id=SECOND_DEBIT,
            seller_id=given.SELLER,
            currency=Currency.USD,
            amount_minor=LARGE,
        ),
    )


@pytest.mark.parametrize("state", [given.noticed(), given.paused()])
def test_a_bounce_before_the_debit_only_begins_the_time_anew(state: Recovery):
    decision = given.hear(state, given.bounced(), at(day(11)))
    assert (decision.says, decision.state.stage, decision.state.due) == ((), Stage.NOTICING, day(60))


@pytest.mark.parametrize("state", [given.noticing(), given.recovered(), given.proving()])
def test_a_bounce_of_what_is_over_moves_nothing(state: Recovery):
    assert given.hear(state, given.bounced(), at(day(11))) == unchanged(state)


def test_a_bounce_of_another_letter_stops_nothing():
    debiting = given.debiting()
    assert given.hear(debiting, given.bounced(NoticeKind.PROOF), at(day(9))) == unchanged(debiting)


def test_no_second_debit_is_asked_for_while_finance_has_not_ended_the_first():
    bounced = given.after(given.debiting(), (9, given.bounced()), (10, given.handed_over(day(10))))
    waiting = deadline_passed(bounced, at(day(17)))
    assert (waiting.says, waiting.state.stage, waiting.state.due) == ((), Stage.DEBITING, day(60))
    stopped = given.failed(reason=DebitFailure.STOPPED)
    assert kinds(given.hear(waiting.state, stopped, at(day(18)))) == [SellerDebitRequested]


def test_a_stopped_debit_that_finance_could_not_collect_from_anyway_pauses():
    waiting = given.asked(given.after(given.debiting(), (9, given.bounced()), (10, given.handed_over(day(10)))), 17)
    decision = given.hear(waiting, given.failed(), at(day(18)))
    assert (decision.says, decision.state.due) == ((), day(32))


def test_a_write_off_stops_the_debit_that_finance_was_silent_about():
    decision = deadline_passed(given.debiting(), at(day(60)))
    assert kinds(decision) == [RecoveryWrittenOff, SellerDebitStopped, RecoveryClosed]


# Always


def test_a_deadline_never_stays_where_it_was():
    for state in (given.proving(), given.noticing(), given.noticed(), given.debiting(), given.paused()):
        assert state.due is not None
        for known in (True, False):
            after = deadline_passed(state, at(state.due + timedelta(seconds=1), known=known)).state
            assert after.due is None or after.due > state.due + timedelta(seconds=1)
