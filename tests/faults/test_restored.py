"""The database comes back from a backup that is a minute old, and Kafka has moved on: published facts win."""

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from ops import catalogue
from ops.dead_letters import replay
from ops.local.stack import NativeStack
from ops.recover import recovered
from tests.faults.town import SETTLING, Town

OLD = 60.0
"""Real seconds between the backup and the loss of everything since; on the clock of the town four months."""


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
        differing = await _retold(town)
    assert events > 1000
    assert len(differing) < decisions / 100, differing
    town.figures(fault, events=events, decisions=decisions, differing=len(differing))


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


async def _retold(town: Town) -> set[str]:
    """Returns when everything that was forgotten has been decided again, with the keys that a person had to look at.

    Letters of one claim that were asked for within hours by what is heard on two topics may have been asked for the
    other way round: at our clock that is milliseconds.
    """
    differing: set[str] = set()
    left = " union all ".join(f"select sum(told) as events from {name}.lane" for name in catalogue.NAMES)
    parked = " union all ".join(
        f"select process || '/' || key as id from {name}.held where error like 'differs from what was published%'"
        for name in catalogue.NAMES
    )
    deadline = time.monotonic() + SETTLING
    while (await town.rows(f"select sum(events)::int as events from ({left}) l"))[0]["events"]:
        assert time.monotonic() < deadline, f"not everything was decided again; {differing} differ"
        town.nobody_died()
        for row in await town.rows(parked):
            differing.add(row["id"])
            await replay(town.settings, row["id"], again=False, as_published=True)
        await asyncio.sleep(1)
    return differing
