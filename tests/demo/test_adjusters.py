"""Adjusters, approvers, insurers, and who finds that two claims are one."""

from collections import Counter
from datetime import datetime

from ops.demo.luck import Fate
from ops.demo.outside.adjusters import (
    ADJUSTERS,
    Adjusters,
    Approval,
    Dispute,
    Pace,
    SecondLook,
    Suspicion,
    Verdict,
)
from ops.demo.outside.duplicates import Duplicates, Found
from ops.demo.outside.insurers import Insurers
from ops.demo.outside.party import Saying
from shared.events.adjusters import (
    AppealDecided,
    DuplicateEstablished,
    PayoutApproved,
    PayoutRefused,
    ReviewDecided,
    ReviewKind,
)
from shared.events.base import claim_id_of, derived_id
from shared.events.claim import Reason, Signal
from shared.events.finance import PayoutPaid
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import ClaimAccepted
from shared.money import Currency
from tests.deciding import day
from tests.demo.given import (
    FATE,
    accepted,
    answers,
    approval_requested,
    claim_ids,
    disputed,
    fated,
    insurer_notified,
    only,
    review_opened,
)

CLAIM = next(claim_ids())


def decided(*choices: Verdict | Suspicion | SecondLook, kind: ReviewKind = ReviewKind.CONTESTED) -> ReviewDecided:
    review = review_opened(CLAIM, kind)
    [decision] = only(ReviewDecided, answers(Adjusters(fated(CLAIM, *choices)), review))
    return decision


def test_insurers_settle_in_full_or_in_part_reject_or_keep_silent() -> None:
    insurers, seen = Insurers(FATE), Counter[str]()
    for claim_id in claim_ids():
        said = answers(insurers, insurer_notified(claim_id))
        amounts = [settled.amount_minor for settled in only(InsurerSettled, said)]
        seen["late"] += any(saying.at > day(30) for saying in said)
        seen["full"] += amounts == [50_000]
        seen["part"] += bool(amounts) and 0 < amounts[0] < 50_000
        seen["rejected"] += bool(only(InsurerRejected, said))
        seen["silent"] += not said
    assert all(seen[what] for what in ("late", "full", "part", "rejected", "silent"))


def test_an_insurer_that_is_not_told_the_amount_says_nothing() -> None:
    unknown = insurer_notified(CLAIM).model_copy(update={"currency": None, "admitted_minor": None})
    assert not answers(Insurers(FATE), unknown)


def test_adjusters_decide_in_days_a_few_when_overdue() -> None:
    moments = [said[0].at for c in claim_ids() if (said := answers(Adjusters(FATE), review_opened(c)))]
    assert len(moments) == 400
    assert 0.9 < sum(moment < day(10) for moment in moments) / 400 < 1
    assert any(moment > day(40) for moment in moments)
    [late] = answers(Adjusters(fated(CLAIM, Pace.OVERDUE)), review_opened(CLAIM))
    assert late.at > day(40)


def test_adjusters_find_some_invalid_and_cut_an_item_of_others() -> None:
    found = [d for c in claim_ids() for d in only(ReviewDecided, answers(Adjusters(FATE), review_opened(c)))]
    assert {decision.adjuster for decision in found} == set(ADJUSTERS)
    assert 0.2 < sum(not decision.valid for decision in found) / 400 < 0.4
    assert all(bool(decision.reasons) != decision.valid for decision in found)
    cut = [finding for decision in found for finding in decision.findings]
    assert cut
    assert all(finding.reasons and finding.allowed_minor < {1: 9_000, 2: 40_000}[finding.item] for finding in cut)


def test_a_review_of_the_amount_is_rarely_a_no() -> None:
    asked = [review_opened(c, ReviewKind.AMOUNT) for c in claim_ids()]
    found = [d.valid for review in asked for d in only(ReviewDecided, answers(Adjusters(FATE), review))]
    assert sum(found) > 360


def test_every_decision_names_its_round() -> None:
    again = review_opened(CLAIM, ReviewKind.REOPENED).model_copy(update={"round": 2})
    [decision] = only(ReviewDecided, answers(Adjusters(fated(CLAIM)), again))
    assert (decision.round, decision.review) == (2, ReviewKind.REOPENED)


def test_every_answer_names_what_was_asked() -> None:
    name = derived_id("question", CLAIM, 1)
    review = review_opened(CLAIM).model_copy(update={"question_id": name})
    approval = approval_requested(CLAIM).model_copy(update={"question_id": name})
    for way in Approval:
        adjusters = Adjusters(fated(CLAIM, way))
        said = [*answers(adjusters, review), *answers(adjusters, approval)]
        answered = [
            each.event for each in said if isinstance(each.event, ReviewDecided | PayoutApproved | PayoutRefused)
        ]
        assert {each.question_id for each in answered} == {name}


def test_an_investigation_ends_in_fraud_or_in_nothing_and_strong_signals_weigh() -> None:
    fraud = decided(Suspicion.FRAUD, kind=ReviewKind.INVESTIGATION)
    assert (fraud.valid, fraud.reasons) == (False, (Reason.FRAUD,))
    assert decided(Suspicion.CLEARED, kind=ReviewKind.INVESTIGATION).valid
    invalid = Counter[Signal]()
    for signal in (Signal.SAME_EVIDENCE, Signal.JUST_UNDER_LINE):
        for claim_id in claim_ids():
            review = review_opened(claim_id, ReviewKind.INVESTIGATION).model_copy(update={"signals": (signal,)})
            [found] = only(ReviewDecided, answers(Adjusters(FATE), review))
            invalid[signal] += not found.valid
    assert invalid[Signal.SAME_EVIDENCE] > 2 * invalid[Signal.JUST_UNDER_LINE] > 0


