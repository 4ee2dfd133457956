"""Each letter goes its own way: what it says, whom it reaches, what becomes of the others; and what is on record."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.seller_notifier import answers, decide, deliveries, reimbursement
from services.seller_notifier.decide import ROUTE_MAY_CHANGE
from services.seller_notifier.extension import extension_requested
from services.seller_notifier.insurer import insurer_replied
from services.seller_notifier.letter import (
    AmendedNotice,
    AppealOutcome,
    ClaimNotice,
    DebitNotice,
    DebitReason,
    DirectPayNotice,
    InsurerReminder,
    Letter,
    LetterOutcome,
    ProofRequest,
    Reminder,
)
from services.seller_notifier.posting import SOON, At
from services.seller_notifier.state import Correspondence
from shared.events.base import claim_id_of
from shared.events.claim import DocumentKind, Item, LossKind
from shared.events.escalation import Outcome
from shared.events.marketplace import Standing
from shared.events.recovery import WaiverReason
from shared.events.seller_notifier import ExtensionGranted, NoticeKind, NoticeUndeliverable, SellerNotified
from shared.policy import Policies, load
from shared.runtime import Decision, unchanged
from tests.deciding import at, day
from tests.seller_notifier.given import (
    CLAIM,
    FIRST,
    SECOND,
    SELLER,
    amendment,
    answer,
    appeal,
    begun,
    bounce,
    closed,
    comment,
    debit_noticed,
    extension,
    insurer_notified,
    insurer_rejected,
    insurer_settled,
    letters,
    names,
    notified,
    only_letter,
    proof_requested,
    recovery_closed,
    recovery_opened,
    referral,
    reopened,
    resumed,
    reversed_,
    route,
    seller,
    sent,
    settled,
    waived,
    written,
)

REFUSED = LetterOutcome.REFUSED
US = load().version("US-1")


def on(number: float) -> At:
    """The seller's contacts are known."""
    return at(day(number), seller())


def where(number: float, **handling: Any) -> At:
    """The same, where the policy handles claims otherwise."""
    other = US.model_copy(update={"handling": US.handling.model_copy(update=handling)})
    return replace(on(number), policies=Policies([other]))


def unknown(number: float) -> At:
    """The seller's contacts are not known yet."""
    return at(day(number), known=False)


def handed_over(decision: Decision[Correspondence], number: float) -> Correspondence:
    return deliveries.letter_sent(decision.state, sent(only_letter(decision)), on(number)).state


def amended(state: Correspondence, number: float, **changes: Any) -> Decision[Correspondence]:
    return decide.amendment_recorded(state, amendment(**changes), on(number))


def reminded(number: float = 3) -> tuple[Correspondence, Letter]:
    """The first reminder is under way."""
    decision = decide.deadline_passed(notified(), on(number))
    return decision.state, only_letter(decision)


def proof_asked() -> tuple[Correspondence, Letter]:
    """A request for proof until day 27 was handed over on day 20."""
    decision = reimbursement.proof_requested(notified(), proof_requested(day(27)), on(20))
    return handed_over(decision, 20), only_letter(decision)


def debit_notice(state: Correspondence, number: float) -> DebitNotice:
    contents = only_letter(reimbursement.debit_noticed(state, debit_noticed(), on(number))).contents
    assert isinstance(contents, DebitNotice)
    return contents


def test_what_does_not_concern_a_claim_leaves_what_is_known_of_it_as_it_is() -> None:
    there, (state, letter) = on(2), written()
    known, stranger = notified(), letter.model_copy(update={"letter_id": CLAIM})
    for decision in (
        answers.seller_answered(known, answer(seller_id="seller-8"), there),
        answers.seller_commented(known, comment(by="seller-8"), there),
        answers.seller_reports_settled(known, settled(by="seller-8"), there),
        answers.seller_appealed(known, appeal(by="seller-8"), there),
        extension_requested(known, extension(by="seller-8"), there),
        extension_requested(known, extension(), on(8)),
        decide.claim_reopened(known, reopened(1), there),
        deliveries.letter_sent(known, sent(letter), there),
        deliveries.letter_bounced(known, bounce(stranger), there),
        reimbursement.reimbursement_waived(known, waived(WaiverReason.DUPLICATE), there),
    ):
        assert decision == unchanged(known)
    assert deliveries.letter_sent(state, sent(stranger), there) == unchanged(state)


