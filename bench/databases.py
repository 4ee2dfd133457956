"""Several databases, three PostgreSQL servers really run: a database for each service, and lane n on database n mod 3.

*Services*: the schema of each is dumped, restored on one of the three and served there: what the runtime can do today.

*Lanes*: the turns that the services have taken are put together again from their journals and written once more, by
what writes them in a worker (take, load, write), to one database and to three. The same turns, split by lane in the
same way, by as many writers with one connection each, are written either way: only where they go differs. What a turn
does beyond these is left out: the reference, whose rows lie in other lanes, and the services' own tables.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from pydantic import SecretStr

from bench.copies import settle
from bench.footprint import wal_bytes
from bench.load import SILENT
from bench.measure import Meter, Result
from bench.outside import Outside
from bench.plan import Plan
from bench.routes import know_sellers, play, prepare
from bench.stand import Stand
from bench.turns import Written, begun, taken_since
from ops import catalogue
from ops.local import users_own
from ops.local.make import run
from ops.local.postgres import Postgres, binaries
from shared.runtime.migrate import migrate
from shared.runtime.postgres import PostgresStore, connect, session
from shared.runtime.settings import Settings

DATABASES: Final = 3
HOMES: Final = {"seller_notifier": 0, "escalation": 1, "insurance_accelerator": 1, "recovery": 2, "intake": 2}
"""Which of the three databases is whose, so that the busiest has as little as can be. For a claim of this route, one
server that all share uses 1.6 ms of CPU for seller_notifier, which writes 51 rows; 0.8 for escalation (23), 0.7 for
recovery (26), 0.4 for intake (20), and next to nothing for insurance_accelerator."""
ON_SEVERAL: Final = f"{SILENT.name}, services on {DATABASES} databases"
MOST: Final = 2000
"""Claims whose turns are written again: all of them are kept in memory."""


@dataclass(frozen=True)
class Home:
    """One more PostgreSQL server."""

    server: Postgres
    settings: Settings

    async def clear(self) -> None:
        """Without a service's schema."""
        async with session(self.settings) as connection:
            for service in catalogue.NAMES:
                await connection.execute(f"drop schema if exists {service} cascade")

    async def wal(self) -> float:
        async with session(self.settings) as connection:
            return await wal_bytes(connection)


async def measure(stand: Stand, plan: Plan, before: Sequence[Result]) -> AsyncGenerator[Result]:
    await stand.serve()
    claims = min(plan.claims, MOST)
    async with Outside(stand) as outside:
        await know_sellers(stand, outside, plan.sellers)
        began = await begun(stand.settings)
        await play(outside, SILENT, prepare(stand, SILENT, claims, plan.sellers))
        stand.fleet.end()
        async with _homes(stand) as homes:
            taken = await taken_since(stand.settings, began, DATABASES)
            async for result in _lanes(stand, plan, homes, taken, claims):
                yield result
            del taken
            async for result in _services(stand, plan, homes, outside):
                yield result


@asynccontextmanager
async def _homes(stand: Stand) -> AsyncGenerator[list[Home]]:
    servers = [Postgres(stand.folder / "databases" / str(number)) for number in range(DATABASES)]
    try:
        for server in servers:
            server.wipe()
            await server.start()
        urls = [SecretStr(server.database_url) for server in servers]
        yield [
            Home(server, stand.settings.model_copy(update={"database_url": url}))
            for server, url in zip(servers, urls, strict=True)
        ]
    finally:
        stand.fleet.end()
        for server in servers:
            server.wipe()


async def _lanes(
    stand: Stand, plan: Plan, homes: Sequence[Home], taken: Sequence[Written], claims: int
) -> AsyncGenerator[Result]:
    """The same turns to one database and to three, by turns."""
    sizes = {1: "lanes on one database", DATABASES: f"lanes on {DATABASES} databases"}
    meters = {n: Meter("databases", name, partial(_parts, stand, homes, n)) for n, name in sizes.items()}
    for _ in range(plan.rounds):
        for n, meter in meters.items():
            yield await _again(homes[:n], taken, meter, claims)


