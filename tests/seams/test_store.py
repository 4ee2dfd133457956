"""What the runtime relies on in its store, asked of the simulated one and of PostgreSQL: they must not drift apart."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from ops.local.stack import Stack
from ops.simulation.database import Database, Session
from ops.simulation.store import SimulatedStore
from shared.events.base import PARTITIONS
from shared.runtime.lanes import partition_of
from shared.runtime.log import Outgoing, Place
from shared.runtime.migrate import migrate
from shared.runtime.postgres import PostgresStore, connect
from shared.runtime.settings import Settings
from shared.runtime.store import (
    REPLAY,
    Asked,
    Changes,
    EffectRow,
    HeldRow,
    InputRow,
    PassingError,
    StateRow,
    Store,
    ToldRow,
)
from tests.conftest import empty_database
from tests.runtime.toy import SERVICES

PROCESS, LANE = "account", 3
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
PLACE, OTHER = Place("toy.deposits.v1", LANE), Place("toy.adjustments.v1", LANE)
KINDS = ("simulated", "postgres")


class Calm:
    """A line on which nothing happens."""

    async def before(self, call: str) -> None: ...

    async def after(self, call: str) -> None: ...

    def closes(self, session: Session) -> None: ...


@dataclass
class Seam:
    """Two replicas' stores on one database, which locks for a short time only."""

    one: Store
    two: Store
    reference: Store


@pytest_asyncio.fixture(params=KINDS, loop_scope="session")
async def seam(request: pytest.FixtureRequest, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Seam]:
    if request.param == "simulated":
        monkeypatch.setattr("ops.simulation.database.LOCK_SECONDS", 0.5)
        database = Database(PROCESS)
        yield Seam(*(SimulatedStore(database, name, uuid.uuid4(), Calm()) for name in _NAMES))
        return
    async with empty_database(stack) as url:
        settings = Settings(database_url=SecretStr(url), database_timeout_seconds=1.0)
        await migrate(settings, [SERVICES[PROCESS]])
        pool: Any = await connect(settings, PROCESS)
        lanes = "insert into lane (process, n) select $1, generate_series(0, $2 - 1)"
        await pool.execute(lanes, f"{PROCESS}.reference", PARTITIONS)  # this service has none
        try:
            yield Seam(*(PostgresStore(pool, name, uuid.uuid4(), 5.0) for name in _NAMES))
        finally:
            await pool.close()


_NAMES = (PROCESS, PROCESS, f"{PROCESS}.reference")


def state(key: str, *, due: datetime | None = None, watches: str | None = None, n: int = 1) -> StateRow:
    return StateRow(key, LANE, n, f'{{"account":"{key}"}}', due, watches)


def said(position: int, text: str = "{}") -> Outgoing:
    return Outgoing(LANE, position, Place("toy.counts.v1", LANE), "a", [("ce_id", b"%d" % position)], text)


async def write(store: Store, *, position: int = 0, **changes: Any) -> None:
    async with store.transaction() as tx:
        _, lanes = await tx.take((), [LANE])
        lanes = [replace(lane, position=lane.position + position) for lane in lanes]
        await tx.write(Changes(lanes=lanes, **changes), NOW, None)


async def states(store: Store, *keys: str) -> list[StateRow]:
    async with store.transaction() as tx:
        return sorted(await tx.load(keys))


async def _rolled_back(store: Any, changes: Changes) -> None:
    async with store.transaction() as tx:
        _, lanes = await tx.take((), [LANE])
        await tx.write(replace(changes, lanes=lanes), NOW, None)
        raise ZeroDivisionError


async def test_what_is_committed_is_there_and_nothing_of_what_is_rolled_back(seam: Seam) -> None:
    await write(seam.one, states=[state("a")], outbox=[said(1)], position=1)
    with pytest.raises(ZeroDivisionError):
        await _rolled_back(seam.one, Changes(states=[state("a", n=2), state("b")], outbox=[said(2)]))
    assert await states(seam.two, "a", "b") == [state("a")]
    assert [row.position for row in await seam.two.unpublished([LANE], 10)] == [1]


