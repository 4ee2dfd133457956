"""A town that faults are done to: one stack, the five services on a fast clock, a load of claims, and an ear."""

import asyncio
import os
import re
import shutil
import signal
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import asyncpg
from pydantic import SecretStr

from ops import catalogue
from ops.fleet import Fleet
from ops.local.ports import choose_port
from ops.local.processes import running_in
from ops.local.stack import Stack
from ops.wire import Wire
from shared.policy.files import HERE
from shared.runtime.clock import ScaledClock
from shared.runtime.kafka import make_topics
from shared.runtime.migrate import migrate
from shared.runtime.settings import Settings
from tests.conftest import REPOSITORY
from tests.faults import results
from tests.faults.checks import what_is_wrong
from tests.faults.load import Load, ended
from tests.faults.observer import Observer

SLOWER = float(os.environ.get("MAKEGOOD_FAULTS_SLOWER", "1"))
"""How much slower than two idle cores this machine is taken to be: all times are so much longer."""
DAY = 0.5 * SLOWER
"""Real seconds per day of the clock."""
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
RECOVERY = 60.0 * SLOWER
"""Real seconds after the end of a fault within which new claims must be paid again, in every lane."""
SETTLING = 180.0 * SLOWER
"""Real seconds within which every claim must have ended, once no new ones come."""
RATE = 12.0 / SLOWER
"""Claims per real second."""
SESSION = 3.0 * SLOWER
"""Real seconds until a consumer that is silent is taken for dead."""
PATIENT = {
    **dict.fromkeys(("papers_within_days", "review_days", "decide_days", "delay_notice_days", "release_days"), 3650),
    **dict.fromkeys(("write_off_days", "approval_days", "resolving_days"), 3650),
    "comment_window_hours": 24,
}
"""Figures of the US policy: the outside may be cut off for a year, which is three minutes, and be waited for."""


