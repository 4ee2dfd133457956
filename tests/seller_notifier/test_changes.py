"""A claim that becomes another: amended, sent another way, looked at again."""

import pytest

from services.seller_notifier import answers, decide, deliveries, reimbursement
from services.seller_notifier.decide import ROUTE_MAY_CHANGE
from services.seller_notifier.letter import (
    AmendedNotice,
    ClaimNotice,
    DebitNotice,
    DebitReason,
    DirectPayNotice,
    Letter,
    LetterOutcome,
    ReopenedNotice,
)
from services.seller_notifier.state import Correspondence
from shared.events.claim import InjuryClass, ReopeningReason
from shared.events.escalation import ClaimClosed, Outcome
from shared.events.seller_notifier import NoticeKind, SellerNotified
from shared.events.seller_portal import AnswerChoice
from tests.deciding import at, day
from tests.seller_notifier.given import (
    CLAIM,
    amendment,
    answer,
    begun,
    bounce,
    closed,
    debit_noticed,
    insurer_notified,
    letters,
    names,
    notified,
    only_letter,
    referral,
    reopened,
    route,
    seller,
    sent,
    written,
)

LARGE = 9_000_000

# Amendments


def test_a_seller_who_has_the_notice_is_told_what_the_claim_comes_to_now() -> None:
    decision = decide.amendment_recorded(notified(), amendment(), at(day(2), seller()))
    letter = only_letter(decision)
    assert letter.kind is NoticeKind.AMENDED
    assert isinstance(letter.contents, AmendedNotice)
    assert (letter.contents.before_minor, letter.contents.account.admitted_minor) == (29_005, 42_215)
    assert [item.admitted_minor for item in letter.contents.account.items] == [2_215, 40_000]


def test_an_amendment_gives_no_new_time_to_answer() -> None:
    decision = decide.amendment_recorded(notified(), amendment(), at(day(2), seller()))
    contents = only_letter(decision).contents
    assert isinstance(contents, AmendedNotice)
    assert contents.respond_by == decision.state.respond_by == day(7)
    assert decision.state.reminders == notified().reminders


def test_a_seller_who_answered_is_told_of_an_amendment_and_asked_for_nothing() -> None:
    state = answers.seller_answered(notified(), answer(), at(day(1), seller())).state
    contents = only_letter(decide.amendment_recorded(state, amendment(), at(day(2), seller()))).contents
    assert isinstance(contents, AmendedNotice)
    assert contents.respond_by is None


def test_before_the_notice_is_written_an_amendment_goes_into_it() -> None:
    state = decide.amendment_recorded(begun(), amendment(), at(day(0), seller())).state
    contents = only_letter(decide.route_chosen(state, route(), at(day(0), seller()))).contents
    assert isinstance(contents, ClaimNotice)
    assert contents.account.admitted_minor == 42_215


def test_while_the_notice_waits_for_contacts_an_amendment_goes_into_it() -> None:
    state = decide.route_chosen(begun(), route(), at(day(0), known=False)).state
    state = decide.amendment_recorded(state, amendment(), at(day(0), known=False)).state
    contents = only_letter(decide.deadline_passed(state, at(day(1), seller()))).contents
    assert isinstance(contents, ClaimNotice)
    assert contents.account.admitted_minor == 42_215


def test_the_same_amendment_is_told_once() -> None:
    state = decide.amendment_recorded(notified(), amendment(), at(day(2), seller())).state
    assert not decide.amendment_recorded(state, amendment(), at(day(3), seller())).does


def test_papers_that_prove_more_of_the_same_amendment_are_told_too() -> None:
    state = decide.amendment_recorded(notified(), amendment(), at(day(2), seller())).state
    more = amendment(treatment_minor=50_000)
    contents = only_letter(decide.amendment_recorded(state, more, at(day(3), seller()))).contents
    assert isinstance(contents, AmendedNotice)
    assert (contents.before_minor, contents.account.admitted_minor) == (42_215, 52_215)


