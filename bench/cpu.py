"""CPU seconds that processes (with all their children) have used, read from /proc."""

import os
from collections.abc import Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots: Mapping[str, int]) -> dict[str, float]:
    """For each named process: user and system time of it and of every living descendant, and of ended children."""
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
        used[pid] = sum(map(int, fields[11:15])) / _TICKS
    return {name: _sum(pid, children, used) for name, pid in roots.items()}


def _sum(pid: int, children: Mapping[int, list[int]], used: Mapping[int, float]) -> float:
    return used.get(pid, 0.0) + sum(_sum(child, children, used) for child in children.get(pid, ()))
