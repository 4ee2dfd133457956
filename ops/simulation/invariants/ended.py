"""What must hold when all is over: everything has healed, and nobody has anything left to do."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from ops.demo.facts import WATCHED, Facts
from ops.demo.observer import Streams
from ops.demo.report import OnRecord, find_problems
from ops.demo.standing import Money
from ops.simulation.invariants.statement import NUMBERED, Fact, Invariant, Seen, cause_of
from ops.simulation.tables import Tables
from services.recovery.state import Recovery
from services.seller_notifier.letter import LetterOutcome, LetterSent
from shared.events.base import PARTITIONS, Event, claim_id_of
from shared.runtime.codec import numbers_of
from shared.runtime.log import Place, Record
from shared.runtime.process import reference_name, topics_of


class StreamsAreWhole(Invariant):
    """Everything said is on the log, and whoever listens to it counts it without a gap."""

    def ended(self) -> None:
        streams = Streams()
        last: dict[tuple[Place, int], int] = {}
        for place in sorted(self.seen.cluster.records):
            if place.topic in NUMBERED:
                for record in self.seen.cluster.records[place]:
                    numbers = numbers_of(record.headers)
                    if numbers is not None and streams.accepts(*place, record.headers):
                        last[place, numbers[0]] = numbers[1]
        for process, tables in _all(self.seen):
            for lane in tables.lanes.values():
                if lane.published != lane.position:
                    raise self.wrong(f"of lane {lane.n} of {process} {lane.published} of {lane.position} are published")
                for stream, sequence in lane.streams.items():
                    topic, _, partition = stream.rpartition(":")
                    counted = last.get((Place(topic, int(partition)), lane.n), 0)
                    if counted != sequence:
                        raise self.wrong(
                            f"{process} said {sequence} on {stream} from lane {lane.n}, {counted} can be heard"
                        )


class EverythingIsHeardInOrder(Invariant):
    """Each process has decided on every fact that is for it: once, and those of one key in their order."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._disordered: set[str] = set()
        """After a backup came back nobody knows when what was silent had been decided: any order will do."""

    def restored(self, service: str) -> None:
        self._disordered.update(self.processes_of(service))

    def ended(self) -> None:
        for process, tables in _all(self.seen):
            hears = {kind.__name__ for kind in self.seen.processes[process].hears}
            heard = {
                row.asked.cause: (key, n)
                for key, rows in tables.journal.items()
                for n, row in enumerate(sorted(rows, key=lambda row: (row.at, row.n)), start=1)
            }
            waiting = {row.asked.cause for row in tables.held.values()}
            for topic in topics_of(self.seen.processes[process]):
                for n in range(PARTITIONS):
                    facts = list(_counted(self.seen.cluster.records[Place(topic.name, n)], numbered=topic.numbered))
                    self._read_to_the_end(process, tables, Place(topic.name, n))
                    if topic.numbered:
                        facts = list({fact.id: fact for fact in facts if fact.type in hears}.values())
                        self._in_order(process, facts, heard, waiting)

    def _read_to_the_end(self, process: str, tables: Tables, place: Place) -> None:
        end = self.seen.cluster.end(place)
        first = tables.inputs[place].next if place in tables.inputs else 0
        if first != end:
            raise self.wrong(f"{process} has read {place} to {first} of {end}")

    def _in_order(
        self, process: str, facts: Sequence[Fact], heard: dict[str, tuple[str, int]], waiting: set[str]
    ) -> None:
        last: dict[str, int] = {}
        states = self.tables_of(process).states
        for fact in facts:
            if fact.id not in heard:
                key = (fact.record.key or b"").decode()
                if key in states and fact.id not in waiting and self._keeps(process, fact):
                    raise self.wrong(f"{process} has not heard {fact.type} {fact.id} of {key}")
                continue
            key, n = heard[fact.id]
            if n <= last.get(key, 0) and process not in self._disordered:
                raise self.wrong(f"{process} heard {fact.type} {fact.id} of {key} out of its order")
            last[key] = n

    def _keeps(self, process: str, fact: Fact) -> bool:
        """Whether it would have been kept if it came before the beginning; what is not may be gone."""
        kinds = {kind.__name__: kind for kind in self.seen.processes[process].hears}
        event = kinds[fact.type].model_validate_json(fact.record.value or b"")
        return self.seen.processes[process].keeps_early(event)


