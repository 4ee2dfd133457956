"""Reviews: a person looks, and what follows."""

import pytest

from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import InjuryClass, Reason
from shared.events.escalation import (
    ClaimClosed,
    ClaimDecided,
    ClaimEscalated,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReviewOpened,
    Route,
    Status,
)
from shared.events.seller_portal import AnswerChoice
from tests.deciding import START, day
from tests.escalation.given import (
    HUGE,
    accepted,
    answered,
    approval_refused,
    approved,
    claim,
    facts,
    finding,
    notified,
    reviewed,
    the,
    told,
    undeliverable,
    withdrawn,
)

CONTESTS, ACCEPTS = answered(AnswerChoice.CONTEST), answered(AnswerChoice.PAY_THROUGH_US)


def test_a_contested_claim_that_is_valid_is_stepped_in_and_paid():
    story = claim(accepted(), notified(), CONTESTS)
    assert (told(story).status, told(story).owner, told(story).by) == (Status.UNDER_REVIEW, Owner.ADJUSTER, day(40))
    said = story.hear(reviewed(ReviewKind.CONTESTED))
    assert facts(said) == [ClaimEscalated, ClaimDecided, PayoutAuthorized]
    assert the(ClaimEscalated, said).route is the(PayoutAuthorized, said).route is Route.SELLER_REJECTED


def test_a_contested_claim_that_is_not_valid_is_denied_item_by_item():
    story = claim(accepted(100_00, 200_00), notified(), CONTESTS)
    said = story.hear(reviewed(ReviewKind.CONTESTED, valid=False))
    assert facts(said) == [ClaimDecided, ClaimClosed]
    decided = the(ClaimDecided, said)
    assert (decided.allowed_minor, decided.findings) == (
        0,
        (finding(1, 0, Reason.NOT_PROVEN), finding(2, 0, Reason.NOT_PROVEN)),
    )
    assert the(ClaimClosed, said).outcome is Outcome.DENIED


def test_a_denial_gives_the_adjusters_reasons():
    story = claim(accepted(), notified(), CONTESTS)
    said = story.hear(reviewed(ReviewKind.CONTESTED, valid=False, reasons=(Reason.NOT_DEFECTIVE,)))
    assert the(ClaimDecided, said).findings == (finding(1, 0, Reason.NOT_DEFECTIVE),)
    assert the(ClaimClosed, said).reasons == (Reason.NOT_DEFECTIVE,)


CONTESTS_THE_SECOND = answered(AnswerChoice.CONTEST, START, 2)


def test_only_contested_items_are_in_question():
    story = claim(accepted(100_00, 200_00), notified(), CONTESTS_THE_SECOND)
    assert the(ReviewOpened, story.said).contested == (2,)
    said = story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 0, Reason.NOT_PROVEN), finding(2, 150_00)))
    assert the(ClaimDecided, said).findings == (finding(1, 100_00), finding(2, 150_00))
    assert the(ClaimEscalated, said).route is the(PayoutAuthorized, said).route is Route.SELLER_REJECTED


def test_what_a_seller_does_not_contest_is_paid_where_the_rest_is_not_valid():
    story = claim(accepted(100_00, 200_00), notified(), CONTESTS_THE_SECOND)
    said = story.hear(reviewed(ReviewKind.CONTESTED, valid=False, reasons=(Reason.NOT_DEFECTIVE,)))
    assert facts(said) == [ClaimDecided, PayoutAuthorized]
    assert the(ClaimDecided, said).findings == (finding(1, 100_00), finding(2, 0, Reason.NOT_DEFECTIVE))
    assert the(PayoutAuthorized, said).route is Route.SELLER_ACCEPTED


def test_where_nothing_of_the_contested_items_is_found_the_seller_has_accepted_the_others():
    story = claim(accepted(100_00, 200_00), notified(), CONTESTS_THE_SECOND)
    said = story.hear(reviewed(ReviewKind.CONTESTED, finding(2, 0, Reason.NOT_PROVEN)))
    assert facts(said) == [ClaimDecided, PayoutAuthorized]
    assert the(PayoutAuthorized, said).route is Route.SELLER_ACCEPTED


def test_of_a_claim_whose_other_items_come_to_nothing_a_contest_of_one_denies_all():
    story = claim(accepted(0, 200_00), notified(), CONTESTS_THE_SECOND)
    said = story.hear(reviewed(ReviewKind.CONTESTED, valid=False))
    assert the(ClaimClosed, said).outcome is Outcome.DENIED


@pytest.mark.parametrize("contested", [(), (1, 2), (7,), (2, 1, 1)])
def test_a_contest_of_all_items_or_of_none_that_there_is_puts_all_in_question(contested: tuple[int, ...]):
    story = claim(accepted(100_00, 200_00), notified(), answered(AnswerChoice.CONTEST, START, *contested))
    assert the(ReviewOpened, story.said).contested == ()
    assert ClaimClosed in facts(story.hear(reviewed(ReviewKind.CONTESTED, valid=False)))


