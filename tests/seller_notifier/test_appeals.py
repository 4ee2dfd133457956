"""Appeals against a payment: recorded, in time or not, and the letters that tell until when and how they ended."""

import pytest

from services.seller_notifier import answers, deliveries, reimbursement
from services.seller_notifier.letter import AppealOutcome, DebitNotice, Letter, ProofRequest
from services.seller_notifier.state import Correspondence
from shared.events.recovery import WaiverReason
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind, SellerAppealRecorded
from tests.deciding import at, day
from tests.seller_notifier.given import (
    CLAIM,
    SELLER,
    appeal,
    bounce,
    debit_noticed,
    notified,
    only_letter,
    proof_requested,
    recovery_opened,
    resumed,
    reversed_,
    seller,
    sent,
    waived,
)


def noticed(on: float = 20) -> Correspondence:
    """The debit notice was handed over on that day."""
    decision = reimbursement.debit_noticed(notified(), debit_noticed(), at(day(on), seller()))
    return deliveries.letter_sent(decision.state, sent(only_letter(decision)), at(day(on), seller())).state


def debit_notice(state: Correspondence, on: float) -> DebitNotice:
    contents = only_letter(reimbursement.debit_noticed(state, debit_noticed(), at(day(on), seller()))).contents
    assert isinstance(contents, DebitNotice)
    return contents


def test_an_appeal_is_recorded_with_its_new_information_and_the_moment_it_was_received() -> None:
    decision = answers.seller_appealed(noticed(), appeal(), at(day(31), seller(), said_at=day(30)))
    assert decision.says == (
        SellerAppealRecorded(
            claim_id=CLAIM, seller_id=SELLER, appeal_id="appeal-1", evidence=("new-report",), received_at=day(30)
        ),
    )


def test_an_appeal_is_recorded_once() -> None:
    state = answers.seller_appealed(noticed(), appeal(), at(day(30), seller())).state
    assert not answers.seller_appealed(state, appeal(), at(day(31), seller())).says
    assert answers.seller_appealed(state, appeal(appeal_id="appeal-2"), at(day(31), seller())).says


def test_another_sellers_appeal_is_not_recorded() -> None:
    assert not answers.seller_appealed(noticed(), appeal(by="seller-8"), at(day(30), seller())).says


def test_a_late_appeal_is_recorded_too() -> None:
    decision = answers.seller_appealed(noticed(), appeal(), at(day(200), seller()))
    assert decision.says
    assert not decision.state.appealed


def test_the_first_debit_notice_gives_the_whole_time_to_appeal() -> None:
    assert debit_notice(notified(), 20).appeal_by == day(50)


def test_a_later_notice_says_how_long_the_time_to_appeal_still_is() -> None:
    assert debit_notice(noticed(20), 34).appeal_by == day(50)


def test_after_that_time_no_appeal_is_offered() -> None:
    assert debit_notice(noticed(20), 51).appeal_by is None


def test_a_seller_who_has_appealed_is_offered_no_second_appeal() -> None:
    state = answers.seller_appealed(noticed(), appeal(), at(day(30), seller())).state
    assert debit_notice(state, 40).appeal_by is None


def test_the_time_to_appeal_runs_from_the_request_for_proof_where_there_was_one() -> None:
    decision = reimbursement.proof_requested(
        notified(), proof_requested(day(27)), at(day(21), seller(), said_at=day(20))
    )
    contents = only_letter(decision).contents
    assert isinstance(contents, ProofRequest)
    assert contents.appeal_by == day(50)
    assert debit_notice(decision.state, 28).appeal_by == day(50)


def test_another_payment_has_a_time_to_appeal_of_its_own() -> None:
    state = reimbursement.recovery_opened(noticed(20), recovery_opened(), at(day(60), seller())).state
    assert debit_notice(state, 61).appeal_by == day(91)


def test_a_payment_after_an_appeal_that_was_won_may_be_appealed_like_the_first() -> None:
    appealed = answers.seller_appealed(noticed(20), appeal(), at(day(30), seller())).state
    won = reimbursement.recovery_reversed(appealed, reversed_(), at(day(40), seller())).state
    again = reimbursement.recovery_opened(won, recovery_opened(), at(day(60), seller())).state
    assert debit_notice(again, 61).appeal_by == day(91)
    lost = reimbursement.recovery_resumed(appealed, resumed(), at(day(40), seller())).state
    again = reimbursement.recovery_opened(lost, recovery_opened(), at(day(60), seller())).state
    assert debit_notice(again, 61).appeal_by is None, "an appeal that was lost was the only one"


def test_a_debit_notice_that_came_back_has_started_no_time_to_appeal() -> None:
    decision = reimbursement.debit_noticed(notified(), debit_noticed(), at(day(20), seller()))
    letter = only_letter(decision)
    state = deliveries.letter_sent(decision.state, sent(letter), at(day(20), seller())).state
    contents = only_letter(deliveries.letter_bounced(state, bounce(letter), at(day(40), seller()))).contents
    assert isinstance(contents, DebitNotice)
    assert contents.appeal_by == day(70)


