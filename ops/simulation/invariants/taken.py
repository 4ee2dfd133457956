"""What must hold of decisions when the present version takes them again, whichever version took them first."""

from collections.abc import Iterator
from typing import Final

from ops.policy.retake import Entry, Past, retake
from ops.simulation.invariants.statement import Invariant
from shared.runtime.store import JournalRow


class EveryVersionDecidesAlike(Invariant):
    """What a service decided that ran in two versions is what the present one decides, but for the field it has not.

    Not of a key that was replayed as published: what was published of it is not what was decided.
    """

    def ended(self) -> None:
        for service in sorted(self.seen.upgraded):
            for process in self.processes_of(service):
                self._look_at(service, process)

    def _look_at(self, service: str, process: str) -> None:
        outbox = self.tables_of(process).outbox
        said = {dict(r.headers)["ce_id"].decode(): r.body for records in outbox.values() for r in records}
        for past in self._pasts(service, process):
            for one in retake(past, lambda _: self.seen.policies, said):
                if not one.same:
                    raise self.wrong(f"{one.entry.type} of {past.key} in {process}: {'; '.join(one.differences)}")

    def _pasts(self, service: str, process: str) -> Iterator[Past]:
        tables = self.tables_of(process)
        for key, rows in tables.journal.items():
            if (process, key) in self.seen.waved:
                continue
            entries = [_entry(row) for row in sorted(rows, key=lambda row: (row.at, row.n))]
            yield Past(service, self.seen.processes[process], key, entries, tables.states[key].body)


def _entry(row: JournalRow) -> Entry:
    """Without its fingerprints, which tell the versions apart."""
    a, says = row.asked, tuple(row.says)
    return Entry(row.key, row.n, row.at, a.said_at, a.type, a.cause, a.body, row.reference, row.known, says)


TAKEN: Final[tuple[type[Invariant], ...]] = (EveryVersionDecidesAlike,)
