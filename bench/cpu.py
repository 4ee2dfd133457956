"""CPU seconds that processes (with all their children) have used, read from /proc."""

import os
from collections.abc import Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots: Mapping[str, int]) -> dict[str, float]:
    """For each named process: user and system time of it and of every descendant that is not named itself, those that
    have ended included."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid, parent = int(entry.name), int(fields[1])
        children.setdefault(parent, []).append(pid)
        used[pid] = sum(map(int, fields[11:15])) / _TICKS  # its own, and that of children it has waited for
    named = set(roots.values())

    def total(pid: int) -> float:
        return used.get(pid, 0.0) + sum(total(child) for child in children.get(pid, ()) if child not in named)

    return {name: total(pid) for name, pid in roots.items()}
