"""Events survive the wire, and bytes of others never do worse than be refused without being repeated."""

import json
import traceback
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ops.catalogue import all_topics
from ops.schemas import published_events
from shared.events.base import Envelope, Event
from shared.runtime.codec import MAX_BODY, DecodeError, Headers, decode, encode, numbers_of, type_of
from tests.contracts.from_schema import MOMENTS, bodies
from tests.contracts.on_the_wire import Sample, newest_samples

EVENTS = published_events()
SAMPLES = list(newest_samples().values())
PAID = newest_samples()["PayoutPaid"]
SECRET = "Ottilie Brandwein of Elm Street"

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=100)
numbers = st.none() | st.integers(0, 10**18 - 1)


def envelopes(event: type[Event], key: str) -> st.SearchStrategy[Envelope]:
    maybe = st.none() | texts
    return st.builds(
        Envelope,
        id=texts,
        type=st.just(event.type_name()),
        source=st.just("") | texts,
        time=MOMENTS,
        subject=st.just(key),
        traceparent=st.none() | st.just("00-" + "a1" * 16 + "-" + "b2" * 8 + "-01"),
        cause=maybe,
        reference=maybe,
        lane=numbers,
        sequence=numbers,
        epoch=numbers,
        decision=numbers,
    )


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type_name())
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_whatever_a_schema_allows_is_understood_and_survives_the_wire(event: type[Event], data: st.DataObject) -> None:
    assert event.topic is not None
    fact = event.model_validate_json(json.dumps(data.draw(bodies(event))))
    envelope = data.draw(envelopes(event, fact.key))

    key, value, headers = encode(fact, envelope)

    assert decode(event.topic.name, key, value, headers) == (fact, envelope)
    assert type_of(headers) == event.type_name()


def understood(topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> tuple[Event, Envelope] | None:
    """Any error other than DecodeError is the test's failure."""
    type_of(headers)
    numbers_of(headers)
    try:
        return decode(topic, key, value, headers)
    except DecodeError:
        return None


names = st.sampled_from([*(name for name, _ in SAMPLES[0].headers), "ce_lane", "ce_reference"]) | texts
some_bytes = st.binary(max_size=200) | texts.map(str.encode) | st.integers().map(lambda number: str(number).encode())
anything_in_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(
    topic=st.sampled_from([topic.name for topic in all_topics()]) | texts,
    key=st.none() | some_bytes,
    value=st.none() | some_bytes | anything_in_json.map(lambda value: json.dumps(value).encode()),
    headers=st.lists(st.tuples(names, some_bytes), max_size=12),
)
def test_bytes_of_no_kind_do_worse_than_be_refused(
    topic: str, key: bytes | None, value: bytes | None, headers: Headers
) -> None:
    understood(topic, key, value, headers)


@settings(max_examples=200, deadline=None)
@given(
    sample=st.sampled_from(SAMPLES),
    headers=st.lists(st.tuples(names, some_bytes), max_size=3),
    fields=st.dictionaries(st.integers(0, 30), anything_in_json, max_size=3),
)
@example(sample=PAID, headers=[("ce_lane", "²".encode())], fields={})
@example(sample=PAID, headers=[("ce_sequence", b"9" * 500)], fields={})
@example(sample=PAID, headers=[("ce_time", b"0001-01-01T00:00:00+14:00")], fields={})
@example(sample=PAID, headers=[("ce_time", b"9999-12-31T23:59:59-14:00")], fields={})
@example(sample=PAID, headers=[], fields={3: 10**400})
def test_a_record_that_is_nearly_right_does_no_worse_than_be_refused(
    sample: Sample, headers: Headers, fields: dict[int, Any]
) -> None:
    places = list(sample.body)
    body = sample.body | {places[n % len(places)]: value for n, value in fields.items()}
    understood(sample.topic, sample.key, json.dumps(body).encode(), [*sample.headers, *headers])


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"claim_id": "\\ud800"}', b"[" * 100_000, b" " * (MAX_BODY + 1)]
)
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(PAID.topic, PAID.key, body, PAID.headers)


@pytest.mark.parametrize("moment", [b"0001-01-01T00:00:00Z", b"1999-12-31T23:59:59Z"])
def test_a_moment_of_a_clock_that_was_never_set_is_refused(moment: bytes) -> None:
    headers = [(name, moment if name == "ce_time" else value) for name, value in PAID.headers]
    with pytest.raises(DecodeError, match="ce_time: is before the year 2000"):
        decode(PAID.topic, PAID.key, PAID.value, headers)


def test_a_tombstone_is_refused() -> None:
    with pytest.raises(DecodeError, match="body"):
        decode(PAID.topic, PAID.key, None, PAID.headers)


@pytest.mark.parametrize("key", [None, b"", b"another", b"\xff"])
def test_a_record_under_another_key_is_refused(key: bytes | None) -> None:
    with pytest.raises(DecodeError, match="claim_id"):
        decode(PAID.topic, key, PAID.value, PAID.headers)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_an_event_on_the_topic_of_others_is_refused(sample: Sample) -> None:
    other = next(topic.name for topic in all_topics() if topic.name != sample.topic)
    with pytest.raises(DecodeError, match="ce_type"):
        decode(other, sample.key, sample.value, sample.headers)


def misspoken(body: Any) -> Iterator[Any]:
    """The body with the secret in the place of one value after the other, and in ways that fit nowhere."""
    yield from (SECRET, [SECRET], {SECRET: SECRET}, f"2025-06-02 {SECRET}", {"item": SECRET, "kind": [SECRET]})
    if isinstance(body, dict):
        fields = cast("dict[str, Any]", body)
        yield from (fields | {name: wrong} for name in fields for wrong in misspoken(fields[name]))
    elif isinstance(body, list):
        items = cast("list[Any]", body)
        yield from ([*items[:n], wrong, *items[n + 1 :]] for n in range(len(items)) for wrong in misspoken(items[n]))


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_refusal_never_repeats_what_was_sent(sample: Sample) -> None:
    values = [json.dumps(body).encode() for body in misspoken(sample.body)]
    said = [
        *(refusal(sample, value=value) for value in [*values, SECRET.encode()]),
        *(refusal(sample, header=name) for name, _ in sample.headers),
        refusal(sample, key=SECRET.encode()),
    ]
    assert any(said)
    assert [text for text in said if SECRET in text] == []


def refusal(sample: Sample, *, key: bytes | None = None, value: bytes | None = None, header: str = "") -> str:
    """All that a log could show of it."""
    headers = [(name, SECRET.encode() if name == header else text) for name, text in sample.headers]
    try:
        decode(sample.topic, key or sample.key, value or sample.value, headers)
    except DecodeError as error:
        return f"{error} {error!r} {error.problems} {''.join(traceback.format_exception(error))}"
    return ""
