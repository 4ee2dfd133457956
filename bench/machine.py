"""The machine that a run was measured on."""

import os
import platform
from pathlib import Path

from bench.measure import Result


def machine() -> Result:
    """By the name of its processor: how many processors we may use, and its memory."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return Result("machine", _processor(), 1, cores, 0.0, figures={"memory_gib": round(memory, 1)})


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
