"""Whatever the contracts allow is decided, in any order, and parks nobody; whatever they do not is refused by name."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops import catalogue
from ops.schemas import Schema, published_events, resolved, schema_of
from services.escalation.app import escalation
from services.insurance_accelerator.app import insurance_accelerator
from services.intake.app import intake
from services.recovery.app import recovery
from services.seller_notifier.app import seller_notifier
from shared.events.base import Envelope, Event
from shared.runtime import Process
from shared.runtime.codec import MAX_BODY, MAX_OF_OURS, DecodeError, Headers, decode, encode
from shared.runtime.process import all_processes
from tests.contracts.from_schema import bodies
from tests.contracts.on_the_wire import newest_samples
from tests.deciding import START, day
from tests.escalation import given as of_escalation
from tests.hostile.kinds import Path, placed
from tests.interpreter import Interpreter
from tests.recovery import given as of_recovery
from tests.seller_notifier import given as of_seller_notifier

MOST_BODY: Final = 100_000
"""Bytes of a body that is as large as a sender can make it."""


def of_outsiders(process: Process[Any]) -> list[type[Event]]:
    """The events it hears that no service of ours says."""
    heard = dict.fromkeys((*process.begins, *process.hears))
    return [kind for kind in heard if kind.topic is not None and not kind.topic.numbered]


def fresh(process: Process[Any]) -> Interpreter[Any]:
    return Interpreter(process)


def begun_escalation() -> Interpreter[Any]:
    told = Interpreter(escalation)
    told.hear(of_escalation.accepted())
    return told


def begun_seller_notifier() -> Interpreter[Any]:
    told = Interpreter(seller_notifier)
    told.learn(of_seller_notifier.seller())
    told.hear(of_seller_notifier.accepted())
    told.hear(of_seller_notifier.route())
    return told


def begun_recovery() -> Interpreter[Any]:
    told = Interpreter(recovery)
    told.hear(of_recovery.authorized())
    told.hear(of_recovery.paid())
    return told


BEGUN: Final[dict[str, tuple[Process[Any], Callable[[], Interpreter[Any]]]]] = {
    "intake": (intake, lambda: fresh(intake)),
    "insurance_accelerator": (insurance_accelerator, lambda: fresh(insurance_accelerator)),
    "escalation": (escalation, begun_escalation),
    "seller_notifier": (seller_notifier, begun_seller_notifier),
    "recovery": (recovery, begun_recovery),
}
"""Each process, as it is when the outside begins to speak."""


def test_every_process_that_hears_the_outside_is_fuzzed() -> None:
    processes = [process for service in catalogue.all_services() for process, _ in all_processes(service)]
    hears_outside = {p.name for p in processes if of_outsiders(p) and not p.name.endswith(".reference")}
    assert hears_outside == BEGUN.keys()


@pytest.mark.parametrize("name", BEGUN)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_whatever_the_outside_may_say_is_decided_and_parks_nobody(name: str, data: st.DataObject) -> None:
    process, begin = BEGUN[name]
    told = begin()
    key = next(iter(told.states), None)
    for _ in range(data.draw(st.integers(1, 8))):
        kind = data.draw(st.sampled_from(of_outsiders(process)))
        event = _heard(kind, data.draw(bodies(kind)), key, _known(told, data.draw(st.integers(0, 3))))
        key = key or event.key
        told.hear(event)
        if data.draw(st.booleans()):
            told.wait_until(told.now + (day(20) - START))


def _known(told: Interpreter[Any], number: int) -> dict[str, Any]:
    """Ids that the process itself has named or knows: so that an answer can be one to what it asked."""
    found: dict[str, list[Any]] = {}
    for said in told.said:
        for field, value in json.loads(said.model_dump_json()).items():
            if field.endswith("_id"):
                found.setdefault(field, []).append(value)
    named = {field: values[-1 - number % len(values)] for field, values in found.items()}
    for state in told.states.values():
        named |= {field: str(value) for field, value in state if field in ("seller_id", "submission_id")}
    return named if number else {}


def _heard(kind: type[Event], body: dict[str, Any], key: str | None, known: dict[str, Any]) -> Event:
    """Over the wire, under the key that is spoken of."""
    assert kind.topic is not None
    body |= {field: value for field, value in known.items() if field in body}
    if key is not None:
        body[kind.topic.key] = key
    said = kind.model_validate_json(json.dumps(body))
    envelope = Envelope("id", kind.type_name(), "fuzz", START, said.key)
    return decode(kind.topic.name, *encode(said, envelope))[0]


WRONG: Final[list[Any]] = [None, True, -1, 0.5, 10**30, "", "\x01", "x" * 300, [], [[]], {}, {"a": 1}]


@pytest.mark.parametrize("event", published_events(), ids=lambda event: event.type_name())
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_a_field_that_is_wrong_is_named(event: type[Event], data: st.DataObject) -> None:
    assert event.topic is not None
    body = data.draw(bodies(event))
    path = data.draw(st.sampled_from(list(_paths(body))))
    wrong: Any = data.draw(st.sampled_from(WRONG))
    sample = newest_samples()[event.type_name()]
    placed(body, path, wrong)
    key = str(body.get(event.topic.key)).encode()
    named = {field.partition(".")[0] for field, _ in _problems(event.topic.name, key, body, sample.headers)}
    assert named <= {str(path[0]), "key"}


def _problems(topic: str, key: bytes, body: Any, headers: Headers) -> tuple[tuple[str, str], ...]:
    """None, or what a DecodeError says; anything else that is raised is the test's failure."""
    try:
        decode(topic, key, json.dumps(body).encode(), headers)
    except DecodeError as error:
        return error.problems
    return ()


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            yield (*path, name)
            yield from _paths(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(cast("list[Any]", value)):
            yield (*path, number)
            yield from _paths(inner, (*path, number))


# As large as the contract lets it be.


FULLER: Final[dict[str, dict[str, Any]]] = {
    "SellerAnswered": {"choice": "contest", "contested_items": [1]},
    "ReviewDecided": {"valid": True, "findings": [{"item": 1, "allowed_minor": 1, "reasons": ["NOT_PROVEN"]}]},
}
"""What the samples leave empty."""
LARGEST: Final = [(name, kind) for name, (process, _) in BEGUN.items() for kind in of_outsiders(process)]


@pytest.mark.parametrize(("name", "kind"), LARGEST, ids=[f"{name}-{kind.type_name()}" for name, kind in LARGEST])
def test_the_largest_that_may_be_said_is_decided_again_and_again(name: str, kind: type[Event]) -> None:
    """A sender who fills every list and text must not make a state that is too large to be kept."""
    process, begin = BEGUN[name]
    told = begin()
    if not told.states:
        for first in (newest_samples()[begins.type_name()] for begins in list(process.begins)[:1]):
            told.hear(decode(first.topic, first.key, first.value, first.headers)[0])
    key = next(iter(told.states))
    sample = newest_samples()[kind.type_name()]
    for turn in range(6):
        body = _large(schema_of(kind), sample.body | FULLER.get(kind.type_name(), {}), str(turn))
        told.hear(_heard(kind, body, key, _known(told, turn + 1)))


def _large(schema: Schema, body: dict[str, Any], mark: str) -> dict[str, Any]:
    """Every list as long, and every text as large, as the schema lets it be; what has no bound shares the room."""
    return {field: _filled(schema, schema["properties"][field], value, mark) for field, value in body.items()}


def _filled(schema: Schema, part: Schema, value: Any, mark: str) -> Any:
    part = resolved(schema, part)
    if "anyOf" in part:
        part = next(resolved(schema, each) for each in part["anyOf"] if each.get("type") != "null")
    if isinstance(value, list) and value:
        items = cast("list[Any]", value)
        each = _filled(schema, part["items"], items[0], mark)
        most = min(part.get("maxItems", 10**9), max(1, MOST_BODY // (len(json.dumps(each)) + 2)))
        more: list[Any] = [_another(each, number) for number in range(most)]
        return more
    if isinstance(value, dict):
        inside = cast("dict[str, Any]", value)
        return {field: _filled(schema, part["properties"][field], inner, mark) for field, inner in inside.items()}
    if part.get("type") == "string" and not part.keys() & {"pattern", "format", "enum"}:
        return (mark * (part.get("maxLength", 3_000)))[: part.get("maxLength", 3_000)]
    return cast("Any", value)


def _another(value: Any, number: int) -> Any:
    """Another entry of a list: numbers count up, so that none is a repetition."""
    if isinstance(value, dict):
        inside = cast("dict[str, Any]", value)
        return {k: number + 1 if k == "item" else v for k, v in inside.items()}
    return number + 1 if isinstance(value, int) and not isinstance(value, bool) else value


def test_what_a_service_says_of_the_largest_body_still_finds_ears() -> None:
    """It may add a little to what it heard: a limit that is the same for both would lose that."""
    ours, theirs = (newest_samples()[name] for name in ("SellerAnswerRecorded", "SellerAnswered"))
    decode(ours.topic, ours.key, ours.value.ljust(MAX_BODY + 1000), ours.headers)
    for sample, most in ((ours, MAX_OF_OURS), (theirs, MAX_BODY)):
        decode(sample.topic, sample.key, sample.value.ljust(most), sample.headers)
        with pytest.raises(DecodeError, match=f"body: is larger than {most} bytes"):
            decode(sample.topic, sample.key, sample.value.ljust(most + 1), sample.headers)
