"""A turn of a lane that had said more than its database knows: what was forgotten is decided again, as it was then."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any, Final

from shared.events.base import Event, type_registry
from shared.runtime.process import Decision, Moment, Process
from shared.runtime.store import REPLAY, Asked, Changes
from shared.runtime.told import APART, Order, Told
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


Head = tuple[datetime, Asked]
"""What can be decided on next, with when it was."""
AHEAD: Final = 8
"""Most facts that are looked at for what followed from one in silence."""


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

    def retell(self, key: str, lane: int) -> None:
        """Takes the decisions on all that was kept again, in the order in which they were taken first."""
        slot = self._slot(key, lane)
        if key in self._bad and not slot.parked:
            self._park(slot, self._bad[key])
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
        now, begun = self._lanes[slot.lane].moment, slot.state is not None
        order = Order(self._told, slot.lane, now)
        waiting = [row.asked for row in slot.waiting if begun or self._can_begin(row.asked)]
        heard = {row.asked.cause for row in slot.waiting}
        by_itself = [asked for asked in self._by_itself(slot) if asked.cause not in heard]
        heads = order.heads(waiting)
        outcome = order.first(self._outcomes(slot) - heard)
        found = self._as_then(slot, [*heads, *order.of_the_state(by_itself)])
        if found is None and heads and outcome is None:
            at, asked = min(heads, key=itemgetter(0))
            found = (at if any(cause in self._told for cause in heard) else now, asked)
        if found is None or (outcome is not None and outcome < found[0]):
            return None
        at, asked = found
        return min(at, order.first(heard) or at), asked

    def _as_then(self, slot: Slot, asked: Sequence[Head]) -> Head | None:
        """The earliest that can have been decided then. Whatever said something is known, and which change of the state
        it was: so all else was silent, and of that only so much changed anything as is missing."""
        in_order = sorted(asked, key=self._place)
        told = next((head for head in in_order if head[1].cause in self._told), None)
        due = self._next_number(slot, in_order)
        until = told and (told[0] if due is None or slot.n + 1 >= due else told[0] + APART)
        for n, (at, one) in enumerate(in_order):
            if until is not None and (at > until or (one.cause in self._told and at == until)):
                break
            if one.cause not in self._told:
                then = self._silent_at(slot, (at, one), told, due, in_order[n + 1 :])
                if then is not None:
                    return then, one
        return told

    def _place(self, head: Head) -> tuple[datetime, bool, int]:
        at, one = head
        return at, one.cause not in self._told, self._told.number(one.cause) or 0

    def _next_number(self, slot: Slot, heads: Sequence[Head]) -> int | None:
        """Which change of the state it was that was published next. None: nobody knows."""
        causes = {one.cause for _, one in heads} | self._outcomes(slot)
        return min((n for cause in causes if (n := self._told.number(cause)) is not None), default=None)

    def _silent_at(
        self, slot: Slot, head: Head, told: Head | None, due: int | None, others: Sequence[Head]
    ) -> datetime | None:
        """When it was decided silently, before ``told``; None: it was not."""
        at, one = head
        quiet = self._silently(slot.state, one, at) if at < self._lanes[slot.lane].moment else None
        if quiet is None:
            return None
        then, state = quiet
        later = state is not slot.state and due is not None and slot.n + 1 >= due
        if state == slot.state:
            later = later or (told is not None and at > told[0]) or self._answers(slot, at, one, others)
        if later or (told is not None and self._came_later(slot, state, *told)):
            return None
        then = self._no_later(slot, one, then, state)
        return then if told is None else min(then, told[0])

    def _no_later(self, slot: Slot, asked: Asked, at: datetime, state: Any) -> datetime:
        """When it was decided, if that was before the outcomes of what follows from it in silence as well."""
        others = (row.asked for row in slot.waiting if row.asked is not asked and row.asked.cause not in self._told)
        for follows in sorted(others, key=attrgetter("said_at"))[:AHEAD]:
            if (quiet := self._silently(state, follows, at)) is not None:
                at, state = quiet
        return at

    def _silently(self, state: Any, asked: Asked, at: datetime) -> tuple[datetime, Any] | None:
        """When it was decided without saying anything, and the state after it: before the outcomes of what it does,
        whatever the clock of who said it. None: it would say something. A decision that cannot be taken is silent."""
        try:
            decision = self._tried(state, asked, at)
        except Exception:
            return at, state
        if decision is None:
            return at, state
        outcomes = (
            self._told.moment(effect_id(self.process.name, asked.cause, n, e)) for n, e in enumerate(decision.does)
        )
        then = min([at, *(moment for moment in outcomes if moment is not None)])
        return None if decision.says else (then, decision.state)

    def _answers(self, slot: Slot, at: datetime, asked: Asked, others: Sequence[Head]) -> bool:
        """Whether it makes no difference yet, and would behind one of these: it answers that one then, though the clock
        of who said it was slow."""
        for then, other in others:
            if then - at <= APART and (after := self._state_after(slot.state, other, then)) is not None:
                quiet = self._silently(after, asked, then)
                if quiet is None or quiet[1] != after:
                    return True
        return False

    def _state_after(self, state: Any, asked: Asked, at: datetime) -> Any | None:
        """None: it cannot be decided on."""
        try:
            decision = self._tried(state, asked, at)
        except Exception:
            return None
        return decision.state if decision is not None else None

    def _came_later(self, slot: Slot, state: Any, at: datetime, told: Asked) -> bool:
        """Whether what leads to ``state`` was decided after something that was published, though it had been said
        before it: that comes out as it was published without it, and with it otherwise."""
        return self._comes_out(slot, slot.state, told, at) and not self._comes_out(slot, state, told, at)

    def _comes_out(self, slot: Slot, state: Any, told: Asked, at: datetime) -> bool:
        """As it was published."""
        try:
            decision = self._tried(state, told, at)
        except Exception:
            return False
        return decision is not None and self._difference(told, decision) is None

    def _tried(self, state: Any, asked: Asked, at: datetime) -> Decision[Any] | None:
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
            if at is not None and self._comes_out(slot, slot.state, passed, at):
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
