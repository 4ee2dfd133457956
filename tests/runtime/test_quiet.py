"""Who has nothing to do looks seldom where his topics end, and at once when somebody waits for what he has read."""

import asyncio
import math
from collections.abc import AsyncGenerator, Collection, Mapping
from datetime import timedelta

import pytest
import pytest_asyncio

from shared.runtime import worker
from shared.runtime.log import Place
from shared.runtime.store import PassingError
from tests.runtime.conftest import opened
from tests.runtime.members import MEMBERS, Joined, TermsChanged
from tests.runtime.toy import Deposited, Expired
from tests.runtime.workbench import Replica, Workbench, lane_of

DAY = timedelta(days=1)
LANE = lane_of("a")


@pytest_asyncio.fixture(loop_scope="session")
async def members(database_url: str) -> AsyncGenerator[Workbench]:
    async with opened(database_url, MEMBERS) as workbench:
        yield workbench


async def test_who_ticks_knows_when_the_next_deadline_passes(bench: Workbench) -> None:
    one = await bench.replica()
    await one.worker.tick()
    assert one.worker.due_in == math.inf
    bench.shelf.say(Deposited(account="a", n=1, wait_days=3), Deposited(account="b", n=1, wait_days=1))
    await one.read()
    await one.worker.tick()
    assert one.worker.due_in == pytest.approx(DAY.total_seconds(), abs=60)
    one.clock.moment += 2 * DAY
    await one.worker.tick()
    assert (one.worker.due, one.worker.worked) == (True, True)
    await one.worker.tick()
    assert not one.worker.worked
    assert (one.worker.due, one.worker.due_in) == (False, pytest.approx(DAY.total_seconds(), abs=60))


async def looks(one: Replica, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether its next tick asks where topics end."""
    asked: list[Collection[Place]] = []
    ends = one.reader.ends

    async def noticed(places: Collection[Place]) -> Mapping[Place, int]:
        asked.append(places)
        return await ends(places)

    with monkeypatch.context() as patch:
        patch.setattr(one.reader, "ends", noticed)
        await one.worker.tick()
    return bool(asked)


async def calm(bench: Workbench, name: str | None = None) -> Replica:
    """A replica that has done all there was to do."""
    one = await bench.replica(name)
    await one.read()
    for _ in range(2):
        await one.worker.tick()
    return one


async def test_nothing_to_do_is_no_reason_to_look(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.shelf.say(Deposited(account="a", n=1, wait_days=1))
    one = await calm(bench)
    assert not await looks(one, monkeypatch)
    assert one.worker.quiet
    assert one.reader.rests
    monkeypatch.setattr(worker, "QUIET_SECONDS", 0.0)
    assert await looks(one, monkeypatch)
    assert one.worker.quiet


async def test_what_is_heard_ends_the_quiet(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await calm(bench)
    assert not await looks(one, monkeypatch)
    bench.shelf.say(Deposited(account="a", n=1))
    assert one.reader.rests
    await one.read()
    assert not one.reader.rests
    assert await looks(one, monkeypatch)
    assert not one.worker.quiet
    assert not one.reader.rests


async def test_a_look_that_failed_is_none(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    one, quiet = await calm(bench), 0.3
    monkeypatch.setattr(worker, "QUIET_SECONDS", quiet)

    async def away(places: Collection[Place]) -> Mapping[Place, int]:
        raise PassingError("the log is away")

    await asyncio.sleep(quiet)
    with monkeypatch.context() as patch:
        patch.setattr(one.reader, "ends", away)
        with pytest.raises(PassingError):
            await one.worker.tick()
    assert await looks(one, monkeypatch)


async def test_who_was_silent_looks_as_soon_as_the_deadline_of_another_waits_for_him(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.shelf.say(Deposited(account="a", n=1, wait_days=1))
    one, other = await calm(bench), await calm(bench)
    elsewhere = frozenset(place for place in one.reader.places if place.partition == (LANE + 1) % 16)
    one.reader.places, other.reader.places = one.reader.places - elsewhere, elsewhere
    assert not await looks(other, monkeypatch)
    one.clock.moment += 2 * DAY
    other.clock.moment += 2 * DAY
    assert await looks(other, monkeypatch)
    assert not other.worker.due
    await one.worker.tick()
    assert len(bench.shelf.told(Expired)) == 1


async def test_who_keeps_a_reference_always_looks_for_a_replica_that_starts_waits_to_know_it(
    members: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    members.shelf.say(TermsChanged(bank="b", rate=3))
    keeper, one = await calm(members, "member.reference"), await calm(members)
    assert not await looks(one, monkeypatch)
    for _ in range(2):
        assert await looks(keeper, monkeypatch)
        assert keeper.worker.quiet
        assert not keeper.reader.rests


async def test_who_keeps_a_reference_is_not_quiet_while_a_deadline_waits_for_it(members: Workbench) -> None:
    keeper, one = await calm(members, "member.reference"), await calm(members)
    members.shelf.say(Joined(account="a", bank="b"))
    await one.read()
    await keeper.worker.tick()
    assert keeper.worker.quiet
    await members.pool.execute("update state set due = $1 where process = 'member'", keeper.clock.now())
    await keeper.worker.tick()
    assert not keeper.worker.quiet
