"""Settlements by the seller and by his insurer."""

import pytest

from services.escalation.settlement import MOST_PROOFS
from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import Reason, Signal
from shared.events.escalation import (
    ClaimClosed,
    ClaimDecided,
    ClaimReopened,
    NextStep,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReviewOpened,
    Route,
    RouteChosen,
    Status,
)
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency
from tests.deciding import day
from tests.escalation.given import (
    LARGE,
    SMALL,
    Claim,
    accepted,
    amended,
    answered,
    approved,
    case,
    claim,
    customer_says,
    facts,
    finding,
    insurer_notified,
    insurer_rejected,
    insurer_settled,
    is_duplicate,
    notified,
    paid,
    reopening,
    reviewed,
    settlement_reported,
    suspected,
    the,
    told,
    undeliverable,
    withdrawn,
)

SETTLES, REFERS = answered(AnswerChoice.SETTLE_DIRECTLY), answered(AnswerChoice.REFER_TO_INSURER)


def standing(event: Event) -> tuple[object, ...]:
    status = event.model_dump()
    return status["status"], status["owner"], status["by"]


def test_a_seller_who_settles_himself_has_his_time_and_then_the_customer_is_asked():
    story = claim(accepted(), notified(), SETTLES)
    assert standing(told(story)) == (Status.SELLER_RESOLVING, Owner.SELLER, day(30))
    story.hear(settlement_reported())
    assert standing(told(story)) == (Status.SELLER_RESOLVING, Owner.CUSTOMER, day(14))


def test_a_confirmed_settlement_resolves_the_claim():
    story = claim(accepted(), notified(), SETTLES, settlement_reported())
    closed = the(ClaimClosed, story.hear(customer_says(confirmed=True)))
    assert (closed.outcome, closed.reasons) == (Outcome.RESOLVED_BY_SELLER, (Reason.SETTLED_BY_SELLER,))


def test_a_customer_silent_after_proof_is_content():
    story = claim(accepted(), notified(), SETTLES, settlement_reported())
    assert the(ClaimClosed, story.wait_until(day(14))).outcome is Outcome.RESOLVED_BY_SELLER


def test_a_disputed_settlement_goes_to_an_adjuster():
    story = claim(accepted(), notified(), SETTLES, settlement_reported())
    assert the(ReviewOpened, story.hear(customer_says(confirmed=False))).review is ReviewKind.CONTESTED
    said = story.hear(reviewed(ReviewKind.CONTESTED))
    assert the(PayoutAuthorized, said).route is Route.SELLER_REJECTED


def test_a_promise_that_was_not_kept_goes_to_an_adjuster():
    story = claim(accepted(), notified(), SETTLES)
    assert the(ReviewOpened, story.wait_until(day(30))).review is ReviewKind.CONTESTED


def test_a_settlement_reported_without_an_answer_is_the_answer():
    story = claim(accepted(), notified(), settlement_reported(day(1)))
    assert standing(told(story)) == (Status.SELLER_RESOLVING, Owner.CUSTOMER, day(14))
    assert not story.hear(answered(AnswerChoice.CONTEST, received_at=day(2)))


def test_a_second_report_does_not_give_the_customer_more_time():
    story = claim(accepted(), notified(), SETTLES, settlement_reported())
    story.wait_until(day(1))
    assert not story.hear(settlement_reported(day(1)))


def test_a_settlement_reported_in_time_and_heard_after_the_timer_is_the_answer():
    story = claim(accepted(LARGE), notified())
    story.wait_until(day(8))
    story.hear(settlement_reported(day(7)))
    assert standing(told(story)) == (Status.SELLER_RESOLVING, Owner.CUSTOMER, day(22))


def test_a_settlement_reported_after_the_deadline_is_evidence_only():
    story = claim(accepted(LARGE), notified())
    story.wait_until(day(8))
    assert not story.hear(settlement_reported(day(8)))


@pytest.mark.parametrize("heard", [(), (notified(),), (notified(), answered(AnswerChoice.CONTEST))])
def test_who_has_the_sellers_money_needs_none_of_ours(heard: tuple[Event, ...]):
    story = claim(accepted(), *heard)
    assert the(ClaimClosed, story.hear(customer_says(confirmed=True))).outcome is Outcome.RESOLVED_BY_SELLER


