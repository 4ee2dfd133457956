"""The demo itself, small and quick, on real servers: from the first submission to the last cent, and interrupted."""

import asyncio
import json
import os
import re
import signal
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ops.demo.run import Plan, run
from ops.local.processes import Process, running_in
from ops.local.stack import StackError

PATIENCE = 240.0
PYTHON, ANYTHING = re.compile("python"), re.compile("")


@pytest.fixture
def screen() -> StringIO:
    return StringIO()


def players(root: Path) -> list[Process]:
    """The processes of services and outside world."""
    return running_in(root / ".makegood" / "demo" / "logs", PYTHON)


def servers(root: Path) -> list[Process]:
    return [process for data in (root / ".makegood" / "demo").glob("*/data") for process in running_in(data, ANYTHING)]


async def until(happens: Callable[[], Any], task: "asyncio.Task[int]") -> None:
    async with asyncio.timeout(PATIENCE):
        while not happens():
            assert not task.done(), "the demo ended too early"
            await asyncio.sleep(0.05)


async def test_every_claim_ends_and_every_cent_is_found_though_a_service_is_killed(
    tmp_path: Path, screen: StringIO
) -> None:
    figures, endings = tmp_path / "report.json", tmp_path / "outcomes.json"
    plan = Plan(claims=40, day=0.1, rate=0, report=figures, outcomes=endings)
    demo = asyncio.create_task(run(plan, tmp_path, Console(file=screen, width=100)))
    await until(lambda: "submissions are out" in screen.getvalue(), demo)
    escalation = next(p for p in players(tmp_path) if p.program.rstrip().endswith("serve escalation"))
    escalation.send(signal.SIGKILL)

    assert await asyncio.wait_for(demo, PATIENCE) == 0, screen.getvalue()
    report, outcomes = json.loads(figures.read_text()), json.loads(endings.read_text())
    assert "escalation was started again" in screen.getvalue()
    assert (report["claims"], report["lost"], report["paid_twice"]) == (40, 0, 0)
    assert sum(report["outcomes"].values()) == len(outcomes) == 40
    assert report["outcomes"]["waiting"] == 0
    assert all(m["outstanding"] == 0 < m["paid_out"] for m in report["money"].values())
    assert players(tmp_path) == servers(tmp_path) == []


async def test_ctrl_c_ends_all_that_was_started(tmp_path: Path, screen: StringIO) -> None:
    demo = asyncio.create_task(run(Plan(claims=10), tmp_path, Console(file=screen, width=100)))
    await until(lambda: "services are ready" in screen.getvalue(), demo)
    os.kill(os.getpid(), signal.SIGINT)

    assert await asyncio.wait_for(demo, 60) == 130
    assert players(tmp_path) == servers(tmp_path) == []


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (Plan(file=Path("/nowhere/claims.jsonl")), "There is no file /nowhere/claims.jsonl"),
        (Plan(file=Path("/dev/null")), "There is no file /dev/null"),
        (Plan(report=Path("/nowhere/report.json")), "There is no folder for /nowhere/report.json"),
    ],
)
async def test_what_cannot_work_is_said_before_anything_starts(tmp_path: Path, plan: Plan, sentence: str) -> None:
    with pytest.raises(StackError, match=sentence):
        await run(plan, tmp_path, Console(file=StringIO()))
    assert not (tmp_path / ".makegood").exists()


async def test_a_file_without_any_line_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "claims.jsonl").write_text("\n\n", encoding="utf-8")
    with pytest.raises(StackError, match="There is nothing in "):
        await run(Plan(file=tmp_path / "claims.jsonl"), tmp_path, Console(file=StringIO()))
    assert not (tmp_path / ".makegood").exists()
