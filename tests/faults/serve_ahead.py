"""One replica on a machine whose clock is wrong: ``python -m tests.faults.serve_ahead SERVICE SECONDS``."""

import sys
import time

from ops.cli import app

_right, _ahead = time.time, float(sys.argv[2])


def _wrong() -> float:
    return _right() + _ahead


if __name__ == "__main__":
    time.time = _wrong
    sys.argv = ["makegood", "serve", sys.argv[1]]
    app()
