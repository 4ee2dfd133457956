"""The machine that a run was measured on."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Final

from bench.measure import Result
from ops.terminal import ROOT

COMMIT: Final = ", commit "
"""Between the processor and the commit in the machine's name."""


def machine() -> Result:
    """Its processor and the commit by name, how many processors we may use, and its memory."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return Result(
        "machine", f"{_processor()}{COMMIT}{_commit()}", 1, cores, 0.0, figures={"memory_gib": round(memory, 1)}
    )


def _commit() -> str:
    """Of the code that is measured; ``-dirty``: with changes that are in none."""
    describe = ("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=7")
    found = subprocess.run(describe, capture_output=True, text=True, check=False)  # noqa: S603 - every word is ours
    return found.stdout.strip() or "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
