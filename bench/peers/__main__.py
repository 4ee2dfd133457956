"""``python -m bench.peers [--tune] [--only NAME …] [--claims N] [--rounds N] [--json FILE]``"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

from bench.machine import machine
from bench.measure import Result, keep
from bench.peers.driver import BrokenRoundError
from bench.peers.run import PEERS, measure, tune
from bench.render import peers
from bench.run import Run
from bench.show import line

ROOT = Path(__file__).parents[2]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description="The peers and we, side by side.")
    names = [peer.name for peer in PEERS]
    parser.add_argument("--only", action="append", default=[], choices=names, help="one of them; may be repeated")
    parser.add_argument("--claims", type=int, help="in each round, instead of as many as each peer's setup says")
    parser.add_argument("--rounds", type=int, help="instead of 3; of each tuning, instead of 1")
    parser.add_argument("--tune", action="store_true", help="one round with each tuning, to find the best of each peer")
    parser.add_argument("--json", type=Path, help="append the machine and every result, one JSON object per line")
    return parser.parse_args()


async def _shown(measured: AsyncGenerator[Result], file: Path | None) -> list[Result]:
    """Each as soon as it is there, on the terminal and in the file."""
    if file:
        keep(file, [machine()])
    results: list[Result] = []
    async for result in measured:
        results.append(result)
        _say(line(result))
        if file:
            keep(file, [result])
    return results


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    chosen = _arguments()
    for name in [name for name in os.environ if name.startswith("MAKEGOOD_")]:
        del os.environ[name]  # its stack is its own
    if chosen.tune:
        measured = tune(ROOT, chosen.rounds or 1, claims=chosen.claims, only=chosen.only)
    else:
        measured = measure(ROOT, chosen.rounds or 3, claims=chosen.claims, only=chosen.only)
    try:
        results = asyncio.run(_shown(measured, chosen.json))
    except BrokenRoundError as error:
        _say(str(error))
        return 1
    _say("\n\n".join(peers(Run(results))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
