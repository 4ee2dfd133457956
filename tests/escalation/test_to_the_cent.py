"""Each cent is owed once, paid once and told as it is; and what is on record keeps its name for ever."""

from datetime import timedelta

import pytest

from services.escalation.finance import MOST_RESULTS
from services.escalation.orders import PayoutOrder
from services.escalation.payout import authorise
from services.escalation.release import pay
from services.escalation.reopening import MOST_ROUNDS
from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import Reason, Signal
from shared.events.escalation import (
    ApprovalRequested,
    ClaimClosed,
    ClaimDecided,
    ClaimReopened,
    ItemResult,
    Notice,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReleaseRequested,
    ReviewOpened,
    Route,
    Status,
    StatusChanged,
)
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency
from shared.runtime import unchanged
from tests.deciding import START, at, day
from tests.escalation.given import (
    HUGE,
    LARGE,
    PAYOUT,
    SECOND_PAYOUT,
    SELLER,
    SMALL,
    Claim,
    accepted,
    amended,
    answered,
    approval_refused,
    case,
    claim,
    customer_says,
    denied,
    facts,
    failed,
    finding,
    insurer_rejected,
    insurer_settled,
    is_duplicate,
    lien,
    new_payee,
    notified,
    paid,
    released,
    reopening,
    reopening_refused,
    returned,
    reviewed,
    settlement_reported,
    the,
    told,
    withdrawn,
)

ACCEPTS, CONTESTS = answered(AnswerChoice.PAY_THROUGH_US), answered(AnswerChoice.CONTEST)
REFERS = answered(AnswerChoice.REFER_TO_INSURER)
CONTESTS_THE_SECOND = answered(AnswerChoice.CONTEST, START, 2)
PAID = (accepted(), notified(), ACCEPTS, paid())
PENDING = (accepted(120_00, 80_00), notified(), ACCEPTS)
TWO_ROUNDS = (*PAID, amended(SMALL, 50_00), reviewed(ReviewKind.AMOUNT))
SECOND_PAID = paid(50_00, SECOND_PAYOUT, "transfer-10")


def reasons(story: Claim) -> list[tuple[Reason, ...]]:
    """Of each item, as the customer was told last."""
    return [item.reasons for item in told(story).items]


def results(story: Claim) -> list[ItemResult | None]:
    return [item.result for item in told(story).items]


def notices(said: tuple[Event, ...]) -> list[Notice]:
    return [event.notice for event in said if isinstance(event, StatusChanged)]


# A cent


def test_one_cent_that_is_found_valid_is_paid():
    story = claim(accepted(), notified(), CONTESTS)
    said = story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 1, Reason.NOT_PROVEN)))
    assert the(PayoutAuthorized, said).amount_minor == 1


def test_one_cent_that_the_seller_does_not_contest_is_paid():
    story = claim(accepted(1, SMALL), notified(), CONTESTS_THE_SECOND)
    assert the(PayoutAuthorized, story.hear(reviewed(ReviewKind.CONTESTED, valid=False))).amount_minor == 1


def test_one_cent_more_is_looked_at_before_the_payment_and_opens_a_round_after_it():
    story = claim(accepted(HUGE), notified(), ACCEPTS)
    assert the(ReviewOpened, story.hear(amended(HUGE, 1))).review is ReviewKind.AMOUNT
    said = claim(*PAID).hear(amended(SMALL, 1))
    assert facts(said) == [ClaimReopened, ReviewOpened]
    assert the(ReviewOpened, said).items == (finding(1, 0, Reason.PAID_BEFORE), finding(2, 1))


def test_one_cent_that_seller_or_insurer_has_settled_is_a_part():
    by_seller = claim(accepted(), notified(), settlement_reported(amount=1))
    asked = the(ReviewOpened, by_seller.hear(customer_says(confirmed=True)))
    assert asked.items == (finding(1, SMALL - 1, Reason.SETTLED_BY_SELLER),)
    by_insurer = claim(accepted(), notified(), REFERS)
    assert the(ReviewOpened, by_insurer.hear(insurer_settled(1))).items == (
        finding(1, SMALL - 1, Reason.SETTLED_BY_INSURER),
    )


