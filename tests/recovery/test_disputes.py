"""What the seller has against a payment: nothing moves against him until it is decided, and the customer keeps his."""

from datetime import datetime, timedelta

import pytest

from services.recovery.deadlines import deadline_passed
from services.recovery.ledger import Account
from services.recovery.state import Recovery, Stage
from shared.events.base import Event
from shared.events.finance import DebitFailure
from shared.events.recovery import (
    DebitNoticed,
    Ground,
    ProofRequested,
    RecoveryClosed,
    RecoveryDisputed,
    RecoveryOpened,
    RecoveryResumed,
    RecoveryReversed,
    RecoveryWrittenOff,
    RefundReason,
    ReimbursementWaived,
    SellerDebitRequested,
    SellerDebitStopped,
    SellerRefundRequested,
    WaiverReason,
)
from shared.events.seller_notifier import NoticeKind
from shared.money import Currency
from shared.runtime import unchanged
from tests.deciding import START, at, day
from tests.recovery import given
from tests.recovery.given import FIRST_DEBIT, LARGE, SMALL, balances, entries, kinds

PROOF = NoticeKind.PROOF
WON, LOST = given.decided(won=True), given.decided(won=False)


def disputed_on(number: float, state: Recovery) -> Recovery:
    return given.after(state, (number, given.appealed(day(number))))


# Opening


def test_an_appeal_stops_the_open_debit_and_waits_for_an_adjuster():
    decision = given.hear(given.debiting(), given.appealed(day(9)), at(day(9)))
    assert decision.says == (
        RecoveryDisputed(
            claim_id=given.CLAIM,
            seller_id=given.SELLER,
            ground=Ground.APPEAL,
            currency=Currency.USD,
            amount_minor=LARGE,
            evidence=("lab-report-17",),
            decide_by=day(39),
        ),
        SellerDebitStopped(claim_id=given.CLAIM, debit_id=FIRST_DEBIT, seller_id=given.SELLER),
    )
    assert (decision.state.due, decision.state.late_at, decision.does) == (day(39), day(39), ())


def test_an_answer_that_was_heard_too_late_is_a_dispute():
    decision = given.hear(given.noticing(), given.contested(), at(day(1)))
    event = decision.says[0]
    assert isinstance(event, RecoveryDisputed)
    assert (event.ground, event.amount_minor) == (Ground.ANSWER, LARGE)
    assert given.hear(decision.state, given.contested(), at(day(2))) == unchanged(decision.state)


def test_before_the_payment_what_was_authorised_is_in_dispute():
    decision = given.hear(given.dormant(), given.contested(), at(START))
    event = decision.says[0]
    assert isinstance(event, RecoveryDisputed)
    assert event.amount_minor == LARGE
    paid = given.hear(decision.state, given.paid(), at(day(1)))
    assert kinds(paid) == [RecoveryOpened]
    assert kinds(given.hear(paid.state, LOST, at(day(2)))) == [RecoveryResumed, DebitNoticed]


@pytest.mark.parametrize(
    ("state", "last"),
    [
        (given.noticed(), 31),
        (given.proving(), 30),
        (given.hear(given.dormant(SMALL, small=True, covered=True), given.paid(SMALL), at(START)).state, 30),
    ],
    ids=["from the debit notice", "from the request for proof", "from the waiver"],
)
def test_the_time_to_appeal_runs_from_the_first_word_that_the_seller_got(state: Recovery, last: int):
    assert kinds(given.hear(state, given.appealed(day(last)), at(day(last + 2)))) == [RecoveryDisputed]
    late = given.appealed(day(last) + timedelta(seconds=1))
    assert given.hear(state, late, at(day(last + 2))) == unchanged(state)


def test_before_any_word_of_ours_an_appeal_is_in_time():
    assert kinds(given.hear(given.noticing(), given.appealed(day(50)), at(day(50)))) == [RecoveryDisputed]


def test_a_notice_that_came_back_started_no_time_to_appeal():
    bounced = given.after(given.noticed(), (3, given.bounced()), (10, given.handed_over(day(10))))
    assert bounced.appeal_by == day(40)


