"""Bodies that a published schema allows, whoever writes them."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ops.schemas import Schema, resolved, schema_of
from shared.events.base import Event

MOMENTS = st.datetimes(
    datetime(2000, 1, 2),  # noqa: DTZ001 - the strategy adds the zone itself
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7)), timezone(timedelta(hours=5, minutes=30))]),
)
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
"""A NUL is text to a schema, and refused on the wire: PostgreSQL's JSON holds none."""
FEW = 3
"""Lists stay short: what is in them matters, not how many."""


def bodies(event: type[Event]) -> SearchStrategy[dict[str, Any]]:
    """As JSON objects; fields that may be left out sometimes are."""
    schema = schema_of(event)
    return _objects(schema, schema)


def _values(schema: Schema, part: Schema) -> SearchStrategy[Any]:
    part = resolved(schema, part)
    if "enum" in part:
        return st.sampled_from(part["enum"])
    if "anyOf" in part:
        return st.one_of([_values(schema, each) for each in part["anyOf"]])
    match part["type"]:
        case "object":
            return _objects(schema, part)
        case "array":
            most = min(part.get("maxItems", FEW), FEW)
            return st.lists(_values(schema, part["items"]), min_size=part.get("minItems", 0), max_size=most)
        case "string":
            return _texts(part)
        case "integer":
            return st.integers(part.get("minimum", -(2**40)), part.get("maximum", 2**40))
        case "number":
            return st.floats(part["minimum"], part["maximum"])
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case other:
            raise AssertionError(f"no event has a field of the type {other!r} yet: say here what it may be")


def _objects(schema: Schema, part: Schema) -> SearchStrategy[dict[str, Any]]:
    fields = {name: _values(schema, field) for name, field in part["properties"].items()}
    required = {name: fields.pop(name) for name in part.get("required", ())}
    return st.fixed_dictionaries(required, optional=fields)


def _texts(part: Schema) -> SearchStrategy[str]:
    if "pattern" in part:
        wanted: str = part["pattern"].removesuffix("$") + r"\Z"  # in Python a $ lets a last line break pass
        longest: int = part.get("maxLength", 1000)
        written: SearchStrategy[str] = st.from_regex(wanted)
        return written.filter(lambda text: len(text) <= longest)
    match part.get("format"):
        case "uuid":
            return st.uuids().map(str)
        case "date":
            return st.dates(date(1900, 1, 1), date(2200, 1, 1)).map(date.isoformat)
        case "date-time":
            return MOMENTS.map(datetime.isoformat)
        case _:
            most = min(part.get("maxLength", 60), 60)
            return st.text(CHARACTERS, min_size=part.get("minLength", 0), max_size=most)