def test_a_dispute_without_a_settlement_changes_nothing():
    assert not claim(accepted(), notified()).hear(customer_says(confirmed=False))


def test_a_referred_claim_waits_for_the_insurer_from_its_notice():
    story = claim(accepted(), notified(), REFERS)
    assert standing(told(story)) == (Status.WITH_INSURER, Owner.MAKEGOOD, day(30))
    story.hear(insurer_notified(day(31)))
    assert standing(told(story)) == (Status.WITH_INSURER, Owner.INSURER, day(31))
    assert not story.hear(insurer_notified(day(31)))


def test_only_an_insurers_notice_that_came_back_moves_its_time():
    story = claim(accepted(), notified(), REFERS, insurer_notified(day(31)))
    assert not story.hear(insurer_notified(day(20)))
    story.hear(insurer_notified(day(40)))
    assert told(story).by == day(40)


def test_an_insurer_who_settles_all_leaves_the_customer_the_last_word():
    story = claim(accepted(LARGE), notified(), REFERS, insurer_notified())
    assert facts(story.hear(insurer_settled(LARGE))) == []
    assert standing(told(story)) == (Status.WITH_INSURER, Owner.CUSTOMER, day(14))
    assert told(story).next_step is NextStep.CONFIRM_SETTLEMENT
    closed = the(ClaimClosed, story.hear(customer_says(confirmed=True)))
    assert (closed.outcome, closed.reasons) == (Outcome.RESOLVED_BY_INSURER, (Reason.SETTLED_BY_INSURER,))


def test_a_customer_silent_about_the_insurers_settlement_is_content():
    story = claim(accepted(LARGE), notified(), REFERS, insurer_settled(LARGE))
    assert the(ClaimClosed, story.wait_until(day(14))).outcome is Outcome.RESOLVED_BY_INSURER


@pytest.mark.parametrize("contrary", [customer_says(confirmed=False), insurer_rejected()])
def test_a_settlement_of_the_insurer_that_did_not_arrive_counts_for_nothing_and_is_judged(contrary: Event):
    story = claim(accepted(LARGE), notified(), REFERS, insurer_settled(LARGE))
    opened = the(ReviewOpened, story.hear(contrary))
    assert (opened.review, opened.items) == (ReviewKind.CONTESTED, (finding(1, LARGE),))
    said = story.hear(reviewed(ReviewKind.CONTESTED))
    assert the(PayoutAuthorized, said).amount_minor == LARGE


NOT_USABLE = (insurer_settled(0, "cheque-2"), insurer_settled(LARGE, "cheque-3", Currency.EUR))


def test_while_the_customers_word_is_awaited_nobody_else_moves_the_claim():
    story = claim(accepted(LARGE), notified(), insurer_settled(LARGE))
    assert standing(told(story)) == (Status.WITH_INSURER, Owner.CUSTOMER, day(14))
    more = (insurer_settled(LARGE, "cheque-4"), *NOT_USABLE)
    for event in (*more, answered(AnswerChoice.PAY_THROUGH_US), insurer_notified()):
        assert not story.hear(event)
    assert the(ReviewOpened, story.hear(customer_says(confirmed=False))).review is ReviewKind.CONTESTED


def test_an_investigation_that_held_up_a_review_leads_to_the_customers_word_first():
    part, rest = insurer_settled(1_000_00), insurer_settled(LARGE - 1_000_00, "cheque-2")
    story = claim(accepted(LARGE), notified(), REFERS, part, suspected(Signal.SAME_EVIDENCE))
    assert not story.hear(rest)
    assert facts(story.hear(reviewed(ReviewKind.INVESTIGATION))) == []
    assert standing(told(story)) == (Status.WITH_INSURER, Owner.CUSTOMER, day(14))
    assert the(ClaimClosed, story.hear(customer_says(confirmed=True))).outcome is Outcome.RESOLVED_BY_INSURER


@pytest.mark.parametrize("meanwhile", [undeliverable(), notified(day(20))])
def test_a_notice_that_came_back_after_silence_waits_for_the_customers_word(meanwhile: Event):
    story = claim(accepted(LARGE), notified())
    story.wait_until(day(8))
    story.hear(insurer_settled(LARGE))
    assert not story.hear(meanwhile)
    assert the(ClaimClosed, story.hear(customer_says(confirmed=True))).outcome is Outcome.RESOLVED_BY_INSURER


