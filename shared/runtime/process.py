"""The words a service is written in: state, decision, moment, effect, process, service. All plain values.

A decision is a pure function::

    def seller_answered(case: Case, event: SellerAnswerRecorded, at: Moment[SellerCoverChanged]) -> Decision[Case]

It reads nothing but its arguments; it answers with the next state, what to say, and what to do outside.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import create_model

from shared.events.base import Event, Fact, Topic
from shared.policy import Policies


class State(Fact):
    """What one process knows of one key: frozen, typed, under 2 KB as JSON (what grows becomes rows beside it)."""

    @property
    def due(self) -> datetime | None:
        """The next moment at which the process wants to be asked; never cancelled, only moved."""
        return None

    @property
    def watches(self) -> str | None:
        """The reference key whose change this state wants to be asked about, while it does."""
        return None

    @property
    def late_at(self) -> datetime | None:
        """The moment from which it is overdue in the eyes of people (a handling clock). Shown, never asked about."""
        return None

    def but(self, **changes: Any) -> Self:
        """The same, with these fields changed."""
        return self.model_copy(update=changes)


class Effect(Fact):
    """What a decision asks of the outside that is not an event: a row written in the same transaction.

    With a ``table``, the row goes there (append-only, columns named as the fields) and that is all: a ledger
    entry. Without, the row waits in the runtime's ``effect`` table until the service's performer has done it,
    and the outcome is heard as an event.
    """

    table: ClassVar[str | None] = None

    @property
    def identity(self) -> str | None:
        """What it is the same by, whatever decision asks for it; None: each decision asks for one of its own. A service
        that asks twice for one of the same identity must ask for the same."""
        return None


S = TypeVar("S", bound=State)
R = TypeVar("R", bound=Event)


@dataclass(frozen=True, slots=True)
class Moment(Generic[R]):
    """When, and knowing what, a decision is asked.

    ``now`` never goes back within a lane. ``said_at`` is the moment the heard event gives for itself (for a
    deadline: the moment it was due). ``reference`` is the last fact on record for the key's reference, None when
    there is none; ``known`` is False while the reference has not been read to its end: *unknown*, not *no*.
    """

    now: datetime
    said_at: datetime
    policies: Policies
    known: bool = True
    reference: R | None = None


@dataclass(frozen=True, slots=True)
class Decision(Generic[S]):
    """What follows: the next state, what to say (in this order), what to do after commit."""

    state: S
    says: tuple[Event, ...] = ()
    does: tuple[Effect, ...] = ()


def unchanged(state: S) -> Decision[S]:
    """Nothing follows from what was heard."""
    return Decision(state)


@dataclass(frozen=True, slots=True)
class Reference(Generic[R]):
    """What is keyed otherwise but needed to decide: the last fact of one type, looked up by one of its fields.

    The state (or the event that begins it) has an attribute of the same name as the fact's key.
    """

    fact: type[R]

    @property
    def key(self) -> str:
        assert self.fact.topic is not None
        return self.fact.topic.key


Begins = Callable[[Any, Any], Decision[S]]
Hears = Callable[[S, Any, Any], Decision[S]]
Waits = Callable[[S, Any], Decision[S]]


@dataclass(frozen=True)
class Process(Generic[S]):
    """One key, the table event type → decision, and what it waits for.

    ``begins``: decisions ``(event, at)`` for a key nothing is known of yet; any other event of such a key is kept
    and heard right after the beginning, so decisions never see an effect before its cause (``keeps_early`` says which
    are worth keeping: a fact whose beginning will never come would wait for ever). ``hears``: decisions
    ``(state, event, at)``. A type in ``begins`` alone is ignored once the key is known. ``waits``: ``(state, at)``,
    asked when ``state.due`` has passed and, with ``state.watches`` set, when the reference has changed.
    ``passed_on``: process → outside topics: what the outside says there reaches us through that process, so a
    deadline of ours waits until it has been passed on. ``refuses`` turns bytes that are no fact into an event that
    tells their sender; without it they are only kept.

    The function that decides is what is explained to people. So whatever is put around it uses ``functools.wraps``, and
    a ``waits`` that chooses among several is an object with a method ``asked(state, now)`` that gives the chosen one.
    """

    name: str
    state: type[S]
    begins: Mapping[type[Event], Begins[S]]
    hears: Mapping[type[Event], Hears[S]] = field(default_factory=dict[type[Event], Hears[S]])
    waits: Waits[S] | None = None
    reference: Reference[Any] | None = None
    passed_on: Mapping[str, tuple[Topic, ...]] = field(default_factory=dict[str, tuple[Topic, ...]])
    keeps_early: Callable[[Any], bool] = lambda _: True
    refuses: "Callable[[Undecodable], Event | None] | None" = None
    linger: float = 0.0
    """Real seconds from the end of a batch until the next is taken, where no claim's decision waits for what follows,
    or only one that has waited for people: a batch costs much, and one more fact in it little."""


def topics_of(process: Process[Any]) -> list[Topic]:
    """The topics a process hears, each once."""
    return list({kind.topic.name: kind.topic for kind in (*process.begins, *process.hears) if kind.topic}.values())


def reference_name(process: Process[Any]) -> str:
    """The name of the process that keeps the reference of this one."""
    return f"{process.name}.reference"


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A record that is no fact: its key as text, and each field with its problem (never the value)."""

    topic: str
    key: str
    problems: tuple[tuple[str, str], ...]


class TryLater(Exception):  # noqa: N818 - it is a request, not an error
    """A performer's word that an effect failed for now; the runtime tries again with growing pauses, bounded."""


Performer = Callable[[Sequence[Any]], Awaitable[Sequence["Event | TryLater"]]]
"""Does a batch of effects outside; one outcome per effect, in order. Must not raise."""


@dataclass(frozen=True)
class Service:
    """One deployable: its process (rarely two), what performs its effects, and tables of its own.

    ``gave_up`` turns an effect that failed for now too often into the outcome that is heard instead.
    """

    name: str
    processes: tuple[Process[Any], ...]
    effects: tuple[type[Effect], ...] = ()
    performer: "Callable[[Any], Performer] | None" = None
    gave_up: "Callable[[Any], Event] | None" = None
    schema: str = ""


def all_processes(service: Service) -> list[tuple[Process[Any], str | None]]:
    """The service's processes and, before each, the one that keeps its reference."""
    found: list[tuple[Process[Any], str | None]] = []
    for process in service.processes:
        if process.reference is not None:
            found.append((_keeps_last(process), process.name))
        found.append((process, None))
    return found


def _keeps_last(dependent: Process[Any]) -> Process[Any]:
    """A process whose state is the fact said last: what the dependent one uses as its reference."""
    assert dependent.reference is not None
    fact: Any = dependent.reference.fact
    last = _last(fact)

    def first(event: Any, at: Moment[Any]) -> Decision[Any]:
        return Decision(last(**vars(event), said_at=at.said_at))

    def another(state: Any, event: Any, at: Moment[Any]) -> Decision[Any]:
        """What was said before comes again when its sender repeats himself, or a dead letter is replayed."""
        return unchanged(state) if state.said_at and at.said_at < state.said_at else first(event, at)

    return Process(name=reference_name(dependent), state=last, begins={fact: first}, hears={fact: another})


@cache
def _last(fact: type[Event]) -> Any:
    """The state that keeps a fact: its fields, and when it was said (None: kept by a version that did not know)."""
    fields: Any = {name: (field.annotation, field) for name, field in fact.model_fields.items()}
    return create_model(f"Last{fact.__name__}", __base__=State, **fields, said_at=(datetime | None, None))
