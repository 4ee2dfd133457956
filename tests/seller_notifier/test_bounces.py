"""Letters that were handed over and came back: on record, to the next contact, and nothing is presumed of silence."""

import pytest

from services.seller_notifier import answers, decide, deliveries, reimbursement
from services.seller_notifier.extension import extension_requested
from services.seller_notifier.letter import ClaimNotice, DebitNotice, DebitReason, Letter, LetterOutcome
from services.seller_notifier.state import Correspondence
from services.seller_notifier.wanted import MOST_TRIES
from shared.events.escalation import Outcome
from shared.events.marketplace import Standing
from shared.events.seller_notifier import (
    ExtensionGranted,
    NoticeBounced,
    NoticeHandedOver,
    NoticeKind,
    NoticeUndeliverable,
    SellerNotified,
)
from tests.deciding import at, day
from tests.seller_notifier.given import (
    CLAIM,
    FIRST,
    SECOND,
    SELLER,
    answer,
    begun,
    bounce,
    closed,
    debit_noticed,
    extension,
    insurer_notified,
    letters,
    names,
    notified,
    only_letter,
    proof_requested,
    recovery_closed,
    referral,
    reversed_,
    route,
    seller,
    sent,
    written,
)


def told() -> tuple[Correspondence, Letter]:
    """The claim notice and its state, handed over on day 0."""
    state, letter = written()
    return deliveries.letter_sent(state, sent(letter), at(day(0), seller())).state, letter


def came_back(on: float = 2) -> tuple[Correspondence, Letter]:
    """The first contact's notice came back on that day; the second contact's is under way."""
    state, letter = told()
    decision = deliveries.letter_bounced(state, bounce(letter), at(day(on), seller()))
    return decision.state, only_letter(decision)


def debit_told() -> tuple[Correspondence, Letter]:
    """The debit notice was handed over on day 20."""
    decision = reimbursement.debit_noticed(notified(), debit_noticed(), at(day(20), seller()))
    letter = only_letter(decision)
    return deliveries.letter_sent(decision.state, sent(letter), at(day(20), seller())).state, letter


def test_a_letter_that_came_back_is_on_record_and_goes_to_the_next_contact() -> None:
    state, letter = told()
    decision = deliveries.letter_bounced(state, bounce(letter), at(day(2), seller()))
    assert decision.says == (NoticeBounced(claim_id=CLAIM, seller_id=SELLER, kind=NoticeKind.CLAIM, contact=0),)
    again = only_letter(decision)
    assert (letter.to, again.to, again.contact) == (FIRST, SECOND, 1)
    assert again.letter_id != letter.letter_id


def test_the_notice_that_the_next_contact_takes_gives_him_the_whole_time() -> None:
    state, letter = came_back()
    assert isinstance(letter.contents, ClaimNotice)
    assert letter.contents.respond_by == day(9)
    decision = deliveries.letter_sent(state, sent(letter), at(day(3), seller()))
    assert decision.says == (
        SellerNotified(
            claim_id=CLAIM,
            seller_id=SELLER,
            direct_pay=False,
            handed_over_at=day(3),
            respond_by=day(10),
            letter_id=letter.letter_id,
        ),
    )
    assert decision.state.reminders == (day(6), day(9))


def test_a_seller_whose_notice_came_back_is_not_reminded_before_he_has_it() -> None:
    state, _ = came_back()
    assert state.due is None


def test_time_given_before_is_never_taken_back() -> None:
    state, letter = told()
    state = extension_requested(state, extension(), at(day(1), seller())).state
    again = only_letter(decision := deliveries.letter_bounced(state, bounce(letter), at(day(2), seller())))
    (said,) = deliveries.letter_sent(decision.state, sent(again), at(day(2), seller())).says
    assert isinstance(said, SellerNotified)
    assert said.respond_by == day(14)


def test_an_extension_asked_for_while_the_notice_is_on_its_way_again_is_granted_at_the_hand_over() -> None:
    state, letter = came_back(on=9)
    early = extension_requested(state, extension(), at(day(9), seller()))
    assert not early.says
    decision = deliveries.letter_sent(early.state, sent(letter), at(day(9), seller()))
    assert decision.says[-1] == ExtensionGranted(claim_id=CLAIM, seller_id=SELLER, respond_by=day(23))


def test_an_answer_while_the_notice_is_on_its_way_again_is_in_time() -> None:
    state, letter = came_back(on=9)
    state = answers.seller_answered(state, answer(), at(day(9), seller())).state
    assert state.choice is not None
    decision = deliveries.letter_sent(state, sent(letter), at(day(9), seller()))
    assert names(decision.says) == ["SellerNotified"]
    assert decision.state.due is None


