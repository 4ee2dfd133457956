"""Decisions taken again from what the journal has of them, by the code in use: the same as then, or what differs."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from ops.policy.rules import Rule, rule_of
from ops.show import facts_of
from shared.events.base import PARTITIONS, Event, type_registry
from shared.policy import Policies
from shared.runtime import Process
from shared.runtime.lanes import partition_of
from shared.runtime.memory import Said, Taken, WatchedTurn
from shared.runtime.store import Asked
from shared.runtime.turn import ReferenceSeen, describe


@dataclass(frozen=True)
class Entry:
    """One row of a journal."""

    key: str
    n: int
    at: datetime
    said_at: datetime
    type: str
    cause: str
    body: str | None
    reference: str | None
    known: bool
    says: tuple[str, ...]
    result: str | None = None


@dataclass(frozen=True)
class Past:
    """What is on record of one key of one process; ``state``: as it stands now, as JSON."""

    service: str
    process: Process[Any]
    key: str
    entries: Sequence[Entry]
    state: str | None = None


Bodies = Mapping[str, str]
"""Events that were said, by their id, as JSON: from the outboxes, and from the journals of those who heard them."""
PoliciesAt = Callable[[datetime], Policies]


@dataclass(frozen=True)
class Retaken:
    """One entry with the decision of today; ``taken`` None: today nothing is decided on it."""

    entry: Entry
    event: Event | None
    before: Any
    taken: Taken | None
    rule: Rule | None
    differences: tuple[str, ...] = ()
    grown: bool = False
    """The same facts as then, but state or event has got fields since, so that the fingerprints differ."""
    others: frozenset[str] = frozenset()
    """The parts whose fingerprint is another one."""
    said_is_on_record: bool = True

    @property
    def same(self) -> bool:
        return not self.differences

    @property
    def after(self) -> Any:
        return self.taken.decision.state if self.taken is not None else self.before


STATE, SAID, DONE = "the state", "what was said", "what was done"
_PARTS: Final = (STATE, SAID, DONE)


def retake(past: Past, policies: PoliciesAt, bodies: Bodies) -> list[Retaken]:
    """Every decision of a key again, in order, each on the state that today's code comes to."""
    found: list[Retaken] = []
    state: Any = None
    for entry in past.entries:
        one = _taken(past, entry, state, policies(entry.at), bodies)
        found.append(one)
        state = one.after
    stands = _differs_from_its_row(past, state)
    return list(_judged(found, stands))


def _taken(past: Past, entry: Entry, state: Any, policies: Policies, bodies: Bodies) -> Retaken:
    turn = WatchedTurn(past.process, service=past.service, policies=policies, now=entry.at)
    lane = partition_of(entry.key, PARTITIONS)
    turn.clocks[lane].moment = entry.at
    turn.know_reference(entry.known)
    if state is not None:
        turn.continue_with(entry.key, state, entry.n - 1)
    event: Event | None = None
    rule: Rule | None = None
    try:
        event = type_registry[entry.type].model_validate_json(entry.body) if entry.body is not None else None
        rule = rule_of(past.process, state, event, entry.at)
        turn.refer(_reference(past.process, entry))
        asked = Asked(entry.key, lane, entry.type, entry.cause, entry.said_at, entry.body)
        taken = turn.follow(asked, event)
    except Exception as error:
        return Retaken(entry, event, state, None, rule, (f"it cannot be decided any more: {describe(error)}",))
    if not taken:
        return Retaken(entry, event, state, None, rule, ("nothing is decided on it any more",))
    differences = tuple(_told(entry, taken[0], bodies))
    on_record = SAID not in (others := _others(entry, taken[0])) or all(event_id in bodies for event_id in entry.says)
    return Retaken(
        entry, event, state, taken[0], rule, differences, others=others, said_is_on_record=on_record
    )  # fmt: skip


def _reference(process: Process[Any], entry: Entry) -> dict[str, ReferenceSeen]:
    if process.reference is None or entry.reference is None:
        return {}
    fact: Event = process.reference.fact.model_validate_json(entry.reference)
    return {fact.key: ReferenceSeen(0, fact, entry.reference)}


def _others(entry: Entry, taken: Taken) -> frozenset[str]:
    """Those whose fingerprint is another one; none for an entry of before results were kept."""
    if entry.result is None:
        return frozenset()
    then, now = entry.result.split("."), (taken.row.result or "").split(".")
    if len(then) != len(_PARTS):
        return frozenset(_PARTS)
    return frozenset(part for part, a, b in zip(_PARTS, then, now, strict=True) if a != b)


def _told(entry: Entry, taken: Taken, bodies: Bodies) -> Iterator[str]:
    """What is said otherwise than then: more, less, or another field."""
    now = {said.id: said for said in taken.said}
    for event_id in entry.says:
        if event_id not in now:
            yield f"an event was said that is not said any more ({event_id})"
    for event_id, said in now.items():
        if event_id not in entry.says:
            yield f"{type(said.event).__name__} is said, and was not"
        elif event_id in bodies:
            yield from _other_fields(bodies[event_id], said)


def _other_fields(then: str, said: Said) -> Iterator[str]:
    """The fields of one event that differ, with their values where they tell nothing of a person."""
    kind = type(said.event).__name__
    if _as_fact(type(said.event), then) == said.event:
        return  # word by word, or but for a field that the contract has got since
    before, after = json.loads(then), json.loads(said.body)
    shown_then, shown_now = facts_of(kind, then), facts_of(kind, said.body)
    for name in after:
        if before.get(name) != after[name]:
            short = name.removesuffix("_minor")
            was, now = shown_then.get(short), shown_now.get(short)
            yield f"{kind}.{name} was {was} and is {now}" if was and now and was != now else f"{kind}.{name}"


def _as_fact(kind: type[Any], body: str) -> Any:
    try:
        return kind.model_validate_json(body)
    except ValidationError:
        return None


def _differs_from_its_row(past: Past, state: Any) -> list[str]:
    """The fields in which the state of today's code is another one than that on record."""
    if past.state is None or state is None:
        return []
    stands = _as_fact(past.process.state, past.state)
    if stands == state:
        return []
    then, now = json.loads(past.state), json.loads(state.model_dump_json())
    return [name for name in now if then.get(name) != now[name]] or ["cannot be read"]


def _judged(found: list[Retaken], stands: list[str]) -> Iterator[Retaken]:
    """What the fingerprints say on top.

    A state or an effect that has got fields since gives other fingerprints for the same facts, and does so for all
    that was decided before: that is no difference. One fingerprint that differs after others that are equal is.
    """
    equal_before = False
    for number, one in enumerate(found, start=1):
        here = stands if number == len(found) else []
        differences = list(one.differences)
        if not differences:
            excused = one.said_is_on_record and not equal_before and not here
            differences += [] if excused else [f"{part} has another fingerprint" for part in sorted(one.others)]
        if here:
            differences.append(f"the state on record differs in {', '.join(here)}")
        equal_before = equal_before or (one.entry.result is not None and not one.others)
        yield replace(one, differences=tuple(differences), grown=bool(one.others) and not differences)
