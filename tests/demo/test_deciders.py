"""Insurers, adjusters, approvers and finance."""

from collections import Counter

from ops.demo.outside.adjusters import ADJUSTERS, Adjusters
from ops.demo.outside.finance import Finance
from ops.demo.outside.insurers import Insurers
from shared.events.adjusters import PayoutApproved, PayoutRefused, ReviewDecided, ReviewKind
from shared.events.base import claim_id_of
from shared.events.finance import PayoutFailed, PayoutPaid, SellerDebitCollected, SellerDebitFailed
from shared.events.insurers import InsurerRejected, InsurerSettled
from tests.deciding import day
from tests.demo.given import (
    SEED,
    accepted,
    answers,
    approval_requested,
    claim_ids,
    debit_requested,
    events,
    insurer_notified,
    only,
    payout_authorized,
    review_opened,
    submission_ids,
)


def test_insurers_settle_in_full_or_in_part_reject_or_keep_silent() -> None:
    insurers, seen = Insurers(SEED), Counter[str]()
    for submission_id in submission_ids():
        answers(insurers, accepted(submission_id, 50_000))
        said = answers(insurers, insurer_notified(claim_id_of(submission_id)))
        amounts = [settled.amount_minor for settled in only(InsurerSettled, said)]
        seen["late"] += any(saying.at > day(30) for saying in said)
        seen["full"] += amounts == [50_000]
        seen["part"] += bool(amounts) and 0 < amounts[0] < 50_000
        seen["rejected"] += bool(only(InsurerRejected, said))
        seen["silent"] += not said
    assert all(seen[what] for what in ("late", "full", "part", "rejected", "silent"))


def test_an_insurer_that_has_the_notice_first_answers_when_it_knows_the_claim() -> None:
    for submission_id in submission_ids(30):
        notice = insurer_notified(claim_id_of(submission_id))
        first, last = Insurers(SEED), Insurers(SEED)
        assert not answers(first, notice)
        answers(last, accepted(submission_id))
        assert answers(first, accepted(submission_id)) == answers(last, notice)


def test_adjusters_decide_in_days_a_few_when_overdue() -> None:
    moments = [said[0].at for c in claim_ids() if (said := answers(Adjusters(SEED), review_opened(c)))]
    assert len(moments) == 400
    assert 0.9 < sum(moment < day(10) for moment in moments) / 400 < 1
    assert any(moment > day(40) for moment in moments)


def test_adjusters_find_some_invalid_and_cut_an_item_of_others() -> None:
    found = [d for c in claim_ids() for d in only(ReviewDecided, answers(Adjusters(SEED), review_opened(c)))]
    assert {decision.adjuster for decision in found} == set(ADJUSTERS)
    assert 0.2 < sum(not decision.valid for decision in found) / 400 < 0.4
    cut = [finding for decision in found for finding in decision.findings]
    assert cut
    assert all(finding.reasons and finding.allowed_minor < {1: 9_000, 2: 40_000}[finding.item] for finding in cut)


def test_a_review_of_the_amount_is_rarely_a_no() -> None:
    asked = [review_opened(c, ReviewKind.AMOUNT) for c in claim_ids()]
    found = [d.valid for review in asked for d in only(ReviewDecided, answers(Adjusters(SEED), review))]
    assert sum(found) > 360


def test_two_approve_now_and_then_one_twice_first_and_some_refuse() -> None:
    asked = [answers(Adjusters(SEED), approval_requested(c)) for c in claim_ids()]
    approvers = [[approved.approver for approved in only(PayoutApproved, said)] for said in asked]
    unrefused = [names for names, said in zip(approvers, asked, strict=True) if not only(PayoutRefused, said)]
    assert any(len(names) == 3 and names[0] == names[1] for names in approvers)
    assert any(only(PayoutRefused, said) for said in asked)
    assert all(len(set(names)) == 2 for names in unrefused)
    assert len(unrefused) < len(asked)


