"""Above the authority limit two people say yes: to whom, to how much over all rounds, and who may not."""

import pytest

from services.escalation import payout
from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import Signal
from shared.events.escalation import (
    ApprovalRequested,
    ClaimClosed,
    ClaimDecided,
    NextStep,
    Notice,
    Outcome,
    Owner,
    PayoutAuthorized,
    PayoutRecalled,
    ReviewOpened,
    Status,
)
from shared.events.seller_portal import AnswerChoice
from tests.deciding import at, day
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
    approved,
    case,
    claim,
    facts,
    failed,
    insurer_settled,
    is_duplicate,
    lien,
    lien_recorded,
    new_payee,
    notified,
    paid,
    question,
    reopening,
    returned,
    reviewed,
    suspected,
    the,
    told,
    withdrawn,
)

ACCEPTS = answered(AnswerChoice.PAY_THROUGH_US)
ORDERED = (accepted(HUGE), notified(), ACCEPTS, approved("ann"), approved("bob"))
FAILED = (*ORDERED, failed(final=True))


# Another payee


def test_who_approved_a_payment_to_somebody_else_is_asked_anew():
    story = claim(accepted(HUGE), notified(), ACCEPTS)
    bobs = approved("bob", question_id=question(story))
    story.hear(bobs)
    assert the(ApprovalRequested, story.hear(new_payee())).amount_minor == HUGE
    assert not story.hear(new_payee()), "the same payee again"
    assert not story.hear(approved("cyd", question_id=question(story)))
    assert not story.hear(bobs), "said of the payee before"
    assert case(story).approvers == ("cyd",)
    order = the(PayoutAuthorized, story.hear(approved("bob", question_id=question(story))))
    assert (order.payee_ref, order.attempt) == ("payee-2", 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [("bob", "BOB"), ("Bob", "bob"), ("appr:bob", "bob"), ("bob", "siu:bob"), ("adj:bob", "appr:Bob")],
)
def test_a_name_in_capitals_or_with_what_he_acts_as_is_no_other_person(first: str, second: str):
    story = claim(accepted(HUGE), notified(), ACCEPTS, approved(first))
    assert not story.hear(approved(second))
    assert case(story).approvers == (first,)


@pytest.mark.parametrize(("adjuster", "approver"), [("dan", "DAN"), ("adj:dan", "appr:dan"), ("dan", "appr:dan")])
def test_who_decided_a_review_does_not_approve_under_another_name_either(adjuster: str, approver: str):
    story = claim(
        accepted(HUGE), notified(), answered(AnswerChoice.CONTEST), reviewed(ReviewKind.CONTESTED, adjuster=adjuster)
    )
    assert case(story).status is Status.AWAITING_APPROVAL
    assert not story.hear(approved(approver))
    assert case(story).approvers == ()


def test_a_yes_that_an_older_version_took_from_who_had_decided_counts_for_nothing():
    story = claim(
        accepted(HUGE), notified(), answered(AnswerChoice.CONTEST), reviewed(ReviewKind.CONTESTED, adjuster="adj:dan")
    )
    older = case(story).but(approvers=("appr:dan",))
    first = payout.payout_approved(older, approved("ann"), at(day(8)))
    assert not first.says
    assert PayoutAuthorized in facts(payout.payout_approved(first.state, approved("bob"), at(day(8))).says)


@pytest.mark.parametrize(
    ("first", "second"), [("acme:17", "globex:17"), ("ann:", "bob:"), ("ann:adjuster", "bob:adjuster")]
)
def test_what_stands_before_a_colon_is_part_of_the_name_unless_it_is_a_role(first: str, second: str):
    story = claim(accepted(HUGE), notified(), ACCEPTS, approved(first))
    assert PayoutAuthorized in facts(story.hear(approved(second)))


def test_two_who_act_as_the_same_are_two():
    story = claim(accepted(HUGE), notified(), ACCEPTS, approved("appr:ann"))
    assert PayoutAuthorized in facts(story.hear(approved("appr:bob")))