def test_a_cent_that_lacks_is_waited_for_also_in_a_later_attempt():
    retried = claim(*PENDING)
    retried.hear(paid(150_00))
    retried.hear(returned(150_00))
    retried.hear(failed())
    assert the(PayoutAuthorized, retried.wait_until(day(2))).attempt == 2
    assert ClaimClosed not in facts(retried.hear(paid(SMALL - 1, reference="transfer-10")))
    assert the(ClaimClosed, retried.hear(paid(1, reference="rest"))).outcome is Outcome.RESOLVED_BY_SELLER

    to_another = claim(*PAID, returned(), new_payee())
    assert ClaimClosed not in facts(to_another.hear(paid(SMALL - 1, reference="transfer-10")))
    assert told(to_another).status is Status.PAYOUT_PENDING
    assert ClaimClosed in facts(to_another.hear(paid(1, reference="rest")))


def test_at_the_threshold_of_a_report_nobody_need_say_who_is_paid_and_a_cent_above_it_somebody_must():
    assert PayoutAuthorized in facts(claim(accepted(750_00, beneficiary=None), notified(), ACCEPTS).said)
    above = claim(accepted(750_01, beneficiary=None), notified())
    assert the(ReviewOpened, above.hear(ACCEPTS)).review is ReviewKind.SERIOUS_INJURY
    beside = claim(accepted(beneficiary=None), notified(), amended(SMALL, others_minor=550_01, small=True))
    assert the(ReviewOpened, beside.hear(ACCEPTS)).review is ReviewKind.SERIOUS_INJURY


# What finance says


def test_what_is_no_money_of_the_payout_is_not_counted_and_uses_up_no_reference():
    euros = returned().model_copy(update={"currency": Currency.EUR})
    for other in (euros, returned(0)):
        story = claim(*PAID)
        assert not story.hear(other)
        assert the(ClaimClosed, story.hear(returned())).outcome is Outcome.PAYOUT_FAILED


def test_no_more_results_are_remembered_than_a_claim_may_have():
    story = claim(*PAID)
    for number in range(MOST_RESULTS - 2):
        story.hear(returned(1, reference=f"fee-{number}"))
    assert case(story).outcome is Outcome.RESOLVED_BY_SELLER
    left = SMALL - (MOST_RESULTS - 2)
    assert not story.hear(returned(left - 1, reference="the last that counts"))
    assert not story.hear(returned(1, reference="one too many"))
    assert len(case(story).booked) == MOST_RESULTS


def test_a_payment_too_many_says_nothing_of_another_that_has_come_back():
    story = claim(*TWO_ROUNDS, SECOND_PAID, returned())
    assert told(story).outcome is Outcome.PAYOUT_FAILED
    assert not story.hear(paid(50_00, SECOND_PAYOUT, "again"))


def test_of_money_that_had_come_back_already_nobody_hears_that_he_is_paid():
    story = claim(accepted(), notified(), ACCEPTS, returned())
    assert notices(story.hear(paid())) == [Notice.CLOSED]
    given_up = claim(accepted(), notified(), ACCEPTS, failed(final=True), returned())
    before = case(given_up)
    assert not given_up.hear(paid())
    assert (case(given_up).status, case(given_up).outcome) == (before.status, Outcome.PAYOUT_FAILED)


def test_a_part_that_came_back_changes_nothing_of_the_decision_whenever_it_is_heard():
    late, early = claim(*PENDING, paid(), returned(50_00)), claim(*PENDING, returned(50_00), paid())
    for story in (late, early):
        assert [item.allowed_minor for item in told(story).items] == [120_00, 80_00]
        assert results(story) == [ItemResult.FULL, ItemResult.FULL]
        assert case(story).outcome is Outcome.RESOLVED_BY_SELLER


def test_of_a_payment_in_part_an_item_that_got_none_of_it_got_nothing():
    story = claim(accepted(120_00, 80_00, 30_00), notified(), ACCEPTS)
    story.hear(paid(150_00))
    story.hear(failed(final=True))
    assert [item.allowed_minor for item in told(story).items] == [120_00, 30_00, 0]
    assert results(story) == [ItemResult.FULL, ItemResult.PART, ItemResult.NOTHING]


