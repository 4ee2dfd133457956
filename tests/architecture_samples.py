"""For each rule of test_architecture.py, by its name, what it must notice."""

from typing import Final

from tests.source import House

APP = 'from services.recovery import decide, sender\nservice = Service("recovery", performer=sender.performer)\n'


def decide(text: str, **beside: str) -> House:
    """A service with these decisions, and with what is beside them."""
    modules = {"app": APP, "decide": text, "sender": "import smtplib", **beside}
    return {f"services/recovery/{name}.py": module for name, module in modules.items()}


BROKEN_CODE: Final[dict[str, list[House]]] = {
    "services_know_no_other_service": [
        {"services/intake/decide.py": "from services.escalation import state"},
        {"services/intake/app.py": "import services.escalation.app"},
    ],
    "nobody_looks_upwards": [
        {"shared/runtime/serve.py": "from services.intake.app import service"},
        {"shared/events/base.py": "import ops.catalogue"},
        {"services/recovery/decide.py": "from ops import catalogue"},
        {"ops/cli.py": "import tests.deciding"},
    ],
    "clients_stay_in_their_adapters": [
        {"services/recovery/sender.py": "import asyncpg"},
        {"shared/runtime/worker.py": "from faststream.kafka import KafkaBroker"},
        {"shared/runtime/lanes.py": "from aiokafka import AIOKafkaProducer"},
    ],
    "contracts_are_only_values": [
        {"shared/events/finance.py": "import structlog"},
        {"shared/events/finance.py": "from shared.policy import Policy"},
    ],
    "decisions_import_only_what_is_pure": [
        *(decide(f"import {module}") for module in ("os", "asyncio", "logging", "random", "time", "structlog")),
        decide("from uuid import uuid4"),
        decide("from shared.policy import load"),
        decide("from shared.runtime.clock import ScaledClock"),
        decide("from services.recovery.sender import send"),
        decide("from services.recovery.terms import TERMS", terms="from random import choice"),
        {"services/recovery/app.py": "import logging"},
    ],
    "decisions_ask_no_clock_and_no_chance": [
        decide("paid_at = datetime.now(UTC)"),
        decide("paid_at = datetime.utcnow()"),
        decide("paid_on = Field(default_factory=date.today)"),
        decide("debit_id = uuid.uuid4()"),
        decide("rates = open('rates.csv')"),
    ],
    "events_are_made_by_their_party_alone": [
        {"services/recovery/decide.py": "PayoutAuthorized(claim_id=claim_id)"},
        {"services/recovery/decide.py": "finance.PayoutPaid.model_validate(row)"},
        {"ops/cli.py": "from shared.events.escalation import PayoutAuthorized as Order\nOrder(claim_id=claim_id)"},
    ],
    "what_a_service_can_say_it_says": [{"services/recovery/app.py": "RecoveryOpened(claim_id=claim_id)"}],
    "names_say_what_is_inside": [{"shared/utils.py": ""}, {"services/intake/helpers/dates.py": ""}],
    "services_are_short_files": [{"services/intake/decide.py": "\n" * 400}],
    "functions_fit_a_screen": [{"shared/runtime/worker.py": "def work():\n" + "    pass\n" * 60}],
    "records_of_decisions_say_when_to_think_again": [
        {"docs/adr/0001-lanes.md": "# Numbered lanes\nBecause.\n"},
        {"docs/adr/0001-lanes.md": "**Revisit when** lanes are too many.\n"},
    ],
}

HEAD: Final = """
from typing import ClassVar
from shared.events.base import Event, Fact, PersonalLine, Topic
from shared.events.escalation import ESCALATION, PAYOUTS
from shared.events.finance import RESULTS
"""
"""What every file below begins with."""

BROKEN_CONTRACTS: Final[dict[str, list[tuple[str, str]]]] = {
    "events_are_frozen": [
        (
            "finance",
            """
class Thawed(Event, frozen=False):
    topic: ClassVar = RESULTS
    claim_id: str
""",
        ),
        (
            "finance",
            """
class Listed(Event):
    topic: ClassVar = RESULTS
    claim_id: str
    amounts: list[int]
""",
        ),
        (
            "finance",
            """
class Line(Fact):
    amounts: dict[str, int]
class Nested(Event):
    topic: ClassVar = RESULTS
    claim_id: str
    lines: tuple[Line, ...] | None
""",
        ),
    ],
    "events_have_a_topic": [
        (
            "finance",
            """
class Unsaid(Event):
    claim_id: str
""",
        ),
    ],
    "a_file_is_a_party": [
        (
            "insurers",
            """
class Strayed(Event):
    topic: ClassVar = RESULTS
    claim_id: str
""",
        ),
        (
            "escalation",
            """
class Mine(Event):
    topic: ClassVar = ESCALATION
    claim_id: str
class Theirs(Event):
    topic: ClassVar = Topic(ESCALATION.name, "claim_id", "recovery", numbered=True)
    claim_id: str
""",
        ),
        (
            "bank",
            """
class Transferred(Event):
    topic: ClassVar = Topic("bank.transfers.v1", "claim_id", "bank")
    claim_id: str
""",
        ),
    ],
    "topics_are_named_and_keyed": [
        (
            "finance",
            """
class Keyless(Event):
    topic: ClassVar = RESULTS
    payout_id: str
""",
        ),
        (
            "finance",
            """
class Optional(Event):
    topic: ClassVar = RESULTS
    claim_id: str = ""
""",
        ),
        (
            "finance",
            """
class Misnamed(Event):
    topic: ClassVar = Topic("Results", "claim_id", "finance")
    claim_id: str
""",
        ),
    ],
    "our_topics_are_numbered_and_no_others": [
        (
            "recovery",
            """
class Uncounted(Event):
    topic: ClassVar = Topic("claims.recovery.v1", "claim_id", "recovery")
    claim_id: str
""",
        ),
        (
            "finance",
            """
class Tallied(Event):
    topic: ClassVar = Topic("finance.results.v1", "claim_id", "finance", numbered=True)
    claim_id: str
""",
        ),
    ],
    "payouts_travel_alone": [
        (
            "escalation",
            """
class ClaimForgotten(Event):
    topic: ClassVar = PAYOUTS
    claim_id: str
""",
        ),
        (
            "escalation",
            """
class PayoutRecalled(Event):
    topic: ClassVar = ESCALATION
    claim_id: str
""",
        ),
        (
            "recovery",
            """
class PayoutForgotten(Event):
    topic: ClassVar = Topic(PAYOUTS.name, "claim_id", "recovery", numbered=True)
    claim_id: str
""",
        ),
    ],
    "money_hears_of_no_person": [
        (
            "finance",
            """
class Named(Event):
    topic: ClassVar = RESULTS
    claim_id: str
    payee: PersonalLine | None = None
""",
        ),
    ],
    "who_pays_says_nothing_of_a_person": [
        (
            "escalation",
            """
class Person(Fact):
    name: PersonalLine
class Told(Event):
    topic: ClassVar = ESCALATION
    claim_id: str
    people: tuple[Person, ...]
""",
        ),
    ],
}
