"""What every command shares: where it runs, how it says what is wrong, and what it can reach."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop
from rich.console import Console
from rich.markup import escape

from shared.runtime.settings import Settings

ROOT = Path(__file__).parent.parent
"""The checkout: below it, in .makegood/, the local stack lives."""
T = TypeVar("T")

AWAY = 2
"""The exit code where nothing was found out, because what a command needs could not be reached; of what is wrong: 1."""
_UNREACHED = ("08", "28", "3D")
"""SQLSTATE classes of a connection that did not come about: no way there, no such user, no such database."""

console = Console()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def fail(sentence: str, code: int = 1) -> typer.Exit:
    """Prints what is wrong and the cure in one sentence, and gives the exit to raise."""
    Console(stderr=True).print(f"[red]makegood:[/red] {escape(sentence)}", highlight=False, soft_wrap=True)
    return typer.Exit(code)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end; what is wrong is said in one sentence. SIGTERM ends it as Ctrl-C does, cleaning up."""
    from ops.local.errors import StackError
    from ops.reach import AwayError, ReachError
    from shared.runtime.store import PassingError
    from shared.runtime.structured_logs import configure

    async def until_told_to_stop() -> T:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    configure("cli", "error")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it repeats what we say once
    try:
        return uvloop.run(until_told_to_stop())
    except (ReachError, StackError) as error:
        raise fail(str(error), AWAY if isinstance(error, AwayError) else 1) from error
    except PassingError as error:
        raise fail(_told(error), AWAY) from error
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None


def _told(error: Exception) -> str:
    """Trouble that passes has many causes, and only a connection that did not come about is cured by its address."""
    cause = error.__cause__
    if isinstance(cause, OSError) or str(getattr(cause, "sqlstate", "")).startswith(_UNREACHED):
        return f"PostgreSQL cannot be reached ({error}): start it (`makegood up`), or correct MAKEGOOD_DATABASE_URL"
    return str(error)


def reached(*, kafka: bool = True, database: bool = True) -> Settings:
    """Settings of the environment, or else of the local stack; a server that is not asked need not be named."""
    from ops.reach import ReachError, settings

    try:
        return settings(ROOT, kafka=kafka, database=database)
    except ReachError as error:
        raise fail(str(error), AWAY) from error
