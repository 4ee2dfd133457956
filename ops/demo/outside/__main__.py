"""``python -m ops.demo.outside``: plays everybody outside until SIGTERM. Configured by MAKEGOOD_… like a service."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

import uvloop

from ops.demo.claims import generate, spoilt
from ops.demo.directed import written
from ops.demo.outside.life import Life, Submitted
from ops.demo.outside.world import World
from ops.submissions import Submission, from_claims, from_file
from ops.wire import Wire
from shared.runtime.clock import Clock, ScaledClock
from shared.runtime.settings import Settings
from shared.runtime.structured_logs import configure


def main() -> int:
    """One line of JSON on standard output tells that every submission is out."""
    given = _arguments()
    settings = Settings()
    configure("outside", settings.log_level)
    with suppress(asyncio.CancelledError):
        uvloop.run(_live(settings, given))
    return 0


async def _live(settings: Settings, given: argparse.Namespace) -> None:
    task = asyncio.current_task()
    assert task is not None
    for ask in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ask, task.cancel)
    clock = ScaledClock.from_settings(settings)
    async with Wire(settings) as wire:
        world = World(given.seed, written=written(given.seed), apart=True)
        life = Life(world, wire, clock, from_now=given.from_now)
        await life.run(_source(given, settings, clock), rate=given.rate, settle=given.settle, submitted=_tell)


def _source(given: argparse.Namespace, settings: Settings, clock: Clock) -> Callable[[], Iterable[Submission]]:
    path: Path | None = given.file
    if path is not None:
        return lambda: from_file(path)
    # The day on which the demo began, so that after a restart the same claims are made up again.
    today = (settings.clock_origin or clock.now()).date()
    return lambda: from_claims(generate(given.claims, given.seed, today), partial(spoilt, given.seed))


def _tell(submitted: Submitted) -> None:
    sys.stdout.write(json.dumps(submitted.as_dict()) + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops.demo.outside", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed tells the same stories (default: 1)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--claims", type=int, default=2000, help="how many claims to make up (default: 2000)")
    what.add_argument("--from", dest="file", type=Path, help="a JSONL file of submissions to publish instead")
    parser.add_argument("--rate", type=float, default=0, help="claims per second; 0, the default: as fast as possible")
    parser.add_argument("--settle", type=float, default=60, help="longest wait, in seconds, for the first certificates")
    parser.add_argument("--from-now", action="store_true", help="hear nothing of what was said before")
    given = parser.parse_args()
    if given.file is not None and not given.file.is_file():
        parser.error(f"there is no file {given.file}: name one with a submission on each line")
    return given


if __name__ == "__main__":
    sys.exit(main())
