"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """``short``: the version of a minute, which shows that everything runs and not how fast."""

    claims: int = 5000
    rounds: int = 3
    short: bool = False

    @property
    def warm_up(self) -> int:
        """Claims before the first round of each kind, with which servers and services warm up."""
        return max(self.claims // 10, 20)

    @property
    def sellers(self) -> int:
        """Insured ones, and as many uninsured: enough that none has many claims within a policy's window."""
        return min(max(self.claims // 10, 20), 1000)


SHORT = Plan(claims=60, rounds=1, short=True)
