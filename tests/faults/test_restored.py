"""The database comes back from a backup that is a minute old, and Kafka has moved on: published facts win."""

import asyncio
import contextlib
import shutil
import time
from pathlib import Path

import pytest

from ops import catalogue
from ops.dead_letters import replay
from ops.local.stack import NativeStack
from ops.reach import ReachError
from ops.recover import Left, recovered, settled
from tests.faults.town import SETTLING, Town

OLD = 60.0
"""Real seconds between the backup and the loss of everything since; on the clock of the town four months."""
QUIET = 10
"""Looks, a second apart, in which nothing more was decided again: what is left does not come back."""


@pytest.mark.thorough
async def test_a_database_is_restored_from_a_backup_that_is_a_minute_old(
    town: Town, native: NativeStack, folder: Path
) -> None:
    fault = "database restored from a 60-second-old backup, `makegood recover`"
    events = decisions = 0
    async with town.fault(fault):
        await _back_up(native, folder / "backup")
        await town.goes_on_for(OLD, claims=100)
        for name in list(town.fleet.pids()):
            town.fleet.kill(name)
        await _restore(native, folder / "backup")
        for name in catalogue.NAMES:
            for one in await recovered(town.settings, catalogue.service(name)):
                events, decisions = events + one.events, decisions + len(one.causes)
        town.serve_all()
        differing, left = await _retold(town)
    assert events > 1000
    assert len(differing) + len(left) < decisions / 100, (differing, left)
    town.figures(fault, events=events, decisions=decisions, differing=len(differing), left=len(left))


async def _back_up(native: NativeStack, backup: Path) -> None:
    await native.postgres.stop()
    shutil.rmtree(backup, ignore_errors=True)
    shutil.copytree(native.postgres.data, backup)
    await native.postgres.start()


async def _restore(native: NativeStack, backup: Path) -> None:
    await native.postgres.stop()
    shutil.rmtree(native.postgres.data)
    shutil.copytree(backup, native.postgres.data)
    await native.postgres.start()


async def _retold(town: Town) -> tuple[dict[str, str], list[Left]]:
    """What a person has to look at when everything has been read again: decisions that differ, with the reason, and
    what does not come back.

    What is heard on two topics within hours may have been heard the other way round: at our clock that is milliseconds.
    """
    differing: dict[str, str] = {}
    left: list[Left] = []
    lanes = " union all ".join(f"select told, gathering from {name}.lane" for name in catalogue.NAMES)
    parked = " union all ".join(
        f"select process || '/' || key as id, error from {name}.held where error like 'differs from what was%'"
        for name in catalogue.NAMES
    )
    deadline, before, quiet = time.monotonic() + SETTLING, -1, 0
    while True:
        [row] = await town.rows(
            f"select sum(told)::int as told, count(*) filter (where gathering) as gather from ({lanes}) l"
        )
        if not row["told"]:
            return differing, left
        assert time.monotonic() < deadline, f"not everything was decided again; {differing} differ"
        town.nobody_died()
        for one in await town.rows(parked):
            differing[one["id"]] = one["error"]
            with contextlib.suppress(ReachError):  # the one asked for a moment ago is through
                await replay(town.settings, one["id"], again=False, as_published=True)
        quiet = quiet + 1 if (row["told"], row["gather"]) == (before, 0) else 0
        before = row["told"]
        if quiet > QUIET:
            for name in catalogue.NAMES:
                found, _ = await settled(town.settings, catalogue.service(name))
                left += found
        await asyncio.sleep(1)
