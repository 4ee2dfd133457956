"""The figures of a run, reckoned from events in memory: what is counted, what is missed, and what must not be."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from ops.demo.observer import REFUSED, Facts, Money, Streams
from ops.demo.report import OnRecord, as_json, by_submission, figures, find_problems, quantile, tables, waiting_lines
from shared.events.base import Envelope, Event, claim_id_of
from shared.events.claim import ItemFinding, Reason
from shared.events.escalation import (
    ClaimClosed,
    ClaimDecided,
    Outcome,
    Owner,
    PayoutAuthorized,
    Route,
    Status,
    StatusChanged,
    StatusItem,
)
from shared.events.finance import PayoutPaid, SellerDebitCollected
from shared.events.intake import ClaimAccepted, ClaimDenied, InformationRequested, SubmissionRefused
from shared.events.recovery import (
    RecoveryClosed,
    RecoveryOpened,
    RecoveryWrittenOff,
    ReimbursementWaived,
    SellerDebitRequested,
    WaiverReason,
    WriteOffReason,
)
from shared.events.upstream import ClaimSubmitted
from shared.money import Currency
from shared.runtime.codec import headers_of

CLAIM = claim_id_of("sub-1")
PAYOUT, DEBIT = UUID(int=1), UUID(int=2)
SOON = datetime(2027, 1, 1, tzinfo=UTC)
USD: dict[str, Any] = {"claim_id": CLAIM, "seller_id": "seller-1", "currency": Currency.USD}


def heard(*events: Event, facts: Facts | None = None) -> Facts:
    """Facts of a log with these events, after a submission and its acceptance half a second later."""
    facts = facts or submitted("sub-1")
    for event in events:
        facts.hear(type(event).__name__, event.key, event.model_dump_json().encode(), 10_000)
    return facts


def submitted(*submission_ids: str, body: bytes = b"{}", at: int = 1_000) -> Facts:
    """Submissions on the log; what is in them is intake's affair."""
    facts = Facts()
    for submission_id in submission_ids:
        facts.hear(ClaimSubmitted.__name__, submission_id, body, at)
    return facts


def paid(amount_minor: int = 5_000, reference: str = "pay-1") -> PayoutPaid:
    return PayoutPaid(
        claim_id=CLAIM, payout_id=PAYOUT, currency=Currency.USD, amount_minor=amount_minor, finance_reference=reference
    )


def authorised(amount_minor: int = 5_000) -> tuple[ClaimDecided, PayoutAuthorized]:
    decided = ClaimDecided(
        claim_id=CLAIM,
        round=1,
        currency=Currency.USD,
        allowed_minor=amount_minor,
        findings=(ItemFinding(item=1, allowed_minor=amount_minor),),
    )
    order = PayoutAuthorized(
        **USD, payout_id=PAYOUT, round=1, payee_ref="payee-1", amount_minor=amount_minor, marketplace="US",
        policy="US-1", route=Route.SELLER_SILENT, small=True, covered=False,
    )  # fmt: skip
    return decided, order


def closed(outcome: Outcome = Outcome.STEPPED_IN_SILENT, *reasons: Reason) -> ClaimClosed:
    return ClaimClosed(claim_id=CLAIM, seller_id="seller-1", outcome=outcome, reasons=reasons)


def stands(status: Status, *item_reasons: Reason) -> StatusChanged:
    return StatusChanged(
        claim_id=CLAIM,
        submission_id="sub-1",
        revision=1,
        status=status,
        owner=Owner.SELLER,
        by=SOON,
        items=(StatusItem(item=1, allowed_minor=0, reasons=item_reasons),),
    )


def collected(amount_minor: int, reference: str) -> SellerDebitCollected:
    return SellerDebitCollected(
        claim_id=CLAIM, debit_id=DEBIT, currency=Currency.USD, amount_minor=amount_minor, finance_reference=reference
    )


def recovery_closed(recovered: int = 0, waived: int = 0, written_off: int = 0) -> RecoveryClosed:
    return RecoveryClosed(**USD, recovered_minor=recovered, waived_minor=waived, written_off_minor=written_off)


def written_off(amount_minor: int) -> RecoveryWrittenOff:
    return RecoveryWrittenOff(**USD, amount_minor=amount_minor, reason=WriteOffReason.UNCOLLECTABLE)


def waived(amount_minor: int) -> ReimbursementWaived:
    return ReimbursementWaived(**USD, amount_minor=amount_minor, reason=WaiverReason.SMALL_INSURED)


def opened() -> RecoveryOpened:
    return RecoveryOpened(**USD, amount_minor=5_000)


def booked(money: Money) -> OnRecord:
    return OnRecord(ledger={str(CLAIM): ("USD", money)}, totals={"USD": money})


def sentences(facts: Facts, record: OnRecord | None = None) -> list[tuple[str, str]]:
    found = find_problems(facts, record or OnRecord(), SOON)
    assert all(problem.sentence for problem in found)
    return [(problem.kind, problem.claim_id) for problem in found]


