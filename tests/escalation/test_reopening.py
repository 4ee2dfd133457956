"""Claims that have ended and are looked at again."""

import pytest

from services.escalation.reopening import MOST_ROUNDS
from shared.events.adjusters import ReviewKind
from shared.events.base import Event, derived_id
from shared.events.claim import Reason, ReopeningReason, Signal
from shared.events.escalation import (
    ClaimClosed,
    ClaimDecided,
    ClaimEscalated,
    ClaimReopened,
    Notice,
    Outcome,
    PayoutAuthorized,
    ReviewOpened,
    Route,
    RouteChosen,
    Status,
    StatusChanged,
)
from shared.events.seller_portal import AnswerChoice
from tests.deciding import START, day
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
    approved,
    case,
    claim,
    customer_says,
    denied,
    duplicate_found,
    facts,
    failed,
    finding,
    information_requested,
    insurer_settled,
    is_duplicate,
    new_payee,
    notified,
    paid,
    released,
    reopening,
    reopening_refused,
    returned,
    reviewed,
    settlement_reported,
    suspected,
    the,
    told,
    withdrawn,
)

ACCEPTS, CONTESTS = answered(AnswerChoice.PAY_THROUGH_US), answered(AnswerChoice.CONTEST)
NOT_VALID = reviewed(ReviewKind.CONTESTED, valid=False, reasons=(Reason.NOT_DEFECTIVE,))
VALID_NOW = reviewed(ReviewKind.REOPENED, round_=2)


def _denied(*admitted: int) -> Claim:
    return claim(accepted(*admitted), notified(), CONTESTS, NOT_VALID)


def test_an_appeal_opens_a_round_and_a_person_looks():
    story = _denied()
    said = story.hear(reopening())
    assert facts(said) == [ClaimReopened, ReviewOpened]
    opened, asked = the(ClaimReopened, said), the(ReviewOpened, said)
    assert (opened.round, opened.reason) == (2, ReopeningReason.CUSTOMER_APPEAL)
    assert (asked.review, asked.round, asked.items) == (ReviewKind.REOPENED, 2, (finding(1, SMALL),))
    assert (told(story).notice, told(story).round, told(story).outcome) == (Notice.REOPENED, 2, None)


def test_an_appeal_that_convinces_is_paid_in_the_new_round():
    story = _denied()
    story.hear(reopening())
    said = story.hear(VALID_NOW)
    assert facts(said) == [ClaimEscalated, ClaimDecided, PayoutAuthorized]
    order = the(PayoutAuthorized, said)
    assert (order.payout_id, order.round, order.route) == (SECOND_PAYOUT, 2, Route.SELLER_REJECTED)
    assert the(ClaimClosed, story.hear(paid(SMALL, SECOND_PAYOUT))).outcome is Outcome.STEPPED_IN_REJECTED


def test_an_appeal_that_does_not_convince_leaves_the_claim_as_it_was():
    story = _denied()
    story.hear(reopening())
    said = story.hear(reviewed(ReviewKind.REOPENED, valid=False))
    closed = the(ClaimClosed, said)
    assert (closed.outcome, closed.reasons) == (Outcome.DENIED, (Reason.NOT_DEFECTIVE,))
    assert (told(story).notice, told(story).reasons) == (Notice.NOT_REOPENED, (Reason.NOT_REOPENED,))
    assert [item.reasons for item in told(story).items] == [(Reason.NOT_DEFECTIVE,)]


def test_what_was_paid_before_is_taken_off_item_by_item():
    story = claim(accepted(300_00, 200_00), notified(), CONTESTS)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 100_00, Reason.NOT_PROVEN)))
    story.hear(paid(300_00))
    asked = the(ReviewOpened, story.hear(reopening()))
    assert asked.items == (finding(1, 200_00, Reason.PAID_BEFORE), finding(2, 0, Reason.PAID_BEFORE))
    decided = the(ClaimDecided, story.hear(VALID_NOW))
    assert (decided.round, decided.allowed_minor) == (2, 200_00)


def test_all_rounds_together_pay_no_more_than_the_cap():
    story = claim(accepted(80_00, 80_00), notified(), CONTESTS, cap_minor=100_00)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 30_00), finding(2, 30_00)))
    story.hear(paid(60_00))
    story.hear(reopening())
    decided = the(ClaimDecided, story.hear(VALID_NOW))
    assert decided.findings == (
        finding(1, 40_00, Reason.PAID_BEFORE, Reason.OVER_CAP),
        finding(2, 0, Reason.PAID_BEFORE, Reason.OVER_CAP),
    )


