"""Contracts grow by addition: what breaks a published schema is noticed, and what adds to it is not."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from ops.docs import broken_contracts
from ops.schemas import Schema, breaks, schema_of
from shared.events.finance import PayoutPaid
from shared.events.intake import ClaimAccepted
from shared.events.upstream import ClaimSubmitted
from tests.source import ROOT

Change = Callable[[Schema], Any]


def changed(schema: Schema, change: Change) -> Schema:
    """What the schema becomes; every change here is made in place."""
    copy = deepcopy(schema)
    change(copy)
    return copy


def with_field(name: str, part: Schema, *, required: bool) -> Change:
    def change(schema: Schema) -> None:
        schema["properties"][name] = part
        if required:
            schema["required"].append(name)

    return change


def test_every_event_keeps_to_its_published_schema() -> None:
    assert "\n".join(broken_contracts(ROOT)) == "", "a break is a new class on a topic .v2, see CONTRIBUTING.md"


BREAKS: list[tuple[str, type[Any], Change]] = [
    ("a field is removed", ClaimAccepted, lambda s: s["properties"].pop("policy")),
    ("a field is retyped", ClaimAccepted, lambda s: s["properties"]["policy"].update(type="integer")),
    ("a day becomes a moment", ClaimAccepted, lambda s: s["properties"]["incident_on"].update(format="date-time")),
    ("an id is written otherwise", ClaimAccepted, lambda s: s["properties"]["seller_id"].update(pattern="^[0-9]+$")),
    ("a required field is added", ClaimAccepted, with_field("channel", {"type": "string"}, required=True)),
    ("an optional field is required", ClaimSubmitted, lambda s: s["required"].append("narrative")),
    (
        "what is left out means something else",
        ClaimSubmitted,
        lambda s: s["properties"]["narrative"].update(default="-"),
    ),
    ("less fits into a field", ClaimSubmitted, lambda s: s["properties"]["narrative"].update(maxLength=100)),
    ("a list must not be empty any more", ClaimSubmitted, lambda s: s["properties"]["losses"].update(minItems=1)),
    (
        "a free text becomes a list of words",
        ClaimSubmitted,
        lambda s: s["properties"]["product"].update(enum=["kettle"]),
    ),
    ("a word is taken out", ClaimSubmitted, lambda s: s["$defs"]["LossKind"]["enum"].remove("medical")),
    ("a field inside is removed", ClaimSubmitted, lambda s: s["$defs"]["Loss"]["properties"].pop("kind")),
    ("a field inside is added and required", ClaimSubmitted, lambda s: add_inside(s, "Loss", required=True)),
    ("a field can be null", PayoutPaid, lambda s: s["properties"].update(finance_reference=or_null("string"))),
    ("a field cannot be null any more", ClaimSubmitted, lambda s: s["properties"]["injury"]["anyOf"].pop()),
    ("a field inside an optional one is removed", ClaimSubmitted, lambda s: s["$defs"]["Injury"]["properties"].clear()),
    ("a list becomes one value", ClaimAccepted, lambda s: s["properties"].update(items={"$ref": "#/$defs/Item"})),
    ("the topic is another", PayoutPaid, lambda s: s.update({"x-topic": "finance.results.v2"})),
    ("the key is another", PayoutPaid, lambda s: s.update({"x-key": "payout_id"})),
]

ADDITIONS: list[tuple[str, type[Any], Change]] = [
    ("nothing", ClaimAccepted, lambda s: None),
    ("a field that may be left out", ClaimAccepted, with_field("channel", {"type": "string"}, required=False)),
    ("a field inside that may be left out", ClaimSubmitted, lambda s: add_inside(s, "Loss", required=False)),
    ("a word", ClaimSubmitted, lambda s: s["$defs"]["LossKind"]["enum"].append("childcare")),
    ("room", ClaimSubmitted, lambda s: s["properties"]["narrative"].update(maxLength=9000)),
    ("a description", ClaimSubmitted, lambda s: s.update(description="Told better.")),
    ("an order of words", ClaimSubmitted, lambda s: s["$defs"]["LossKind"]["enum"].reverse()),
]


def add_inside(schema: Schema, name: str, *, required: bool) -> None:
    with_field("share", {"type": "integer"}, required=required)(schema["$defs"][name])


def or_null(kind: str) -> Schema:
    return {"anyOf": [{"type": kind, "minLength": 1, "maxLength": 200}, {"type": "null"}]}


@pytest.mark.parametrize(("what", "event", "change"), BREAKS, ids=[what for what, _, _ in BREAKS])
def test_a_break_is_noticed(what: str, event: type[Any], change: Change) -> None:
    published = schema_of(event)
    assert breaks(published, changed(published, change)), what


@pytest.mark.parametrize(("what", "event", "change"), ADDITIONS, ids=[what for what, _, _ in ADDITIONS])
def test_an_addition_breaks_nothing(what: str, event: type[Any], change: Change) -> None:
    published = schema_of(event)
    assert breaks(published, changed(published, change)) == [], what


def test_a_break_tells_the_field_and_the_change() -> None:
    published = schema_of(ClaimSubmitted)
    now = changed(published, lambda s: s["$defs"]["Loss"]["properties"]["kind"].update({"$ref": "#/$defs/Currency"}))
    assert any(
        problem.startswith("losses[].kind: may no longer be purchase_price") for problem in breaks(published, now)
    )