def test_who_refused_once_approves_when_asked_again() -> None:
    for claim_id in claim_ids(100):
        adjusters, asked = Adjusters(SEED), approval_requested(claim_id)
        answers(adjusters, asked)
        again = answers(adjusters, asked, day(30), number=2)
        assert len({approved.approver for approved in only(PayoutApproved, again)}) == 2
        assert not only(PayoutRefused, again)


def test_finance_mostly_pays_within_hours() -> None:
    said = [answers(Finance(SEED), payout_authorized(c)) for c in claim_ids()]
    paid = [each for each in said if each and isinstance(each[0].event, PayoutPaid)]
    assert len(paid) > 340
    assert all(day(0) < each[0].at < day(2) for each in paid)


def test_finance_pays_one_payout_once_however_often_it_is_asked() -> None:
    for claim_id in claim_ids():
        finance, payments = Finance(SEED), set[str]()
        for attempt in range(1, 5):
            order = payout_authorized(claim_id, attempt, amount_minor=49_000 + attempt)
            payments |= {e.model_dump_json() for e in only(PayoutPaid, answers(finance, order, day(attempt * 2)))}
        assert len(payments) <= 1, "one reference, one amount: that of the first order"


def test_some_payouts_fail_first_then_are_paid_some_never_and_some_orders_are_lost() -> None:
    ways = Counter[str]()
    for claim_id in claim_ids(1500):
        finance = Finance(SEED)
        tries = [events(answers(finance, payout_authorized(claim_id, n), day(n * 3))) for n in (1, 2, 3)]
        first = [event for event in tries[0] if isinstance(event, PayoutFailed)]
        paid = any(isinstance(event, PayoutPaid) for said in tries for event in said)
        ways["failed, then paid"] += bool(first) and not first[0].final and paid
        ways["failed for good"] += bool(first) and first[0].final and not paid
        ways["failed each time"] += bool(first) and not first[0].final and not paid
        ways["lost, then paid"] += not tries[0] and paid
        ways["refused, but paid"] += bool(first) and first[0].final and paid
        ways["told twice"] += len(tries[0]) == 2 and tries[0][0] == tries[0][1]
    assert len(+ways) == 6, ways


def test_an_order_heard_twice_from_the_log_counts_once() -> None:
    for claim_id in claim_ids(100):
        finance, order = Finance(SEED), payout_authorized(claim_id)
        assert answers(finance, order) == answers(finance, order)


def test_debits_are_collected_in_full_in_parts_or_not_at_all() -> None:
    ways = Counter[str]()
    for number, claim_id in enumerate(claim_ids(1000)):
        said = answers(Finance(SEED), debit_requested(claim_id, f"seller-{number}"))
        parts = only(SellerDebitCollected, said)
        collected = sum({part.finance_reference: part.amount_minor for part in parts}.values())
        failed = bool(only(SellerDebitFailed, said))
        assert collected <= 49_000
        assert failed == (collected < 49_000)
        ways["whole"] += len(parts) == 1 and not failed
        ways["told twice"] += len(parts) == 2 and parts[0] == parts[1]
        ways["in parts"] += len({part.finance_reference for part in parts}) > 1
        ways["part, then fails"] += 0 < collected < 49_000
        ways["fails"] += not parts
    assert len(+ways) == 5, ways


def test_a_debit_of_one_cent_is_never_split() -> None:
    for claim_id in claim_ids():
        parts = only(SellerDebitCollected, answers(Finance(SEED), debit_requested(claim_id, amount_minor=1)))
        assert {part.amount_minor for part in parts} <= {1}


def test_from_some_sellers_nothing_can_be_collected_ever() -> None:
    def nothing(seller_id: str) -> bool:
        said = [answers(Finance(SEED), debit_requested(c, seller_id)) for c in claim_ids(30)]
        return not any(only(SellerDebitCollected, each) for each in said)

    insolvent = sum(nothing(f"seller-{number}") for number in range(200))
    assert 2 <= insolvent <= 25
