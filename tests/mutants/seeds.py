"""Whether a simulated seed notices something: ``python -m tests.mutants.seeds FIRST COUNT``. Ends with the first."""

import sys
from collections.abc import Sequence
from typing import Final

from ops.simulation.plan import plan_of
from ops.simulation.run import lived

NOTICED: Final = 7
"""The exit code; what crashes on its way ends with another one."""


def main(arguments: Sequence[str]) -> int:
    first, count = map(int, arguments)
    for seed in range(first, first + count):
        if (violation := lived(plan_of(seed)).watch.violation) is not None:
            sys.stdout.write(f"seed {seed}: {violation}\n")
            return NOTICED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
