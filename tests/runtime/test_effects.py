"""What decisions asked of the outside: read one by one, so that one nobody can read holds up nobody else."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from shared.events.base import PARTITIONS, Event
from shared.runtime import Effect, TryLater
from shared.runtime.effects import GROUP, MAX_ATTEMPTS, UNREADABLE_PAUSE, Effects
from shared.runtime.log import Place
from shared.runtime.metrics import Metrics
from shared.runtime.process import Performer
from shared.runtime.worker import LATER
from tests.runtime.toy import DEPOSITS, account_process_v2
from tests.runtime.workbench import START, Replica, Workbench, lane_of


class Greeting(Effect):
    name: str


class Greeted(Event):
    name: str


async def wanted(bench: Workbench, body: str, at: datetime) -> None:
    """An effect that some decision has asked for."""
    await bench.pool.execute(
        "insert into effect (process, id, lane, key, kind, body, at, next_at) "
        "values ('account', gen_random_uuid(), $1, 'a', 'Greeting', $2, $3, $3)",
        lane_of("a"), body, at,
    )  # fmt: skip


def nobody(_: Effect) -> Greeted:
    return Greeted(name="nobody")


def sender(
    one: Replica, performer: Performer, kinds: Sequence[type[Effect]] = (Greeting,), group: int = GROUP
) -> Effects:
    return Effects(
        one.worker, store=one.store, clock=one.clock, metrics=Metrics("account", one.registry), kinds=kinds,
        performer=performer, gave_up=nobody, group=group,
    )  # fmt: skip


async def test_an_effect_of_another_version_waits_and_holds_up_nobody(bench: Workbench) -> None:
    one = await bench.replica()
    bodies = ('{"name":"one"}', '{"of another version":true}', '{"name":"two"}')
    for number, body in enumerate(bodies):
        await wanted(bench, body, START + timedelta(seconds=number - 10))
    performed: list[str] = []

    async def greet(effects: Sequence[Greeting]) -> list[Event]:
        performed.extend(effect.name for effect in effects)
        return [Greeted(name=effect.name) for effect in effects]

    effects = sender(one, greet)
    assert await effects.once()
    assert performed == ["one", "two"]
    assert not await effects.once()
    [row] = await bench.pool.fetch("select body, next_at from effect where done_at is null")
    assert (row["body"], row["next_at"]) == (bodies[1], START + UNREADABLE_PAUSE)


async def test_hours_under_a_version_that_cannot_read_an_effect_are_no_attempts(bench: Workbench) -> None:
    one = await bench.replica()
    await wanted(bench, '{"name":"one"}', START)

    async def put_off(effects: Sequence[Greeting]) -> list[Event | TryLater]:
        return [TryLater("busy") for _ in effects]

    for _ in range(10):
        assert await sender(one, put_off, kinds=()).once()
        one.clock.moment += UNREADABLE_PAUSE
    assert await sender(one, put_off).once()
    assert await bench.pool.fetchval("select attempts from effect where done_at is null") == 1


async def test_trouble_that_does_not_pass_is_given_up_after_eight_attempts_in_nearly_four_days(
    bench: Workbench,
) -> None:
    one = await bench.replica()
    await wanted(bench, '{"name":"one"}', START)
    tried: list[timedelta] = []

    async def put_off(effects: Sequence[Greeting]) -> list[Event | TryLater]:
        tried.append(one.clock.moment - START)
        return [TryLater("busy") for _ in effects]

    effects = sender(one, put_off)
    while (at := await bench.pool.fetchval("select next_at from effect where done_at is null")) is not None:
        one.clock.moment = at
        assert await effects.once()
    assert len(tried) == MAX_ATTEMPTS
    assert tried[1] == timedelta(minutes=1)
    assert timedelta(days=3.7) < tried[-1] < timedelta(days=4)
    assert await bench.pool.fetchval("select body from request") == Greeted(name="nobody").model_dump_json()


class Counter:
    """Greets whoever comes to it, group by group; the second group of all takes until it is let go on."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.under_way, self.goes_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, effects: Sequence[Greeting]) -> list[Event]:
        self.groups.append([effect.name for effect in effects])
        if len(self.groups) == 2:
            self.under_way.set()
            await self.goes_on.wait()
        return [Greeted(name=effect.name) for effect in effects]


async def waiting(bench: Workbench) -> list[str]:
    rows = await bench.pool.fetch("select body from effect where done_at is null order by next_at")
    return [Greeting.model_validate_json(row["body"]).name for row in rows]


async def five_wanted(bench: Workbench) -> None:
    for number in range(5):
        await wanted(bench, Greeting(name=str(number)).model_dump_json(), START + timedelta(seconds=number - 10))


async def test_whoever_is_told_to_stop_writes_down_what_was_done_and_begins_no_more(bench: Workbench) -> None:
    one, counter = await bench.replica(), Counter()
    await five_wanted(bench)
    sending = asyncio.create_task(sender(one, counter, group=2).run(0.01))
    await counter.under_way.wait()
    assert await waiting(bench) == ["2", "3", "4"]  # of the first group it is on record already
    sending.cancel()
    await asyncio.sleep(0)
    counter.goes_on.set()
    await asyncio.wait({sending})
    assert sending.cancelled()
    assert counter.groups == [["0", "1"], ["2", "3"]]
    assert await waiting(bench) == ["4"]
    assert await bench.pool.fetchval("select count(*) from request") == 4


async def test_what_never_comes_to_its_end_is_not_waited_for_without_end(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.runtime.effects.FINISH_SECONDS", 0.05)
    one, counter = await bench.replica(), Counter()
    await five_wanted(bench)
    sending = asyncio.create_task(sender(one, counter, group=2).run(0.01))
    await counter.under_way.wait()
    sending.cancel()
    async with asyncio.timeout(10):
        await asyncio.wait({sending})
    assert await waiting(bench) == ["2", "3", "4"]


async def test_what_another_replica_has_taken_over_meanwhile_is_left_to_it(bench: Workbench) -> None:
    one, counter = await bench.replica(), Counter()
    await five_wanted(bench)
    sending = asyncio.create_task(sender(one, counter, group=2).once())
    await counter.under_way.wait()
    one.reader.places = frozenset()
    counter.goes_on.set()
    await sending
    assert await waiting(bench) == ["4"]


async def test_while_a_new_version_hears_one_topic_more_each_lane_has_one_who_acts_for_it(bench: Workbench) -> None:
    """The group gives all of the new topic to the only replica that hears it."""
    new = await bench.replica(process=account_process_v2)
    of_the_old = {Place(DEPOSITS.name, n) for n in range(8, PARTITIONS)}
    new.reader.places = frozenset(new.reader.places - of_the_old)
    assert new.worker.lanes() == list(range(PARTITIONS))
    assert new.worker.lanes_to_act_for() == list(range(8))


async def test_effects_are_looked_for_later_while_there_is_nothing_to_do(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, pause, looks = await bench.replica(), 0.1, asyncio.Queue[float]()
    one.worker.quiet = True
    effects = sender(one, Counter())

    async def none() -> int:
        looks.put_nowait(asyncio.get_running_loop().time())
        return 0

    monkeypatch.setattr(effects, "once", none)
    looking = asyncio.create_task(effects.run(pause))
    first, second = await looks.get(), await looks.get()
    looking.cancel()
    assert second - first >= pause * LATER * 0.9
