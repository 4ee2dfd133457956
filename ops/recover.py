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
        and not exists (
            select from told t where t.process = l.process and t.lane = l.n and not t.done and (
                exists (
                    select from effect e
                    where e.process = t.process and e.lane = t.lane and e.done_at is null and e.id::text = t.cause
                )
                or exists (
                    select from request r where r.process = t.process and r.lane = t.lane and r.cause = t.cause
                )
            )
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
"""Lanes in which a key still waits for something to come first, or a cause is still to come (a letter is under way, or
its outcome waits to be heard), are left alone."""
_STILL_WAITING = "select count(*) from told where not done"


async def settled(settings: Settings, service: Service) -> tuple[list[Left], int]:
    """Waits no longer for what has not come back though everything was read again; what was published stands.

    And how many events are waited for still.
    """
    async with database(settings, write=True) as store:
        left = [Left(*row) for row in await store.rows(service.name, _SETTLE)]
        return left, await store.value(service.name, _STILL_WAITING)


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
