"""Where ours is measured: one stack, the five services, and one clock for all of them."""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import shared.policy
from ops import catalogue
from ops.demo.view import page_of
from ops.fleet import Fleet
from ops.local.ports import choose_port
from ops.local.stack import NativeStack, Stack
from shared.runtime.clock import ScaledClock
from shared.runtime.kafka import make_topics
from shared.runtime.migrate import migrate
from shared.runtime.settings import Settings
from shared.runtime.structured_logs import quiet_libraries

DAY: Final = 0.5
"""Real seconds in which a day passes, as in the demo: a seller has 3.5 s to answer."""
MARKETPLACE: Final = "ZZ"
PATIENCE: Final = 300.0
"""Real seconds after which what has not ended, or not started, is called broken."""
_GLANCE: Final = 0.01


@dataclass
class Stand:
    """What a measurement is given. ``folder``: for what it leaves behind."""

    folder: Path
    stack: NativeStack
    settings: Settings
    fleet: Fleet
    clock: ScaledClock
    _ports: dict[str, int] = field(default_factory=dict[str, int])

    async def serve(self, *services: str) -> None:
        """Starts these (all, when none is named), unless they run, and waits until they are ready."""
        for service in services or catalogue.NAMES:
            if service not in self.fleet.pids():
                self.start(service)
        await self.ready()

    def start(self, service: str, name: str | None = None, **environment: str) -> int:
        """One replica more, with more environment where it needs some; its process id."""
        port = self._ports[name or service] = choose_port()
        return self.fleet.serve(service, name, MAKEGOOD_HTTP_PORT=str(port), **environment).pid

    async def ready(self) -> None:
        """Returns when every replica says so."""
        async with asyncio.timeout(PATIENCE):
            for name in self.fleet.pids():
                while name in self._ports and await page_of(self._ports[name], "/health/ready") is None:
                    self.look_after()
                    await asyncio.sleep(_GLANCE)

    def look_after(self) -> None:
        """Nobody has died."""
        for name, code in self.fleet.died():
            raise RuntimeError(f"{name} ended with {code}: see {self.fleet.log(name)}")

    def parts(self) -> Mapping[str, int]:
        """Everything that takes part, by process id: services, servers, and the load, which is this process."""
        return {**self.fleet.pids(), **self.servers(), "load": os.getpid()}

    def servers(self) -> dict[str, int]:
        stack = self.stack
        return {"kafka": stack.kafka.pids[0], "postgres": stack.postgres.pids[0], "mail server": stack.mail.pids[0]}


@asynccontextmanager
async def stand(root: Path) -> AsyncGenerator[Stand]:
    """A fresh stack with topics and tables; no service runs yet, and none afterwards."""
    quiet_libraries()
    async with (
        await Stack.native(root, name="bench", fresh=True) as stack,
        stand_on(stack, root / ".makegood" / "bench") as place,
    ):
        yield place


@asynccontextmanager
async def stand_on(stack: NativeStack, folder: Path) -> AsyncGenerator[Stand]:
    """The same on a stack that runs, whose topics and database are empty."""
    settings = _settings(stack, policies(folder / "policies"))
    await make_topics(settings, catalogue.all_topics())
    await migrate(settings, catalogue.all_services())
    fleet = Fleet(_environment(stack, settings), folder / "logs")
    try:
        yield Stand(folder, stack, settings, fleet, ScaledClock.from_settings(settings))
    finally:
        fleet.end()


def policies(folder: Path) -> Path:
    """The marketplaces as shipped, and the bench's own beside them."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(Path(shared.policy.__file__).parent / "marketplaces", folder)
    shutil.copy(Path(__file__).parent / "marketplace.toml", folder / f"{MARKETPLACE.lower()}.toml")
    return folder


def _settings(stack: Stack, policy_folder: Path) -> Settings:
    now = datetime.now(UTC)
    named: dict[str, Any] = {
        "kafka_bootstrap_servers": stack.bootstrap_servers,
        "database_url": stack.database_url,
        "smtp_url": stack.smtp_url,
        "policy_folder": policy_folder,
        "clock_scale": 86400 / DAY,
        "clock_real_origin": now.timestamp(),
        "clock_origin": now,
    }
    return Settings(**named)


def _environment(stack: Stack, settings: Settings) -> dict[str, str]:
    return {
        **stack.environment,
        "MAKEGOOD_POLICY_FOLDER": str(settings.policy_folder),
        "MAKEGOOD_CLOCK_SCALE": str(settings.clock_scale),
        "MAKEGOOD_CLOCK_REAL_ORIGIN": str(settings.clock_real_origin),
        "MAKEGOOD_CLOCK_ORIGIN": str(settings.clock_origin),
        "MAKEGOOD_LOG_LEVEL": "warning",
    }
