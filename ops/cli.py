"""``makegood``: everything a person types."""

import asyncio
import sys
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from ops import catalogue
from shared.runtime.settings import Settings

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


if __name__ == "__main__":
    sys.exit(app())