def test_a_silent_finance_is_asked_no_less_often_than_every_64_days():
    story = claim(accepted(), notified(), ACCEPTS)
    asked: list[int] = []
    for _ in range(9):
        by = story.next_due()
        assert by is not None
        story.wait_until(by[0])
        asked.append((story.next_due() or by)[0].toordinal() - by[0].toordinal())
    assert asked == [2, 4, 8, 16, 32, 64, 64, 64, 64]


# A new payee


def test_a_new_payee_has_all_attempts_after_the_former_had_used_his_up():
    story = claim(accepted(), notified(), ACCEPTS)
    for _ in range(3):
        story.hear(failed())
        story.wait_until(case(story).due or story.now)
    assert told(story).outcome is Outcome.PAYOUT_FAILED
    story.hear(new_payee())
    assert (case(story).outcome, case(story).ended_at) == (None, None), "it has not ended any more"
    story.wait(timedelta(minutes=1))
    assert facts(story.hear(failed())) == []
    assert (told(story).status, told(story).owner) == (Status.PAYOUT_PENDING, Owner.MAKEGOOD)


ENDS_THE_ROUND = [
    (reviewed(ReviewKind.REOPENED, finding(1, 0, Reason.NOT_PROVEN)), Notice.NOT_REOPENED, Reason.NOT_PROVEN),
    (
        reviewed(ReviewKind.REOPENED, valid=False, reasons=(Reason.NOT_DEFECTIVE,)),
        Notice.NOT_REOPENED,
        Reason.NOT_DEFECTIVE,
    ),
    (withdrawn(), Notice.CLOSED, Reason.WITHDRAWN),
]


@pytest.mark.parametrize(("end", "notice", "reason"), ENDS_THE_ROUND)
def test_what_came_back_goes_to_the_payee_named_meanwhile_however_the_round_ends(
    end: Event, notice: Notice, reason: Reason
):
    story = claim(*PAID, reopening(), returned(), new_payee())
    said = story.hear(end)
    assert facts(said) == [ClaimClosed, PayoutAuthorized]
    order = the(PayoutAuthorized, said)
    assert (order.payout_id, order.attempt, order.payee_ref) == (PAYOUT, 2, "payee-2")
    assert notices(said) == [notice, Notice.PROGRESS], "why the round came to nothing, and then that he is paid"
    first = next(event for event in said if isinstance(event, StatusChanged))
    assert reason in first.reasons
    assert (told(story).status, told(story).owner) == (Status.PAYOUT_PENDING, Owner.FINANCE)
    entered = [entry.attempt for entry in story.done if isinstance(entry, PayoutOrder)]
    assert entered == [1, 2], "no order gets past the register"


def test_a_holder_has_had_nothing_of_a_round_that_came_back():
    story = claim(accepted(SMALL, liens=(lien(150_00),)), notified(), ACCEPTS, paid(), reopening(), returned())
    order = the(PayoutAuthorized, story.hear(reviewed(ReviewKind.REOPENED)))
    assert (order.round, order.amount_minor, order.liens) == (2, SMALL, (lien(150_00),))


def test_a_round_that_came_back_is_ordered_again_for_the_reason_it_was_paid_for():
    story = claim(accepted(), notified())
    story.wait_until(day(7))
    story.hear(answered(AnswerChoice.CONTEST, received_at=day(6)))
    story.hear(paid())
    story.hear(amended(SMALL, 50_00))
    second = the(PayoutAuthorized, story.hear(reviewed(ReviewKind.AMOUNT)))
    assert second.route is Route.SELLER_REJECTED
    story.hear(SECOND_PAID)
    story.hear(returned())
    order = the(PayoutAuthorized, story.hear(new_payee()))
    assert (order.round, order.route) == (1, Route.SELLER_SILENT)


# Later rounds


CAME_BACK = (*PAID, reopening(), returned())


def test_what_others_have_settled_since_it_came_back_is_not_paid_again():
    story = claim(*CAME_BACK, insurer_settled(SMALL))
    said = story.hear(customer_says(confirmed=True))
    assert the(ClaimClosed, said).outcome is Outcome.RESOLVED_BY_INSURER
    assert PayoutAuthorized not in facts(story.hear(new_payee()))


def test_of_what_came_back_the_rest_is_paid_when_others_have_settled_a_part_since():
    story = claim(*CAME_BACK, insurer_settled(SMALL - 100), customer_says(confirmed=True))
    said = (*story.hear(reviewed(ReviewKind.REOPENED, valid=False)), *story.hear(new_payee()))
    assert the(PayoutAuthorized, said).amount_minor == 100