# On record


def test_the_names_of_what_was_heard_never_change() -> None:
    """They are in databases: what is said again after an upgrade must be known by the same name."""
    state = answers.seller_answered(notified(), answer(), on(1)).state
    state = answers.seller_commented(state, comment(evidence=("doc-1", "doc-2")), on(2)).state
    state = answers.seller_reports_settled(state, settled(), on(3)).state
    state = answers.seller_reports_settled(state, settled(amount_minor=500), on(3)).state
    state = answers.seller_appealed(state, appeal(), on(4)).state
    assert amended(state, 5).state.heard == (
        "d50de2fa6f355834",
        "15941cfd33e551aa",
        "42a711065c3d524e",
        "8411b44822d65e9f",
        "1a6db8664b3d5c65",
        "495e4f73be835a36",
    )


def test_what_reads_alike_is_not_taken_for_the_same() -> None:
    state = answers.seller_reports_settled(notified(), settled(proof="transfers", amount_minor=500), on(2)).state
    assert answers.seller_reports_settled(state, settled(proof="transfers/500"), on(2)).says
    state = answers.seller_commented(notified(), comment(evidence=("a", "b")), on(2)).state
    assert answers.seller_commented(state, comment(evidence=("a/b",)), on(2)).says


def test_the_names_of_letters_and_addresses_never_change() -> None:
    """A letter repeated after an upgrade is the same letter, and no address gets one twice."""
    state, notice = written()
    decision = deliveries.letter_sent(state, sent(notice, REFUSED), on(0))
    second = only_letter(decision)
    assert decision.state.wanted[0].tried == ("2bb47f56", "980d24e7")
    known = handed_over(decision, 0)
    first_reminder = decide.deadline_passed(known, on(3))
    second_reminder = decide.deadline_passed(first_reminder.state, on(6))
    ids = [letter.letter_id for letter in (notice, second, only_letter(first_reminder), only_letter(second_reminder))]
    assert [str(each) for each in ids] == [
        "0e2bf2a3-3094-5344-b63f-48231686d35a",
        "2ed0ce3d-0548-5348-9542-a0b8a70224f0",
        "b6c63de1-8ea4-5e7b-a969-86bb8bb61841",
        "d1730071-7678-5d29-8872-8269fa96ec7b",
    ]


def test_the_letters_of_two_claims_are_told_apart() -> None:
    other = begun(claim_id=claim_id_of("fnol-2"))
    letter = only_letter(decide.route_chosen(other, route(), on(0)))
    assert letter.letter_id != written()[1].letter_id


def test_what_the_seller_says_is_told_apart_by_what_he_says() -> None:
    state = answers.seller_commented(notified(), comment(), on(1)).state
    assert answers.seller_commented(state, comment(contrary=False), on(1)).says
    assert answers.seller_commented(state, comment(evidence=("doc-1", "doc-2")), on(1)).says
    state = answers.seller_reports_settled(state, settled(), on(2)).state
    assert answers.seller_reports_settled(state, settled(proof="proof-2"), on(2)).says


def test_an_amendment_that_is_told_again_after_a_later_one_is_not_heard() -> None:
    state = amended(amended(notified(), 1).state, 2, amendment_id="amendment-2", treatment_minor=50_000).state
    assert amended(state, 3) == unchanged(state)
    assert amended(state, 3, treatment_minor=45_000).does, "papers prove another sum of the same amendment"


def test_what_is_remembered_is_read_as_it_was_written() -> None:
    state = reimbursement.recovery_reversed(notified(), reversed_(), on(30)).state
    state = reimbursement.recovery_opened(state, recovery_opened(), on(40)).state
    assert Correspondence.model_validate_json(state.model_dump_json()) == state


# What the letters say


