"""Where a replica can die: the adapters of the runtime as they are, with a death at each boundary of its loop.

A boundary is a point between two steps that the outside can tell apart: what is in the database, what is in the log,
what was sent outside. Code between two boundaries changes none of these.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.runtime import serve
from shared.runtime.kafka import KafkaLog
from shared.runtime.log import Outgoing, Place
from shared.runtime.postgres import PostgresStore
from shared.runtime.postgres_transaction import PostgresTransaction
from shared.runtime.process import Service
from shared.runtime.store import Asked, Changes, EffectRow, InputRow, LaneRow, StateRow

EVERYWHERE = (
    "before a transaction",
    "after taking its locks",
    "after loading",
    "after writing, before the commit",
    "after the commit",
    "before publishing",
    "while publishing",
    "after publishing",
    "after reading what is unpublished",
    "after noting what is published",
    "before telling offsets",
    "after telling offsets",
    "after noting how far was read",
    "after an assignment",
)
"""Boundaries that every service has."""
DEADLINES = "after reading deadlines"
REQUESTS = "after reading requests"
EFFECTS = ("after performing effects", "after noting outcomes")
SOMEWHERE = {
    "intake": (),
    "seller_notifier": (DEADLINES, REQUESTS, *EFFECTS),
    "escalation": (DEADLINES,),
    "recovery": (DEADLINES,),
    "insurance_accelerator": (),
}
"""What else each service does under the load of these tests."""
ALL = (*EVERYWHERE, DEADLINES, REQUESTS, *EFFECTS)
PATIENCE = 4.0 * float(os.environ.get("MAKEGOOD_FAULTS_SLOWER", "1"))
"""Real seconds a replica lives at most without coming to the boundary that was chosen; then it dies at the next one."""


class Death:
    """``at`` a boundary, when it is reached for the ``times``-th time. ``tell`` is called with what is reached."""

    def __init__(self, at: str | None, times: int, tell: Callable[[str], None], *, patient: bool = False) -> None:
        """``patient``: it waits for the boundary however long that takes."""
        self._patient = patient
        self._at, self._times, self._tell = at, times, tell
        self._since = time.monotonic()
        self._reached: set[str] = set()

    def here(self, boundary: str) -> None:
        """Dies, or returns."""
        if boundary not in self._reached:
            self._reached.add(boundary)
            self._tell(f"reached {boundary}")
        if self._at is None:
            return
        if boundary == self._at:
            self._times -= 1
        if self._times <= 0 or (not self._patient and time.monotonic() - self._since > PATIENCE):
            self._tell(f"died {boundary}")
            os.kill(os.getpid(), signal.SIGKILL)

    def is_near(self, boundary: str) -> bool:
        return self._at == boundary and self._times <= 1


def put_into(service: Service, death: Death) -> Service:
    """From now on this process's adapters are those that die; the service, with a performer that does."""

    def performer(settings: Any) -> Any:
        assert service.performer is not None
        perform = service.performer(settings)

        async def performed(effects: Sequence[Any]) -> Sequence[Any]:
            outcomes = await perform(effects)
            death.here(EFFECTS[0])
            return outcomes

        return performed

    serve.PostgresStore = _store(death)
    serve.KafkaLog = _log(death)
    return replace(service, performer=performer) if service.performer else service


class _DyingTransaction(PostgresTransaction):
    death: Death

    async def take(self, places: Collection[Place], lanes: Collection[int]) -> tuple[list[InputRow], list[LaneRow]]:
        taken = await super().take(places, lanes)
        self.death.here("after taking its locks")
        return taken

    async def load(self, keys: Collection[str]) -> list[StateRow]:
        loaded = await super().load(keys)
        self.death.here("after loading")
        return loaded

    async def due(self, until: Mapping[int, datetime], limit: int) -> list[StateRow]:
        due = await super().due(until, limit)
        self.death.here(DEADLINES)
        return due

    async def requests(self, lanes: Collection[int], limit: int) -> list[Asked]:
        requests = await super().requests(lanes, limit)
        self.death.here(REQUESTS)
        return requests

    async def write(self, changes: Changes, at: datetime, dependent: str | None) -> None:
        await super().write(changes, at, dependent)
        self.death.here("after writing, before the commit")


def _store(death: Death) -> type[PostgresStore]:
    class DyingStore(PostgresStore):
        @asynccontextmanager
        async def transaction(self) -> AsyncGenerator[PostgresTransaction]:
            death.here("before a transaction")
            async with super().transaction() as tx:
                tx.__class__ = _DyingTransaction
                vars(tx)["death"] = death
                yield tx
            death.here("after the commit")

        async def unpublished(self, lanes: Collection[int], limit: int) -> list[Outgoing]:
            rows = await super().unpublished(lanes, limit)
            death.here("after reading what is unpublished")
            return rows

        async def published(self, positions: Mapping[int, int]) -> None:
            await super().published(positions)
            death.here("after noting what is published")

        async def tell_progress(self, topics: Mapping[str, tuple[list[int], datetime]]) -> None:
            await super().tell_progress(topics)
            death.here("after noting how far was read")

        async def begin_inputs(self, begins: Mapping[Place, int]) -> list[InputRow]:
            rows = await super().begin_inputs(begins)
            death.here("after an assignment")
            return rows

        async def effects_done(
            self, done: Sequence[tuple[EffectRow, str, str]], later: Sequence[tuple[EffectRow, datetime]], now: datetime
        ) -> None:
            await super().effects_done(done, later, now)
            death.here(EFFECTS[1])

    return DyingStore


def _log(death: Death) -> type[KafkaLog]:
    class DyingLog(KafkaLog):
        async def publish(self, records: Sequence[Outgoing]) -> None:
            death.here("before publishing")
            publishing = asyncio.ensure_future(super().publish(records))
            if death.is_near("while publishing"):
                await asyncio.wait({publishing}, timeout=random.uniform(0, 0.004))
            death.here("while publishing")
            await publishing
            death.here("after publishing")

        async def commit(self, offsets: Mapping[Place, int]) -> None:
            death.here("before telling offsets")
            await super().commit(offsets)
            death.here("after telling offsets")

    return DyingLog
