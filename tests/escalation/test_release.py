"""The release: signed before a claim above the line is paid."""

from functools import partial

from shared.events.adjusters import ReviewKind
from shared.events.claim import LossKind, Reason, Signal
from shared.events.escalation import (
    ApprovalRequested,
    ClaimClosed,
    ClaimDecided,
    NextStep,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReleaseRequested,
    ReviewOpened,
    Status,
)
from shared.events.seller_portal import AnswerChoice
from tests.deciding import day
from tests.escalation import given
from tests.escalation.given import (
    HUGE,
    LARGE,
    SMALL,
    accepted,
    amended,
    answered,
    approval_refused,
    approved,
    facts,
    finding,
    insurer_notified,
    insurer_settled,
    notified,
    released,
    reopening,
    reviewed,
    suspected,
    the,
    told,
)

claim = partial(given.claim, release_above_line=True)
ACCEPTS = answered(AnswerChoice.PAY_THROUGH_US)
PRICE = LossKind.PURCHASE_PRICE


def test_above_the_line_a_release_is_signed_before_the_payout():
    story = claim(accepted(1_000_00, LARGE, kinds=(PRICE,)), notified())
    asked = the(ReleaseRequested, story.hear(ACCEPTS))
    assert (asked.amount_minor, asked.items, asked.sign_by) == (1_000_00 + LARGE, (2,), day(30))
    assert (told(story).status, told(story).owner) == (Status.AWAITING_RELEASE, Owner.CUSTOMER)
    assert (told(story).next_step, told(story).by) == (NextStep.SIGN_RELEASE, day(30))
    assert facts(story.hear(released())) == [ClaimDecided, PayoutAuthorized]
    assert not story.hear(released("signature-2"))


def test_a_small_claim_needs_no_release():
    assert PayoutAuthorized in facts(claim(accepted(SMALL), notified(), ACCEPTS).said)


def test_paying_the_purchase_price_alone_releases_nothing():
    story = claim(accepted(LARGE, kinds=(PRICE,)), notified(), ACCEPTS)
    assert PayoutAuthorized in facts(story.said)
    story = claim(accepted(LARGE, LARGE, kinds=(PRICE,)), notified(), answered(AnswerChoice.CONTEST))
    assert PayoutAuthorized in facts(story.hear(reviewed(ReviewKind.CONTESTED, finding(2, 0, Reason.NOT_PROVEN))))


def test_a_policy_may_ask_for_no_release():
    assert PayoutAuthorized in facts(given.claim(accepted(LARGE), notified(), ACCEPTS).said)


def test_a_release_nobody_asked_for_changes_nothing():
    story = claim(accepted(LARGE), notified(), released())
    assert ReleaseRequested in facts(story.hear(ACCEPTS))


def test_the_release_comes_before_the_approvals_and_covers_less():
    story = claim(accepted(HUGE), notified(), ACCEPTS)
    assert facts(story.hear(released())) == [ApprovalRequested]
    story.hear(approval_refused())
    said = story.hear(reviewed(ReviewKind.AMOUNT, finding(1, 5_000_00)))
    assert facts(said) == [ClaimDecided, PayoutAuthorized]


def test_a_release_never_covers_more_than_was_signed():
    story = claim(accepted(HUGE, 1_000_00), notified(), answered(AnswerChoice.CONTEST))
    story.hear(reviewed(ReviewKind.CONTESTED, finding(2, 0, Reason.NOT_PROVEN)))
    story.hear(released())
    story.hear(approval_refused())
    asked = the(ReleaseRequested, story.hear(reviewed(ReviewKind.AMOUNT)))
    assert (asked.amount_minor, asked.items) == (HUGE + 1_000_00, (1, 2))


def test_an_unsigned_release_is_asked_for_once_more_and_then_the_claim_ends():
    story = claim(accepted(LARGE), notified(), ACCEPTS)
    assert the(ReleaseRequested, story.wait_until(day(30))).sign_by == day(60)
    closed = the(ClaimClosed, story.wait_until(day(60)))
    assert (closed.outcome, closed.reasons) == (Outcome.NO_RESPONSE, (Reason.RELEASE_NOT_SIGNED,))
    assert not story.hear(released())


def test_a_claim_that_ended_for_want_of_a_release_can_be_reopened_and_asks_for_it_again():
    story = claim(accepted(LARGE), notified(), ACCEPTS)
    story.wait_until(day(60))
    story.hear(reopening())
    assert ReleaseRequested in facts(story.hear(reviewed(ReviewKind.REOPENED)))
    assert the(PayoutAuthorized, story.hear(released())).round == 2


def test_an_insurers_part_while_the_release_is_out_asks_for_one_of_the_rest():
    story = claim(accepted(LARGE), notified(), insurer_notified(), ACCEPTS)
    asked = the(ReleaseRequested, story.hear(insurer_settled(1_000_00)))
    assert asked.amount_minor == LARGE - 1_000_00
    assert the(PayoutAuthorized, story.hear(released())).amount_minor == LARGE - 1_000_00


def test_a_release_signed_while_the_claim_is_investigated_holds_after_it():
    story = claim(accepted(LARGE), notified(), ACCEPTS, suspected(Signal.SAME_PAYEE))
    assert not story.hear(released())
    assert PayoutAuthorized in facts(story.hear(reviewed(ReviewKind.INVESTIGATION)))


def test_an_objection_in_time_takes_the_place_of_the_release():
    story = claim(accepted(LARGE), notified())
    story.wait_until(day(7))
    story.hear(reviewed(ReviewKind.AMOUNT))
    assert told(story).status is Status.AWAITING_RELEASE
    said = story.hear(answered(AnswerChoice.CONTEST, day(6)))
    assert the(ReviewOpened, said).review is ReviewKind.CONTESTED
    assert not story.hear(approved("bob"))


def test_a_signature_under_another_release_releases_nothing():
    story = claim(accepted(LARGE, 1_000_00), notified(), answered(AnswerChoice.CONTEST))
    less = the(ReleaseRequested, story.hear(reviewed(ReviewKind.CONTESTED, finding(2, 0, Reason.NOT_PROVEN))))
    story.hear(amended(LARGE, 2_000_00))
    more = the(ReleaseRequested, story.hear(reviewed(ReviewKind.AMOUNT)))
    assert (less.amount_minor, more.amount_minor) == (LARGE, LARGE + 2_000_00)
    assert less.release_id != more.release_id
    assert not story.hear(released(release_id=less.release_id))
    assert told(story).status is Status.AWAITING_RELEASE
    assert the(PayoutAuthorized, story.hear(released(release_id=more.release_id))).amount_minor == LARGE + 2_000_00


def test_the_same_release_asked_for_once_more_is_the_same():
    story = claim(accepted(LARGE), notified())
    asked = the(ReleaseRequested, story.hear(ACCEPTS))
    assert the(ReleaseRequested, story.wait_until(day(30))).release_id == asked.release_id
    assert PayoutAuthorized in facts(story.hear(released(release_id=asked.release_id)))
