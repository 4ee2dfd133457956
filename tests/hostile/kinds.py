"""Kinds of bad record: each makes one of a good one, and says what becomes of it and which field the reason names."""

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache, wraps
from itertools import count
from typing import Any, Final, TypeAlias, cast

from ops.schemas import Schema, resolved, schema_of
from shared.events.base import type_registry
from shared.runtime.codec import MAX_OF_OURS
from tests.contracts.on_the_wire import Sample
from tests.hostile.raw import GZIP, LZ4, NONE, SNAPPY, ZSTD

SECRET: Final = "Ottilie Brandwein"
"""Stands in what is sent; no reason and no line of a log may repeat it."""
Path: TypeAlias = tuple[str | int, ...]
NUMBERS: Final = ("ce_lane", "ce_sequence", "ce_epoch")


class Fate(Enum):
    """What becomes of a record."""

    DEAD = "kept as a dead letter, with its reason"
    PARKED = "kept where its key waits, with its reason"
    TAKEN = "decided, or kept for a beginning"
    PASSED_OVER = "not in its turn: left alone"


@dataclass(frozen=True, repr=False)
class Made:
    """A record to be published. ``reason``: a pattern of the reason. ``counts``: it uses up a number of its stream."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    reason: str = ""
    fate: Fate = Fate.DEAD
    codec: int = NONE
    spoils: tuple[bytes, bytes] | None = None
    """Bytes to be replaced in the batch by others that no client would write."""
    counts: bool = True


_KEYS: Final = count()
"""Each key that waits is one of its own, that nothing else is said of."""
Maker: TypeAlias = Callable[[Sample], Made | None]
KINDS: Final[dict[str, Maker]] = {}
"""By name, in the order of this file. None: this sample has nothing that could be bad in this way."""
HUGE: Final = frozenset({"fifty_megabytes", "a_bomb_of_zstd"})
"""Kinds that cost a second of everybody who hears them."""


def kind(make: Maker) -> Maker:
    KINDS[make.__name__] = make
    return make


def is_ours(sample: Sample) -> bool:
    topic = type_registry[sample.type_name].topic
    return topic is not None and topic.numbered


def of_outsiders(make: Maker) -> Maker:
    """Not looked for on topics of ours, which only an outbox fills: old facts of ours must parse for ever."""

    @wraps(make)
    def made(sample: Sample) -> Made | None:
        return None if is_ours(sample) else make(sample)

    return made


def good(sample: Sample) -> Made:
    return Made(sample.key, sample.value, tuple(sample.headers), fate=Fate.TAKEN)


def with_value(sample: Sample, value: bytes | None, reason: str, **other: Any) -> Made:
    return replace(good(sample), value=value, reason=reason, fate=other.pop("fate", Fate.DEAD), **other)


def with_body(sample: Sample, change: Callable[[Any], Any], reason: str, fate: Fate = Fate.DEAD) -> Made:
    """On a topic of ours another body is of another version of us, and its key waits for that."""
    body = deepcopy(sample.body)
    change(body)
    made = with_value(sample, json.dumps(body).encode(), reason, fate=fate)
    if fate is Fate.DEAD and is_ours(sample):
        return replace(made, fate=Fate.PARKED, key=f"waits-{next(_KEYS)}".encode())
    return made


def with_header(sample: Sample, name: str, value: bytes | None, reason: str, fate: Fate = Fate.DEAD) -> Made:
    headers = [(n, value if n == name else v) for n, v in sample.headers]
    if name not in dict(sample.headers):
        headers.append((name, value))
    return replace(good(sample), headers=tuple(headers), reason=reason, fate=fate)


def without(sample: Sample, *names: str) -> tuple[tuple[str, bytes | None], ...]:
    return tuple((name, value) for name, value in sample.headers if name not in names)


# Where in a body something of a kind stands: by the published schema.


@cache
def schema_named(type_name: str) -> Schema:
    return schema_of(type_registry[type_name])


def leaves(sample: Sample) -> Iterator[tuple[Path, Schema, Any]]:
    schema = schema_named(sample.type_name)
    yield from _leaves(schema, schema, sample.body, ())


def _leaves(schema: Schema, part: Schema, value: Any, path: Path) -> Iterator[tuple[Path, Schema, Any]]:
    part = resolved(schema, part)
    if "anyOf" in part:
        part = next(resolved(schema, each) for each in part["anyOf"] if each.get("type") != "null")
    if isinstance(value, dict):
        for name, inner in part["properties"].items():
            if name in value:
                yield from _leaves(schema, inner, value[name], (*path, name))
    elif isinstance(value, list):
        for each in cast("list[Any]", value)[:1]:
            yield from _leaves(schema, part["items"], each, (*path, 0))
    elif value is not None:
        yield path, part, value


def first(sample: Sample, fits: Callable[[Path, Schema], bool], *, key: bool = False) -> Path | None:
    """Where a value stands that fits; the event's own key only if asked for."""
    own = type_registry[sample.type_name].topic
    assert own is not None
    found = (path for path, part, _ in leaves(sample) if (key or path != (own.key,)) and fits(path, part))
    return next(found, None)