@pytest.mark.parametrize(
    "lost", [given.bounced(PROOF), given.undeliverable(day(3), PROOF)], ids=lambda e: e.type_name()
)
def test_a_request_for_proof_that_nobody_got_started_no_time_to_appeal(lost: Event):
    """The debit notice is the first letter that he gets, weeks later."""
    untold = given.after(given.proving(), (3, lost))
    assert kinds(given.hear(untold, given.appealed(day(50)), at(day(50)))) == [RecoveryDisputed]
    noticing = given.after(untold.but(next_at=day(10)), (10, given.undeliverable(day(10), PROOF)))
    told = given.after(given.asked(noticing, 17), (40, given.handed_over(day(40))))
    assert (told.stage, told.appeal_by) == (Stage.NOTICED, day(70))


def test_a_request_for_proof_that_reached_the_next_contact_starts_the_time_to_appeal():
    again = given.after(given.proving(), (3, given.bounced(PROOF)), (5, given.handed_over(day(5), PROOF)))
    assert again.appeal_by == day(35)


def test_a_request_for_proof_that_comes_back_when_the_debit_notice_is_under_way_started_no_time_to_appeal():
    noticing = given.asked(given.proving(), 7)
    told = given.after(noticing, (8, given.bounced(PROOF)), (9, given.handed_over(day(9))))
    assert told.appeal_by == day(39)
    assert given.after(told, (10, given.bounced(PROOF))).appeal_by == day(39), "he has been told by then"


@pytest.mark.parametrize("said", [given.contested("another"), given.appealed(day(2), seller="another")])
def test_another_sellers_word_is_no_dispute(said: Event):
    assert given.hear(given.noticed(), said, at(day(2))) == unchanged(given.noticed())


def test_an_appeal_while_an_answer_is_in_dispute_adds_its_evidence():
    contested = given.after(given.noticing(), (1, given.contested()))
    decision = given.hear(contested, given.appealed(day(2)), at(day(2)))
    event = decision.says[0]
    assert isinstance(event, RecoveryDisputed)
    assert (event.ground, event.evidence, event.decide_by) == (Ground.APPEAL, ("lab-report-17",), day(31))
    assert kinds(given.hear(decision.state, LOST, at(day(3)))) == [RecoveryResumed]


@pytest.mark.parametrize("decided", [WON, LOST])
def test_a_decision_about_the_answer_said_before_the_appeal_does_not_decide_the_appeal(decided: Event):
    contested = given.after(given.noticing(), (1, given.contested()))
    both = given.after(contested, (2, given.appealed(day(2))))
    assert given.hear(both, decided, at(day(2.1), said_at=day(1.9))) == unchanged(both)
    again = deadline_passed(both, at(day(31))).says[0]
    assert isinstance(again, RecoveryDisputed)
    assert again.ground is Ground.APPEAL, "an adjuster who is silent is asked about the appeal, too"
    assert given.hear(both, decided, at(day(32), said_at=day(2))).state.dispute is None


def test_a_second_appeal_is_evidence():
    lost = given.after(disputed_on(2, given.noticed()), (3, LOST))
    again = given.appealed(day(4), appeal="appeal-2")
    assert given.hear(lost, again, at(day(4))) == unchanged(lost)


# While it is open


@pytest.mark.parametrize(
    "state",
    [given.noticing(), given.noticed(), given.debiting(), given.paused(), given.proving()],
    ids=lambda s: s.stage,
)
def test_nothing_is_noticed_debited_or_written_off_while_a_dispute_is_open(state: Recovery):
    disputed = disputed_on(11, state.but(appeal_by=None))
    for number in (12, 24, 41, 70):
        decision = deadline_passed(disputed, at(day(number)))
        assert set(kinds(decision)) <= {RecoveryDisputed}
        disputed = decision.state
    assert disputed.outstanding_minor == disputed.paid_minor


def test_an_adjuster_who_is_silent_is_asked_again():
    disputed = disputed_on(2, given.noticed())
    assert deadline_passed(disputed, at(day(31.9))) == unchanged(disputed)
    decision = deadline_passed(disputed, at(day(32)))
    event = decision.says[0]
    assert isinstance(event, RecoveryDisputed)
    assert (event.ground, event.decide_by) == (Ground.APPEAL, day(62))
    assert (decision.state.due, decision.state.late_at) == (day(62), day(32))


def test_when_nothing_is_left_of_what_is_in_dispute_no_adjuster_is_asked_again():
    disputed = given.after(disputed_on(2, given.noticed()), (5, given.returned()))
    assert disputed.stage is Stage.CLOSED
    aside = deadline_passed(disputed, at(day(32)))
    assert (aside.says, aside.state.dispute, aside.state.due, aside.state.late_at) == ((), None, None, None)


