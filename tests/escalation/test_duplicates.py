"""Two claims turn out to be one."""

import pytest

from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import Reason
from shared.events.escalation import ClaimClosed, Outcome, PayoutRecalled
from shared.events.seller_portal import AnswerChoice
from tests.deciding import day
from tests.escalation.given import (
    CLAIM,
    PAYOUT,
    SECOND_PAYOUT,
    SMALL,
    accepted,
    amended,
    answered,
    approved,
    claim,
    denied,
    facts,
    failed,
    information_requested,
    is_duplicate,
    new_payee,
    notified,
    paid,
    returned,
    reviewed,
    the,
    told,
    withdrawn,
)

ACCEPTS = answered(AnswerChoice.PAY_THROUGH_US)


@pytest.mark.parametrize(
    "heard",
    [
        (information_requested(),),
        (denied(Reason.EXCLUDED_LOSS),),
        (accepted(),),
        (accepted(), withdrawn()),
        (accepted(), notified(), answered(AnswerChoice.CONTEST)),
    ],
)
def test_a_duplicate_that_was_not_paid_ends(heard: tuple[Event, ...]):
    story = claim(*heard)
    said = story.hear(is_duplicate())
    assert facts(said) == [ClaimClosed]
    assert (the(ClaimClosed, said).outcome, the(ClaimClosed, said).reasons) == (Outcome.DUPLICATE, (Reason.DUPLICATE,))
    for late in (is_duplicate(), accepted(), reviewed(ReviewKind.CONTESTED), withdrawn(), ACCEPTS):
        assert not story.hear(late)
    assert not story.wait_until(day(400))


def test_what_was_paid_on_a_duplicate_is_called_back_once():
    story = claim(accepted(), notified(), ACCEPTS, paid())
    said = story.hear(is_duplicate())
    assert facts(said) == [PayoutRecalled, ClaimClosed]
    recalled = the(PayoutRecalled, said)
    assert (recalled.payout_id, recalled.amount_minor, recalled.reason) == (PAYOUT, SMALL, Reason.DUPLICATE)
    for late in (is_duplicate(), paid(), returned(), new_payee()):
        assert not story.hear(late)
    assert told(story).outcome is Outcome.DUPLICATE


def test_what_is_on_its_way_is_called_back_at_once_and_again_when_it_is_paid_all_the_same():
    story = claim(accepted(), notified(), ACCEPTS)
    said = story.hear(is_duplicate())
    assert facts(said) == [PayoutRecalled, ClaimClosed]
    assert (the(PayoutRecalled, said).payout_id, the(PayoutRecalled, said).amount_minor) == (PAYOUT, SMALL)
    assert facts(story.hear(paid())) == [PayoutRecalled]
    assert not story.hear(paid(reference="again")), "called back once, whatever finance pays"


def test_of_a_payment_that_is_short_all_is_called_back_and_the_rest_again_when_it_is_paid_all_the_same():
    story = claim(accepted(), notified(), ACCEPTS, paid(150_00))
    assert the(PayoutRecalled, story.hear(is_duplicate())).amount_minor == SMALL, "what is paid, and what is to come"
    assert the(PayoutRecalled, story.hear(paid(50_00, reference="rest"))).amount_minor == SMALL
    assert not story.hear(paid(reference="again"))


def test_what_was_given_up_and_arrives_in_parts_is_called_back_with_each_of_them():
    story = claim(accepted(), notified(), ACCEPTS, failed(final=True), is_duplicate())
    assert the(PayoutRecalled, story.hear(paid(150_00))).amount_minor == 150_00
    assert the(PayoutRecalled, story.hear(paid(50_00, reference="rest"))).amount_minor == SMALL


def test_a_part_of_a_duplicates_payment_that_had_come_back_before_it_was_paid_is_not_called_back():
    story = claim(accepted(), notified(), ACCEPTS, returned(150_00), is_duplicate())
    assert not story.hear(paid(150_00))
    assert the(PayoutRecalled, story.hear(paid(50_00, reference="rest"))).amount_minor == 50_00


def test_what_is_to_be_tried_again_is_called_back_once():
    story = claim(accepted(), notified(), ACCEPTS, failed(), is_duplicate())
    assert not story.hear(failed(final=True))
    assert not story.wait_until(day(30))
    assert facts(story.said).count(PayoutRecalled) == 1


def test_what_was_given_up_is_not_called_back():
    story = claim(accepted(), notified(), ACCEPTS, failed(final=True))
    assert facts(story.hear(is_duplicate())) == [ClaimClosed]


def test_what_has_come_back_is_not_called_back():
    story = claim(accepted(), notified(), ACCEPTS, paid(), returned())
    assert facts(story.hear(is_duplicate())) == [ClaimClosed]


def test_every_round_that_was_paid_is_called_back():
    story = claim(accepted(), notified(), ACCEPTS, paid(), amended(SMALL, 50_00), reviewed(ReviewKind.AMOUNT))
    story.hear(paid(50_00, SECOND_PAYOUT, "transfer-10"))
    said = story.hear(is_duplicate())
    recalled = [(event.payout_id, event.amount_minor) for event in said if isinstance(event, PayoutRecalled)]
    assert recalled == [(PAYOUT, SMALL), (SECOND_PAYOUT, 50_00)]


def test_a_running_round_ends_and_the_paid_one_is_called_back():
    story = claim(accepted(), notified(), ACCEPTS, paid(), amended(SMALL, 50_00))
    assert facts(story.hear(is_duplicate())) == [PayoutRecalled, ClaimClosed]
    assert not story.hear(reviewed(ReviewKind.AMOUNT))


def test_no_claim_is_its_own_duplicate():
    assert not claim(accepted(), notified()).hear(is_duplicate(of=CLAIM))


def test_approvals_of_a_duplicate_do_not_count():
    story = claim(accepted(20_000_00), notified(), ACCEPTS, approved("bob"), is_duplicate())
    assert not story.hear(approved("cyd"))
