"""What decisions asked of the outside: read one by one, so that one nobody can read holds up nobody else."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.events.base import Event
from shared.runtime import Effect, TryLater
from shared.runtime.effects import MAX_ATTEMPTS, UNREADABLE_PAUSE, Effects
from shared.runtime.metrics import Metrics
from shared.runtime.process import Performer
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


def sender(one: Replica, performer: Performer, kinds: Sequence[type[Effect]] = (Greeting,)) -> Effects:
    return Effects(
        one.worker, store=one.store, clock=one.clock, metrics=Metrics("account", one.registry), kinds=kinds,
        performer=performer, gave_up=nobody,
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
