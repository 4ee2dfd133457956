"""What is going to be said, and when; and what had to be assumed for it."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from shared.events.base import Envelope, Event

SOON: Final = timedelta(minutes=1)
A_DAY: Final = timedelta(days=1)
"""How long somebody takes who is assumed to answer."""
ASSUMED: Final = "assumed"
"""Name of whoever is assumed to have decided or paid."""


class Voices:
    """Says each thing once, at its moment."""

    def __init__(self) -> None:
        self.assumed: Counter[str] = Counter()
        """In words, and how often."""
        self._planned: list[tuple[datetime, int, Event, str]] = []
        self._number = count()
        self._ends: dict[int, object] = {}
        self._busy: set[object] = set()
        self._answered: list[object] = []
        self._now: datetime | None = None

    @property
    def next_at(self) -> datetime | None:
        return self._planned[0][0] if self._planned else None

    def due(self, now: datetime) -> Iterator[tuple[Event, Envelope]]:
        if now != self._now:  # who is asked again at the moment of his answer has answered
            self._now = now
            self._busy.difference_update(self._answered)
            self._answered.clear()
        while self._planned and self._planned[0][0] <= now:
            at, number, event, said_id = heapq.heappop(self._planned)
            if (ask := self._ends.pop(number, None)) is not None:
                self._answered.append(ask)
            yield event, Envelope(said_id or f"then/{number}", type(event).__name__, "then", at, event.key)

    def say(self, at: datetime, event: Event, said_id: str = "") -> None:
        heapq.heappush(self._planned, (at, next(self._number), event, said_id))

    def answer(self, ask: object, sayings: Sequence[tuple[datetime, Event]]) -> None:
        """All of it, the last at the end: until that is said, being asked the same again changes nothing."""
        for at, event in sayings:
            number = next(self._number)
            heapq.heappush(self._planned, (at, number, event, ""))
            if event is sayings[-1][1]:
                self._ends[number] = ask
                self._busy.add(ask)

    def is_about_to_answer(self, ask: object) -> bool:
        return ask in self._busy

    def assume(self, sentence: str) -> None:
        self.assumed[sentence] += 1

    def take_back(self, ask: object, unwanted: Callable[[Event], bool]) -> None:
        """What was about to be said to this is not."""
        self._busy.discard(ask)
        self._planned = [one for one in self._planned if not unwanted(one[2])]
        heapq.heapify(self._planned)