def test_an_approver_who_sends_back_a_partial_contest_has_all_items_looked_at():
    story = claim(accepted(HUGE, 200_00), notified(), CONTESTS_THE_SECOND)
    story.hear(reviewed(ReviewKind.CONTESTED, valid=False))
    assert the(ReviewOpened, story.hear(approval_refused())).contested == ()
    said = story.hear(reviewed(ReviewKind.AMOUNT, finding(1, 100_00)))
    assert the(PayoutAuthorized, said).route is Route.SELLER_REJECTED


def test_of_several_findings_for_one_item_the_lowest_counts():
    story = claim(accepted(100_00), notified(), CONTESTS)
    said = story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 30_00), finding(1, 80_00)))
    assert the(PayoutAuthorized, said).amount_minor == 30_00


@pytest.mark.parametrize("round_", [None, 1])
def test_a_decision_names_its_round_or_means_the_present_one(round_: int | None):
    story = claim(accepted(), notified(), CONTESTS)
    assert not story.hear(reviewed(ReviewKind.CONTESTED, round_=2))
    assert PayoutAuthorized in facts(story.hear(reviewed(ReviewKind.CONTESTED, round_=round_)))


def test_findings_are_paid_and_items_left_out_are_paid_as_admitted():
    story = claim(accepted(100_00, 200_00), notified(), CONTESTS)
    said = story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 40_00, Reason.NOT_PROVEN)))
    decided = the(ClaimDecided, said)
    assert decided.findings == (finding(1, 40_00, Reason.NOT_PROVEN), finding(2, 200_00))
    assert the(PayoutAuthorized, said).amount_minor == decided.allowed_minor == 240_00


def test_findings_never_exceed_what_was_admitted_and_unknown_items_do_not_count():
    story = claim(accepted(100_00), notified(), CONTESTS)
    said = story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 900_00), finding(2, 900_00)))
    assert the(PayoutAuthorized, said).amount_minor == 100_00


def test_findings_of_nothing_deny_the_claim_for_their_reasons():
    story = claim(accepted(), notified(), CONTESTS)
    said = story.hear(reviewed(ReviewKind.CONTESTED, finding(1, 0, Reason.NOT_DEFECTIVE)))
    assert facts(said) == [ClaimDecided, ClaimClosed]
    assert the(ClaimClosed, said).reasons == (Reason.NOT_DEFECTIVE,)


def test_a_person_looks_once_also_where_a_serious_injury_is_contested():
    story = claim(accepted(injury=InjuryClass.SERIOUS), notified(), CONTESTS)
    assert PayoutAuthorized in facts(story.hear(reviewed(ReviewKind.CONTESTED)))


@pytest.mark.parametrize("kind", [ReviewKind.AMOUNT, ReviewKind.SERIOUS_INJURY, ReviewKind.UNDELIVERABLE])
def test_a_decision_of_another_review_changes_nothing(kind: ReviewKind):
    assert not claim(accepted(), notified(), CONTESTS).hear(reviewed(kind))


def test_a_decision_without_a_review_changes_nothing():
    for kind in ReviewKind:
        assert not claim(accepted(), notified()).hear(reviewed(kind))


def test_a_serious_injury_that_the_seller_accepts_is_paid_after_a_person_looked():
    story = claim(accepted(injury=InjuryClass.SERIOUS), notified(), ACCEPTS)
    said = story.hear(reviewed(ReviewKind.SERIOUS_INJURY))
    assert facts(said) == [ClaimDecided, PayoutAuthorized]
    assert the(PayoutAuthorized, said).route is Route.SELLER_ACCEPTED


def test_an_overdue_review_is_asked_for_again_with_a_new_moment():
    story = claim(accepted(), notified(), CONTESTS)
    assert the(ReviewOpened, story.wait_until(day(40))).decide_by == day(80)
    assert told(story).by == day(80)
    assert PayoutAuthorized in facts(story.hear(reviewed(ReviewKind.CONTESTED)))


def test_a_second_look_forgets_the_findings_of_the_first():
    story = claim(accepted(HUGE), notified(), CONTESTS, reviewed(ReviewKind.CONTESTED, finding(1, 15_000_00)))
    said = story.hear(approval_refused())
    assert (the(ReviewOpened, said).review, the(ReviewOpened, said).items) == (ReviewKind.AMOUNT, (finding(1, HUGE),))
    story.hear(reviewed(ReviewKind.AMOUNT, finding(1, 12_000_00)))
    story.hear(approved("ann"))
    assert the(PayoutAuthorized, story.hear(approved("bob"))).amount_minor == 12_000_00


@pytest.mark.parametrize("heard", [(notified(), CONTESTS), (undeliverable(),)])
def test_a_customer_may_withdraw_during_a_review(heard: tuple[Event, ...]):
    story = claim(accepted(), *heard, withdrawn())
    assert told(story).outcome is Outcome.WITHDRAWN
    for kind in ReviewKind:
        assert not story.hear(reviewed(kind))