class Town:
    """``fault`` is what a test is written with; everything else is for its body."""

    def __init__(self, stack: Stack, settings: Settings, fleet: Fleet, wire: Wire, database: Any) -> None:
        self.stack, self.settings, self.fleet = stack, settings, fleet
        self.clock = ScaledClock.from_settings(settings)
        self.load = Load(wire, self.clock)
        self.observer = Observer(settings, self.load.hear)
        self.sound = True
        """False as soon as a fault has begun, until all that must hold was seen to hold."""
        self.kills = 0
        self._database = database
        self._ports: dict[str, int] = {}

    @asynccontextmanager
    async def fault(
        self, name: str, *, rate: float = RATE, settles: bool = True, **figures: Any
    ) -> AsyncGenerator[None]:
        """Around a fault, from its beginning to its end: load before, recovery measured after, and what must hold.

        ``settles``: False, when another fault follows at once and the last one looks at everything.
        """
        self.sound = False
        await self.flows(rate)
        began, claims, self.kills = time.monotonic(), len(self.load.claims), 0
        yield
        seconds = time.monotonic() - began
        recovery, filed = await self.recovers(name), len(self.load.claims) - claims
        if settles:
            await self.settles()
        results.record(
            fault=name, recovery_seconds=round(recovery, 1), fault_seconds=round(seconds, 1),
            claims=filed, kills=self.kills, **figures,
        )  # fmt: skip

    async def flows(self, rate: float = RATE) -> None:
        """Under load: claims come, and are paid."""
        if not self.load.flowing:
            self.load.starts(rate)
        already = self._closed()
        await self.until(lambda: self._closed() >= already + 5, RECOVERY, "claims to be paid before the fault")

    async def goes_on_for(self, seconds: float, claims: int = 5) -> None:
        """The fault lasts so long, while at least so many claims are filed."""
        wanted = len(self.load.claims) + claims
        await asyncio.sleep(seconds * SLOWER)
        self.load.is_well()
        assert len(self.load.claims) >= wanted, "no fault under load: too few claims came"

    async def recovers(self, name: str) -> float:
        """Real seconds from now until claims filed now are paid and closed, in every lane of every service."""
        began = time.monotonic()
        probes = self.load.file_in_every_lane()
        await self.until(lambda: ended(probes), RECOVERY, f"claims to be paid after: {name}")
        return time.monotonic() - began

    async def settles(self) -> None:
        """No new claims; every one ends, and everything adds up."""
        await self.load.stops()
        claims = list(self.load.claims.values())
        await self.until(lambda: ended(claims), SETTLING, "every claim to end")
        await self.until(lambda: all(self.load.shoppers.values()), 60 * SLOWER, "every seller to hear of his quotes")
        self.nobody_died()
        problems = await what_is_wrong(self.settings, self.load, self.observer)
        assert not problems, "\n".join(problems[:20])
        self.load.claims.clear()
        self.load.shoppers.clear()
        self.sound = True

    async def until(self, ready: Any, seconds: float, what: str) -> None:
        """Fails with what was waited for; at once, when a service has ended by itself."""
        deadline = time.monotonic() + seconds
        while not await self.observer.until(ready, min(1.0, max(0.0, deadline - time.monotonic()))):
            self.load.is_well()
            self.nobody_died()
            if time.monotonic() > deadline:
                waiting = [str(c.submission_id) for c in self.load.claims.values() if not c.ended]
                raise AssertionError(
                    f"waited {seconds:.0f} s in vain for {what}; {dict(self.load.counts())}; e.g. {waiting[:5]}; "
                    f"logs in {self.fleet.log('x').parent}"
                )

    def waiting(self) -> bool:
        """Whether any claim that was filed has not ended."""
        return not ended(self.load.claims.values())

    def figures(self, fault: str, **figures: Any) -> None:
        """More that was measured of the fault before."""
        results.add(fault, **figures)

    def _closed(self) -> int:
        return sum(claim.ended for claim in self.load.claims.values())

    # The services.

    def serve(self, service: str, name: str | None = None, **environment: str) -> None:
        """One more replica, with its own address for probes."""
        name = name or service
        self._ports[name] = choose_port()
        self.fleet.serve(service, name, MAKEGOOD_HTTP_PORT=str(self._ports[name]), **environment)

    def run(self, name: str, module: str, *arguments: str, **environment: str) -> None:
        """A module of these tests as a process, such as a replica that is not as it should be."""
        self.fleet.start(name, f"tests.faults.{module}", *arguments,
                         environment={"PYTHONPATH": str(REPOSITORY), **environment})  # fmt: skip

    def serve_all(self, **environment: str) -> None:
        for name in catalogue.NAMES:
            self.serve(name, **environment)

    async def who_is_called_dead(self) -> list[str]:
        """What the liveness probes of all replicas say; a supervisor would restart these."""
        return [said for said in await asyncio.gather(*map(_probed, self._ports.values())) if said is not None]

    async def until_gone(self, *names: str) -> None:
        """Returns when these replicas have ended as they were told to; each gracefully."""
        left = set(names)
        async with asyncio.timeout(40 * SLOWER):
            while left:
                for name, code in self.fleet.died():
                    assert (name in left, code) == (True, 0), f"{name} ended with {code}: {self.fleet.log(name)}"
                    left.discard(name)
                    self._ports.pop(name, None)
                await asyncio.sleep(0.05)

    def nobody_died(self) -> None:
        """Whoever ends, was ended by us."""
        died = [f"{name} ended with {code}: see {self.fleet.log(name)}" for name, code in self.fleet.died()]
        assert not died, died

    def signal(self, name: str, what: signal.Signals) -> None:
        """To one replica: to freeze it, to let it go on, to end it."""
        os.kill(self.fleet.pids()[name], what)

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        """From the database, by a connection of our own for each question: the old one may not have lived."""
        connection = await cast("Any", asyncpg).connect(self._database, timeout=10)
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()

    @asynccontextmanager
    async def locking(self, *tables: str) -> AsyncGenerator[None]:
        """Somebody else holds these tables."""
        connection = await cast("Any", asyncpg).connect(self._database, timeout=10)
        try:
            async with connection.transaction():
                await connection.execute(f"lock table {', '.join(tables)} in access exclusive mode")
                yield
        finally:
            await connection.close()

    async def until_row(self, sql: str, *arguments: Any, seconds: float = 30.0 * SLOWER) -> None:
        """Waits until a query gives a row; each ask is the pause before the next."""
        async with asyncio.timeout(seconds):
            while not await self.rows(f"select from pg_sleep(0.1), lateral ({sql}) found", *arguments):
                self.nobody_died()

    async def opens(self) -> None:
        """Every service knows every seller, and who is insured."""
        await self.load.opens()
        known = "select count(*) from {0}.state where process = '{0}.reference' and key = any($1) having count(*) >= $2"
        everybody = [*self.load.insured, *self.load.uninsured]
        for process, sellers in (
            ("escalation", self.load.insured),
            ("recovery", self.load.insured),
            ("seller_notifier", everybody),
        ):
            await self.until_row(known.format(process), sellers, len(sellers), seconds=60 * SLOWER)

    async def ends(self) -> None:
        await self.load.ends()
        await self.observer.end()


