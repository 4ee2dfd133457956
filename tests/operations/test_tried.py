"""The pages of docs/operations tried for real: their own commands, on a stack where claims are on their way."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ops.local.postgres import binaries
from ops.local.stack import Stack
from shared.runtime.structured_logs import quiet_libraries
from tests.conftest import REPOSITORY, empty_database, without_topics
from tests.faults.town import Town, opened
from tests.operations.pages import commands

PATIENCE = 180.0
"""Real seconds that one command may take."""


class Shell:
    """Runs lines of a page as an operator would."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    async def run(self, line: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            "bash", "-ec", line, cwd=REPOSITORY, env=self._environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(PATIENCE):
            out, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode()

    async def page(self, name: str) -> None:
        """Every command of a page, one after the other; each must do its work."""
        for command in commands(name):
            code, out = await self.run(command.line)
            assert code == 0, f"{name}: {command.line}\n{out[-3000:]}"


@asynccontextmanager
async def town_with_shell(stack: Stack, folder: Path) -> AsyncGenerator[tuple[Town, Shell]]:
    quiet_libraries()
    await without_topics(stack.bootstrap_servers)
    async with empty_database(stack) as url:
        its_own = replace(stack, database_url=url, parts=[], place=None)
        async with opened(its_own, folder) as town:
            (folder / "backups").mkdir()
            path = f"{Path(sys.executable).parent}:{binaries()}:{os.environ['PATH']}"
            clock = {
                "MAKEGOOD_CLOCK_SCALE": str(town.settings.clock_scale),
                "MAKEGOOD_CLOCK_REAL_ORIGIN": str(town.settings.clock_real_origin),
                "MAKEGOOD_CLOCK_ORIGIN": str(town.settings.clock_origin),
                "MAKEGOOD_POLICY_FOLDER": str(town.settings.policy_folder),
            }
            places = {"PATH": path, "BACKUPS": str(folder / "backups")}
            yield town, Shell({**os.environ, **its_own.environment, **clock, **places})


async def test_a_backup_is_made_and_restored_with_the_commands_of_its_pages(stack: Stack, tmp_path: Path) -> None:
    """What follows a recovery is told in tests/runtime/test_recover.py."""
    async with town_with_shell(stack, tmp_path) as (town, shell):
        await town.flows(rate=4)
        await shell.page("backup.md")
        [states] = await town.rows("select count(*) as n from escalation.state where process = 'escalation'")
        await town.flows(rate=4)
        await town.load.stops()
        town.fleet.end()
        for command in commands("restore.md")[:-2]:
            code, out = await shell.run(command.line)
            assert code == 0, f"{command.line}\n{out[-3000:]}"
        [restored] = await town.rows("select count(*) as n, (select sum(told) from escalation.lane) as told, "
                                     "(select max(epoch) from escalation.lane) as epoch "
                                     "from escalation.state where process = 'escalation'")  # fmt: skip
        assert restored["n"] <= states["n"]
        assert (restored["told"] > 0, restored["epoch"]) == (True, 2)


@pytest.mark.parametrize("page", ["backup.md", "restore.md"])
def test_nothing_needs_to_be_filled_in_to_restore(page: str) -> None:
    assert [command.line for command in commands(page) if not command.whole] == []
