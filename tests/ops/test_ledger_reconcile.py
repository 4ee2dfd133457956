"""What `makegood reconcile` asks of recovery: no honest story differs, and each thing that is off is found."""

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from ops import catalogue
from ops.local.stack import Stack
from ops.reach import database
from ops.reconcile import reconcile
from services.recovery.deadlines import deadline_passed
from services.recovery.ledger import LedgerEntry
from services.recovery.state import At, Recovery
from shared.events.base import Event, derived_id
from shared.events.escalation import Outcome
from shared.events.finance import PayoutReturned
from shared.money import Currency
from shared.runtime.migrate import migrate
from shared.runtime.settings import Settings
from tests.conftest import empty_database
from tests.deciding import at, day
from tests.recovery import given
from tests.recovery.given import LARGE

AGAIN = given.paid(reference="pay-2")
SECOND = (
    (5, given.authorized(30_000, payout=given.NEXT_PAYOUT)),
    (6, given.paid(30_000, payout=given.NEXT_PAYOUT, reference="pay-3")),
)
WHOLE = given.seller_pays(LARGE)
Steps = tuple[tuple[float, Event | None], ...]
"""On which day what is heard; None: a deadline."""
HONEST: dict[str, tuple[Outcome, Steps]] = {
    "not paid yet": (Outcome.PAYOUT_FAILED, ()),
    "paid": (Outcome.STEPPED_IN_SILENT, ((0, given.paid()), (0, given.paid()))),
    "paid twice and returned": (Outcome.STEPPED_IN_SILENT, ((0, given.paid()), (1, AGAIN), (2, given.returned()))),
    "returned": (Outcome.PAYOUT_FAILED, ((0, given.paid()), (2, given.returned()))),
    "returned and paid again": (Outcome.STEPPED_IN_SILENT, ((0, given.paid()), (2, given.returned()), (3, AGAIN))),
    "two rounds": (Outcome.STEPPED_IN_REJECTED, ((0, given.paid()), *SECOND, (7, WHOLE))),
    "a second round that failed": (Outcome.PAYOUT_FAILED, ((0, given.paid()), SECOND[0])),
    "appeal won": (
        Outcome.STEPPED_IN_SILENT,
        ((0, given.paid()), (1, WHOLE), (2, given.appealed(day(2))), (3, given.decided(won=True))),
    ),
    "refunded": (
        Outcome.STEPPED_IN_SILENT,
        ((0, given.paid()), (1, given.seller_pays(LARGE + 900)), (2, given.refund_paid(900))),
    ),
    "duplicate": (Outcome.DUPLICATE, ((0, given.paid()), (1, WHOLE), (2, given.recalled()), (3, given.returned(5)))),
    "over-collected and refunded": (
        Outcome.STEPPED_IN_SILENT,
        (
            *((0, given.paid()), (1, given.handed_over(day(1))), (8, None)),
            *((9, given.collected(LARGE + 5)), (10, given.refund_paid(5))),
        ),
    ),
}


