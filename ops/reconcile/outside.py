"""Compares the topics on which outside parties speak with what our processes have on record of them.

Up to where a process has read, each record is in its journal, or held, or a dead letter; unless it is no news: a
beginning said again of which nothing was kept, or a fact about a key of which the process never keeps any.

The journal is kept for good. Dead letters that nobody replayed, and facts whose key never begins, are dropped when they
are old; and how old a record is, only its sender's clock says. So age excuses neither a beginning nor a fact of a key
that has begun. It does excuse a fact that lies on its topic more often than it is on record: the same bytes may have
been a dead letter at first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any, Final
from zlib import crc32

from ops import catalogue
from ops.reach import Database
from ops.reconcile.account import Account
from ops.reconcile.numbered import HEARD, Listener, read_rows
from ops.reconcile.reading import Reading
from shared.events.base import PARTITIONS, Event
from shared.events.upstream import ClaimSubmitted
from shared.runtime.codec import DecodeError, cause_of, check_type, decode, envelope_of, type_of
from shared.runtime.log import Place, Record
from shared.runtime.process import Process, topics_of

ON_TOPIC: Final = "What was heard of outside parties is on their topics"
_AT_ONCE: Final = 500
"""Records that are looked up in one query."""
_LONGEST_KEY: Final = 1024
"""Bytes; no fact has a longer one."""
_KEPT: Final = """
    select key, type, cause, md5(body) as print from journal
    where process = $1 and key = any($2::text[]) and type = any($3::text[])
    union all
    select key, type, cause, md5(body) from held
    where process = $1 and key = any($2::text[]) and type = any($3::text[])"""
_DEAD: Final = """
    select partition, "offset" from dead_letter
    where process = $1 and topic = $2 and (partition, "offset") in (select * from unnest($3::int[], $4::bigint[]))"""
_ONCE_PASSED_OVER: Final = frozenset({ClaimSubmitted})
"""Beginnings that versions before this one passed over when they were said again: what those read is not on record."""
_BEGUN: Final = "select key from state where process = $1 and key = any($2::text[])"
_COUNTED: Final = """
    select type, count(*) as rows, count(*) filter (where said_at >= $5) as recent from (
        select type, key, cause, said_at from journal where process = $1 and type = any($2::text[])
        union all
        select type, key, cause, said_at from held where process = $1 and type = any($2::text[])
    ) kept where starts_with(cause, $3 || '/') and ($4::text[] is null or key = any($4)) group by type"""


@dataclass(frozen=True)
class Ear:
    """One process that hears one outside topic. ``rows``: place → how far it has read."""

    service: str
    process: Process[Any]
    topic: str
    kinds: Mapping[str, type[Event]]
    rows: Mapping[Place, Listener]

    def must_keep(self, kind: str) -> bool:
        """Whether every fact of this type is kept, however often it is said and whatever is known of its key."""
        return self.hears_always(kind) and self.keeps_all

    def hears_always(self, kind: str) -> bool:
        """Whether it is decided on before its key has begun and afterwards, and always was."""
        return self.kinds[kind] in self.process.hears and self.kinds[kind] not in _ONCE_PASSED_OVER

    @property
    def keeps_all(self) -> bool:
        return self.process.keeps_early is Process.keeps_early


class Outside:
    """All outside topics, for everybody who hears them. ``oldest``: how long a dead letter is kept at least."""

    def __init__(self, look: Database, log: Reading, account: Account, oldest: timedelta) -> None:
        self._look, self._log, self._account, self._oldest = look, log, account, oldest
        self._lookers: dict[str, list[Looker]] = {}

    async def prepare(self) -> None:
        self._account.check(ON_TOPIC)
        for ear in await outside_ears(self._look):
            self._lookers.setdefault(ear.topic, []).append(Looker(self._look, ear, self._account, self._oldest))

    async def hear(self, place: Place, records: Sequence[Record]) -> None:
        for looker in self._lookers.get(place.topic, ()):
            await looker.look_at(records)

    async def conclude(self) -> None:
        for looker in (looker for lookers in self._lookers.values() for looker in lookers):
            looker.unread(self._log.ends)
            await looker.conclude(self._log.begins)


async def outside_ears(look: Database) -> list[Ear]:
    """Who hears which outside topic."""
    found: list[Ear] = []
    for service in catalogue.all_services():
        rows = await read_rows(look, service.name)
        for process in service.processes:
            for topic in topics_of(process):
                if topic.numbered:
                    continue
                kinds = {kind.__name__: kind for kind in (*process.begins, *process.hears) if kind.topic is topic}
                theirs = {place: row for (name, place), row in rows.items() if name == process.name}
                found.append(Ear(service.name, process, topic.name, kinds, theirs))
    return found


class Looker:
    """Looks the records of one topic up for one process."""

    def __init__(self, look: Database, ear: Ear, account: Account, oldest: timedelta) -> None:
        self._matched: Counter[str] = Counter()
        """Type → records that are on record."""
        self._recent: Counter[str] = Counter()
        """Of these, what was said so lately that every dead letter since is kept."""
        self._look, self._ear, self._account = look, ear, account
        self._name = ear.process.name
        self._oldest = datetime.now(UTC) - oldest + timedelta(days=1)

    async def look_at(self, records: Sequence[Record]) -> None:
        """Those that the process has read."""
        read: list[Record] = []
        for record in records:
            row = self._ear.rows.get(record.place)
            if row is not None and row.began_at <= record.offset < row.next:
                read.append(record)
        for first in range(0, len(read), _AT_ONCE):
            await self._look_up(read[first : first + _AT_ONCE])

    def unread(self, ends: Mapping[Place, int]) -> None:
        """Counts what the process has still to read."""
        for place in (Place(self._ear.topic, n) for n in range(PARTITIONS)):
            row = self._ear.rows.get(place)
            self._account.on_its_way(
                self._ear.service, "records_unread", max(ends[place] - (row.next if row else 0), 0)
            )
            if row is not None and row.next > ends[place]:
                what = f"wants record {row.next} next, and the log ends at {ends[place]}"
                self._account.check(HEARD).add(f"{self._name}: {place.topic}/{place.partition}", what)

    async def unexplained(self, keys: list[str] | None) -> list[tuple[str, int, int]]:
        """The other way round: types of which more is on record than on the topic (or, where that must not be, less of
        what was said lately)."""
        ear = self._ear
        arguments = (self._name, list(ear.kinds), ear.topic, keys, self._oldest)
        counted = {row["type"]: row for row in await self._look.rows(ear.service, _COUNTED, *arguments)}
        found: list[tuple[str, int, int]] = []
        for kind in sorted(counted.keys() | self._matched.keys()):
            rows, recent = (counted[kind]["rows"], counted[kind]["recent"]) if kind in counted else (0, 0)
            if rows > self._matched[kind]:
                found.append((kind, rows, self._matched[kind]))
            elif recent < self._recent[kind] and ear.must_keep(kind):
                found.append((kind, recent, self._recent[kind]))
        return found

    async def conclude(self, begins: Mapping[Place, int], keys: list[str] | None = None) -> None:
        """Says what is unexplained; nothing of a topic that was not read from its beginning."""
        ear = self._ear
        whole = not any(begins[Place(ear.topic, n)] for n in range(PARTITIONS))
        if whole and not any(row.began_at for place, row in ear.rows.items() if place.topic == ear.topic):
            for kind, rows, matched in await self.unexplained(keys):
                what = f"{rows} {kind} on record, {matched} on the topic"
                self._account.check(ON_TOPIC).add(f"{self._name}: {ear.topic}", what, abs(rows - matched))

    async def _look_up(self, records: Sequence[Record]) -> None:
        records = await self._not_dead(records)
        rows = await self._look.rows(self._ear.service, _KEPT, self._name, _keys(records), list(self._ear.kinds))
        kept, causes = {(row["cause"], row["print"]) for row in rows}, {row["cause"] for row in rows}
        begun = {row["key"] for row in rows if self._ear.kinds[row["type"]] in self._ear.process.begins}
        strange: list[Record] = []
        for record in records:
            kind = type_of(record.headers) or ""
            if any((cause, _print(record)) in kept for cause in _causes(record)):
                self._matched[kind] += 1
                self._recent[kind] += self._is_recent(record)
            elif kind not in self._ear.kinds and _is_said_there(record.place.topic, kind):
                continue
            elif not self._is_no_news(record, kind, begun):
                strange.append(record)
        if strange:
            await self._name_lost(strange, causes)

    def _is_no_news(self, record: Record, kind: str, begun: set[str]) -> bool:
        """A beginning that was heard before, or what is not worth keeping before a beginning."""
        if kind not in self._ear.kinds:
            return False
        if not self._ear.hears_always(kind):
            return _text(record.key) in begun and _problem(record) is None
        if self._ear.keeps_all or (event := _event(record)) is None:
            return False
        return not self._ear.process.keeps_early(event)

    async def _not_dead(self, records: Sequence[Record]) -> list[Record]:
        """Without dead letters: replayed, one lies there a second time, and the decision on that has its very cause."""
        partitions, offsets = [r.place.partition for r in records], [r.offset for r in records]
        rows = await self._look.rows(self._ear.service, _DEAD, self._name, self._ear.topic, partitions, offsets)
        dead = {(row["partition"], row["offset"]) for row in rows}
        return [record for record in records if (record.place.partition, record.offset) not in dead]

    async def _name_lost(self, records: Sequence[Record], causes: set[str]) -> None:
        begun = {row["key"] for row in await self._look.rows(self._ear.service, _BEGUN, self._name, _keys(records))}
        for record in records:
            problem = _problem(record)
            if self._is_old(record) and (problem is not None or self._waits(record, begun)):
                continue
            where = f"{self._name}: {record.place.topic}/{record.place.partition}@{record.offset}"
            if problem is not None:
                what = f"is no fact ({problem}), and no dead letter"
            elif not causes.isdisjoint(_causes(record)):
                what = f"event {_id_of(record)} is on record with another content"
            else:
                what = f"event {_id_of(record)} was read, and is not on record"
            self._account.check(HEARD).add(where, what)

    def _is_recent(self, record: Record) -> bool:
        """By the moment that is kept of a fact with what was heard."""
        try:
            return envelope_of(record.headers).time >= self._oldest
        except DecodeError:
            return False

    def _is_old(self, record: Record) -> bool:
        """By its sender's clock."""
        return record.timestamp < self._oldest.timestamp() * 1000

    def _waits(self, fact: Record, begun: set[str]) -> bool:
        """For a beginning that has not come: until it comes nothing follows from the fact, so it may be dropped."""
        kind = self._ear.kinds[type_of(fact.headers) or ""]
        return kind not in self._ear.process.begins and _text(fact.key) not in begun


