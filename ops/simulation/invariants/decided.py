"""What must hold of what is written, after every commit."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from ops.simulation.clock import OFF_SECONDS
from ops.simulation.invariants.statement import NUMBERED, Commit, Fact, Invariant, Seen, cause_of
from services.recovery.ledger import Account, LedgerEntry
from services.recovery.state import Recovery
from shared.events.base import PARTITIONS, Topic
from shared.runtime.codec import decode, numbers_of
from shared.runtime.log import Outgoing, Place
from shared.runtime.process import Process, topics_of
from shared.runtime.store import Asked, Changes, JournalRow
from shared.runtime.turn import DEADLINE

_OFF: Final = timedelta(seconds=2 * OFF_SECONDS)
"""By which two clocks may differ, and the log's own time from either."""


class MomentsNeverGoBack(Invariant):
    """Every turn of a lane has a later moment than the one before, and a key is decided on in their order."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._moments: dict[tuple[str, int], datetime] = {}
        self._decided: dict[tuple[str, str], tuple[datetime, int]] = {}

    def restored(self, service: str) -> None:
        for process in self.processes_of(service):
            tables = self.tables_of(process)
            self._moments.update({(process, lane.n): lane.moment for lane in tables.lanes.values()})
            for of, key in [about for about in self._decided if about[0] == process]:
                self._decided.pop((of, key))
                if rows := tables.journal.get(key):
                    self._decided[of, key] = _place(rows[-1])

    def committed(self, commit: Commit) -> None:
        for lane in commit.changes.lanes:
            before = self._moments.get((commit.process, lane.n))
            if before is not None and (lane.moment < before or (lane.moment == before and commit.changes.journal)):
                raise self.wrong(f"lane {lane.n} of {commit.process} goes from {before} to {lane.moment}")
            self._moments[commit.process, lane.n] = lane.moment
        for row in commit.changes.journal:
            last = self._decided.get((commit.process, row.key))
            if last is not None and (row.at, row.n) <= last:
                raise self.wrong(f"decision {row.n} on {row.key} in {commit.process} does not follow on the last one")
            self._decided[commit.process, row.key] = _place(row)


def _place(row: JournalRow) -> tuple[datetime, int]:
    """What changed nothing has the number of the next."""
    return row.at, row.n - (row.result or "").startswith(".")


class NoDeadlineBeforeItsTime(Invariant):
    """A deadline is asked when it has passed, and not before."""

    def committed(self, commit: Commit) -> None:
        now = self.seen.clock.now() + _OFF
        for row in commit.changes.journal:
            if row.asked.type == DEADLINE and row.asked.said_at > now:
                raise self.wrong(f"{commit.process} asked {row.key} at {now}, and it was due at {row.asked.said_at}")


class NoDeadlineOvertakesAnAnswer(Invariant):
    """What was on the log before a deadline is decided before it, also what another service passes on."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._sources = {each for process in seen.processes.values() for each in _sources(process)}
        self._outside = {topic.name for _, topic in self._sources}
        self._arrived: dict[tuple[str, str], int] = {}
        """(outside topic, id) → when it got there last."""
        self._first_there: dict[str, int] = {}
        """Cause of what is heard → when it got there first."""
        self._passed_on: defaultdict[tuple[str, str], list[tuple[str, list[Outgoing]]]] = defaultdict(list)
        """(process, outside topic) → id of what it heard there, and what it said of it."""
        self._heard: defaultdict[str, set[str]] = defaultdict(set)
        self._read: Counter[tuple[str, Place]] = Counter()
        """How far each process has ever read: what it said of that stands, also when its database is restored."""

    def appended(self, fact: Fact) -> None:
        topic = fact.record.place.topic
        if topic in self._outside:
            self._arrived[topic, fact.id] = fact.record.timestamp
        cause = fact.id if topic in NUMBERED else cause_of(fact)
        self._first_there.setdefault(cause, fact.record.timestamp)

    def committed(self, commit: Commit) -> None:
        process, changes = commit.process, commit.changes
        self._heard[process] |= {row.asked.cause for row in (*changes.journal, *changes.held)}
        for row in changes.inputs:
            self._read[process, row.place] = max(row.next, self._read[process, row.place])
        for source, topic in self._sources:
            if source == process:
                self._note(source, topic.name, changes)
        for row in changes.journal:
            if row.asked.type == DEADLINE:
                before = (row.asked.said_at - _OFF).timestamp() * 1000
                self._look_at_inputs(process, row.asked, before)
                self._look_at_gathered(process, row.asked, before)
                for source, topic in _sources(self.seen.processes[process]):
                    self._look_at_unread(source, topic.name, row.asked, before)
                    self._look_at_passed_on(process, source, topic.name, row.asked, before)

    def restored(self, service: str) -> None:
        for process in self.processes_of(service):
            tables = self.tables_of(process)
            heard = {row.asked.cause for rows in tables.journal.values() for row in rows}
            self._heard[process] = heard | {row.asked.cause for row in tables.held.values()}

    def _note(self, source: str, topic: str, changes: Changes) -> None:
        said = {dict(record.headers)["ce_id"].decode(): record for record in changes.outbox}
        for row in changes.journal:
            if row.says and row.asked.cause.startswith(f"{topic}/"):
                heard = row.asked.cause.split("/")
                about = next((part for part in heard if (topic, part) in self._arrived), "")
                self._passed_on[source, topic].append((about, [said[each] for each in row.says if each in said]))

    def _look_at_inputs(self, process: str, asked: Asked, before: float) -> None:
        for topic in topics_of(self.seen.processes[process]):
            self._look_at_unread(process, topic.name, asked, before, asked.lane if topic.numbered else None)

    def _look_at_unread(self, process: str, topic: str, asked: Asked, before: float, lane: int | None = None) -> None:
        for n in range(PARTITIONS) if lane is None else (lane,):
            place = Place(topic, n)
            first = self._read[process, place]
            for record in self.seen.cluster.records[place][first : first + 1]:
                if record.timestamp < before:
                    said = f"{Fact(record).type} on {topic}/{n} had not been heard by {process}"
                    raise self.wrong(f"{asked.key} was asked about {asked.said_at}, and {said}")

    def _look_at_gathered(self, process: str, asked: Asked, before: float) -> None:
        """What was heard after a recovery, and waits for its place among what is decided again."""
        for row in self.tables_of(process).held.values():
            if row.asked.key == asked.key and self._first_there.get(row.asked.cause, before) < before:
                raise self.wrong(f"{process} asked {asked.key} about {asked.said_at}, and holds {row.asked.type}")

    def _look_at_passed_on(self, process: str, source: str, topic: str, asked: Asked, before: float) -> None:
        kinds = {kind.__name__ for kind in self.seen.processes[process].hears}
        topics = {each.name for each in topics_of(self.seen.processes[process])}
        states = self.tables_of(process).states
        for about, said in self._passed_on[source, topic]:
            if self._arrived.get((topic, about), before) >= before:
                continue
            for record in said:
                fact = dict(record.headers)
                if record.place.topic not in topics or record.place.partition != asked.lane or record.key not in states:
                    continue
                if fact["ce_type"].decode() not in kinds or not self._is_kept(process, record):
                    continue
                if fact["ce_id"].decode() not in self._heard[process]:
                    what = (
                        f"{fact['ce_type'].decode()}, by which {source} passes on what was said before, was not heard"
                    )
                    raise self.wrong(f"{process} asked {asked.key} about {asked.said_at}, and {what}")

    def _is_kept(self, process: str, record: Outgoing) -> bool:
        """What came before its key began, and was not worth keeping, leaves no trace of having been heard."""
        event, _ = decode(record.place.topic, record.key.encode(), record.body.encode(), record.headers)
        return self.seen.processes[process].keeps_early(event)


