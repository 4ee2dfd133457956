"""``makegood``: everything a person types."""

import asyncio
import json
import sys
from collections.abc import Coroutine
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop
from rich.console import Console

from ops import catalogue
from shared.runtime.settings import Settings

ROOT = Path(__file__).parent.parent
"""The checkout: below it, in .makegood/, the local stack lives."""
T = TypeVar("T")

app = typer.Typer(
    help="Claims for harm by third-party sellers' items: from submission to payout and recovery.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
console = Console()


def fail(sentence: str, code: int = 1) -> typer.Exit:
    """Prints what is wrong and the cure in one sentence, and gives the exit to raise."""
    Console(stderr=True).print(f"[red]makegood:[/red] {sentence}", highlight=False)
    return typer.Exit(code)


@app.command()
def serve(service: Annotated[str, typer.Argument(help=f"One of: {', '.join(catalogue.NAMES)}.")]) -> None:
    """Run one replica of one service until SIGTERM. Configured by MAKEGOOD_… environment variables."""
    from shared.runtime.logs import configure
    from shared.runtime.serve import Replica

    if service not in catalogue.NAMES:
        raise fail(f"there is no service {service!r}: choose one of {', '.join(catalogue.NAMES)}")
    settings = Settings()
    configure(service, settings.log_level)
    replica = Replica(catalogue.service(service), settings)
    uvloop.run(replica.run())
    if replica.failure is not None:
        raise fail(str(replica.failure), code=3)


@app.command()
def migrate() -> None:
    """Make or complete topics and database schemas. Safe to repeat; run before a new version starts."""
    from shared.runtime.kafka import TopicError, make_topics
    from shared.runtime.postgres import SchemaError
    from shared.runtime.postgres import migrate as migrate_database

    settings = Settings()

    async def run() -> None:
        await make_topics(settings, catalogue.all_topics())
        await migrate_database(settings, catalogue.all_services())

    try:
        asyncio.run(run())
    except (TopicError, SchemaError) as error:
        raise fail(str(error)) from error


class Kind(StrEnum):
    """What the local stack is made of."""

    NATIVE = "native"
    CONTAINERS = "containers"


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
StackName = Annotated[str, typer.Option("--name", help="Which local stack, where several are kept.")]


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end; what is wrong is said in one sentence."""
    from ops.local.errors import StackError
    from ops.reach import ReachError
    from shared.runtime.logs import configure

    configure("cli", "error")
    try:
        return uvloop.run(work)
    except (ReachError, StackError) as error:
        raise fail(str(error)) from error


def reached() -> Settings:
    """Settings of the environment, or else of the local stack."""
    from ops.reach import ReachError, settings

    try:
        return settings(ROOT)
    except ReachError as error:
        raise fail(str(error), 2) from error


@app.command()
def up(
    stack: Annotated[Kind, typer.Option(help="Processes of this machine, or containers.")] = Kind.NATIVE,
    name: StackName = "stack",
) -> None:
    """Start Kafka, PostgreSQL and a mail server on this machine, alone, and leave them running.

    Prints the environment to use: eval "$(makegood up)". The other commands find this stack by themselves.
    """
    from ops.local.stack import Stack

    async def start() -> Stack:
        if stack is Kind.NATIVE:
            return await Stack.native(ROOT, name=name)
        return await Stack.containers(ROOT, name=name, lasting=True)

    started = run(start())
    started.leave()
    for variable, value in started.environment.items():
        typer.echo(f"export {variable}='{value}'")
    letters = started.mail_page or (started.mail_dir and started.mail_dir / "new")
    typer.echo(f"# Letters can be read at {letters}; `makegood migrate` makes topics and tables; `makegood down` ends it.")


@app.command()
def down(name: StackName = "stack") -> None:
    """End the local stack that `makegood up` left running. Its data stay, except in containers."""
    from ops.local.stack import Stack

    run(Stack.down(ROOT, name=name))
    typer.echo(f"The stack {name!r} has ended.")


@app.command("file")
def file_(
    path: Annotated[str, typer.Argument(metavar="FILE", help="JSONL, one submission a line; - reads standard input.")],
) -> None:
    """Publish submissions just as they are. Lines that are no submission go too: intake refuses them, with reasons."""
    from ops.file import file

    settings = reached()
    try:
        with typer.open_file(path, "rb") as lines:
            filed = run(file(settings, lines))
    except OSError as error:
        raise fail(f"{path} cannot be read ({error.strerror}): name a JSONL file, or - for standard input", 2) from error
    for sentence in filed.sentences():
        typer.echo(sentence)
    if filed.oversized or not filed.published:
        raise typer.Exit(1)


@app.command()
def show(
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help="A claim id or a submission id.")],
    as_json: AsJson = False,
) -> None:
    """Tell the whole story of one claim: every event, letter, deadline and cent, and nothing personal."""
    from ops import show_text
    from ops.reach import database
    from ops.show import Story
    from ops.show import show as tell

    async def read() -> Story:
        async with database(settings) as connection:
            return await tell(connection, claim)

    settings = reached()
    story = run(read())
    if as_json:
        typer.echo(story.as_json())
    else:
        show_text.write(console, story)


if __name__ == "__main__":
    sys.exit(app())
