"""After a backup was restored: reads back what a service had published and its database forgot."""

from dataclasses import dataclass

from ops.reach import database
from shared.runtime.kafka_archive import kafka_archive
from shared.runtime.postgres import connect, session
from shared.runtime.process import Service
from shared.runtime.recover import Recalled, recover
from shared.runtime.serve import stores_of
from shared.runtime.settings import Settings


class StillServingError(Exception):
    """A replica of the service has a session; the text says how many and the cure."""


async def recovered(settings: Settings, service: Service) -> list[Recalled]:
    """What each process of the service had forgotten. Raises StillServingError while a replica of it runs."""
    async with session(settings) as connection:
        serving = await connection.fetchval(
            # Of another role's sessions nothing else can be seen: no address, no state.
            "select count(*) from pg_stat_activity where application_name = $1 and datname = current_database()",
            f"makegood.{service.name}",
        )
    if serving:
        raise StillServingError(
            f"{serving} sessions of {service.name} are open: end all its replicas, also frozen ones, and run this again"
        )
    pool = await connect(settings, service.name)
    try:
        async with kafka_archive(settings) as archive:
            return await recover(service, stores_of(service, pool, settings), archive)
    finally:
        await pool.close()


@dataclass(frozen=True)
class Left:
    """What was published, and no decision has said again: its cause has not come back. ``what``: type and id."""

    process: str
    cause: str
    what: str


_SETTLE = """
with settled as (
    select process, n from lane l where told > 0 and not gathering
        and not exists (
            select from held h join state s on s.process = h.process and s.key = h.key
            where h.process = l.process and h.lane = l.n
        )
    for update
), gone as (
    delete from told t using settled l where t.process = l.process and t.lane = l.n
    returning t.process, t.cause, t.type || ' ' || t.id as what, t.done
), counted as (
    update lane l set told = 0 from settled s where l.process = s.process and l.n = s.n
)
select process, cause, what from gone where not done order by process, cause, what
"""
"""Lanes in which a key still waits for something to come first are left alone."""


async def settled(settings: Settings, service: Service) -> list[Left]:
    """Waits no longer for what has not come back though everything was read again; what was published stands."""
    async with database(settings, write=True) as store:
        return [Left(*row) for row in await store.rows(service.name, _SETTLE)]


def sentences(service: str, found: list[Recalled]) -> list[str]:
    """What was done, for people."""
    told = [
        f"{one.process}: {one.events} events of {len(one.causes)} decisions were forgotten; epoch {one.epoch} begins."
        for one in found
    ]
    if any(one.events for one in found):
        told.append(
            f"Start {service}: it reads its inputs again and takes these decisions again. A decision that differs from "
            "what was published parks its key: `makegood dead-letters list` names it."
        )
    return told
