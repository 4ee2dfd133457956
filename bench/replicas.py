"""What more replicas of every service bring, and cost, on the cores there are: direct pay, as fast as they take it."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import replace

from bench.load import DIRECT_PAY
from bench.measure import Meter, Result
from bench.outside import Outside
from bench.plan import Plan
from bench.routes import know_sellers, play, prepare
from bench.stand import Stand
from ops import catalogue


def with_replicas(count: int) -> str:
    return f"direct-pay, {count} of each service"


async def measure(stand: Stand, plan: Plan, before: Sequence[Result]) -> AsyncGenerator[Result]:
    """Each number is warmed up to before it is measured: partitions change hands meanwhile."""
    await stand.serve()
    async with Outside(stand) as outside:
        await know_sellers(stand, outside, plan.sellers)
        run = 1
        for count in plan.replicas:
            await _more(stand, range(run + 1, count + 1))
            run = count
            await play(outside, DIRECT_PAY, prepare(stand, DIRECT_PAY, plan.warm_up, plan.sellers))
            meter = Meter("replicas", with_replicas(count), stand.parts)
            for _ in range(plan.rounds):
                claims = prepare(stand, DIRECT_PAY, plan.claims, plan.sellers)
                meter.begin()
                await play(outside, DIRECT_PAY, claims)
                yield replace(meter.end(len(claims)), figures={"replicas": float(count)})
    stand.fleet.end()


async def _more(stand: Stand, numbers: Iterable[int]) -> None:
    for number in numbers:
        for service in catalogue.NAMES:
            stand.start(service, f"{service}.{number}")
    await stand.ready()