class NothingIsLeftBehind(Invariant):
    """Nothing is parked, asked for, or to be done; what is no fact was none before it was sent."""

    def ended(self) -> None:
        for process, tables in _all(self.seen):
            for row in tables.held.values():
                if row.error is not None:
                    raise self.wrong(f"{row.asked.key} is parked in {process}: {row.error}")
            if tables.requests:
                raise self.wrong(f"{process} has not carried out {next(iter(tables.requests.values())).type}")
            for effect in tables.effects.values():
                if effect.done_at is None:
                    raise self.wrong(f"{effect.row.kind} for {effect.row.key} in {process} was not done")
            for letter in tables.dead.values():
                if (letter.record.key or b"").decode() not in self.seen.spoilt:
                    raise self.wrong(f"{letter.record.place} is a dead letter in {process}: {letter.problems}")


class EveryClaimIsWhereItMustBe(Invariant):
    """Every claim has ended or waits for a moment on record, nobody was paid too much, and every cent is booked."""

    def ended(self) -> None:
        facts = Facts()
        for record in _in_time(self.seen):
            fact = Fact(record)
            if fact.type in WATCHED:
                facts.hear(fact.type, (record.key or b"").decode(), record.value, record.timestamp)
        now = self.seen.clock.now()
        for problem in find_problems(facts, _on_record(self.seen), now):
            raise self.wrong(f"{problem.claim_id}: {problem.sentence}")


class LettersGoOutOnce(Invariant):
    """Every letter that was handed over was sent, once; again only as long as nobody could know that it was out."""

    def ended(self) -> None:
        sent = Counter(self.seen.letters)
        tables = self.seen.schemas()["seller_notifier"].tables["seller_notifier"]
        heard = [row.asked for rows in tables.journal.values() for row in rows if row.asked.type == "LetterSent"]
        outcomes = Counter(asked.cause for asked in heard)
        for effect in tables.effects.values():
            if effect.done_at is not None and outcomes[str(effect.row.id)] != 1:
                raise self.wrong(
                    f"the outcome of letter {effect.row.id} was heard {outcomes[str(effect.row.id)]} times"
                )
        for outcome in (LetterSent.model_validate_json(asked.body or "") for asked in heard):
            if outcome.outcome is LetterOutcome.HANDED_OVER and not sent[outcome.letter_id]:
                raise self.wrong(f"letter {outcome.letter_id} is said to be out, and was never sent")
        for letter in self.seen.sent_again:
            raise self.wrong(f"letter {letter} was sent again, though it was on record that it was out")
        for letter, times in sent.items():
            if times > 1 and not self.seen.faulty():
                raise self.wrong(f"letter {letter} was sent {times} times, though nothing went wrong")


class WhatTheOutsideSaysIsKept(Invariant):
    """Each record of an outside party was decided on, is held, or is a dead letter: as often as it came."""

    def ended(self) -> None:
        for process, tables in _all(self.seen):
            kept = Counter(row.asked.cause for rows in tables.journal.values() for row in rows)
            kept.update(row.asked.cause for row in tables.held.values())
            for topic in topics_of(self.seen.processes[process]):
                if not topic.numbered:
                    self._look_at(process, tables, topic.name, kept)

    def _look_at(self, process: str, tables: Tables, topic: str, kept: Counter[str]) -> None:
        table = self.seen.processes[process]
        kinds = {kind.__name__: kind for kind in (*table.begins, *table.hears)}
        came: dict[str, list[Fact]] = defaultdict(list)
        for n in range(PARTITIONS):
            for record in self.seen.cluster.records[Place(topic, n)]:
                fact, dead = Fact(record), (record.place, record.offset) in tables.dead
                spoilt = (record.key or b"").decode() in self.seen.spoilt
                if spoilt != dead:
                    raise self.wrong(f"{process} has {'lost' if spoilt else 'put aside'} {fact.type} {fact.id}")
                if fact.type in kinds and not spoilt:
                    came[cause_of(fact)].append(fact)
        for cause, facts in came.items():
            if kept[cause] != len(facts) and not self._may_be_gone(process, kinds[facts[0].type], facts[0], kept):
                raise self.wrong(f"{process} has {kept[cause]} of {len(facts)} records of {facts[0].type} {cause}")

    def _may_be_gone(self, process: str, kind: type[Event], fact: Fact, kept: Counter[str]) -> bool:
        """What is not worth keeping before the beginning of its key."""
        event = kind.model_validate_json(fact.record.value or b"")
        return not kept[cause_of(fact)] and not self.seen.processes[process].keeps_early(event)


