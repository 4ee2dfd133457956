"""A backup that comes back, and the operator who does what the refusal says: the real ``recover``."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from ops.simulation.database import Database, DatabaseLine, Session
from ops.simulation.log import Cluster
from ops.simulation.store import SimulatedStore
from shared.runtime import Service
from shared.runtime.log import Place, Record
from shared.runtime.recover import Recalled, recover, refuse_unfit
from shared.runtime.retelling import AS_PUBLISHED
from shared.runtime.store import REPLAY, Asked, Store

NOBODY: Final = UUID(int=0)
DIFFERS: Final = "differs from what was published"
"""Why a key is parked on which another decision was taken than before the backup."""


class Archive:
    """The log as one reads it who belongs to no group."""

    def __init__(self, cluster: Cluster, line: DatabaseLine) -> None:
        self._cluster, self._line = cluster, line

    async def cluster(self) -> str:
        await self._line.before("ends")
        return str(self._cluster.id)

    async def begins(self, places: Collection[Place]) -> Mapping[Place, int]:
        await self._line.before("begins")
        return dict.fromkeys(places, 0)

    async def ends(self, places: Collection[Place]) -> Mapping[Place, int]:
        await self._line.before("ends")
        return {place: self._cluster.found_end(place) for place in places}

    async def read(self, ranges: Mapping[Place, tuple[int, int]]) -> AsyncIterator[Sequence[Record]]:
        for place, (first, last) in sorted(ranges.items()):
            if first < last:
                await self._line.before("ends")
                yield self._cluster.found[place][first:last]


class _NoLine:
    """An operator's own connection, at a quiet moment."""

    async def before(self, call: str) -> None: ...

    async def after(self, call: str) -> None: ...

    def closes(self, session: Session) -> None: ...


async def refuse_if_unfit(service: Service, database: Database, cluster: Cluster, line: DatabaseLine) -> None:
    """As every replica at its start. Raises RefusalError."""
    await refuse_unfit(service, _stores(service, database, line), Archive(cluster, line))


async def recovered(service: Service, database: Database, cluster: Cluster) -> list[Recalled]:
    """As ``makegood recover``, when no replica runs."""
    return await recover(service, _stores(service, database, _NoLine()), Archive(cluster, _NoLine()))


def _stores(service: Service, database: Database, line: DatabaseLine) -> dict[str, Store]:
    return {process.name: SimulatedStore(database, process.name, NOBODY, line) for process in service.processes}


def replay_as_published(database: Database, now: datetime) -> set[tuple[str, str]]:
    """As ``makegood dead-letters replay --as-published``, for every key that is parked because it differs: which keys,
    each with its process."""
    keys: set[tuple[str, str]] = set()
    for name, tables in database.schema.tables.items():
        asked = {request.key for request in tables.requests.values()}
        for row in tables.held.values():
            if row.error is not None and DIFFERS in row.error and row.asked.key not in asked:
                keys.add((name, row.asked.key))
                database.changed += 1
                cause = f"replay/{row.asked.key}/{database.changed}"
                request = Asked(row.asked.key, row.asked.lane, REPLAY, cause, now, AS_PUBLISHED)
                tables.requests[database.schema.next_number()] = request
    return keys