def test_what_comes_back_of_an_earlier_round_says_nothing_to_who_looks_at_what_is_more():
    """It is paid again in its own round, or owed when the claim is reopened."""
    story = claim(*PAID, amended(SMALL, 50_00))
    assert not story.hear(returned(80_00))
    said = story.hear(reviewed(ReviewKind.AMOUNT))
    assert the(PayoutAuthorized, said).amount_minor == 50_00
    assert results(story) == [ItemResult.FULL, ItemResult.FULL]


def test_what_comes_back_while_the_customers_word_is_awaited_opens_no_review_beside_it():
    story = claim(*PAID, reopening(), insurer_settled(SMALL))
    assert (told(story).status, told(story).owner) == (Status.WITH_INSURER, Owner.CUSTOMER)
    assert not story.hear(returned(80_00))
    assert case(story).review is None


def test_the_same_sum_in_other_items_after_the_payment_opens_no_round_and_nothing_of_it_is_owed():
    story = claim(accepted(120_00, 80_00), notified(), CONTESTS)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 20_00, Reason.NOT_PROVEN)))
    story.hear(paid(100_00))
    assert not story.hear(amended(80_00, 120_00))
    assert (case(story).status, case(story).round) == (Status.CLOSED, 1)
    assert [item.allowed_minor for item in the(ReviewOpened, story.hear(reopening())).items] == [60_00, 40_00]


def test_what_comes_to_more_than_last_but_not_to_more_than_was_paid_opens_no_round():
    story = claim(*PAID)
    story.hear(amended(SMALL, 50_00))
    story.hear(amended(SMALL - 100_00))
    assert facts(story.hear(reviewed(ReviewKind.AMOUNT))) == [ClaimClosed]
    assert facts(story.hear(amended(SMALL - 50_00))) == []
    assert (case(story).status, case(story).round) == (Status.CLOSED, 2)


def test_what_an_adjuster_did_not_allow_of_what_is_more_opens_no_third_round_by_itself():
    story = claim(accepted(), notified(), ACCEPTS, amended(SMALL, 50_00), paid())
    story.hear(reviewed(ReviewKind.AMOUNT, finding(2, 20_00, Reason.NOT_PROVEN)))
    assert facts(story.hear(paid(20_00, SECOND_PAYOUT, "transfer-10"))) == [ClaimClosed]
    assert case(story).round == 2


def test_more_to_pay_opens_no_round_beyond_the_last():
    story = claim(accepted(), notified(), CONTESTS, reviewed(ReviewKind.CONTESTED, valid=False))
    for _ in range(MOST_ROUNDS - 2):
        story.hear(reopening())
        story.hear(reviewed(ReviewKind.REOPENED, valid=False))
    story.hear(reopening())
    order = the(PayoutAuthorized, story.hear(reviewed(ReviewKind.REOPENED)))
    assert order.round == MOST_ROUNDS
    story.hear(paid(payout_id=order.payout_id))
    assert facts(story.hear(amended(SMALL, 50_00))) == []
    assert (case(story).status, case(story).round) == (Status.CLOSED, MOST_ROUNDS)


def test_a_new_round_has_nothing_of_the_end_of_the_one_before():
    story = claim(accepted(), notified(), CONTESTS, reviewed(ReviewKind.CONTESTED, valid=False))
    story.hear(reopening())
    assert (told(story).outcome, told(story).reasons, case(story).ended_at) == (None, (), None)
    story.hear(reviewed(ReviewKind.REOPENED, valid=False))
    assert (case(story).former, case(story).ended_at) == (None, START)
    story.hear(reopening())
    story.hear(reviewed(ReviewKind.REOPENED))
    story.hear(paid(payout_id=the(PayoutAuthorized, story.said).payout_id))
    assert case(story).former is None


def test_a_settlement_of_the_insurers_that_was_open_at_the_end_waits_for_the_customers_word_in_the_next_round():
    story = claim(accepted(LARGE), notified(), insurer_settled(LARGE), withdrawn(), reopening())
    assert (told(story).status, told(story).owner) == (Status.WITH_INSURER, Owner.CUSTOMER)
    assert the(ClaimClosed, story.hear(customer_says(confirmed=True))).outcome is Outcome.RESOLVED_BY_INSURER