def test_a_second_look_grants_grants_in_part_or_refuses() -> None:
    found = {look: decided(look, kind=ReviewKind.REOPENED) for look in SecondLook}
    assert {look: (d.valid, bool(d.findings)) for look, d in found.items()} == {
        SecondLook.GRANTED: (True, False),
        SecondLook.CUT: (True, True),
        SecondLook.REFUSED: (False, False),
    }


def test_a_sellers_appeal_is_won_or_lost_in_time_or_when_overdue() -> None:
    said = [answers(Adjusters(FATE), disputed(c)) for c in claim_ids(600)]
    won = [d.won for each in said for d in only(AppealDecided, each)]
    assert len(won) == 600
    assert 0.3 < sum(won) / 600 < 0.5
    assert any(saying.at > day(30) for each in said for saying in each)
    [lost] = only(AppealDecided, answers(Adjusters(fated(CLAIM, Dispute.CUSTOMER)), disputed(CLAIM)))
    assert not lost.won


def test_two_approve_now_and_then_one_twice_first_and_some_refuse() -> None:
    asked = [answers(Adjusters(FATE), approval_requested(c)) for c in claim_ids()]
    approvers = [[approved.approver for approved in only(PayoutApproved, said)] for said in asked]
    assert any(len(names) == 3 and names[0] == names[1] for names in approvers)
    assert any(only(PayoutRefused, said) for said in asked)
    assert any(not said for said in asked)


def test_the_adjuster_who_decided_approves_too_and_two_others_do() -> None:
    adjusters = Adjusters(fated(CLAIM, Approval.BY_ADJUSTER))
    [decision] = only(ReviewDecided, answers(adjusters, review_opened(CLAIM)))
    said = answers(adjusters, approval_requested(CLAIM))
    names = [approved.approver for approved in only(PayoutApproved, sorted(said, key=_moment))]
    assert names[0] == decision.adjuster
    assert len(set(names)) == 3


def _moment(saying: Saying) -> datetime:
    return saying.at


def test_who_refused_once_or_never_answered_approves_when_asked_again() -> None:
    for way in (Approval.REFUSED, Approval.NEVER, Approval.OVERDUE):
        adjusters, asked = Adjusters(fated(CLAIM, way)), approval_requested(CLAIM)
        answers(adjusters, asked)
        again = answers(adjusters, asked, day(30), number=2)
        assert len({approved.approver for approved in only(PayoutApproved, again)}) == 2
        assert not only(PayoutRefused, again)


def filed(submission_id: str) -> ClaimAccepted:
    """One of the claims about the same order and incident."""
    return accepted(submission_id).model_copy(update={"order_id": "order-1"})


def paid(submission_id: str) -> PayoutPaid:
    claim_id = claim_id_of(submission_id)
    return PayoutPaid(
        claim_id=claim_id, payout_id=derived_id("payout", claim_id, 1), currency=Currency.USD, amount_minor=49_000,
        finance_reference="pay:1",
    )  # fmt: skip


def test_two_claims_about_one_order_are_found_before_or_after_the_second_is_paid() -> None:
    later = claim_id_of("sub-2")
    for found, moments in ((Found.BEFORE_PAYOUT, [True, False]), (Found.AFTER_PAYOUT, [False, True])):
        duplicates = Duplicates(fated(later, found))
        assert not answers(duplicates, filed("sub-1"))
        said = [answers(duplicates, filed("sub-2"), day(1)), answers(duplicates, paid("sub-2"), day(5))]
        assert [bool(each) for each in said] == moments
        [event] = [e for each in said for e in only(DuplicateEstablished, each)]
        assert (event.claim_id, event.duplicate_of) == (later, claim_id_of("sub-1"))


def test_the_claim_that_was_submitted_first_goes_on_whichever_is_heard_of_first() -> None:
    fate = fated(claim_id_of("sub-2"), Found.AFTER_PAYOUT)
    one, other = Duplicates(fate), Duplicates(fate)
    told = [(filed("sub-1"), day(1)), (filed("sub-2"), day(2)), (paid("sub-2"), day(5))]
    first = [s for event, at in told for s in answers(one, event, at)]
    second = [s for event, at in told[::-1] for s in answers(other, event, at)]
    assert first == second != []


def test_a_claim_that_another_repeats_is_no_duplicate_of_one_that_is_heard_of_later() -> None:
    ids = {name: claim_id_of(name) for name in ("sub-1", "sub-2", "sub-3")}
    duplicates = Duplicates(Fate(1, {str(claim_id): [Found.BEFORE_PAYOUT] for claim_id in ids.values()}))
    told = (("sub-2", day(1)), ("sub-3", day(2)), ("sub-1", day(9)))
    said = [saying for name, at in told for saying in answers(duplicates, filed(name), at)]
    found = {event.claim_id: event.duplicate_of for event in only(DuplicateEstablished, said)}
    assert found == {ids["sub-3"]: ids["sub-2"], ids["sub-1"]: ids["sub-2"]}


def test_claims_about_other_orders_are_no_duplicates() -> None:
    duplicates = Duplicates(fated(claim_id_of("sub-2"), Found.BEFORE_PAYOUT))
    answers(duplicates, filed("sub-1"))
    assert not answers(duplicates, accepted("sub-2"))
