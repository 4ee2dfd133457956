"""One turn: a batch of things asked, decided in memory, in order per key. No I/O; what follows is in ``changes``."""

import json
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from shared.events.base import PARTITIONS, Envelope, Event, derived_text, type_registry
from shared.policy import Policies
from shared.runtime.codec import headers_of
from shared.runtime.lanes import partition_of
from shared.runtime.log import Outgoing, Place
from shared.runtime.process import Decision, Effect, Moment, Process
from shared.runtime.store import (
    REPLAY,
    Asked,
    Changes,
    DataError,
    DeadLetter,
    EffectRow,
    HeldRow,
    JournalRow,
    LaneRow,
    PassingError,
    StateRow,
)
from shared.runtime.told import MOST_OF_A_TYPE, UNKNOWN, fingerprint

DEADLINE = "deadline"
"""Type under which a passed deadline is asked and journalled."""
ASKED = "asked"
"""Type under which a changed reference is asked and journalled."""
_TICK = timedelta(microseconds=1)
"""Every turn of a lane has a moment of its own, whatever the clocks do: moments tell which decision came first."""
MAX_STATE = 64 * 1024
"""Characters of the largest state accepted, as JSON; a healthy one is under 2,000."""


MOST_FACTS_OF_A_KEY = 1_000
"""Facts that wait for one key to begin or to be mended; a claim has some dozens in its whole life."""
MOST_FACTS_OF_A_LANE = 20_000
"""The same for all keys of a lane."""
MOST_BYTES_OF_A_KEY = 4 << 20
"""Of the facts that wait for one key, all of which are read with each that comes. Beyond any of these a fact becomes a
dead letter; the alarm is the metric."""


class UndecidedError(Exception):
    """A decision gave something that must not be written."""


@dataclass(frozen=True, slots=True)
class ReferenceSeen:
    """What is on record for one reference key: how many facts have been heard, and the last one."""

    n: int
    fact: Event | None
    """None: this version cannot read it."""
    body: str

    @classmethod
    def of(cls, process: Process[Any], row: StateRow) -> "ReferenceSeen":
        assert process.reference is not None
        try:
            fact = process.reference.fact.model_validate_json(row.body)
        except ValueError:
            fact = None
        return cls(row.n, fact, row.body)


@dataclass(slots=True)
class Slot:
    """What is known of one key while the turn lasts."""

    key: str
    n: int = 0
    state: Any = None
    lane: int = 0
    body: str | None = None
    """The state as JSON, when it changed."""
    parked: bool = False
    waiting: list[HeldRow] = field(default_factory=list[HeldRow])
    at: datetime | None = None
    """The moment of the decision taken last in this turn."""
    then: datetime | None = None
    """The moment of a decision that is taken again."""
    as_published: bool = False


