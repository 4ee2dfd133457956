"""The broker, database and mail server under a demo, a test or `makegood up`: real ones, wherever they run."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from ops.local import users_own
from ops.local.errors import StackError
from ops.local.kafka import Kafka
from ops.local.mail import Mail
from ops.local.place import Place
from ops.local.postgres import Postgres
from ops.local.server import Server

__all__ = ["NativeStack", "Stack", "StackError"]


class Part(Protocol):
    """Something that was started for a stack and has to be ended."""

    async def stop(self) -> None: ...


@dataclass(kw_only=True)
class Stack:
    """Where Kafka, PostgreSQL and mail answer, and how to end what was started for it.

    `async with await Stack.native(root) as stack:` ends it with the block.
    """

    bootstrap_servers: str
    database_url: str
    smtp_url: str
    mail_dir: Path | None = None
    """Where letters are kept as files (`ops.local.mail.letters`), when the mail server is ours."""
    mail_page: str | None = None
    """Where letters are shown in a browser, when the mail server has a page."""
    parts: Sequence[Part] = field(default=(), repr=False)
    place: Place | None = field(default=None, repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to use this stack."""
        return {
            users_own.KAFKA: self.bootstrap_servers,
            users_own.DATABASE: self.database_url,
            users_own.SMTP: self.smtp_url,
        }

    @staticmethod
    async def native(
        root: Path,
        *,
        name: str = "stack",
        fresh: bool = False,
        kafka_port: int | None = None,
        postgres_port: int | None = None,
        smtp_port: int | None = None,
    ) -> "NativeStack":
        """Start all three on this machine, or find them running, in `root`/.makegood/`name`.

        They keep data and ports from run to run; `fresh` wipes the data first. They run until `stop`, also beyond the
        end of this process.
        """
        if not sys.platform.startswith("linux"):
            raise StackError("The native stack needs Linux: use `--stack containers` here.")
        place = Place(root, name)
        place.enter()
        kafka = Kafka(place.directory / "kafka", kafka_port)
        postgres = Postgres(place.directory / "postgres", postgres_port)
        mail = Mail(place.directory / "mail", smtp_port)
        await _start([kafka, postgres, mail], place, fresh=fresh)
        return NativeStack(
            bootstrap_servers=kafka.bootstrap_servers,
            database_url=postgres.database_url,
            smtp_url=mail.smtp_url,
            mail_dir=mail.data,
            parts=[kafka, postgres, mail],
            place=place,
            kafka=kafka,
            postgres=postgres,
            mail=mail,
        )._recorded(pids={server.name: server.pids[0] for server in (kafka, postgres, mail)})

    @staticmethod
    async def containers(root: Path, *, name: str = "stack", lasting: bool = False) -> "Stack":
        """Start all three in containers, always with fresh data.

        They end with this process, however it ends, unless they are `lasting`: then `Stack.down` ends them.
        """
        from ops.local import containers  # slow to import, and needed by few

        place = Place(root, name)
        place.enter()
        try:
            await _end_containers(place)
            started = await containers.start(lasting=lasting)
        except BaseException:
            place.leave()
            raise
        return Stack(
            bootstrap_servers=started.bootstrap_servers,
            database_url=started.database_url,
            smtp_url=started.smtp_url,
            mail_page=started.mail_page,
            parts=started.running,
            place=place,
        )._recorded(containers=[container.id for container in started.running])

    @staticmethod
    async def users_own(root: Path, *, name: str = "stack", environment: Mapping[str, str] = os.environ) -> "Stack":
        """Use the Kafka and PostgreSQL that the environment names, and our mail server if it names none."""
        own = await users_own.find(environment)
        if own.smtp_url is not None:
            return Stack(bootstrap_servers=own.bootstrap_servers, database_url=own.database_url, smtp_url=own.smtp_url)
        place = Place(root, name)
        place.enter()
        mail = Mail(place.directory / "mail")
        await _start([mail], place)
        return Stack(
            bootstrap_servers=own.bootstrap_servers,
            database_url=own.database_url,
            smtp_url=mail.smtp_url,
            mail_dir=mail.data,
            parts=[mail],
            place=place,
        )._recorded(pids={mail.name: mail.pids[0]})

    @staticmethod
    def recorded(root: Path, *, name: str = "stack") -> "Stack | None":
        """The stack that was left running there, for a look or a message; it may have been killed since."""
        found = Place(root, name).recall()
        if not found:
            return None
        return Stack(
            bootstrap_servers=found["bootstrap_servers"],
            database_url=found["database_url"],
            smtp_url=found["smtp_url"],
            mail_dir=Path(found["mail_dir"]) if found["mail_dir"] else None,
            mail_page=found["mail_page"],
        )

    @staticmethod
    async def down(root: Path, *, name: str = "stack") -> None:
        """End whatever runs there, whoever started it and whether or not there is a record of it."""
        place = Place(root, name)
        place.enter()
        servers = [
            cls(place.directory / sub) for cls, sub in ((Kafka, "kafka"), (Postgres, "postgres"), (Mail, "mail"))
        ]
        await asyncio.gather(_end_containers(place), *(server.stop() for server in servers))
        place.forget()
        place.leave()

    async def stop(self) -> None:
        """End what was started for this stack; data stay, except in containers."""
        await asyncio.gather(*(part.stop() for part in self.parts))
        if self.place is not None:
            self.place.forget()
            self.place.leave()

    def leave(self) -> None:
        """Let the stack run on without this process."""
        if self.place is not None:
            self.place.leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _recorded(self, *, pids: dict[str, int] | None = None, containers: Sequence[str] = ()) -> Self:
        assert self.place is not None
        self.place.remember(
            {
                "bootstrap_servers": self.bootstrap_servers,
                "database_url": self.database_url,
                "smtp_url": self.smtp_url,
                "mail_dir": str(self.mail_dir) if self.mail_dir else None,
                "mail_page": self.mail_page,
                "pids": pids or {},
                "containers": list(containers),
            }
        )
        return self


@dataclass(kw_only=True)
class NativeStack(Stack):
    """A stack of our own processes, each of which can be killed, frozen and started again on the same data and port."""

    kafka: Kafka
    postgres: Postgres
    mail: Mail


async def _start(servers: Sequence[Server], place: Place, *, fresh: bool = False) -> None:
    """Start servers side by side; if one cannot start, or we are interrupted, end those that were not running."""
    if fresh:
        for server in servers:
            server.wipe()
    ours = [server for server in servers if not server.alive]
    try:
        ends = await asyncio.gather(*(server.start() for server in servers), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
    except BaseException as reason:
        for server in ours:
            server.kill()
        place.leave()
        if isinstance(reason, OSError):
            raise StackError(f"{place.directory} cannot be used ({reason}): see to it, or wipe it.") from reason
        raise


async def _end_containers(place: Place) -> None:
    """Remove the containers that an earlier process left in this place."""
    left: list[str] = place.recall().get("containers", [])
    if left:
        from ops.local import containers  # slow to import, and needed by few

        await containers.remove(left)