def placed(body: Any, path: Path, value: Any) -> None:
    for step in path[:-1]:
        body = body[step]
    body[path[-1]] = value


def dotted(path: Path) -> str:
    return ".".join(map(str, path))


def with_leaf(
    sample: Sample, fits: Callable[[Path, Schema], bool], value: Any, reason: str, fate: Fate = Fate.DEAD
) -> Made | None:
    """Another value in the first place that fits; ``reason`` follows the field's name."""
    path = first(sample, fits)
    if path is None:
        return None
    return with_body(sample, lambda body: placed(body, path, value), f"{dotted(path)}: {reason}", fate)


def is_amount(path: Path, _: Schema) -> bool:
    return str(path[-1]).endswith("_minor")


def is_date(_: Path, part: Schema) -> bool:
    return part.get("format") == "date"


def is_moment(_: Path, part: Schema) -> bool:
    return part.get("format") == "date-time"


def is_word(_: Path, part: Schema) -> bool:
    return "enum" in part


def is_currency(_: Path, part: Schema) -> bool:
    return "enum" in part and "PLN" in part["enum"]


def is_id(_: Path, part: Schema) -> bool:
    return part.get("maxLength") == 128 and "pattern" in part


def is_uuid(_: Path, part: Schema) -> bool:
    return part.get("format") == "uuid"


def is_text(_: Path, part: Schema) -> bool:
    return part.get("type") == "string" and not part.keys() & {"pattern", "format", "enum"} and "maxLength" in part


def is_marketplace(path: Path, part: Schema) -> bool:
    return path[-1] == "marketplace" and "pattern" in part


def is_flag(_: Path, part: Schema) -> bool:
    return part.get("type") == "boolean"


# The body is no JSON, or not the JSON of an event.


@kind
def not_json(sample: Sample) -> Made:
    return with_value(sample, b"{not json: " + SECRET.encode(), "body: Invalid JSON")


@kind
def cut_short(sample: Sample) -> Made:
    return with_value(sample, sample.value[:-1], "body: Invalid JSON")


@kind
def two_documents(sample: Sample) -> Made:
    return with_value(sample, sample.value * 2, "body: Invalid JSON")


@kind
def a_trailing_comma(sample: Sample) -> Made:
    return with_value(sample, sample.value[:-1] + b",}", "body: Invalid JSON")


@kind
def python_instead_of_json(sample: Sample) -> Made:
    return with_value(sample, repr(sample.body).encode(), "body: Invalid JSON")


@kind
def an_empty_body(sample: Sample) -> Made:
    return with_value(sample, b"", "body: Invalid JSON")


@kind
def a_tombstone(sample: Sample) -> Made:
    return with_value(sample, None, "body: is missing")


@kind
def utf16(sample: Sample) -> Made:
    return with_value(sample, sample.value.decode().encode("utf-16"), "body: Invalid JSON")


@kind
def a_byte_order_mark(sample: Sample) -> Made:
    return with_value(sample, b"\xef\xbb\xbf" + sample.value, "body: Invalid JSON")


@kind
def latin1(sample: Sample) -> Made:
    return with_value(sample, sample.value[:-1] + ', "x": "é"}'.encode("latin-1"), "body: Invalid JSON")


@kind
def a_compressed_body(sample: Sample) -> Made:
    return with_value(sample, gzip.compress(sample.value), "body: Invalid JSON")


@kind
def a_list(sample: Sample) -> Made:
    return with_value(sample, b"[" + sample.value + b"]", "body: Input should be an object")


@kind
def a_null(sample: Sample) -> Made:
    return with_value(sample, b"null", "body: Input should be an object")


@kind
def a_number(sample: Sample) -> Made:
    return with_value(sample, b"42", "body: Input should be an object")


