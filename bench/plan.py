"""How much is measured."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True)
class Plan:
    """``short``: the version of a minute, which shows that everything runs and not how fast."""

    claims: int = 5000
    rounds: int = 3
    short: bool = False
    loads: tuple[int, ...] = (25, 50, 75)
    """Percent of the throughput that was measured: latency."""
    replicas: tuple[int, ...] = (1, 2, 4, 8)
    """Of each service, one number after the other."""
    history: tuple[int, ...] = (10_000, 100_000, 1_000_000, 10_000_000)
    """Claims that were closed before, one size after the other, as far as the disk holds them: growth."""
    pending: tuple[int, ...] = (10_000, 1_000_000, 10_000_000)
    """Deadlines that wait, one size after the other: growth."""
    due_per_second: float = 2000.0
    due_seconds: float = 10.0
    """For so long, so many more of them fall due."""
    most: int = 10_000_000
    """Of either, growth goes no further."""

    @property
    def options(self) -> str:
        """As ``makegood bench`` has to be told them."""
        if self.short:
            return "--short"
        most = "" if self.most == Plan.most else f" --most {self.most}"
        return f"--claims {self.claims} --rounds {self.rounds}{most}"

    @property
    def quiet_seconds(self) -> float:
        """Until what was heard last is on record, and sessions have told the database what they counted."""
        return 0.5 if self.short else 2.0

    @property
    def warm_up(self) -> int:
        """Claims before the first round of each kind, with which servers and services warm up."""
        return max(self.claims // 10, 20)

    @property
    def paced(self) -> int:
        """Claims of a round that goes at a pace, and so takes long: all its rounds together have as many as another."""
        return max(self.claims // self.rounds, 1)

    @property
    def sellers(self) -> int:
        """Insured ones, and as many uninsured: enough that none has many claims within a policy's window."""
        return min(max(self.claims // 10, 20), 1000)

    def up_to(self, most: int) -> Self:
        """Growth no further than to so many."""
        history, pending = (tuple(size for size in sizes if size <= most) for sizes in (self.history, self.pending))
        return replace(self, history=history, pending=pending, most=most)


SHORT = Plan(
    claims=60, rounds=1, short=True, loads=(75,), history=(100, 1000), pending=(100, 1000), replicas=(1, 2),
    due_per_second=100.0, due_seconds=1.0,
)  # fmt: skip
