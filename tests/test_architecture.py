"""What keeps the house in order. Every rule has a sample that breaks it, so that no rule sleeps."""

import ast
import inspect
import itertools
import re
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any, Final, TypeAlias, get_args, get_origin

import pytest
from pydantic import BaseModel

import shared.runtime
from ops import catalogue
from ops.docs import OUTSIDE, hearers
from ops.schemas import published_events
from shared.events.base import Event, has_personal_fields, type_registry
from shared.events.escalation import PAYOUTS
from shared.runtime import Process, Service
from shared.runtime.process import topics_of
from tests.architecture_samples import BROKEN_CODE, BROKEN_CONTRACTS, HEAD
from tests.source import (
    House,
    apps,
    calls,
    code,
    decisions,
    imports,
    module_name,
    parsed,
    performers,
    reached_from,
    said_in,
    the_house,
    within,
)

HOUSE: Final = the_house()
SERVICES: Final = frozenset(catalogue.NAMES)
CONTRACTS: Final = {event.type_name(): event for event in published_events()}

Rule: TypeAlias = Callable[[House], Iterator[str]]


# Who may know whom


def services_know_no_other_service(house: House) -> Iterator[str]:
    for path, tree in code(house, "services/"):
        own = ".".join(path.split("/")[:2])
        for line, name in imports(tree):
            if within(name, "services") and not within(name, own):
                yield f"{path}:{line} imports {name}: services hear each other, they do not call each other"


def nobody_looks_upwards(house: House) -> Iterator[str]:
    above = {
        "shared/": ("services", "ops", "bench", "tests"),
        "services/": ("ops", "bench", "tests"),
        "ops/": ("tests",),
    }
    for below, names in above.items():
        for path, tree in code(house, below):
            for line, name in imports(tree):
                if within(name, *names):
                    yield f"{path}:{line} imports {name}, which stands above it"


CLIENTS: Final = {
    "faststream": ("shared/runtime/kafka.py",),
    "aiokafka": tuple(
        f"shared/runtime/{name}.py" for name in ("kafka", "kafka_archive", "kafka_cluster", "fetched", "lanes")
    ),
    "asyncpg": ("shared/runtime/postgres.py",),
}
"""Who may import a client library. lanes.py takes the partitioner alone: a pure function."""


def clients_stay_in_their_adapters(house: House) -> Iterator[str]:
    for path, tree in code(house, "services/", "shared/"):
        for line, name in imports(tree):
            adapters = CLIENTS.get(name.partition(".")[0])
            if adapters is None:
                continue
            if path not in adapters:
                yield f"{path}:{line} imports {name}, which is for {' and '.join(adapters)}"
            elif path.endswith("lanes.py") and not within(name, "aiokafka.partitioner"):
                yield f"{path}:{line} imports {name}: only the partitioner is free of I/O"


def contracts_are_only_values(house: House) -> Iterator[str]:
    for path, tree in code(house, "shared/events/"):
        for line, name in imports(tree):
            known = within(name, "pydantic", "shared.events", "shared.money")
            if not known and name.partition(".")[0] not in sys.stdlib_module_names:
                yield f"{path}:{line} imports {name}: a contract is made of pydantic, the standard library and money"


# Decisions are pure

PURE: Final = (
    *(
        "bisect",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "itertools",
    ),
    *("math", "operator", "re", "typing", "unicodedata", "uuid.UUID", "uuid.uuid5", "pydantic"),
    *("shared.events", "shared.money", "shared.policy.Policies", "shared.policy.Policy", "shared.policy.model"),
    *("shared.runtime.process", *(f"shared.runtime.{name}" for name in shared.runtime.__all__)),
)
IMPURE: Final = frozenset(
    ("now", "utcnow", "today", "uuid1", "uuid4", "open", "print", "input", "eval", "exec", "read_text", "read_bytes")
)


def decisions_import_only_what_is_pure(house: House) -> Iterator[str]:
    for folder, app in apps(house):
        own = [module_name(path) for path in decisions(house, folder)]
        for path in decisions(house, folder):
            yield from _strangers(path, parsed(house[path]), *PURE, *own)
        doing = [f"{module_name(folder)}.{name}" for name in performers(app)]
        yield from _strangers(f"{folder}/app.py", app, *PURE, *own, *doing, "pathlib")