def test_of_a_claim_paid_in_full_a_round_pays_nothing_more():
    story = claim(accepted(), notified(), ACCEPTS, paid(), reopening())
    said = story.hear(VALID_NOW)
    assert facts(said) == [ClaimClosed]
    assert (told(story).outcome, told(story).notice) == (Outcome.RESOLVED_BY_SELLER, Notice.NOT_REOPENED)


def test_a_decision_of_the_former_round_answers_none_of_the_new_one():
    story = _denied()
    story.hear(reopening())
    assert not story.hear(NOT_VALID)
    assert not story.hear(reviewed(ReviewKind.REOPENED, round_=1))
    assert not story.hear(reviewed(ReviewKind.REOPENED, round_=3))


def test_who_decided_the_former_round_may_approve_in_the_new_one():
    story = claim(accepted(HUGE), notified(), CONTESTS, reviewed(ReviewKind.CONTESTED, valid=False, adjuster="eve"))
    story.hear(reopening())
    story.hear(VALID_NOW)
    story.hear(approved("eve", SECOND_PAYOUT))
    assert PayoutAuthorized in facts(story.hear(approved("bob", SECOND_PAYOUT)))


def test_a_request_in_time_counts_and_one_a_day_late_does_not():
    story = _denied()
    story.wait_until(day(185))
    late = story.hear(reopening(), said_at=day(180.1))
    assert facts(late) == []
    assert the(StatusChanged, late).notice is Notice.NOT_REOPENED
    assert ClaimReopened in facts(story.hear(reopening(), said_at=day(180)))


def test_a_round_that_came_to_nothing_gives_no_more_time_for_another():
    story = _denied()
    story.wait_until(day(170))
    story.hear(reopening())
    story.hear(reviewed(ReviewKind.REOPENED, valid=False))
    assert case(story).ended_at == START
    story.wait_until(day(181))
    assert facts(story.hear(reopening())) == []


@pytest.mark.parametrize(
    "meanwhile",
    [
        (),
        (failed(final=True), new_payee("payee-2")),
        (amended(300_00, 900_00),),
    ],
    ids=["paid", "paid to another", "paid, and comes to more"],
)
def test_what_is_asked_for_while_the_payout_is_on_its_way_is_done_when_it_is_paid(meanwhile: tuple[Event, ...]):
    story = claim(accepted(300_00), notified(), CONTESTS)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 100_00, Reason.NOT_PROVEN)))
    assert story.hear(reopening()) == ()
    for heard in meanwhile:
        story.hear(heard)
    said = story.hear(paid(100_00))
    assert [e.notice for e in said if isinstance(e, StatusChanged)] == [Notice.PAID, Notice.REOPENED]
    assert the(ClaimReopened, said).reason is ReopeningReason.CUSTOMER_APPEAL
    assert the(ReviewOpened, said).items[0] == finding(1, 200_00, Reason.PAID_BEFORE)
    assert case(story).to_reopen is None


def test_an_appeal_while_a_payee_is_wanted_waits_for_the_payment_and_the_customer_is_told():
    story = claim(accepted(300_00), notified(), CONTESTS)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 100_00, Reason.NOT_PROVEN)))
    story.hear(failed(final=True))
    story.hear(reopening())
    assert (told(story).notice, told(story).outcome) == (Notice.PROGRESS, Outcome.PAYOUT_FAILED)
    story.hear(new_payee("payee-2"))
    assert ClaimReopened in facts(story.hear(paid(100_00)))


@pytest.mark.parametrize("meanwhile", [(), (failed(final=True),)], ids=["on its way", "waits for a payee"])
def test_an_appeal_that_is_taken_back_before_the_payment_opens_no_round(meanwhile: tuple[Event, ...]):
    story = claim(accepted(300_00), notified(), CONTESTS)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 100_00, Reason.NOT_PROVEN)))
    story.hear(reopening())
    for heard in meanwhile:
        story.hear(heard)
    story.hear(withdrawn())
    assert (told(story).notice, told(story).reasons) == (Notice.NOT_REOPENED, (Reason.WITHDRAWN,))
    assert ClaimReopened not in facts(story.hear(paid(100_00)))


