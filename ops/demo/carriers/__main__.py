"""``python -m ops.demo.carriers NAME``: plays one carrier until SIGTERM. Configured by MAKEGOOD_… like a service."""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress

import uvloop

from ops.demo.carriers.carrier import Carriers
from ops.demo.carriers.rates import Rates, RatesError, load
from ops.demo.outside.life import Life
from ops.demo.outside.world import World
from ops.wire import Wire
from shared.events.base import derived_id
from shared.events.carriers import QUOTES
from shared.runtime.clock import ScaledClock
from shared.runtime.settings import Settings
from shared.runtime.structured_logs import configure


def main() -> int:
    rates, seed = _arguments()
    settings = Settings()
    configure(rates.carrier, settings.log_level)
    # Of a seed of its own, so that what this carrier says has ids that no other carrier gives.
    world = World(derived_id(seed, rates.carrier).int, alone=Carriers(seed, [rates]))
    with suppress(asyncio.CancelledError):
        uvloop.run(_live(settings, world))
    return 0


async def _live(settings: Settings, world: World) -> None:
    task = asyncio.current_task()
    assert task is not None
    for ask in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ask, task.cancel)
    async with Wire(settings) as wire:
        await Life(world, wire, ScaledClock.from_settings(settings)).answer({QUOTES.name})


def _arguments() -> tuple[Rates, int]:
    parser = argparse.ArgumentParser(prog="python -m ops.demo.carriers", description=__doc__)
    try:
        known = load()
    except RatesError as error:
        parser.error(str(error))
    parser.add_argument("name", choices=sorted(known), help="which carrier")
    parser.add_argument("--seed", type=int, default=1, help="the same seed answers the same way (default: 1)")
    given = parser.parse_args()
    return known[given.name], given.seed


if __name__ == "__main__":
    sys.exit(main())