def test_what_was_set_aside_is_asked_again_when_the_money_is_paid_to_another_payee():
    aside = given.asked(given.after(disputed_on(2, given.noticed()), (5, given.returned())), 32)
    again = given.after(aside, (40, given.authorized(attempt=2)))
    paid = given.hear(again, given.paid(reference="pay-2"), at(day(41)))
    assert kinds(paid) == [RecoveryOpened, RecoveryDisputed]
    asked = paid.says[1]
    assert isinstance(asked, RecoveryDisputed)
    assert (asked.ground, asked.amount_minor, asked.decide_by) == (Ground.APPEAL, LARGE, day(71))
    assert kinds(given.hear(paid.state, WON, at(day(42)))) == [RecoveryReversed, RecoveryClosed]


def test_what_was_set_aside_may_still_be_decided():
    aside = given.asked(given.after(disputed_on(2, given.noticed()), (5, given.returned())), 32)
    lost = given.hear(aside, LOST, at(day(33)))
    assert (kinds(lost), lost.state.set_aside, lost.state.due) == ([RecoveryResumed], None, None)


def test_money_that_was_on_its_way_counts_while_a_dispute_is_open():
    decision = given.hear(disputed_on(9, given.debiting()), given.collected(100_000), at(day(10)))
    assert (decision.says, decision.state.from_seller_minor) == ((), 100_000)


def test_a_notice_handed_over_while_a_dispute_is_open_runs_its_time():
    disputed = given.after(disputed_on(1, given.noticing()), (2, given.handed_over(day(2))))
    assert (disputed.stage, disputed.due) == (Stage.NOTICED, day(31))
    assert kinds(given.hear(disputed, LOST, at(day(9)))) == [RecoveryResumed, SellerDebitRequested]
    assert kinds(given.hear(disputed, LOST, at(day(8)))) == [RecoveryResumed]


# Won


def test_an_appeal_won_reverses_the_sellers_debit_and_never_the_customers_payment():
    disputed = disputed_on(12, given.recovered())
    decision = given.hear(disputed, WON, at(day(20)))
    assert decision.says == (
        RecoveryReversed(
            claim_id=given.CLAIM,
            seller_id=given.SELLER,
            currency=Currency.USD,
            amount_minor=LARGE,
            reason=WaiverReason.APPEAL_WON,
        ),
        SellerRefundRequested(
            claim_id=given.CLAIM,
            refund_id=given.FIRST_REFUND,
            seller_id=given.SELLER,
            currency=Currency.USD,
            amount_minor=LARGE,
            reason=RefundReason.APPEAL_WON,
        ),
        RecoveryClosed(
            claim_id=given.CLAIM,
            seller_id=given.SELLER,
            currency=Currency.USD,
            recovered_minor=0,
            waived_minor=LARGE,
            written_off_minor=0,
        ),
    )
    assert balances(entries(decision)) == {
        Account.RECOVERIES_SELLER: LARGE,
        Account.OWED_TO_SELLER: -LARGE,
        Account.WAIVED: LARGE,
        Account.MEMO_CONTRA: -LARGE,
    }
    assert decision.state.paid_minor == LARGE
    assert decision.state.due == decision.state.refund_by, "nothing is waited for but the refund"


def test_an_appeal_won_waives_what_is_outstanding_and_what_was_written_off():
    won = given.hear(disputed_on(9, given.debiting()), WON, at(day(20)))
    assert kinds(won) == [RecoveryReversed, RecoveryClosed]
    assert (won.state.waived_minor, won.state.owed_minor) == (LARGE, 0)
    late = disputed_on(61, given.written_off().but(appeal_by=None))
    won = given.hear(late, WON, at(day(62)))
    assert (won.state.waived_minor, won.state.written_off_minor) == (LARGE, 0)
    assert balances(entries(won)) == {Account.WAIVED: LARGE, Account.WRITTEN_OFF: -LARGE}


def test_after_an_appeal_was_won_all_that_comes_from_the_seller_is_his():
    won = given.after(disputed_on(9, given.debiting()), (20, WON))
    decision = given.hear(won, given.collected(LARGE), at(day(21)))
    assert kinds(decision) == [SellerRefundRequested]
    event = decision.says[0]
    assert isinstance(event, SellerRefundRequested)
    assert (event.reason, decision.state.owed_minor) == (RefundReason.APPEAL_WON, LARGE)


