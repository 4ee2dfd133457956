"""To which question a person's answer is one: by its name, and of an answer that names none by its moment."""

import pytest

from services.escalation.app import escalation
from services.escalation.state import Case
from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import Signal
from shared.events.escalation import ApprovalRequested, PayoutAuthorized, ReviewOpened, Status
from shared.events.seller_portal import AnswerChoice
from tests.deciding import at, day
from tests.escalation.given import (
    HUGE,
    LARGE,
    SMALL,
    Claim,
    accepted,
    amended,
    answered,
    approval_refused,
    approved,
    case,
    claim,
    customer_says,
    facts,
    insurer_notified,
    insurer_settled,
    new_payee,
    notified,
    paid,
    question,
    released,
    reopening,
    returned,
    reviewed,
    suspected,
    the,
    told,
)

ACCEPTS, CONTESTS = answered(AnswerChoice.PAY_THROUGH_US), answered(AnswerChoice.CONTEST)
UNDER_REVIEW = (accepted(LARGE), notified(), CONTESTS)
AWAITING_APPROVAL = (accepted(HUGE), notified(), ACCEPTS)


def without_change(story: Claim, *events: Event) -> bool:
    before = case(story)
    return all(not story.hear(event) and case(story) == before for event in events)


def an_hour_later(story: Claim) -> None:
    story.wait_until(day(1 / 24))


# Reviews


def test_who_has_looked_at_what_was_claimed_before_has_not_allowed_what_is_claimed_now():
    story = claim(*UNDER_REVIEW)
    looked_at = question(story)
    assert the(ReviewOpened, story.hear(amended(LARGE, SMALL))).question_id == question(story) != looked_at
    assert without_change(story, reviewed(ReviewKind.CONTESTED, question_id=looked_at))
    said = story.hear(reviewed(ReviewKind.CONTESTED, question_id=question(story)))
    assert the(PayoutAuthorized, said).amount_minor == LARGE + SMALL


def test_a_decision_that_is_said_again_answers_no_later_review_of_the_round():
    story = claim(*AWAITING_APPROVAL)
    story.hear(approval_refused(question_id=question(story)))
    first = reviewed(ReviewKind.AMOUNT, question_id=question(story))
    assert facts(story.hear(first)) == [ApprovalRequested]
    assert the(ReviewOpened, story.hear(amended(HUGE, SMALL))).review is ReviewKind.AMOUNT
    assert without_change(story, first)
    assert facts(story.hear(reviewed(ReviewKind.AMOUNT, question_id=question(story)))) == [ApprovalRequested]


@pytest.mark.parametrize("signals", [(Signal.SAME_PAYEE,), (Signal.SAME_PAYEE, Signal.SAME_EVIDENCE)])
def test_who_has_not_seen_what_else_looks_like_fraud_has_not_cleared_it(signals: tuple[Signal, ...]):
    story = claim(accepted(LARGE, signals=(Signal.SAME_ORDER,)), notified())
    looked_at = question(story)
    story.hear(suspected(*signals))
    assert without_change(story, reviewed(ReviewKind.INVESTIGATION, question_id=looked_at))
    story.hear(reviewed(ReviewKind.INVESTIGATION, question_id=question(story)))
    assert told(story).status is Status.WITH_SELLER


def test_a_review_is_another_one_where_it_is_about_less_or_about_more_that_came_back():
    less = claim(*UNDER_REVIEW, insurer_notified())
    before = question(less)
    less.hear(insurer_settled(SMALL))
    assert question(less) != before
    more = claim(accepted(LARGE), notified(), ACCEPTS, paid(LARGE), reopening())
    before = question(more)
    more.hear(returned(SMALL))
    assert question(more) != before
    assert without_change(more, reviewed(ReviewKind.REOPENED, question_id=before))


@pytest.mark.parametrize("answer", [answered(AnswerChoice.CONTEST, day(0), 2), CONTESTS])
def test_who_has_looked_at_the_whole_has_not_looked_at_what_the_seller_contests_of_it(answer: Event):
    story = claim(accepted(300_00, 200_00), notified(), insurer_settled(500_00), customer_says(confirmed=False))
    looked_at = question(story)
    said = story.hear(answer)
    if answer is CONTESTS:
        assert not said, "all of it, as was asked"
        assert question(story) == looked_at
    else:
        assert the(ReviewOpened, said).contested == (2,)
        assert without_change(story, reviewed(ReviewKind.CONTESTED, valid=False, question_id=looked_at))


def test_a_review_that_is_only_asked_for_again_stays_the_same_question():
    story = claim(*UNDER_REVIEW)
    asked = question(story)
    assert the(ReviewOpened, story.wait_until(day(40))).question_id == asked
    assert PayoutAuthorized in facts(story.hear(reviewed(ReviewKind.CONTESTED), said_at=day(39)))


def test_an_investigation_that_is_only_asked_for_again_goes_on_to_what_it_holds_up():
    story = claim(*UNDER_REVIEW, suspected(Signal.SAME_PAYEE))
    asked = question(story)
    assert the(ReviewOpened, story.wait_until(day(40))).question_id == asked
    said = story.hear(reviewed(ReviewKind.INVESTIGATION, question_id=asked))
    assert the(ReviewOpened, said).review is ReviewKind.CONTESTED


# Approvals