class Turn:
    """Decides for one process. Feed it with ``ask`` in order; then ``finish`` and write ``changes``."""

    def __init__(
        self,
        process: Process[Any],
        *,
        service: str,
        policies: Policies,
        now: datetime,
        lanes: Mapping[int, LaneRow],
        known: bool,
        bad_keys: Mapping[str, str],
    ) -> None:
        self.process, self.service, self.policies = process, service, policies
        self.changes = Changes()
        self.decided: dict[str, int] = {}
        self.set_aside: list[DeadLetter] = []
        """Facts that would have had to wait where too many wait already."""
        self._lanes, self._known, self._bad = lanes, known, dict(bad_keys)
        self._references: Mapping[str, ReferenceSeen] = {}
        self._slots: dict[str, Slot] = {}
        for lane in lanes.values():
            lane.moment = max(lane.moment + _TICK, now)

    def know(self, states: Sequence[StateRow], held: Sequence[HeldRow]) -> None:
        """What the database knows of the keys of this turn. One that this version cannot read is parked when asked."""
        for row in states:
            slot = self._slot(row.key, row.lane)
            slot.n = row.n
            try:
                slot.state = self.process.state.model_validate_json(row.body)
            except ValueError as error:
                self._bad.setdefault(row.key, f"this version cannot read its state: {describe(error)}")
        for waiting in held:
            slot = self._slot(waiting.asked.key, waiting.asked.lane)
            slot.waiting.append(waiting)
            slot.parked = slot.parked or waiting.error is not None

    def reference_keys(self, events: Iterable[Event | None]) -> set[str]:
        """The reference keys that the states known so far, and these events, look up."""
        reference = self.process.reference
        if reference is None:
            return set()
        known = (slot.state for slot in self._slots.values() if slot.state is not None)
        waiting = (row.asked.body for slot in self._slots.values() for row in slot.waiting)
        found = {getattr(one, reference.key, None) for one in (*known, *events)}
        found |= {json.loads(body).get(reference.key) for body in waiting if body}
        return {key for key in found if isinstance(key, str)}

    def refer(self, references: Mapping[str, ReferenceSeen]) -> None:
        """What is on record for those keys."""
        self._references = references

    def ask(self, asked: Asked, event: Event | None = None) -> None:
        """Decides one thing, or keeps it: for a beginning that has not come, or behind a parked fact."""
        slot = self._slot(asked.key, asked.lane)
        self._answer(asked)
        if asked.type == REPLAY:
            if asked.key not in self._bad:  # else it would be refused again: it stays parked
                slot.parked = False
                self._hear_waiting(slot)
        elif slot.parked or asked.key in self._bad:
            error = None if slot.parked else self._bad[asked.key]
            slot.parked = True
            self._keep(slot, asked, error)
        else:
            began = slot.state is not None
            kept, error = self._decide(slot, asked, event)
            if kept:
                slot.parked = error is not None
                self._keep(slot, asked, error)
            elif not began and slot.state is not None:
                self._hear_waiting(slot)

    def _answer(self, asked: Asked) -> None:
        if asked.request_id is not None:
            self.changes.answered.append(asked.request_id)

    def finish(self) -> Changes:
        """All that follows, with one row per key."""
        for key, slot in self._slots.items():
            if slot.body is not None:
                due, watches = getattr(slot.state, "due", None), getattr(slot.state, "watches", None)
                late_at = getattr(slot.state, "late_at", None)
                self.changes.states.append(StateRow(key, slot.lane, slot.n, slot.body, due, watches, late_at))
                self.changes.changed.append(key)
        self.changes.lanes = list(self._lanes.values())
        return self.changes

    def _slot(self, key: str, lane: int) -> Slot:
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = Slot(key, lane=lane)
        return slot

    def _decide(self, slot: Slot, asked: Asked, event: Event | None) -> tuple[bool, str | None]:
        """One decision. (True, None): its key has not begun. (True, error): it failed and its key must be parked."""
        try:
            if event is None and asked.body is not None:
                event = type_registry[asked.type].model_validate_json(asked.body)
            if slot.state is None and event is not None and type(event) not in self.process.begins:
                return type(event) in self.process.hears and self.process.keeps_early(event), None
            seen = self._reference_of(slot.state, event, asked)
            moment = self._moment(slot, asked, seen)
            decision = self._choose(slot.state, event, moment)
            if decision is None:
                return False, None
            body = self._check(slot, asked, decision, moment)
        except Exception as error:
            return True, self._failed(error)
        slot.body = body or slot.body
        self._apply(slot, asked, decision, moment, seen)
        return False, None

    def _failed(self, error: Exception) -> str:
        """Why the key is parked."""
        return describe(error)

    def _choose(self, state: Any, event: Event | None, moment: Moment[Any]) -> Decision[Any] | None:
        if event is None:
            waits = self.process.waits
            return None if state is None or waits is None else waits(state, moment)
        if state is None:
            return self.process.begins[type(event)](event, moment)
        hears = self.process.hears.get(type(event))
        return hears(state, event, moment) if hears else None

    def _check(self, slot: Slot, asked: Asked, decision: Decision[Any], moment: Moment[Any]) -> str | None:
        """The new state as JSON, None if it is the old one. Raises for what must not be written."""
        due = getattr(decision.state, "due", None) if asked.type == DEADLINE else None
        if due is not None and due <= moment.now:
            raise UndecidedError(f"after its deadline the state waits until {due}, which has passed")
        for said in decision.says:
            if said.topic is None:
                raise UndecidedError(f"{type(said).__name__} has no topic")
        if len(decision.says) > MOST_OF_A_TYPE:
            raise UndecidedError(f"{len(decision.says)} events are said at once, and at most {MOST_OF_A_TYPE} are")
        return None if decision.state is slot.state else self._as_json(decision.state)

    def _place_of(self, asked: Asked, event: Event, key: str) -> Place:
        """Where it will be published."""
        assert event.topic is not None
        return Place(event.topic.name, asked.lane if key == asked.key else partition_of(key, PARTITIONS))

    def _with_ids(self, asked: Asked, decision: Decision[Any]) -> Iterable[tuple[Event, str]]:
        """What is said, with the id that follows from its cause, its type and its ordinal among those of its type."""
        ordinals: dict[str, int] = {}
        for event in decision.says:
            kind = type(event).__name__
            ordinal = ordinals[kind] = ordinals.get(kind, 0) + 1
            yield event, derived_text(self.process.name, asked.cause, kind, str(ordinal))

    def _as_json(self, state: Any) -> str:
        body: str = state.model_dump_json()
        if len(body) > MAX_STATE:
            raise UndecidedError(f"the state would have {len(body)} characters, and at most {MAX_STATE} are kept")
        return body

    def _apply(
        self, slot: Slot, asked: Asked, decision: Decision[Any], moment: Moment[Any], seen: ReferenceSeen | None
    ) -> None:
        changed, n = decision.state is not slot.state, slot.n + 1
        body = slot.body if changed else None
        slot.state = decision.state
        self.decided[asked.type] = self.decided.get(asked.type, 0) + 1
        slot.at = moment.now
        ids = self._say(slot, asked, decision, moment, seen)
        slot.n = n if changed else slot.n
        done: list[str] = []
        for number, effect in enumerate(decision.does):
            kind, text = type(effect).__name__, effect.model_dump_json()
            done += (kind, text)
            if effect.table is not None:
                self.changes.rows.setdefault(effect.table, []).append(text)
            else:
                row_id = UUID(effect_id(self.process.name, asked.cause, number, effect))
                self.changes.effects.append(EffectRow(row_id, slot.lane, asked.key, kind, text, moment.now))
        said: list[str] = []
        for event, (_, body_said) in zip(decision.says, ids, strict=True):
            said += (type(event).__name__, body_said)
        self.changes.journal.append(
            JournalRow(
                asked.key,
                n,
                moment.now,
                asked,
                seen.body if seen else None,
                moment.known,
                [event_id for event_id, _ in ids],
                result_of(body, said, done),
            )
        )

    def _say(
        self, slot: Slot, asked: Asked, decision: Decision[Any], moment: Moment[Any], seen: ReferenceSeen | None
    ) -> list[tuple[str, str]]:
        """Numbers what is said within the lane and within each of its streams. Gives ids and bodies."""
        if not decision.says:
            return []
        lane = self._lanes[slot.lane]
        trace, reference = _trace_of(asked), _reference_text(seen, known=moment.known)
        ids: list[tuple[str, str]] = []
        for event, event_id in self._with_ids(asked, decision):
            body = event.model_dump_json()
            ids.append((event_id, body))
            key = event.key
            place = self._place_of(asked, event, key)
            stream = place.stream
            if self._is_out(slot, asked, event_id, stream):
                continue
            sequence = lane.streams[stream] = lane.streams.get(stream, 0) + 1
            lane.position += 1
            envelope = Envelope(
                id=event_id,
                type=type(event).__name__,
                source=self.service,
                time=moment.now,
                subject=key,
                traceparent=f"00-{trace}-{event_id[:8]}{event_id[24:32]}-01",
                cause=asked.cause,
                reference=reference,
                lane=lane.n,
                sequence=sequence,
                epoch=lane.epoch,
                decision=slot.n + 1,
            )
            self.changes.outbox.append(Outgoing(lane.n, lane.position, place, key, headers_of(envelope), body))
        return ids

    def _is_out(self, slot: Slot, asked: Asked, event_id: str, stream: str) -> bool:
        """Whether it has been published already, which is for lanes that recover."""
        return False

    def tell(self, event: Event, asked: Asked) -> None:
        """Says one event that no decision said: the refusal of bytes that are no fact."""
        slot = self._slot(asked.key, asked.lane)
        moment = self._moment(slot, asked, None)
        self._say(slot, asked, Decision(slot.state, (event,)), moment, None)

    def _moment(self, slot: Slot, asked: Asked, seen: ReferenceSeen | None) -> Moment[Any]:
        return self._moment_at(self._lanes[slot.lane].moment, asked, seen, known=self._known)

    def _moment_at(self, now: datetime, asked: Asked, seen: ReferenceSeen | None, *, known: bool) -> Moment[Any]:
        """Nothing was said later than it is heard: a clock of the outside that runs ahead wins nothing by it."""
        return Moment(now, min(asked.said_at, now), self.policies, known, seen.fact if seen else None)

    def _reference_of(self, state: Any, event: Event | None, asked: Asked) -> ReferenceSeen | None:
        if self.process.reference is None:
            return None
        name = self.process.reference.key
        of_event = getattr(event, name) if event is not None and name in type(event).model_fields else None
        return readable(self._references.get(of_event or getattr(state, name, None) or ""))

    def _keep(self, slot: Slot, asked: Asked, error: str | None) -> None:
        """Writes a fact that must wait. A deadline is not kept: it is due again as long as the state says so."""
        if asked.type == DEADLINE and error is None:
            return
        if asked.record is not None and error is None and self._too_many_wait(slot):
            problem = "waits with as many facts as are kept: replay the key, then this"
            self.set_aside.append(DeadLetter(asked.record, (("key", problem),), self._lanes[slot.lane].moment))
            return
        row = HeldRow(asked, error, self._lanes[slot.lane].moment)
        self.changes.held.append(row)
        self._lanes[slot.lane].held += 1
        slot.waiting.append(row)

    def _too_many_wait(self, slot: Slot) -> bool:
        held = self._lanes[slot.lane].held
        if self._lanes[slot.lane].gathering:  # bounded by what a backup had missed
            return False
        size = sum(len(row.asked.body or "") for row in slot.waiting)
        return len(slot.waiting) >= MOST_FACTS_OF_A_KEY or held >= MOST_FACTS_OF_A_LANE or size >= MOST_BYTES_OF_A_KEY

    def _hear_waiting(self, slot: Slot) -> None:
        """Hears what waited for the beginning (or for a mended decision), in order, until one fails. A beginning that
        failed waits behind what came before it, and is heard first."""
        while slot.waiting:
            row = next((row for row in slot.waiting if slot.state is not None or self._begins(row)), slot.waiting[0])
            kept, error = self._decide(slot, row.asked, None)
            if kept:
                slot.parked = error is not None
                self._note(row, error)
                return
            self._release(slot, row)

    def _begins(self, row: HeldRow) -> bool:
        return type_registry.get(row.asked.type) in self.process.begins

    def _note(self, row: HeldRow, error: str | None) -> None:
        """Why this one still waits."""
        if row.asked.held_id is not None:
            self.changes.errors[row.asked.held_id] = error
        else:
            self.changes.held[self.changes.held.index(row)] = HeldRow(row.asked, error, row.since)

    def _release(self, slot: Slot, row: HeldRow) -> None:
        """It has been heard."""
        slot.waiting.remove(row)
        self._lanes[slot.lane].held -= 1
        if row.asked.held_id is None:
            self.changes.held.remove(row)
        else:
            self.changes.released.append(row.asked.held_id)