def test_a_notice_names_the_papers_that_proved_each_loss() -> None:
    items = (
        Item(item=1, kind=LossKind.MEDICAL, claimed_minor=500, admitted_minor=500),
        Item(item=2, kind=LossKind.PURCHASE_PRICE, claimed_minor=700, admitted_minor=700),
    )
    contents = only_letter(decide.route_chosen(begun(items=items), route(), on(0))).contents
    assert isinstance(contents, ClaimNotice)
    assert [(i.item, i.kind, i.admitted_minor, i.papers) for i in contents.account.items] == [
        (1, LossKind.MEDICAL, 500, (DocumentKind.BILL, DocumentKind.MEDICAL_RECORD)),
        (2, LossKind.PURCHASE_PRICE, 700, (DocumentKind.RECEIPT,)),
    ]


def test_a_loss_for_which_the_policy_asks_for_no_papers_names_none() -> None:
    eligibility = US.eligibility.model_copy(update={"papers": {LossKind.MEDICAL: (DocumentKind.BILL,)}})
    policies = Policies([US.model_copy(update={"eligibility": eligibility})])
    contents = only_letter(decide.route_chosen(begun(), route(), replace(on(0), policies=policies))).contents
    assert isinstance(contents, ClaimNotice)
    assert [item.papers for item in contents.account.items] == [(), (DocumentKind.BILL,)]


def test_a_policy_without_a_comment_window_offers_none() -> None:
    there = where(0, comment_window_hours=0)
    contents = only_letter(decide.route_chosen(begun(), route(direct_pay=True), there)).contents
    assert isinstance(contents, DirectPayNotice)
    assert contents.comment_by is None


@pytest.mark.parametrize(("days", "until"), [(0, None), (1, day(8)), (7, day(14))])
def test_notice_and_reminder_offer_the_extension_that_the_policy_gives(days: int, until: object) -> None:
    there = where(0, extension_days=days)
    notice = only_letter(decide.route_chosen(begun(), route(), there)).contents
    reminder = only_letter(decide.deadline_passed(notified(), where(3, extension_days=days))).contents
    assert isinstance(notice, ClaimNotice)
    assert isinstance(reminder, Reminder)
    assert notice.extended_to == reminder.extended_to == until


def test_a_reminder_after_the_extension_offers_no_second_one() -> None:
    state = extension_requested(notified(), extension(), on(1)).state
    contents = only_letter(decide.deadline_passed(state, on(10))).contents
    assert isinstance(contents, Reminder)
    assert (contents.respond_by, contents.extended_to) == (day(14), None)


def test_at_the_end_of_his_time_the_seller_is_asked_for_no_answer() -> None:
    contents = only_letter(amended(notified(), 7)).contents
    assert isinstance(contents, AmendedNotice)
    assert contents.respond_by is None
    waiting = decide.deadline_passed(notified(), unknown(6)).state
    assert not decide.deadline_passed(waiting, on(7)).does
    assert only_letter(decide.deadline_passed(waiting, on(6.9))).kind is NoticeKind.REMINDER


def test_an_appeal_at_the_last_moment_is_in_time_and_none_is_offered_any_more() -> None:
    state = handed_over(reimbursement.debit_noticed(notified(), debit_noticed(), on(20)), 20)
    assert debit_notice(state, 49.9).appeal_by == day(50)
    assert debit_notice(state, 50).appeal_by is None
    assert answers.seller_appealed(state, appeal(), on(50)).state.appealed


def test_a_request_for_proof_that_waits_while_another_payment_is_made_offers_its_whole_time_to_appeal() -> None:
    state = reimbursement.proof_requested(notified(), proof_requested(day(27)), unknown(20)).state
    state = reimbursement.recovery_opened(state, recovery_opened(), unknown(21)).state
    contents = only_letter(decide.deadline_passed(state, on(22))).contents
    assert isinstance(contents, ProofRequest)
    assert contents.appeal_by == day(52)


def test_each_payment_after_an_appeal_that_was_won_may_be_appealed_once() -> None:
    state = answers.seller_appealed(notified(), appeal(), on(30)).state
    state = reimbursement.recovery_reversed(state, reversed_(), on(40)).state
    state = reimbursement.recovery_opened(state, recovery_opened(), on(60)).state
    assert debit_notice(state, 61).appeal_by == day(91)
    state = answers.seller_appealed(state, appeal(appeal_id="appeal-2"), on(62)).state
    state = reimbursement.recovery_opened(state, recovery_opened(), on(90)).state
    assert debit_notice(state, 91).appeal_by is None


