"""``python -m bench.peers [--only NAME …] [--claims N] [--rounds N] [--at-once N] [--json FILE]``"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from bench.measure import keep
from bench.peers.driver import BrokenRoundError
from bench.peers.run import PEERS, measure
from bench.render import peers
from bench.run import Run

ROOT = Path(__file__).parents[2]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    names = [peer.name for peer in PEERS]
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description="The peers and we, side by side.")
    parser.add_argument("--only", action="append", default=[], choices=names, help="one of them; may be repeated")
    parser.add_argument("--claims", type=int, help="in each round, instead of about ten seconds' worth")
    parser.add_argument("--at-once", type=int, help="under way in each, instead of its own number")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="append every result to this file, one JSON object per line")
    chosen = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("MAKEGOOD_")]:
        del os.environ[name]  # its stack is its own
    try:
        measuring = measure(
            ROOT, chosen.rounds, claims=chosen.claims, only=chosen.only, at_once=chosen.at_once, say=_say
        )
        results = asyncio.run(measuring)
    except BrokenRoundError as error:
        _say(str(error))
        return 1
    if chosen.json:
        keep(chosen.json, results)
    _say("\n\n".join(peers(Run(results))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
