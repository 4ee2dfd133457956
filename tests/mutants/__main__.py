"""Removes each safeguard in turn, in a copy of the tree, and sees that its tests fail: ``python -m tests.mutants``.

With names of safeguards: only those. ``--table`` writes the table of docs/mutants.md anew, and does nothing else.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from ops.local.stack import Stack
from tests.mutants.safeguards import PAGE, MutationError, Safeguard, killers_of, load, with_table
from tests.mutants.seeds import NOTICED
from tests.source import ROOT

TIMEOUT: Final = 180
"""Seconds for the tests of one mutant; all of them together, without a mutation, have ten times as long."""
NOT_COPIED: Final = (".git", ".venv", ".makegood", "__pycache__", ".*_cache", ".hypothesis", "node_modules")


@dataclass(frozen=True)
class Outcome:
    """What became of some tests: those that ran, and of them those that failed. Errors around a test are no failure."""

    ran: frozenset[str]
    failed: frozenset[str]
    said: str


def main(arguments: Sequence[str]) -> int:
    safeguards = load()
    if list(arguments) == ["--table"]:
        PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), safeguards), encoding="utf-8")
        return 0
    chosen = [each for each in safeguards if not arguments or each.name in arguments]
    if unknown := set(arguments) - {each.name for each in chosen}:
        sys.stderr.write(f"no safeguard is called {', '.join(sorted(unknown))}\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        return asyncio.run(_with_stack(Path(folder) / "tree", chosen))


def copy_sources(tree: Path) -> None:
    """What a mutant is made of, and its tests."""
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*NOT_COPIED))


async def _with_stack(tree: Path, safeguards: Sequence[Safeguard]) -> int:
    """One broker and one database for all: each test empties what it needs."""
    copy_sources(tree)
    async with await Stack.native(ROOT, name="mutants") as stack:
        environment = {**os.environ, **stack.environment, "MAKEGOOD_TEST_STACK": "own"}
        return await asyncio.to_thread(_try_all, tree, environment, safeguards)


def _try_all(tree: Path, environment: Mapping[str, str], safeguards: Sequence[Safeguard]) -> int:
    killers = killers_of(safeguards)
    started = time.monotonic()
    whole = _outcome(tree, environment, killers, 10 * TIMEOUT)
    if missing := set(killers) - (whole.ran - whole.failed):
        _tell(f"these do not pass with every safeguard in place: {', '.join(sorted(missing))}\n{whole.said}")
        return 1
    ranges = {each.seeds for each in safeguards if each.seeds is not None}
    if noticed := [seeds for seeds in sorted(ranges) if _seeds_end(tree, seeds) != 0]:
        _tell(f"these seeds fail with every safeguard in place: {noticed}")
        return 1
    seeds, seconds = sum(count for _, count in ranges), time.monotonic() - started
    _tell(f"{len(killers)} tests and {seeds} seeds pass with every safeguard in place ({seconds:.0f} s)")
    survivors = [each.name for each in safeguards if not is_caught(tree, environment, each)]
    caught = len(safeguards) - len(survivors)
    _tell(f"{caught} of {len(safeguards)} caught in {time.monotonic() - started:.0f} s")
    if survivors:
        _tell(f"not caught: {', '.join(survivors)}")
    return 1 if survivors else 0


def is_caught(tree: Path, environment: Mapping[str, str], safeguard: Safeguard) -> bool:
    """Whether each of its killers runs, and fails."""
    path, started = tree / safeguard.file, time.monotonic()
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(safeguard.mutated(text), encoding="utf-8")
        outcome = _outcome(tree, environment, safeguard.killers, TIMEOUT)
        passed = [killer for killer in safeguard.killers if killer not in outcome.failed]
        if safeguard.seeds is not None and _seeds_end(tree, safeguard.seeds) != NOTICED:
            passed.append(f"seeds {safeguard.seeds}")
    except MutationError as error:
        _tell(f"BROKEN    {error}")
        return False
    finally:
        path.write_text(text, encoding="utf-8")
    seconds = f"{time.monotonic() - started:5.1f} s"
    if not passed:
        _tell(f"caught    {seconds}  {safeguard.name}")
        return True
    _tell(f"SURVIVES  {seconds}  {safeguard.name}: {', '.join(passed)}\n{outcome.said}")
    return False


def _outcome(tree: Path, environment: Mapping[str, str], killers: Sequence[str], seconds: float) -> Outcome:
    report = tree / ".report.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", f"--junitxml={report}"]
    try:
        run = subprocess.run(
            [*command, *killers],
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        said = run.stdout[-2000:]
    except subprocess.TimeoutExpired:
        said = f"given up after {seconds} s"
    cases = ElementTree.parse(report).iter("testcase") if report.exists() else ()
    ran, failed = set[str](), set[str]()
    for case in cases:
        path = case.get("classname", "").replace(".", "/")
        killer = f"{path}.py::{case.get('name', '').partition('[')[0]}"
        ran.add(killer)
        if case.find("failure") is not None:
            failed.add(killer)
    return Outcome(frozenset(ran), frozenset(failed), said)


def _seeds_end(tree: Path, seeds: tuple[int, int]) -> int:
    """The exit code of some simulated seeds in the tree."""
    command = [sys.executable, "-m", "tests.mutants.seeds", *map(str, seeds)]
    try:
        return subprocess.run(command, cwd=tree, capture_output=True, timeout=2 * TIMEOUT, check=False).returncode
    except subprocess.TimeoutExpired:
        return -1


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
