"""Events to and from records: CloudEvents 1.0 in the Kafka binding's binary mode; the body is the fact as JSON."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar
from zlib import crc32

from pydantic import ValidationError

from shared.events.base import Envelope, Event, derived_text, type_registry
from shared.runtime.one_meaning import problems_of

E = TypeVar("E", bound=Event)

Headers = list[tuple[str, bytes]]
_CONSTANT: Headers = [("ce_specversion", b"1.0"), ("content-type", b"application/json")]
_NUMBERS = ("ce_lane", "ce_sequence", "ce_epoch")
_ALL_NUMBERS = (*_NUMBERS, "ce_decision")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_FIRST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
MAX_BODY = 256 * 1024
"""Bytes of the largest body accepted; the largest real one is under 20 KB."""
MAX_OF_OURS = 2 * MAX_BODY
"""What a service says of the largest body, with what it knows, must find ears as well."""
_LONGEST_HEADER = 1024
"""Bytes; the longest key is a product's name of 200 characters, up to four bytes each; a longer header is dropped."""
_TEXTS = ("ce_id", "ce_type", "ce_time", "ce_source", "ce_subject", "ce_cause", "ce_reference", "traceparent")
"""Headers that are read; what else travels with a record is its sender's own affair."""
_READ = (*_TEXTS, *_ALL_NUMBERS)
UNREADABLE = "makegood_unreadable"
"""Header of what stands for a record whose bytes nobody can read."""
_REQUIRED = ("ce_id", "ce_type", "ce_time")
_MOST_PROBLEMS = 50
_NO_OBJECT = frozenset({"json_invalid", "model_type"})
"""What pydantic calls bytes that are no JSON, and JSON that is no object."""


class DecodeError(Exception):
    """A record that is no fact. ``problems``: each field (or header) with what is wrong, never with its value."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems))
        self.problems = problems


class OtherVersionError(DecodeError):
    """The JSON of an object under a good envelope, but not with the fields of this version's contract."""


def encode(event: Event, envelope: Envelope) -> tuple[bytes, bytes, Headers]:
    """Key, value and headers of the record that carries an event."""
    return event.key.encode(), event.model_dump_json().encode(), headers_of(envelope)


def headers_of(envelope: Envelope) -> Headers:
    """The envelope as record headers; what is None is left out."""
    id_, kind, source, time, subject, traceparent, cause, reference, lane, sequence, epoch, decision = envelope
    headers = [
        ("ce_id", id_.encode()),
        ("ce_type", kind.encode()),
        ("ce_source", source.encode()),
        ("ce_time", time.isoformat().encode()),
        ("ce_subject", subject.encode()),
        *_CONSTANT,
    ]
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    if cause:
        headers.append(("ce_cause", cause.encode()))
    if reference:
        headers.append(("ce_reference", reference.encode()))
    if lane is not None:
        headers.append(("ce_lane", b"%d" % lane))
    if sequence is not None:
        headers.append(("ce_sequence", b"%d" % sequence))
    if epoch is not None:
        headers.append(("ce_epoch", b"%d" % epoch))
    if decision is not None:
        headers.append(("ce_decision", b"%d" % decision))
    return headers


def type_of(headers: Iterable[tuple[str, bytes]]) -> str | None:
    """The ce_type header, without looking at anything else."""
    for name, value in headers:
        if name == "ce_type":
            return value.decode("utf-8", "replace")
    return None