@pytest.mark.parametrize(
    ("meanwhile", "looks"), [((), ReviewKind.AMOUNT), ((undeliverable(),), ReviewKind.UNDELIVERABLE)]
)
def test_a_review_that_the_customers_word_held_up_goes_on_when_nothing_has_arrived(
    meanwhile: tuple[Event, ...], looks: ReviewKind
):
    story = claim(accepted(LARGE), notified())
    story.wait_until(day(8))
    for event in (insurer_settled(LARGE), *meanwhile):
        story.hear(event)
    assert the(ReviewOpened, story.hear(customer_says(confirmed=False))).review is looks


def test_the_rest_settled_in_full_after_a_part_waits_for_the_customers_word():
    story = claim(accepted(LARGE), notified(), REFERS, insurer_settled(1_000_00))
    story.hear(insurer_settled(LARGE - 1_000_00, "cheque-2"))
    assert told(story).owner is Owner.CUSTOMER
    assert the(ReviewOpened, story.hear(customer_says(confirmed=False))).items == (
        finding(1, LARGE - 1_000_00, Reason.SETTLED_BY_INSURER),
    )


def test_an_insurer_who_settles_a_part_leaves_the_rest_to_an_adjuster():
    story = claim(accepted(300_00, 200_00), notified(), REFERS, insurer_notified())
    opened = the(ReviewOpened, story.hear(insurer_settled(400_00)))
    assert opened.review is ReviewKind.CONTESTED
    assert opened.items == (
        finding(1, 0, Reason.SETTLED_BY_INSURER),
        finding(2, 100_00, Reason.SETTLED_BY_INSURER),
    )
    said = story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 300_00)))
    assert the(PayoutAuthorized, said).amount_minor == 100_00


def test_the_same_proof_counts_once_and_another_once_more():
    story = claim(accepted(500_00), notified(), REFERS, insurer_settled(100_00, "cheque-1"))
    assert not story.hear(insurer_settled(100_00, "cheque-1"))
    story.hear(insurer_settled(100_00, "cheque-2"))
    assert the(PayoutAuthorized, story.hear(reviewed(ReviewKind.CONTESTED))).amount_minor == 300_00


def test_a_rest_that_is_not_valid_leaves_the_claim_resolved_by_the_insurer():
    story = claim(accepted(500_00), notified(), REFERS, insurer_settled(100_00))
    said = story.hear(reviewed(ReviewKind.CONTESTED, valid=False))
    assert facts(said) == [ClaimDecided, ClaimClosed]
    assert the(ClaimClosed, said).outcome is Outcome.RESOLVED_BY_INSURER


def test_a_settlement_in_another_currency_or_of_nothing_counts_for_nothing_and_is_looked_at():
    for reply in (insurer_settled(LARGE, currency=Currency.EUR), insurer_settled(0)):
        story = claim(accepted(500_00), notified(), REFERS, insurer_notified())
        assert the(ReviewOpened, story.hear(reply)).items == (finding(1, 500_00),)


def test_a_rejection_and_silence_of_the_insurer_go_to_an_adjuster():
    rejected = claim(accepted(), notified(), REFERS, insurer_notified())
    assert the(ReviewOpened, rejected.hear(insurer_rejected())).review is ReviewKind.CONTESTED
    silent = claim(accepted(), notified(), REFERS, insurer_notified(day(31)))
    assert the(ReviewOpened, silent.wait_until(day(31))).review is ReviewKind.CONTESTED


def test_an_insurer_whom_no_letter_reaches_goes_to_an_adjuster():
    story = claim(accepted(), notified(), REFERS)
    assert the(ReviewOpened, story.hear(undeliverable(NoticeKind.INSURER))).review is ReviewKind.CONTESTED


@pytest.mark.parametrize("reply", [insurer_rejected(), insurer_settled(0)])
def test_an_insurers_reply_heard_before_the_referral_is_remembered_for_it(reply: Event):
    story = claim(accepted(), notified())
    assert not story.hear(reply)
    assert the(ReviewOpened, story.hear(REFERS)).review is ReviewKind.CONTESTED