@pytest.mark.parametrize(
    "heard",
    [
        (*FAILED, new_payee()),
        (*ORDERED, new_payee(), failed(final=True)),
        (*ORDERED, paid(HUGE), returned(HUGE), new_payee()),
        (*ORDERED, paid(HUGE), reopening(), returned(HUGE), new_payee(), withdrawn()),
    ],
)
def test_what_two_approved_for_one_payee_goes_to_another_only_after_two_have_approved_him(heard: tuple[Event, ...]):
    story = claim(*heard)
    assert [type(each) for each in story.said].count(PayoutAuthorized) == 1
    asked = [event for event in story.said if isinstance(event, ApprovalRequested)][-1]
    assert (asked.payout_id, asked.amount_minor, asked.decide_by) == (PAYOUT, HUGE, day(10))
    assert (told(story).status, told(story).owner, told(story).by) == (
        *(Status.AWAITING_APPROVAL, Owner.APPROVER, day(10)),
    )
    assert (told(story).next_step, told(story).outcome) == (NextStep.APPROVE, None)
    assert case(story).late_at == day(10)
    assert not story.hear(approved("ann")), "one of the two, though he approved the other payee"
    assert not story.hear(approved("ann"))
    order = the(PayoutAuthorized, story.hear(approved("cyd")))
    assert (order.payout_id, order.round, order.attempt, order.payee_ref, order.amount_minor) == (
        *(PAYOUT, 1, 2, "payee-2", HUGE),
    )
    assert told(story).status is Status.PAYOUT_PENDING
    assert the(ClaimClosed, story.hear(paid(HUGE, reference="transfer-10"))).outcome is Outcome.RESOLVED_BY_SELLER


def test_two_approve_of_what_another_payee_gets_beside_what_the_holder_of_a_lien_keeps():
    holds = (accepted(HUGE, liens=(lien(1_000_00),)), notified(), ACCEPTS, approved("ann"), approved("bob"))
    story = claim(*holds, paid(HUGE), returned(HUGE - 1_000_00), new_payee())
    story.wait_until(day(10))
    asked = [event.amount_minor for event in story.said if isinstance(event, ApprovalRequested)]
    assert asked == [HUGE, HUGE - 1_000_00, HUGE - 1_000_00]
    story.hear(approved("cyd"))
    order = the(PayoutAuthorized, story.hear(approved("dan")))
    assert (order.amount_minor, order.liens, order.kept_minor) == (HUGE - 1_000_00, (), 1_000_00)


def test_the_payee_who_was_approved_gets_another_attempt_without_being_approved_again():
    assert the(PayoutAuthorized, claim(*FAILED).hear(new_payee("payee-1"))).attempt == 2
    story = claim(*FAILED, new_payee())
    order = the(PayoutAuthorized, story.hear(new_payee("payee-1")))
    assert (order.payee_ref, order.attempt) == ("payee-1", 2)


def test_a_third_payee_is_approved_for_himself():
    story = claim(*FAILED, new_payee())
    story.hear(approved("ann"))
    assert not story.hear(new_payee())
    assert facts(story.hear(new_payee("payee-3"))) == [ApprovalRequested]
    assert not story.hear(approved("bob"))
    assert the(PayoutAuthorized, story.hear(approved("ann"))).payee_ref == "payee-3"


def test_below_the_authority_limit_a_new_payee_is_paid_at_once():
    story = claim(accepted(LARGE), notified(), ACCEPTS, failed(final=True))
    assert facts(story.hear(new_payee())) == [PayoutAuthorized]


def test_a_payee_who_is_refused_is_not_paid_and_another_one_is_waited_for():
    story = claim(*FAILED, new_payee())
    said = story.hear(approval_refused())
    assert facts(said) == [ClaimClosed], "how much is paid was decided before"
    assert (told(story).status, told(story).outcome) == (Status.CLOSED, Outcome.PAYOUT_FAILED)
    for late in (approved("ann"), approved("bob"), approval_refused()):
        assert not story.hear(late)
    assert facts(story.hear(new_payee())) == [ApprovalRequested], "named once more"
    story.hear(approval_refused())
    assert facts(story.hear(new_payee("payee-1"))) == [PayoutAuthorized]