def test_what_was_suspected_at_the_end_is_shown_to_who_looks_again():
    story = claim(accepted(signals=(Signal.SAME_PAYEE,)), withdrawn())
    asked = the(ReviewOpened, story.hear(reopening()))
    assert (asked.review, asked.signals) == (ReviewKind.REOPENED, (Signal.SAME_PAYEE,))


def test_a_refusal_to_reopen_a_claim_that_goes_on_is_told_with_its_items():
    story = claim(accepted(), notified())
    said = story.hear(reopening_refused(Reason.NOT_REOPENED))
    assert notices(said) == [Notice.NOT_REOPENED]
    assert (told(story).status, [item.allowed_minor for item in told(story).items]) == (Status.WITH_SELLER, [SMALL])


# Who has the money of others


def test_what_an_insurer_settled_in_full_stays_so_where_the_claim_comes_to_just_as_much():
    story = claim(accepted(), notified(), insurer_settled(SMALL + 50_00))
    assert facts(story.hear(amended(SMALL, 50_00))) == []
    assert (told(story).status, told(story).owner) == (Status.WITH_INSURER, Owner.CUSTOMER)
    assert the(ClaimClosed, story.hear(customer_says(confirmed=True))).outcome is Outcome.RESOLVED_BY_INSURER


def test_what_an_insurer_settled_is_taken_off_a_claim_that_has_grown():
    story = claim(accepted(), notified(), insurer_settled(SMALL))
    story.hear(amended(SMALL, 50_00))
    assert the(ReviewOpened, story.hear(customer_says(confirmed=True))).items == (
        finding(1, 0, Reason.SETTLED_BY_INSURER),
        finding(2, 50_00),
    )


@pytest.mark.parametrize("contrary", [customer_says(confirmed=False), insurer_rejected()])
def test_a_settlement_that_was_disputed_cannot_be_confirmed_afterwards(contrary: Event):
    story = claim(accepted(LARGE), notified(), insurer_settled(LARGE), contrary, REFERS)
    assert not story.hear(customer_says(confirmed=True))
    assert case(story).review is ReviewKind.CONTESTED


def test_a_settlement_reported_after_the_promise_was_broken_takes_nothing_off():
    story = claim(accepted(), notified(), answered(AnswerChoice.SETTLE_DIRECTLY))
    story.wait_until(day(30))
    before = case(story)
    assert not story.hear(settlement_reported(day(30), amount=50_00))
    assert case(story) == before


# What the customer is told of each item


def test_why_nothing_is_paid_is_told_for_each_item():
    story = claim(denied(Reason.EXCLUDED_LOSS))
    assert reasons(story) == [(Reason.EXCLUDED_LOSS,)]
    assert [(item.claimed_minor, item.result) for item in told(story).items] == [(SMALL, ItemResult.NOTHING)]
    assert reasons(claim(accepted(), withdrawn())) == [(Reason.WITHDRAWN,)]


def test_an_end_names_the_seller_and_the_adjusters_reasons_alone():
    """What intake had cut for reasons of its own is told with the item."""
    event = accepted(0, SMALL)
    first = event.items[0].model_copy(update={"reasons": (Reason.EXCLUDED_LOSS,)})
    story = claim(event.model_copy(update={"items": (first, event.items[1])}), notified(), CONTESTS_THE_SECOND)
    said = story.hear(reviewed(ReviewKind.CONTESTED, valid=False, reasons=(Reason.NOT_DEFECTIVE,)))
    closed = the(ClaimClosed, said)
    assert (closed.seller_id, closed.reasons) == (SELLER, (Reason.NOT_DEFECTIVE,))
    assert reasons(story) == [(Reason.EXCLUDED_LOSS,), (Reason.NOT_DEFECTIVE,)]


def test_of_a_duplicate_nothing_is_told_as_paid_that_was_not():
    amended_meanwhile = claim(accepted(), notified(), ACCEPTS, amended(SMALL, 50_00), is_duplicate())
    assert reasons(amended_meanwhile) == [(Reason.DUPLICATE,), (Reason.DUPLICATE,)]
    in_the_second_round = claim(*TWO_ROUNDS, is_duplicate())
    assert reasons(in_the_second_round) == [(Reason.PAID_BEFORE,), (Reason.DUPLICATE,)]
    assert results(in_the_second_round) == [ItemResult.FULL, ItemResult.NOTHING]