def of_all(facts: Facts, record: OnRecord | None = None) -> Any:
    record = record or OnRecord()
    return figures(facts, record, find_problems(facts, record, SOON), seconds=12.0)


PAID_AND_WAIVED = (*authorised(), paid(), closed(), opened(), waived(5_000), recovery_closed(waived=5_000))
IN_THE_BOOKS = Money(paid_out=5_000, waived=5_000)


def test_a_claim_that_was_paid_and_waived_adds_up() -> None:
    facts = heard(*PAID_AND_WAIVED)

    assert sentences(facts, booked(IN_THE_BOOKS)) == []
    assert not list(facts.waiting())
    found = of_all(facts, booked(IN_THE_BOOKS))
    assert found.outcomes["stepped_in_silent"] == found.claims == 1
    assert found.money == {
        "USD": {"paid_out": 5_000, "recovered": 0, "waived": 5_000, "written_off": 0, "outstanding": 0}
    }


def test_every_outcome_is_reported_also_where_there_is_none() -> None:
    found = of_all(Facts())

    assert found.outcomes == dict.fromkeys(Outcome, 0)
    assert (found.claims, found.lost, found.paid_twice, found.claims_per_second) == (0, 0, 0, 0.0)
    assert found.decision_latency_ms == {"p50": None, "p99": None}


def test_a_submission_sent_twice_is_one_claim() -> None:
    assert of_all(submitted("sub-1", "sub-2", "sub-1")).claims == 2


def test_events_heard_again_change_no_figure() -> None:
    facts = heard(*PAID_AND_WAIVED, collected(100, "debit-1"))
    once = facts.money()

    assert heard(*PAID_AND_WAIVED, collected(100, "debit-1"), facts=facts).money() == once


def test_a_claim_that_waits_on_no_deadline_on_record_is_lost() -> None:
    facts = heard(stands(Status.WITH_SELLER))

    assert sentences(facts) == [("lost", str(CLAIM))]
    assert of_all(facts).lost == of_all(facts).outcomes["waiting"] == 1


def test_a_claim_that_waits_on_a_deadline_is_not_lost_and_is_named_with_it() -> None:
    facts, record = heard(stands(Status.WITH_SELLER)), OnRecord(claim_due={str(CLAIM): SOON})

    assert sentences(facts, record) == []
    assert waiting_lines(facts, record) == [
        "sub-1 is with seller, the next step is the seller's: waits until 2027-01-01 00:00 of the demo's clock"
    ]


def test_a_claim_whose_deadline_passed_long_ago_without_effect_is_lost() -> None:
    record = OnRecord(claim_due={str(CLAIM): SOON - timedelta(seconds=1)})

    assert sentences(heard(stands(Status.WITH_SELLER)), record) == [("lost", str(CLAIM))]


def test_of_a_parked_claim_the_reason_is_told() -> None:
    record = OnRecord(parked={str(CLAIM): "escalation: KeyError in seller.py:9"})

    (problem,) = find_problems(heard(), record, SOON)

    assert "KeyError in seller.py:9" in problem.sentence


def test_a_recovery_that_waits_for_nothing_is_a_lost_claim() -> None:
    facts = heard(*authorised(), paid(), closed(), opened())

    record = booked(Money(paid_out=5_000, outstanding=5_000))
    assert sentences(facts, record) == [("lost", str(CLAIM))]
    assert [claim.in_recovery for claim in facts.waiting()] == [True]


def test_two_references_for_one_payout_are_one_payment_too_many() -> None:
    facts = heard(*PAID_AND_WAIVED, paid(reference="pay-2"))

    assert ("paid_twice", str(CLAIM)) in sentences(facts, booked(IN_THE_BOOKS))
    assert of_all(facts, booked(IN_THE_BOOKS)).paid_twice == 1


def test_the_same_payment_told_twice_is_one() -> None:
    assert sentences(heard(*PAID_AND_WAIVED, paid()), booked(IN_THE_BOOKS)) == []


def test_more_paid_than_was_decided_is_paid_twice() -> None:
    facts = heard(*authorised(5_000), paid(5_001), closed(), opened(), waived(5_000), recovery_closed(waived=5_000))

    assert sentences(facts, booked(IN_THE_BOOKS)) == [("paid_twice", str(CLAIM))]


@pytest.mark.parametrize(
    "money",
    [
        Money(paid_out=5_000, waived=4_999, outstanding=1),
        Money(paid_out=5_000, waived=5_000, recovered=1),
        Money(),
    ],
)
def test_a_ledger_that_says_other_than_the_events_does_not_add_up(money: Money) -> None:
    assert {kind for kind, _ in sentences(heard(*PAID_AND_WAIVED), booked(money))} == {"sums"}


def test_a_ledger_entry_nobody_heard_of_does_not_add_up() -> None:
    assert ("sums", str(CLAIM)) in sentences(submitted("sub-2"), booked(IN_THE_BOOKS))