def test_a_customers_word_on_an_insurers_part_does_not_end_the_claim():
    story = claim(accepted(), notified(), REFERS, insurer_settled(100_00))
    assert not story.hear(customer_says(confirmed=True))


def test_a_settlement_while_approvals_are_out_lowers_what_is_paid():
    asked = (accepted(LARGE), notified(), insurer_notified(), answered(AnswerChoice.PAY_THROUGH_US))
    story = claim(*asked, authority_limit_minor=100_00)
    story.hear(insurer_settled(1_000_00))
    story.hear(approved("ann"))
    assert the(PayoutAuthorized, story.hear(approved("bob"))).amount_minor == LARGE - 1_000_00


def test_after_the_payout_was_authorised_no_settlement_changes_it():
    story = claim(accepted(), notified(), answered(AnswerChoice.PAY_THROUGH_US))
    for late in (insurer_settled(100_00), insurer_rejected(), customer_says(confirmed=True), settlement_reported()):
        assert not story.hear(late)
    assert case(story).status is Status.PAYOUT_PENDING


# The seller settles a part


def part(amount: int = 50_00) -> Event:
    return settlement_reported(amount=amount)


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_part_the_seller_has_settled_is_taken_off_and_a_person_looks_at_the_rest(confirmed: bool):
    story = claim(accepted(SMALL, 30_00), notified(), part())
    assert (told(story).status, told(story).owner) == (Status.SELLER_RESOLVING, Owner.CUSTOMER)
    said = story.hear(customer_says(confirmed=True)) if confirmed else story.wait_until(day(14))
    asked = the(ReviewOpened, said)
    assert asked.review is ReviewKind.CONTESTED
    assert asked.items == (finding(1, SMALL - 50_00, Reason.SETTLED_BY_SELLER), finding(2, 30_00))
    for again in (customer_says(confirmed=True), customer_says(confirmed=False), part()):
        assert not story.hear(again)
    assert the(PayoutAuthorized, story.hear(reviewed(ReviewKind.CONTESTED))).amount_minor == SMALL - 20_00


def test_a_part_that_did_not_arrive_is_not_taken_off():
    story = claim(accepted(SMALL), notified(), part())
    assert the(ReviewOpened, story.hear(customer_says(confirmed=False))).items == (finding(1, SMALL),)


def test_a_part_with_nothing_due_besides_leaves_the_claim_resolved_by_the_seller():
    story = claim(accepted(SMALL), notified(), part(), customer_says(confirmed=True))
    closed = the(ClaimClosed, story.hear(reviewed(ReviewKind.CONTESTED, valid=False)))
    assert closed.outcome is Outcome.RESOLVED_BY_SELLER


@pytest.mark.parametrize("amount", [SMALL, SMALL + 1])
def test_a_part_that_is_all_resolves_the_claim(amount: int):
    story = claim(accepted(SMALL), notified(), part(amount))
    assert the(ClaimClosed, story.hear(customer_says(confirmed=True))).outcome is Outcome.RESOLVED_BY_SELLER


def test_a_part_of_nothing_is_no_settlement():
    story = claim(accepted(SMALL), notified())
    assert not story.hear(part(0))
    assert case(story).answer is None


def test_a_promised_settlement_may_be_a_part():
    story = claim(accepted(SMALL), notified(), answered(AnswerChoice.SETTLE_DIRECTLY), part())
    assert the(ReviewOpened, story.hear(customer_says(confirmed=True))).items[0].allowed_minor == SMALL - 50_00


def test_an_insurer_whom_nobody_has_asked_settles_nothing_by_the_customers_silence():
    story = claim(accepted(LARGE), notified())
    story.hear(insurer_settled(LARGE))
    assert told(story).owner is Owner.CUSTOMER
    asked = the(ReviewOpened, story.wait_until(day(14)))
    assert (asked.review, sum(item.allowed_minor for item in asked.items)) == (ReviewKind.CONTESTED, LARGE)


def test_an_insurer_whom_nobody_has_asked_settles_the_claim_when_the_customer_confirms_it():
    story = claim(accepted(LARGE), notified(), insurer_settled(LARGE))
    assert the(ClaimClosed, story.hear(customer_says(confirmed=True))).outcome is Outcome.RESOLVED_BY_INSURER