async def test_a_lane_is_had_by_one_transaction_at_a_time(seam: Seam) -> None:
    order: list[str] = []

    async def second() -> None:
        async with seam.two.transaction() as tx:
            await tx.take((), [LANE])
            order.append("second")

    async with seam.one.transaction() as tx:
        await tx.take((), [LANE])
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.1)
        order.append("first")
    await waiting
    assert order == ["first", "second"]


async def test_who_waits_too_long_for_a_lane_gives_up_for_now(seam: Seam) -> None:
    async with seam.one.transaction() as tx:
        await tx.take((), [LANE])
        with pytest.raises(PassingError):
            await write(seam.two)


async def test_lanes_of_their_own_are_had_beside_each_other(seam: Seam) -> None:
    async with seam.one.transaction() as tx, seam.two.transaction() as other:
        await tx.take((), [LANE])
        _, lanes = await other.take((), [LANE + 1])
        assert [lane.n for lane in lanes] == [LANE + 1]


async def test_inputs_begin_once_and_move_with_what_is_written(seam: Seam) -> None:
    [first] = await seam.one.begin_inputs({PLACE: 7})
    assert (first.began_at, first.next, first.last_print, first.heard) == (7, 7, None, {})
    await write(seam.one, inputs=[InputRow(PLACE, 7, 9, 4711, {})])
    again = {row.place: row for row in await seam.two.begin_inputs({PLACE: 0, OTHER: 1})}
    assert (again[PLACE].began_at, again[PLACE].next, again[PLACE].last_print) == (7, 9, 4711)
    assert again[OTHER].next == 1
    async with seam.one.transaction() as tx:
        inputs, _ = await tx.take([PLACE, Place("toy.deposits.v1", 0)], [LANE])
    assert [row.place for row in inputs] == [PLACE]


async def test_deadlines_come_in_their_order_up_to_a_moment_and_a_number_and_not_of_parked_keys(seam: Seam) -> None:
    moments = {"a": 3, "b": 1, "c": 2, "d": 9, "parked": 1}
    rows = [state(key, due=NOW + timedelta(days=days)) for key, days in moments.items()]
    held = HeldRow(Asked("parked", LANE, "Deposited", "cause", NOW, "{}"), "why", NOW)
    await write(seam.one, states=rows, held=[held])
    async with seam.one.transaction() as tx:
        until = {LANE: NOW + timedelta(days=3)}
        assert [row.key for row in await tx.due(until, 10)] == ["b", "c", "a"]
        assert [row.key for row in await tx.due(until, 2)] == ["b", "c"]
        assert await tx.due({LANE + 1: NOW + timedelta(days=30)}, 10) == []
    waiting = await seam.one.waiting([LANE], NOW + timedelta(days=1), PROCESS)
    assert (waiting.due, waiting.deadlines) == ({LANE}, True)
    waiting = await seam.one.waiting([LANE], NOW, PROCESS)
    assert (waiting.due, waiting.deadlines) == (frozenset(), False)
    for others in (seam.two, seam.reference):
        waiting = await others.waiting([LANE + 1], NOW + timedelta(days=1), PROCESS)
        assert (waiting.due, waiting.deadlines) == (frozenset(), True)
    waiting = await seam.one.waiting([LANE + 1], NOW + timedelta(days=1), _NAMES[2])
    assert not waiting.deadlines


async def test_what_is_held_comes_back_in_its_order_until_it_is_released(seam: Seam) -> None:
    rows = [HeldRow(Asked("a", LANE, "Deposited", f"cause{n}", NOW, "{}"), None, NOW) for n in range(3)]
    await write(seam.one, held=rows)
    async with seam.one.transaction() as tx:
        held = await tx.held(["a"])
    assert [row.asked.cause for row in held] == ["cause0", "cause1", "cause2"]
    ids = [row.asked.held_id or 0 for row in held]
    await write(seam.one, released=[ids[0]], errors={ids[1]: "why"})
    async with seam.one.transaction() as tx:
        left = await tx.held(["a"])
    assert [(row.asked.cause, row.error) for row in left] == [("cause1", "why"), ("cause2", None)]
    kept = await seam.one.kept([LANE])
    assert (kept.parked_keys, kept.early_facts) == (1, 0)


