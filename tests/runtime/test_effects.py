"""What decisions asked of the outside: read one by one, so that one nobody can read holds up nobody else."""

from collections.abc import Sequence
from datetime import timedelta

from shared.events.base import Event
from shared.runtime import Effect, TryLater
from shared.runtime.effects import UNREADABLE_PAUSE, Effects
from shared.runtime.metrics import Metrics
from tests.runtime.workbench import START, Workbench, lane_of


class Greeting(Effect):
    name: str


class Greeted(Event):
    name: str


async def test_an_effect_of_another_version_waits_and_holds_up_nobody(bench: Workbench) -> None:
    one = await bench.replica()
    bodies = ('{"name":"one"}', '{"of another version":true}', '{"name":"two"}')
    for number, body in enumerate(bodies):
        await bench.pool.execute(
            "insert into effect (process, id, lane, key, kind, body, at, next_at) "
            "values ('account', gen_random_uuid(), $1, 'a', 'Greeting', $2, $3, $3)",
            lane_of("a"), body, START + timedelta(seconds=number - 10),
        )  # fmt: skip
    performed: list[str] = []

    async def greet(effects: Sequence[Greeting]) -> list[Event]:
        performed.extend(effect.name for effect in effects)
        return [Greeted(name=effect.name) for effect in effects]

    effects = Effects(
        one.worker, store=one.store, clock=one.clock, metrics=Metrics("account", one.registry),
        kinds=[Greeting], performer=greet, gave_up=None,
    )  # fmt: skip
    assert await effects.once()
    assert performed == ["one", "two"]
    assert not await effects.once()
    [row] = await bench.pool.fetch("select body, next_at from effect where done_at is null")
    assert (row["body"], row["next_at"]) == (bodies[1], START + UNREADABLE_PAUSE)


async def test_hours_under_a_version_that_cannot_read_an_effect_are_no_attempts(bench: Workbench) -> None:
    one = await bench.replica()
    await bench.pool.execute(
        "insert into effect (process, id, lane, key, kind, body, at, next_at) "
        "values ('account', gen_random_uuid(), $1, 'a', 'Greeting', $2, $3, $3)",
        lane_of("a"), '{"name":"one"}', START,
    )  # fmt: skip

    async def put_off(effects: Sequence[Greeting]) -> list[Event | TryLater]:
        return [TryLater("busy") for _ in effects]

    def version(kinds: list[type[Effect]]) -> Effects:
        return Effects(
            one.worker, store=one.store, clock=one.clock, metrics=Metrics("account", one.registry),
            kinds=kinds, performer=put_off, gave_up=None,
        )  # fmt: skip

    for _ in range(10):
        assert await version([]).once()
        one.clock.moment += UNREADABLE_PAUSE
    assert await version([Greeting]).once()
    assert await bench.pool.fetchval("select attempts from effect where done_at is null") == 1