def test_an_appeal_won_does_not_release_from_what_is_conceded_later_and_that_may_be_appealed():
    won = given.after(disputed_on(9, given.debiting()), (20, WON), (30, given.authorized(payout=given.NEXT_PAYOUT)))
    decision = given.hear(won, given.paid(payout=given.NEXT_PAYOUT), at(day(31)))
    assert kinds(decision) == [RecoveryOpened, DebitNoticed]
    assert (decision.state.waived_minor, decision.state.outstanding_minor) == (LARGE, LARGE)
    again = given.appealed(day(33), appeal="appeal-2")
    disputed = given.hear(decision.state, again, at(day(33)))
    event = disputed.says[0]
    assert isinstance(event, RecoveryDisputed)
    assert event.amount_minor == LARGE, "only the later concession"
    second = given.hear(disputed.state, WON, at(day(40)))
    assert (second.state.waived_minor, second.state.outstanding_minor) == (2 * LARGE, 0)


def test_an_appeal_won_releases_from_all_that_was_ordered_before_it():
    known = given.after(disputed_on(9, given.debiting()), (10, given.authorized(payout=given.NEXT_PAYOUT)), (20, WON))
    decision = given.hear(known, given.paid(payout=given.NEXT_PAYOUT), at(day(31)))
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]


def conceded_after_the_appeal(state: Recovery) -> Recovery:
    """An appeal is won on day 20; a later round of 500.00 is paid on day 31."""
    won = given.after(disputed_on(9, state), (20, WON))
    known = given.after(won, (30, given.authorized(50_000, payout=given.NEXT_PAYOUT, left=LARGE)))
    return given.after(known, (31, given.paid(50_000, payout=given.NEXT_PAYOUT, reference="pay-2")))


def test_what_is_still_paid_of_a_released_payout_is_waived_whatever_was_conceded_since():
    later = conceded_after_the_appeal(given.after(given.dormant(), (0, given.paid(150_000))))
    decision = given.hear(later, given.paid(100_000, reference="rest"), at(day(32)))
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived]
    assert (decision.state.outstanding_minor, decision.state.waived_minor) == (50_000, LARGE)
    noticed = given.after(decision.state, (33, given.handed_over(day(33))))
    debit = deadline_passed(noticed, at(day(40))).says[0]
    assert isinstance(debit, SellerDebitRequested)
    assert debit.amount_minor == 50_000


def test_a_released_payout_that_comes_back_and_is_paid_again_leaves_what_was_conceded_since():
    back = given.after(conceded_after_the_appeal(given.debiting()), (33, given.returned()))
    assert (back.waived_minor, back.outstanding_minor) == (0, 50_000)
    again = given.after(back, (34, given.authorized(attempt=2)))
    decision = given.hear(again, given.paid(reference="pay-3"), at(day(35)))
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived]
    assert (decision.state.waived_minor, decision.state.outstanding_minor) == (LARGE, 50_000)


def test_an_appeal_won_against_the_later_round_releases_from_both():
    disputed = given.after(conceded_after_the_appeal(given.debiting()), (33, given.appealed(day(33))))
    won = given.after(disputed, (40, WON), (41, given.returned()), (42, given.authorized(attempt=2)))
    decision = given.hear(won, given.paid(reference="pay-3"), at(day(43)))
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]


def test_an_appeal_lost_is_the_last_of_its_claim():
    lost = given.after(disputed_on(2, given.noticed()), (3, LOST), (4, given.authorized(payout=given.NEXT_PAYOUT)))
    paid = given.after(lost, (5, given.paid(payout=given.NEXT_PAYOUT)))
    assert given.hear(paid, given.appealed(day(6), appeal="appeal-2"), at(day(6))) == unchanged(paid)


def test_an_appeal_won_before_the_payment_waives_the_payment():
    won = given.after(given.dormant(), (0, given.contested()), (1, WON))
    decision = given.hear(won, given.paid(), at(day(2)))
    assert kinds(decision) == [RecoveryOpened, ReimbursementWaived, RecoveryClosed]


def test_what_the_insurer_has_paid_stays_when_the_seller_wins():
    state = given.after(given.demanding(), (10, given.insurer_pays(100_000)))
    won = given.hear(disputed_on(11, state), WON, at(day(12)))
    assert (won.state.from_insurer_minor, won.state.waived_minor) == (100_000, LARGE - 100_000)


# Lost


