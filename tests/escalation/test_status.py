"""What the customer is told, what happens next, and the clocks behind it."""

import inspect
from datetime import timedelta

import pytest

from services.escalation import app, clocks, seller, verdict
from services.escalation.clocks import Waiting
from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import DocumentKind, Reason
from shared.events.escalation import (
    ItemResult,
    NextStep,
    Notice,
    Owner,
    ReviewOpened,
    Status,
    StatusChanged,
)
from shared.events.intake import MissingPaper
from shared.events.seller_notifier import SellerNotified
from shared.events.seller_portal import AnswerChoice
from tests.deciding import day
from tests.escalation.given import (
    HUGE,
    LARGE,
    SECOND_PAYOUT,
    SMALL,
    Claim,
    accepted,
    answered,
    case,
    claim,
    denied,
    facts,
    failed,
    finding,
    information_requested,
    insurer_notified,
    insurer_settled,
    notified,
    paid,
    reopening,
    reviewed,
    settlement_reported,
    the,
    told,
    undeliverable,
    withdrawn,
)

ACCEPTS, CONTESTS = answered(AnswerChoice.PAY_THROUGH_US), answered(AnswerChoice.CONTEST)
RECEIPT = MissingPaper(item=1, any_of=(DocumentKind.RECEIPT,))
SETTLES, REFERS = answered(AnswerChoice.SETTLE_DIRECTLY), answered(AnswerChoice.REFER_TO_INSURER)


def notices(story: Claim) -> list[Notice]:
    return [event.notice for event in story.said if isinstance(event, StatusChanged)]


def test_the_first_word_acknowledges_or_asks_for_papers_or_decides():
    assert notices(claim(accepted())) == [Notice.ACKNOWLEDGED]
    assert notices(claim(information_requested(), accepted())) == [Notice.PAPERS_WANTED, Notice.PROGRESS]
    assert notices(claim(denied(Reason.EXCLUDED_LOSS))) == [Notice.DECIDED]
    assert notices(claim(withdrawn(before_acceptance=True))) == [Notice.CLOSED]


def test_the_customer_is_told_what_a_status_means_to_him():
    story = claim(accepted(), notified(), ACCEPTS, paid())
    assert notices(story) == [Notice.ACKNOWLEDGED, Notice.PROGRESS, Notice.DECIDED, Notice.PAID]
    story = claim(accepted(), notified(), CONTESTS, reviewed(ReviewKind.CONTESTED, valid=False))
    assert notices(story)[-2:] == [Notice.PROGRESS, Notice.DECIDED]
    assert notices(claim(accepted(), withdrawn()))[-1] is Notice.CLOSED
    assert notices(claim(accepted(), notified(), ACCEPTS, failed(final=True)))[-1] is Notice.CLOSED


@pytest.mark.parametrize(
    ("heard", "step"),
    [
        ((information_requested(),), NextStep.SEND_PAPERS),
        ((information_requested(day(30), RECEIPT, asks_beneficiary=True),), NextStep.SEND_PAPERS),
        ((information_requested(asks_beneficiary=True),), NextStep.GIVE_BENEFICIARY_STATUS),
        ((accepted(),), NextStep.NOTIFY_SELLER),
        ((accepted(), notified()), NextStep.SELLER_ANSWERS),
        ((accepted(), notified(), SETTLES), NextStep.SELLER_SETTLES),
        ((accepted(), notified(), settlement_reported()), NextStep.CONFIRM_SETTLEMENT),
        ((accepted(), notified(), REFERS), NextStep.NOTIFY_INSURER),
        ((accepted(), notified(), REFERS, insurer_notified()), NextStep.INSURER_REPLIES),
        ((accepted(), notified(), REFERS, insurer_settled(SMALL)), NextStep.CONFIRM_SETTLEMENT),
        ((accepted(), undeliverable()), NextStep.REVIEW),
        ((accepted(HUGE), notified(), ACCEPTS), NextStep.APPROVE),
        ((accepted(), notified(), ACCEPTS), NextStep.PAY),
        ((accepted(), notified(), ACCEPTS, failed()), NextStep.RETRY_PAYOUT),
        ((accepted(), withdrawn()), NextStep.NOTHING),
    ],
)
def test_the_customer_is_told_what_happens_next(heard: tuple[Event, ...], step: NextStep):
    assert told(claim(*heard)).next_step is step


def test_on_direct_pay_the_next_step_is_the_notice_and_then_the_end_of_the_window():
    story = claim(accepted(), covered=True)
    assert told(story).next_step is NextStep.NOTIFY_SELLER
    story.hear(notified(day(2), direct_pay=True))
    assert told(story).next_step is NextStep.COMMENT_WINDOW_ENDS


def test_when_intake_is_late_the_next_step_is_ours():
    story = claim(information_requested())
    story.wait_until(day(31))
    assert told(story).next_step is NextStep.DECIDE


def test_when_the_papers_are_there_the_customer_is_told_that_only_his_answer_about_medicare_is_wanted():
    story = claim(information_requested(day(30), RECEIPT, asks_beneficiary=True))
    assert told(story).notice is Notice.PAPERS_WANTED
    story.hear(information_requested(asks_beneficiary=True))
    assert (told(story).notice, told(story).next_step) == (
        *(Notice.BENEFICIARY_STATUS_WANTED, NextStep.GIVE_BENEFICIARY_STATUS),
    )
    assert (told(story).status, told(story).by) == (Status.NEEDS_INFORMATION, day(30))
    assert not story.hear(information_requested(asks_beneficiary=True)), "told already"