@kind
def ten_thousand_deep(sample: Sample) -> Made:
    deep = b'{"x":' * 10_000 + b"1" + b"}" * 10_000
    return with_value(sample, sample.value[:-1] + b', "x": ' + deep + b"}", "body: Invalid JSON: recursion limit")


@kind
def a_number_of_five_thousand_digits(sample: Sample) -> Made:
    return with_value(sample, sample.value[:-1] + b', "x": ' + b"9" * 5000 + b"}", "body: Invalid JSON")


@kind
def larger_than_a_body_may_be(sample: Sample) -> Made:
    return with_value(sample, sample.value + b" " * MAX_OF_OURS, "body: is larger than")


@kind
def the_largest_that_passes_the_broker(sample: Sample) -> Made:
    return with_value(sample, b"[" * 1_040_000, "body: is larger than")


@kind
def fifty_megabytes(sample: Sample) -> Made:
    return with_value(sample, SECRET.encode() + b" " * 50_000_000, "body: is larger than", codec=GZIP)


@kind
def a_bomb_of_zstd(sample: Sample) -> Made:
    bomb = b"\0" * (80 << 20)
    return with_value(sample, bomb, "record: cannot be read", codec=ZSTD, counts=False)


# JSON that two parsers read differently, and text that a database cannot hold.


@kind
@of_outsiders
def a_name_given_twice(sample: Sample) -> Made | None:
    name = next(iter(sample.body))
    double = b"{" + json.dumps(name).encode() + b": " + json.dumps(sample.body[name]).encode() + b", "
    return with_value(sample, double + sample.value[1:], f"{name}: is given twice")


@kind
@of_outsiders
def a_name_given_twice_inside(sample: Sample) -> Made | None:
    return with_value(sample, sample.value[:-1] + b', "x": {"item": 1, "item": 2}}', "….item: is given twice")


@kind
@of_outsiders
def not_a_number(sample: Sample) -> Made | None:
    return with_value(sample, sample.value[:-1] + b', "x": NaN}', "…: is NaN or Infinity")


@kind
@of_outsiders
def infinity(sample: Sample) -> Made | None:
    return with_value(sample, sample.value[:-1] + b', "x": [-Infinity]}', "….0: is NaN or Infinity")


@kind
def an_amount_that_is_no_number(sample: Sample) -> Made | None:
    return with_leaf(sample, is_amount, float("nan"), "Input should be a valid integer")


@kind
@of_outsiders
def a_nul(sample: Sample) -> Made | None:
    path = first(sample, is_text)
    if path is None:
        return with_value(sample, sample.value[:-1] + b', "x": "a\\u0000b"}', "…: holds a NUL")
    return with_body(sample, lambda body: placed(body, path, f"{SECRET}\0"), f"{dotted(path)}: holds a NUL")


@kind
def a_lone_surrogate(sample: Sample) -> Made:
    return with_value(sample, sample.value[:-1] + b', "x": "\\ud800"}', "body: Invalid JSON")


@kind
def a_raw_control_character(sample: Sample) -> Made:
    return with_value(sample, sample.value[:-1] + b', "x": "a\x1bb"}', "body: Invalid JSON")


# A field is not what it should be.


@kind
def a_field_is_missing(sample: Sample) -> Made:
    required = schema_named(sample.type_name)["required"]
    return with_body(sample, lambda body: body.pop(required[-1]), f"{required[-1]}: Field required")


@kind
def every_field_is_missing(sample: Sample) -> Made:
    return with_body(sample, lambda body: body.clear(), "Field required")


@kind
def a_field_is_null(sample: Sample) -> Made:
    required = schema_named(sample.type_name)["required"]
    return with_body(sample, lambda body: body.update({required[-1]: None}), f"{required[-1]}: .*should be")


@kind
def a_field_is_an_object(sample: Sample) -> Made:
    required = schema_named(sample.type_name)["required"]
    inside = {SECRET: SECRET}
    return with_body(sample, lambda body: body.update({required[0]: inside}), f"{required[0]}: .*should be")


@kind
def a_negative_amount(sample: Sample) -> Made | None:
    return with_leaf(sample, is_amount, -1, "Input should be greater than or equal to 0")


@kind
def an_overflowing_amount(sample: Sample) -> Made | None:
    return with_leaf(sample, is_amount, 2**63, "Input should be less than or equal to")


@kind
def an_amount_beyond_all_measure(sample: Sample) -> Made | None:
    return with_leaf(sample, is_amount, 10**400, "Input should be less than or equal to")