def test_an_amendment_that_changes_nothing_is_not_told() -> None:
    assert not decide.amendment_recorded(notified(), amendment(treatment_minor=26_790), at(day(2), seller())).does


def test_an_amendment_of_another_sellers_claim_is_not_heard() -> None:
    decision = decide.amendment_recorded(notified(), amendment(by="seller-8"), at(day(2), seller()))
    assert decision.state == notified()


def test_an_amendment_after_the_end_is_only_remembered_for_the_notice_of_a_debit() -> None:
    state = decide.claim_closed(notified(), closed(), at(day(10), seller())).state
    decision = decide.amendment_recorded(state, amendment(), at(day(11), seller()))
    assert not decision.does
    contents = only_letter(reimbursement.debit_noticed(decision.state, debit_noticed(), at(day(20), seller()))).contents
    assert isinstance(contents, DebitNotice)
    assert contents.account.admitted_minor == 42_215


def test_a_notice_that_comes_back_after_an_amendment_tells_of_the_amended_claim() -> None:
    state, letter = written()
    state = deliveries.letter_sent(state, sent(letter), at(day(0), seller())).state
    state = decide.amendment_recorded(state, amendment(), at(day(2), seller())).state
    contents = only_letter(deliveries.letter_bounced(state, bounce(letter), at(day(3), seller()))).contents
    assert isinstance(contents, ClaimNotice)
    assert contents.account.admitted_minor == 42_215


def test_an_injury_that_an_amendment_brings_is_told_with_its_costs() -> None:
    unhurt = notified().but(injury=InjuryClass.NONE)
    hurt = amendment().model_copy(update={"injury": InjuryClass.MINOR})
    contents = only_letter(decide.amendment_recorded(unhurt, hurt, at(day(2), seller()))).contents
    assert isinstance(contents, AmendedNotice)
    assert contents.account.injury is InjuryClass.MINOR


def test_an_amendment_that_does_not_speak_of_the_injury_leaves_it_as_it_was() -> None:
    assert decide.amendment_recorded(notified(), amendment(), at(day(2), seller())).state.injury is InjuryClass.MINOR


# Crossing the line


def _crossed(*, direct_pay: bool, small: bool, treatment_minor: int) -> Correspondence:
    """Notified on this route on day 0; on day 1 the claim has crossed the line."""
    change = amendment(treatment_minor=treatment_minor, small=small)
    return decide.amendment_recorded(notified(direct_pay=direct_pay), change, at(day(1), seller())).state


def test_a_claim_that_has_crossed_the_line_waits_for_its_new_route_before_the_seller_is_told() -> None:
    change = amendment(treatment_minor=LARGE, small=False)
    decision = decide.amendment_recorded(notified(direct_pay=True), change, at(day(1), seller()))
    assert not decision.does
    assert decision.state.due == day(1) + ROUTE_MAY_CHANGE


def test_when_the_route_does_not_change_the_seller_is_told_of_the_amendment_after_all() -> None:
    state = _crossed(direct_pay=True, small=False, treatment_minor=LARGE).but(reminders=())
    decision = decide.deadline_passed(state, at(day(1) + ROUTE_MAY_CHANGE, seller()))
    contents = only_letter(decision).contents
    assert isinstance(contents, AmendedNotice)
    assert (contents.was_small, contents.small, contents.direct_pay) == (True, False, True)
    assert decision.state.due is None


def test_a_direct_pay_that_is_no_longer_small_gets_a_notice_to_answer_with_a_time_of_its_own() -> None:
    state = _crossed(direct_pay=True, small=False, treatment_minor=LARGE)
    decision = decide.route_chosen(state, route(direct_pay=False), at(day(1.5), seller()))
    letter = only_letter(decision)
    assert isinstance(letter.contents, ClaimNotice)
    assert letter.contents.account.admitted_minor == 2_215 + LARGE
    assert (decision.state.respond_by, decision.state.due) == (None, None)
    (said,) = deliveries.letter_sent(decision.state, sent(letter), at(day(2), seller())).says
    assert isinstance(said, SellerNotified)
    assert (said.direct_pay, said.respond_by) == (False, day(9))


