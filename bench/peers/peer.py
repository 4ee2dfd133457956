"""What a peer is to the bench: how it is installed, how it is started, and where its processes are."""

import os
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, TypeVar
from zlib import crc32

from bench.peers.process import SCHEMA
from ops.fleet import Fleet, end_left_over
from ops.local import make
from ops.local.postgres import Postgres, binaries
from ops.local.server import Server
from ops.local.stack import StackError

ROOT = Path(__file__).parents[2]
COMMON = ("asyncpg==0.32.0", "pydantic==2.14.4", "uvloop==0.23.0")
"""What every peer's environment holds beside the peer."""

AServer = TypeVar("AServer", bound=Server)


@dataclass(frozen=True)
class Tuning:
    """What makes a peer faster or slower, and is chosen by trial: ``python -m bench.peers --tune``."""

    at_once: int
    """Claims under way at once."""
    workers: int
    """Worker processes."""
    jobs: int | None = None
    """How many jobs each of them works on at a time; None: its package has no such number."""

    def __str__(self) -> str:
        return ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in self.figures.items())

    @property
    def figures(self) -> dict[str, int]:
        """For the results that were measured with it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Running:
    """A peer that has started: what its load needs in the environment, and its processes by part."""

    environment: Mapping[str, str]
    pids: Callable[[], Mapping[str, int]]


class Peer(ABC):
    """One system that runs the small claim process, in ``place``, a folder of its own."""

    name: ClassVar[str]
    inside: ClassVar[str]
    """The module of ``bench.peers.inside`` that holds its process."""
    packages: ClassVar[tuple[str, ...]]
    tried: ClassVar[tuple[Tuning, ...]]
    """What ``--tune`` tries, one after the other."""
    best: ClassVar[Tuning]
    """The one of them with which it had most claims/s on two cores."""
    claims: ClassVar[int]
    """Claims in a round: so many that the last quarter, which no timer decides, takes longer than a timer. Else the
    round would end with waiting for one.
    """

    def __init__(self, root: Path, tuning: Tuning | None = None) -> None:
        self.tuning = tuning or self.best
        self.place = root.resolve() / ".makegood" / "peers" / self.inside

    @property
    def module(self) -> str:
        return f"bench.peers.inside.on_{self.inside}"

    @property
    def python(self) -> Path:
        return self._environment / "bin" / "python"

    async def install(self) -> None:
        """From public packages, the first time. StackError: it cannot be had here; the text says why."""
        uv = tool("uv", beside=self.place.parents[1] / "uv" / "bin")
        with make.once(self._environment) as draft:
            if draft is not None:
                ours = ["--python", sys.executable]  # the same interpreter for all
                await make.run(
                    [uv, "venv", "--quiet", "--relocatable", *ours, draft], f"{self.name} needs an environment."
                )
                install = [uv, "pip", "install", "--quiet", "--python", draft / "bin" / "python"]
                await make.run([*install, *COMMON, *self.packages], f"{self.name}'s packages cannot be installed.")

    @abstractmethod
    def started(self) -> AbstractAsyncContextManager[Running]:
        """Everything of it, with no data, for as long as the block."""

    async def run(self, word: str, environment: Mapping[str, str]) -> None:
        """Lets its module do one thing and end."""
        cure = f"{self.name} could not be prepared."
        await make.run([self.python, "-m", self.module, word], cure, environment=self.within(environment))

    @asynccontextmanager
    async def workers(self, environment: Mapping[str, str], words: Iterable[object]) -> AsyncGenerator[Fleet]:
        """A worker process for each of these words, which it is given, for as long as the block."""
        fleet = Fleet(self.within(environment), self.place / "logs", self.python)
        try:
            for n, word in enumerate(words, 1):
                fleet.start(f"worker.{n}", self.module, "work", str(word))
            yield fleet
        finally:
            fleet.end()
            end_left_over(self.place / "logs")  # what a worker has started itself may outlive it

    @staticmethod
    def within(environment: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of a process of its: the bench must be found from there."""
        return {**os.environ, **environment, "PYTHONPATH": str(ROOT)}

    @property
    def _environment(self) -> Path:
        version = crc32(" ".join((sys.version, *COMMON, *self.packages)).encode())
        return self.place / f"environment-{version:08x}"


def tool(name: str, beside: Path | None = None) -> str:
    """A program of this machine's, or one that the checkout has brought itself."""
    found = shutil.which(name) or (shutil.which(name, path=str(beside)) if beside else None)
    if found is None:
        raise StackError(f"there is no `{name}` on this machine.")
    return found


@asynccontextmanager
async def fresh(server: AServer) -> AsyncGenerator[AServer]:
    """A server with no data, for as long as the block."""
    server.wipe()
    try:
        await server.start()
    except StackError:  # a port that was free when it was chosen may be taken by now, and a run takes hours
        server.wipe()
        await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def database(place: Path) -> AsyncGenerator[Postgres]:
    """A PostgreSQL as durable as ours, with the two tables of the process."""
    async with fresh(Postgres(place / "postgres")) as postgres:
        psql = [binaries() / "psql", postgres.database_url, "--quiet", "--set", "ON_ERROR_STOP=1"]
        await make.run(psql, "The tables could not be made.", say=SCHEMA)
        yield postgres