def test_approvals_of_a_new_payee_that_are_overdue_are_asked_for_again_and_a_given_one_stands():
    story = claim(*FAILED, new_payee(), approved("ann"))
    asked = the(ApprovalRequested, story.wait_until(day(10)))
    assert (asked.payout_id, asked.amount_minor, asked.decide_by) == (PAYOUT, HUGE, day(20))
    assert PayoutAuthorized in facts(story.hear(approved("bob")))


def test_while_a_new_payee_is_approved_the_decision_stands():
    story = claim(*FAILED, new_payee())
    before = told(story)
    assert [item.result is not None for item in before.items] == [True]
    contests = answered(AnswerChoice.CONTEST)
    for other in (withdrawn(), suspected(Signal.SAME_PAYEE), insurer_settled(SMALL), failed(final=True), contests):
        assert not story.hear(other)
    assert not story.wait_until(day(9)), "no word of a delay: it is decided"
    assert told(story) == before
    order = [story.hear(approved(person)) for person in ("ann", "bob")][-1]
    assert facts(order) == [PayoutAuthorized]
    assert ClaimDecided not in facts(order)


def test_what_comes_meanwhile_to_the_payee_before_is_true_and_ends_the_claim():
    story = claim(*FAILED, new_payee(), approved("ann"))
    assert the(ClaimClosed, story.hear(paid(HUGE))).outcome is Outcome.RESOLVED_BY_SELLER
    assert told(story).notice is Notice.PAID
    assert not story.hear(approved("bob"))


def test_more_that_is_claimed_meanwhile_is_looked_at_when_the_rest_is_paid():
    story = claim(*FAILED, new_payee(), approved("ann"))
    assert not story.hear(amended(HUGE, SMALL))
    story.hear(approved("bob"))
    assert the(ReviewOpened, story.hear(paid(HUGE))).round == 2


def test_a_round_that_follows_is_approved_for_itself():
    story = claim(*FAILED, new_payee(), approved("ann"), approved("bob"), paid(HUGE, reference="transfer-10"))
    story.hear(amended(HUGE, SMALL))
    asked = the(ApprovalRequested, story.hear(reviewed(ReviewKind.AMOUNT)))
    assert (asked.payout_id, asked.amount_minor) == (SECOND_PAYOUT, SMALL)
    story.hear(approved("ann", SECOND_PAYOUT))
    assert the(PayoutAuthorized, story.hear(approved("bob", SECOND_PAYOUT))).round == 2


def test_a_lien_recorded_meanwhile_is_paid_first():
    story = claim(*FAILED, new_payee(), lien_recorded(lien(SMALL)), approved("ann"))
    assert the(PayoutAuthorized, story.hear(approved("bob"))).liens == (lien(SMALL),)


def test_a_duplicate_is_paid_to_no_new_payee():
    story = claim(*FAILED, new_payee(), approved("ann"))
    assert facts(story.hear(is_duplicate())) == [ClaimClosed]
    assert not story.hear(approved("bob"))
    assert facts(story.hear(paid(HUGE))) == [PayoutRecalled], "paid after all"


def paid_in_two_rounds() -> Claim:
    """Above the limit in both; what was paid first has come back."""
    story = claim(accepted(HUGE), notified(), answered(AnswerChoice.CONTEST))
    story.hear(reviewed(ReviewKind.CONTESTED, adjuster="eve"))
    for person in ("ann", "bob"):
        story.hear(approved(person))
    story.hear(paid(HUGE))
    story.hear(amended(HUGE, SMALL))
    story.hear(reviewed(ReviewKind.AMOUNT, adjuster="fay"))
    for person in ("ann", "bob"):
        story.hear(approved(person, SECOND_PAYOUT))
    story.hear(paid(SMALL, SECOND_PAYOUT, "transfer-10"))
    story.hear(returned(HUGE))
    return story