@pytest.mark.parametrize("asked", [REFERS, insurer_notified()])
def test_a_referral_that_is_heard_after_the_insurers_settlement_makes_silence_an_answer_again(asked: Event):
    story = claim(accepted(LARGE), notified(), insurer_settled(LARGE), asked)
    assert the(ClaimClosed, story.wait_until(day(14))).outcome is Outcome.RESOLVED_BY_INSURER


def test_of_more_proofs_than_are_remembered_none_counts_twice():
    story = claim(accepted(LARGE), notified(), REFERS, insurer_notified())
    for number in range(MOST_PROOFS + 5):
        story.hear(insurer_settled(1_00, f"cheque-{number}"))
    settled = case(story).insurer_minor
    assert settled == MOST_PROOFS * 1_00
    story.hear(insurer_settled(1_00, "cheque-0"))
    assert case(story).insurer_minor == settled


# Settlements and reviews beside each other


@pytest.mark.parametrize("choice", [AnswerChoice.CONTEST, AnswerChoice.REFER_TO_INSURER])
def test_of_a_part_that_is_settled_after_another_answer_the_rest_is_judged(choice: AnswerChoice):
    story = claim(accepted(), notified(), answered(choice))
    story.hear(settlement_reported(amount=50_00))
    assert (case(story).status, case(story).owner) == (Status.SELLER_RESOLVING, Owner.CUSTOMER)
    said = story.hear(customer_says(confirmed=True))
    assert the(ReviewOpened, said).items == (finding(1, SMALL - 50_00, Reason.SETTLED_BY_SELLER),)


def test_of_a_part_that_is_settled_on_direct_pay_the_rest_is_judged():
    story = claim(accepted(), covered=True)
    story.hear(notified(direct_pay=True))
    story.hear(settlement_reported(amount=20_00))
    said = story.hear(customer_says(confirmed=True))
    assert the(ReviewOpened, said).items == (finding(1, SMALL - 20_00, Reason.SETTLED_BY_SELLER),)


def test_nobody_decides_on_what_the_seller_has_settled_before_the_customer_has_spoken():
    story = claim(accepted(), notified(), answered(AnswerChoice.CONTEST), settlement_reported())
    assert not story.hear(reviewed(ReviewKind.CONTESTED))
    assert the(ReviewOpened, story.hear(customer_says(confirmed=False))).review is ReviewKind.CONTESTED
    assert not story.hear(settlement_reported())


SUSPECT = (Signal.MANY_BY_CLAIMANT,)
ACCEPTS = answered(AnswerChoice.PAY_THROUGH_US)


def test_who_has_accepted_and_then_settled_himself_is_not_made_to_pay_once_more():
    """Both are heard while the claim is investigated, before its route is chosen."""
    story = claim(accepted(signals=SUSPECT), ACCEPTS, settlement_reported())
    assert PayoutAuthorized not in facts(story.hear(reviewed(ReviewKind.INVESTIGATION)))
    assert (case(story).status, case(story).owner) == (Status.SELLER_RESOLVING, Owner.CUSTOMER)
    assert the(ClaimClosed, story.hear(customer_says(confirmed=True))).outcome is Outcome.RESOLVED_BY_SELLER


def test_on_direct_pay_that_he_has_settled_himself_is_an_objection_though_he_had_none_before():
    story = claim(accepted(signals=SUSPECT), ACCEPTS, settlement_reported(), covered=True)
    said = story.hear(reviewed(ReviewKind.INVESTIGATION))
    assert the(RouteChosen, said).direct_pay
    assert the(ReviewOpened, said).review is ReviewKind.CONTESTED


def test_what_he_has_settled_before_the_route_is_known_is_asked_of_the_customer():
    story = claim(accepted(), settlement_reported(), known=False)
    assert (case(story).status, case(story).owner) == (Status.SELLER_RESOLVING, Owner.CUSTOMER)
    assert the(ClaimClosed, story.hear(customer_says(confirmed=True))).outcome is Outcome.RESOLVED_BY_SELLER


def test_what_was_disputed_after_it_had_been_reported_is_not_asked_again():
    story = claim(accepted(), notified(), answered(AnswerChoice.SETTLE_DIRECTLY))
    story.hear(settlement_reported())
    story.hear(insurer_settled(10_00))
    said = story.hear(customer_says(confirmed=False))
    assert the(ReviewOpened, said).review is ReviewKind.CONTESTED