def test_a_claim_that_has_become_small_is_told_to_be_paid_directly() -> None:
    state = decide.amendment_recorded(
        decide.route_chosen(begun(small=False), route(), at(day(0), seller())).state,
        amendment(treatment_minor=100, small=True),
        at(day(1), seller()),
    ).state
    letter = only_letter(decide.route_chosen(state, route(direct_pay=True), at(day(1), seller())))
    assert isinstance(letter.contents, DirectPayNotice)
    assert letter.contents.account.admitted_minor == 2_315


def test_a_new_route_that_is_heard_before_its_amendment_waits_for_it() -> None:
    decision = decide.route_chosen(notified(direct_pay=True), route(direct_pay=False), at(day(1), seller()))
    assert not decision.does
    change = amendment(treatment_minor=LARGE, small=False)
    contents = only_letter(decide.amendment_recorded(decision.state, change, at(day(1.1), seller()))).contents
    assert isinstance(contents, ClaimNotice)
    assert contents.account.admitted_minor == 2_215 + LARGE


def test_a_new_route_does_not_wait_for_ever_for_an_amendment() -> None:
    state = decide.route_chosen(notified(direct_pay=True), route(direct_pay=False), at(day(1), seller())).state
    assert only_letter(decide.deadline_passed(state, at(day(2), seller()))).kind is NoticeKind.CLAIM


def test_a_claim_is_sent_another_way_once() -> None:
    state = decide.route_chosen(
        _crossed(direct_pay=True, small=False, treatment_minor=LARGE), route(), at(day(1))
    ).state
    for direct_pay in (True, False):
        decision = decide.route_chosen(state, route(direct_pay=direct_pay), at(day(2), seller()))
        assert (decision.state, decision.does) == (state, ())


def _rerouted_while_the_notice_is_under_way() -> tuple[Correspondence, Letter]:
    state, letter = written(direct_pay=True)
    state = decide.amendment_recorded(state, amendment(treatment_minor=LARGE, small=False), at(day(0), seller())).state
    return decide.route_chosen(state, route(), at(day(0), seller())).state, letter


def test_a_notice_of_the_former_route_that_arrives_late_starts_no_time() -> None:
    state, letter = _rerouted_while_the_notice_is_under_way()
    decision = deliveries.letter_sent(state, sent(letter), at(day(1), seller()))
    assert names(decision.says) == ["NoticeHandedOver"]
    assert decision.state.respond_by is None


def test_a_notice_of_the_former_route_is_not_written_to_another_contact() -> None:
    state, letter = _rerouted_while_the_notice_is_under_way()
    refused = deliveries.letter_sent(state, sent(letter, LetterOutcome.REFUSED), at(day(1), seller()))
    assert (names(refused.says), refused.does) == (["NoticeRefused"], ())
    state = deliveries.letter_sent(state, sent(letter), at(day(1), seller())).state
    bounced = deliveries.letter_bounced(state, bounce(letter), at(day(2), seller()))
    assert (names(bounced.says), bounced.does) == (["NoticeBounced"], ())


def test_on_a_new_route_the_seller_answers_anew_once_he_has_its_notice() -> None:
    state = answers.seller_answered(notified(direct_pay=True), answer(), at(day(1), seller())).state
    letter = only_letter(decision := decide.route_chosen(_amended(state), route(), at(day(1), seller())))
    former = answers.seller_answered(decision.state, referral(answer_id="answer-2"), at(day(1), seller()))
    assert (former.state.choice, former.does) == (None, ()), "it was written before he knew"
    told = deliveries.letter_sent(former.state, sent(letter), at(day(1), seller())).state
    assert len(told.reminders) == 2
    answered = answers.seller_answered(told, referral(answer_id="answer-3"), at(day(2), seller()))
    assert answered.state.choice is AnswerChoice.REFER_TO_INSURER
    assert only_letter(answered).kind is NoticeKind.INSURER