def test_when_no_contact_is_left_the_notice_is_undeliverable_and_silence_is_not_presumed() -> None:
    state, letter = came_back()
    state = deliveries.letter_sent(state, sent(letter), at(day(3), seller())).state
    decision = deliveries.letter_bounced(state, bounce(letter), at(day(5), seller()))
    assert decision.says == (
        NoticeBounced(claim_id=CLAIM, seller_id=SELLER, kind=NoticeKind.CLAIM, contact=1),
        NoticeUndeliverable(claim_id=CLAIM, seller_id=SELLER, kind=NoticeKind.CLAIM, attempted_at=day(5)),
    )
    assert (decision.state.respond_by, decision.state.due) == (None, None)


def test_a_seller_whom_nothing_reached_is_not_told_that_he_did_not_answer() -> None:
    alone = seller(contacts=(FIRST,))
    state, letter = written(by=alone)
    state = deliveries.letter_sent(state, sent(letter), at(day(0), alone)).state
    state = deliveries.letter_bounced(state, bounce(letter), at(day(2), alone)).state
    contents = only_letter(reimbursement.debit_noticed(state, debit_noticed(), at(day(20), seller()))).contents
    assert isinstance(contents, DebitNotice)
    assert contents.reason is DebitReason.DECIDED


def test_a_bounce_that_is_heard_before_the_hand_over_counts_all_the_same() -> None:
    state, letter = written()
    decision = deliveries.letter_bounced(state, bounce(letter), at(day(0), seller()))
    assert names(decision.says) == ["NoticeBounced"]
    assert only_letter(decision).to == SECOND
    assert not deliveries.letter_sent(decision.state, sent(letter), at(day(1), seller())).says


def test_a_bounce_said_twice_is_recorded_once() -> None:
    state, letter = told()
    state = deliveries.letter_bounced(state, bounce(letter), at(day(2), seller())).state
    decision = deliveries.letter_bounced(state, bounce(letter), at(day(3), seller()))
    assert (decision.says, decision.does) == ((), ())


def test_a_bounce_of_a_letter_that_nobody_wrote_is_nothing() -> None:
    _, stranger = written(direct_pay=True, by=seller(contacts=("x@y.example",)))
    stranger = stranger.model_copy(update={"letter_id": CLAIM})
    decision = deliveries.letter_bounced(notified(), bounce(stranger), at(day(2), seller()))
    assert (decision.says, decision.does) == ((), ())


def test_after_the_answer_a_notice_that_came_back_is_only_recorded() -> None:
    state, letter = told()
    state = answers.seller_answered(state, answer(), at(day(1), seller())).state
    decision = deliveries.letter_bounced(state, bounce(letter), at(day(2), seller()))
    assert (names(decision.says), decision.does, decision.state.wanted) == (["NoticeBounced"], (), ())


@pytest.mark.parametrize("outcome", [Outcome.DIRECT_PAID, Outcome.WITHDRAWN])
def test_after_the_end_a_notice_that_came_back_is_only_recorded(outcome: Outcome) -> None:
    state, letter = told()
    state = decide.claim_closed(state, closed(outcome), at(day(1), seller())).state
    decision = deliveries.letter_bounced(state, bounce(letter), at(day(2), seller()))
    assert (names(decision.says), decision.does) == (["NoticeBounced"], ())


def test_a_debit_notice_that_came_back_is_written_to_the_next_contact_with_its_whole_time() -> None:
    state, letter = debit_told()
    decision = deliveries.letter_bounced(state, bounce(letter), at(day(24), seller()))
    assert decision.says == (NoticeBounced(claim_id=CLAIM, seller_id=SELLER, kind=NoticeKind.DEBIT, contact=0),)
    again = only_letter(decision)
    assert isinstance(again.contents, DebitNotice)
    assert (again.to, again.contents.not_before, again.contents.appeal_by) == (SECOND, day(31), day(54))
    decision = deliveries.letter_sent(decision.state, sent(again), at(day(24), seller()))
    assert decision.says == (
        NoticeHandedOver(
            claim_id=CLAIM,
            seller_id=SELLER,
            kind=NoticeKind.DEBIT,
            handed_over_at=day(24),
            letter_id=again.letter_id,
        ),
    )


