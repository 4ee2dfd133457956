"""In which order the decisions of one key were taken before its database was restored, and when.

What was published is known, with its moment and its number: which change of the key's state it was. Of what was silent
nothing is. Where they disagree about what came first, the earlier in this list counts for more (seeds in
docs/simulation-finds.md):

1. What was read behind something of its topic comes after it.
2. What was published comes out as it was (55268, by a fault).
3. So many silent changes come before what was published as its number says (2004395).
4. What makes no difference yet, and would behind something said within a minute, answers that (2002246).
5. Moments: of what was published, its own; of the rest, when it was said or due, and no later than anything published
   that follows from it (1329, 1003992).
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter, itemgetter
from typing import Any, Final, Protocol

from shared.events.base import type_registry
from shared.runtime.process import Decision
from shared.runtime.store import Asked
from shared.runtime.told import Told
from shared.runtime.turn import Slot

Head = tuple[datetime, Asked]
"""What can be decided on next, with when it was."""
APART: Final = timedelta(minutes=1)
"""Clock time by which what was heard may seem to be said later than it was decided: the clocks of services differ."""
AHEAD: Final = 8
"""Most facts that are looked at for what followed from one in silence."""
_WITHIN: Final = ""
"""What has no topic: outcomes of effects, and what is asked."""


class Retake(Protocol):
    """Takes decisions without writing anything."""

    def tried(self, state: Any, asked: Asked, at: datetime) -> Decision[Any] | None:
        """What would be decided in this state. Raises what the decision raises."""
        ...

    def comes_out(self, state: Any, asked: Asked, at: datetime) -> bool:
        """Whether what it would say is what was published."""
        ...

    def outcomes_of(self, asked: Asked, decision: Decision[Any]) -> Iterable[str]:
        """The causes of what will be asked when what it does has been done."""
        ...


class Order:
    """What of one key is still to be decided again, and in which order it was.

    Of a decision that said nothing no trace is left but its number. It came after what lay before it on its topic, and
    before what lay behind; else soon after what it heard had been said, and a deadline when it was due. What is later
    than anything that was forgotten is new.
    """

    def __init__(
        self,
        told: Told,
        slot: Slot,
        now: datetime,
        *,
        heard: Sequence[Asked],
        outcomes: Collection[str],
        retake: Retake,
    ) -> None:
        """``now``: the moment of the lane. ``heard``: all that waits. ``outcomes``: causes of what will be asked."""
        self._told, self._slot, self._now, self._heard = told, slot, now, heard
        self._causes = {asked.cause for asked in heard}
        self._outcomes, self._retake, self._last = outcomes, retake, told.last(slot.lane)

    def next(self, waiting: Sequence[Asked], by_itself: Sequence[Asked]) -> Head | None:
        """The earliest of what was heard (``waiting``: what can be decided on) and of what the state asks by itself;
        None at its end, or when an outcome is awaited."""
        heads = self._heads(waiting)
        outcome = self._first(set(self._outcomes) - self._causes)
        found = self._as_then([*heads, *self._of_the_state(by_itself)])
        if found is None and heads and outcome is None:
            at, asked = min(heads, key=itemgetter(0))
            found = (at if any(cause in self._told for cause in self._causes) else self._now, asked)
        if found is None or (outcome is not None and outcome < found[0]):
            return None
        at, asked = found
        return min(at, self._first(self._causes) or at), asked

    def _heads(self, waiting: Sequence[Asked]) -> list[Head]:
        """The first of each topic, in the order of reading, with when it was decided."""
        behind: dict[str, datetime] = {}
        heads: dict[str, Head] = {}
        for asked in reversed(waiting):
            topic = _topic_of(asked.type)
            at = self._told.moment(asked.cause)
            if at is not None:
                behind[topic] = at
            elif self._last is None or asked.said_at > self._last + APART:
                at = behind.get(topic, self._now)
            else:
                at = min(asked.said_at, self._last, behind.get(topic, asked.said_at))
            heads[topic] = (at, asked)
        return [*heads.values()]

    def _of_the_state(self, asked: Sequence[Asked]) -> list[Head]:
        """Deadline and changed reference, which nobody says: those that were asked in what was forgotten."""
        found = [(self._told.moment(one.cause) or self._when_due(one), one) for one in asked]
        return [(at, one) for at, one in found if at is not None]

    def _when_due(self, asked: Asked) -> datetime | None:
        return asked.said_at if self._last is not None and asked.said_at <= self._last else None

    def _first(self, causes: Iterable[str]) -> datetime | None:
        """When the first of these was decided, all of which will be asked once more."""
        return min((at for cause in causes if (at := self._told.moment(cause)) is not None), default=None)

    def _as_then(self, asked: Sequence[Head]) -> Head | None:
        """The earliest that can have been decided then. Whatever said something is known, and which change of the state
        it was: so all else was silent, and of that only so much changed anything as is missing."""
        in_order = sorted(asked, key=self._place)
        told = next((head for head in in_order if head[1].cause in self._told), None)
        due = self._next_number(in_order)
        until = told and (told[0] if due is None or self._slot.n + 1 >= due else told[0] + APART)
        for n, (at, one) in enumerate(in_order):
            if until is not None and (at > until or (one.cause in self._told and at == until)):
                break
            if one.cause not in self._told:
                then = self._silent_at((at, one), told, due, in_order[n + 1 :])
                if then is not None:
                    return then, one
        return told

    def _place(self, head: Head) -> tuple[datetime, bool, int]:
        at, one = head
        return at, one.cause not in self._told, self._told.number(one.cause) or 0

    def _next_number(self, heads: Sequence[Head]) -> int | None:
        """Which change of the state it was that was published next. None: nobody knows."""
        causes = {one.cause for _, one in heads} | set(self._outcomes)
        return min((n for cause in causes if (n := self._told.number(cause)) is not None), default=None)

    def _silent_at(self, head: Head, told: Head | None, due: int | None, others: Sequence[Head]) -> datetime | None:
        """When it was decided silently, before ``told``; None: it was not."""
        at, one = head
        quiet = self._silently(self._slot.state, one, at) if at < self._now else None
        if quiet is None:
            return None
        then, state = quiet
        # "is not": that is what counts as a change. "==": that is what makes a difference.
        later = state is not self._slot.state and due is not None and self._slot.n + 1 >= due
        if later and told is not None and self._came_first(state, *told):
            later = False
        if state == self._slot.state:
            later = later or (told is not None and at > told[0]) or self._answers(at, one, others)
        if later or (told is not None and self._came_later(state, *told)):
            return None
        then = self._no_later(one, then, state)
        return then if told is None else min(then, told[0])

    def _no_later(self, asked: Asked, at: datetime, state: Any) -> datetime:
        """When it was decided, if that was before the outcomes of what follows from it in silence as well."""
        others = (one for one in self._heard if one is not asked and one.cause not in self._told)
        for follows in sorted(others, key=attrgetter("said_at"))[:AHEAD]:
            if (quiet := self._silently(state, follows, at)) is not None:
                at, state = quiet
        return at

    def _silently(self, state: Any, asked: Asked, at: datetime) -> tuple[datetime, Any] | None:
        """When it was decided without saying anything, and the state after it: before the outcomes of what it does,
        whatever the clock of who said it. None: it would say something. A decision that cannot be taken is silent."""
        try:
            decision = self._retake.tried(state, asked, at)
        except Exception:
            return at, state
        if decision is None:
            return at, state
        outcomes = (self._told.moment(cause) for cause in self._retake.outcomes_of(asked, decision))
        then = min([at, *(moment for moment in outcomes if moment is not None)])
        return None if decision.says else (then, decision.state)

    def _answers(self, at: datetime, asked: Asked, others: Sequence[Head]) -> bool:
        """Whether it makes no difference yet, and would behind one of these: it answers that one then, though the clock
        of who said it was slow."""
        for then, other in others:
            if then - at <= APART and (after := self._state_after(self._slot.state, other, then)) is not None:
                quiet = self._silently(after, asked, then)
                if quiet is None or quiet[1] != after:
                    return True
        return False

    def _state_after(self, state: Any, asked: Asked, at: datetime) -> Any | None:
        """None: it cannot be decided on."""
        try:
            decision = self._retake.tried(state, asked, at)
        except Exception:
            return None
        return decision.state if decision is not None else None

    def _came_first(self, state: Any, at: datetime, told: Asked) -> bool:
        """Whether what was published comes out as it was in ``state`` only, which one thing leads to."""
        return self._retake.comes_out(state, told, at) and not self._retake.comes_out(self._slot.state, told, at)

    def _came_later(self, state: Any, at: datetime, told: Asked) -> bool:
        """Whether what leads to ``state`` was decided after something that was published, though it had been said
        before it: that comes out as it was published without it, and with it otherwise."""
        return self._retake.comes_out(self._slot.state, told, at) and not self._retake.comes_out(state, told, at)


def _topic_of(kind: str) -> str:
    event = type_registry.get(kind)
    return event.topic.name if event is not None and event.topic is not None else _WITHIN
