"""docs/finance.md says what is so: its samples are records, its stories are told to recovery and booked as shown."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from ops.schemas import published_events
from services.recovery.app import recovery
from services.recovery.ledger import ACCOUNTS, Account, LedgerEntry
from shared.events.base import Event, type_registry
from shared.events.escalation import PAYOUTS
from shared.events.finance import RESULTS, DebitFailure
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.recovery import RECOVERY, SELLER_DEBITS, FinanceResultQuestioned, InsurerDemanded, ResultProblem
from shared.money import display
from tests.contracts.on_the_wire import lost
from tests.interpreter import Interpreter
from tests.source import ROOT

PAGE = (ROOT / "docs" / "finance.md").read_text(encoding="utf-8")
TOLD = re.compile(
    r"^\*\*(?P<shown>\w+)\*\*, (?P<when>\d{4}-\d\d-\d\d \d\d:\d\d)\n\n```json\n(?P<sample>.*?)\n```$"
    r"|^<!-- (?P<above>as above: )?(?P<hidden>\w+), (?P<then>\d{4}-\d\d-\d\d \d\d:\d\d)\n(?P<body>.*?) -->$"
    r"|^(?P<nothing>We book nothing\.)$"
    r"|^\| We book \|[^\n]*\n\|[-:|]+\n(?P<table>(?:\|[^\n]*\n?)+)",
    re.DOTALL | re.MULTILINE,
)
"""What a story consists of; between are words for people. In comments: what others say, and what was shown before."""
ORDERS = (FinanceResultQuestioned, InsurerDemanded)
"""What recovery says to finance beside its own topic of orders."""

Row = tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """One event of a story, and when; ``above``: what is booked on it was shown before."""

    event: Event
    when: datetime
    body: dict[str, Any]
    shown: bool
    above: bool = False


@dataclass(frozen=True)
class Booked:
    rows: tuple[Row, ...]


def story(text: str) -> list[Told | Booked]:
    parts = list[Told | Booked]()
    for found in TOLD.finditer(text):
        if found["nothing"]:
            parts.append(Booked(()))
        elif found["table"]:
            rows = (tuple(cell.strip() for cell in line.strip("| ").split("|")) for line in found["table"].splitlines())
            parts.append(Booked(tuple(rows)))
        else:
            body = json.loads(found["sample"] or found["body"])
            event = type_registry[found["shown"] or found["hidden"]].model_validate(body)
            when = datetime.strptime(found["when"] or found["then"], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
            parts.append(Told(event, when, body, bool(found["shown"]), bool(found["above"])))
    return parts


STORIES = dict(re.findall(r"^### (.*?)\n(.*?)(?=^### |\Z)", PAGE.partition("## Stories")[2], re.DOTALL | re.MULTILINE))


class Reading:
    """Tells one story to recovery; what differs from what the page shows is kept as sentences."""

    def __init__(self, parts: list[Told | Booked]) -> None:
        self.parts = parts
        self.world = Interpreter(recovery, now=next(part.when for part in parts if isinstance(part, Told)))
        self.unshown = list[Event]()
        self.booked = 0
        self.unanswered: Event | None = None
        """A sample under which nothing says what is booked on it."""
        self.problems = list[str]()

    def read(self) -> list[str]:
        for part in self.parts:
            if isinstance(part, Booked):
                self.compare(part.rows)
            elif part.event.topic in (SELLER_DEBITS, RECOVERY):
                self.says(part)
            else:
                self.hears(part)
        self.answered()
        self.problems += [f"{event} is said, and not shown" for event in self.unshown]
        return self.problems

    def hears(self, told: Told) -> None:
        self.answered()
        self.noted(self.world.wait_until(told.when))
        if isinstance(told.event, SellerCoverChanged):
            self.noted(self.world.learn(told.event))
        else:
            self.noted(self.world.hear(told.event))
        if told.above:
            self.booked = len(self.entries())
        elif told.shown:
            self.unanswered = told.event

    def says(self, told: Told) -> None:
        self.answered()
        self.noted(self.world.wait_until(told.when))
        if told.event in self.unshown:
            self.unshown.remove(told.event)
        else:
            self.problems.append(f"{told.event} is shown, and not said by then")

    def answered(self) -> None:
        if self.unanswered is not None or len(self.entries()) > self.booked:
            self.problems.append(f"on {self.world.now:%Y-%m-%d} it is not shown what is booked on {self.unanswered}")
        self.unanswered, self.booked = None, len(self.entries())

    def noted(self, said: tuple[Event, ...]) -> None:
        self.unshown += [event for event in said if event.topic is SELLER_DEBITS or isinstance(event, ORDERS)]

    def compare(self, shown: tuple[Row, ...]) -> None:
        new = self.entries()[self.booked :]
        self.booked, self.unanswered = self.booked + len(new), None
        found = tuple(
            (entry.move.value, entry.debit_account.value, entry.credit_account.value, amount(entry)) for entry in new
        )
        if found != shown:
            self.problems.append(f"on {self.world.now:%Y-%m-%d} is booked {found}, and shown {shown}")

    def entries(self) -> list[LedgerEntry]:
        return [effect for effect in self.world.done if isinstance(effect, LedgerEntry)]


def amount(entry: LedgerEntry) -> str:
    return display(entry.amount_minor, entry.currency)


@pytest.mark.parametrize("name", STORIES)
def test_a_story_of_the_page_is_ordered_and_booked_as_it_is_shown(name: str) -> None:
    assert "\n".join(Reading(story(STORIES[name])).read()) == ""


@pytest.mark.parametrize("name", STORIES)
def test_every_sample_is_a_record_in_full(name: str) -> None:
    for part in story(STORIES[name]):
        if isinstance(part, Told):
            assert lost(part.body, json.loads(part.event.model_dump_json())) == [], part.event


def test_every_sample_of_the_page_belongs_to_a_story() -> None:
    told = [part for text in STORIES.values() for part in story(text) if isinstance(part, Told)]
    assert len(told) == PAGE.count("```json\n") + PAGE.count("<!--")
    tables = [part for text in STORIES.values() for part in story(text) if isinstance(part, Booked)]
    assert len(tables) == PAGE.count("| We book |") + PAGE.count("We book nothing.")


def test_everything_finance_hears_or_says_is_shown() -> None:
    shown = {type(part.event) for text in STORIES.values() for part in story(text) if isinstance(part, Told)}
    theirs = {event for event in published_events() if event.topic in (PAYOUTS, RESULTS, SELLER_DEBITS)}
    assert {event.type_name() for event in theirs | {*ORDERS}} - {event.type_name() for event in shown} == set()


@pytest.mark.parametrize(
    ("was", "is_now"),
    [
        ("| 2,500.00 USD |", "| 2,400.00 USD |"),
        ("| collected | cash_clearing |", "| collected | indemnity_cost |"),
        ("We book nothing.", "We book something."),
        ('"amount_minor": 155000', '"amount_minor": 150000'),
        ('"problem": "over_collected"', '"problem": "paid_twice"'),
        ("**SellerDebitRequested**, 2026-10-10", "**SellerDebitRequested**, 2026-10-09"),
        ("2026-10-29 09:00", "2026-12-29 09:00"),
        ("| refunded | owed_to_seller | cash_clearing | 50.00 USD |", "| refunded |"),
    ],
)
def test_a_page_that_says_something_else_is_noticed(was: str, is_now: str) -> None:
    first = next(iter(STORIES.values()))
    assert was in first
    assert Reading(story(first.replace(was, is_now))).read() != []


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading row that begins so."""
    table = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-:|]+\n((?:\|.*\n?)+)", PAGE, re.MULTILINE)
    assert table, heading
    return [[cell.strip().strip("`") for cell in line.strip("| ").split("|")] for line in table[1].splitlines()]


def test_every_move_stands_there_with_its_accounts() -> None:
    assert [(move, debit, credit) for move, debit, credit, _ in rows("Move")] == [
        (move.value, debit.value, credit.value) for move, (debit, credit) in ACCOUNTS.items()
    ]


def test_every_account_problem_and_failure_stands_there_once() -> None:
    assert [account for account, _, _ in rows("Account")] == [account.value for account in Account]
    assert [problem for problem, _, _ in rows("Problem")] == [problem.value for problem in ResultProblem]
    assert [reason for reason, _ in rows("Reason of SellerDebitFailed")] == [reason.value for reason in DebitFailure]


def test_every_result_says_what_it_means() -> None:
    results = {event.type_name() for event in published_events() if event.topic is RESULTS}
    assert {result for result, _, _ in rows("You report")} == results


def test_every_idempotency_key_names_the_events_that_carry_it() -> None:
    for key, orders, _, answers in rows("Key"):
        named = {name for name in re.findall(r"\w+", f"{orders} {answers}") if name in type_registry}
        carrying = {
            event.type_name()
            for event in published_events()
            if event.topic in (PAYOUTS, RESULTS, SELLER_DEBITS, RECOVERY) and key in event.model_fields
        }
        assert named == carrying, key