async def _again(homes: Sequence[Home], taken: Sequence[Written], meter: Meter, claims: int) -> Result:
    """Writes all turns into empty tables: a writer for each share of the lanes."""
    for home in homes:
        await home.clear()
        await migrate(home.settings, catalogue.all_services())
    async with AsyncExitStack() as stack:
        writers: list[_Writer] = []
        for share in range(DATABASES):
            own = [turn for turn in taken if turn.share == share]
            writers.append(await stack.enter_async_context(_writer(homes[share % len(homes)].settings, own)))
        wal = [await home.wal() for home in homes]
        meter.begin()
        await asyncio.gather(*(writer.write() for writer in writers))
        return meter.end(claims, turns=len(taken), wal_bytes_per_claim=sum(await _more(homes, wal)) / claims)


@dataclass
class _Writer:
    turns: Sequence[Written]
    stores: dict[str, PostgresStore] = field(default_factory=dict[str, PostgresStore])

    async def write(self) -> None:
        for turn in self.turns:
            async with self.stores[turn.process].transaction() as tx:
                await tx.take(turn.inputs, turn.lanes)
                await tx.load(turn.states)
                await tx.write(turn.changes(), datetime.now(UTC), None)


@asynccontextmanager
async def _writer(settings: Settings, own: Sequence[Written]) -> AsyncGenerator[_Writer]:
    """With one connection to each schema, and the places that its turns have read from."""
    seconds = settings.database_timeout_seconds
    async with AsyncExitStack() as stack:
        writer, pools = _Writer(own), dict[str, Any]()
        for turn in own:
            if turn.service not in pools:
                pools[turn.service] = await connect(settings, turn.service, size=1)
                stack.push_async_callback(pools[turn.service].close)
            if turn.process not in writer.stores:
                writer.stores[turn.process] = PostgresStore(pools[turn.service], turn.process, uuid.uuid4(), seconds)
            await writer.stores[turn.process].begin_inputs(dict.fromkeys(turn.inputs, 0))
        yield writer


async def _services(stand: Stand, plan: Plan, homes: Sequence[Home], outside: Outside) -> AsyncGenerator[Result]:
    """Whole claims, each service at home in one of the three."""
    for home in homes:
        await home.clear()
    for service, number in HOMES.items():
        await _move(stand, service, homes[number])
        url = homes[number].settings.database_url.get_secret_value()
        stand.start(service, **{users_own.DATABASE: url})
    await stand.ready()
    for home in homes:
        async with session(home.settings) as connection:
            await settle(connection)
    await play(outside, SILENT, prepare(stand, SILENT, plan.warm_up, plan.sellers))
    servers = _servers(homes)
    meter = Meter("databases", ON_SEVERAL, lambda: {**stand.parts(), **servers})
    for _ in range(plan.rounds):
        wal = [await home.wal() for home in homes]
        meter.begin()
        await play(outside, SILENT, prepare(stand, SILENT, plan.claims, plan.sellers))
        result = meter.end(plan.claims)
        written = await _more(homes, wal)
        figures = {
            "wal_bytes_per_claim": sum(written) / plan.claims,
            "busiest_cpu_percent": busiest(result.cpu[server] for server in servers),
            "busiest_wal_percent": busiest(written),
        }
        yield replace(result, figures=figures)


async def _move(stand: Stand, service: str, home: Home) -> None:
    """With all its rows, as one would do it by hand while the service is down."""
    dump = stand.folder / f"{service}.sql"
    cure = f"The tables of {service} could not be moved: see that dump and server are of one version."
    source, target = stand.settings.database_url.get_secret_value(), home.settings.database_url.get_secret_value()
    await run([binaries() / "pg_dump", "--schema", service, "--file", dump, "--dbname", source], cure)
    await run([binaries() / "psql", "--quiet", "--set=ON_ERROR_STOP=1", "--file", dump, "--dbname", target], cure)
    dump.unlink()


def busiest(shares: Iterable[float]) -> float:
    """Percent of all that the largest of them is."""
    found = list(shares)
    return max(found) / (sum(found) or 1.0) * 100


def _parts(stand: Stand, homes: Sequence[Home], used: int) -> dict[str, int]:
    """The servers that are used, those that are not, and the writers, which are this process."""
    mine = _servers(homes[:used])
    idle = {f"idle {name}": pid for name, pid in _servers(homes).items() if name not in mine}
    return {**stand.servers(), **mine, **idle, "load": os.getpid()}


def _servers(homes: Sequence[Home]) -> dict[str, int]:
    return {f"postgres {number}": home.server.pids[0] for number, home in enumerate(homes, 1)}


async def _more(homes: Sequence[Home], before: Sequence[float]) -> list[float]:
    """Bytes of WAL that each server has written since."""
    return [await home.wal() - then for home, then in zip(homes, before, strict=True)]