class Books:
    """The schemas of all services, in which claims are put down as the services would have."""

    def __init__(self, connection: Any, settings: Settings) -> None:
        self._connection, self._settings = connection, settings

    async def holds(self, name: str, outcome: Outcome, steps: Steps) -> UUID:
        claim = derived_id("claim", name)
        state, entries, said = given.dormant(), list[LedgerEntry](), list[Event]()
        for n, (number, event) in enumerate(steps):
            moment: At = at(day(number))
            decision = given.hear(state, event, moment) if event else deadline_passed(state, moment)
            state, entries, said = decision.state, entries + given.entries(decision), [*said, *decision.says]
            if event is not None:
                await self.heard(claim, n, event)
        await self._stands(claim, state, outcome)
        await self.books(claim, entries)
        for n, event in enumerate(said):
            await self.run(
                "insert into recovery.outbox values ('recovery', 0, $1, $2, 0, $3, $4, $5)",
                int.from_bytes(claim.bytes[:4]) * 1000 + n, event.topic.name if event.topic else "", str(claim),
                json.dumps([["ce_type", event.type_name()]]), event.model_dump_json(),
            )  # fmt: skip
        return claim

    async def books(self, claim: UUID, entries: Iterable[LedgerEntry]) -> None:
        rows = [entry.model_copy(update={"claim_id": claim}).model_dump(mode="json") for entry in entries]
        table = "recovery.ledger_entry"
        await self.run(
            f"insert into {table} select * from json_populate_recordset(null::{table}, $1)", json.dumps(rows)
        )

    async def run(self, sql: str, *arguments: Any) -> None:
        await self._connection.execute(sql, *arguments)

    async def differences(self) -> dict[str, list[str]]:
        async with database(self._settings) as look:
            account = await reconcile(look, None)
        return {check.name: [what for _, what in check.found] for check in account.checks if check.differences}

    async def questions(self) -> dict[str, list[str]]:
        async with database(self._settings) as look:
            account = await reconcile(look, None)
        return {check.name: [what for _, what in check.found] for check in account.questions if check.differences}

    async def heard(self, claim: UUID, n: int, event: Event) -> None:
        for service in ("recovery", "escalation"):
            await self.run(
                f"insert into {service}.journal (process, key, n, at, said_at, type, cause, body, known, says) "
                "values ($1, $2, $3, now(), now(), $4, $5, $6, true, '{}')",
                service, str(claim), n, event.type_name(), f"{claim}/{n}", event.model_dump_json(),
            )  # fmt: skip

    async def _stands(self, claim: UUID, state: Recovery, outcome: Outcome) -> None:
        bodies = {
            "recovery": state.model_dump_json(),
            "escalation": json.dumps({"status": "closed", "outcome": outcome.value}),
        }
        for service, body in bodies.items():
            due = state.due if service == "recovery" else None
            sql = f"insert into {service}.state (process, key, lane, n, body, due) values ($1, $2, 0, 1, $3, $4)"
            await self.run(sql, service, str(claim), body, due)


@pytest_asyncio.fixture
async def books(stack: Stack) -> AsyncIterator[Books]:
    async with empty_database(stack) as url:
        settings = Settings.model_validate({"database_url": url})
        await migrate(settings, catalogue.all_services())
        connection = await cast("Any", asyncpg).connect(url)
        try:
            yield Books(connection, settings)
        finally:
            await connection.close()


ITS_OWN = (
    "What was decided to be said is in the outbox",
    "Every decision is in the journal",
    "No state is older than its last decision, or gone",
    "The state is what its last decision left",
    "No row of an outbox is missing",
    "Every stream is numbered without a gap",
)
"""Of the runtime, which has not written these rows."""


def of_recovery(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: what for name, what in found.items() if name not in ITS_OWN}


async def test_nothing_differs_for_any_honest_story(books: Books) -> None:
    for name, (outcome, steps) in HONEST.items():
        await books.holds(name, outcome, steps)
    assert of_recovery(await books.differences()) == {}
    assert await books.questions() == {}


BEYOND, UNFIT = "Money beyond what was ordered", "Results of finance that do not fit"