def test_when_intake_is_late_with_an_answer_about_medicare_the_next_step_is_ours_too():
    story = claim(information_requested(asks_beneficiary=True))
    story.wait_until(day(31))
    assert (told(story).notice, told(story).next_step) == (Notice.PROGRESS, NextStep.DECIDE)


def test_every_item_is_told_with_what_was_claimed_and_its_result_once_it_is_decided():
    story = claim(accepted(100_00, 200_00, 300_00), notified(), CONTESTS)
    assert [(item.claimed_minor, item.result) for item in told(story).items] == [
        (100_00, None),
        (200_00, None),
        (300_00, None),
    ]
    story.hear(reviewed(ReviewKind.CONTESTED, finding(2, 50_00, Reason.NOT_PROVEN), finding(3, 0, Reason.NOT_PROVEN)))
    assert [(item.allowed_minor, item.result, item.reasons) for item in told(story).items] == [
        (100_00, ItemResult.FULL, ()),
        (50_00, ItemResult.PART, (Reason.NOT_PROVEN,)),
        (0, ItemResult.NOTHING, (Reason.NOT_PROVEN,)),
    ]


def test_an_item_paid_in_two_rounds_is_paid_in_full():
    story = claim(accepted(100_00, 200_00), notified(), CONTESTS)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(2, 50_00, Reason.NOT_PROVEN)))
    story.hear(paid(150_00))
    story.hear(reopening())
    story.hear(reviewed(ReviewKind.REOPENED, finding(2, 60_00)))
    assert [item.result for item in told(story).items] == [ItemResult.FULL, ItemResult.PART]
    story.hear(paid(60_00, SECOND_PAYOUT, "transfer-10"))
    story.hear(reopening())
    story.hear(reviewed(ReviewKind.REOPENED, valid=False))
    assert [item.result for item in told(story).items] == [ItemResult.FULL, ItemResult.PART]
    story.hear(reopening())
    story.hear(reviewed(ReviewKind.REOPENED))
    assert [item.result for item in told(story).items] == [ItemResult.FULL, ItemResult.FULL]


# The word of a delay


def test_the_customer_hears_of_a_delay_while_nothing_is_decided():
    story = claim(accepted(LARGE), notified(), CONTESTS)
    assert not story.wait_until(day(30) - timedelta(seconds=1))
    (delayed,) = story.wait_until(day(30))
    assert isinstance(delayed, StatusChanged)
    assert (delayed.notice, delayed.status, delayed.owner) == (Notice.DELAYED, Status.UNDER_REVIEW, Owner.ADJUSTER)
    assert delayed.by == day(40), "the review goes on"
    assert the(ReviewOpened, story.wait_until(day(40))).decide_by == day(80)
    assert the(StatusChanged, story.wait_until(day(60))).notice is Notice.DELAYED


def test_a_delay_that_falls_on_another_deadline_is_told_with_it():
    story = claim(accepted(LARGE), notified(), SETTLES)
    assert case(story).due == day(30)
    said = story.wait_until(day(30))
    assert facts(said) == [ReviewOpened]
    assert (told(story).notice, told(story).by) == (Notice.DELAYED, day(70))


def test_once_it_is_decided_there_is_no_delay_to_tell_of():
    story = claim(accepted(), notified(), ACCEPTS)
    story.wait_until(day(100))
    assert Notice.DELAYED not in notices(story)


def test_a_later_round_has_a_delay_of_its_own():
    story = claim(accepted(), notified(), ACCEPTS, paid())
    story.wait_until(day(50))
    story.hear(reopening())
    assert facts(story.wait_until(day(79))) == []
    assert the(StatusChanged, story.wait_until(day(80))).notice is Notice.DELAYED


def test_a_policy_may_tell_of_no_delays():
    story = claim(accepted(LARGE), notified(), CONTESTS, delay_notice_days=0)
    story.wait_until(day(39))
    assert Notice.DELAYED not in notices(story)


def test_a_claim_is_overdue_from_the_day_by_which_it_should_have_been_decided():
    story = claim(accepted(), notified())
    assert case(story).late_at == day(40)
    story.hear(ACCEPTS)
    assert case(story).late_at == day(2), "by then it should have been paid"
    story.wait_until(day(20))
    assert case(story).late_at == day(2), "however often it is ordered again"
    story.hear(paid())
    assert case(story).late_at is None
    assert case(claim(information_requested())).late_at is None
    assert case(claim(accepted(), withdrawn())).late_at is None


# Which rule is asked


def test_the_rule_behind_every_row_of_the_tables_can_be_named():
    for event, hears in app.escalation.hears.items():
        assert inspect.unwrap(hears) is app.HEARS[event]
        assert hears.__doc__
    for event, begins in app.escalation.begins.items():
        assert inspect.unwrap(begins) is app.FROM_INTAKE[event]
    assert app.escalation.hears[SellerNotified].__name__ == "seller_notified"


def test_the_rule_that_a_state_waits_for_can_be_named():
    waits = app.escalation.waits
    assert isinstance(waits, Waiting)
    story = claim(accepted(LARGE), notified())
    assert waits.asked(case(story), day(7)) is seller.seller_overdue
    story.hear(CONTESTS)
    assert waits.asked(case(story), day(30)) is clocks.delay_told
    assert waits.asked(case(story), day(90)) is verdict.review_overdue, "after an outage both are due: the wait is over"
    story.wait_until(day(30))
    assert waits.asked(case(story), day(39)) is None
    story.hear(withdrawn())
    assert waits.asked(case(story), day(90)) is None
    assert all(rule.__doc__ for rule in app.WAITS.values())
