"""A turn of a lane that had said more than its database knows: what was forgotten is decided again, as it was then."""

import math
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from shared.events.base import Event, type_registry
from shared.runtime.order import Head, Order
from shared.runtime.process import Decision, Moment, Process
from shared.runtime.store import REPLAY, Asked, Changes
from shared.runtime.told import Told
from shared.runtime.turn import (
    ASKED,
    DEADLINE,
    ReferenceSeen,
    Slot,
    Turn,
    UndecidedError,
    deadline,
    effect_id,
    readable,
)

AS_PUBLISHED = "as-published"
"""Body of a replay that takes a decision as it now is, and leaves what had been published for it as it is."""


class RetellingTurn(Turn):
    """While a lane gathers, everything is kept; ``retell`` decides it. An outcome that is awaited goes on with it."""

    def __init__(self, process: Process[Any], **known: Any) -> None:
        super().__init__(process, **known)
        self._told = Told()
        self._awaited: Mapping[str, Collection[str]] = {}
        self._references_then: Mapping[tuple[str, int], ReferenceSeen] = {}

    def remember(
        self,
        told: Told,
        awaited: Mapping[str, Collection[str]],
        references: Mapping[tuple[str, int], ReferenceSeen],
    ) -> None:
        """What these lanes had said and forgot; key → causes of what will still be asked of it; (key, number) → what
        the reference was then."""
        self._told, self._awaited, self._references_then = told, awaited, references

    def go_on_from(self, moments: Mapping[str, datetime]) -> None:
        """When each key was decided on last: whatever is decided again comes after it."""
        for slot in self._slots.values():
            slot.at = moments.get(slot.key)

    def ask(self, asked: Asked, event: Event | None = None) -> None:
        """Keeps it while its lane gathers; after that it takes its place among what is still to be decided again."""
        slot, lane = self._slot(asked.key, asked.lane), self._lanes[asked.lane]
        if lane.told and not self._known:
            lane.gathering = True  # else what was silent would be decided as if nothing were known
        free = not slot.parked and asked.key not in self._bad
        if not (lane.told or lane.gathering) or not (free or asked.type == REPLAY):
            super().ask(asked, event)
        elif asked.type == REPLAY and lane.gathering:
            return  # it stays on record until all is there
        elif asked.type == REPLAY:
            self._answer(asked)
            slot.parked, slot.as_published = False, asked.body == AS_PUBLISHED
            self.retell(asked.key, asked.lane)
        elif lane.gathering:
            self._answer(asked)
            self._keep(slot, asked, None)
        elif asked.type == DEADLINE:
            self.retell(asked.key, asked.lane)
            if not slot.parked and getattr(slot.state, "due", None) == asked.said_at and not self._is_awaited(slot):
                super().ask(asked, event)
        else:
            self._answer(asked)
            self._keep(slot, asked, None)
            self.retell(asked.key, asked.lane)

    def finish(self) -> Changes:
        self.changes.retold, self._told.retold = self._told.retold, []
        return super().finish()

    def _check(self, slot: Slot, asked: Asked, decision: Decision[Any], moment: Moment[Any]) -> str | None:
        """What has been published stands: a decision that says something else must not be written."""
        body = super()._check(slot, asked, decision, moment)
        if not slot.as_published and (difference := self._difference(asked, decision)):
            raise UndecidedError(difference)
        return body

    def _difference(self, asked: Asked, decision: Decision[Any]) -> str | None:
        if asked.cause not in self._told:
            return None
        says = (
            (event_id, type(event).__name__, event.model_dump_json(), self._place_of(asked, event, event.key).stream)
            for event, event_id in self._with_ids(asked, decision)
        )
        return self._told.difference(asked.lane, asked.cause, says)

    def _say(
        self, slot: Slot, asked: Asked, decision: Decision[Any], moment: Moment[Any], seen: ReferenceSeen | None
    ) -> list[tuple[str, str]]:
        ids = super()._say(slot, asked, decision, moment, seen)
        if asked.cause in self._told:
            slot.as_published = False  # somebody has looked at this one, and at no other
        self._lanes[slot.lane].told -= self._told.tell(asked.cause)
        return ids

    def _is_out(self, slot: Slot, asked: Asked, event_id: str, stream: str) -> bool:
        if self._told.said(asked.cause, event_id):
            return True
        return slot.as_published and self._told.came_out(slot.lane, asked.cause, stream)

    def _moment(self, slot: Slot, asked: Asked, seen: ReferenceSeen | None) -> Moment[Any]:
        """That of then, when it was taken before."""
        now = slot.then or self._told.moment(asked.cause) or self._lanes[slot.lane].moment
        return self._moment_at(now, asked, seen, known=self._was_known(asked))

    def _was_known(self, asked: Asked) -> bool:
        if asked.cause in self._told:
            return not self._told.was_unknown(asked.cause)
        return self._known

    def _reference_of(self, state: Any, event: Event | None, asked: Asked) -> ReferenceSeen | None:
        """What was known then of the reference."""
        if self.process.reference is None or asked.cause not in self._told:
            return super()._reference_of(state, event, asked)
        then = self._told.reference(asked.cause)
        return readable(self._references_then.get(then)) if then else None

    def _is_awaited(self, slot: Slot) -> bool:
        """Whether the outcome of an effect is still to come that came before what was forgotten last."""
        return any(cause in self._told for cause in self._outcomes(slot))

    def _outcomes(self, slot: Slot) -> set[str]:
        return {*self._awaited.get(slot.key, ()), *(str(e.id) for e in self.changes.effects if e.key == slot.key)}

    def retell(self, key: str, lane: int, most: float = math.inf) -> bool:
        """Takes the decisions on all that was kept again, in the order in which they were taken first. False: there is
        more than ``most``."""
        slot = self._slot(key, lane)
        if key in self._bad and not slot.parked:
            self._park(slot, self._bad[key])
        taken = 0
        while not slot.parked and (found := self._next_told(slot)) is not None:
            if taken >= most:
                return False
            taken += 1
            at, asked = found
            slot.then = max(at, slot.at or at)
            kept, error = self._decide(slot, asked, None)
            slot.then = None
            row = next((row for row in slot.waiting if row.asked is asked), None)
            if not kept:
                if row is not None:
                    self._release(slot, row)
                continue
            slot.parked = error is not None
            if row is not None:
                self._note(row, error)
            else:
                self._keep(slot, asked, error)
        return True

    def _park(self, slot: Slot, why: str) -> None:
        """Before it is decided on: the first of what waits is refused, or else what would be asked next."""
        if slot.waiting:
            slot.parked = True
            self._note(slot.waiting[0], why)
        elif (found := self._next_told(slot)) is not None:
            slot.parked = True
            self._keep(slot, found[1], why)

    def _next_told(self, slot: Slot) -> Head | None:
        """The earliest of what was kept and of what fell due; None at its end, or when an outcome is awaited."""
        heard = [row.asked for row in slot.waiting]
        order = Order(
            self._told, slot, self._lanes[slot.lane].moment, heard=heard, outcomes=self._outcomes(slot), retake=self
        )
        known = {asked.cause for asked in heard}
        return order.next(
            [asked for asked in heard if slot.state is not None or self._can_begin(asked)],
            [asked for asked in self._by_itself(slot) if asked.cause not in known],
        )

    def comes_out(self, state: Any, asked: Asked, at: datetime) -> bool:
        """As it was published."""
        try:
            decision = self.tried(state, asked, at)
        except Exception:
            return False
        return decision is not None and self._difference(asked, decision) is None

    def outcomes_of(self, asked: Asked, decision: Decision[Any]) -> Iterable[str]:
        return (effect_id(self.process.name, asked.cause, n, effect) for n, effect in enumerate(decision.does))

    def tried(self, state: Any, asked: Asked, at: datetime) -> Decision[Any] | None:
        """What would be decided in this state."""
        event = type_registry[asked.type].model_validate_json(asked.body) if asked.body is not None else None
        seen = self._reference_of(state, event, asked)
        return self._choose(state, event, self._moment_at(at, asked, seen, known=self._was_known(asked)))

    def _deadline(self, slot: Slot, due: datetime) -> Asked:
        """When it was silent to set a clock, the moment of that is guessed, and so is when the clock ran out. What was
        said when it did is known: that deadline it was, if it comes out as it was published."""
        own = deadline(self.process.name, slot.key, slot.lane, due)
        if own.cause in self._told:
            return own
        for cause, then in self._told.deadlines(self.process.name, slot.key):
            passed = own._replace(cause=cause, said_at=then)
            at = self._told.moment(cause)
            if at is not None and self.comes_out(slot.state, passed, at):
                return passed
        return own

    def _can_begin(self, asked: Asked) -> bool:
        return asked.type in {kind.__name__ for kind in self.process.begins}

    def _by_itself(self, slot: Slot) -> Iterable[Asked]:
        """What is asked of a state without being heard: its deadline, and a reference that changed."""
        if slot.state is None:
            return
        if (due := getattr(slot.state, "due", None)) is not None:
            yield self._deadline(slot, due)
        if (watches := getattr(slot.state, "watches", None)) is not None:
            for cause in self._told.asked(slot.key, watches):
                yield Asked(slot.key, slot.lane, ASKED, cause, self._lanes[slot.lane].moment)
