"""The machine that is measured on, as far as figures of two machines do not compare."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_CPUINFO: Final = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """``cores``: that we may use. ``python``: version and day of the build, because one build may take a quarter more
    CPU than another of the same version; empty in results from before it was noted."""

    processor: str
    cores: int
    python: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.processor, f"{self.cores} cores", self.python)))


@cache
def this_machine() -> Machine:
    processor = name_of(_first_core(_CPUINFO.read_text(encoding="utf-8")))
    python = f"Python {platform.python_version()} built {' '.join(platform.python_build()[1].split()[:3])}"
    return Machine(processor, len(os.sched_getaffinity(0)), python)


def name_of(core: Mapping[str, str]) -> str:
    """Of its processor. A guest may be told only "AMD EPYC", which is many of different speed: to a name without a
    number the family and the model are added."""
    name = core.get("model name") or platform.machine()
    if any(letter.isdigit() for letter in name) or "model" not in core:
        return name
    return f"{name} (family {core['cpu family']}, model {core['model']})"


def _first_core(cpuinfo: str) -> dict[str, str]:
    lines = (line.partition(":") for line in cpuinfo.partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}