def test_an_appeal_lost_goes_on_where_it_was_and_gets_its_time_back():
    disputed = disputed_on(2, given.noticed())
    decision = given.hear(disputed, LOST, at(day(5)))
    assert kinds(decision) == [RecoveryResumed]
    assert (decision.state.due, decision.state.write_off_at) == (day(8), day(63))


def test_an_appeal_lost_after_the_notices_time_is_followed_by_the_debit():
    decision = given.hear(disputed_on(2, given.noticed()), LOST, at(day(30)))
    assert kinds(decision) == [RecoveryResumed, SellerDebitRequested]


def test_a_stopped_debit_is_followed_by_a_new_one_as_soon_as_finance_has_ended_it():
    disputed = disputed_on(9, given.debiting())
    lost = given.hear(disputed, LOST, at(day(10)))
    assert kinds(lost) == [RecoveryResumed]
    stopped = given.failed(reason=DebitFailure.STOPPED)
    assert kinds(given.hear(lost.state, stopped, at(day(11)))) == [SellerDebitRequested]
    ended = given.after(disputed, (10, stopped))
    assert kinds(given.hear(ended, LOST, at(day(11)))) == [RecoveryResumed, SellerDebitRequested]


def test_an_appeal_lost_in_the_proof_window_leaves_the_window_as_it_is():
    lost = given.hear(disputed_on(1, given.proving()), LOST, at(day(3)))
    assert (kinds(lost), lost.state.due) == ([RecoveryResumed], day(7))
    assert kinds(deadline_passed(lost.state, at(day(7)))) == [DebitNoticed]
    over = given.hear(disputed_on(1, given.proving()), LOST, at(day(9)))
    assert kinds(over) == [RecoveryResumed, DebitNoticed]


@pytest.mark.parametrize(("uploaded", "waived"), [(5, True), (8, False)])
def test_a_dispute_neither_lengthens_nor_shortens_the_time_to_prove(uploaded: float, waived: bool):
    moment = at(day(20), given.cover_from(1, known_since=day(uploaded)))
    decision = given.hear(disputed_on(1, given.proving()), LOST, moment)
    follows = [ReimbursementWaived, RecoveryClosed] if waived else [DebitNoticed]
    assert kinds(decision) == [RecoveryResumed, *follows]


def test_money_of_the_insolvent_is_written_off_when_the_dispute_is_lost_and_not_before():
    disputed = given.after(disputed_on(9, given.debiting()), (10, given.failed(reason=DebitFailure.INSOLVENT)))
    assert disputed.outstanding_minor == LARGE
    assert kinds(given.hear(disputed, LOST, at(day(11)))) == [RecoveryResumed, RecoveryWrittenOff, RecoveryClosed]


@pytest.mark.parametrize("state", [given.noticed(), given.dormant(), given.recovered()])
def test_a_decision_without_a_dispute_decides_nothing(state: Recovery):
    assert given.hear(state, WON, at(day(9))) == unchanged(state)


def test_an_earlier_decision_heard_once_more_does_not_decide_a_later_dispute():
    said_at: datetime = day(3)
    lost = given.after(given.after(given.noticing(), (1, given.contested())), (3, LOST))
    disputed = disputed_on(4, lost)
    assert given.hear(disputed, LOST, at(day(5), said_at=said_at)) == unchanged(disputed)
    assert kinds(given.hear(disputed, WON, at(day(5)))) == [RecoveryReversed, RecoveryClosed]


# A new payment while it is open


def test_what_is_paid_while_a_dispute_is_open_is_pursued_when_it_is_lost():
    disputed = disputed_on(9, given.debiting())
    known = given.after(disputed, (10, given.authorized(payout=given.NEXT_PAYOUT)))
    paid = given.hear(known, given.paid(payout=given.NEXT_PAYOUT), at(day(11)))
    assert kinds(paid) == [RecoveryOpened]
    resumed = given.hear(paid.state, LOST, at(day(12)))
    assert kinds(resumed) == [RecoveryResumed, DebitNoticed]
    assert resumed.state.asked_minor == 2 * LARGE


def test_a_small_claim_in_dispute_before_its_payment_is_asked_for_proof_when_it_is_lost():
    contested = given.after(given.dormant(SMALL, small=True), (0, given.contested()), (1, given.paid(SMALL)))
    assert kinds(given.hear(contested, LOST, at(day(2)))) == [RecoveryResumed, ProofRequested]
