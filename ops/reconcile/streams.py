"""Our own streams: what the outboxes hold against what lies on the topics, number by number.

A stream is what one lane says in one partition, numbered from 1. Both sides are folded into chunks of so many numbers:
how many there are, and the exclusive or of their fingerprints. The database folds its rows in one scan; what is kept
here grows with the chunks alone, whatever lies on the topics. Only chunks that differ are looked at record by record.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import md5
from typing import Final, NamedTuple

from pydantic_core import to_json

from ops.reach import Database
from ops.reconcile.account import Check
from shared.events.base import PARTITIONS
from shared.runtime.codec import numbers_of
from shared.runtime.log import Place, Record

CHUNK: Final = 4096
"""Numbers in a chunk."""


class Stream(NamedTuple):
    """What one lane says in one partition."""

    place: Place
    lane: int


class Other(NamedTuple):
    """A record that no listener counts: a repetition, or one ahead of its number."""

    stream: Stream
    number: int
    print: int
    offset: int


@dataclass(slots=True)
class Chunk:
    """Of one stream: what was folded, and where it lies (positions of an outbox, or offsets of a partition)."""

    first: int
    last: int
    count: int = 0
    print: int = 0

    def fold(self, fingerprint: int) -> None:
        self.count += 1
        self.print ^= fingerprint


@dataclass(slots=True)
class OnRecord:
    """One stream in the snapshot: its chunks of what is published, from ``low`` (older rows may have been dropped)."""

    process: str
    low: int
    said: int = 0
    """The number said last."""
    published: int = 0
    """The number that is known to be on the topic."""
    chunks: dict[int, Chunk] = field(default_factory=dict[int, Chunk])


@dataclass(slots=True)
class OnTopic:
    """One stream as any listener counts it: only the next number is accepted."""

    low: int = 0
    """The first number that is there: more than 1 where the log has dropped its beginning."""
    epoch: int = 0
    accepted: int = 0
    highest: int = 0
    highest_at: int = 0
    chunks: dict[int, Chunk] = field(default_factory=dict[int, Chunk])

    def accepts(self, number: int, epoch: int, *, whole: bool) -> bool:
        """``whole``: the log still has its beginning."""
        if epoch < self.epoch or (number != self.accepted + 1 and (whole or self.accepted)):
            return False
        self.low, self.epoch, self.accepted = self.low or number, epoch, number
        return True


class Fold:
    """Takes the records of one topic in. ``known``: the topic's streams in the snapshot; ``begins``: of its places.

    ``ours`` hears at once of a record of no stream, so that nothing grows with them. ``others`` is for who feeds this
    to empty.
    """

    def __init__(self, known: Mapping[Stream, OnRecord], begins: Mapping[Place, int], ours: Check) -> None:
        self.streams: dict[Stream, OnTopic] = {}
        self.others: list[Other] = []
        self._known, self._begins, self._ours = known, begins, ours

    def hear(self, record: Record) -> None:
        numbers = numbers_of(record.headers)
        if numbers is None:
            self._of_no_stream(record, "has no number")
            return
        lane, number, epoch = numbers
        if lane >= PARTITIONS:
            self._of_no_stream(record, f"is of lane {lane}, which is not one of {PARTITIONS}")
            return
        name = Stream(record.place, lane)
        stream = self.streams.get(name)
        if stream is None:
            stream = self.streams[name] = OnTopic()
        if number > stream.highest:
            stream.highest, stream.highest_at = number, record.offset
        accepted = stream.accepts(number, epoch, whole=self._begins[record.place] == 0)
        known = self._known.get(name)
        if known is None or not known.low <= number <= known.published:
            return
        chunk = stream.chunks.get((number - 1) // CHUNK)
        if chunk is None:
            chunk = stream.chunks[(number - 1) // CHUNK] = Chunk(record.offset, record.offset)
        chunk.last = record.offset
        if accepted:
            chunk.fold(fingerprint(record))
        else:
            self.others.append(Other(name, number, fingerprint(record), record.offset))

    def _of_no_stream(self, record: Record, what: str) -> None:
        place = record.place
        self._ours.add(f"{place.topic}/{place.partition}@{record.offset}", f"{what}: no outbox said it")


def fingerprint(record: Record) -> int:
    """Of key, headers and body, the same as ``FINGERPRINT`` gives for the row of an outbox."""
    try:
        headers = to_json(record.headers)
    except ValueError:  # bytes that are no text, as no outbox has them
        headers = repr(record.headers).encode()
    text = b"%b\n%b\n%b" % (record.key or b"", headers, record.value or b"")
    return int.from_bytes(md5(text, usedforsecurity=False).digest()[:8], signed=True)


FINGERPRINT: Final = r"('x' || left(md5(key || E'\n' || headers::text || E'\n' || body), 16))::bit(64)::bigint"
_NUMBERED: Final = rf"""
    select process, lane, topic, partition, position, key, substring(headers::text from '"ce_id", ?"([^"]+)"') as id,
        substring(headers::text from '"ce_sequence", ?"([0-9]+)"')::bigint as number, {FINGERPRINT} as print
    from outbox"""  # noqa: S608 - every word is ours
CHUNKS: Final = f"""
    select o.process, o.lane, o.topic, o.partition, (o.number - 1) / {CHUNK} as chunk, min(o.number) as low,
        count(*) filter (where o.position <= l.published) as rows,
        bit_xor(o.print) filter (where o.position <= l.published) as print,
        count(*) filter (where o.position > l.published) as unpublished,
        min(o.position) as first, max(o.position) as last
    from ({_NUMBERED}) o join lane l on l.process = o.process and l.n = o.lane
    group by o.process, o.lane, o.topic, o.partition, (o.number - 1) / {CHUNK}"""  # noqa: S608
ROWS: Final = f"""
    select number, id, print from (
        {_NUMBERED} where process = $1 and lane = $2 and position between $3 and $4 and topic = $5 and partition = $6
    ) o"""  # noqa: S608
OF_KEYS: Final = f"select * from ({_NUMBERED} where key = any($1::text[])) o"  # noqa: S608
"""All that was said under some keys."""
LANES: Final = "select process, n, position, published, streams from lane"


async def on_record(look: Database, service: str) -> dict[Stream, OnRecord]:
    """The streams of one service in the snapshot."""
    found: dict[Stream, OnRecord] = {}
    for lane in await look.rows(service, LANES):
        for name, said in json.loads(lane["streams"]).items():
            topic, _, partition = name.rpartition(":")
            found[Stream(Place(topic, int(partition)), lane["n"])] = OnRecord(lane["process"], said + 1, said, said)
    async for row in look.each(service, CHUNKS):
        stream = found.get(Stream(Place(row["topic"], row["partition"]), row["lane"]))
        if stream is None:
            continue  # the check of the rows says that the lane does not count it
        stream.low = min(stream.low, row["low"])
        stream.published -= row["unpublished"]
        if row["rows"]:
            stream.chunks[row["chunk"]] = Chunk(row["first"], row["last"], row["rows"], row["print"])
    return found
