"""The line with which a run begins: the machine, and its memory."""

import os

from bench.measure import Result
from bench.processor import this_machine


def machine() -> Result:
    found, memory = this_machine(), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return Result("machine", found.processor, 1, found.cores, 0.0, figures={"memory_gib": round(memory, 1)})