# Amendments and routes


def test_two_amendments_while_contacts_are_not_known_are_one_letter() -> None:
    state = decide.amendment_recorded(notified(), amendment(), unknown(1)).state
    more = amendment(treatment_minor=50_000, amendment_id="amendment-2")
    state = decide.amendment_recorded(state, more, unknown(2)).state
    contents = only_letter(decide.deadline_passed(state.but(reminders=()), on(2.5))).contents
    assert isinstance(contents, AmendedNotice)
    assert (contents.before_minor, contents.account.admitted_minor) == (29_005, 52_215)


def test_an_amendment_is_told_beside_another_letter_that_waits() -> None:
    state = reimbursement.proof_requested(notified(), proof_requested(day(27)), unknown(2)).state
    both = letters(amended(state, 2.5))
    assert [letter.kind for letter in both] == [NoticeKind.PROOF, NoticeKind.AMENDED]


def test_what_waits_for_a_new_route_waits_however_often_the_claim_is_amended() -> None:
    state = amended(notified(direct_pay=True), 1, treatment_minor=9_000_000, small=False).state
    decision = amended(state, 1.5, treatment_minor=9_500_000, small=False, amendment_id="amendment-2")
    assert (decision.does, decision.state.due) == ((), day(1) + ROUTE_MAY_CHANGE)


def test_a_letter_that_has_waited_for_its_route_waits_for_contacts_without_being_asked_at_once() -> None:
    state = amended(notified(direct_pay=True), 1, treatment_minor=9_000_000, small=False).state
    later = day(1) + ROUTE_MAY_CHANGE
    state = decide.deadline_passed(state, at(later, known=False)).state
    assert state.due == later + SOON
    assert only_letter(decide.deadline_passed(state, at(later + SOON, seller()))).kind is NoticeKind.AMENDED


def test_on_a_new_route_nobody_is_reminded_of_the_former_one() -> None:
    state = decide.route_chosen(notified(), route(direct_pay=True), on(1)).state
    assert state.due is None


def test_an_insurer_who_is_told_after_the_route_has_changed_has_no_time_to_reply() -> None:
    referred = answers.seller_answered(notified(), referral(), on(1))
    letter = only_letter(referred)
    state = decide.route_chosen(referred.state, route(direct_pay=True), on(2)).state
    late = deliveries.letter_sent(state, sent(letter), on(2))
    assert names(late.says) == ["NoticeHandedOver"]
    refused = deliveries.letter_sent(state, sent(letter, REFUSED), on(2))
    assert names(refused.says) == ["NoticeRefused"]


def test_a_notice_under_way_when_the_claim_is_looked_at_again_asks_for_no_answer() -> None:
    state, letter = written()
    state = decide.claim_closed(state, closed(Outcome.DENIED), on(1)).state
    state = decide.claim_reopened(state, reopened(), on(2)).state
    refused = deliveries.letter_sent(state, sent(letter, REFUSED), on(3))
    assert (names(refused.says), refused.does) == (["NoticeRefused"], ())
    late = deliveries.letter_sent(state, sent(letter), on(3))
    assert (names(late.says), late.state.respond_by) == (["NoticeHandedOver"], None)


# Reminders


def test_reminders_that_wait_for_contacts_are_one() -> None:
    state = decide.deadline_passed(notified(), unknown(3)).state
    state = decide.deadline_passed(state, unknown(6)).state
    assert only_letter(decide.deadline_passed(state, on(6.5))).kind is NoticeKind.REMINDER


def test_a_reminder_on_the_day_of_the_notice_is_none() -> None:
    state, letter = written()
    there = where(0, reminder_days=(0, 3), insurer_reminder_days=(0, 20))
    state = deliveries.letter_sent(state, sent(letter), there).state
    assert state.reminders == (day(3),)
    referred = answers.seller_answered(state, referral(), there)
    told = deliveries.letter_sent(referred.state, sent(only_letter(referred)), there).state
    assert told.due == day(20)


def test_an_extension_is_reminded_of_within_its_time_only() -> None:
    short = where(1, extension_days=3, reminder_days=(0, 1, 3))
    state = extension_requested(notified().but(reminders=()), extension(), short).state
    assert (state.respond_by, state.reminders) == (day(10), (day(8),))


