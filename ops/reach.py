"""What a command reaches: the Kafka and PostgreSQL that the environment names, or the local stack; and the rows."""

import contextlib
import os
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import asyncpg as _asyncpg
from pydantic import SecretStr, ValidationError

from ops.local import users_own
from shared.runtime.settings import Settings

if TYPE_CHECKING:
    from ops.local.stack import Stack

asyncpg: Any = _asyncpg  # it ships no types; what it returns is narrowed where it is used

STACKS = ("stack", "demo")
"""The local stacks that are looked for, in this order: `makegood up` leaves the first, a demo the second."""
PATIENCE = 20.0
"""Real seconds after which a server that does not answer is said to be away."""
STATEMENT = 600.0
"""Real seconds after which one statement is given up."""
_AT_ONCE = 500


class ReachError(Exception):
    """A command cannot do its work; the text is one sentence that ends in the cure."""


class AwayError(ReachError):
    """Nothing was found out: a server is away, too slow, or without our tables. An exit code of its own, so that nobody
    takes it for what a command finds."""


def settings(root: Path, *, kafka: bool = True, database: bool = True) -> Settings:
    """Those of the environment; an address that it does not name, and that is needed, is that of the local stack that
    answers."""
    needed = [name for name, is_so in ((users_own.KAFKA, kafka), (users_own.DATABASE, database)) if is_so]
    missing = [name for name in needed if not os.environ.get(name)]
    named = of_the_environment()
    if not missing:
        return named
    stack = _running(root)
    if stack is None:
        raise ReachError(
            f"no stack runs here and {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set: "
            "start one with `makegood up`, or set it"
        )
    found = {
        users_own.KAFKA: ("kafka_bootstrap_servers", stack.bootstrap_servers),
        users_own.DATABASE: ("database_url", SecretStr(stack.database_url)),
    }
    return named.model_copy(update=dict(found[name] for name in missing))


def of_the_environment() -> Settings:
    """Those of the environment alone, as a service in production has them."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = ", ".join(f"MAKEGOOD_{str(problem['loc'][0]).upper()} ({problem['msg']})" for problem in error.errors())
        raise ReachError(f"the environment is not right: correct {wrong}") from None


def _running(root: Path) -> "Stack | None":
    from ops.local.stack import Stack  # a production image has none of what it needs

    stacks = (Stack.recorded(root, name=name) for name in STACKS)
    return next((stack for stack in stacks if stack is not None and _answers(stack.database_url)), None)


def _answers(database_url: str) -> bool:
    url = urlsplit(database_url)
    try:
        with socket.create_connection((url.hostname or "127.0.0.1", url.port or 5432), 2):
            return True
    except OSError:
        return False


class Database:
    """One connection. Each query names the service whose schema it is about; other schemas by their names."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, service: str, sql: str, *arguments: Any) -> list[Any]:
        await self._turn_to(service)
        return await self._connection.fetch(sql, *arguments)

    async def value(self, service: str, sql: str, *arguments: Any) -> Any:
        await self._turn_to(service)
        return await self._connection.fetchval(sql, *arguments)

    async def each(self, service: str, sql: str, *arguments: Any) -> AsyncIterator[Any]:
        """Row by row from a cursor of the server, however many there are."""
        await self._turn_to(service)
        async for row in self._connection.cursor(sql, *arguments, prefetch=_AT_ONCE):
            yield row

    async def _turn_to(self, service: str) -> None:
        await self._connection.execute("select set_config('search_path', $1, true)", f'"{service}"')


@asynccontextmanager
async def database(settings: Settings, *, write: bool = False) -> AsyncGenerator[Database]:
    """One transaction; unless ``write``, all of it sees the database as it is at this moment."""
    try:
        connection = await asyncpg.connect(
            settings.database_url.get_secret_value(),
            timeout=PATIENCE,
            command_timeout=STATEMENT,
            server_settings={"application_name": "makegood.cli", "jit": "off"},
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        why = str(error) or "no answer"
        raise AwayError(
            f"PostgreSQL cannot be reached ({why}): start it (`makegood up`), or correct {users_own.DATABASE}"
        ) from error
    try:
        kind = {} if write else {"isolation": "repeatable_read", "readonly": True}
        async with connection.transaction(**kind):
            yield Database(connection)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
        raise AwayError("the database has no tables of makegood: run `makegood migrate` first") from error
    except asyncpg.UndefinedColumnError as error:
        raise AwayError("the database is of an earlier version of makegood: run `makegood migrate` first") from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise AwayError(
            f"the database refuses this user ({error}): name one with more rights in {users_own.DATABASE}"
        ) from error
    except TimeoutError as error:
        raise AwayError(
            f"PostgreSQL gave no answer for {STATEMENT:g} s: see what holds it up, and run the command again"
        ) from error
    except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError) as error:
        raise AwayError("PostgreSQL went away meanwhile: see to it and run the command again") from error
    except (asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError) as error:
        raise AwayError(f"PostgreSQL gave up ({error}): see to it and run the command again") from error
    finally:
        await _close(connection)


async def _close(connection: Any) -> None:
    """One that does not answer any more has been cut off then, and what went wrong is known already."""
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await connection.close(timeout=5)