def decode(topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> tuple[Event, Envelope]:
    """The event and its envelope. Raises DecodeError naming every field that is wrong."""
    envelope = envelope_of(headers)
    return event_of(check_type(topic, envelope.type), key, value), envelope


def event_of(kind: type[E], key: bytes | None, value: bytes | None) -> E:
    """The event that a record's key and body are. Raises DecodeError naming every field that is wrong.

    What outside parties say must have one meaning; what our own services said was made from that.
    """
    if value is None:
        raise DecodeError(("body", "is missing (a tombstone)"))
    ours = kind.topic is not None and kind.topic.numbered
    if len(value) > (most := MAX_OF_OURS if ours else MAX_BODY):
        raise DecodeError(("body", f"is larger than {most} bytes"))
    try:
        event = kind.model_validate_json(value)
    except ValidationError as error:
        wrong = DecodeError if _NO_OBJECT.intersection(e["type"] for e in error.errors()) else OtherVersionError
        raise wrong(*_problems(error)) from None
    if not ours and (problems := problems_of(value.decode())):
        raise DecodeError(*problems[:_MOST_PROBLEMS])
    if key is None or key != event.key.encode():
        raise DecodeError(("key", f"must be the event's {kind.topic.key if kind.topic else 'key'}"))
    return event


def envelope_of(headers: Headers) -> Envelope:
    """The envelope a record travels in. Raises DecodeError for headers that are missing or wrong."""
    found = dict(headers)
    texts = _plain(found) if len(found) == len(headers) else None
    if texts is None:
        texts = _looked_at(headers, found)
    if not _TRACE.fullmatch(texts.get("traceparent", "")):
        texts.pop("traceparent", None)
    return Envelope(
        texts["ce_id"],
        texts["ce_type"],
        texts.get("ce_source", ""),
        _moment(texts["ce_time"]),
        texts.get("ce_subject", ""),
        texts.get("traceparent"),
        texts.get("ce_cause") or None,
        texts.get("ce_reference") or None,
        *(number_of(found.get(name)) for name in _ALL_NUMBERS),
    )


def _plain(found: dict[str, bytes]) -> dict[str, str] | None:
    """The texts of nearly every record, in which nothing can be wrong: short, printable, whole. None: look closer."""
    whole = b"".join(found.values())
    if len(whole) > _LONGEST_HEADER or not whole.isascii() or not whole.decode().isprintable():
        return None
    texts = {name: found[name].decode() for name in _TEXTS if name in found}
    return texts if UNREADABLE not in found and all(map(texts.get, _REQUIRED)) else None


def _looked_at(headers: Headers, found: dict[str, bytes]) -> dict[str, str]:
    """The texts, each looked at by itself. Raises DecodeError."""
    if UNREADABLE in found:
        raise DecodeError(("record", "cannot be read: its batch is broken, or unpacks to more than is let in"))
    texts = {
        name: text
        for name in _TEXTS
        if name in found and len(found[name]) <= _LONGEST_HEADER and (text := _text(found[name])) is not None
    }
    problems = [(name, _unfit(found.get(name, b""))) for name in _REQUIRED if not texts.get(name)]
    if not _TRACE.fullmatch(texts.get("traceparent", "")):
        texts.pop("traceparent", None)
    problems += [(name, "holds a control character") for name, text in texts.items() if _CONTROL.search(text)]
    if len(found) != len(headers):
        given = Counter(name for name, _ in headers)
        problems += [(name, "header is given twice") for name in _READ if given[name] > 1]
    if problems:
        raise DecodeError(*problems)
    return texts


def _moment(text: str) -> datetime:
    """Raises DecodeError."""
    try:
        time = datetime.fromisoformat(text)
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise DecodeError(("ce_time", "is not an ISO 8601 moment")) from None
    if time < _FIRST_MOMENT:
        raise DecodeError(("ce_time", "is before the year 2000: a clock that was never set"))
    return time


def _text(value: bytes) -> str | None:
    """None: it is no UTF-8. Two ids that are none would become one if they were read forgivingly."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _unfit(value: bytes) -> str:
    """Why a required header is none."""
    if not value:
        return "header is missing"
    return f"is longer than {_LONGEST_HEADER} bytes" if len(value) > _LONGEST_HEADER else "is not UTF-8"


def cause_of(topic: str, key: str, event_id: str, value: bytes) -> str:
    """What a decision on a fact of an outside party goes by: there an id may be used again with other content, and that
    is another fact. It travels as a header with what follows from it, and is found by it after a restore."""
    cause = f"{topic}/{key}/{event_id}/{crc32(value):08x}"
    return cause if len(cause.encode()) <= _LONGEST_HEADER else f"{topic}/{derived_text(cause)}"


def numbers_of(headers: Headers) -> tuple[int, int, int] | None:
    """Lane, sequence and epoch of a record of ours; None when one is missing or no number."""
    found = dict(headers)
    lane, sequence, epoch = (number_of(found.get(name)) for name in _NUMBERS)
    return None if lane is None or sequence is None or epoch is None else (lane, sequence, epoch)


def number_of(digits: bytes | None) -> int | None:
    """None: it is no number, or none that the database holds."""
    return int(digits) if digits and len(digits) < 19 and digits.isdigit() else None


def check_type(topic: str, kind: str) -> type[Event]:
    """The class of a type name, if it is said on that topic. Raises DecodeError."""
    found = type_registry.get(kind)
    if found is None or found.topic is None or found.topic.name != topic:
        raise DecodeError(("ce_type", f"is not an event of the topic {topic}"))
    return found


def _problems(error: ValidationError) -> list[tuple[str, str]]:
    """A list that is too short because its entries are wrong is no second problem."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    within = {e["loc"][: len(e["loc"]) - n] for e in found for n in range(1, len(e["loc"]))}
    found = [e for e in found if e["type"] != "too_short" or e["loc"] not in within]
    return [(".".join(map(str, e["loc"])) or "body", str(e["msg"])) for e in found[:_MOST_PROBLEMS]]