def _reference_text(seen: ReferenceSeen | None, *, known: bool) -> str | None:
    """What a decision saw of its reference, so that it can be taken again with the same."""
    if not known:
        return UNKNOWN
    return f"{seen.fact.key}@{seen.n}" if seen and seen.fact else None


def readable(seen: ReferenceSeen | None) -> ReferenceSeen | None:
    """Raises UndecidedError for what this version cannot read: who goes by it waits for one that can."""
    if seen is not None and seen.fact is None:
        raise UndecidedError("this version cannot read its reference")
    return seen


def effect_id(process: str, cause: str, number: int, effect: Effect) -> str:
    """The id of the nth effect of a decision: the cause of its outcome."""
    kind, own = type(effect).__name__, effect.identity
    return derived_text(process, cause, kind, str(number)) if own is None else derived_text(process, kind, own)


def deadline(process: str, key: str, lane: int, due: datetime) -> Asked:
    """A passed deadline as it is asked."""
    return Asked(key, lane, DEADLINE, f"{process}/{key}/{due.isoformat()}", due)


def result_of(state: str | None, said: Sequence[str], done: Sequence[str]) -> str:
    """Short fingerprints of the new state (as JSON, None: it is the old one), of what was said, and of the effects.

    ``said`` and ``done`` are type and body by turns. A part in which nothing followed is empty: ``3f…..`` moved the
    state and was silent. The three stand apart so that a decision taken again tells which of them has changed.
    """
    return ".".join(fingerprint(*texts) if texts else "" for texts in ((state,) if state else (), said, done))


def _trace_of(asked: Asked) -> str:
    """The W3C trace of what was heard goes on; a cause without one starts a trace of its own."""
    parts = (asked.traceparent or "").split("-")
    whole = len(parts) == 4 and len(parts[1]) == 32
    return parts[1] if whole else derived_text("trace", asked.cause).replace("-", "")


def describe(error: Exception) -> str:
    """What failed and where, never with the values that were at hand: they may be personal."""
    if isinstance(error, UndecidedError | PassingError | DataError):
        return str(error)  # our own words
    if isinstance(error, ValidationError):
        found = error.errors(include_input=False, include_url=False, include_context=False)
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in found[:20])
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