def test_a_dispute_that_is_heard_before_the_report_it_is_about_counts():
    story = claim(accepted(), notified())
    story.wait_until(day(1))
    story.hear(customer_says(confirmed=False))
    assert the(ReviewOpened, story.hear(settlement_reported(day(0.5)))).review is ReviewKind.CONTESTED


def test_of_what_was_settled_after_he_had_said_that_nothing_came_the_customer_is_asked_again():
    story = claim(accepted(), notified(), answered(AnswerChoice.SETTLE_DIRECTLY))
    story.hear(customer_says(confirmed=False))
    story.wait_until(day(5))
    story.hear(settlement_reported(day(5)))
    assert (case(story).status, case(story).owner) == (Status.SELLER_RESOLVING, Owner.CUSTOMER)


def test_a_claim_that_waits_for_the_insurer_waits_on_when_the_seller_had_not_settled():
    story = claim(accepted(), notified(), answered(AnswerChoice.REFER_TO_INSURER), settlement_reported())
    story.hear(customer_says(confirmed=False))
    assert case(story).status is Status.WITH_INSURER


def test_a_letter_to_the_insurer_that_comes_back_after_its_reply_changes_nothing():
    story = claim(accepted(), notified(), answered(AnswerChoice.REFER_TO_INSURER), insurer_settled(SMALL))
    assert not story.hear(undeliverable(NoticeKind.INSURER))
    assert case(story).unconfirmed_minor == SMALL


# Whom nobody has asked


DIRECTLY = (accepted(), notified(day(2), direct_pay=True))


def test_what_an_insurer_whom_nobody_has_asked_settles_in_part_waits_for_the_customers_word():
    story = claim(*DIRECTLY, covered=True)
    story.hear(insurer_settled(SMALL - 1))
    assert standing(told(story)) == (Status.WITH_INSURER, Owner.CUSTOMER, day(14))
    assert facts(story.wait_until(day(2))) == []
    asked = the(ReviewOpened, story.hear(customer_says(confirmed=True)))
    assert (asked.review, asked.items) == (ReviewKind.CONTESTED, (finding(1, 1, Reason.SETTLED_BY_INSURER),))


def test_of_an_insurer_whom_nobody_has_asked_silence_about_a_part_confirms_nothing():
    story = claim(*DIRECTLY, insurer_settled(SMALL - 1), covered=True)
    assert the(ReviewOpened, story.wait_until(day(14))).items == (finding(1, SMALL),)


def test_parts_that_wait_for_the_customers_word_add_up():
    story = claim(accepted(LARGE), notified(), insurer_settled(1_000_00), insurer_settled(LARGE - 1_000_00, "cheque-2"))
    assert the(ClaimClosed, story.hear(customer_says(confirmed=True))).outcome is Outcome.RESOLVED_BY_INSURER


def test_of_what_the_seller_has_reported_meanwhile_the_customer_is_asked_after_the_insurers_part():
    story = claim(accepted(LARGE), notified(), insurer_settled(1_000_00))
    assert not story.hear(settlement_reported(amount=3_000_00))
    story.hear(customer_says(confirmed=True))
    assert standing(told(story)) == (Status.SELLER_RESOLVING, Owner.CUSTOMER, day(14))
    assert the(ReviewOpened, story.hear(customer_says(confirmed=True))).items[0].allowed_minor == 1_000_00


# What did not arrive


def test_a_part_that_did_not_arrive_is_looked_at_as_if_it_had_not_been_settled():
    story = claim(accepted(LARGE), notified(), REFERS, insurer_settled(1_000_00))
    asked = the(ReviewOpened, story.hear(customer_says(confirmed=False)))
    assert (asked.review, asked.items) == (ReviewKind.CONTESTED, (finding(1, LARGE),))
    assert the(PayoutAuthorized, story.hear(reviewed(ReviewKind.CONTESTED))).amount_minor == LARGE


def test_a_part_that_did_not_arrive_is_looked_at_before_the_rest_is_paid():
    heard = (accepted(LARGE), notified(), REFERS, insurer_settled(1_000_00))
    story = claim(*heard, authority_limit_minor=100_00)
    story.hear(reviewed(ReviewKind.CONTESTED))
    assert told(story).status is Status.AWAITING_APPROVAL
    assert the(ReviewOpened, story.hear(customer_says(confirmed=False))).items == (finding(1, LARGE),)