async def test_what_is_said_is_published_in_order_and_published_never_goes_back(seam: Seam) -> None:
    await write(seam.one, outbox=[said(n) for n in (1, 2, 3)], position=3)
    assert [row.position for row in await seam.two.unpublished([LANE], 2)] == [1, 2]
    await seam.one.published({LANE: 2})
    await seam.two.published({LANE: 1})
    assert [row.position for row in await seam.two.unpublished(range(PARTITIONS), 10)] == [3]
    assert (await seam.one.waiting([LANE], NOW, PROCESS)).behind == {LANE: (2, 3)}


async def test_an_effect_is_asked_for_once_done_once_and_its_outcome_is_a_request(seam: Seam) -> None:
    effect = EffectRow(uuid.uuid4(), LANE, "a", "Greet", '{"x":1}', NOW)
    await write(seam.one, effects=[effect])
    await write(seam.one, effects=[effect])
    assert await seam.one.effects_waiting([LANE], NOW - timedelta(seconds=1), 10) == []
    [waiting] = await seam.one.effects_waiting([LANE], NOW, 10)
    await seam.one.effects_done([], [(waiting.tried(), NOW + timedelta(days=1))], NOW)
    assert await seam.one.effects_waiting([LANE], NOW, 10) == []
    [again] = await seam.one.effects_waiting([LANE], NOW + timedelta(days=1), 10)
    assert again.attempts == 1
    async with seam.one.transaction() as tx:
        assert await tx.awaited(["a", "b"]) == [("a", str(effect.id))]
    for store in (seam.one, seam.two):
        await store.effects_done([(again, "Greeted", "{}")], [], NOW)
    async with seam.one.transaction() as tx:
        assert await tx.awaited(["a", "b"]) == [("a", str(effect.id))]
        [asked] = await tx.requests([LANE], 10)
    assert (asked.key, asked.type, asked.cause, asked.body) == ("a", "Greeted", str(effect.id), "{}")
    await write(seam.one, answered=[asked.request_id or 0])
    assert (await seam.one.waiting([LANE], NOW, PROCESS)).requests == frozenset()
    async with seam.one.transaction() as tx:
        assert await tx.awaited(["a", "b"]) == []


async def test_what_is_kept_is_listed_by_key_and_a_replay_waits_while_its_lane_gathers(seam: Seam) -> None:
    asked = [Asked(key, LANE, "Deposited", f"cause-{n}", NOW, "{}") for n, key in enumerate(("b", "a", "b"))]
    await write(seam.one, held=[HeldRow(each, None, NOW) for each in asked])
    async with seam.one.transaction() as tx:
        (first, latest, two), (second, between, one) = await tx.gathered(LANE)
        assert (first, second, two, one, latest > between) == ("b", "a", 2, 1, True)
    effects = [EffectRow(uuid.uuid4(), LANE, "a", "Greet", "{}", NOW) for _ in range(2)]
    await write(seam.one, effects=effects)
    for effect, outcome in zip(effects, (REPLAY, "Greeted"), strict=True):
        await seam.one.effects_done([(effect, outcome, "{}")], [], NOW)
    for gathering, found in ((True, ["Greeted"]), (False, [REPLAY, "Greeted"])):
        async with seam.one.transaction() as tx:
            _, lanes = await tx.take((), [LANE])
            for lane in lanes:
                lane.gathering = gathering
            await tx.write(Changes(lanes=lanes), NOW, None)
        async with seam.one.transaction() as tx:
            assert [one.type for one in await tx.requests([LANE], 10)] == found


async def test_of_what_has_been_said_again_the_last_of_each_stream_stays_until_all_has_been(seam: Seam) -> None:
    rows = [
        ToldRow(LANE, f"cause-{n}", f"id-{n}", NOW + timedelta(minutes=n), "Counted", "print", stream, None, n)
        for n, stream in enumerate(("a:1", "a:1", "b:1"))
    ]
    lanes = [lane for lane in await seam.one.lanes() if lane.n == LANE]
    for lane in lanes:
        lane.told, lane.epoch = len(rows), lane.epoch + 1
    await seam.one.recall(lanes, [], rows)
    for done, left in ((0, {1, 2}), (2, {1, 2}), (1, set[int]())):
        async with seam.one.transaction() as tx:
            _, [lane] = await tx.take((), [LANE])
            lane.told -= 1
            await tx.write(Changes(lanes=[lane], retold=[(LANE, f"cause-{done}")]), NOW, None)
        async with seam.one.transaction() as tx:
            found = await tx.told([LANE])
        assert {row.number for row in found} == left
        assert {row.number for row in found if row.done} == left & ({2} if done == 2 else set())