def test_an_item_that_an_investigation_leaves_as_it_was_is_not_cut():
    story = claim(accepted(signals=(Signal.SAME_PAYEE,)))
    story.hear(reviewed(ReviewKind.INVESTIGATION, finding(1, SMALL, Reason.NOT_PROVEN)))
    assert reasons(story) == [()]
    story.hear(notified())
    assert facts(story.hear(amended(SMALL - 1))) == [], "nothing was refused that could have come back"


def test_while_a_second_look_is_waited_for_the_first_one_is_not_told_any_more():
    story = claim(accepted(HUGE), notified(), CONTESTS)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 15_000_00, Reason.NOT_PROVEN)))
    assert [item.allowed_minor for item in told(story).items] == [15_000_00]
    story.hear(approval_refused())
    assert [item.allowed_minor for item in told(story).items] == [HUGE]
    assert reasons(story) == [()]


def test_a_claim_paid_because_it_comes_to_less_is_told_as_decided():
    story = claim(accepted(HUGE), notified(), ACCEPTS)
    said = story.hear(amended(LARGE))
    assert facts(said) == [ClaimDecided, PayoutAuthorized]
    assert notices(said) == [Notice.DECIDED]


# Releases


def test_a_release_covers_neither_more_of_the_same_nor_less_of_something_else():
    more = claim(accepted(LARGE), notified(), ACCEPTS, release_above_line=True, authority_limit_minor=1_000_00)
    assert facts(more.hear(released())) == [ApprovalRequested]
    more.hear(amended(LARGE + 1))
    assert the(ReleaseRequested, more.hear(reviewed(ReviewKind.AMOUNT))).amount_minor == LARGE + 1

    other = claim(accepted(HUGE, 1_000_00), notified(), CONTESTS, release_above_line=True)
    other.hear(reviewed(ReviewKind.CONTESTED, finding(2, 0, Reason.NOT_PROVEN)))
    other.hear(released())
    other.hear(approval_refused())
    asked = the(ReleaseRequested, other.hear(reviewed(ReviewKind.AMOUNT, finding(1, 100_00, Reason.NOT_PROVEN))))
    assert (asked.amount_minor, asked.items) == (1_100_00, (1, 2))


def test_what_was_signed_in_one_round_releases_nothing_in_the_next():
    story = claim(accepted(LARGE), notified(), CONTESTS, release_above_line=True)
    story.hear(reviewed(ReviewKind.CONTESTED, finding(1, LARGE - 1_000_00, Reason.NOT_PROVEN)))
    story.hear(released())
    story.hear(paid(LARGE - 1_000_00))
    story.hear(reopening())
    asked = the(ReleaseRequested, story.hear(reviewed(ReviewKind.REOPENED)))
    assert asked.amount_minor == 1_000_00


# Once, and by the same name


def test_what_is_decided_is_not_authorised_once_more():
    for story in (claim(accepted(), notified(), ACCEPTS), claim(*PAID), claim(accepted(), withdrawn())):
        decided = case(story)
        assert authorise(decided, at(day(1))) == unchanged(decided)
        assert pay(decided, at(day(1))) == unchanged(decided)


def test_the_names_of_what_was_counted_never_change():
    """They are in databases, and a release is signed under its name: what is repeated after an upgrade is the same."""
    assert case(claim(*PAID, returned(1))).booked == ("24489a34fe88", "e6abd6affb77")
    assert case(claim(accepted(), notified(), REFERS, insurer_settled(100_00))).proofs == ("e344a947120d",)
    story = claim(accepted(LARGE), notified(), ACCEPTS, release_above_line=True)
    assert str(the(ReleaseRequested, story.said).release_id) == "a873d8e1-facb-56e4-9e2a-ed5249523e0e"


def test_two_results_of_different_payouts_or_kinds_may_have_one_reference():
    story = claim(*TWO_ROUNDS, paid(50_00, SECOND_PAYOUT))
    assert told(story).notice is Notice.PAID
    assert the(ClaimClosed, story.hear(returned(reference="transfer-9"))).outcome is Outcome.PAYOUT_FAILED