@pytest.mark.parametrize(
    "meanwhile",
    [
        (new_payee(),),
        (amended(HUGE - 1),),
        (insurer_notified(), insurer_settled(SMALL)),
        (approval_refused(), reviewed(ReviewKind.AMOUNT)),
        (suspected(Signal.SAME_PAYEE), reviewed(ReviewKind.INVESTIGATION)),
    ],
)
def test_who_approved_before_has_not_approved_what_is_asked_now(meanwhile: tuple[Event, ...]):
    story = claim(*AWAITING_APPROVAL)
    former = question(story)
    story.hear(approved("ann", question_id=former))
    for event in meanwhile:
        story.hear(event)
    assert (case(story).status, case(story).approvers) == (Status.AWAITING_APPROVAL, ())
    for person in ("ann", "bob", "cyd"):
        assert without_change(story, approved(person, question_id=former))
    assert not story.hear(approved("ann", question_id=question(story)))
    assert PayoutAuthorized in facts(story.hear(approved("bob", question_id=question(story))))


def test_a_no_to_what_was_asked_before_sends_nothing_back():
    story = claim(*AWAITING_APPROVAL)
    no = approval_refused(question_id=question(story))
    story.hear(no)
    story.hear(reviewed(ReviewKind.AMOUNT))
    assert without_change(story, no)
    another = claim(*AWAITING_APPROVAL)
    no = approval_refused(question_id=question(another))
    another.hear(new_payee())
    assert without_change(another, no)


def test_an_approval_that_is_only_asked_for_again_stays_the_same_question():
    story = claim(*AWAITING_APPROVAL)
    asked = question(story)
    story.hear(approved("ann", question_id=asked))
    assert the(ApprovalRequested, story.wait_until(day(10))).question_id == asked
    assert PayoutAuthorized in facts(story.hear(approved("bob", question_id=asked)))


def test_of_a_release_that_is_asked_for_once_more_approvals_begin_anew():
    story = claim(*AWAITING_APPROVAL, released(), release_above_line=True)
    former = question(story)
    story.hear(approved("ann", question_id=former))
    story.hear(amended(HUGE, SMALL))
    story.hear(reviewed(ReviewKind.AMOUNT))
    story.hear(released())
    assert case(story).status is Status.AWAITING_APPROVAL
    assert without_change(story, approved("bob", question_id=former))
    assert not story.hear(approved("bob", question_id=question(story)))


def test_no_two_questions_have_one_name():
    story = claim(
        *AWAITING_APPROVAL, approval_refused(), reviewed(ReviewKind.AMOUNT), new_payee(), amended(HUGE, SMALL)
    )
    asked = [event.question_id for event in story.said if isinstance(event, ReviewOpened | ApprovalRequested)]
    assert len(asked) == len(set(asked)) == 5
    assert None not in asked


# Answers that name no question


def test_an_answer_that_names_no_question_is_one_to_what_was_asked_when_it_was_said():
    story = claim(*UNDER_REVIEW)
    an_hour_later(story)
    story.hear(amended(LARGE, SMALL))
    valid = reviewed(ReviewKind.CONTESTED)
    assert not story.hear(valid, said_at=day(0))
    assert case(story).review is ReviewKind.CONTESTED
    assert PayoutAuthorized in facts(story.hear(valid, said_at=day(1 / 24)))


def test_a_yes_or_no_that_names_no_question_is_one_to_what_was_asked_when_it_was_said():
    story = claim(*AWAITING_APPROVAL)
    an_hour_later(story)
    story.hear(new_payee())
    before = case(story)
    for late in (approved("ann"), approved("bob"), approval_refused()):
        assert not story.hear(late, said_at=day(0))
    assert case(story) == before
    assert not story.hear(approved("ann"), said_at=day(1 / 24))
    assert PayoutAuthorized in facts(story.hear(approved("bob"), said_at=day(1 / 24)))


# From a former version


def without_name(story: Claim) -> Case:
    """As a version wrote it in which questions had no names."""
    return Case.model_validate_json(case(story).model_dump_json(exclude={"question", "to_new_payee"}))


@pytest.mark.parametrize("named", [False, True])
def test_what_is_asked_without_a_name_is_answered_as_it_was(named: bool):
    """Also by name: the version that has not kept it may not be the one that has asked."""
    review, approval = claim(accepted(), notified(), CONTESTS), claim(*AWAITING_APPROVAL, approved("ann"))
    for story, answer in ((review, reviewed(ReviewKind.CONTESTED)), (approval, approved("bob"))):
        heard = answer.model_copy(update={"question_id": question(story) if named else None})
        decide, before = escalation.hears[type(heard)], without_name(story)
        assert before.question is None
        assert PayoutAuthorized in facts(decide(before, heard, at(day(1), said_at=day(-1))).says)


def test_a_name_is_not_given_twice_though_a_former_version_has_forgotten_the_last():
    """Both may serve side by side for as long as anybody likes."""
    story = claim(*UNDER_REVIEW)
    asked = case(story).question
    forgotten = without_name(story)
    again = escalation.hears[type(amended(LARGE, SMALL))](forgotten, amended(LARGE, SMALL), at(day(1))).state
    assert asked is not None
    assert again.question is not None
    assert again.question.number > asked.number


def test_the_names_of_questions_never_change():
    """They are in the answers of others: what is asked again after an upgrade is the same."""
    assert str(question(claim(*UNDER_REVIEW))) == "ea03575f-6805-5d1c-b321-a661d0b0f54e"
