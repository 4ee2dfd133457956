"""Bytes that are no fact, kept with the reason, within bounds, and told to their sender."""

from collections.abc import Callable, Sequence
from typing import Any

import structlog

from shared.runtime.log import Place, Record
from shared.runtime.metrics import Metrics
from shared.runtime.process import Process, Undecodable
from shared.runtime.store import Asked, DeadLetter
from shared.runtime.turn import Turn

log = structlog.get_logger()
NUMBERS = ("ce_lane", "ce_sequence", "ce_epoch")
"""Where the problem of a record on a topic of ours lies that no outbox has written in its turn: it was not counted."""
MOST_LETTERS = 10_000
"""Dead letters of the lanes of one replica that are kept with their bytes; of more only their place in the log."""
MOST_LETTER_BYTES = 64 * 1024
"""Bytes of one dead letter that are kept: a real event is under 20 KB."""


class DeadLetters:
    """Those of one worker. ``lane_of``: the lane that a record touches; ``waiting``: how many are kept already."""

    def __init__(self, process: Process[Any], *, metrics: Metrics, lane_of: Callable[[Record], int | None]) -> None:
        self.process = process
        self.waiting = 0
        self._metrics, self._lane_of = metrics, lane_of

    def keep(self, turn: Turn, dead: Sequence[DeadLetter]) -> None:
        """Bytes that are no fact, and facts for which there was no room. One line in the log for all that are alike."""
        alike: dict[tuple[Place, Any], list[int]] = {}
        for letter in (*dead, *turn.set_aside):
            alike.setdefault((letter.record.place, letter.problems), []).append(letter.record.offset)
            room = MOST_LETTER_BYTES if self.waiting < MOST_LETTERS else 0
            turn.changes.dead.append(letter.within(room))  # so we never keep more of it than the log does
            self.waiting += 1  # until they are counted again
        for (place, problems), offsets in alike.items():
            log.warning("dead letter", process=self.process.name, place=place, offset=offsets[0], count=len(offsets),
                        problems=problems)  # fmt: skip
        self._metrics.dead_letters.inc(len(dead) + len(turn.set_aside))
        self._metrics.set_aside.inc(len(turn.set_aside))
        for letter in dead if self.process.refuses is not None else ():
            self._refuse(turn, letter)

    def _refuse(self, turn: Turn, letter: DeadLetter) -> None:
        """Tells the sender of bytes that are no fact, if the process has a word for it."""
        assert self.process.refuses is not None
        record = letter.record
        key = (record.key or b"").decode("utf-8", "replace").replace("\x00", "")[:128]
        refusal = self.process.refuses(Undecodable(record.place.topic, key, letter.problems))
        lane = self._lane_of(record)
        if refusal is not None and lane is not None:
            cause = f"{record.place.topic}/{record.place.partition}/{record.offset}"
            turn.tell(refusal, Asked(key, lane, "Undecodable", cause, letter.at))