def _keys(records: Sequence[Record]) -> list[str]:
    """Those that a fact can have."""
    keys = {_text(record.key) for record in records if len(record.key or b"") <= _LONGEST_KEY}
    return [key for key in keys if "\x00" not in key]


def _text(key: bytes | None) -> str:
    return (key or b"").decode("utf-8", "replace")


def _id_of(record: Record) -> str:
    return dict(record.headers).get("ce_id", b"").decode("utf-8", "replace")


def _causes(record: Record) -> tuple[str, str, str]:
    """What its decision goes by; what it went by before an id could be used again with other content; and before a long
    one was cut."""
    topic, key, event_id, value = record.place.topic, _text(record.key), _id_of(record), record.value or b""
    earlier = f"{topic}/{key}/{event_id}"
    return cause_of(topic, key, event_id, value), earlier, f"{earlier}/{crc32(value):08x}"


def _print(record: Record) -> str:
    return md5(record.value or b"", usedforsecurity=False).hexdigest()


def _is_said_there(topic: str, kind: str) -> bool:
    try:
        check_type(topic, kind)
    except DecodeError:
        return False
    return True


def _event(record: Record) -> Event | None:
    try:
        return decode(record.place.topic, record.key, record.value, record.headers)[0]
    except DecodeError:
        return None


def _problem(record: Record) -> str | None:
    try:
        decode(record.place.topic, record.key, record.value, record.headers)
    except DecodeError as error:
        return str(error)
    except Exception as error:  # as the worker: whatever reading raises makes it no fact
        return type(error).__name__
    return None
