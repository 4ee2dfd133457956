"""What must hold at every moment and at the end, each as a statement of its own, whatever goes wrong."""

from ops.simulation.invariants.decided import DECIDED
from ops.simulation.invariants.ended import ENDED
from ops.simulation.invariants.replaced import REPLACED
from ops.simulation.invariants.said import SAID
from ops.simulation.invariants.statement import Commit, Fact, Invariant, Seen, Violation, Watch
from ops.simulation.invariants.taken import TAKEN

__all__ = ["INVARIANTS", "Commit", "Fact", "Invariant", "Seen", "Violation", "Watch"]

INVARIANTS: tuple[type[Invariant], ...] = (*SAID, *DECIDED, *ENDED, *TAKEN, *REPLACED)
