"""The contracts as JSON Schemas, and what would break those who rely on a published one."""

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from pydantic.json_schema import GenerateJsonSchema

from shared.events.base import Event, type_registry

Schema: TypeAlias = dict[str, Any]

UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
FIXED: Final = ("type", "format", "pattern", "const")
ABOUT: Final = {"x-topic": "the topic", "x-key": "the key"}


class _Untitled(GenerateJsonSchema):
    """Without titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def published_events() -> list[type[Event]]:
    """Every event of the contracts that travels on a topic, in the order of definition."""
    importlib.import_module("shared.events")
    return [
        kind
        for kind in type_registry.values()
        if kind.topic is not None and kind.__module__.startswith("shared.events.")
    ]


def schema_of(event: type[Event]) -> Schema:
    """What a record's body may be, with the topic it lies on and the field that is its key."""
    assert event.topic is not None
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "x-topic": event.topic.name}
    return {**about, "x-key": event.topic.key, **event.model_json_schema(schema_generator=_Untitled)}


def text_of(schema: Schema) -> str:
    """As it is kept in docs/schemas."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def resolved(schema: Schema, part: Schema) -> Schema:
    """The part itself, or what it refers to, with what stands beside the reference."""
    reference = part.get("$ref")
    if reference is None:
        return part
    beside = {name: value for name, value in part.items() if name != "$ref"}
    return schema["$defs"][str(reference).rpartition("/")[2]] | beside


def breaks(published: Schema, now: Schema) -> list[str]:
    """What would no longer hold for those who rely on the published schema. Empty: what is new is an addition."""
    about = [f"{words} is another" for name, words in ABOUT.items() if published.get(name) != now.get(name)]
    return [*about, *_breaks("", (published, published), (now, now))]


_Part: TypeAlias = tuple[Schema, Schema]
"""A whole schema (for its definitions), and the part that is looked at."""


def _breaks(where: str, published: _Part, now: _Part) -> Iterator[str]:
    old, new = resolved(*published), resolved(*now)
    name = where or "the event"
    for word in FIXED:
        if old.get(word) != new.get(word):
            yield f"{name}: {word} was {old.get(word)}, is {new.get(word)}"
    if lost := [value for value in old.get("enum", []) if value not in new.get("enum", [])]:
        yield f"{name}: may no longer be {', '.join(map(str, lost))}"
    if "enum" in new and "enum" not in old:
        yield f"{name}: may only be one of a few values now"
    if "default" in old and "default" in new and old["default"] != new["default"]:
        yield f"{name}: left out it meant {old['default']}, and means {new['default']} now"
    yield from _tighter(name, old, new)
    yield from _alternatives(name, (published[0], old), (now[0], new))
    if "items" in old and "items" in new:
        yield from _breaks(f"{where}[]", (published[0], old["items"]), (now[0], new["items"]))
    yield from _fields(where, (published[0], old), (now[0], new))


def _tighter(name: str, old: Schema, new: Schema) -> Iterator[str]:
    for words, tighter in ((UPPER, float.__lt__), (LOWER, float.__gt__)):
        for word in words:
            bound, before = new.get(word), old.get(word)
            if bound is not None and (before is None or tighter(float(bound), float(before))):
                yield f"{name}: {word} was {before}, is {bound}"


def _alternatives(name: str, published: _Part, now: _Part) -> Iterator[str]:
    """Of ``X | None``: each alternative stays, and none comes, for who reads may know nothing of it."""
    old, new = (_by_kind(part[1].get("anyOf", ())) for part in (published, now))
    for kind in sorted(old.keys() | new.keys()):
        if kind not in new:
            yield f"{name}: may no longer be {kind}"
        elif kind not in old:
            yield f"{name}: may be {kind} now"
        else:
            yield from _breaks(name, (published[0], old[kind]), (now[0], new[kind]))


def _by_kind(alternatives: Sequence[Schema]) -> Mapping[str, Schema]:
    return {str(each.get("$ref") or each.get("format") or each.get("type")): each for each in alternatives}


def _fields(where: str, published: _Part, now: _Part) -> Iterator[str]:
    old, new = (part[1].get("properties", {}) for part in (published, now))
    was_required, is_required = (frozenset(part[1].get("required", ())) for part in (published, now))
    for name in old:
        field = f"{where}.{name}" if where else name
        if name not in new:
            yield f"{field}: is gone"
            continue
        if name in is_required - was_required:
            yield f"{field}: could be left out, and must be there now"
        yield from _breaks(field, (published[0], old[name]), (now[0], new[name]))
    for name in sorted(is_required & (new.keys() - old.keys())):
        yield f"{where}.{name}: is new and must be there" if where else f"{name}: is new and must be there"