def test_what_looks_like_fraud_since_the_payment_is_shown_to_who_looks_at_what_is_more():
    story = claim(accepted(), notified(), ACCEPTS, suspected(Signal.SAME_EVIDENCE), amended(900_00), paid())
    assert case(story).review is ReviewKind.AMOUNT
    assert the(ReviewOpened, story.said[-4:]).signals == (Signal.SAME_EVIDENCE,)


def test_after_the_last_round_that_is_possible_the_customer_hears_that_it_stays_so():
    story = claim(accepted(MOST_ROUNDS * 100_00), notified(), CONTESTS)
    for number in range(1, MOST_ROUNDS + 1):
        kind = ReviewKind.CONTESTED if number == 1 else ReviewKind.REOPENED
        story.hear(reviewed(kind, finding(1, 50_00, Reason.NOT_PROVEN), round_=number))
        assert story.hear(reopening()) == ()
        story.hear(paid(50_00, payout_id=derived_id("payout", CLAIM, number)))
    said = story.said[-2:]
    assert [e.notice for e in said if isinstance(e, StatusChanged)] == [Notice.PAID, Notice.NOT_REOPENED]
    assert (case(story).round, case(story).to_reopen) == (MOST_ROUNDS, None)


@pytest.mark.parametrize(
    "heard",
    [
        (accepted(), is_duplicate()),
        (accepted(), notified()),
        (denied(Reason.EXCLUDED_LOSS),),
    ],
)
def test_what_cannot_be_reopened_stays_as_it_is_and_the_customer_is_told(heard: tuple[Event, ...]):
    story = claim(*heard)
    before = case(story)
    said = story.hear(reopening())
    assert [type(event) for event in said] == [StatusChanged]
    assert (told(story).notice, told(story).reasons) == (Notice.NOT_REOPENED, (Reason.NOT_REOPENED,))
    assert case(story) == before.but(revision=before.revision + 1)


def test_intakes_refusal_is_told_with_its_reasons():
    story = claim(denied(Reason.EXCLUDED_LOSS))
    story.hear(reopening_refused(Reason.EXCLUDED_LOSS, Reason.NOT_REOPENED))
    assert (told(story).notice, told(story).status) == (Notice.NOT_REOPENED, Status.CLOSED)
    assert told(story).reasons == (Reason.EXCLUDED_LOSS, Reason.NOT_REOPENED)


@pytest.mark.parametrize(
    ("heard", "outcome"),
    [
        ((withdrawn(),), Outcome.WITHDRAWN),
        ((notified(), settlement_reported(), customer_says(confirmed=True)), Outcome.RESOLVED_BY_SELLER),
        ((notified(), insurer_settled(SMALL), customer_says(confirmed=True)), Outcome.RESOLVED_BY_INSURER),
    ],
)
def test_however_an_accepted_claim_ended_it_can_be_looked_at_again(heard: tuple[Event, ...], outcome: Outcome):
    story = claim(accepted(), *heard)
    assert told(story).outcome is outcome
    assert ClaimReopened in facts(story.hear(reopening()))
    story.hear(reviewed(ReviewKind.REOPENED, valid=False))
    assert told(story).outcome is outcome


def test_what_the_customer_confirmed_to_have_from_the_insurer_is_not_owed_again():
    story = claim(accepted(), notified(), insurer_settled(SMALL), customer_says(confirmed=True))
    assert the(ReviewOpened, story.hear(reopening())).items == (finding(1, 0, Reason.SETTLED_BY_INSURER),)


def test_a_claim_taken_back_by_mistake_is_paid_for_a_seller_who_has_not_answered():
    story = claim(accepted(), notified(), withdrawn(), reopening())
    assert the(PayoutAuthorized, story.hear(VALID_NOW)).route is Route.SELLER_SILENT
    direct = claim(accepted(), withdrawn(), reopening(), covered=True)
    assert the(PayoutAuthorized, direct.hear(VALID_NOW)).route is Route.DIRECT_PAY


def test_in_a_later_round_a_seller_is_heard_and_a_person_decides():
    story = claim(accepted(), notified(), withdrawn(), reopening())
    assert not story.hear(ACCEPTS)
    assert not story.hear(customer_says(confirmed=True))
    assert the(PayoutAuthorized, story.hear(VALID_NOW)).route is Route.SELLER_ACCEPTED


def test_a_reopening_taken_back_leaves_the_claim_as_it_had_ended():
    story = claim(accepted(), notified(), ACCEPTS, paid(), reopening(), withdrawn())
    assert (told(story).outcome, told(story).notice) == (Outcome.RESOLVED_BY_SELLER, Notice.CLOSED)
    assert told(story).reasons == (Reason.WITHDRAWN,)