@kind
def a_fraction_of_a_cent(sample: Sample) -> Made | None:
    return with_leaf(sample, is_amount, 12.5, "Input should be a valid integer")


@kind
def an_amount_with_a_point(sample: Sample) -> Made | None:
    return with_leaf(sample, is_amount, 100.0, "Input should be a valid integer")


@kind
def an_amount_as_text(sample: Sample) -> Made | None:
    return with_leaf(sample, is_amount, "100", "Input should be a valid integer")


@kind
def an_amount_that_is_true(sample: Sample) -> Made | None:
    return with_leaf(sample, is_amount, True, "Input should be a valid integer")


@kind
def a_currency_nobody_has(sample: Sample) -> Made | None:
    return with_leaf(sample, is_currency, "XXX", "Input should be 'USD'")


@kind
def a_currency_in_small_letters(sample: Sample) -> Made | None:
    return with_leaf(sample, is_currency, "usd", "Input should be 'USD'")


@kind
def a_marketplace_in_words(sample: Sample) -> Made | None:
    return with_leaf(sample, is_marketplace, "United States", "String should match pattern")


@kind
def a_word_that_is_none(sample: Sample) -> Made | None:
    return with_leaf(sample, is_word, SECRET, "Input should be")


@kind
def a_day_in_the_year_0(sample: Sample) -> Made | None:
    return with_leaf(sample, is_date, "0000-01-01", "Input should be a valid date")


@kind
def a_day_that_never_was(sample: Sample) -> Made | None:
    return with_leaf(sample, is_date, "2025-02-30", "Input should be a valid date")


@kind
def a_day_after_the_year_9999(sample: Sample) -> Made | None:
    return with_leaf(sample, is_date, "10000-01-01", "Input should be a valid date")


@kind
def a_moment_that_never_was(sample: Sample) -> Made | None:
    return with_leaf(sample, is_moment, "2025-06-02T25:00:00Z", "Input should be a valid datetime")


@kind
def a_text_that_is_too_long(sample: Sample) -> Made | None:
    return with_leaf(sample, is_text, SECRET * 1000, "String should have at most")


@kind
def an_id_that_is_a_path(sample: Sample) -> Made | None:
    return with_leaf(sample, is_id, "../../etc/passwd", "String should match pattern")


@kind
def an_id_that_is_sql(sample: Sample) -> Made | None:
    return with_leaf(sample, is_id, "x'; drop table state; --", "String should match pattern")


@kind
def an_id_with_a_header_of_a_mail(sample: Sample) -> Made | None:
    return with_leaf(sample, is_id, "x\r\nBcc: everybody@example.com", "String should match pattern")


@kind
def an_id_from_right_to_left(sample: Sample) -> Made | None:
    return with_leaf(sample, is_id, "abc\u202egnp.exe", "String should match pattern")


@kind
def an_id_with_nothing_visible(sample: Sample) -> Made | None:
    return with_leaf(sample, is_id, "seller\u200b1", "String should match pattern")


@kind
def a_uuid_that_is_none(sample: Sample) -> Made | None:
    return with_leaf(sample, is_uuid, "not-a-uuid", "Input should be a valid UUID")


@kind
def a_flag_that_is_neither(sample: Sample) -> Made | None:
    return with_leaf(sample, is_flag, "perhaps", "Input should be a valid boolean")


# The key.


@kind
def no_key(sample: Sample) -> Made:
    return replace(good(sample), key=None, reason="key: must be the event's", fate=Fate.DEAD)


@kind
def an_empty_key(sample: Sample) -> Made:
    return replace(good(sample), key=b"", reason="key: must be the event's", fate=Fate.DEAD)


@kind
def a_key_that_disagrees(sample: Sample) -> Made:
    return replace(good(sample), key=SECRET.encode(), reason="key: must be the event's", fate=Fate.DEAD)


@kind
def a_key_that_is_no_text(sample: Sample) -> Made:
    return replace(good(sample), key=b"\xff\x00\xfe", reason="key: must be the event's", fate=Fate.DEAD)


@kind
def a_key_of_a_megabyte(sample: Sample) -> Made:
    return replace(good(sample), key=b"k" * 1_000_000, reason="key: must be the event's", fate=Fate.DEAD)


# The envelope.


@kind
def no_id(sample: Sample) -> Made:
    return replace(good(sample), headers=without(sample, "ce_id"), reason="ce_id: header is missing", fate=Fate.DEAD)


