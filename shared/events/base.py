"""What every event is: a frozen, typed fact in the past tense on one topic, and the envelope it travels in."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from hashlib import sha1
from typing import Annotated, Any, ClassVar, Final, NamedTuple, Self, cast, get_args

from pydantic import BaseModel, ConfigDict, Field

PARTITIONS: Final = 16
"""Partitions of every topic, equal to the number of lanes of every process."""

NAMESPACE: Final = uuid.UUID("6f2b1f3a-52a4-5c9e-9a53-0d6a0b6a1c11")
"""Root of every id that is derived (claim, event, payout): the same cause gives the same id."""
_NAMESPACE_BYTES: Final = NAMESPACE.bytes


@dataclass(frozen=True, slots=True)
class Topic:
    """A stream with one speaking party; ``key`` names the event field that decides order and partition.

    ``numbered``: said by a service of ours through its outbox, so every record carries lane, sequence and epoch
    and lies in the partition of its key. Outside parties promise neither.
    """

    name: str
    key: str
    party: str
    numbered: bool = False


class _Personal:
    """Marks a field that says something about a person. Sealing and redaction look for this mark."""


PERSONAL: Final = _Personal()

type_registry: dict[str, "type[Event]"] = {}
"""Every event class by its type name, filled as the classes are defined."""

Id = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/-]*$")]
"""An identifier of another system: printable, no spaces, bounded."""

Reference = Annotated[str, Field(min_length=1, max_length=200)]
"""A pointer to something kept elsewhere (a document, a proof, a payment)."""

PersonalText = Annotated[str, Field(max_length=4000), PERSONAL]
PersonalLine = Annotated[str, Field(max_length=320), PERSONAL]


class Fact(BaseModel):
    """A frozen value inside an event or a state. Unknown fields are ignored: contracts grow by addition only."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The library's, at half its cost: what is frozen is never copied any deeper, and holds its fields alone."""
        changed = update or {}
        new = self.__new__(type(self))
        object.__setattr__(new, "__dict__", {**self.__dict__, **changed})
        object.__setattr__(new, "__pydantic_fields_set__", self.__pydantic_fields_set__ | changed.keys())
        object.__setattr__(new, "__pydantic_extra__", None)
        object.__setattr__(new, "__pydantic_private__", None)
        return new

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Everything but personal fields, so that no log line or error shows them."""
        hidden = _personal_fields(type(self))
        for name, value in super().__repr_args__():
            yield name, "…" if name in hidden else value

    __str__ = BaseModel.__repr__


class Event(Fact):
    """A fact that one party published. The class name is its type on the wire."""

    topic: ClassVar[Topic | None] = None
    """None: an event inside one service (the outcome of an effect), never on a wire."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__name__ in type_registry and type_registry[cls.__name__].__module__ != cls.__module__:
            raise TypeError(f"two events are called {cls.__name__}: {cls.__module__} and another module")
        type_registry[cls.__name__] = cls

    @classmethod
    def type_name(cls) -> str:
        return cls.__name__

    @property
    def key(self) -> str:
        """The value that decides order: events of one key and topic are heard in the order said."""
        assert self.topic is not None, f"{type(self).__name__} is not published"
        return str(getattr(self, self.topic.key))


def has_personal_fields(kind: type[BaseModel]) -> bool:
    """Whether any field, at any depth, is marked personal."""
    return bool(_personal_fields(kind)) or any(
        has_personal_fields(inner) for field in kind.model_fields.values() for inner in _models_in(field.annotation)
    )


@cache
def _personal_fields(kind: type[BaseModel]) -> frozenset[str]:
    """The fields marked personal, themselves or inside a tuple or union; models inside look after their own."""
    return frozenset(
        name
        for name, field in kind.model_fields.items()
        if PERSONAL in field.metadata or any(PERSONAL in marks for marks in _marks_in(field.annotation))
    )


def _marks_in(annotation: Any) -> Iterator[tuple[object, ...]]:
    yield getattr(annotation, "__metadata__", ())
    for inner in get_args(annotation):
        yield from _marks_in(inner)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(cast("type[Any]", annotation), BaseModel):
        yield cast("type[BaseModel]", annotation)
    for inner in get_args(annotation):
        yield from _models_in(inner)


class Envelope(NamedTuple):
    """What travels in the headers (CloudEvents 1.0, Kafka binding, binary mode) beside the fact itself.

    ``lane``, ``sequence`` and ``epoch`` number one service's stream so that a listener accepts each record
    exactly once; they are None on events of outside parties. ``decision`` counts the changes of the speaker's state:
    so many were decided, silently or not, up to this one.
    """

    id: str
    type: str
    source: str
    time: datetime
    subject: str
    traceparent: str | None = None
    cause: str | None = None
    reference: str | None = None
    lane: int | None = None
    sequence: int | None = None
    epoch: int | None = None
    decision: int | None = None


def derived_id(*parts: object) -> uuid.UUID:
    """The id (a version 5 UUID) that the same parts always give."""
    return uuid.UUID(derived_text(*map(str, parts)))


def derived_text(*parts: str) -> str:
    """The same as text, at a quarter of the cost: every event said and every effect needs one."""
    digest = bytearray(sha1(_NAMESPACE_BYTES + "/".join(parts).encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@lru_cache(maxsize=10_000)
def claim_id_of(submission_id: str) -> uuid.UUID:
    """The claim that a submission is. Upstream's ids are unique per marketplace operator, sources prefix theirs."""
    return derived_id("claim", submission_id)