def _strangers(path: str, tree: ast.Module, *known: str) -> Iterator[str]:
    for line, name in imports(tree):
        if not within(name, *known):
            yield f"{path}:{line} imports {name}: decisions do no I/O, and time and chance are given to them"


def decisions_ask_no_clock_and_no_chance(house: House) -> Iterator[str]:
    for folder, _ in apps(house):
        for path in decisions(house, folder):
            tree = parsed(house[path])
            for line, name in (*calls(tree), *_clocks(tree)):
                if name in IMPURE:
                    yield f"{path}:{line} uses {name}: take it from the moment or the event"


def _clocks(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """A clock handed on and not yet called, such as ``default_factory=datetime.now``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"datetime", "date"}:
            yield node.lineno, node.attr


# Who says what


def events_are_made_by_their_party_alone(house: House) -> Iterator[str]:
    """A service makes its own events and nobody else's; nobody else makes them."""
    for path, tree in code(house, "services/", "shared/", "ops/"):
        folder = path.split("/")[1] if path.startswith("services/") else None
        for line, name in calls(tree):
            topic = CONTRACTS[name].topic if name in CONTRACTS else None
            if topic is None or topic.party == folder:
                continue
            if folder is not None or topic.party in SERVICES:
                yield f"{path}:{line} makes {name}, which is for {topic.party} to say"


def what_a_service_can_say_it_says(house: House) -> Iterator[str]:
    for folder, _ in apps(house):
        service = folder.rpartition("/")[2]
        theirs = {name for name, event in CONTRACTS.items() if event.topic and event.topic.party == service}
        for name in sorted(theirs - said_in(house, folder, theirs)):
            yield f"{folder} never says {name}: say it, or take it out of shared/events/{service}.py"


# Size and names

DRAWERS: Final = {"utils", "util", "helpers", "helper", "common", "misc"}


def names_say_what_is_inside(house: House) -> Iterator[str]:
    for path in house:
        for part in PurePosixPath(path).with_suffix("").parts:
            if part in DRAWERS:
                yield f"{path}: {part} is a drawer; name the thing that is in it"


def services_are_short_files(house: House) -> Iterator[str]:
    for path, _ in code(house, "services/"):
        if (lines := house[path].count("\n")) >= 400:
            yield f"{path} has {lines} lines; split it by a topic of the business (under 400)"


def functions_fit_a_screen(house: House) -> Iterator[str]:
    for path, tree in code(house, "services/", "shared/", "ops/"):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 60:
                    yield f"{path}:{node.lineno} {node.name} has {lines} lines (at most 60)"


def records_of_decisions_say_when_to_think_again(house: House) -> Iterator[str]:
    for path, text in house.items():
        if path.startswith("docs/adr/") and not path.endswith("README.md"):
            if not text.startswith("# "):
                yield f"{path}: begins with its title, as '# …'"
            if "revisit when" not in text.lower():
                yield f"{path}: says nowhere when to revisit it ('Revisit when …')"


RULES: Final[Sequence[Rule]] = (
    services_know_no_other_service,
    nobody_looks_upwards,
    clients_stay_in_their_adapters,
    contracts_are_only_values,
    decisions_import_only_what_is_pure,
    decisions_ask_no_clock_and_no_chance,
    events_are_made_by_their_party_alone,
    what_a_service_can_say_it_says,
    names_say_what_is_inside,
    services_are_short_files,
    functions_fit_a_screen,
    records_of_decisions_say_when_to_think_again,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule: Rule) -> None:
    assert "\n".join(rule(HOUSE)) == ""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_notices_each_break_in_the_code(rule: Rule) -> None:
    assert [sample for sample in BROKEN_CODE[rule.__name__] if not list(rule(sample))] == []


def test_what_performs_effects_is_no_decision() -> None:
    assert "services/seller_notifier/sender.py" in HOUSE
    assert "services/seller_notifier/sender.py" not in decisions(HOUSE, "services/seller_notifier")
    assert "services/seller_notifier/decide.py" in decisions(HOUSE, "services/seller_notifier")


# The contracts

EventRule: TypeAlias = Callable[[Sequence[type[Event]]], Iterator[str]]
THINKS_OF_MONEY: Final = frozenset({"finance", "recovery", "insurance_accelerator"})
"""Who never needs to know anything of a person, and so never hears it. No exceptions."""
SAYS_NOTHING_PERSONAL: Final = frozenset({"escalation", "recovery", "insurance_accelerator"})
TOPIC_NAME: Final = re.compile(r"[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)+\.v[1-9]\d*")


def file_of(event: type[Event]) -> str:
    return f"shared/events/{event.__module__.rpartition('.')[2]}.py"


def events_are_frozen(events: Sequence[type[Event]]) -> Iterator[str]:
    for event in events:
        for model in (event, *_models_in(event)):
            if not model.model_config.get("frozen"):
                yield f"{file_of(event)}: {model.__name__} is not frozen"
            for name, field in model.model_fields.items():
                if loose := _inside(field.annotation) & {list, dict, set, bytearray, Any, object}:
                    yield f"{file_of(event)}: {model.__name__}.{name} can be changed: {loose}; use a tuple of facts"


def _inside(annotation: object) -> set[Any]:
    """A type with all it is made of."""
    here = {kind for kind in (annotation, get_origin(annotation)) if isinstance(kind, type) or kind is Any}
    return here.union(*(_inside(inner) for inner in get_args(annotation)))


def _models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for field in model.model_fields.values():
        for inner in _inside(field.annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield inner
                yield from _models_in(inner)


def events_have_a_topic(events: Sequence[type[Event]]) -> Iterator[str]:
    """Or are the common part of events that have one."""
    for event in events:
        if event.topic is None and not any(issubclass(other, event) and other.topic for other in events):
            yield f"{file_of(event)}: {event.type_name()} has no topic"


def a_file_is_a_party(events: Sequence[type[Event]]) -> Iterator[str]:
    speakers = dict[str, str]()
    for event in events:
        if event.topic is None:
            continue
        party = event.topic.party
        if file_of(event) != f"shared/events/{party}.py":
            yield f"{file_of(event)}: {event.type_name()} is said by {party}, which has a file of its own"
        if speakers.setdefault(event.topic.name, party) != party:
            yield f"{file_of(event)}: {event.topic.name} is {speakers[event.topic.name]}'s; one party per topic"
        if party not in SERVICES and party not in OUTSIDE:
            yield f"{file_of(event)}: nobody knows {party}; add it to OUTSIDE in ops/docs.py"


def topics_are_named_and_keyed(events: Sequence[type[Event]]) -> Iterator[str]:
    for event in events:
        if event.topic is None:
            continue
        key = event.model_fields.get(event.topic.key)
        if key is None or not key.is_required():
            yield f"{file_of(event)}: {event.type_name()} needs the field {event.topic.key}: it is the topic's key"
        if not TOPIC_NAME.fullmatch(event.topic.name):
            yield f"{file_of(event)}: {event.topic.name} is not named like claims.intake.v1"


def our_topics_are_numbered_and_no_others(events: Sequence[type[Event]]) -> Iterator[str]:
    for event in events:
        if event.topic and event.topic.numbered != (event.topic.party in SERVICES):
            yield f"{file_of(event)}: {event.topic.name} is numbered exactly if a service of ours says it"


def payouts_travel_alone(events: Sequence[type[Event]]) -> Iterator[str]:
    """One access rule guards the money: the topic has one writer, and nothing else lies on it."""
    orders = {"PayoutAuthorized", "PayoutRecalled"}
    for event in events:
        if event.topic and (event.topic.name == PAYOUTS.name) != (event.type_name() in orders):
            yield f"{file_of(event)}: {event.type_name()} lies on {event.topic.name}; {PAYOUTS.name} is for {orders}"
        if event.topic and event.topic.name == PAYOUTS.name and event.topic.party != "escalation":
            yield f"{file_of(event)}: escalation alone says {event.type_name()}"


def money_hears_of_no_person(events: Sequence[type[Event]]) -> Iterator[str]:
    """Whoever may read a topic may read all of it, so the rule is about whole topics."""
    read = {event.topic.name for event, names in hearers().items() if event.topic and THINKS_OF_MONEY & {*names}}
    for event in events:
        if event.topic and event.topic.name in read and has_personal_fields(event):
            yield f"{file_of(event)}: {event.type_name()} is personal, and {event.topic.name} is read by who pays"


def who_pays_says_nothing_of_a_person(events: Sequence[type[Event]]) -> Iterator[str]:
    for event in events:
        if event.topic and event.topic.party in SAYS_NOTHING_PERSONAL and has_personal_fields(event):
            yield f"{file_of(event)}: {event.type_name()} is personal"


EVENT_RULES: Final[Sequence[EventRule]] = (
    events_are_frozen,
    events_have_a_topic,
    a_file_is_a_party,
    topics_are_named_and_keyed,
    our_topics_are_numbered_and_no_others,
    payouts_travel_alone,
    money_hears_of_no_person,
    who_pays_says_nothing_of_a_person,
)


def all_events() -> list[type[Event]]:
    return [event for event in type_registry.values() if event.__module__.startswith("shared.events.")]


@contextmanager
def events_in(party: str, text: str) -> Generator[list[type[Event]]]:
    """The events of a file of a party that was never written."""
    before = dict(type_registry)
    module = ModuleType(f"shared.events.{party}")
    try:
        exec(HEAD + text, module.__dict__)
        yield [event for name, event in type_registry.items() if before.get(name) is not event]
    finally:
        type_registry.clear()
        type_registry.update(before)


@pytest.mark.parametrize("rule", EVENT_RULES, ids=lambda rule: rule.__name__)
def test_the_contracts_keep_the_rule(rule: EventRule) -> None:
    assert "\n".join(rule(all_events())) == ""


@pytest.mark.parametrize("rule", EVENT_RULES, ids=lambda rule: rule.__name__)
def test_the_rule_notices_each_break_in_a_contract(rule: EventRule) -> None:
    for party, text in BROKEN_CONTRACTS[rule.__name__]:
        with events_in(party, text) as events:
            assert list(rule(events)), f"shared/events/{party}.py:{text}"


# The tables


def one_key(process: Process[Any]) -> Iterator[str]:
    """What a process hears is keyed alike: else one key's events would come from several lanes."""
    topics = {event.topic for event in (*process.begins, *process.hears) if event.topic}
    if len(keys := {topic.key for topic in topics}) > 1:
        yield f"{process.name} hears by {' and '.join(sorted(keys))}: give what is keyed otherwise a process of its own"


def told_in_the_docstring(service: Service, said: set[str], docstring: str) -> Iterator[str]:
    """Hears and Says name what comes and goes; what stays inside the service is named somewhere; Waits is there."""
    hears = [event for process in service.processes for event in (*process.begins, *process.hears)]
    heard = {event.type_name() for event in hears}
    own = {event.type_name() for event in hears if event.topic is None or event.topic.party == service.name}
    known = {process.reference.fact.__name__ for process in service.processes if process.reference}
    for word, names, outside in (("Hears", heard, heard - own), ("Says", said, said - own)):
        told = {name for name in re.findall(r"\w+", _section(docstring, word)) if name in heard | said | {*CONTRACTS}}
        yield from (f"{service.name}: {word} does not name {name}" for name in sorted(outside - told))
        yield from (f"{service.name}: {word} names {name}, and it is not so" for name in sorted(told - names))
    for name in sorted((heard | said | known) - {*re.findall(r"\w+", docstring)}):
        yield f"{service.name}: the docstring does not name {name}"
    if any(process.waits for process in service.processes) != bool(_section(docstring, "Waits")):
        yield f"{service.name}: Waits tells what a deadline is for, if there is one"


def _section(docstring: str, word: str) -> str:
    """The line that begins with a word, and the indented ones below it."""
    found = re.search(rf"^{word}\b(.*(?:\n[ \t]+\S.*)*)", docstring, re.MULTILINE)
    return found[1] if found else ""


def test_every_process_hears_by_one_key() -> None:
    processes = [process for service in catalogue.all_services() for process in service.processes]
    assert [problem for process in processes for problem in one_key(process)] == []


def _topics_said(process: Process[Any], folder: str) -> set[str]:
    """The topics of all events that the decisions of a process, and what they import, make."""
    tables = (process.begins, process.hears, {None: process.waits} if process.waits else {})
    modules = {inspect.unwrap(decide).__module__ for table in tables for decide in table.values()}
    made = {name for path in reached_from(HOUSE, folder, modules) for _, name in calls(parsed(HOUSE[path]))}
    return {event.topic.name for name, event in CONTRACTS.items() if name in made and event.topic}


def test_no_two_processes_of_a_service_say_something_on_the_same_topic() -> None:
    """Each numbers its own streams: a listener would take the one's numbers for the other's repetitions."""
    for service in catalogue.all_services():
        said = [_topics_said(process, f"services/{service.name}") for process in service.processes]
        for one, other in itertools.combinations(said, 2):
            assert one & other == set(), service.name


def test_a_topic_with_two_speakers_would_be_noticed() -> None:
    intake = catalogue.service("intake")
    by_name = {process.name: _topics_said(process, "services/intake") for process in intake.processes}
    assert "claims.screened.v1" in by_name["claimants"]
    assert "claims.intake.v1" in by_name["intake"]


def test_a_process_with_two_keys_is_noticed() -> None:
    recovery = catalogue.service("recovery").processes[0]
    mixed = Process(
        "mixed", recovery.state, recovery.begins, dict(catalogue.service("insurance_accelerator").processes[0].hears)
    )
    assert list(one_key(mixed))


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_the_docstring_tells_what_a_service_hears_says_and_waits_for(name: str) -> None:
    said = said_in(HOUSE, f"services/{name}", CONTRACTS)
    docstring = import_module(f"services.{name}.app").__doc__ or ""
    assert "\n".join(told_in_the_docstring(catalogue.service(name), said, docstring)) == ""


@pytest.mark.parametrize(
    ("was", "is_now"),
    [
        ("PayoutPaid", "PayoutFailed"),
        ("DebitNoticed", ""),
        ("RecoveryOpened", "RecoveryOpened · PayoutAuthorized"),
        ("Waits", "Hopes"),
        ("SellerCoverChanged", "somewhere"),
    ],
)
def test_a_docstring_that_tells_something_else_is_noticed(was: str, is_now: str) -> None:
    service, said = catalogue.service("recovery"), said_in(HOUSE, "services/recovery", CONTRACTS)
    docstring = import_module("services.recovery.app").__doc__ or ""
    assert list(told_in_the_docstring(service, said, docstring.replace(was, is_now)))


def test_everything_the_outside_says_is_heard_by_somebody() -> None:
    unheard = [event for event in published_events() if event.topic and event.topic.party not in SERVICES]
    assert [event.type_name() for event in unheard if not SERVICES & {*hearers()[event]}] == []


NO_ANSWER: Final = {
    (
        "escalation",
        "insurance_accelerator",
        "sellers.certificates.v1",
    ): "no deadline of a claim presumes no cover",
    ("escalation", "insurance_accelerator", "carriers.quotes.v1"): "no deadline of a claim presumes no cover",
    ("escalation", "insurance_accelerator", "sellers.proceeds.v1"): "what a seller sold answers nothing",
    ("escalation", "seller_notifier", "insurers.replies.v1"): "escalation hears insurers itself",
    ("recovery", "insurance_accelerator", "sellers.proceeds.v1"): "what a seller sold answers nothing",
    ("recovery", "seller_notifier", "insurers.replies.v1"): "it ends reminders, and tells recovery nothing",
    ("recovery", "escalation", "insurers.replies.v1"): "before a payout; recovery begins with one",
    ("recovery", "escalation", "finance.results.v1"): "recovery hears finance itself",
    ("insurance_accelerator", "intake", "claims.submissions.v1"): "a claim more on record is no answer of the seller's",
}
"""(who has deadlines, who passes on, what the outside says): why those deadlines need not wait for it."""
ONLY_REMINDS: Final = "seller_notifier"
"""Its deadlines presume nothing: a letter that crosses with an answer is one too many."""


def held_by() -> Iterator[tuple[str, str, str]]:
    """Whoever has deadlines and hears another service, with every topic of the outside that this one hears."""
    outside: dict[str, set[str]] = {
        service.name: {topic.name for each in service.processes for topic in topics_of(each) if not topic.numbered}
        for service in catalogue.all_services()
    }
    for service in catalogue.all_services():
        for process in service.processes:
            references = [process.reference.fact] if process.reference else []
            heard = {event.topic.party for event in (*process.begins, *process.hears, *references) if event.topic}
            for other in sorted((heard & SERVICES) - {service.name}) if process.waits else ():
                yield from ((process.name, other, topic) for topic in sorted(outside[other]))


def test_deadlines_wait_for_whatever_another_service_passes_on_or_it_is_said_why_not() -> None:
    """The simulation looks at what is listed: what is forgotten in the list, only this shows."""
    waited_for = {
        (process.name, source, topic.name)
        for service in catalogue.all_services()
        for process in service.processes
        for source, topics in process.passed_on.items()
        for topic in topics
    }
    wanted = {each for each in held_by() if each[0] != ONLY_REMINDS}
    assert waited_for & NO_ANSWER.keys() == set()
    assert waited_for | NO_ANSWER.keys() == wanted
