"""Decisions of seller_notifier: given what is known, when this is heard, then this is said and written."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.seller_notifier import answers, decide, deliveries, reimbursement
from services.seller_notifier.extension import extension_requested
from services.seller_notifier.letter import (
    ClaimNotice,
    DebitNotice,
    DebitReason,
    DirectPayNotice,
    Letter,
    LetterOutcome,
    ProofRequest,
    Reminder,
    gave_up,
)
from services.seller_notifier.posting import SOON
from shared.events.escalation import Outcome
from shared.events.seller_notifier import (
    ExtensionGranted,
    InsurerNotified,
    NoticeHandedOver,
    NoticeKind,
    NoticeRefused,
    NoticeUndeliverable,
    SellerAnswerRecorded,
    SellerCommentRecorded,
    SellerNotified,
    SettlementReported,
)
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency
from shared.policy import Policies, load
from shared.policy.model import BusinessDays
from tests.deciding import at, day
from tests.seller_notifier.given import (
    CLAIM,
    FIRST,
    SECOND,
    SELLER,
    accepted,
    answer,
    begun,
    closed,
    comment,
    debit_noticed,
    extension,
    letters,
    names,
    notified,
    only_letter,
    proof_requested,
    referral,
    route,
    seller,
    sent,
    settled,
    written,
)

REFUSED = LetterOutcome.REFUSED


# The claim notice.


def test_an_accepted_claim_waits_for_its_route() -> None:
    decision = decide.claim_accepted(accepted(), at(day(0), seller()))
    assert not decision.does
    assert not decision.says


def test_the_route_makes_the_claim_notice_be_written_to_the_first_contact() -> None:
    decision = decide.route_chosen(begun(), route(), at(day(0), seller()))
    letter = only_letter(decision)
    assert (letter.kind, letter.to, letter.contact) == (NoticeKind.CLAIM, FIRST, 0)
    assert not decision.says


def test_the_notice_is_written_once_however_often_the_route_is_heard() -> None:
    state, _ = written()
    assert not decide.route_chosen(state, route(), at(day(1), seller())).does


def test_the_notice_states_every_date_counted_from_the_day_it_is_written() -> None:
    _, letter = written()
    assert isinstance(letter.contents, ClaimNotice)
    assert letter.contents.respond_by == day(7)
    assert letter.contents.extended_to == day(14)
    assert letter.contents.settle_by == letter.contents.insurer_by == day(37)
    assert letter.contents.review_by == day(47)


def test_the_notice_names_the_admitted_items_under_their_own_numbers() -> None:
    _, letter = written()
    assert isinstance(letter.contents, ClaimNotice)
    items = letter.contents.account.items
    assert [(i.item, i.admitted_minor) for i in items] == [(1, 2_215), (2, 26_790)]


def test_the_direct_pay_notice_says_until_when_to_comment() -> None:
    _, letter = written(direct_pay=True)
    assert isinstance(letter.contents, DirectPayNotice)
    assert letter.contents.comment_by == day(2)


def test_the_seller_counts_as_notified_when_the_notice_is_handed_over() -> None:
    state, letter = written()
    decision = deliveries.letter_sent(state, sent(letter), at(day(0.5), seller()))
    assert decision.says == (
        SellerNotified(
            claim_id=CLAIM,
            seller_id=SELLER,
            direct_pay=False,
            handed_over_at=day(0.5),
            respond_by=day(7.5),
            letter_id=letter.letter_id,
        ),
    )


def test_a_late_hand_over_lengthens_the_time_that_the_letter_states() -> None:
    state, letter = written()
    decision = deliveries.letter_sent(state, sent(letter), at(day(4), seller()))
    assert isinstance(letter.contents, ClaimNotice)
    assert decision.state.respond_by is not None
    assert decision.state.respond_by - letter.contents.respond_by == timedelta(days=4)


def test_on_direct_pay_the_comment_window_runs_from_the_hand_over() -> None:
    state = notified(direct_pay=True)
    assert state.respond_by == day(2)
    assert state.due is None


def test_the_outcome_of_a_letter_is_heard_once() -> None:
    state, letter = written()
    state = deliveries.letter_sent(state, sent(letter), at(day(0), seller())).state
    assert not deliveries.letter_sent(state, sent(letter), at(day(1), seller())).says


# Contacts.


def test_a_refused_contact_is_recorded_and_the_next_is_tried() -> None:
    state, letter = written()
    decision = deliveries.letter_sent(state, sent(letter, REFUSED), at(day(0), seller()))
    assert decision.says == (NoticeRefused(claim_id=CLAIM, seller_id=SELLER, kind=NoticeKind.CLAIM, contact=0),)
    assert (only_letter(decision).to, only_letter(decision).contact) == (SECOND, 1)


def test_a_letter_given_up_counts_as_refused() -> None:
    state, letter = written()
    decision = deliveries.letter_sent(state, gave_up(letter), at(day(1), seller()))
    assert names(decision.says) == ["NoticeRefused"]
    assert only_letter(decision).to == SECOND


def test_the_second_contact_has_the_whole_time_in_its_letter() -> None:
    state, letter = written()
    decision = deliveries.letter_sent(state, sent(letter, REFUSED), at(day(2), seller()))
    contents = only_letter(decision).contents
    assert isinstance(contents, ClaimNotice)
    assert contents.respond_by == day(9)


def test_when_every_contact_refused_the_notice_is_undeliverable() -> None:
    state, first = written()
    decision = deliveries.letter_sent(state, sent(first, REFUSED), at(day(0), seller()))
    decision = deliveries.letter_sent(decision.state, sent(only_letter(decision), REFUSED), at(day(1), seller()))
    assert names(decision.says) == ["NoticeRefused", "NoticeUndeliverable"]
    assert decision.says[-1] == NoticeUndeliverable(
        claim_id=CLAIM, seller_id=SELLER, kind=NoticeKind.CLAIM, attempted_at=day(1)
    )


def test_a_seller_whom_nobody_registered_cannot_be_reached() -> None:
    decision = decide.route_chosen(begun(), route(), at(day(0)))
    assert names(decision.says) == ["NoticeUndeliverable"]


def test_a_seller_without_contacts_cannot_be_reached() -> None:
    decision = decide.route_chosen(begun(), route(), at(day(0), seller(contacts=())))
    assert names(decision.says) == ["NoticeUndeliverable"]


def test_contacts_that_are_not_known_yet_are_asked_for_again_soon() -> None:
    decision = decide.route_chosen(begun(), route(), at(day(0), known=False))
    assert not decision.says
    assert not decision.does
    assert decision.state.due == day(0) + SOON
    assert decision.state.watches == SELLER


def test_once_the_contacts_are_known_the_notice_is_written() -> None:
    state = decide.route_chosen(begun(), route(), at(day(0), known=False)).state
    decision = decide.deadline_passed(state, at(day(1), seller()))
    assert only_letter(decision).written_at == day(1)
    assert (decision.state.due, decision.state.watches) == (None, None)


def test_the_letter_is_in_the_sellers_language() -> None:
    _, letter = written(by=seller(language="de"))
    assert letter.language == "de"


def test_a_letter_repeated_to_a_contact_is_the_same_letter_and_to_another_is_not() -> None:
    _, letter = written()
    _, again = written()
    state, _ = written()
    second = only_letter(deliveries.letter_sent(state, sent(letter, REFUSED), at(day(0), seller())))
    assert letter.letter_id == again.letter_id != second.letter_id


# Reminders.


def test_a_seller_who_does_not_answer_is_reminded_on_the_days_of_the_policy() -> None:
    state = notified()
    assert state.due == day(3)
    decision = decide.deadline_passed(state, at(day(3), seller()))
    contents = only_letter(decision).contents
    assert isinstance(contents, Reminder)
    assert contents.respond_by == day(7)
    assert decision.state.due == day(6)


def test_missed_reminders_are_made_up_for_by_one() -> None:
    decision = decide.deadline_passed(notified(), at(day(6.5), seller()))
    assert len(letters(decision)) == 1
    assert decision.state.due is None


def test_nobody_is_reminded_of_a_time_that_is_over() -> None:
    decision = decide.deadline_passed(notified(), at(day(8), seller()))
    assert not decision.does
    assert decision.state.due is None


def test_a_seller_who_answered_is_not_reminded() -> None:
    state = answers.seller_answered(notified(), answer(), at(day(1), seller())).state
    assert state.due is None


def test_a_closed_claim_is_not_reminded_of() -> None:
    state = decide.claim_closed(notified(), closed(), at(day(1), seller())).state
    assert state.due is None


def test_a_reminder_still_waiting_for_contacts_is_dropped_when_the_answer_comes() -> None:
    state = decide.deadline_passed(notified(), at(day(3), known=False)).state
    state = answers.seller_answered(state, answer(), at(day(3), known=False)).state
    assert not decide.deadline_passed(state, at(day(4), seller())).does


def test_a_reminder_handed_over_is_on_record() -> None:
    decision = decide.deadline_passed(notified(), at(day(3), seller()))
    letter = only_letter(decision)
    decision = deliveries.letter_sent(decision.state, sent(letter), at(day(3), seller()))
    assert decision.says == (
        NoticeHandedOver(
            claim_id=CLAIM,
            seller_id=SELLER,
            kind=NoticeKind.REMINDER,
            handed_over_at=day(3),
            letter_id=letter.letter_id,
        ),
    )


# The extension.


def test_the_one_extension_is_granted_before_the_time_is_over() -> None:
    decision = extension_requested(notified(), extension(), at(day(5), seller()))
    assert decision.says == (ExtensionGranted(claim_id=CLAIM, seller_id=SELLER, respond_by=day(14)),)
    assert decision.state.reminders == (day(3), day(6), day(10), day(13))


def test_a_second_extension_is_not_granted() -> None:
    state = extension_requested(notified(), extension(), at(day(5), seller())).state
    assert not extension_requested(state, extension(), at(day(6), seller())).says


@pytest.mark.parametrize("late", [7 + 1 / 86_400, 8])
def test_after_its_time_a_seller_gets_no_extension(late: float) -> None:
    assert not extension_requested(notified(), extension(), at(day(late), seller())).says


def test_an_extension_asked_for_at_the_last_moment_is_in_time_as_an_answer_is() -> None:
    decision = extension_requested(notified(), extension(), at(day(7), seller()))
    assert names(decision.says) == ["ExtensionGranted"]


def test_an_extension_asked_for_in_time_and_heard_late_is_granted() -> None:
    decision = extension_requested(notified(), extension(), at(day(8), seller(), said_at=day(6)))
    assert decision.says == (ExtensionGranted(claim_id=CLAIM, seller_id=SELLER, respond_by=day(14)),)


def test_another_seller_gets_no_extension() -> None:
    assert not extension_requested(notified(), extension(by="seller-8"), at(day(1), seller())).says


def test_there_is_no_extension_of_a_comment_window() -> None:
    assert not extension_requested(notified(direct_pay=True), extension(), at(day(1), seller())).says


def test_a_seller_who_answered_needs_no_extension() -> None:
    state = answers.seller_answered(notified(), answer(), at(day(1), seller())).state
    assert not extension_requested(state, extension(), at(day(2), seller())).says


def test_an_extension_asked_for_before_the_hand_over_was_heard_of_is_granted_then() -> None:
    state, letter = written()
    early = extension_requested(state, extension(), at(day(0), seller()))
    assert not early.says
    decision = deliveries.letter_sent(early.state, sent(letter), at(day(1), seller()))
    assert names(decision.says) == ["SellerNotified", "ExtensionGranted"]
    assert decision.state.respond_by == day(15)


# What the seller says.


def test_an_answer_is_recorded_with_the_moment_it_was_received() -> None:
    heard = answer(AnswerChoice.CONTEST, contested_items=(2,), evidence=("doc-9",))
    decision = answers.seller_answered(notified(), heard, at(day(6), seller(), said_at=day(5)))
    assert decision.says == (
        SellerAnswerRecorded(
            claim_id=CLAIM,
            seller_id=SELLER,
            answer_id="answer-1",
            choice=AnswerChoice.CONTEST,
            contested_items=(2,),
            evidence=("doc-9",),
            received_at=day(5),
        ),
    )


def test_a_late_answer_is_recorded_too() -> None:
    decision = answers.seller_answered(notified(), answer(), at(day(30), seller()))
    assert names(decision.says) == ["SellerAnswerRecorded"]
    assert decision.state.choice is None


def test_an_answer_before_the_notice_is_recorded_and_the_notice_still_goes_out() -> None:
    state = answers.seller_answered(begun(), answer(), at(day(0), seller())).state
    decision = decide.route_chosen(state, route(), at(day(0), seller()))
    assert only_letter(decision).kind is NoticeKind.CLAIM
    state = deliveries.letter_sent(decision.state, sent(only_letter(decision)), at(day(0), seller())).state
    assert state.due is None


def test_another_sellers_answer_is_not_recorded() -> None:
    assert not answers.seller_answered(notified(), answer(seller_id="seller-8"), at(day(1), seller())).says


def test_the_same_answer_is_recorded_once() -> None:
    state = answers.seller_answered(notified(), answer(), at(day(1), seller())).state
    assert not answers.seller_answered(state, answer(), at(day(2), seller())).says


def test_a_contradicting_answer_is_recorded_as_well() -> None:
    state = answers.seller_answered(notified(), answer(), at(day(1), seller())).state
    other = answer(AnswerChoice.CONTEST, answer_id="answer-2")
    decision = answers.seller_answered(state, other, at(day(2), seller()))
    assert names(decision.says) == ["SellerAnswerRecorded"]
    assert decision.state.choice is AnswerChoice.PAY_THROUGH_US


def test_a_comment_is_recorded_once_with_its_evidence() -> None:
    decision = answers.seller_commented(notified(direct_pay=True), comment(), at(day(1), seller()))
    assert decision.says == (
        SellerCommentRecorded(claim_id=CLAIM, seller_id=SELLER, contrary=True, evidence=("doc-1",), received_at=day(1)),
    )
    assert not answers.seller_commented(decision.state, comment(), at(day(1), seller())).says


def test_another_sellers_comment_is_not_recorded() -> None:
    assert not answers.seller_commented(notified(direct_pay=True), comment(by="seller-8"), at(day(1), seller())).says


def test_a_settlement_is_reported_once_with_its_proof() -> None:
    decision = answers.seller_reports_settled(notified(), settled(), at(day(4), seller()))
    assert decision.says == (SettlementReported(claim_id=CLAIM, seller_id=SELLER, proof="proof-1", received_at=day(4)),)
    assert not answers.seller_reports_settled(decision.state, settled(), at(day(5), seller())).says


def test_a_settlement_of_a_part_is_reported_with_its_amount() -> None:
    decision = answers.seller_reports_settled(notified(), settled(amount_minor=18_000), at(day(4), seller()))
    (said,) = decision.says
    assert isinstance(said, SettlementReported)
    assert said.amount_minor == 18_000
    more = answers.seller_reports_settled(decision.state, settled(amount_minor=20_000), at(day(5), seller()))
    assert names(more.says) == ["SettlementReported"]
    assert not answers.seller_reports_settled(more.state, settled(amount_minor=20_000), at(day(6), seller())).says


def test_another_seller_cannot_report_a_settlement() -> None:
    assert not answers.seller_reports_settled(notified(), settled(by="seller-8"), at(day(4), seller())).says


# The insurer.


def test_a_referral_is_recorded_and_the_insurer_is_written_to() -> None:
    decision = answers.seller_answered(notified(), referral(), at(day(2), seller()))
    assert names(decision.says) == ["SellerAnswerRecorded"]
    assert (only_letter(decision).kind, only_letter(decision).to) == (NoticeKind.INSURER, "claims@insurer.example")


def test_the_insurer_has_its_time_from_the_hand_over() -> None:
    decision = answers.seller_answered(notified(), referral(), at(day(2), seller()))
    decision = deliveries.letter_sent(decision.state, sent(only_letter(decision)), at(day(3), seller()))
    assert names(decision.says) == ["NoticeHandedOver", "InsurerNotified"]
    assert decision.says[-1] == InsurerNotified(
        claim_id=CLAIM,
        seller_id=SELLER,
        handed_over_at=day(3),
        respond_by=day(33),
        currency=Currency.USD,
        admitted_minor=29_005,
    )


def test_an_insurer_without_an_address_cannot_be_reached() -> None:
    decision = answers.seller_answered(notified(), referral(None), at(day(2), seller()))
    assert names(decision.says) == ["SellerAnswerRecorded", "NoticeUndeliverable"]


def test_an_insurer_that_refuses_is_not_replaced_by_the_sellers_own_contacts() -> None:
    decision = answers.seller_answered(notified(), referral(), at(day(2), seller()))
    decision = deliveries.letter_sent(decision.state, sent(only_letter(decision), REFUSED), at(day(2), seller()))
    assert names(decision.says) == ["NoticeRefused", "NoticeUndeliverable"]
    assert not decision.does


def test_after_an_address_that_does_not_work_a_second_referral_writes_to_nobody() -> None:
    state = answers.seller_answered(notified(), referral(None), at(day(2), seller())).state
    assert not answers.seller_answered(state, referral(answer_id="answer-2"), at(day(3), seller())).does


def test_an_insurer_that_was_told_is_not_told_again() -> None:
    decision = answers.seller_answered(notified(), referral(), at(day(2), seller()))
    state = deliveries.letter_sent(decision.state, sent(only_letter(decision)), at(day(2), seller())).state
    assert not answers.seller_answered(state, referral(answer_id="answer-2"), at(day(3), seller())).does


def test_a_referral_after_another_answer_writes_to_nobody() -> None:
    state = answers.seller_answered(notified(), answer(), at(day(1), seller())).state
    assert not answers.seller_answered(state, referral(answer_id="answer-2"), at(day(2), seller())).does


def test_a_late_referral_is_evidence_and_writes_to_nobody() -> None:
    decision = answers.seller_answered(notified(), referral(), at(day(9), seller()))
    assert names(decision.says) == ["SellerAnswerRecorded"]
    assert not decision.does


def test_on_direct_pay_the_insurer_is_not_written_to() -> None:
    assert not answers.seller_answered(notified(direct_pay=True), referral(), at(day(1), seller())).does


def test_on_direct_pay_a_referral_is_no_answer() -> None:
    assert answers.seller_answered(notified(direct_pay=True), referral(), at(day(1), seller())).state.choice is None


def test_who_reports_his_own_settlement_is_not_told_that_he_did_not_answer() -> None:
    reported = answers.seller_reports_settled(notified(), settled(), at(day(1), seller())).state
    assert reported.due is None, "he is not reminded"
    contents = only_letter(reimbursement.debit_noticed(reported, debit_noticed(), at(day(40), seller()))).contents
    assert isinstance(contents, DebitNotice)
    assert contents.reason is DebitReason.DECIDED


@pytest.mark.parametrize(("amount_minor", "on"), [(0, 1), (None, 8)])
def test_a_settlement_of_nothing_or_after_his_time_is_no_answer(amount_minor: int | None, on: int) -> None:
    said = settled(amount_minor=amount_minor)
    assert answers.seller_reports_settled(notified(), said, at(day(on), seller())).state.choice is None


# Letters about money.


def test_a_request_for_proof_names_every_term_of_a_certificate() -> None:
    decision = reimbursement.proof_requested(notified(), proof_requested(day(27)), at(day(20), seller()))
    contents = only_letter(decision).contents
    assert isinstance(contents, ProofRequest)
    assert (contents.amount_minor, contents.prove_by) == (29_005, day(27))
    assert (contents.min_per_occurrence_minor, contents.max_deductible_minor) == (100_000_000, 1_000_000)


def test_a_request_for_proof_that_reaches_nobody_is_undeliverable() -> None:
    nobody = at(day(20), seller(contacts=()))
    decision = reimbursement.proof_requested(notified(), proof_requested(day(27)), nobody)
    assert decision.says == (
        NoticeUndeliverable(claim_id=CLAIM, seller_id=SELLER, kind=NoticeKind.PROOF, attempted_at=day(20)),
    )


def test_a_request_for_proof_that_is_late_in_going_out_gives_the_whole_time() -> None:
    unknown = reimbursement.proof_requested(notified(), proof_requested(day(27)), at(day(20), known=False)).state
    contents = only_letter(decide.deadline_passed(unknown, at(day(30), seller()))).contents
    assert isinstance(contents, ProofRequest)
    assert contents.prove_by == day(37)


def test_the_days_of_a_debit_notice_are_the_policys_and_of_its_kind() -> None:
    """Of the event only the number is known, and 5 days may be 5 business days."""
    policy = load().version("US-1")
    days = policy.recovery.model_copy(update={"debit_notice_days": BusinessDays(5)})
    there = replace(at(day(20), seller()), policies=Policies([policy.model_copy(update={"recovery": days})]))
    contents = only_letter(reimbursement.debit_noticed(notified(), debit_noticed(notice_days=9), there)).contents
    assert isinstance(contents, DebitNotice)
    assert isinstance(contents.notice_days, BusinessDays)
    assert (contents.notice_days, contents.not_before) == (5, policy.after(day(20), BusinessDays(5)))


def test_a_debit_notice_states_the_first_day_of_the_debit_and_why() -> None:
    decision = reimbursement.debit_noticed(notified(), debit_noticed(), at(day(20), seller()))
    contents = only_letter(decision).contents
    assert isinstance(contents, DebitNotice)
    assert (contents.amount_minor, contents.not_before) == (29_005, day(27))
    assert contents.reason is DebitReason.UNANSWERED


@pytest.mark.parametrize(
    ("choice", "reason"),
    [(AnswerChoice.PAY_THROUGH_US, DebitReason.ACCEPTED), (AnswerChoice.CONTEST, DebitReason.DECIDED)],
)
def test_the_debit_notice_remembers_the_sellers_answer(choice: AnswerChoice, reason: DebitReason) -> None:
    state = answers.seller_answered(notified(), answer(choice), at(day(1), seller())).state
    contents = only_letter(reimbursement.debit_noticed(state, debit_noticed(), at(day(20), seller()))).contents
    assert isinstance(contents, DebitNotice)
    assert contents.reason is reason


def test_the_debit_notice_of_a_direct_payment_says_so() -> None:
    contents = only_letter(
        reimbursement.debit_noticed(notified(direct_pay=True), debit_noticed(), at(day(20), seller()))
    ).contents
    assert isinstance(contents, DebitNotice)
    assert contents.reason is DebitReason.DIRECT_PAY


def test_a_debit_notice_goes_out_although_the_claim_is_closed() -> None:
    state = decide.claim_closed(notified(), closed(), at(day(15), seller())).state
    assert (
        only_letter(reimbursement.debit_noticed(state, debit_noticed(), at(day(20), seller()))).kind is NoticeKind.DEBIT
    )


def test_a_debit_notice_that_reaches_nobody_is_undeliverable() -> None:
    decision = reimbursement.debit_noticed(notified(), debit_noticed(), at(day(20), seller(contacts=())))
    assert decision.says == (
        NoticeUndeliverable(claim_id=CLAIM, seller_id=SELLER, kind=NoticeKind.DEBIT, attempted_at=day(20)),
    )


# Closed before the notice could go out.


def _closed_before_the_notice(outcome: Outcome, *, direct_pay: bool) -> list[Letter]:
    state = decide.route_chosen(begun(), route(direct_pay=direct_pay), at(day(0), known=False)).state
    state = decide.claim_closed(state, closed(outcome), at(day(0), known=False)).state
    return letters(decide.deadline_passed(state, at(day(1), seller())))


def test_a_seller_still_learns_of_a_claim_that_was_paid_meanwhile() -> None:
    assert _closed_before_the_notice(Outcome.DIRECT_PAID, direct_pay=True)


def test_a_seller_is_not_asked_about_a_claim_that_was_withdrawn_meanwhile() -> None:
    assert not _closed_before_the_notice(Outcome.WITHDRAWN, direct_pay=False)