@asynccontextmanager
async def opened(
    stack: Stack,
    folder: Path,
    *,
    day: float = DAY,
    replication: int = 1,
    of: Mapping[str, Mapping[str, str]] | None = None,
    serving: bool = True,
    **environment: str,
) -> AsyncGenerator[Town]:
    """A town on an empty stack. ``of``: more environment for each service, such as an address through a proxy."""
    now = time.time()
    settings = Settings(
        policy_folder=_policies(folder / "policies"),
        kafka_bootstrap_servers=stack.bootstrap_servers,
        kafka_replication=replication,
        database_url=SecretStr(stack.database_url),
        clock_scale=86400 / day,
        clock_real_origin=now,
        clock_origin=START,
    )
    await make_topics(settings, catalogue.all_topics())
    await migrate(settings, catalogue.all_services())
    _end_left_over(folder / "logs")
    fleet = Fleet({**_environment(stack, settings), **environment}, folder / "logs")
    try:
        async with Wire(settings) as wire:
            town = Town(stack, settings, fleet, wire, stack.database_url)
            try:
                if serving:
                    for name in catalogue.NAMES:
                        town.serve(name, **(of or {}).get(name, {}))
                    await town.opens()
                yield town
            finally:
                await town.ends()
    finally:
        fleet.end(5)


def _end_left_over(logs: Path) -> None:
    """What a run that was killed itself has left; its logs go with it."""
    for process in running_in(logs.resolve(), re.compile("python")):
        process.send(signal.SIGKILL)
    shutil.rmtree(logs, ignore_errors=True)


def _policies(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    us = (folder / "us.toml").read_text(encoding="utf-8")
    for figure, longer in PATIENT.items():
        us, count = re.subn(rf"^{figure} = \d+", f"{figure} = {longer}", us, flags=re.MULTILINE)
        assert count == 1, f"{figure} stands {count} times"
    (folder / "us.toml").write_text(us, encoding="utf-8")
    return folder


def _environment(stack: Stack, settings: Settings) -> dict[str, str]:
    return {
        **stack.environment,
        "MAKEGOOD_POLICY_FOLDER": str(settings.policy_folder),
        "MAKEGOOD_CLOCK_SCALE": str(settings.clock_scale),
        "MAKEGOOD_CLOCK_REAL_ORIGIN": str(settings.clock_real_origin),
        "MAKEGOOD_CLOCK_ORIGIN": str(settings.clock_origin),
        "MAKEGOOD_KAFKA_SESSION_SECONDS": str(SESSION),
        "MAKEGOOD_TICK_SECONDS": str(min(1.0, 0.25 * SLOWER)),
    }


async def _probed(port: int) -> str | None:
    """What /health/live says when it does not say that all is well; None, too, when nobody is there yet."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 5)
        writer.write(b"GET /health/live HTTP/1.0\r\n\r\n")
        answer = (await asyncio.wait_for(reader.read(), 5)).decode()
        writer.close()
    except (OSError, TimeoutError):
        return None
    return None if " 200 " in answer.partition("\r\n")[0] else answer.rpartition("\r\n")[2]