def test_where_the_policy_gives_no_extension_the_notice_is_all_that_is_said() -> None:
    none, one = where(1, extension_days=0), where(1, extension_days=1)
    assert extension_requested(notified(), extension(), none) == unchanged(notified())
    state, letter = written()
    early = extension_requested(state, extension(), on(0)).state
    decision = deliveries.letter_sent(early, sent(letter), none)
    assert names(decision.says) == ["SellerNotified"]
    assert decision.state.respond_by == day(8)
    granted = deliveries.letter_sent(early, sent(letter), one)
    assert granted.says[-1] == ExtensionGranted(claim_id=CLAIM, seller_id=SELLER, respond_by=day(9))


# The insurer


def test_an_insurer_that_replied_before_its_notice_was_known_to_arrive_is_not_reminded() -> None:
    referred = answers.seller_answered(notified(), referral(), on(1))
    state = insurer_replied(referred.state, insurer_settled(), on(1)).state
    decision = deliveries.letter_sent(state, sent(only_letter(referred)), on(1))
    assert names(decision.says) == ["NoticeHandedOver", "InsurerNotified"]
    assert decision.state.due is None


def test_an_insurer_is_told_late_of_a_claim_that_has_ended_and_not_reminded() -> None:
    referred = answers.seller_answered(notified(), referral(), on(1))
    state = decide.claim_closed(referred.state, closed(), on(2)).state
    decision = deliveries.letter_sent(state, sent(only_letter(referred)), on(2))
    assert names(decision.says) == ["NoticeHandedOver", "InsurerNotified"]
    assert decision.state.due is None


@pytest.mark.parametrize("between", [False, True])
def test_a_notice_that_comes_back_from_an_insurer_that_has_replied_is_only_recorded(*, between: bool) -> None:
    """Whether or not the claim has ended and is looked at again in between."""
    state, letter = insurer_notified()
    state = insurer_replied(state, insurer_rejected(), on(5)).state
    if between:
        state = decide.claim_closed(state, closed(), on(10)).state
        state = handed_over(decide.claim_reopened(state, reopened(), on(12)), 12)
    decision = deliveries.letter_bounced(state, bounce(letter), on(13))
    assert (names(decision.says), decision.does) == (["NoticeBounced"], ())


def test_another_letter_that_comes_back_takes_nothing_from_the_insurer() -> None:
    state, _ = insurer_notified()
    told = amended(state, 2)
    back = deliveries.letter_bounced(handed_over(told, 2), bounce(only_letter(told)), on(3))
    assert only_letter(back).kind is NoticeKind.AMENDED
    reminder = only_letter(decide.deadline_passed(back.state, on(21))).contents
    assert isinstance(reminder, InsurerReminder)
    assert (reminder.notified_at, reminder.respond_by) == (day(1), day(31))


def test_at_the_end_of_its_time_the_insurer_is_not_reminded() -> None:
    state = decide.deadline_passed(insurer_notified()[0], unknown(21)).state
    assert not decide.deadline_passed(state, on(31)).does
    assert only_letter(decide.deadline_passed(state, on(30.9))).kind is NoticeKind.INSURER_REMINDER


# What becomes of a letter, and of the others


def test_of_two_letters_under_way_the_one_that_is_refused_goes_on() -> None:
    state, reminder = reminded()
    told = amended(state, 3)
    decision = deliveries.letter_sent(told.state, sent(reminder, REFUSED), on(3))
    again = only_letter(decision)
    assert (again.kind, again.to) == (NoticeKind.REMINDER, SECOND)
    arrived = deliveries.letter_sent(decision.state, sent(only_letter(told)), on(3))
    assert names(arrived.says) == ["NoticeHandedOver"]


def test_of_each_kind_the_last_letter_may_still_come_back() -> None:
    state, notice = written()
    state = deliveries.letter_sent(state, sent(notice), on(0)).state
    first = decide.deadline_passed(state, on(3))
    second = decide.deadline_passed(handed_over(first, 3), on(6))
    state = handed_over(second, 6)
    assert deliveries.letter_bounced(state, bounce(only_letter(first)), on(6)) == unchanged(state)
    for letter in (only_letter(second), notice):
        decision = deliveries.letter_bounced(state, bounce(letter), on(6))
        assert names(decision.says) == ["NoticeBounced"]
        assert (only_letter(decision).kind, only_letter(decision).to) == (letter.kind, SECOND)