async def test_what_waits_of_a_key_that_goes_on_is_awaited_while_its_lane_has_a_past(seam: Seam) -> None:
    await write(seam.one, held=[HeldRow(Asked("a", LANE, "Deposited", "cause", NOW, "{}"), None, NOW)])
    await _with_a_past(seam.one, 1)
    assert not await seam.one.awaits()  # the key has not begun
    await write(seam.one, states=[state("a")])
    assert await seam.one.awaits()
    await _with_a_past(seam.one, 0)
    assert not await seam.one.awaits()
    await _with_a_past(seam.one, 1)
    async with seam.one.transaction() as tx:
        [row] = await tx.held(["a"])
    assert row.asked.held_id is not None
    await write(seam.one, errors={row.asked.held_id: "parked"})
    assert not await seam.one.awaits()


async def _with_a_past(store: Store, told: int) -> None:
    async with store.transaction() as tx:
        _, [lane] = await tx.take((), [LANE])
        lane.told = told
        await tx.write(Changes(lanes=[lane]), NOW, None)


async def test_a_deadline_waits_for_an_outcome_that_is_there_already(seam: Seam) -> None:
    effect = EffectRow(uuid.uuid4(), LANE, "a", "Greeting", "{}", NOW)
    await write(seam.one, states=[state("a", due=NOW), state("b", due=NOW)], effects=[effect])
    await seam.one.effects_done([(effect, "Greeted", "{}")], [], NOW)
    async with seam.one.transaction() as tx:
        assert [row.key for row in await tx.due({LANE: NOW}, 10)] == ["b"]


async def test_whoever_watches_a_reference_is_asked_when_it_changes(seam: Seam) -> None:
    await write(seam.one, states=[state("a", watches="r"), state("b", watches="other"), state("c")])
    async with seam.reference.transaction() as tx:
        _, lanes = await tx.take((), [LANE])
        changes = Changes(lanes=lanes, states=[state("r", n=4)], changed=["r"])
        await tx.write(changes, NOW, PROCESS)
    async with seam.one.transaction() as tx:
        [asked] = await tx.requests(range(PARTITIONS), 10)
    assert (asked.key, asked.type, asked.cause) == ("a", "asked", "a/asked/r@4")


async def test_a_reference_does_not_change_while_a_state_that_begins_to_watch_it_is_written(seam: Seam) -> None:
    """Else the change would ask those who watch already, and the new one would never hear of it."""
    lane = partition_of("r", PARTITIONS)

    async def changes() -> None:
        async with seam.reference.transaction() as tx:
            _, lanes = await tx.take((), [lane])
            await tx.write(Changes(lanes=lanes, states=[StateRow("r", lane, 1, "{}", None, None)], changed=["r"]),
                           NOW, PROCESS)  # fmt: skip

    async with seam.one.transaction() as tx:
        _, lanes = await tx.take((), [LANE])
        assert await tx.reference(f"{PROCESS}.reference", ["r"]) == []
        changing = asyncio.create_task(changes())
        await asyncio.wait({changing}, timeout=0.3)  # it waits itself for no longer than half a second
        assert not changing.done()
        await tx.write(Changes(lanes=lanes, states=[state("a", watches="r")]), NOW, None)
    await changing
    async with seam.one.transaction() as tx:
        assert [asked.key for asked in await tx.requests(range(PARTITIONS), 10)] == ["a"]


async def test_progress_is_that_of_every_replica_told_last(seam: Seam) -> None:
    await seam.one.tell_progress({PLACE.topic: ([1, 2], NOW)})
    await seam.one.tell_progress({PLACE.topic: ([1, 2], NOW + timedelta(hours=1))})
    await seam.two.tell_progress({PLACE.topic: ([3], NOW)})
    told = sorted((p, at) for row in await seam.one.progress([PROCESS]) for p, at in row.places())
    assert [(place.partition, (at - NOW).total_seconds()) for place, at in told] == [(1, 3600), (2, 3600), (3, 0)]


async def test_every_process_has_all_its_lanes(seam: Seam) -> None:
    assert [lane.n for lane in await seam.one.lanes()] == list(range(PARTITIONS))