def test_who_investigates_is_asked_anew_about_a_part_that_did_not_arrive():
    story = claim(accepted(LARGE), notified(), REFERS, insurer_settled(1_000_00), suspected(Signal.SAME_EVIDENCE))
    asked = the(ReviewOpened, story.hear(customer_says(confirmed=False)))
    assert (asked.review, asked.items) == (ReviewKind.INVESTIGATION, (finding(1, LARGE),))
    assert the(ReviewOpened, story.hear(reviewed(ReviewKind.INVESTIGATION))).review is ReviewKind.CONTESTED


def test_a_part_that_did_not_arrive_is_owed_when_the_claim_is_reopened():
    story = claim(accepted(), notified(), REFERS, insurer_settled(SMALL - 1))
    story.hear(reviewed(ReviewKind.CONTESTED))
    story.hear(paid(1))
    assert not story.hear(customer_says(confirmed=False))
    asked = the(ReviewOpened, story.hear(reopening()))
    assert asked.items == (finding(1, SMALL - 1, Reason.PAID_BEFORE),)
    in_the_round = claim(accepted(), notified(), REFERS, insurer_settled(SMALL - 1))
    in_the_round.hear(reviewed(ReviewKind.CONTESTED, valid=False))
    assert the(ReviewOpened, in_the_round.hear(reopening())).items[0].allowed_minor == 1
    asked = the(ReviewOpened, in_the_round.hear(customer_says(confirmed=False)))
    assert (asked.review, asked.items) == (ReviewKind.REOPENED, (finding(1, SMALL),))


def test_a_dispute_that_is_heard_before_the_insurers_settlement_counts():
    story = claim(accepted(LARGE), notified(), REFERS, insurer_notified())
    story.wait_until(day(1))
    assert not story.hear(customer_says(confirmed=False))
    asked = the(ReviewOpened, story.hear(insurer_settled(LARGE), said_at=day(0.5)))
    assert (asked.review, asked.items) == (ReviewKind.CONTESTED, (finding(1, LARGE),))


def test_of_what_the_insurer_has_settled_after_he_had_said_that_nothing_came_the_customer_is_asked():
    story = claim(accepted(LARGE), notified(), REFERS, customer_says(confirmed=False))
    story.wait_until(day(1))
    story.hear(insurer_settled(LARGE))
    assert standing(told(story)) == (Status.WITH_INSURER, Owner.CUSTOMER, day(15))


def test_a_dispute_of_the_sellers_settlement_says_nothing_of_the_insurers_part():
    story = claim(accepted(LARGE), notified(), REFERS, insurer_settled(1_000_00), settlement_reported())
    asked = the(ReviewOpened, story.hear(customer_says(confirmed=False)))
    assert asked.items == (finding(1, LARGE - 1_000_00, Reason.SETTLED_BY_INSURER),)


# A claim that has grown since it was settled


@pytest.mark.parametrize("silent", [True, False])
def test_who_has_what_the_insurer_settled_before_the_claim_grew_has_the_rest_looked_at(silent: bool):
    story = claim(accepted(LARGE), notified(), REFERS, suspected(Signal.SAME_EVIDENCE), insurer_settled(LARGE))
    story.hear(amended(LARGE, 1_000_00))
    story.hear(reviewed(ReviewKind.INVESTIGATION))
    said = story.wait_until(day(14)) if silent else story.hear(customer_says(confirmed=True))
    assert the(ReviewOpened, said).items == (finding(1, 0, Reason.SETTLED_BY_INSURER), finding(2, 1_000_00))


@pytest.mark.parametrize("arrived", [True, False])
def test_a_direct_payment_that_has_crossed_the_line_goes_to_the_seller_after_the_customers_word(arrived: bool):
    story = claim(accepted(900_00), notified(day(2), direct_pay=True), insurer_settled(900_00), covered=True)
    assert facts(story.hear(amended(900_00, 600_00))) == []
    assert facts(story.hear(customer_says(confirmed=arrived))) == [RouteChosen]
    story.hear(notified(day(9)))
    rest = 600_00 if arrived else 1_500_00
    assert the(PayoutAuthorized, story.hear(answered(AnswerChoice.PAY_THROUGH_US))).amount_minor == rest


