"""What the demo concludes from the events and from what is on record, claim by claim."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from ops.demo.facts import Facts
from ops.demo.observer import Streams
from ops.demo.report import (
    Figures,
    Investigations,
    OnRecord,
    Overdue,
    Ways,
    by_submission,
    figures,
    find_problems,
    quantile,
    waiting_lines,
)
from ops.demo.standing import Money
from ops.demo.stories import Findings
from ops.demo.tables import tables
from shared.events.adjusters import ReviewKind
from shared.events.base import Event, claim_id_of, derived_id
from shared.events.claim import Reason, ReopeningReason
from shared.events.escalation import (
    ClaimClosed,
    ClaimDecided,
    ClaimReopened,
    Notice,
    Outcome,
    Owner,
    PayoutAuthorized,
    PayoutRecalled,
    ReviewOpened,
    Route,
    Status,
    StatusChanged,
    StatusItem,
)
from shared.events.finance import (
    InsurerPaymentReceived,
    PayoutPaid,
    PayoutReturned,
    SellerDebitCollected,
    SellerPaymentReceived,
    SellerRefundPaid,
)
from shared.events.intake import ClaimDenied, SubmissionRefused
from shared.events.recovery import (
    Ground,
    RecoveryClosed,
    RecoveryDisputed,
    RecoveryOpened,
    RecoveryResumed,
    RecoveryReversed,
    RecoveryWrittenOff,
    RefundReason,
    ReimbursementWaived,
    SellerDebitRequested,
    SellerRefundRequested,
    WaiverReason,
    WriteOffReason,
)
from shared.money import Currency

NAME = "case-1"
CLAIM = claim_id_of(NAME)
PAYOUT, DEBIT, REFUND = (derived_id(what, CLAIM, 1) for what in ("payout", "debit", "refund"))
NOW = datetime(2027, 3, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=50)
PAID = 12_345
USD = Currency.USD


def submitted(facts: Facts, name: str = NAME, at: int = 1_000) -> None:
    facts.hear("ClaimSubmitted", name, b"", at)


def told(facts: Facts, *events: Event, at: int = 2_000) -> Facts:
    for event in events:
        facts.hear(type(event).__name__, event.key, event.model_dump_json().encode(), at)
    return facts


def decided(amount: int = PAID) -> ClaimDecided:
    return ClaimDecided(claim_id=CLAIM, round=1, currency=USD, allowed_minor=amount, findings=())


def authorised(amount: int = PAID) -> PayoutAuthorized:
    return PayoutAuthorized(
        claim_id=CLAIM, payout_id=PAYOUT, round=1, payee_ref="payee-1", currency=USD, amount_minor=amount,
        seller_id="seller-1", marketplace="US", policy="US-2024-05", route=Route.SELLER_SILENT, small=False,
        covered=False,
    )  # fmt: skip


def paid(reference: str = "pay-1", amount: int = PAID) -> PayoutPaid:
    return PayoutPaid(claim_id=CLAIM, payout_id=PAYOUT, currency=USD, amount_minor=amount, finance_reference=reference)


def collected(reference: str, amount: int) -> SellerDebitCollected:
    return SellerDebitCollected(
        claim_id=CLAIM, debit_id=DEBIT, currency=USD, amount_minor=amount, finance_reference=reference
    )


def returned(reference: str = "back-1", amount: int = PAID) -> PayoutReturned:
    return PayoutReturned(
        claim_id=CLAIM, payout_id=PAYOUT, currency=USD, amount_minor=amount, finance_reference=reference
    )  # fmt: skip


def closed(outcome: Outcome = Outcome.STEPPED_IN_SILENT, *reasons: Reason) -> tuple[Event, Event]:
    """The end, as it is said and as the customer is told it."""
    end = ClaimClosed(claim_id=CLAIM, seller_id="seller-1", outcome=outcome, reasons=reasons)
    return end, status(Status.CLOSED, outcome=outcome)


def opened(amount: int = PAID) -> RecoveryOpened:
    return RecoveryOpened(claim_id=CLAIM, seller_id="seller-1", currency=USD, amount_minor=amount)


def recovery_closed(recovered: int = PAID, waived: int = 0, written_off: int = 0) -> RecoveryClosed:
    return RecoveryClosed(
        claim_id=CLAIM, seller_id="seller-1", currency=USD, recovered_minor=recovered, waived_minor=waived,
        written_off_minor=written_off,
    )  # fmt: skip


def waived(amount: int, reason: WaiverReason = WaiverReason.SMALL_INSURED) -> ReimbursementWaived:
    return ReimbursementWaived(
        claim_id=CLAIM, seller_id="seller-1", currency=USD, amount_minor=amount, reason=reason
    )  # fmt: skip


def written_off(amount: int) -> RecoveryWrittenOff:
    return RecoveryWrittenOff(
        claim_id=CLAIM, seller_id="seller-1", currency=USD, amount_minor=amount, reason=WriteOffReason.UNCOLLECTABLE
    )


def refund(amount: int) -> SellerRefundRequested:
    return SellerRefundRequested(
        claim_id=CLAIM, refund_id=REFUND, seller_id="seller-1", currency=USD, amount_minor=amount,
        reason=RefundReason.OVER_COLLECTED,
    )  # fmt: skip


def refunded(amount: int) -> SellerRefundPaid:
    return SellerRefundPaid(
        claim_id=CLAIM, refund_id=REFUND, currency=USD, amount_minor=amount, finance_reference="refund-1"
    )


def status(now: Status, *reasons: Reason, outcome: Outcome | None = None, delayed: bool = False) -> StatusChanged:
    return StatusChanged(
        claim_id=CLAIM, submission_id=NAME, revision=1, status=now, owner=Owner.SELLER, by=NOW, outcome=outcome,
        items=(StatusItem(item=1, allowed_minor=0, reasons=reasons),),
        notice=Notice.DELAYED if delayed else Notice.PROGRESS,
    )  # fmt: skip


def whole_story() -> Facts:
    """Paid, and every cent collected from the seller."""
    facts = Facts()
    submitted(facts)
    return told(
        facts, decided(), authorised(), paid(), *closed(), opened(), collected("c-1", 12_000), collected("c-2", 345),
        recovery_closed(),
    )  # fmt: skip


def record(money: Money | None = None, **waits: Any) -> OnRecord:
    """The ledger holds that money for the claim."""
    if money is None:
        return OnRecord(**waits)
    return OnRecord(ledger={str(CLAIM): ("USD", money)}, totals={"USD": money}, **waits)


ALL_RECOVERED = Money(paid_out=PAID, recovered=PAID)


def found(facts: Facts, on_record: OnRecord) -> Figures:
    problems = find_problems(facts, on_record, LONG_AGO)
    return figures(facts, on_record, problems, findings=Findings(), planted=[NAME, "case-2"], seconds=12.0)


def test_a_whole_story_has_no_problem() -> None:
    figures_of = found(whole_story(), record(ALL_RECOVERED))

    assert figures_of.problems == ()
    assert figures_of.outcomes == {**dict.fromkeys(Outcome, 0), "stepped_in_silent": 1}
    assert figures_of.money == {
        "USD": {"paid_out": PAID, "recovered": PAID, "waived": 0, "written_off": 0, "outstanding": 0}
    }


def test_a_submission_sent_twice_is_one_claim_and_its_first_moment_counts() -> None:
    facts = Facts()
    submitted(facts, at=1_000)
    submitted(facts, at=5_000)
    denial = ClaimDenied(claim_id=CLAIM, submission_id=NAME, marketplace="US", currency=USD, reasons=(), items=())
    told(facts, denial, at=1_250)

    assert found(facts, record()).claims == 1
    assert found(facts, record()).decision_latency_ms == {"p50": 250.0, "p99": 250.0}


def test_what_finance_says_twice_is_paid_once() -> None:
    facts = told(whole_story(), paid(), collected("c-2", 345))

    assert found(facts, record(ALL_RECOVERED)).problems == ()


def test_what_finance_paid_twice_and_has_not_got_back_is_paid_twice() -> None:
    figures_of = found(told(whole_story(), paid("pay-2")), record(ALL_RECOVERED))

    assert figures_of.paid_twice == 1
    assert str(CLAIM) in figures_of.problems[0]
    assert "pay-1, pay-2" in figures_of.problems[0]


def test_what_finance_paid_twice_and_got_back_is_nobodys_debt() -> None:
    assert found(told(whole_story(), paid("pay-2"), returned()), record(ALL_RECOVERED)).problems == ()


def test_more_than_was_decided_is_paid_twice() -> None:
    facts = Facts()
    submitted(facts)
    told(facts, decided(PAID - 1), authorised(), paid(), *closed(), opened(), recovery_closed())

    assert found(facts, record(Money(PAID, outstanding=PAID))).paid_twice == 1


def test_a_payout_that_came_back_and_was_paid_to_another_payee_is_paid_once() -> None:
    facts = told(whole_story(), returned())
    assert facts.money() == {"USD": Money()}
    told(facts, paid("pay-2"))
    assert found(facts, record(ALL_RECOVERED)).problems == ()


def test_rounds_are_decided_and_paid_each_for_itself() -> None:
    second = derived_id("payout", CLAIM, 2)
    more = authorised(500).model_copy(update={"payout_id": second, "round": 2})
    facts = told(
        whole_story(), ClaimReopened(claim_id=CLAIM, seller_id="seller-1", round=2, reason=ReopeningReason.AMENDED),
        decided(500).model_copy(update={"round": 2}), more,
        paid("pay-2", 500).model_copy(update={"payout_id": second}), opened(500),
    )  # fmt: skip
    assert [claim.in_recovery for claim in facts.waiting()] == [True]
    told(facts, waived(500), recovery_closed(waived=500))
    assert found(facts, record(Money(PAID + 500, recovered=PAID, waived=500))).problems == ()


def test_a_claim_that_is_looked_at_again_waits_until_it_has_ended_again() -> None:
    facts = told(whole_story(), status(Status.UNDER_REVIEW))
    assert facts.outcomes() == {Outcome.WAITING: 1}
    told(facts, *closed(Outcome.STEPPED_IN_SILENT))
    assert facts.outcomes() == {Outcome.STEPPED_IN_SILENT: 1}


def test_what_the_customer_was_told_must_be_how_it_ended() -> None:
    facts = told(whole_story(), status(Status.CLOSED, outcome=Outcome.DENIED))

    assert "the customer was told denied" in found(facts, record(ALL_RECOVERED)).problems[0]


def test_a_claim_nobody_waits_for_is_lost() -> None:
    facts = Facts()
    submitted(facts)

    assert found(facts, record()).lost == 1
    assert found(facts, record(claim_due={str(CLAIM): NOW})).lost == 0


def test_a_deadline_that_passed_long_ago_without_effect_is_a_loss() -> None:
    facts = Facts()
    submitted(facts)

    assert found(facts, record(claim_due={str(CLAIM): LONG_AGO - timedelta(days=1)})).lost == 1


def test_a_recovery_nobody_waits_for_is_lost_and_a_parked_one_says_why() -> None:
    facts = Facts()
    submitted(facts)
    told(facts, decided(), authorised(), paid(), *closed(), opened())
    money = Money(PAID, outstanding=PAID)

    assert found(facts, record(money, recovery_due={str(CLAIM): NOW})).problems == ()
    (problem,) = found(facts, record(money, parked={str(CLAIM): "recovery: NUL in text"})).problems
    assert "NUL in text" in problem


def test_events_and_ledger_must_tell_the_same_to_the_cent() -> None:
    problems = found(whole_story(), record(Money(PAID, recovered=PAID - 1, outstanding=1))).problems

    assert any(problem.startswith(str(CLAIM)) for problem in problems)
    assert any(problem.startswith("USD") for problem in problems)


def test_a_ledger_that_does_not_add_up_is_named() -> None:
    assert any("does not add up" in p for p in found(whole_story(), record(Money(PAID, recovered=1))).problems)


def test_a_ledger_of_a_claim_nobody_told_of_is_a_problem() -> None:
    assert "no event tells of it" in found(Facts(), record(ALL_RECOVERED)).problems[0]


def test_what_is_written_off_after_a_part_was_collected_adds_up() -> None:
    facts = Facts()
    submitted(facts)
    told(
        facts, decided(), authorised(), paid(), *closed(), opened(), collected("c-1", 45), written_off(PAID - 45),
        recovery_closed(45, written_off=PAID - 45),
    )  # fmt: skip

    assert found(facts, record(Money(PAID, recovered=45, written_off=PAID - 45))).problems == ()


def test_money_collected_after_a_write_off_lessens_it() -> None:
    facts = Facts()
    submitted(facts)
    told(
        facts, decided(), authorised(), paid(), *closed(), opened(), written_off(PAID),
        recovery_closed(0, written_off=PAID), collected("c-1", 45),
    )  # fmt: skip

    assert found(facts, record(Money(PAID, recovered=45, written_off=PAID - 45))).problems == ()


def test_what_is_collected_beyond_the_debt_is_owed_to_the_seller_until_it_is_refunded() -> None:
    facts = told(whole_story(), collected("c-3", 500), refund(500))
    assert facts.money() == {"USD": ALL_RECOVERED}
    assert "owed to the seller" in found(facts, record(ALL_RECOVERED)).problems[0]
    assert found(told(facts, refunded(500)), record(ALL_RECOVERED)).problems == ()


def test_money_comes_from_the_seller_by_himself_and_from_his_insurer_too() -> None:
    facts = Facts()
    submitted(facts)
    demand = derived_id("demand", CLAIM, 1)
    told(
        facts, decided(), authorised(), paid(), *closed(), opened(),
        InsurerPaymentReceived(
            claim_id=CLAIM, demand_id=demand, currency=USD, amount_minor=12_000, finance_reference="i-1"
        ),
        SellerPaymentReceived(claim_id=CLAIM, currency=USD, amount_minor=345, finance_reference="s-1"),
        SellerPaymentReceived(claim_id=CLAIM, currency=USD, amount_minor=345, finance_reference="s-1"),
        recovery_closed(),
    )  # fmt: skip
    assert found(facts, record(ALL_RECOVERED)).problems == ()


def test_an_appeal_won_waives_all_and_what_was_collected_is_refunded() -> None:
    won = RecoveryReversed(
        claim_id=CLAIM, seller_id="seller-1", currency=USD, amount_minor=PAID, reason=WaiverReason.APPEAL_WON
    )
    facts = told(whole_story(), disputed())
    assert [claim.in_recovery for claim in facts.waiting()] == [True]
    told(facts, won, refund(PAID), refunded(PAID), recovery_closed(0, waived=PAID))
    assert found(facts, record(Money(PAID, waived=PAID))).problems == ()


def test_a_dispute_that_is_lost_or_settled_by_a_recall_is_waited_for_no_more() -> None:
    resumed = RecoveryResumed(claim_id=CLAIM, seller_id="seller-1", currency=USD, amount_minor=0)
    recalled = PayoutRecalled(
        claim_id=CLAIM, payout_id=PAYOUT, currency=USD, amount_minor=PAID, reason=Reason.DUPLICATE
    )
    for settles in (resumed, recalled):
        assert not list(told(whole_story(), disputed(), settles).waiting())


def disputed() -> RecoveryDisputed:
    return RecoveryDisputed(
        claim_id=CLAIM, seller_id="seller-1", ground=Ground.APPEAL, currency=USD, amount_minor=PAID, decide_by=NOW
    )


def test_customers_told_of_a_delay_and_what_is_overdue_at_the_end_are_counted() -> None:
    facts = told(whole_story(), status(Status.UNDER_REVIEW, delayed=True), *closed())
    assert found(facts, record(ALL_RECOVERED, overdue=3)).overdue == Overdue(told_of_delay=1, at_the_end=3)


def test_investigations_are_compared_with_what_was_planted() -> None:
    review = ReviewOpened(claim_id=CLAIM, review=ReviewKind.INVESTIGATION, currency=USD, items=(), decide_by=NOW)
    looked = found(told(whole_story(), review), record(ALL_RECOVERED)).investigations
    assert looked == Investigations(investigated=1, planted=2, found=1, precision=1.0, recall=0.5)
    untold = figures(whole_story(), record(), [], findings=Findings(), planted=None, seconds=1.0)
    assert untold.investigations == Investigations(investigated=0)


def test_of_a_product_the_highest_level_counts() -> None:
    facts = Facts()
    for level in ("watch", "stop_sale", "investigate"):
        facts.hear("ProductHazardFlagged", "Kettle", json.dumps({"level": level}).encode(), 1)
    assert found(facts, record()).hazards == {"watch": 0, "investigate": 0, "stop_sale": 1}


def test_each_named_route_has_its_claims_and_their_outcomes() -> None:
    findings = Findings()
    findings.routes["one_extension"].update(["denied", "denied", "direct_paid"])
    told_of = figures(whole_story(), record(), [], findings=findings, planted=None, seconds=1.0).routes
    assert told_of["one_extension"] == Ways(claims=3, outcomes={"denied": 2, "direct_paid": 1})
    assert told_of["seller_silent"] == Ways(claims=0, outcomes={})


def test_a_debit_read_after_the_closing_does_not_open_the_recovery_again() -> None:
    debit = SellerDebitRequested(claim_id=CLAIM, debit_id=DEBIT, seller_id="seller-1", currency=USD, amount_minor=PAID)

    assert not list(told(whole_story(), debit).waiting())


def test_another_producers_record_on_a_topic_of_ours_is_nothing() -> None:
    assert not Streams().accepts("claims.escalation.v1", 3, [("ce_type", b"ClaimClosed")])


def test_a_refused_submission_is_denied() -> None:
    facts = Facts()
    submitted(facts)
    told(facts, SubmissionRefused(claim_id=CLAIM, submission_id=NAME, problems=()))

    assert found(facts, record()).outcomes["denied"] == 1
    assert found(facts, record()).problems == ()
    assert by_submission(facts) == {NAME: {"outcome": "denied", "reasons": ["SUBMISSION_REFUSED"]}}


def test_a_better_copy_of_a_refused_submission_counts() -> None:
    facts = Facts()
    submitted(facts)
    told(facts, SubmissionRefused(claim_id=CLAIM, submission_id=NAME, problems=()), *closed(Outcome.RESOLVED_BY_SELLER))

    assert by_submission(facts)[NAME]["outcome"] == "resolved_by_seller"


def test_an_id_that_was_used_again_with_other_content_ends_no_claim() -> None:
    facts = Facts()
    submitted(facts)
    told(facts, SubmissionRefused(claim_id=CLAIM, submission_id=NAME, problems=(), contradicts=True))

    assert facts.outcomes() == {Outcome.WAITING: 1}
    assert len(list(facts.waiting())) == 1


def test_a_later_ending_replaces_the_earlier() -> None:
    facts = Facts()
    submitted(facts)
    told(facts, *closed(Outcome.PAYOUT_FAILED), decided(), authorised(), paid(), *closed(Outcome.DIRECT_PAID))

    assert facts.outcomes() == {Outcome.DIRECT_PAID: 1}


def test_reasons_of_the_claim_and_of_its_items_are_told_once_each() -> None:
    facts = Facts()
    submitted(facts)
    one, other = list(Reason)[:2]
    end = closed(Outcome.DENIED, one)[0]
    told(facts, status(Status.CLOSED, other, one, outcome=Outcome.DENIED), end)

    assert by_submission(facts) == {NAME: {"outcome": "denied", "reasons": [one.value, other.value]}}


def test_who_waits_is_told_with_whom_and_until_when() -> None:
    facts = Facts()
    submitted(facts)
    told(facts, status(Status.WITH_SELLER))

    (line,) = waiting_lines(facts, record(claim_due={str(CLAIM): NOW}))
    assert (
        line
        == f"{NAME} is with seller, the next step is the seller's: waits until 2027-03-01 00:00 of the demo's clock"
    )


def test_bytes_that_are_no_event_leave_no_fact() -> None:
    facts = Facts()
    submitted(facts)
    facts.hear("ClaimClosed", str(CLAIM), b"\xff{", 2_000)
    facts.hear("ClaimClosed", str(CLAIM), json.dumps({"outcome": "eaten"}).encode(), 2_000)

    assert facts.outcomes() == {Outcome.WAITING: 1}


def test_of_our_own_streams_each_number_is_heard_once_and_in_order() -> None:
    streams = Streams()
    numbers = [(1, 1), (2, 1), (2, 1), (4, 1), (3, 1), (4, 1), (5, 2), (6, 1)]

    heard = [streams.accepts("t", 0, _numbered(sequence, epoch)) for sequence, epoch in numbers]
    assert heard == [True, True, False, False, True, True, True, False]


@pytest.mark.parametrize(("share", "value"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0)])
def test_a_quantile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert quantile(range(1, 101), share) == value


def test_the_tables_show_every_amount_in_full_in_eighty_columns() -> None:
    huge = Money(paid_out=9_876_543_21, recovered=9_876_543_21)
    console = Console(file=(screen := StringIO()), width=80)
    console.print(tables(found(whole_story(), record(huge))))

    assert screen.getvalue().count("9,876,543.21") == 2
    assert "…" not in screen.getvalue()


def _numbered(sequence: int, epoch: int) -> list[tuple[str, bytes]]:
    return [("ce_lane", b"3"), ("ce_sequence", b"%d" % sequence), ("ce_epoch", b"%d" % epoch)]