def proof_told(on: float = 20) -> tuple[Correspondence, Letter]:
    """The request for proof was handed over on that day: proof within a week."""
    there = at(day(on), seller())
    decision = reimbursement.proof_requested(notified(), proof_requested(day(on + 7)), there)
    letter = only_letter(decision)
    return deliveries.letter_sent(decision.state, sent(letter), there).state, letter


def test_a_request_for_proof_that_came_back_has_started_no_time_to_appeal() -> None:
    state, letter = proof_told()
    back = deliveries.letter_bounced(state, bounce(letter), at(day(23), seller()))
    again = only_letter(back)
    assert isinstance(again.contents, ProofRequest)
    assert again.contents.appeal_by == day(53)
    told = deliveries.letter_sent(back.state, sent(again), at(day(24), seller())).state
    assert debit_notice(told, 30).appeal_by == day(54)


def test_a_request_for_proof_that_nobody_could_be_given_has_started_no_time_to_appeal() -> None:
    nobody = at(day(20), seller(contacts=()))
    state = reimbursement.proof_requested(notified(), proof_requested(day(27)), nobody).state
    assert debit_notice(state, 60).appeal_by == day(90)


def test_a_request_for_proof_that_comes_back_beside_the_debit_notice_has_started_no_time_to_appeal() -> None:
    state, letter = proof_told()
    noticing = reimbursement.debit_noticed(state, debit_noticed(), at(day(27), seller()))
    back = deliveries.letter_bounced(noticing.state, bounce(letter), at(day(28), seller())).state
    told = deliveries.letter_sent(back, sent(only_letter(noticing)), at(day(29), seller())).state
    assert debit_notice(told, 40).appeal_by == day(59)


def test_once_the_debit_notice_is_out_a_request_for_proof_that_comes_back_changes_no_time_to_appeal() -> None:
    state, letter = proof_told()
    noticing = reimbursement.debit_noticed(state, debit_noticed(), at(day(27), seller()))
    told = deliveries.letter_sent(noticing.state, sent(only_letter(noticing)), at(day(28), seller())).state
    back = deliveries.letter_bounced(told, bounce(letter), at(day(29), seller())).state
    assert debit_notice(back, 40).appeal_by == day(50)


def test_a_seller_whose_appeal_was_right_is_told_that_he_owes_nothing() -> None:
    decision = reimbursement.recovery_reversed(noticed(), reversed_(), at(day(40), seller()))
    letter = only_letter(decision)
    assert letter.kind is NoticeKind.APPEAL
    assert isinstance(letter.contents, AppealOutcome)
    assert (letter.contents.reversed_for, letter.contents.amount_minor) == (WaiverReason.APPEAL_WON, 29_005)


def test_a_seller_whose_appeal_failed_is_told_what_he_owes() -> None:
    state = answers.seller_appealed(noticed(), appeal(), at(day(30), seller())).state
    contents = only_letter(reimbursement.recovery_resumed(state, resumed(), at(day(40), seller()))).contents
    assert isinstance(contents, AppealOutcome)
    assert (contents.reversed_for, contents.amount_minor, contents.appeal_by) == (None, 29_005, None)


def test_a_seller_whose_late_answer_failed_may_still_appeal() -> None:
    contents = only_letter(reimbursement.recovery_resumed(noticed(20), resumed(), at(day(40), seller()))).contents
    assert isinstance(contents, AppealOutcome)
    assert contents.appeal_by == day(50)


def test_the_outcome_of_an_appeal_is_on_record_when_it_is_handed_over() -> None:
    decision = reimbursement.recovery_reversed(noticed(), reversed_(), at(day(40), seller()))
    letter = only_letter(decision)
    decision = deliveries.letter_sent(decision.state, sent(letter), at(day(40), seller()))
    assert decision.says == (
        NoticeHandedOver(
            claim_id=CLAIM,
            seller_id=SELLER,
            kind=NoticeKind.APPEAL,
            handed_over_at=day(40),
            letter_id=letter.letter_id,
        ),
    )


def test_a_debit_notice_still_waiting_is_not_written_once_nothing_is_owed() -> None:
    state = reimbursement.debit_noticed(notified(), debit_noticed(), at(day(20), known=False)).state
    decision = reimbursement.recovery_reversed(state, reversed_(), at(day(21), seller()))
    assert only_letter(decision).kind is NoticeKind.APPEAL


def test_a_seller_who_was_asked_for_money_learns_that_the_claim_was_a_duplicate() -> None:
    duplicate = waived(WaiverReason.DUPLICATE)
    contents = only_letter(reimbursement.reimbursement_waived(noticed(), duplicate, at(day(40), seller()))).contents
    assert isinstance(contents, AppealOutcome)
    assert contents.reversed_for is WaiverReason.DUPLICATE
    assert not reimbursement.reimbursement_waived(notified(), duplicate, at(day(40), seller())).does


@pytest.mark.parametrize("reason", set(WaiverReason) - {WaiverReason.DUPLICATE})
def test_other_waivers_need_no_letter(reason: WaiverReason) -> None:
    assert not reimbursement.reimbursement_waived(noticed(), waived(reason), at(day(40), seller())).does
