"""The user's own Kafka and PostgreSQL, named by the environment."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

import asyncpg

from ops.local.errors import StackError
from ops.local.ports import listens
from ops.local.postgres import database_answers

KAFKA = "MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS"
DATABASE = "MAKEGOOD_DATABASE_URL"
SMTP = "MAKEGOOD_SMTP_URL"


@dataclass(frozen=True)
class UsersOwn:
    """Addresses that were set and answer."""

    bootstrap_servers: str
    database_url: str
    smtp_url: str | None


async def find(environment: Mapping[str, str]) -> UsersOwn:
    """Read the addresses from the environment and see that they answer."""
    bootstrap_servers = _named(environment, KAFKA, "host:port of your Kafka")
    database_url = _named(environment, DATABASE, "the postgresql:// URL of your database")
    await _reach(KAFKA, "your Kafka", _any_listens(bootstrap_servers))
    await _reach(DATABASE, "your PostgreSQL", database_answers(database_url))
    return UsersOwn(bootstrap_servers, database_url, environment.get(SMTP) or None)


def _named(environment: Mapping[str, str], variable: str, meaning: str) -> str:
    value = environment.get(variable)
    if not value:
        raise StackError(f"{variable} is not set: set it to {meaning}, or leave out `--stack own`.")
    return value


async def _reach(variable: str, what: str, attempt: Awaitable[object]) -> None:
    try:
        await asyncio.wait_for(attempt, 10)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
        why = str(reason) or "no answer within 10 s"
        raise StackError(
            f"{what[0].upper()}{what[1:]} does not answer ({why}): start it, or correct {variable}."
        ) from reason


async def _any_listens(bootstrap_servers: str) -> None:
    """One of them is enough: a client learns of the others from it. Whether it lets us in is for the client to say."""
    addresses = [server.strip().rpartition(":") for server in bootstrap_servers.split(",")]
    attempts = [listens(int(port), host or "localhost") for host, _, port in addresses]
    ends = await asyncio.gather(*attempts, return_exceptions=True)
    if all(ends):
        raise ConnectionError("; ".join(str(end) for end in ends))
