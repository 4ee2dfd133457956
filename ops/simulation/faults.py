"""Strikes where the plan says: counts the calls of every process, and does to the house what is due."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from ops.simulation.plan import Fault, Kind

BUSY: Final = frozenset(
    (
        "take",
        "load",
        "held",
        "due",
        "requests",
        "write",
        "commit",
        "publish",
        "unpublished",
        "perform",
        "effects_done",
        "recall",
        "told",
    )
)
"""Calls by which something happens; the others only look."""
_ONLY: Final = {
    Kind.COMMIT_LOST: ("commit", "before"),
    Kind.COMMIT_UNKNOWN: ("commit", "after"),
    Kind.PUBLISH_TORN: ("publish", "before"),
    Kind.PUBLISH_LATE: ("publish", "before"),
}
_SIDE: Final = {Kind.CALL_FAILS: "before", Kind.ANSWER_LOST: "after"}


class Point(NamedTuple):
    """One side of one call of one process."""

    process: str
    call: str
    side: str

    def __str__(self) -> str:
        return f"{self.side} {self.call}"


class Faults:
    """What is still to come, process by process."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.struck: list[Fault] = []
        self.calls: Counter[tuple[str, bool]] = Counter()
        self._waiting: defaultdict[str, list[Fault]] = defaultdict(list)
        for fault in faults:
            self._waiting[fault.process].append(fault)

    def at(self, point: Point) -> Fault | None:
        """The fault that strikes here, if one does."""
        process, busy = point.process, point.call in BUSY
        self.calls[process, False] += 1
        if busy:
            self.calls[process, True] += 1
        waiting = self._waiting.get(process)
        if not waiting:
            return None
        for fault in waiting:
            if self.calls[process, fault.busy] >= fault.point and (busy or not fault.busy) and _fits(fault, point):
                waiting.remove(fault)
                self.struck.append(fault)
                return fault
        return None

    def end(self) -> None:
        """From now on all is well."""
        self._waiting.clear()


def _fits(fault: Fault, point: Point) -> bool:
    only, side = _ONLY.get(fault.kind), _SIDE.get(fault.kind, point.side)
    return (only is None or only == (point.call, point.side)) and side == point.side
