"""The desk from outside: subprocesses on a real Kafka and PostgreSQL, and states as the services leave them."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from ops.local.stack import Stack
from ops.wire import Wire
from services.escalation.state import Admitted, Case, Terms
from services.recovery.state import Dispute, Recovery, Stage
from shared.events.adjusters import (
    DECISIONS,
    AppealDecided,
    DuplicateEstablished,
    PayoutApproved,
    PayoutRefused,
    ReviewDecided,
    ReviewKind,
)
from shared.events.base import PARTITIONS, Envelope, Event, claim_id_of, derived_id
from shared.events.claim import ItemFinding, Reason
from shared.events.escalation import Owner, Status
from shared.events.recovery import Ground
from shared.money import Currency
from shared.runtime import State
from shared.runtime.codec import decode
from shared.runtime.lanes import partition_of
from shared.runtime.settings import Settings
from tests.conftest import empty_database, without_topics
from tests.contracts.on_the_wire import newest_samples
from tests.ops.test_cli import Makegood

NOW = datetime.now(UTC).replace(microsecond=0)
REVIEWED, APPROVING, APPEALED, DONE = ("desk-review", "desk-approval", "desk-appeal", "desk-done")
IN_PART = "desk-in-part"
ADJUSTER = "adj:m.okafor"


def in_days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def case(submission_id: str, status: Status, owner: Owner, by: datetime | None, **changes: Any) -> Case:
    """Above the line, and nobody hurt: two items, 12,000.00 in all."""
    terms = Terms(
        policy="US-1",
        marketplace="US",
        currency=Currency.USD,
        seller_id="seller-1",
        incident_on=date(2025, 5, 26),
        small=False,
        serious=False,
        hurt=False,
    )
    return Case(
        claim_id=claim_id_of(submission_id),
        submission_id=submission_id,
        status=status,
        owner=owner,
        by=by,
        accepted=terms,
        items=(Admitted(1, 200_000, 200_000), Admitted(2, 1_100_000, 1_000_000)),
        payee_ref="payee-secret",
    ).but(**changes)


STATES: dict[tuple[str, str], State] = {
    ("escalation", REVIEWED): case(
        REVIEWED, Status.UNDER_REVIEW, Owner.ADJUSTER, in_days(5), review=ReviewKind.CONTESTED, round=2
    ),
    ("escalation", APPROVING): case(
        APPROVING, Status.AWAITING_APPROVAL, Owner.APPROVER, in_days(2), approvers=("appr:a",), adjusters=(ADJUSTER,)
    ),
    ("escalation", IN_PART): case(
        IN_PART, Status.UNDER_REVIEW, Owner.ADJUSTER, in_days(7), review=ReviewKind.CONTESTED, contested=(2,)
    ),
    ("escalation", APPEALED): case(APPEALED, Status.CLOSED, Owner.NOBODY, None),
    ("escalation", DONE): case(DONE, Status.CLOSED, Owner.NOBODY, None),
    ("recovery", APPEALED): Recovery(
        claim_id=claim_id_of(APPEALED),
        seller_id="seller-1",
        marketplace="US",
        policy="US-1",
        currency=Currency.USD,
        incident_on=date(2025, 5, 26),
        payouts=(),
        small=False,
        covered=False,
        stage=Stage.NOTICED,
        paid_minor=1_200_000,
        from_seller_minor=100_000,
        dispute=Dispute(ground=Ground.APPEAL, opened_at=in_days(-40), decide_by=in_days(9), late_at=in_days(-10)),
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def environment(stack: Stack) -> AsyncIterator[dict[str, str]]:
    await without_topics(stack.bootstrap_servers)
    async with empty_database(stack) as url:
        yield stack.environment | {"MAKEGOOD_DATABASE_URL": url}


@pytest.fixture(scope="module")
def makegood(environment: dict[str, str]) -> Makegood:
    """Nothing serves. What stands on record was put there."""
    run = Makegood(environment)
    assert run("migrate").returncode == 0
    for (process, submission_id), state in STATES.items():
        key = str(claim_id_of(submission_id))
        run.sql(
            f"insert into {process}.state (process, key, lane, n, body, due, late_at) "
            "values ($1, $2, $3, 1, $4, $5, $6)",
            process, key, partition_of(key, PARTITIONS), state.model_dump_json(), state.due, state.late_at,
        )  # fmt: skip
    sample = newest_samples()["ClaimAccepted"]
    accepted = sample.body | {"claim_id": str(claim_id_of(REVIEWED)), "submission_id": REVIEWED}
    run.sql(
        "insert into escalation.journal (process, key, n, at, said_at, type, cause, body, known, says) "
        "values ('escalation', $1, 1, now(), now(), 'ClaimAccepted', 'by-the-test', $2, true, '{}')",
        str(claim_id_of(REVIEWED)), json.dumps(accepted),
    )  # fmt: skip
    return run


def said(makegood: Makegood, claim: str) -> list[tuple[Event, Envelope]]:
    """What lies on the log about a claim."""

    async def read() -> list[tuple[Event, Envelope]]:
        settings = Settings(kafka_bootstrap_servers=makegood.environment["MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS"])
        async with Wire(settings) as wire:
            records = [record async for record in wire.read_to_now([DECISIONS.name])]
        found = [decode(record.topic, record.key, record.value, list(record.headers)) for record in records]
        return [(event, envelope) for event, envelope in found if event.key == str(claim_id_of(claim))]

    return asyncio.run(read())


def test_the_queue_shows_what_waits_the_most_urgent_first(makegood: Makegood) -> None:
    found = makegood.json("desk", "queue")["questions"]
    assert [(one["asks"], one["claim_id"], one["overdue"]) for one in found] == [
        ("appeal", str(claim_id_of(APPEALED)), True),
        ("approval", str(claim_id_of(APPROVING)), False),
        ("review", str(claim_id_of(REVIEWED)), False),
        ("review", str(claim_id_of(IN_PART)), False),
    ]
    assert [one["amount_minor"] for one in found] == [*[1_200_000] * 3, 1_000_000]
    assert (found[1]["approvers"], found[1]["limit_minor"], found[1]["days_left"]) == (["appr:a"], 1_000_000, 1)
    words = makegood("desk", "queue", "--for", "adjuster").stdout
    assert ("review: contested" in words, "approval" in words) == (True, False)
    assert makegood("desk", "queue", "--marketplace", "de").stdout == "Nothing waits for a person.\n"


def test_a_decided_review_is_one_event_however_often_it_is_typed(makegood: Makegood) -> None:
    words = ("desk", "review", REVIEWED, "--adjuster", ADJUSTER, "--valid", "--item", "2=100.00:NOT_PROVEN")
    for _ in range(2):
        ran = makegood(*words)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert ran.stdout.startswith("Published to adjusters.decisions.v1: ReviewDecided.\n")
    (event, envelope), (again, same) = said(makegood, REVIEWED)
    assert (
        event
        == again
        == ReviewDecided(
            claim_id=claim_id_of(REVIEWED),
            review=ReviewKind.CONTESTED,
            adjuster=ADJUSTER,
            valid=True,
            findings=(ItemFinding(item=2, allowed_minor=10_000, reasons=(Reason.NOT_PROVEN,)),),
            round=2,
        )
    )
    assert (envelope.id, envelope.source) == (same.id, f"/desk/{ADJUSTER}")


def test_who_finds_what_is_contested_invalid_is_told_that_the_rest_is_paid(makegood: Makegood) -> None:
    ran = makegood("desk", "review", IN_PART, "--adjuster", ADJUSTER, "--invalid", "--reason", "NOT_PROVEN")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[:2] == [
        "Not contested, so paid whatever the review of the others decides: item 1 (2,000.00 USD).",
        "Published to adjusters.decisions.v1: ReviewDecided.",
    ]


def test_approvers_appeals_and_duplicates_are_said(makegood: Makegood) -> None:
    payout = derived_id("payout", claim_id_of(APPROVING), 1)
    for words in (
        ("approve", APPROVING, "--approver", "appr:b"),
        ("refuse", APPROVING, "--approver", "appr:a"),
        ("appeal", str(claim_id_of(APPEALED)), "--adjuster", ADJUSTER, "--won", "--reason", "NOT_DEFECTIVE"),
        ("duplicate", DONE, "--of", REVIEWED, "--adjuster", ADJUSTER),
    ):
        ran = makegood("desk", *words)
        assert (ran.returncode, ran.stderr) == (0, "")
    assert [event for event, _ in said(makegood, APPROVING)] == [
        PayoutApproved(claim_id=claim_id_of(APPROVING), payout_id=payout, approver="appr:b"),
        PayoutRefused(claim_id=claim_id_of(APPROVING), payout_id=payout, approver="appr:a"),
    ]
    [(appeal, _)], [(duplicate, _)] = said(makegood, APPEALED), said(makegood, DONE)
    assert isinstance(appeal, AppealDecided)
    assert (appeal.won, appeal.reasons) == (True, (Reason.NOT_DEFECTIVE,))
    assert isinstance(duplicate, DuplicateEstablished)
    assert duplicate.duplicate_of == claim_id_of(REVIEWED)


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        (f"review {APPROVING} --adjuster a --valid", "what is open is its approval"),
        (f"review {DONE} --adjuster a --valid", "nothing else waits for a person (status closed)"),
        (f"review {REVIEWED} --adjuster a --invalid", "add --reason"),
        (f"review {REVIEWED} --adjuster a --valid --item 2=10000.01", "allow at most 10,000.00 USD"),
        (f"approve {APPROVING} --approver {ADJUSTER}", "somebody else must answer"),
        (f"approve {APPROVING} --approver appr:a", "somebody else must, for it takes two"),
        (f"appeal {REVIEWED} --adjuster a --lost", "no appeal of"),
        (f"duplicate {DONE} --of never-filed --adjuster a", "has not heard of 'never-filed'"),
        ("review never-filed --adjuster a --valid", "has not heard of 'never-filed'"),
    ],
)
def test_what_cannot_be_decided_is_refused_in_one_sentence(makegood: Makegood, words: str, cure: str) -> None:
    ran = makegood("desk", *words.split())
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n"), cure in ran.stderr) == (1, "", 1, True), ran.stderr


def test_a_claims_file_shows_what_is_needed_and_nobody(makegood: Makegood) -> None:
    file, words = makegood.json("desk", "show", REVIEWED), makegood("desk", "show", REVIEWED).stdout
    assert [(row["item"], row["claimed_minor"], row["most_minor"]) for row in file["items"]][1] == (
        2,
        412050,
        1_000_000,
    )
    assert file["figures"]["cap"] == "1,000,000.00 USD"
    assert list(file["signals"]) == ["SAME_EVIDENCE", "MANY_AGAINST_SELLER"]
    assert "Asked of an adjuster: review: contested" in words
    assert [secret for secret in ("payee-", "health-plan", "beneficiary") if secret in words + json.dumps(file)] == []


def test_what_is_overdue_is_listed_with_whose_step_it_is(makegood: Makegood) -> None:
    [late] = makegood.json("overdue")["overdue"]
    assert (late["key"], late["owner"], late["clock"]) == (str(claim_id_of(APPEALED)), "adjuster", "decide")
    assert late["days"] == 10
    assert str(claim_id_of(APPEALED)) in makegood("overdue", "--clock", "decide").stdout
    calm = makegood("overdue", "--clock", "acknowledge")
    assert (calm.returncode, calm.stdout) == (0, "Nothing is overdue.\n")