def test_a_debit_notice_with_no_contact_left_was_attempted_on_every_one() -> None:
    state, letter = debit_told()
    decision = deliveries.letter_bounced(state, bounce(letter), at(day(21), seller(contacts=(FIRST,))))
    assert decision.says[-1] == NoticeUndeliverable(
        claim_id=CLAIM, seller_id=SELLER, kind=NoticeKind.DEBIT, attempted_at=day(21)
    )
    assert not decision.state.wanted


@pytest.mark.parametrize("over", [recovery_closed(), reversed_()])
def test_once_nothing_is_owed_a_debit_notice_that_came_back_is_only_recorded(over: object) -> None:
    state, letter = debit_told()
    there = at(day(40), seller())
    if over == recovery_closed():
        state = reimbursement.recovery_closed(state, recovery_closed(), there).state
    else:
        state = reimbursement.recovery_reversed(state, reversed_(), there).state
    decision = deliveries.letter_bounced(state, bounce(letter), there)
    assert names(decision.says) == ["NoticeBounced"]
    assert not decision.does


def test_a_request_for_proof_that_came_back_is_written_again_while_there_is_time() -> None:
    decision = reimbursement.proof_requested(notified(), proof_requested(day(27)), at(day(20), seller()))
    letter = only_letter(decision)
    state = deliveries.letter_sent(decision.state, sent(letter), at(day(20), seller())).state
    assert only_letter(deliveries.letter_bounced(state, bounce(letter), at(day(22), seller()))).to == SECOND
    assert not deliveries.letter_bounced(state, bounce(letter), at(day(28), seller())).does


def test_a_request_for_proof_gives_its_whole_time_from_the_hand_over_also_when_it_comes_back() -> None:
    decision = reimbursement.proof_requested(notified(), proof_requested(day(27)), at(day(20), seller()))
    letter = only_letter(decision)
    state = deliveries.letter_sent(decision.state, sent(letter), at(day(23), seller())).state
    assert only_letter(deliveries.letter_bounced(state, bounce(letter), at(day(28), seller()))).to == SECOND
    assert not deliveries.letter_bounced(state, bounce(letter), at(day(31), seller())).does


def test_a_request_for_proof_that_came_back_too_late_is_never_dropped_in_silence() -> None:
    decision = reimbursement.proof_requested(notified(), proof_requested(day(27)), at(day(20), seller()))
    letter = only_letter(decision)
    state = deliveries.letter_sent(decision.state, sent(letter), at(day(20), seller())).state
    late = deliveries.letter_bounced(state, bounce(letter), at(day(28), seller()))
    assert names(late.says) == ["NoticeBounced", "NoticeUndeliverable"]


def test_what_becomes_of_a_debit_letter_names_the_notice_that_it_was_written_for() -> None:
    first = reimbursement.debit_noticed(notified(), debit_noticed(number=1), at(day(20), seller()))
    closed_since = reimbursement.recovery_closed(first.state, recovery_closed(), at(day(21), seller())).state
    second = reimbursement.debit_noticed(closed_since, debit_noticed(number=2), at(day(22), seller()))
    old, new = only_letter(first), only_letter(second)
    late = deliveries.letter_sent(second.state, sent(old), at(day(23), seller()))
    assert [said.number for said in late.says if isinstance(said, NoticeHandedOver)] == [1]
    out = deliveries.letter_sent(late.state, sent(new), at(day(24), seller()))
    assert [said.number for said in out.says if isinstance(said, NoticeHandedOver)] == [2]
    back = deliveries.letter_bounced(out.state, bounce(new), at(day(25), seller(contacts=(FIRST,))))
    numbers = [said.number for said in back.says if isinstance(said, NoticeBounced | NoticeUndeliverable)]
    assert numbers == [2, 2]


def test_a_debit_notice_that_another_one_followed_is_not_written_again_when_it_comes_back() -> None:
    first = reimbursement.debit_noticed(notified(), debit_noticed(number=1), at(day(20), seller()))
    state = deliveries.letter_sent(first.state, sent(only_letter(first)), at(day(20), seller())).state
    second = reimbursement.debit_noticed(state, debit_noticed(number=2), at(day(22), seller()))
    back = deliveries.letter_bounced(second.state, bounce(only_letter(first)), at(day(23), seller()))
    assert (names(back.says), back.does) == (["NoticeBounced"], ())


def test_a_reminder_that_came_back_goes_to_the_next_contact() -> None:
    decision = decide.deadline_passed(notified(), at(day(3), seller()))
    letter = only_letter(decision)
    state = deliveries.letter_sent(decision.state, sent(letter), at(day(3), seller())).state
    again = only_letter(deliveries.letter_bounced(state, bounce(letter), at(day(4), seller())))
    assert (again.kind, again.to) == (NoticeKind.REMINDER, SECOND)


