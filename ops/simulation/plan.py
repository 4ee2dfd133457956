"""What one seed means: which claims, what goes wrong when and for whom, which noise is on. A run needs no more."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import Final

from ops.demo.scenes import SCENES

PROCESSES: Final = (
    *("intake", "claimants", "links", "products"),
    *("seller_notifier.reference", "seller_notifier"),
    *("escalation.reference", "escalation"),
    *("recovery.reference", "recovery"),
    "insurance_accelerator",
)
SERVICE_OF: Final = {
    name: "intake" if name in ("claimants", "links", "products") else name.partition(".")[0] for name in PROCESSES
}
CALLS: Final = dict(zip(PROCESSES, (25, 8, 8, 6, 8, 130, 8, 110, 8, 130, 40), strict=True))
"""Busy calls of each process on behalf of one claim, about; something goes wrong for each as often as it calls."""


class Kind(StrEnum):
    """What can go wrong at one call of one process."""

    CRASH = "crash"
    FREEZE = "freeze"
    COMMIT_LOST = "commit lost"
    COMMIT_UNKNOWN = "commit unknown"
    CALL_FAILS = "call fails"
    ANSWER_LOST = "answer lost"
    DATABASE_DOWN = "database down"
    LOG_DOWN = "log down"
    REBALANCE = "rebalance"
    SECOND_REPLICA = "second replica"
    OFFSETS_LOST = "offsets lost"
    PUBLISH_TORN = "publish torn"
    PUBLISH_LATE = "publish late"
    RESTORE = "older database restored"
    NEXT_VERSION = "next version comes and goes"
    LOG_EMPTY = "log lost"
    LOG_SHORTER = "log cut short"
    LOG_OTHER = "another log"
    LOG_LONGER = "another and longer log"


SHARES: Final = {
    Kind.CRASH: 22,
    Kind.FREEZE: 14,
    Kind.COMMIT_LOST: 8,
    Kind.COMMIT_UNKNOWN: 10,
    Kind.CALL_FAILS: 8,
    Kind.ANSWER_LOST: 8,
    Kind.DATABASE_DOWN: 5,
    Kind.LOG_DOWN: 4,
    Kind.REBALANCE: 6,
    Kind.SECOND_REPLICA: 8,
    Kind.OFFSETS_LOST: 4,
    Kind.PUBLISH_TORN: 6,
    Kind.PUBLISH_LATE: 5,
    Kind.RESTORE: 6,
    Kind.NEXT_VERSION: 8,
    Kind.LOG_EMPTY: 2,
    Kind.LOG_SHORTER: 2,
    Kind.LOG_OTHER: 1,
    Kind.LOG_LONGER: 1,
}
ANOTHER_LOG: Final = frozenset({Kind.LOG_EMPTY, Kind.LOG_SHORTER, Kind.LOG_OTHER, Kind.LOG_LONGER})


class Noise(StrEnum):
    """What goes on all the time."""

    JITTER = "every call takes its time"
    SMALL_BATCHES = "records come a few at a time"
    DUPLICATES = "outside producers send twice"
    LATE_TOPICS = "outside topics are hours and days late"
    CLOCKS = "clocks of replicas differ by a fraction of a second"
    OTHER_PARTITIONER = "outside producers choose partitions their own way"
    TWO_REPLICAS = "every service has two replicas"
    SLOW_READING = "records are read seconds and minutes late"
    MAIL_BUSY = "the mail server turns letters away for now"


@dataclass(frozen=True, slots=True)
class Fault:
    """``point``: the process's so manieth call, counted twice: before its effect, and after it. ``busy``: only calls
    of turns and publishing count, not those of idle ticks. ``size``: for how many seconds; of a backup: how many
    commits it has missed."""

    kind: Kind
    process: str
    point: int
    busy: bool
    size: float

    def __str__(self) -> str:
        lasting = f" for {self.size:.1f} s" if self.size else ""
        if self.kind is Kind.RESTORE:
            lasting = f" that has missed {self.size:.0f} commits"
        return f"{self.kind} at {'busy ' if self.busy else ''}call {self.point} of {self.process}{lasting}"


@dataclass(frozen=True, slots=True)
class Plan:
    """``claims``: numbers of scenes; one that tells another again comes right after it, in one tuple."""

    seed: int
    claims: tuple[tuple[int, ...], ...]
    faults: tuple[Fault, ...] = ()
    noise: frozenset[Noise] = field(default_factory=frozenset[Noise])

    def without(self, part: "tuple[int, ...] | Fault | Noise") -> "Plan":
        match part:
            case Fault():
                return replace(self, faults=tuple(fault for fault in self.faults if fault != part))
            case Noise():
                return replace(self, noise=self.noise - {part})
            case _:
                return replace(self, claims=tuple(claim for claim in self.claims if claim != part))


def plan_of(seed: int) -> Plan:
    """The same seed, the same plan. The first claim goes through all scenes, seed by seed; the others are drawn."""
    luck = Random(f"{seed}/claims")  # noqa: S311 - no secret hangs on it
    numbers = [seed % len(SCENES), *(luck.randrange(len(SCENES)) for _ in range(luck.choice((0, 0, 1, 1, 2, 3))))]
    claims = tuple(dict.fromkeys(map(_with_those_before, numbers)))
    luck = Random(f"{seed}/noise")  # noqa: S311
    noise = frozenset(each for each in Noise if luck.random() < 0.3)
    claims = _apart(claims)
    return Plan(seed, claims, tuple(_faults(seed, sum(map(len, claims)))), noise)


def _faults(seed: int, claims: int) -> list[Fault]:
    luck = Random(f"{seed}/faults")  # noqa: S311
    found: dict[Fault, None] = {}
    for _ in range(luck.choice((0, 1, 1, 2, 3, 4, 6, 10))):
        kind = luck.choices(list(SHARES), list(SHARES.values()))[0]
        process = luck.choices(PROCESSES, [10 + calls for calls in CALLS.values()])[0]
        busy = luck.random() < 0.7
        point = luck.randint(1, 10 + CALLS[process] * claims * (1 if busy else 2))
        found[Fault(kind, process, point, busy, _size(luck, kind))] = None
    return sorted(found, key=lambda fault: (fault.process, fault.point))


def _size(luck: Random, kind: Kind) -> float:
    match kind:
        case Kind.CRASH:
            return luck.choice((luck.uniform(0.5, 30), luck.uniform(0.5, 30), luck.uniform(60, 86400 * 5)))
        case Kind.FREEZE:
            return luck.choice((luck.uniform(1, 9), luck.uniform(11, 60), luck.uniform(60, 86400 * 2)))
        case Kind.DATABASE_DOWN | Kind.LOG_DOWN:
            return luck.choice((luck.uniform(1, 30), luck.uniform(30, 900)))
        case Kind.SECOND_REPLICA | Kind.NEXT_VERSION:
            return luck.choice((luck.uniform(1, 60), luck.uniform(60, 86400 * 10)))
        case Kind.LOG_EMPTY | Kind.LOG_SHORTER | Kind.LOG_OTHER | Kind.LOG_LONGER:
            return luck.uniform(60, 3600)
        case Kind.PUBLISH_LATE:
            return luck.uniform(15, 120)
        case Kind.RESTORE:
            return float(luck.choice((luck.randint(1, 4), luck.randint(1, 30))))
        case _:
            return 0.0


def _with_those_before(number: int) -> tuple[int, ...]:
    """A scene that tells one again needs that one, and those between them."""
    first = number
    while SCENES[first].again:
        first -= 1
    return tuple(range(first, number + 1))


def _apart(claims: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """No scene twice: what is part of a longer one is played there."""
    kept: list[tuple[int, ...]] = []
    for claim in sorted(claims, key=len, reverse=True):
        if not any(set(claim) & set(other) for other in kept):
            kept.append(claim)
    return tuple(claim for claim in claims if claim in kept)
