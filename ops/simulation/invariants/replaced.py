"""What must hold while replicas find another log in the place of ours."""

from typing import Final

from ops.simulation.invariants.statement import Commit, Invariant


class AnotherLogIsRefused(Invariant):
    """Whoever has read the log does not go on with another one."""

    def put_back(self) -> None:
        for process, place in self.seen.reading():
            if self.seen.concerned(process, place):
                raise self.wrong(f"{process} still reads {place.topic}/{place.partition}, and it is not what it was")


class NothingIsHeardFromAnotherLog(Invariant):
    """Whoever has heard anything takes nothing of another log for heard."""

    def committed(self, commit: Commit) -> None:
        for row in commit.changes.inputs if self.seen.cluster.replaced else ():
            ours = self.seen.cluster.records[row.place]
            if row.next and (row.next > len(ours) or ours[row.next - 1].fingerprint() != row.last_print):
                raise self.wrong(f"{commit.process} has taken record {row.next - 1} of {row.place} from another log")


class NothingIsSaidToAnotherLog(Invariant):
    """What is taken for published is on our log."""

    def put_back(self) -> None:
        for process in self.seen.service_of:
            for n, lane in self.tables_of(process).lanes.items():
                if lane.published > (out := self.seen.cluster.out.get((process, n), 0)):
                    raise self.wrong(f"lane {n} of {process} takes {lane.published} for published, and {out} are")


REPLACED: Final[tuple[type[Invariant], ...]] = (
    AnotherLogIsRefused,
    NothingIsHeardFromAnotherLog,
    NothingIsSaidToAnotherLog,
)