def test_an_insurer_from_which_the_notice_came_back_is_not_replaced_by_the_sellers_contacts() -> None:
    state, letter = insurer_notified()
    decision = deliveries.letter_bounced(state, bounce(letter), at(day(2), seller()))
    assert names(decision.says) == ["NoticeBounced", "NoticeUndeliverable"]
    assert not decision.does
    assert decision.state.due is None


def test_later_letters_go_first_where_none_came_back() -> None:
    state, letter = came_back()
    state = deliveries.letter_sent(state, sent(letter), at(day(3), seller())).state
    debit = reimbursement.debit_noticed(state, debit_noticed(), at(day(20), seller()))
    assert only_letter(debit).to == SECOND
    other = deliveries.letter_sent(debit.state, sent(only_letter(debit), LetterOutcome.REFUSED), at(day(20), seller()))
    assert only_letter(other).to == FIRST


def test_a_contact_that_is_new_on_record_is_tried_before_a_letter_is_undeliverable() -> None:
    state, letter = told()
    moved = seller(contacts=("new@shop.example", FIRST))
    again = only_letter(deliveries.letter_bounced(state, bounce(letter), at(day(2), moved)))
    assert (again.to, again.contact) == ("new@shop.example", 1)


def test_contacts_that_change_without_end_are_given_up_on() -> None:
    state, letter = written()
    tries = 1
    while True:
        elsewhere = seller(contacts=(f"new-{tries}@shop.example",))
        decision = deliveries.letter_sent(state, sent(letter, LetterOutcome.REFUSED), at(day(tries), elsewhere))
        if not letters(decision):
            break
        state, letter, tries = decision.state, only_letter(decision), tries + 1
    assert tries == MOST_TRIES
    assert names(decision.says) == ["NoticeRefused", "NoticeUndeliverable"]


def test_the_sellers_standing_is_told_with_the_notice() -> None:
    insolvent = seller(standing=Standing.INSOLVENT)
    state, letter = written(by=insolvent)
    (said,) = deliveries.letter_sent(state, sent(letter), at(day(0), insolvent)).says
    assert isinstance(said, SellerNotified)
    assert said.standing is Standing.INSOLVENT


def test_a_seller_nobody_waited_for_is_not_told_that_he_did_not_answer() -> None:
    contents = only_letter(reimbursement.debit_noticed(notified(), debit_noticed(), at(day(2), seller()))).contents
    assert isinstance(contents, DebitNotice)
    assert contents.reason is DebitReason.DECIDED


def test_while_contacts_are_not_known_a_letter_that_came_back_waits_for_them() -> None:
    state, letter = told()
    decision = deliveries.letter_bounced(state, bounce(letter), at(day(2), known=False))
    assert names(decision.says) == ["NoticeBounced"]
    assert only_letter(decide.deadline_passed(decision.state, at(day(3), seller()))).to == SECOND


def test_a_notice_never_handed_over_does_not_come_back() -> None:
    state = decide.route_chosen(begun(), route(), at(day(0), known=False)).state
    _, letter = written()
    assert not deliveries.letter_bounced(state, bounce(letter), at(day(0), seller())).says


def _as_written_before(state: Correspondence) -> Correspondence:
    """As a state was stored before letters could come back."""
    old = state.model_dump(
        mode="json", exclude={"handed_over", "came_back", "insurer", "rerouted", "round", "appealed"}
    )
    for letter in old["wanted"]:
        letter.pop("tried", None)
    return Correspondence.model_validate(old)


def test_a_state_written_before_letters_could_come_back_still_reads_and_goes_on() -> None:
    state, letter = written()
    decision = deliveries.letter_sent(_as_written_before(state), sent(letter), at(day(0), seller()))
    assert names(decision.says) == ["SellerNotified"]
    bounced = deliveries.letter_bounced(decision.state, bounce(letter), at(day(1), seller()))
    assert names(bounced.says) == ["NoticeBounced"]
    assert only_letter(bounced).letter_id != letter.letter_id


def test_an_insurer_referred_to_before_it_could_be_reminded_is_notified_and_reminded() -> None:
    decision = answers.seller_answered(notified(), referral(), at(day(1), seller()))
    state, letter = _as_written_before(decision.state), only_letter(decision)
    decision = deliveries.letter_sent(state, sent(letter), at(day(1), seller()))
    assert names(decision.says) == ["NoticeHandedOver", "InsurerNotified"]
    assert only_letter(decide.deadline_passed(decision.state, at(day(21), seller()))).to == letter.to
