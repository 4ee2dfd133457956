"""What was published once must be understood for ever, and mean the same."""

import json

import pytest

from ops.schemas import published_events
from shared.runtime.codec import decode, encode
from tests.contracts.on_the_wire import Sample, all_samples, lost, newest_samples


def test_every_event_has_a_sample() -> None:
    missing = [event.type_name() for event in published_events() if event.type_name() not in newest_samples()]
    assert "\n".join(missing) == "", (
        "add tests/contracts/samples/<topic>/<Event>.v1.json, a record as it is on the wire"
    )


@pytest.mark.parametrize("sample", all_samples(), ids=str)
def test_a_sample_still_means_what_it_meant(sample: Sample) -> None:
    event, envelope = decode(sample.topic, sample.key, sample.value, sample.headers)
    key, value, headers = encode(event, envelope)

    assert (key, dict(headers)) == (sample.key, dict(sample.headers))
    assert "\n".join(lost(sample.body, json.loads(value))) == ""
    assert decode(sample.topic, key, value, headers) == (event, envelope)


@pytest.mark.parametrize("sample", newest_samples().values(), ids=str)
def test_the_newest_sample_shows_every_field(sample: Sample) -> None:
    event, _ = decode(sample.topic, sample.key, sample.value, sample.headers)
    assert "\n".join(lost(json.loads(event.model_dump_json()), sample.body)) == "", (
        f"leave {sample} as it is and add {sample.type_name}.v{sample.shape + 1}.json beside it"
    )


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"a": 1}, {}),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": True}),
        ({"a": None}, {"a": []}),
        ({"a": [1, 2]}, {"a": [1]}),
        ({"a": [{"b": "x"}]}, {"a": [{"c": "x"}]}),
    ],
)
def test_a_changed_meaning_is_noticed(before: object, now: object) -> None:
    assert lost(before, now)
    assert lost(before, before) == []


def test_an_addition_is_no_change_of_meaning() -> None:
    assert lost({"a": [{"b": "x"}]}, {"a": [{"b": "x", "c": 1}], "d": None}) == []