def _sources(process: Process[Any]) -> list[tuple[str, Topic]]:
    """Who passes on to it what is said where."""
    return [(source, topic) for source, topics in process.passed_on.items() for topic in topics]


class HeardOnce(Invariant):
    """A fact of ours is decided on as often as it was said, and the outcome of an effect once."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._numbers: defaultdict[str, set[object]] = defaultdict(set)
        """Id → the numbers under which it was said; an outside party that repeats itself may be answered twice."""
        self._heard: Counter[tuple[str, str, str]] = Counter()

    def appended(self, fact: Fact) -> None:
        numbers = numbers_of(fact.record.headers)
        if numbers is not None:
            self._numbers[fact.id].add((fact.record.place, numbers[:2]))

    def restored(self, service: str) -> None:
        for process in self.processes_of(service):
            journal = self.tables_of(process).journal
            for about in [about for about in self._heard if about[0] == process]:
                del self._heard[about]
            self._heard.update((process, key, row.asked.cause) for key, rows in journal.items() for row in rows)

    def committed(self, commit: Commit) -> None:
        for row in commit.changes.journal:
            if "/" in row.asked.cause:
                continue  # an outside party's, a deadline, or a question
            about = (commit.process, row.key, row.asked.cause)
            self._heard[about] += 1
            if self._heard[about] > max(1, len(self._numbers[row.asked.cause])):
                raise self.wrong(f"{commit.process} heard {row.asked.type} {row.asked.cause} of {row.key} again")


class NumbersWithoutGap(Invariant):
    """A lane counts what it says, and each of its streams, without a gap."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._position: Counter[tuple[str, int]] = Counter()
        self._sequence: Counter[tuple[str, int, Place]] = Counter()

    def restored(self, service: str) -> None:
        for process in self.processes_of(service):
            for lane in self.tables_of(process).lanes.values():
                self._position[process, lane.n] = lane.position
                for about in [about for about in self._sequence if about[:2] == (process, lane.n)]:
                    self._sequence[about] = lane.streams.get(f"{about[2].topic}:{about[2].partition}", 0)

    def committed(self, commit: Commit) -> None:
        for record in commit.changes.outbox:
            self._position[commit.process, record.lane] += 1
            self._sequence[commit.process, record.lane, record.place] += 1
            sequence = int(dict(record.headers)["ce_sequence"])
            if record.position != self._position[commit.process, record.lane] or (
                sequence != self._sequence[commit.process, record.lane, record.place]
            ):
                raise self.wrong(f"{commit.process} says {record.position} ({sequence} on {record.place}) out of turn")
        for lane in commit.changes.lanes:
            if lane.position != self._position[commit.process, lane.n]:
                raise self.wrong(f"lane {lane.n} of {commit.process} counts {lane.position}")


