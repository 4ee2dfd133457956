"""Brings up replicas of one service and lets each die at a boundary: ``python -m tests.faults.nursery …``.

Everything is imported once and replicas are forked, so that a new one costs a tenth of a second. After the last death
a replica lives on, until this process is told to stop. What happened is written down, one JSON object a line.
"""

import ctypes
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from random import Random

import uvloop

from ops import catalogue
from shared.runtime import serve
from shared.runtime.settings import Settings
from shared.runtime.structured_logs import configure
from tests.faults.boundaries import ALL, Death, put_into

_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG, of prctl(2)."""
EXPLORES = 0.15
"""Share of deaths that are planned at a boundary which no replica has come to yet."""
_service, _deaths, _seed, _file = sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
_only = sys.argv[5] if len(sys.argv) > 5 else None
"""The boundary at which all of them die, the first time they come to it."""


class Nursery:
    """One child at a time."""

    def __init__(self) -> None:
        self._luck = Random(f"{_seed}/{_service}")
        self._died: Counter[str] = Counter()
        self._reached: set[str] = set()
        self._child = 0
        self._stopping = False

    def run(self) -> int:
        """Until told to stop; the exit code of the last child."""
        signal.signal(signal.SIGTERM, self._stop)
        while True:
            code = self._raise_one()
            if code == -signal.SIGKILL and self._died.total() <= _deaths and not self._stopping:
                continue
            self._write(exit=code)
            return code

    def _raise_one(self) -> int:
        """A replica from birth to death; its exit code."""
        ear, mouth = os.pipe()
        boundary = self._choose() if self._died.total() < _deaths else None
        times = 1 if _only else self._luck.randint(1, 3)
        self._child = os.fork()
        if self._child == 0:
            os.close(ear)
            os._exit(_live(boundary, times, mouth))
        os.close(mouth)
        with os.fdopen(ear) as told:
            for line in told:
                self._take(line.rstrip())
        _, status = os.waitpid(self._child, 0)
        return os.waitstatus_to_exitcode(status)

    def _choose(self) -> str:
        """Mostly where fewest have died of what can be reached; sometimes somewhere new."""
        if _only:
            return _only
        new = [boundary for boundary in ALL if boundary not in self._reached]
        if not self._reached or (new and self._luck.random() < EXPLORES):
            return self._luck.choice(new)
        fewest = min(self._died[boundary] for boundary in self._reached)
        return self._luck.choice(sorted(boundary for boundary in self._reached if self._died[boundary] == fewest))

    def _take(self, line: str) -> None:
        what, _, boundary = line.partition(" ")
        if what == "died":
            self._died[boundary] += 1
            self._write(died=boundary)
        else:
            self._reached.add(boundary)

    def _write(self, **what: object) -> None:
        with _file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"service": _service, **what}) + "\n")

    def _stop(self, *_: object) -> None:
        self._stopping = True
        if self._child:
            os.kill(self._child, signal.SIGTERM)


def _live(boundary: str | None, times: int, mouth: int) -> int:
    """In the child: one replica, as `makegood serve` runs it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    settings = Settings()
    configure(_service, settings.log_level)

    def tell(word: str) -> None:
        os.write(mouth, f"{word}\n".encode())

    death = Death(boundary, times, tell, patient=_only is not None)
    replica = serve.Replica(put_into(catalogue.service(_service), death), settings)
    uvloop.run(replica.run())
    if replica.failure is not None:
        sys.stderr.write(f"{replica.failure}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(Nursery().run())