def test_money_that_comes_after_the_write_off_is_recovered() -> None:
    facts = heard(*authorised(), paid(), closed(), opened(), written_off(5_000), collected(2_000, "debit-1"))

    assert facts.money() == {"USD": Money(paid_out=5_000, recovered=2_000, written_off=3_000)}


def test_what_is_collected_beyond_the_debt_is_not_recovered() -> None:
    facts = heard(*authorised(), paid(), opened(), collected(4_000, "debit-1"), collected(4_000, "debit-2"))

    assert facts.money() == {"USD": Money(paid_out=5_000, recovered=5_000)}


def test_a_debit_read_after_the_closing_does_not_reopen_the_recovery() -> None:
    requested = SellerDebitRequested(**USD, debit_id=DEBIT, amount_minor=5_000)

    assert not list(heard(*PAID_AND_WAIVED, requested).waiting())


def test_a_refused_submission_is_a_denied_claim_with_a_reason_of_its_own() -> None:
    facts = heard(SubmissionRefused(claim_id=CLAIM, submission_id="sub-1", problems=()))

    assert of_all(facts).outcomes["denied"] == 1
    assert by_submission(facts) == {"sub-1": {"outcome": "denied", "reasons": [REFUSED]}}
    assert sentences(facts) == []


def test_a_better_copy_of_a_refused_submission_counts() -> None:
    facts = heard(SubmissionRefused(claim_id=CLAIM, submission_id="sub-1", problems=()), closed(Outcome.NO_RESPONSE))

    assert by_submission(facts)["sub-1"]["outcome"] == "no_response"


def test_reasons_are_those_of_the_claim_and_of_its_items_each_once() -> None:
    status = stands(Status.CLOSED, Reason.EXCLUDED_LOSS, Reason.REPORTED_TOO_LATE)

    facts = heard(closed(Outcome.DENIED, Reason.REPORTED_TOO_LATE), status)

    assert by_submission(facts)["sub-1"]["reasons"] == ["REPORTED_TOO_LATE", "EXCLUDED_LOSS"]


def test_a_claim_given_up_and_paid_after_all_ends_as_paid() -> None:
    facts = heard(*authorised(), closed(Outcome.PAYOUT_FAILED), paid(), closed(Outcome.STEPPED_IN_SILENT))

    assert facts.outcomes() == {Outcome.STEPPED_IN_SILENT: 1}


@pytest.mark.parametrize("kind", [ClaimAccepted, ClaimDenied, InformationRequested])
def test_the_first_decision_ends_the_latency(kind: type[Event]) -> None:
    facts = submitted("sub-1", at=1_000)

    facts.hear(kind.__name__, str(CLAIM), None, 1_250)
    facts.hear(ClaimAccepted.__name__, str(CLAIM), None, 9_000)

    assert facts.latencies() == [250]
    assert of_all(facts).claims_per_second == 4.0


def test_garbage_of_outside_parties_is_no_fact() -> None:
    facts = submitted("sub-1")

    for body in (b"", b"\xff", b"[]", b"{}", b'{"payout_id": 7}'):
        facts.hear(PayoutPaid.__name__, str(CLAIM), body, 2_000)

    assert facts.money() == {}


@pytest.mark.parametrize(
    ("values", "p50", "p99"), [([5], 5, 5), (list(range(1, 101)), 50, 99), (list(range(1, 201)), 100, 198)]
)
def test_quantiles_are_values_that_occurred(values: list[int], p50: float, p99: float) -> None:
    assert (quantile(values, 0.50), quantile(values, 0.99)) == (p50, p99)


def numbered(*sequences: tuple[int, int]) -> Iterable[list[tuple[str, bytes]]]:
    """Headers of one lane's records: (epoch, sequence)."""
    for epoch, sequence in sequences:
        yield headers_of(
            Envelope("id", "ClaimClosed", "escalation", SOON, "key", lane=3, sequence=sequence, epoch=epoch)
        )


def test_of_a_stream_that_is_published_again_each_number_counts_once_and_in_order() -> None:
    streams = Streams()
    said = numbered((1, 1), (1, 3), (1, 2), (1, 3), (1, 1), (1, 3), (1, 4))

    accepted = [streams.accepts("claims.escalation.v1", 3, headers) for headers in said]

    assert accepted == [True, False, True, True, False, False, True]


def test_another_producers_record_on_a_topic_of_ours_is_nothing() -> None:
    assert not Streams().accepts("claims.escalation.v1", 3, [("ce_type", b"ClaimClosed")])


def test_the_figures_are_json_and_can_be_shown() -> None:
    found = of_all(heard(*PAID_AND_WAIVED), booked(IN_THE_BOOKS))
    screen = StringIO()

    Console(file=screen, width=120).print(tables(found))

    told = json.loads(as_json(found.model_dump()))
    assert set(told) >= {
        "claims",
        "lost",
        "paid_twice",
        "outcomes",
        "money",
        "claims_per_second",
        "decision_latency_ms",
    }
    assert "stepped_in_silent" in screen.getvalue()