class BooksAreWhatWasDecided(Invariant):
    """The ledger balances, and says of each claim what recovery knows of it."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._balances: defaultdict[str, Counter[Account]] = defaultdict(Counter)

    def restored(self, service: str) -> None:
        if service == "recovery":
            self._balances.clear()
            self._book(self.seen.schemas()[service].own["ledger_entry"].values())

    def _book(self, rows: Iterable[str]) -> None:
        for text in rows:
            entry = LedgerEntry.model_validate_json(text)
            self._balances[str(entry.claim_id)][entry.debit_account] += entry.amount_minor
            self._balances[str(entry.claim_id)][entry.credit_account] -= entry.amount_minor

    def committed(self, commit: Commit) -> None:
        self._book(commit.changes.rows.get("ledger_entry", ()))
        if commit.process != "recovery":
            return
        for row in commit.changes.states:
            state, books = Recovery.model_validate_json(row.body), self._balances[row.key]
            known = (
                *(state.paid_minor, -state.from_seller_minor, -state.from_insurer_minor, state.waived_minor),
                *(state.written_off_minor, state.outstanding_minor, -state.owed_minor, state.suspense_minor),
            )
            booked = tuple(books[account] for account in _ACCOUNTS)
            if known != booked:
                raise self.wrong(f"of {row.key} recovery knows {known}, and has booked {booked}")


_ACCOUNTS: Final = (
    *(Account.INDEMNITY_COST, Account.RECOVERIES_SELLER, Account.RECOVERIES_INSURER, Account.WAIVED),
    *(Account.WRITTEN_OFF, Account.EXPECTED_RECOVERY, Account.OWED_TO_SELLER, Account.SUSPENSE),
)

DECIDED: Final[tuple[type[Invariant], ...]] = (
    MomentsNeverGoBack,
    NoDeadlineBeforeItsTime,
    NoDeadlineOvertakesAnAnswer,
    HeardOnce,
    NumbersWithoutGap,
    BooksAreWhatWasDecided,
)
