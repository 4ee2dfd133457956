"""A turn of a lane that had said more than its database knows: what was forgotten is decided again, as it was then."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from shared.events.base import Event, type_registry
from shared.runtime.process import Moment
from shared.runtime.store import Asked
from shared.runtime.told import Order, Told
from shared.runtime.turn import ASKED, DEADLINE, REPLAY, ReferenceSeen, Slot, Turn, deadline, effect_id

AS_PUBLISHED = "as-published"
"""Body of a replay that takes a decision as it now is, and leaves what had been published for it as it is."""


class RetellingTurn(Turn):
    """While a lane gathers, everything is kept; ``retell`` decides it. An outcome that is awaited goes on with it."""

    _awaited: Mapping[str, Collection[str]] = {}

    def remember(
        self,
        told: Told,
        awaited: Mapping[str, Collection[str]],
        references: Mapping[tuple[str, int], ReferenceSeen],
    ) -> None:
        """What these lanes had said and forgot; key → effects of it that are still to be done; (key, number) → what
        the reference was then."""
        self._told, self._awaited, self._references_then = told, awaited, references

    def go_on_from(self, moments: Mapping[str, datetime]) -> None:
        """When each key was decided on last: whatever is decided again comes after it."""
        for slot in self._slots.values():
            slot.at = moments.get(slot.key)

    def ask(self, asked: Asked, event: Event | None = None) -> None:
        """Keeps it while its lane gathers; after that it takes its place among what is still to be decided again."""
        slot, lane = self._slot(asked.key, asked.lane), self._lanes[asked.lane]
        free = not slot.parked and asked.key not in self._bad
        if not (lane.told or lane.gathering) or not (free or asked.type == REPLAY):
            super().ask(asked, event)
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

    def _is_awaited(self, slot: Slot) -> bool:
        """Whether the outcome of an effect is still to come that came before what was forgotten last."""
        return any(cause in self._told for cause in self._outcomes(slot))

    def _outcomes(self, slot: Slot) -> set[str]:
        return {*self._awaited.get(slot.key, ()), *(str(e.id) for e in self.changes.effects if e.key == slot.key)}

    def retell(self, key: str, lane: int) -> None:
        """Takes the decisions on all that was kept again, in the order in which they were taken first."""
        slot = self._slot(key, lane)
        if key in self._bad and slot.waiting and not slot.parked:
            slot.parked = True
            self._note(slot.waiting[0], self._bad[key])
        while not slot.parked and (found := self._next_told(slot)) is not None:
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

    def _next_told(self, slot: Slot) -> tuple[datetime, Asked] | None:
        """The earliest of what was kept and of what fell due; None at its end, or when an outcome is awaited."""
        now, begun = self._lanes[slot.lane].moment, slot.state is not None
        order = Order(self._told, slot.lane, now)
        waiting = [row.asked for row in slot.waiting if begun or self._can_begin(row.asked)]
        heard = {asked.cause for asked in waiting}
        by_itself = [asked for asked in self._by_itself(slot) if asked.cause not in heard]
        heads = order.heads(waiting)
        found = self._as_then(slot, [*heads, *order.of_the_state(by_itself)])
        if found is None and heads:
            at, asked = min(heads, key=itemgetter(0))
            found = (at if any(cause in self._told for cause in heard) else now, asked)
        if found is None:
            return None
        outcome = order.first_outcome(self._outcomes(slot) - heard)
        return None if outcome is not None and outcome < found[0] else found

    def _as_then(self, slot: Slot, asked: Sequence[tuple[datetime, Asked]]) -> tuple[datetime, Asked] | None:
        """The earliest that can have been decided then: whatever said something is known, so all else was silent."""
        for at, one in sorted(asked, key=lambda pair: (pair[0], pair[1].cause not in self._told)):
            if one.cause in self._told:
                return at, one
            if at < self._lanes[slot.lane].moment and (then := self._silently(slot, one, at)) is not None:
                return then, one
        return None

    def _silently(self, slot: Slot, asked: Asked, at: datetime) -> datetime | None:
        """When it was decided without saying anything: before the outcomes of what it does, whatever the clock of who
        said it. None: it would say something. A decision that cannot be taken says nothing."""
        try:
            event = type_registry[asked.type].model_validate_json(asked.body) if asked.body is not None else None
            seen = self._reference_of(slot.state, event, asked)
            fact = seen.fact if seen else None
            moment: Moment[Any] = Moment(at, min(asked.said_at, at), self.policies, self._known, fact)
            decision = self._choose(slot, event, moment)
        except Exception:
            return at
        if decision is None:
            return at
        outcomes = (
            self._told.moment(effect_id(self.process.name, asked.cause, n, e)) for n, e in enumerate(decision.does)
        )
        return None if decision.says else min([at, *(moment for moment in outcomes if moment is not None)])

    def _can_begin(self, asked: Asked) -> bool:
        return asked.type in {kind.__name__ for kind in self.process.begins}

    def _by_itself(self, slot: Slot) -> Iterable[Asked]:
        """What is asked of a state without being heard: its deadline, and a reference that changed."""
        if slot.state is None:
            return
        if (due := getattr(slot.state, "due", None)) is not None:
            yield deadline(self.process.name, slot.key, slot.lane, due)
        if (watches := getattr(slot.state, "watches", None)) is not None:
            for cause in self._told.asked(slot.key, watches):
                yield Asked(slot.key, slot.lane, ASKED, cause, self._lanes[slot.lane].moment)
