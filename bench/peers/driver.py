"""Our end of the load, a process of its own in the peer's environment: ``bench.peers.inside.load`` is the other."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench.peers.peer import Peer, Running

PATIENCE = 600.0
"""Real seconds for one answer; the load itself gives up sooner when nothing moves."""


class BrokenRoundError(RuntimeError):
    """A round that did not end as it must; the text says how, and where to look."""


class Driver:
    """Tells the load what to do, and waits until it is done."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, name: str) -> None:
        self._process, self._log, self._name = process, log, name

    @property
    def pid(self) -> int:
        return self._process.pid

    async def closed_loop(self, claims: int) -> None:
        """So many claims, until the last is paid."""
        await self.say(f"{claims}\n", "done")

    async def open_loop(self, moments: Sequence[float]) -> dict[str, list[float]]:
        """A claim at each of these seconds; how many seconds each took, by the reason for which it was paid."""
        return json.loads(await self.say(f"{json.dumps(moments)}\n", "{"))

    async def check(self) -> None:
        """Raises unless each claim since the beginning was paid, once and for the right reason."""
        await self.say("\n", "all paid")

    async def say(self, line: str, hoped: str) -> str:
        """Its answer, which must begin as hoped."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line.encode())
        async with asyncio.timeout(PATIENCE):
            answer = (await self._process.stdout.readline()).decode().strip()
        if not answer.startswith(hoped):
            raise BrokenRoundError(f"{self._name}: {answer or 'the load ended'} (its log: {self._log})")
        return answer


@asynccontextmanager
async def driver(peer: Peer, running: Running) -> AsyncGenerator[Driver]:
    """A load that has reached the peer, for as long as the block."""
    folder = peer.place / "logs"
    log = folder / "load.log"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(peer.python, "-m", peer.module, "load", str(peer.tuning.at_once)),
            cwd=folder,
            env=peer.within(running.environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    try:
        found = Driver(process, log, peer.name)
        await found.say("", "ready")
        yield found
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
