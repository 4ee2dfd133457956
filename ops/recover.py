"""After a backup was restored: reads back what a service had published and its database forgot."""

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
            "select count(distinct client_port) from pg_stat_activity where application_name = $1 "
            "and datname = current_database()",
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