def test_who_contested_contests_on_a_new_route_too() -> None:
    contested = answers.seller_answered(notified(direct_pay=True), answer(AnswerChoice.CONTEST), at(day(1), seller()))
    letter = only_letter(anew := decide.route_chosen(_amended(contested.state), route(), at(day(1), seller())))
    told = deliveries.letter_sent(anew.state, sent(letter), at(day(1), seller())).state
    assert told.due is None, "nobody reminds him of an answer that counts"


def _amended(state: Correspondence) -> Correspondence:
    crossed = amendment(treatment_minor=LARGE, small=False)
    return decide.amendment_recorded(state, crossed, at(day(1), seller())).state


@pytest.mark.parametrize(
    ("direct_pay", "kinds"), [(True, [NoticeKind.CLAIM]), (False, [NoticeKind.CLAIM, NoticeKind.INSURER])]
)
def test_an_insurer_named_before_the_route_is_written_to_where_more_than_a_comment_is_asked(
    direct_pay: bool, kinds: list[NoticeKind]
) -> None:
    early = answers.seller_answered(begun(), referral(), at(day(0), seller()))
    assert not early.does
    routed = decide.route_chosen(early.state, route(direct_pay=direct_pay), at(day(0), seller()))
    assert [letter.kind for letter in letters(routed)] == kinds


def test_an_insurer_of_the_former_route_is_not_reminded() -> None:
    state, _ = insurer_notified()
    state = decide.route_chosen(state, route(direct_pay=True), at(day(2), seller())).state
    state = decide.deadline_passed(state, at(day(3), seller())).state
    assert state.due is None


# The end, and another look


def test_the_end_of_a_claim_before_it_was_accepted_is_not_the_end_of_the_accepted_one() -> None:
    early = ClaimClosed(claim_id=CLAIM, seller_id=None, outcome=Outcome.NO_RESPONSE)
    assert decide.claim_closed(notified(), early, at(day(1), seller())).state == notified()


def _ended() -> Correspondence:
    return decide.claim_closed(notified(), closed(Outcome.DENIED), at(day(10), seller())).state


@pytest.mark.parametrize("reason", ReopeningReason)
def test_a_claim_that_is_looked_at_again_is_told_to_the_seller_before_it_is_decided(reason: ReopeningReason) -> None:
    decision = decide.claim_reopened(_ended(), reopened(reason=reason), at(day(30), seller()))
    contents = only_letter(decision).contents
    assert isinstance(contents, ReopenedNotice)
    assert (contents.reason, contents.account.admitted_minor) == (reason, 29_005)


def test_a_round_is_told_once() -> None:
    state = decide.claim_reopened(_ended(), reopened(), at(day(30), seller())).state
    assert not decide.claim_reopened(state, reopened(), at(day(31), seller())).does
    assert decide.claim_reopened(state, reopened(3), at(day(40), seller())).does


def test_a_claim_that_is_looked_at_again_asks_the_seller_for_no_answer() -> None:
    state = decide.claim_reopened(_ended(), reopened(), at(day(30), seller())).state
    decision = answers.seller_answered(state, referral(), at(day(31), seller()))
    assert names(decision.says) == ["SellerAnswerRecorded"]
    assert letters(decision) == []
    assert decision.state.due is None


def test_an_amendment_in_a_later_round_is_told() -> None:
    state = decide.claim_reopened(_ended(), reopened(), at(day(30), seller())).state
    contents = only_letter(decide.amendment_recorded(state, amendment(), at(day(31), seller()))).contents
    assert isinstance(contents, AmendedNotice)
    assert contents.respond_by is None


def test_what_is_owed_for_a_later_round_was_decided() -> None:
    state = decide.claim_closed(notified(direct_pay=True), closed(Outcome.DIRECT_PAID), at(day(10), seller())).state
    state = decide.claim_reopened(state, reopened(), at(day(30), seller())).state
    contents = only_letter(reimbursement.debit_noticed(state, debit_noticed(), at(day(60), seller()))).contents
    assert isinstance(contents, DebitNotice)
    assert contents.reason is DebitReason.DECIDED