@kind
def no_type(sample: Sample) -> Made:
    headers = without(sample, "ce_type")
    return replace(good(sample), headers=headers, reason="ce_type: header is missing", fate=Fate.DEAD)


@kind
def no_time(sample: Sample) -> Made:
    headers = without(sample, "ce_time")
    return replace(good(sample), headers=headers, reason="ce_time: header is missing", fate=Fate.DEAD)


@kind
def no_header_at_all(sample: Sample) -> Made:
    return replace(good(sample), headers=(), reason="header is missing", fate=Fate.DEAD, counts=False)


@kind
def an_id_without_a_value(sample: Sample) -> Made:
    return with_header(sample, "ce_id", None, "ce_id: header is missing")


@kind
def an_id_that_is_no_text(sample: Sample) -> Made:
    return with_header(sample, "ce_id", b"\xff\xfe", "ce_id: is not UTF-8")


@kind
def an_id_of_two_thousand_bytes(sample: Sample) -> Made:
    return with_header(sample, "ce_id", b"x" * 2000, "ce_id: is longer than")


@kind
def an_id_with_a_line_break(sample: Sample) -> Made:
    return with_header(sample, "ce_id", b"a\r\nBcc: x@example.com", "ce_id: holds a control character")


@kind
def a_time_that_is_none(sample: Sample) -> Made:
    return with_header(sample, "ce_time", SECRET.encode(), "ce_time: is not an ISO 8601 moment")


@kind
def a_time_in_the_year_0(sample: Sample) -> Made:
    return with_header(sample, "ce_time", b"0000-01-01T00:00:00Z", "ce_time: is not an ISO 8601 moment")


@kind
def a_time_before_computers(sample: Sample) -> Made:
    return with_header(sample, "ce_time", b"1970-01-01T00:00:00Z", "ce_time: is before the year 2000")


@kind
def a_header_given_twice(sample: Sample) -> Made:
    made = good(sample)
    return replace(
        made, headers=(*made.headers, ("ce_id", b"x")), reason="ce_id: header is given twice", fate=Fate.DEAD
    )


@kind
def a_flood_of_headers(sample: Sample) -> Made:
    """None of them is one that we read: what else travels with a record is its sender's own affair."""
    made = good(sample)
    return replace(made, headers=(*made.headers, *((f"ce_{n}", b"x") for n in range(20_000) for _ in "ab")))


@kind
def a_type_that_nobody_has(sample: Sample) -> Made:
    """On a topic of ours it is an event of a newer version, kept for one that knows it; outside it is a mistake."""
    return with_header(sample, "ce_type", b"ClaimImagined", "ce_type: is not an event of the topic")


@kind
def the_type_of_another_topic(sample: Sample) -> Made:
    return with_header(sample, "ce_type", b"StatusChanged", "ce_type: is not an event of the topic")


@kind
def a_type_in_small_letters(sample: Sample) -> Made:
    return with_header(sample, "ce_type", sample.type_name.lower().encode(), "ce_type: is not an event")


# The numbers of our own topics, as a forger would write them.


@kind
def a_record_of_ours_without_numbers(sample: Sample) -> Made | None:
    if not is_ours(sample):
        return None
    headers = without(sample, *NUMBERS)
    return replace(good(sample), headers=headers, reason="ce_sequence: header is missing", fate=Fate.DEAD, counts=False)


def forged(sample: Sample, name: str, value: bytes, reason: str, fate: Fate) -> Made | None:
    if not is_ours(sample):
        return None
    return replace(with_header(sample, name, value, reason, fate), counts=False)


@kind
def a_negative_sequence(sample: Sample) -> Made | None:
    return forged(sample, "ce_sequence", b"-1", "ce_sequence: header is missing", Fate.DEAD)


@kind
def a_sequence_of_twenty_digits(sample: Sample) -> Made | None:
    return forged(sample, "ce_sequence", b"9" * 20, "ce_sequence: header is missing", Fate.DEAD)


@kind
def a_sequence_far_ahead(sample: Sample) -> Made | None:
    return forged(sample, "ce_sequence", b"9" * 18, "", Fate.PASSED_OVER)


@kind
def a_sequence_long_heard(sample: Sample) -> Made | None:
    return forged(sample, "ce_sequence", b"0", "", Fate.PASSED_OVER)


@kind
def a_lane_that_is_none(sample: Sample) -> Made | None:
    return forged(sample, "ce_lane", b"16", "ce_lane: is not one of 16 lanes", Fate.DEAD)


