"""The insurer's reminders: on the days of the policy, while it has not replied and the claim is open."""

import pytest

from services.seller_notifier import decide, deliveries
from services.seller_notifier.insurer import insurer_replied
from services.seller_notifier.letter import InsurerReminder, LetterOutcome
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.seller_notifier import NoticeKind
from tests.deciding import at, day
from tests.seller_notifier.given import (
    bounce,
    closed,
    insurer_notified,
    insurer_rejected,
    insurer_settled,
    letters,
    names,
    notified,
    only_letter,
    seller,
    sent,
)


def test_an_insurer_that_does_not_reply_is_reminded_on_the_days_of_the_policy() -> None:
    state, notice = insurer_notified()
    assert state.due == day(21)
    decision = decide.deadline_passed(state, at(day(21), seller()))
    letter = only_letter(decision)
    assert (letter.kind, letter.to) == (NoticeKind.INSURER_REMINDER, notice.to)
    assert isinstance(letter.contents, InsurerReminder)
    assert (letter.contents.notified_at, letter.contents.respond_by) == (day(1), day(31))
    assert decision.state.due is None


def test_a_reminder_that_the_insurer_has_is_on_record() -> None:
    state, _ = insurer_notified()
    decision = decide.deadline_passed(state, at(day(21), seller()))
    decision = deliveries.letter_sent(decision.state, sent(only_letter(decision)), at(day(21), seller()))
    assert names(decision.says) == ["NoticeHandedOver"]


@pytest.mark.parametrize("reply", [insurer_settled(), insurer_rejected()])
def test_an_insurer_that_has_replied_is_not_reminded(reply: InsurerSettled | InsurerRejected) -> None:
    state, _ = insurer_notified()
    state = insurer_replied(state, reply, at(day(5), seller())).state
    assert state.due is None


def test_a_reply_drops_a_reminder_that_waits_for_the_sellers_name() -> None:
    state, _ = insurer_notified()
    state = decide.deadline_passed(state, at(day(21), known=False)).state
    state = insurer_replied(state, insurer_rejected(), at(day(22), known=False)).state
    assert not letters(decide.deadline_passed(state, at(day(22), seller())))


def test_a_reply_to_a_notice_that_was_never_written_moves_nothing() -> None:
    assert insurer_replied(notified(), insurer_settled(), at(day(5), seller())).state == notified()


def test_an_insurer_is_not_reminded_of_a_claim_that_has_ended() -> None:
    state, _ = insurer_notified()
    assert decide.claim_closed(state, closed(), at(day(10), seller())).state.due is None


def test_an_insurer_is_not_reminded_of_a_time_that_is_over() -> None:
    state, _ = insurer_notified()
    assert not letters(decide.deadline_passed(state, at(day(32), seller())))


def test_a_reminder_that_the_insurer_refuses_reaches_nobody_else() -> None:
    state, _ = insurer_notified()
    decision = decide.deadline_passed(state, at(day(21), seller()))
    letter = only_letter(decision)
    refused = deliveries.letter_sent(decision.state, sent(letter, LetterOutcome.REFUSED), at(day(21), seller()))
    assert names(refused.says) == ["NoticeRefused", "NoticeUndeliverable"]


def test_an_insurers_notice_that_comes_back_ends_its_reminders() -> None:
    state, letter = insurer_notified()
    assert deliveries.letter_bounced(state, bounce(letter), at(day(3), seller())).state.due is None