def test_suspicion_is_shown_to_who_looks_again():
    story = claim(accepted(), notified(), ACCEPTS, paid(), suspected(Signal.SAME_PAYEE))
    assert the(ReviewOpened, story.hear(reopening())).signals == (Signal.SAME_PAYEE,)


def test_a_reopened_claim_may_be_investigated_and_is_looked_at_again_after_it():
    story = _denied()
    story.hear(reopening())
    assert the(ReviewOpened, story.hear(suspected(Signal.SAME_PAYEE))).review is ReviewKind.INVESTIGATION
    said = story.hear(reviewed(ReviewKind.INVESTIGATION, round_=2))
    assert (the(ReviewOpened, said).review, the(ReviewOpened, said).round) == (ReviewKind.REOPENED, 2)


def test_a_payment_that_comes_back_while_the_claim_is_looked_at_again_is_owed_again():
    story = claim(accepted(300_00), notified(), CONTESTS)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 100_00)))
    story.hear(paid(100_00))
    story.hear(reopening())
    asked = the(ReviewOpened, story.hear(returned(100_00)))
    assert (asked.review, asked.items) == (ReviewKind.REOPENED, (finding(1, 300_00),))
    story.hear(reviewed(ReviewKind.REOPENED, valid=False))
    assert told(story).outcome is Outcome.PAYOUT_FAILED


def test_a_payment_that_came_back_meanwhile_is_ordered_again_in_its_own_round():
    story = claim(accepted(), notified(), ACCEPTS, paid(), reopening(), returned())
    story.hear(reviewed(ReviewKind.REOPENED, valid=False))
    order = the(PayoutAuthorized, story.hear(new_payee()))
    assert (order.round, order.payout_id, order.attempt) == (1, PAYOUT, 2)
    for late in (withdrawn(), reviewed(ReviewKind.REOPENED), insurer_settled(SMALL)):
        assert not story.hear(late)
    story.hear(paid(reference="transfer-10"))
    assert (told(story).notice, told(story).outcome) == (Notice.PAID, Outcome.RESOLVED_BY_SELLER)


def test_each_round_is_released_anew():
    story = claim(accepted(LARGE), notified(), CONTESTS, release_above_line=True)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 1_000_00)))
    story.hear(released())
    story.hear(paid(1_000_00))
    story.hear(reopening())
    story.hear(VALID_NOW)
    assert told(story).status is Status.AWAITING_RELEASE
    assert the(PayoutAuthorized, story.hear(released("signature-2"))).amount_minor == LARGE - 1_000_00


def test_rounds_are_bounded():
    story = _denied()
    for _ in range(MOST_ROUNDS + 2):
        story.hear(reopening())
        story.hear(reviewed(ReviewKind.REOPENED, valid=False))
    assert case(story).round == MOST_ROUNDS


def test_papers_found_after_the_time_for_them_begin_the_claim_anew():
    story = claim(information_requested(), denied(Reason.NO_RESPONSE))
    said = story.hear(accepted())
    assert not the(RouteChosen, said).direct_pay
    assert (told(story).notice, told(story).outcome, told(story).round) == (Notice.REOPENED, None, 1)
    assert the(PayoutAuthorized, story.hear(ACCEPTS)).payout_id == derived_id("payout", CLAIM, 1)


def test_a_claim_that_begins_anew_may_lack_papers_or_turn_out_a_duplicate():
    story = claim(withdrawn(before_acceptance=True))
    story.hear(information_requested())
    assert (told(story).notice, told(story).status) == (Notice.PAPERS_WANTED, Status.NEEDS_INFORMATION)
    story = claim(withdrawn(before_acceptance=True))
    assert the(ClaimClosed, story.hear(duplicate_found())).outcome is Outcome.DUPLICATE


@pytest.mark.parametrize("end", [denied(Reason.EXCLUDED_LOSS), duplicate_found()])
def test_what_the_rules_exclude_does_not_begin_anew(end: Event):
    assert not claim(end).hear(accepted())


def test_a_claim_that_begins_again_may_be_denied():
    story = claim(information_requested(), denied(Reason.NO_RESPONSE))
    assert not story.hear(denied(Reason.NO_RESPONSE))
    assert the(ClaimClosed, story.hear(denied(Reason.EXCLUDED_LOSS))).outcome is Outcome.DENIED
    assert not story.hear(denied(Reason.NO_RESPONSE))
