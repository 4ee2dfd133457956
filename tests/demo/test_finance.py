"""Finance: it pays, fails, errs and mends it; it collects, stops, pays back, and hears from insurers."""

from collections import Counter

from ops.demo.luck import Fate
from ops.demo.outside.collecting import Collections, Collects
from ops.demo.outside.directory import Stands
from ops.demo.outside.finance import Finance, Pays, Recall
from ops.demo.outside.insurers import InsurerPays, Insurers
from ops.demo.outside.party import Saying
from ops.demo.outside.paying import AfterWriteOff, Payers, PaysHimself
from shared.events.base import Event, derived_id
from shared.events.finance import (
    DebitFailure,
    InsurerPaymentReceived,
    PayoutFailed,
    PayoutPaid,
    PayoutReturned,
    SellerDebitCollected,
    SellerDebitFailed,
    SellerPaymentReceived,
    SellerRefundPaid,
)
from shared.events.recovery import (
    FinanceResultQuestioned,
    RecoveryWrittenOff,
    RefundReason,
    ResultProblem,
    SellerDebitStopped,
    SellerRefundRequested,
    WriteOffReason,
)
from shared.money import Currency
from tests.deciding import day
from tests.demo.given import (
    FATE,
    SEED,
    answers,
    claim_ids,
    debit_noticed,
    debit_requested,
    events,
    fated,
    insurer_demanded,
    only,
    payout_authorized,
    payout_recalled,
)

CLAIM = next(claim_ids())
AMOUNT = 49_000


def test_finance_mostly_pays_within_hours() -> None:
    said = [answers(Finance(FATE), payout_authorized(c)) for c in claim_ids()]
    paid = [each for each in said if each and isinstance(each[0].event, PayoutPaid)]
    assert len(paid) > 340
    assert all(day(0) < each[0].at < day(2) for each in paid)


def test_however_often_it_is_asked_finance_pays_one_payout_once_but_for_its_own_mistakes() -> None:
    more = 0
    for claim_id in claim_ids():
        finance, payments = Finance(FATE), set[str]()
        for attempt in range(1, 5):
            order = payout_authorized(claim_id, attempt, amount_minor=AMOUNT + attempt)
            payments |= {e.finance_reference for e in only(PayoutPaid, answers(finance, order, day(attempt * 2)))}
        more += len(payments) > 1
    assert 0 < more < 20


def tries(claim_id_fate: Fate, count: int = 3) -> list[list[Event]]:
    finance = Finance(claim_id_fate)
    return [events(answers(finance, payout_authorized(CLAIM, n), day(n * 3))) for n in range(1, count + 1)]


def test_payouts_go_in_every_way() -> None:
    def kinds(way: Pays) -> list[list[str]]:
        return [[_short(event) for event in said] for said in tries(fated(CLAIM, way))]

    assert {way: kinds(way) for way in Pays} == {
        Pays.AT_ONCE: [["paid"], ["paid"], ["paid"]],
        Pays.TOLD_TWICE: [["paid", "paid"], ["paid"], ["paid"]],
        Pays.SECOND_TRY: [["failed"], ["paid"], ["paid"]],
        Pays.THIRD_TRY: [["failed"], ["failed"], ["paid"]],
        Pays.BY_ITSELF: [["failed", "paid"], ["paid"], ["paid"]],
        Pays.ORDER_LOST: [[], ["paid"], ["paid"]],
        Pays.REFUSED: [["refused"], ["refused"], ["refused"]],
        Pays.FAILS: [["failed"], ["failed"], ["failed"]],
        Pays.REFUSED_BUT_PAID: [["refused", "paid"], ["paid"], ["paid"]],
        Pays.PAID_TWICE: [["paid", "paid again"], ["paid"], ["paid"]],
        Pays.RETURNED: [["paid", "returned"], ["paid"], ["paid"]],
    }


def _short(event: Event) -> str:
    match event:
        case PayoutPaid():
            return "paid again" if event.finance_reference.endswith("again") else "paid"
        case PayoutFailed():
            return "refused" if event.final else "failed"
        case PayoutReturned():
            return "returned"
        case _:
            raise AssertionError(event)


def test_another_payee_is_paid_where_the_first_could_not_be() -> None:
    finance = Finance(fated(CLAIM, Pays.REFUSED))
    assert only(PayoutFailed, answers(finance, payout_authorized(CLAIM)))
    other = payout_authorized(CLAIM, 2).model_copy(update={"payee_ref": "payee-2"})
    [paid] = only(PayoutPaid, answers(finance, other, day(5)))
    assert "payee-2" in paid.finance_reference


def test_a_second_payment_that_is_questioned_is_got_back() -> None:
    finance = Finance(fated(CLAIM, Pays.PAID_TWICE))
    order = payout_authorized(CLAIM)
    answers(finance, order)
    question = FinanceResultQuestioned(
        claim_id=CLAIM, idempotency_key=order.payout_id, problem=ResultProblem.PAID_TWICE, currency=Currency.USD,
        amount_minor=AMOUNT, finance_reference="pay:1/again",
    )  # fmt: skip
    [back] = only(PayoutReturned, answers(finance, question, day(3)))
    assert (back.payout_id, back.amount_minor) == (order.payout_id, AMOUNT)
    unknown = question.model_copy(update={"idempotency_key": derived_id("unknown")})
    assert not answers(finance, unknown, day(3))


def test_of_what_is_recalled_all_comes_back_or_a_part_or_nothing() -> None:
    came_back = {
        recall: [e.amount_minor for e in only(PayoutReturned, answers(Finance(fated(CLAIM, recall)), _recalled()))]
        for recall in Recall
    }
    assert came_back[Recall.ALL] == [AMOUNT]
    assert 0 < came_back[Recall.PART][0] < AMOUNT
    assert came_back[Recall.NOTHING] == []


