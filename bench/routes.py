"""Ours, by route: as fast as the services take claims, with the CPU of everything until nothing is left to do.

A round ends when each claim has closed, its seller was written to, and its recovery has closed too. Submissions run at
most ``AHEAD`` claims ahead of the notices, so that no queue is longer than the seller's time to answer.
"""

import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Final

from bench import mix
from bench.footprint import connections, footprint
from bench.load import ROUTES, Prepared, Route, claims, directory, saying
from bench.measure import Meter, Result
from bench.outside import Outside, Tally
from bench.plan import Plan
from bench.stand import Stand

AHEAD: Final = 1000
"""Claims that are submitted and of which no seller was told yet."""
AT_ONCE: Final = 100
"""Claims published together."""
ENDS: Final = ("SellerNotified", "ClaimClosed", "RecoveryClosed")


async def measure(stand: Stand, plan: Plan, before: Sequence[Result]) -> AsyncGenerator[Result]:
    await stand.serve()
    if not plan.short:
        async for result in mix.measure(stand, plan):
            yield result
    async with Outside(stand) as outside:
        await know_sellers(stand, outside, plan.sellers)
        for route in ROUTES:
            await play(outside, route, prepare(stand, route, plan.warm_up, plan.sellers))
            meter = Meter("routes", route.name, stand.parts)
            for _ in range(plan.rounds):
                yield await _round(stand, outside, meter, route, prepare(stand, route, plan.claims, plan.sellers))


async def know_sellers(stand: Stand, outside: Outside, sellers: int) -> None:
    """Everybody knows them, and their cover."""
    today = stand.clock.now().date()
    known = [saying(event, f"bench-{event.key}-{type(event).__name__}") for event in directory(sellers, today)]
    insured = {one.key for one in known if one.kind == "CertificateSubmitted"}
    outside.play(tally := Tally(insured, ("SellerCoverChanged",)), {})
    outside.say(known)
    await outside.until(lambda: tally.over)


def prepare(stand: Stand, route: Route, count: int, sellers: int) -> list[Prepared]:
    """New claims of a route, known by a mark of their own."""
    return claims(route, uuid.uuid4().hex[:8], count, sellers, stand.clock.now().date())


async def play(outside: Outside, route: Route, prepared: Sequence[Prepared]) -> Tally:
    """Submits them as fast as they are taken, and answers until nothing is left to do."""
    tally = Tally((claim.claim_id for claim in prepared), ENDS)
    outside.play(tally, route.answers)
    for first in range(0, len(prepared), AT_ONCE):
        await outside.until(lambda first=first: first - tally.count("SellerNotified") <= AHEAD)
        outside.say([said for claim in prepared[first : first + AT_ONCE] for said in claim.sayings])
    await outside.until(lambda: tally.over)
    return tally


async def _round(stand: Stand, outside: Outside, meter: Meter, route: Route, prepared: Sequence[Prepared]) -> Result:
    before = await footprint(stand)
    meter.begin()
    started = time.perf_counter()
    tally = await play(outside, route, prepared)
    result = meter.end(len(prepared))
    after = await footprint(stand)
    figures = {name: (after[name] - before[name]) / len(prepared) for name in after}
    figures["connections"] = await connections(stand)
    figures["last_payout_s"] = max(tally.at["ClaimClosed"].values()) - started
    return replace(result, figures={"hops": len(route.path), **figures})