@pytest.mark.parametrize("silent", [True, False])
def test_what_the_seller_settled_in_full_is_a_part_of_a_claim_that_has_grown(silent: bool):
    story = claim(accepted(SMALL), notified(), settlement_reported())
    assert facts(story.hear(amended(SMALL, 300_00))) == []
    said = story.wait_until(day(14)) if silent else story.hear(customer_says(confirmed=True))
    assert the(ReviewOpened, said).items == (finding(1, 0, Reason.SETTLED_BY_SELLER), finding(2, 300_00))


# What is said once the claim has ended


def denied_in_the_end() -> Claim:
    story = claim(accepted(LARGE), notified(), REFERS, insurer_notified())
    story.wait_until(day(31))
    story.hear(reviewed(ReviewKind.CONTESTED, valid=False))
    return story


def test_what_the_insurer_settles_once_the_claim_has_ended_is_not_paid_again_when_it_is_reopened():
    story = denied_in_the_end()
    assert not story.hear(insurer_settled(LARGE))
    assert facts(story.hear(reopening())) == [ClaimReopened]
    assert (told(story).status, told(story).owner) == (Status.WITH_INSURER, Owner.CUSTOMER)
    assert the(ClaimClosed, story.hear(customer_says(confirmed=True))).outcome is Outcome.RESOLVED_BY_INSURER


def test_of_a_part_that_the_insurer_settles_once_the_claim_has_ended_the_rest_is_looked_at_again():
    story = denied_in_the_end()
    story.hear(insurer_settled(1_000_00))
    story.hear(reopening())
    asked = the(ReviewOpened, story.hear(customer_says(confirmed=True)))
    assert (asked.review, asked.items[0].allowed_minor) == (ReviewKind.REOPENED, LARGE - 1_000_00)


@pytest.mark.parametrize(
    ("word", "owed"),
    [(customer_says(confirmed=True), 0), (customer_says(confirmed=False), LARGE), (insurer_rejected(), LARGE)],
)
def test_a_word_on_what_the_insurer_settles_counts_though_the_claim_has_ended(word: Event, owed: int):
    story = denied_in_the_end()
    assert not story.hear(insurer_settled(LARGE))
    assert not story.hear(word)
    asked = the(ReviewOpened, story.hear(reopening()))
    assert (asked.review, asked.items[0].allowed_minor) == (ReviewKind.REOPENED, owed)


def test_what_the_customer_did_not_confirm_is_owed_when_he_appeals():
    story = claim(accepted(LARGE), notified(), REFERS, insurer_settled(LARGE))
    assert the(ClaimClosed, story.wait_until(day(14))).outcome is Outcome.RESOLVED_BY_INSURER
    assert the(ReviewOpened, story.hear(reopening())).items == (finding(1, LARGE),)


@pytest.mark.parametrize("unusable", [*NOT_USABLE, insurer_rejected()])
def test_what_is_no_settlement_changes_nothing_of_a_claim_that_has_ended(unusable: Event):
    story = denied_in_the_end()
    before = case(story)
    assert not story.hear(unusable)
    assert case(story) == before


@pytest.mark.parametrize("said", [settlement_reported(day(2)), answered(AnswerChoice.CONTEST, day(3))])
def test_what_the_seller_says_in_time_of_a_claim_that_was_withdrawn_is_known_when_it_is_reopened(said: Event):
    story = claim(accepted(LARGE), notified(), withdrawn())
    story.wait_until(day(3))
    assert not story.hear(said)
    story.hear(reopening())
    assert the(PayoutAuthorized, story.hear(reviewed(ReviewKind.REOPENED))).route is Route.SELLER_REJECTED


def test_what_the_seller_says_too_late_or_of_a_duplicate_is_evidence_only():
    late = claim(accepted(LARGE), notified(), withdrawn())
    late.wait_until(day(8))
    duplicate = claim(accepted(LARGE), notified(), is_duplicate())
    for story in (late, duplicate):
        before = case(story)
        assert not story.hear(answered(AnswerChoice.CONTEST, day(8)))
        assert case(story) == before