@kind
def a_negative_epoch(sample: Sample) -> Made | None:
    return forged(sample, "ce_epoch", b"-1", "ce_sequence: header is missing", Fate.DEAD)


@kind
def an_epoch_that_is_over(sample: Sample) -> Made | None:
    return forged(sample, "ce_epoch", b"0", "", Fate.PASSED_OVER)


# Odd, and no mistake: it is taken as what it is.


@kind
def a_field_that_nobody_knows_yet(sample: Sample) -> Made:
    """A newer version of the sender: an addition."""
    return with_body(sample, lambda body: body.update(something_new={"a": [1, None, SECRET]}), "", Fate.TAKEN)


@kind
def a_foreign_header_that_is_no_text(sample: Sample) -> Made:
    made = good(sample)
    return replace(made, headers=(*made.headers, ("x-binary", b"\x00\x01\xff\r\n")))


@kind
def a_header_name_that_is_no_utf8(sample: Sample) -> Made:
    made = good(sample)
    return replace(made, headers=(*made.headers, ("wrong-name", b"x")), spoils=(b"wrong-name", b"wr\xffng-n\xfeme"))


@kind
def a_header_without_a_value(sample: Sample) -> Made:
    made = good(sample)
    return replace(made, headers=(*made.headers, ("x-empty", None)))


@kind
def a_thousand_headers(sample: Sample) -> Made:
    made = good(sample)
    return replace(made, headers=(*made.headers, *((f"x-{n}", b"y" * 100) for n in range(1000))))


@kind
def a_trace_that_is_garbage(sample: Sample) -> Made:
    return with_header(sample, "traceparent", b"00-zz\xff; drop table", "", Fate.TAKEN)


@kind
def another_version_of_the_envelope(sample: Sample) -> Made:
    return with_header(sample, "ce_specversion", b"9.9", "", Fate.TAKEN)


@kind
def a_time_in_the_year_9999(sample: Sample) -> Made:
    return with_header(sample, "ce_time", b"9999-12-31T23:59:59Z", "", Fate.TAKEN)


@kind
def a_day_in_the_year_9999(sample: Sample) -> Made | None:
    return with_leaf(sample, is_date, "9999-12-31", "", Fate.TAKEN)


@kind
def a_marketplace_nobody_serves(sample: Sample) -> Made | None:
    return with_leaf(sample, is_marketplace, "ZZ", "", Fate.TAKEN)


@kind
def text_from_right_to_left_with_nothing_visible(sample: Sample) -> Made | None:
    return with_leaf(sample, is_text, "\u202egnp.exe\u200b\u2066\ufeff", "", Fate.TAKEN)


@kind
def text_with_control_characters(sample: Sample) -> Made | None:
    return with_leaf(sample, is_text, "a\x1b[2Jb\x07\x7f\u2028c", "", Fate.TAKEN)


@kind
def text_that_is_a_header_of_a_mail(sample: Sample) -> Made | None:
    return with_leaf(sample, is_text, "x\r\nBcc: everybody@example.com\r\n\r\nbody", "", Fate.TAKEN)


@kind
def text_that_is_a_path(sample: Sample) -> Made | None:
    return with_leaf(sample, is_text, "../../../../etc/passwd", "", Fate.TAKEN)


@kind
def text_that_is_sql(sample: Sample) -> Made | None:
    return with_leaf(sample, is_text, "x'; drop table state; --", "", Fate.TAKEN)


@kind
def text_that_is_a_template(sample: Sample) -> Made | None:
    return with_leaf(sample, is_text, "{{ 7*7 }}${jndi:ldap://x}%s{0}", "", Fate.TAKEN)


@kind
def packed_with_gzip(sample: Sample) -> Made:
    return replace(good(sample), codec=GZIP)


@kind
def packed_with_snappy(sample: Sample) -> Made:
    return replace(good(sample), codec=SNAPPY)


@kind
def packed_with_lz4(sample: Sample) -> Made:
    return replace(good(sample), codec=LZ4)


@kind
def packed_with_zstd(sample: Sample) -> Made:
    return replace(good(sample), codec=ZSTD)


def applicable(samples: Sequence[Sample], name: str) -> tuple[Sample, Made] | None:
    """The first of these good records that can be bad in this way."""
    for sample in samples:
        made = KINDS[name](sample)
        if made is not None:
            return sample, made
    return None