class WatchersKnow(Invariant):
    """Whoever wants to be asked when a reference changes has seen how it is now."""

    def ended(self) -> None:
        for name, process in self.seen.processes.items():
            if process.reference is None:
                continue
            tables = self.seen.schemas()[self.seen.service_of[name]].tables
            for state in tables[name].states.values():
                reference = tables[reference_name(process)].states.get(state.watches or "")
                journal = tables[name].journal[state.key]
                if reference is not None and journal and journal[-1].reference != reference.body:
                    raise self.wrong(f"{state.key} in {name} does not know what was said of {state.watches}")


class NobodyRefuses(Invariant):
    """No replica finds another log than the one it knows."""

    def ended(self) -> None:
        for name, error in self.seen.refused:
            raise self.wrong(f"{name}: {error}")


def _all(seen: Seen) -> Iterator[tuple[str, Tables]]:
    schemas = seen.schemas()
    for process, service in seen.service_of.items():
        yield process, schemas[service].tables[process]


def _counted(records: list[Record], *, numbered: bool) -> Iterator[Fact]:
    """Each number of a stream once."""
    streams = Streams()
    for record in records:
        if not numbered or streams.accepts(*record.place, record.headers):
            yield Fact(record)


def _in_time(seen: Seen) -> list[Record]:
    """All that anybody said, each number once, in the order in which it reached the log."""
    found = [
        fact.record
        for place, records in seen.cluster.records.items()
        for fact in _counted(records, numbered=place.topic in NUMBERED)
    ]
    return sorted(found, key=lambda record: (record.timestamp, record.place, record.offset))


def _on_record(seen: Seen) -> OnRecord:
    """What the demo reads from the services' tables, read from the simulated ones."""
    schemas = seen.schemas()
    ledger, totals = dict[str, tuple[str, Money]](), defaultdict[str, Money](Money)
    for key, row in schemas["recovery"].tables["recovery"].states.items():
        r = Recovery.model_validate_json(row.body)
        money = Money(r.paid_minor, r.recovered_minor, r.waived_minor, r.written_off_minor, r.outstanding_minor)
        if money != Money():
            ledger[key] = (r.currency, money)
            totals[r.currency] = totals[r.currency].plus(money)
    claims = dict[str, datetime]()
    for key, row in schemas["intake"].tables["intake"].states.items():
        if row.due is not None:
            claims[str(claim_id_of(key))] = row.due
    for key, row in schemas["escalation"].tables["escalation"].states.items():
        if row.due is not None:
            claims[key] = row.due
    recoveries = {k: s.due for k, s in schemas["recovery"].tables["recovery"].states.items() if s.due is not None}
    return OnRecord(ledger, totals, claims, recoveries)


class PositionsGoForwardAsMomentsDo(Invariant):
    """What a lane says later stands behind what it said earlier: `makegood show` looks for it there.

    Not in a lane that was recovered: what had not come out is said again behind what had, with its moment of then.
    """

    def ended(self) -> None:
        for process in self.seen.processes:
            tables = self.tables_of(process)
            for lane, records in tables.outbox.items():
                if tables.lanes[lane].epoch > 1:
                    continue
                in_order = sorted(records, key=lambda record: record.position)
                said = [datetime.fromisoformat(dict(record.headers)["ce_time"].decode()) for record in in_order]
                for earlier, later in pairwise(said):
                    if later < earlier:
                        raise self.wrong(
                            f"lane {lane} of {process} says what is of {later} behind what is of {earlier}"
                        )


ENDED: Final[tuple[type[Invariant], ...]] = (
    StreamsAreWhole,
    EverythingIsHeardInOrder,
    NothingIsLeftBehind,
    EveryClaimIsWhereItMustBe,
    LettersGoOutOnce,
    WhatTheOutsideSaysIsKept,
    WatchersKnow,
    NobodyRefuses,
    PositionsGoForwardAsMomentsDo,
)
