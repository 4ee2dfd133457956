"""What a batch of records has to say to a process: of each place what comes next, of each stream the next number."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from shared.events.base import PARTITIONS, Event
from shared.runtime.clock import Clock
from shared.runtime.codec import (
    DecodeError,
    OtherVersionError,
    cause_of,
    check_type,
    decode,
    envelope_of,
    numbers_of,
    type_of,
)
from shared.runtime.lanes import partition_of
from shared.runtime.log import Log, LogChangedError, Place, Record
from shared.runtime.metrics import Metrics
from shared.runtime.process import Process, topics_of
from shared.runtime.store import Asked, DataError, DeadLetter, Heard, InputRow
from shared.runtime.turn import describe

FAULTS = (DataError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""Trouble that comes from what was read, and would come again."""
_LONGEST_KEY = 1024
"""Bytes of a key that are looked at: no fact has a longer one, and the last keys are remembered with their lanes."""
READ_SECONDS = 5.0
"""Real seconds that one transaction spends on reading records, which holds up whatever else this replica does: some are
made to be slow. What is left of the batch is fetched again."""


class Sieve:
    """Compares records with the rows that say what was read before. ``changed`` makes the refusal of another log."""

    def __init__(
        self,
        process: Process[Any],
        *,
        log: Log,
        clock: Clock,
        metrics: Metrics,
        changed: Callable[[Place, str], LogChangedError],
    ) -> None:
        self.kinds = {kind.__name__ for kind in (*process.begins, *process.hears)}
        self._log, self._clock, self._metrics, self._break = log, clock, metrics, changed
        self._topics = {t.name: t for t in topics_of(process)}
        self._unsure: set[Place] = set()
        self._seeking: dict[Place, int] = {}
        self._sought: dict[Place, int] = {}

    def heard(self) -> None:
        """A batch is done. Only what comes after it can have been read from where it was sought to."""
        self._sought.update(self._seeking)
        self._seeking.clear()

    def begin(self, place: Place, *, after: bool) -> None:
        """It is read anew. ``after``: behind a record that was heard before, which must be seen first."""
        self._sought.pop(place, None)
        self._seeking.pop(place, None)
        (self._unsure.add if after else self._unsure.discard)(place)

    def unsure(self, places: Collection[Place]) -> set[Place]:
        """Those of which nobody has seen yet whether it is still the same log."""
        return self._unsure.intersection(places)

    def sift(
        self, records: Sequence[Record], inputs: Mapping[Place, InputRow], dead: list[DeadLetter]
    ) -> list[tuple[Asked, Event | None]]:
        """Takes from each place what comes next, and only that; moves the rows on. What is no fact goes to ``dead``."""
        heard: list[tuple[Asked, Event | None]] = []
        gone: set[Place] = set()
        until = time.perf_counter() + READ_SECONDS
        for record in records:
            row = inputs.get(record.place)
            if row is None or record.place in gone or not self._is_next(record, row, gone):
                continue
            if time.perf_counter() > until:
                self._read_from(record.place, row, gone)
                continue
            row.next, row.last_print = record.offset + 1, record.fingerprint()
            try:
                asked = self._read(record, row)
            except DecodeError as error:
                dead.append(DeadLetter(record, error.problems, self._clock.now()))
                continue
            except FAULTS as error:
                dead.append(DeadLetter(record, (("record", describe(error)),), self._clock.now()))
                continue
            if asked is not None:
                heard.append(asked)
        return heard

    def _is_next(self, record: Record, row: InputRow, gone: set[Place]) -> bool:
        place, offset = record.place, record.offset
        if offset < row.next:
            if offset == row.next - 1:
                if row.last_print not in (None, record.fingerprint()):
                    raise self._break(place, f"record {offset} is not the one heard before")
                self._unsure.discard(place)
            return False
        if place in self._unsure or (offset > row.next and self._sought.get(place) != row.next):
            # Not read from where the row says: somebody else was here meanwhile. Start again from the row.
            self._read_from(place, row, gone)
            return False
        # Later than next right after seeking to next: offsets the log itself uses up (transaction markers).
        return True

    def _read_from(self, place: Place, row: InputRow, gone: set[Place]) -> None:
        """Where the row says; what else this batch has of it is left alone."""
        self._log.seek(place, row.next - (place in self._unsure))
        self._seeking[place] = row.next
        gone.add(place)

    def _read(self, record: Record, row: InputRow) -> tuple[Asked, Event | None] | None:
        """The fact in a record; None for what is not for us or was heard before. Raises DecodeError. No event: one of
        ours that this version cannot read, which its key has to wait for."""
        topic, kind = record.place.topic, type_of(record.headers)
        if self._is_ours(topic) and not self._accepts(record, row):
            return None
        if kind is None:
            envelope_of(record.headers)  # which says what is wrong, and all of it
            raise DecodeError(("ce_type", "header is missing"))
        if kind not in self.kinds:
            check_type(topic, kind)  # what a newer version says is kept for one that knows it
            return None
        try:
            event, envelope = decode(topic, record.key, record.value, record.headers)
        except OtherVersionError:
            if not self._is_ours(topic) or not _is_key(record.key):
                raise
            event, envelope = None, envelope_of(record.headers)  # its turn says the same, and parks the key
        value = record.value or b""
        body = value.decode()
        key = (record.key or b"").decode()  # which decode has seen to be the event's, and an outbox has written
        lane = record.place.partition if self._is_ours(topic) else partition_of(key, PARTITIONS)
        cause = envelope.id if self._is_ours(topic) else cause_of(topic, key, envelope.id, value)  # ours are unique
        asked = Asked(key, lane, envelope.type, cause, envelope.time, body, envelope.traceparent, record=record)
        return asked, event

    def _accepts(self, record: Record, row: InputRow) -> bool:
        """Exactly once between services: of each producer's lane only the next number counts."""
        numbers = numbers_of(record.headers)
        if numbers is None:
            envelope_of(record.headers)  # a record that nobody can read says so itself
            raise DecodeError(("ce_sequence", "header is missing: only the outbox of its service speaks here"))
        lane, sequence, epoch = numbers
        if lane >= PARTITIONS:
            raise DecodeError(("ce_lane", f"is not one of {PARTITIONS} lanes"))
        known = row.heard.get(str(lane))
        if known is not None and (epoch < known.epoch or sequence <= known.sequence):
            if (epoch, sequence) == known[:2] and known.content not in (None, record.content()):
                self._metrics.contradictions.inc()
                raise DecodeError(("ce_sequence", "was heard before with other content"))
            if epoch < known.epoch and sequence > known.sequence:
                self._metrics.outdated.inc()
            return False
        first = known is None and (sequence == 1 or row.began_at > 0)
        if not first and (known is None or sequence > known.sequence + 1):
            self._metrics.gaps.inc()  # its producer publishes the missing ones again, and this one after them
            return False
        row.heard[str(lane)] = Heard(epoch, sequence, record.content())
        return True

    def _is_ours(self, topic: str) -> bool:
        return self._topics[topic].numbered

    def lane_of(self, record: Record) -> int | None:
        """The lane a record will touch: its partition on our own topics, else where its key belongs."""
        if self._is_ours(record.place.topic):
            return record.place.partition
        key = (record.key or b"")[:_LONGEST_KEY].decode("utf-8", "replace")
        return partition_of(key, PARTITIONS)


def _is_key(key: bytes | None) -> bool:
    """Whether an outbox may have written it: there is one, and the database can hold it."""
    return key is not None and 0 < len(key) <= _LONGEST_KEY and b"\0" not in key