@pytest.mark.parametrize(
    ("steps", "question", "what"),
    [
        (((0, given.paid()), (1, AGAIN)), BEYOND, f"{LARGE} minor units of USD paid beyond the order"),
        (
            ((0, given.paid()), (1, given.returned(LARGE + 5))),
            BEYOND,
            "5 minor units of USD came back beyond what was paid",
        ),
        (((0, given.paid()), (1, given.paid(currency=Currency.EUR, reference="pay-2"))), UNFIT, "wrong_currency"),
        (
            ((0, given.paid()), (1, given.paid(payout=given.NEXT_PAYOUT, reference="pay-9")), (9, None)),
            UNFIT,
            "unknown_payout",
        ),
        (((0, given.paid()), (1, AGAIN)), UNFIT, "paid_twice"),
        (((0, given.paid(LARGE - 1)),), UNFIT, "wrong_amount"),
    ],
)
async def test_what_finance_did_wrong_is_an_open_question_until_it_is_put_right_and_no_difference(
    books: Books, steps: Steps, question: str, what: str
) -> None:
    borne = LARGE + 5 not in [event.amount_minor for _, event in steps if isinstance(event, PayoutReturned)]
    await books.holds("wrong", Outcome.STEPPED_IN_SILENT if borne else Outcome.PAYOUT_FAILED, steps)
    assert what in " ".join((await books.questions())[question])
    assert of_recovery(await books.differences()) == {}


async def test_an_entry_that_no_decision_explains_is_found(books: Books) -> None:
    claim = await books.holds("a", Outcome.STEPPED_IN_SILENT, HONEST["paid"][1])
    more = given.entries(given.hear(given.noticing(), WHOLE, at(day(1))))
    await books.books(claim, more)
    assert list(of_recovery(await books.differences())) == ["What recovery decided is what the ledger says"]


async def test_memo_accounts_that_do_not_balance_among_themselves_are_found(books: Books) -> None:
    await books.holds("a", Outcome.STEPPED_IN_SILENT, HONEST["paid"][1])
    await books.run(
        "insert into recovery.ledger_entry select claim_id, gen_random_uuid(), booked_at, move, 'waived', "
        "'cash_clearing', currency, 7, seller_id, idempotency_key, reference from recovery.ledger_entry limit 1"
    )
    found = (await books.differences())["The ledger balances, and its memo accounts among themselves"]
    assert sorted(found) == ["off by -7 minor units", "off by 7 minor units"]


async def test_a_payment_that_is_not_in_the_ledger_is_found(books: Books) -> None:
    claim = await books.holds("a", Outcome.PAYOUT_FAILED, ())
    await books.heard(claim, 9, given.paid())
    found = await books.differences()
    assert found["Finance paid each payout once, and the ledger has it"] == [
        f"{LARGE} minor units of USD paid, and not in the ledger"
    ]


async def test_more_than_was_authorised_is_found(books: Books) -> None:
    claim = await books.holds("a", Outcome.STEPPED_IN_SILENT, HONEST["paid"][1])
    await books.run(
        "update recovery.state set body = jsonb_set(body::jsonb, '{payouts,0,authorized_minor}', '5') where key = $1",
        str(claim),
    )
    assert (await books.differences())["Nothing is paid but what was authorised"] == [f"borne {LARGE} of 5 authorised"]


@pytest.mark.parametrize(
    ("outcome", "steps", "what"),
    [
        (Outcome.DIRECT_PAID, (), "closed direct_paid, and not paid"),
        (Outcome.DENIED, HONEST["paid"][1], "closed denied, and yet paid"),
        (Outcome.PAYOUT_FAILED, HONEST["paid"][1], "closed payout_failed, and yet paid"),
        (Outcome.STEPPED_IN_SILENT, HONEST["returned"][1], "closed stepped_in_silent, and not paid"),
    ],
)
async def test_an_end_that_the_money_contradicts_is_found(
    books: Books, outcome: Outcome, steps: Steps, what: str
) -> None:
    await books.holds("a", outcome, steps)
    assert (await books.differences())["Closed as paid means paid"] == [what]


async def test_a_result_that_only_one_of_two_has_heard_is_found(books: Books) -> None:
    claim = await books.holds("a", Outcome.PAYOUT_FAILED, HONEST["returned"][1])
    await books.run("delete from escalation.journal where key = $1 and type = 'PayoutReturned'", str(claim))
    assert (await books.differences())["Escalation and recovery heard the same of finance"] == [
        "a PayoutReturned that only recovery has heard"
    ]
