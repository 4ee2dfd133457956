"""The database in memory: one service's rows, the locks on them, and the sessions that hold those."""

import asyncio
from typing import Final, Protocol

from ops.simulation.tables import Schema
from shared.runtime.store import Changes, PassingError

LOCK_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 20.0
"""How long a transaction waits for a lock, and how long an idle one keeps its locks."""


class DatabaseLine(Protocol):
    """The way between one replica and its database: where calls take their time, fail, or never return."""

    async def before(self, call: str) -> None:
        """Before the database has heard of it."""
        ...

    async def after(self, call: str) -> None:
        """When it is done, and the client does not know yet."""
        ...

    def closes(self, session: "Session") -> None:
        """Called for each session that begins: it is ended with the client, or with the database."""
        ...


class Committed(Protocol):
    """Is shown every transaction that has just been committed."""

    def __call__(self, service: str, process: str, changes: Changes) -> None: ...


class Database:
    """One service's schema with the locks on its rows. Survives every replica."""

    def __init__(self, service: str, committed: Committed = lambda service, process, changes: None) -> None:
        self.service, self.committed = service, committed
        self.schema = Schema()
        self.changed = 0
        """Grows with every commit that has written something."""
        self.backups: list[Schema] | None = None
        """A copy before every commit, where one will be restored."""
        self._locks: dict[object, Session] = {}
        self._queues: dict[object, list[asyncio.Future[None]]] = {}

    async def lock(self, session: "Session", row: object) -> None:
        """Waits for whoever has the row; gives up like ``lock_timeout``."""
        while (owner := self._locks.get(row)) is not None and owner is not session:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._queues.setdefault(row, []).append(turn)
            try:
                async with asyncio.timeout(LOCK_SECONDS):
                    await turn
            except TimeoutError:
                raise PassingError("LockNotAvailableError 55P03") from None
            session.check()
        self._locks[row] = session
        session.rows.append(row)

    def release(self, session: "Session") -> None:
        for row in session.rows:
            if self._locks.get(row) is session:
                del self._locks[row]
            for turn in self._queues.pop(row, ()):
                if not turn.done():
                    turn.set_result(None)
        session.rows.clear()

    def back_up(self) -> None:
        if self.backups is not None:
            self.backups.append(self.schema.copy())

    def restore(self, missed: int) -> None:
        """The rows as they were so many commits ago."""
        if self.backups:
            del self.backups[len(self.backups) - min(missed, len(self.backups)) + 1 :]
            self.schema = self.backups.pop()
            self.changed += 1


class Session:
    """The database's side of one transaction."""

    def __init__(self, database: Database) -> None:
        self.rows: list[object] = []
        self.open = True
        self._database = database

    def check(self) -> None:
        if not self.open:
            raise PassingError("the connection is gone")

    def end(self) -> None:
        """Whatever it has written and not committed is gone, and so are its locks."""
        self.open = False
        self._database.release(self)
