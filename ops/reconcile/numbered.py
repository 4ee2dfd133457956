"""Compares the topics that our services speak on: with the outboxes, and with what each process has heard of them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ops import catalogue
from ops.reach import Database, database
from ops.reconcile.account import Account
from ops.reconcile.reading import Reading
from ops.reconcile.rows import listeners
from ops.reconcile.streams import (
    CHUNK,
    LANES,
    ROWS,
    Chunk,
    Fold,
    OnRecord,
    OnTopic,
    Other,
    Stream,
    fingerprint,
    on_record,
)
from shared.events.base import PARTITIONS
from shared.runtime.codec import numbers_of
from shared.runtime.log import Place, Record
from shared.runtime.settings import Settings

PUBLISHED: Final = "What was decided to be said is published"
THERE: Final = "Every row of an outbox is on its topic"
OURS: Final = "Every record of ours is in an outbox, the same to the letter"
HEARD: Final = "Every process has heard what is on its topics"
PATIENCE: Final = 10.0
"""Real seconds in which what is decided gets published, though somebody be killed in between."""
NAMED: Final = 20
"""Chunks of one topic that are looked at record by record; of others only the sum is told."""
MOST_OTHERS: Final = 50_000
"""Repetitions of one topic that are gathered until their content is compared."""


@dataclass(slots=True)
class Listener:
    """How far one process has read one place, in the snapshot. ``heard``: lane → number accepted last."""

    service: str
    process: str
    place: Place
    began_at: int
    next: int
    last_print: int | None
    heard: dict[int, int]


class Numbered:
    """All topics of ours: prepared from the snapshot, fed with their records, judged at the end."""

    def __init__(self, look: Database, log: Reading, account: Account) -> None:
        self._look, self._log, self._account = look, log, account
        self._known: dict[str, dict[Stream, OnRecord]] = {}
        self._folds: dict[str, Fold] = {}
        self._judges: dict[str, _Judge] = {}
        self._left: dict[Place, list[Listener]] = {}

    async def prepare(self) -> None:
        for name in (PUBLISHED, THERE, OURS, HEARD):
            self._account.check(name)
        self._left = await _listeners(self._look)
        for service in catalogue.NAMES:
            known = await on_record(self._look, service)
            for topic in said_by(service):
                of_topic = {stream: record for stream, record in known.items() if stream.place.topic == topic}
                self._known[topic] = of_topic
                self._folds[topic] = Fold(of_topic, self._log.begins, self._account.check(OURS))
                self._judges[topic] = _Judge(self._look, self._log, service, self._account)

    async def hear(self, place: Place, records: Sequence[Record]) -> None:
        """Looks at each listener's counters in the moment in which this reading stands where the listener does."""
        fold, waiting = self._folds[place.topic], self._left.get(place, [])
        for record in records:
            while waiting and waiting[0].next <= record.offset:
                _has_heard(waiting.pop(0), fold, self._log, self._account)
            for listener in waiting:
                if listener.next == record.offset + 1:
                    _remembers(listener, record, self._account)
            fold.hear(record)
        if len(fold.others) >= MOST_OTHERS:
            await self._judges[place.topic].look_at_others(fold, self._known[place.topic])

    async def conclude(self, settings: Settings) -> None:
        """What was said after the snapshot is no difference."""
        for place, waiting in self._left.items():
            for listener in waiting:
                _has_heard(listener, self._folds[place.topic], self._log, self._account)
        late: set[tuple[str, str, int]] = set()
        for service in catalogue.NAMES:
            for topic in said_by(service):
                fold, known = self._folds[topic], self._known[topic]
                await self._judges[topic].judge(fold, known)
                late |= {
                    (service, record.process, stream.lane)
                    for stream, record in known.items()
                    if record.said > fold.streams.get(stream, OnTopic()).accepted
                }
        folds = ((service, self._folds[topic]) for service in catalogue.NAMES for topic in said_by(service))
        await _said_by_nobody(settings, folds, self._account)
        await _published(self._look, settings, late, self._account)


def said_by(service: str) -> list[str]:
    """The numbered topics of one service."""
    return [topic.name for topic in catalogue.all_topics() if topic.numbered and topic.party == service]