def test_of_an_earlier_round_the_new_payee_is_approved_by_none_who_decided_it():
    story = paid_in_two_rounds()
    asked = the(ApprovalRequested, story.hear(new_payee()))
    assert (asked.payout_id, asked.amount_minor) == (PAYOUT, HUGE)
    for person in ("eve", "fay", "ann"):
        assert not story.hear(approved(person))
    for person in ("bob", "cyd"):
        assert not story.hear(approved(person, SECOND_PAYOUT)), "of another payout"
    order = the(PayoutAuthorized, story.hear(approved("bob")))
    assert (order.round, order.attempt, order.payee_ref, order.seller_id) == (1, 2, "payee-2", SELLER)


def test_both_payments_that_have_come_back_are_approved_one_after_the_other():
    story = paid_in_two_rounds()
    story.hear(returned(SMALL, SECOND_PAYOUT, "return-10"))
    story.hear(new_payee())
    for person in ("ann", "bob"):
        story.hear(approved(person))
    said = story.hear(paid(HUGE, reference="transfer-11"))
    assert facts(said) == [ClaimClosed, ApprovalRequested]
    assert (the(ApprovalRequested, said).payout_id, told(story).status) == (SECOND_PAYOUT, Status.AWAITING_APPROVAL)
    assert not story.hear(approved("ann", SECOND_PAYOUT))
    order = the(PayoutAuthorized, story.hear(approved("bob", SECOND_PAYOUT)))
    assert (order.round, order.amount_minor, order.payee_ref) == (2, SMALL, "payee-2")


# All rounds together


def test_what_earlier_rounds_paid_counts_towards_the_authority_limit():
    story = claim(accepted(8_000_00), notified(), ACCEPTS)
    story.hear(paid(8_000_00))
    story.hear(amended(8_000_00, 2_000_01))
    asked = the(ApprovalRequested, story.hear(reviewed(ReviewKind.AMOUNT)))
    assert (asked.payout_id, asked.amount_minor) == (SECOND_PAYOUT, 2_000_01)
    story.hear(approved("bob", SECOND_PAYOUT))
    assert the(PayoutAuthorized, story.hear(approved("cyd", SECOND_PAYOUT))).amount_minor == 2_000_01


def test_rounds_that_come_to_the_authority_limit_together_need_no_approval():
    story = claim(accepted(8_000_00), notified(), ACCEPTS, paid(8_000_00), amended(8_000_00, 2_000_00))
    assert PayoutAuthorized in facts(story.hear(reviewed(ReviewKind.AMOUNT)))


def test_what_came_back_and_is_paid_again_counts_once_towards_the_authority_limit():
    story = claim(accepted(8_000_00), notified(), ACCEPTS, paid(8_000_00), returned(6_000_00), reopening())
    assert the(PayoutAuthorized, story.hear(reviewed(ReviewKind.REOPENED))).amount_minor == 6_000_00


def test_what_came_back_of_an_earlier_round_and_will_be_paid_again_in_it_counts_too():
    story = claim(accepted(8_000_00), notified(), ACCEPTS, paid(8_000_00), amended(8_000_00, 3_000_00))
    story.hear(returned(8_000_00))
    assert ApprovalRequested in facts(story.hear(reviewed(ReviewKind.AMOUNT)))


def test_a_new_payee_of_a_small_round_is_approved_where_all_rounds_are_above_the_limit():
    story = claim(accepted(8_000_00), notified(), ACCEPTS, paid(8_000_00), amended(8_000_00, 3_000_00))
    story.hear(reviewed(ReviewKind.AMOUNT))
    for person in ("bob", "cyd"):
        story.hear(approved(person, SECOND_PAYOUT))
    story.hear(failed(final=True, payout_id=SECOND_PAYOUT))
    assert the(ApprovalRequested, story.hear(new_payee())).amount_minor == 3_000_00
