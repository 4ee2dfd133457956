"""Who plays in the demo: services' replicas, carriers and the outside world, started, watched and started again."""

import asyncio
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from random import Random
from typing import IO, Final

from ops import catalogue
from ops.demo.carriers import rates
from ops.demo.view import lag_of, page_of
from ops.fleet import Fleet
from ops.local.errors import StackError
from ops.local.ports import choose_port

_OUTSIDE: Final = "outside"
_CARRIER: Final = "carrier"
_READY: Final = 90.0
"""Real seconds within which the services must be ready."""
_GLANCE: Final = 0.1
_LAST_WORDS: Final = 12
"""Lines of a log that are shown when its process has died."""


class Cast:
    """The processes: services, one per carrier, and everybody else outside. Who dies is started again, once.

    ``outside``: arguments of the outside world. ``chaos``: real seconds between two kills, 0 none. ``seed``: of the
    carriers, and of who is killed. ``say`` is told what happens, in a sentence and a style.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        logs: Path,
        *,
        replicas: int,
        outside: Iterable[str],
        chaos: float,
        seed: int,
        say: Callable[[str, str], None],
    ) -> None:
        for old in logs.glob("*.log"):
            old.unlink()
        self.all_submitted = False
        self._fleet, self._logs = Fleet(environment, logs), logs
        self._ports = _with_ports(_names(replicas))
        self._outside, self._chaos, self._say = tuple(outside), chaos, say
        self._seed, self._luck = seed, Random(seed)  # noqa: S311 - no secret hangs on it
        self._submitted: asyncio.Future[bytes] | None = None
        self._died: set[str] = set()
        self._kills, self._next_kill = 0, 0.0

    async def begin(self) -> None:
        """Starts the services and, when all are ready, the carriers and the outside world."""
        for name in self._ports:
            self._start(name)
        unready = dict(self._ports)
        deadline = time.monotonic() + _READY
        while unready:
            if time.monotonic() > deadline:
                raise StackError(f"{', '.join(unready)} did not become ready: read why in {self._logs}.")
            self._start_the_dead_again()
            for name in [name for name, port in unready.items() if await page_of(port, "/health/ready") is not None]:
                del unready[name]
            await asyncio.sleep(_GLANCE)
        self._next_kill = time.monotonic() + self._chaos
        for carrier in _carriers():
            self._start(f"{_CARRIER}.{carrier}")
        self._start(_OUTSIDE)

    def look_after(self) -> None:
        """Hears whether every submission is out; says who died; kills on purpose where that was asked for."""
        if self._submitted is not None and self._submitted.done():
            line, self._submitted = self._submitted.result(), None
            if line:
                self.all_submitted = True
                self._say(f"All {json.loads(line)['submissions']:,} submissions are out.", "dim")
        self._start_the_dead_again()
        if self._chaos and time.monotonic() > self._next_kill:
            self._next_kill = time.monotonic() + self._chaos
            self._kills += 1
            name = self._luck.choice(list(self._ports))
            self._fleet.kill(name)
            self._start(name)
            self._say(f"Killed {name} and started it again ({self._kills} so far).", "dim")

    async def lag(self) -> dict[str, int | None]:
        """Per service, what its replicas together have not heard yet; None while none of them answers."""
        lags = await asyncio.gather(*(lag_of(port) for port in self._ports.values()))
        known = [(_service(name), lag) for name, lag in zip(self._ports, lags, strict=True) if lag is not None]
        return {
            service: sum(lag for of, lag in known if of == service) if service in dict(known) else None
            for service in catalogue.NAMES
        }

    def end(self) -> None:
        self._fleet.end()

    def _start_the_dead_again(self) -> None:
        for name, code in self._fleet.died():
            log = self._fleet.log(name)
            self._say(f"{name} ended with {code}. The end of its log {log}:\n{_tail(log)}", "red")
            if name in self._died:
                raise StackError(f"{name} ended twice: read why in {log}.")
            self._died.add(name)
            self._start(name)
            self._say(f"{name} was started again.", "yellow")

    def _start(self, name: str) -> None:
        kind, _, which = name.partition(".")
        if kind == _CARRIER:
            self._fleet.start(name, "ops.demo.carriers", which, "--seed", str(self._seed))
        elif kind == _OUTSIDE:
            self._start_outside()
        else:
            self._fleet.serve(kind, name, MAKEGOOD_HTTP_PORT=str(self._ports[name]))

    def _start_outside(self) -> None:
        process = self._fleet.start(_OUTSIDE, "ops.demo.outside", *self._outside, stdout=subprocess.PIPE)
        assert process.stdout is not None
        self._submitted = asyncio.ensure_future(asyncio.to_thread(_line_of, process.stdout))


def _line_of(pipe: IO[bytes]) -> bytes:
    with pipe:
        return pipe.readline()


def _carriers() -> list[str]:
    try:
        return list(rates.load())
    except rates.RatesError as error:
        raise StackError(f"A carrier's rates are wrong:\n{error}") from error


def _names(replicas: int) -> list[str]:
    """``escalation``, ``escalation.2`` …"""
    numbers = range(1, replicas + 1)
    return [service if n == 1 else f"{service}.{n}" for service in catalogue.NAMES for n in numbers]


def _service(replica: str) -> str:
    return replica.partition(".")[0]


def _with_ports(names: Iterable[str]) -> dict[str, int]:
    """A free port for each, and none twice."""
    given = dict[str, int]()
    for name in names:
        while (port := choose_port()) in given.values():
            pass
        given[name] = port
    return given


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LAST_WORDS:])