def test_only_the_address_from_which_a_letter_came_back_is_tried_last() -> None:
    """The first contact refused the notice; it came back from the second."""
    state, notice = written()
    again = deliveries.letter_sent(state, sent(notice, REFUSED), on(0))
    state = deliveries.letter_bounced(handed_over(again, 0), bounce(only_letter(again)), on(1)).state
    turned = at(day(20), seller(contacts=(SECOND, FIRST)))
    assert only_letter(reimbursement.debit_noticed(state, debit_noticed(), turned)).to == FIRST


def test_a_letter_that_reaches_nobody_gives_no_time_back() -> None:
    decision = reimbursement.debit_noticed(notified(), debit_noticed(), at(day(8), seller(contacts=())))
    assert names(decision.says) == ["NoticeUndeliverable"]
    assert decision.state.respond_by == day(7)
    assert debit_notice(decision.state, 20).reason is DebitReason.UNANSWERED


def test_a_seller_who_is_not_on_record_when_he_is_notified_counts_as_active() -> None:
    state, letter = written()
    (said,) = deliveries.letter_sent(state, sent(letter), at(day(0))).says
    assert isinstance(said, SellerNotified)
    assert said.standing is Standing.ACTIVE


# Letters about money


def test_only_a_notice_of_debit_that_holds_begins_the_time_to_appeal() -> None:
    state, reminder = reminded()
    state = deliveries.letter_sent(state, sent(reminder), on(3)).state
    assert debit_notice(state, 20).appeal_by == day(50)
    first = reimbursement.debit_noticed(state, debit_noticed(number=1), on(20))
    second = reimbursement.debit_noticed(first.state, debit_noticed(number=2), on(21))
    late = deliveries.letter_sent(second.state, sent(only_letter(first)), on(22)).state
    assert debit_notice(late, 30).appeal_by == day(60)


Asked = Callable[[Correspondence], Decision[Correspondence]]


def _noticed(state: Correspondence) -> Decision[Correspondence]:
    return reimbursement.debit_noticed(state, debit_noticed(), on(22))


def _reversed(state: Correspondence) -> Decision[Correspondence]:
    return reimbursement.recovery_reversed(state, reversed_(), on(22))


def _closed(state: Correspondence) -> Decision[Correspondence]:
    return reimbursement.recovery_closed(state, recovery_closed(), on(22))


@pytest.mark.parametrize("after", [_noticed, _reversed, _closed])
def test_a_request_for_proof_that_comes_back_after_its_answer_is_known_is_only_recorded(after: Asked) -> None:
    state, letter = proof_asked()
    decision = deliveries.letter_bounced(after(state).state, bounce(letter), on(23))
    assert (names(decision.says), decision.does) == (["NoticeBounced"], ())


@pytest.mark.parametrize("after", [_noticed, _reversed, _closed])
def test_what_asks_for_money_outdates_no_other_letter(after: Asked) -> None:
    told = amended(notified(), 20)
    refused = deliveries.letter_sent(after(told.state).state, sent(only_letter(told), REFUSED), on(23))
    assert (only_letter(refused).kind, only_letter(refused).to) == (NoticeKind.AMENDED, SECOND)


def test_a_letter_that_waits_is_written_when_the_recovery_ends() -> None:
    state = reimbursement.recovery_resumed(notified(), resumed(), unknown(20)).state
    decision = reimbursement.recovery_closed(state, recovery_closed(), on(21))
    contents = only_letter(decision).contents
    assert isinstance(contents, AppealOutcome)
    assert (contents.reversed_for, contents.amount_minor) == (None, 29_005)


def test_a_request_for_proof_that_comes_back_at_the_end_of_its_time_is_undeliverable() -> None:
    state, letter = proof_asked()
    decision = deliveries.letter_bounced(state, bounce(letter), on(27))
    assert decision.says[1:] == (
        NoticeUndeliverable(claim_id=CLAIM, seller_id=SELLER, kind=NoticeKind.PROOF, attempted_at=day(27)),
    )
    assert not decision.does
