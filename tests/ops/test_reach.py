"""What a command says when a server fails it: one sentence, and an exit code that is not that of a finding."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
import typer
from pydantic import SecretStr
from typer.testing import CliRunner

from ops import reach, terminal
from ops.cli import app
from ops.local.users_own import DATABASE, KAFKA
from ops.reach import AwayError, ReachError, database
from ops.terminal import AWAY, run
from shared.runtime.settings import Settings
from shared.runtime.store import PassingError

SLEEPING = "select pid from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"


@dataclass
class Operator:
    """Who does something to the statement that a command waits for."""

    url: str

    async def does(self, function: str) -> None:
        connection = await cast("Any", asyncpg).connect(self.url)
        try:
            async with asyncio.timeout(20):
                while not await connection.fetch(f"select {function}(pid) from ({SLEEPING}) s"):  # not there yet
                    pass
        finally:
            await connection.close()


async def sleeps(url: str) -> None:
    async with database(Settings(database_url=SecretStr(url))) as look:
        await look.value("intake", "select pg_sleep(30)")


@pytest.mark.parametrize(
    ("function", "said"), [("pg_cancel_backend", "user request"), ("pg_terminate_backend", "went away|administrator")]
)
async def test_a_statement_that_is_ended_from_outside_is_said(database_url: str, function: str, said: str) -> None:
    ending = asyncio.create_task(Operator(database_url).does(function))
    with pytest.raises(AwayError, match=said):
        await sleeps(database_url)
    await ending


async def test_a_statement_that_takes_too_long_is_said(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "STATEMENT", 0.2)
    with pytest.raises(AwayError, match=r"no answer for 0\.2 s"):
        await sleeps(database_url)


def caused_by(cause: BaseException | None, said: str) -> PassingError:
    error = PassingError(said)
    error.__cause__ = cause
    return error


def sql(name: str) -> BaseException:
    return getattr(cast("Any", asyncpg), name)("said by the server")


@pytest.mark.parametrize(
    ("error", "code", "with_the_address"),
    [
        (ReachError("it is no id"), 1, False),
        (AwayError("it is away"), AWAY, False),
        (caused_by(None, "a replica has written meanwhile"), AWAY, False),
        (caused_by(sql("UndefinedTableError"), "tables are missing: run `makegood migrate` (42P01)"), AWAY, False),
        (caused_by(sql("DiskFullError"), "DiskFullError 53100"), AWAY, False),
        (caused_by(ConnectionRefusedError(), "ConnectionRefusedError"), AWAY, True),
        (caused_by(TimeoutError(), "TimeoutError"), AWAY, True),
        (caused_by(sql("ConnectionDoesNotExistError"), "ConnectionDoesNotExistError 08003"), AWAY, True),
        (caused_by(sql("InvalidPasswordError"), "InvalidPasswordError 28P01"), AWAY, True),
        (caused_by(sql("InvalidCatalogNameError"), "InvalidCatalogNameError 3D000"), AWAY, True),
    ],
)
def test_only_a_server_that_was_not_reached_is_to_be_started(
    error: Exception, code: int, with_the_address: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fails() -> None:
        raise error

    with pytest.raises(typer.Exit) as ended:
        run(fails())
    told = capsys.readouterr().err
    assert (ended.value.exit_code, str(error) in told, DATABASE in told) == (code, True, with_the_address)


@pytest.mark.parametrize(
    ("words", "named", "wanted"),
    [
        (["file", "-"], KAFKA, None),
        (["show", "claim-1"], DATABASE, None),
        (["dead-letters", "list"], DATABASE, None),
        (["desk", "queue"], DATABASE, None),
        (["ledger", "aging"], DATABASE, None),
        (["policy", "explain", "claim-1"], DATABASE, None),
        (["reconcile", "--no-topics"], DATABASE, None),
        (["reconcile"], DATABASE, KAFKA),
        (["migrate"], KAFKA, DATABASE),
    ],
)
def test_nobody_need_name_a_server_that_a_command_does_not_ask(
    words: list[str], named: str, wanted: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    away = {KAFKA: "127.0.0.1:9", DATABASE: "postgresql://nobody@127.0.0.1:9/none"}
    for name in away:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(named, away[named])
    monkeypatch.setattr(terminal, "ROOT", tmp_path)
    told = CliRunner().invoke(app, words)
    there = "Kafka does not answer" if named == KAFKA else "PostgreSQL cannot be reached"
    said = f"{wanted} is not set" if wanted else there
    assert (told.exit_code, said in told.output) == (AWAY, True), told.output