def _recalled() -> Event:
    return payout_recalled(CLAIM)


def test_an_order_heard_twice_from_the_log_counts_once() -> None:
    for claim_id in claim_ids(100):
        finance, order = Finance(FATE), payout_authorized(claim_id)
        assert answers(finance, order) == answers(finance, order)


def test_debits_are_collected_in_full_in_parts_or_not_at_all() -> None:
    ways = Counter[str]()
    for number, claim_id in enumerate(claim_ids(1000)):
        said = answers(Collections(FATE), debit_requested(claim_id, f"seller-{number}"))
        parts = only(SellerDebitCollected, said)
        collected = sum({part.finance_reference: part.amount_minor for part in parts}.values())
        failed = bool(only(SellerDebitFailed, said))
        assert collected <= AMOUNT
        assert failed == (collected < AMOUNT)
        ways["whole"] += len(parts) == 1 and not failed
        ways["told twice"] += len(parts) == 2 and parts[0] == parts[1]
        ways["in parts"] += len({part.finance_reference for part in parts}) > 1
        ways["part, then fails"] += 0 < collected < AMOUNT
        ways["fails"] += not parts
    assert len(+ways) == 5, ways


def test_a_debit_of_one_cent_is_never_split() -> None:
    for claim_id in claim_ids():
        parts = only(SellerDebitCollected, answers(Collections(FATE), debit_requested(claim_id, amount_minor=1)))
        assert {part.amount_minor for part in parts} <= {1}


def test_from_the_insolvent_nothing_comes_and_it_is_said_why() -> None:
    for stands in (Stands.INSOLVENT, Stands.FAILS_LATER):
        said = answers(Collections(Fate(SEED, {"seller-1": [stands]})), debit_requested(CLAIM))
        assert [e.reason for e in only(SellerDebitFailed, said)] == [DebitFailure.INSOLVENT]
        assert not only(SellerDebitCollected, said)


def test_from_the_suspended_something_comes_now_and_then() -> None:
    fate = Fate(SEED, {"seller-1": [Stands.SUSPENDED]})
    said = [answers(Collections(fate), debit_requested(c)) for c in claim_ids(100)]
    reasons = {e.reason for each in said for e in only(SellerDebitFailed, each)}
    assert DebitFailure.SUSPENDED in reasons
    assert any(only(SellerDebitCollected, each) for each in said)


def test_a_debit_that_is_stopped_is_collected_no_more() -> None:
    collections = Collections(fated(CLAIM, Collects.SLOWLY))
    order = debit_requested(CLAIM)
    [collected] = answers(collections, order)
    assert not _is_said_no_more(collected)
    stop = SellerDebitStopped(claim_id=CLAIM, debit_id=order.debit_id, seller_id="seller-1")
    [stopped] = only(SellerDebitFailed, answers(collections, stop, day(1)))
    assert stopped.reason is DebitFailure.STOPPED
    assert _is_said_no_more(collected)


def _is_said_no_more(saying: Saying) -> bool:
    return saying.unless is not None and saying.unless()


def test_a_seller_pays_by_himself_all_or_a_part_or_though_it_is_debited() -> None:
    amounts = {
        way: [(s.at > day(10), e.amount_minor) for s in said for e in only(SellerPaymentReceived, [s])]
        for way in PaysHimself
        for said in [answers(Payers(fated(CLAIM, way)), debit_noticed(CLAIM))]
    }
    assert amounts == {
        PaysHimself.NOTHING: [],
        PaysHimself.ON_NOTICE: [(False, AMOUNT)],
        PaysHimself.IN_PART: [(False, AMOUNT // 2)],
        PaysHimself.AS_WELL: [(True, AMOUNT)],
    }


def test_a_few_pay_what_was_written_off() -> None:
    written_off = RecoveryWrittenOff(
        claim_id=CLAIM, seller_id="seller-1", currency=Currency.USD, amount_minor=700,
        reason=WriteOffReason.UNCOLLECTABLE,
    )  # fmt: skip
    [paid] = only(SellerPaymentReceived, answers(Payers(fated(CLAIM, AfterWriteOff.ALL)), written_off))
    assert paid.amount_minor == 700
    assert not answers(Payers(fated(CLAIM, AfterWriteOff.NOTHING)), written_off)


def test_an_insurer_pays_all_or_a_part_or_nothing_or_too_late() -> None:
    paid = {
        way: [(s.at > day(30), e.amount_minor == AMOUNT) for s in said for e in only(InsurerPaymentReceived, [s])]
        for way in InsurerPays
        for said in [answers(Insurers(fated(CLAIM, way)), insurer_demanded(CLAIM))]
    }
    assert paid == {
        InsurerPays.ALL: [(False, True)],
        InsurerPays.PART: [(False, False)],
        InsurerPays.NOTHING: [],
        InsurerPays.LATE: [(True, True)],
    }


def test_a_refund_is_paid_once_and_a_few_are_told_twice() -> None:
    said: list[list[Saying]] = []
    for claim_id in claim_ids(200):
        refund = SellerRefundRequested(
            claim_id=claim_id, refund_id=derived_id("refund", claim_id), seller_id="seller-1", currency=Currency.USD,
            amount_minor=AMOUNT, reason=RefundReason.APPEAL_WON,
        )  # fmt: skip
        said.append(answers(Collections(FATE), refund))
    references = [{e.finance_reference for e in only(SellerRefundPaid, each)} for each in said]
    assert all(len(each) == 1 for each in references)
    assert 0 < sum(len(each) == 2 for each in said) < 30