async def read_rows(look: Database, service: str) -> dict[tuple[str, Place], Listener]:
    """How far the processes of one service have read."""
    sql = "select process, topic, partition, began_at, next, last_print, heard from input"
    found: dict[tuple[str, Place], Listener] = {}
    for row in await look.rows(service, sql):
        place = Place(row["topic"], row["partition"])
        heard = {int(lane): int(last) for lane, (_, last, *_) in json.loads(row["heard"]).items()}
        found[row["process"], place] = Listener(
            service, row["process"], place, row["began_at"], row["next"], row["last_print"], heard
        )
    return found


async def _listeners(look: Database) -> dict[Place, list[Listener]]:
    """Who reads each place of a topic of ours, the least advanced first."""
    found: dict[Place, list[Listener]] = {}
    for service in catalogue.all_services():
        rows = await read_rows(look, service.name)
        for process, topics in listeners(service):
            for place in (Place(topic, n) for topic in topics for n in range(PARTITIONS)):
                row = rows.get((process, place)) or Listener(service.name, process, place, 0, 0, None, {})
                found.setdefault(place, []).append(row)
    for listeners_of_place in found.values():
        listeners_of_place.sort(key=lambda listener: listener.next)
    return found


def _has_heard(listener: Listener, fold: Fold, log: Reading, account: Account) -> None:
    place, end = listener.place, log.ends[listener.place]
    where = f"{listener.process}: {place.topic}/{place.partition}"
    account.on_its_way(listener.service, "records_unread", max(end - listener.next, 0))
    if listener.next > end:
        account.check(HEARD).add(where, f"wants record {listener.next} next, and the log ends at {end}")
        return
    there = {lane: stream.accepted for (p, lane), stream in fold.streams.items() if p == place}
    # Who began later has not heard every lane.
    lanes = listener.heard.keys() if listener.began_at > log.begins[place] else listener.heard.keys() | there.keys()
    for lane in sorted(lanes):
        heard, lies = listener.heard.get(lane, 0), there.get(lane, 0)
        if heard != lies:
            what = f"heard {heard} up to record {listener.next}, where {lies} lies"
            account.check(HEARD).add(f"{where} from lane {lane}", what)


def _remembers(listener: Listener, record: Record, account: Account) -> None:
    if listener.last_print not in (None, record.fingerprint()):
        where = f"{listener.process}: {record.place.topic}/{record.place.partition}"
        account.check(HEARD).add(where, f"record {record.offset} is not the one that was heard")


class _Differing(NamedTuple):
    """A chunk of a stream that is not on its topic as it is in the outbox. ``wanted``: numbers that must be there."""

    name: Stream
    process: str
    n: int
    rows: Chunk
    there: Chunk | None
    wanted: range


class _Judge:
    """One topic of one service: its repetitions as they come, the rest when it has been folded."""

    def __init__(self, look: Database, log: Reading, service: str, account: Account) -> None:
        self._look, self._log, self._service = look, log, service
        self._there, self._ours = account.check(THERE), account.check(OURS)
        self._named = 0

    async def judge(self, fold: Fold, known: Mapping[Stream, OnRecord]) -> None:
        for name, stream in known.items():
            lies = fold.streams.get(name, OnTopic())
            for n, rows in stream.chunks.items():
                there = lies.chunks.get(n)
                same = there is not None and (there.count, there.print) == (rows.count, rows.print)
                first = max(stream.low, lies.low)
                if not same and (n + 1) * CHUNK >= first:
                    wanted = range(first, stream.published + 1)
                    await self._look_closely(_Differing(name, stream.process, n, rows, there, wanted))
        await self.look_at_others(fold, known)

    async def look_at_others(self, fold: Fold, known: Mapping[Stream, OnRecord]) -> None:
        """Repetitions have the content of the first. Those that were gathered are done with then."""
        by_chunk: dict[tuple[Stream, int], list[Other]] = {}
        for other in fold.others:
            by_chunk.setdefault((other.stream, (other.number - 1) // CHUNK), []).append(other)
        fold.others.clear()
        for (name, n), others in by_chunk.items():
            stream = known[name]
            if n not in stream.chunks:
                continue
            said = {row["number"]: row for row in await self._rows(name, stream.process, stream.chunks[n])}
            for other in others:
                row = said.get(other.number)
                if row is not None and row["print"] != other.print:
                    where = f"{stream.process} lane {name.lane} on {name.place.topic}/{name.place.partition}"
                    what = f"record {other.offset} repeats event {row['id']} with another content"
                    self._ours.add(f"{where}: {other.number}", what)

    async def _look_closely(self, chunk: "_Differing") -> None:
        """Row by row: which is not on the topic, and which is there with another content."""
        name, rows, there = chunk.name, chunk.rows, chunk.there
        where = f"{chunk.process} lane {name.lane} on {name.place.topic}/{name.place.partition}"
        self._named += 1
        if self._named > NAMED:
            lacks = max(rows.count - (there.count if there else 0), 1)
            self._there.add(where, f"{lacks} of the numbers from {chunk.n * CHUNK + 1} on differ", lacks)
            return
        said = {row["number"]: row for row in await self._rows(name, chunk.process, rows)}
        found: set[int] = set()
        async for record in self._again(name, there):
            numbers = numbers_of(record.headers)
            if numbers is None or numbers[0] != name.lane or (row := said.get(numbers[1])) is None:
                continue
            if row["print"] != fingerprint(record) and numbers[1] not in found:
                self._ours.add(f"{where}: {numbers[1]}", f"record {record.offset} differs from event {row['id']}")
            found.add(numbers[1])
        for number in sorted(said.keys() - found):
            if number in chunk.wanted:
                self._there.add(f"{where}: {number}", f"event {said[number]['id']} was published, and is not there")

    async def _rows(self, name: Stream, process: str, chunk: Chunk) -> list[Any]:
        return await self._look.rows(
            self._service, ROWS, process, name.lane, chunk.first, chunk.last, name.place.topic, name.place.partition
        )

    async def _again(self, name: Stream, there: Chunk | None) -> AsyncIterator[Record]:
        if there is None:
            return
        async with aclosing(self._log.read([name.place], {name.place: there.first})) as batches:
            async for _, records in batches:
                for record in records:
                    if record.offset > there.last:
                        return
                    yield record


async def _said_by_nobody(settings: Settings, folds: Iterable[tuple[str, Fold]], account: Account) -> None:
    """What is on a topic was committed before; so the outbox counts it by now, or nobody of ours has said it."""
    now: dict[tuple[str, Stream], int] = {}
    async with database(settings) as look:
        for service in catalogue.NAMES:
            for lane in await look.rows(service, LANES):
                for name, said in json.loads(lane["streams"]).items():
                    topic, _, partition = name.rpartition(":")
                    now[service, Stream(Place(topic, int(partition)), lane["n"])] = said
    for service, fold in folds:
        for name, stream in fold.streams.items():
            said = now.get((service, name), 0)
            if stream.highest > said:
                where = f"{name.place.topic}/{name.place.partition}@{stream.highest_at}"
                what = f"is number {stream.highest} of lane {name.lane}, which has said {said}"
                account.check(OURS).add(where, what, stream.highest - said)


async def _published(look: Database, settings: Settings, late: set[tuple[str, str, int]], account: Account) -> None:
    """What was decided before the snapshot, and was not on its topic yet, is published a moment later."""
    wanted: dict[tuple[str, str, int], int] = {}
    for service in {service for service, _, _ in late}:
        for lane in await look.rows(service, LANES):
            place = (service, lane["process"], lane["n"])
            if place in late and lane["published"] < lane["position"]:
                wanted[place] = lane["position"]
    end = time.monotonic() + PATIENCE
    while wanted:
        async with database(settings) as now:
            for service in {service for service, _, _ in wanted}:
                for lane in await now.rows(service, LANES):
                    place = (service, lane["process"], lane["n"])
                    if lane["published"] >= wanted.get(place, 0):
                        wanted.pop(place, None)
                    elif time.monotonic() > end:
                        missing = wanted.pop(place) - lane["published"]
                        what = f"{missing} rows of {lane['position']} wait"
                        account.check(PUBLISHED).add(f"{lane['process']} lane {lane['n']}", what, missing)
        if wanted:
            await asyncio.sleep(0.25)
