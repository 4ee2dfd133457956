"""``makegood``: everything a person types."""

import contextlib
import gc
import json
import os
import re
import sys
from collections.abc import Generator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer
import uvloop

from ops import catalogue
from ops.desk.cli import app as desk
from ops.desk.cli import overdue
from ops.ledger.cli import app as ledger
from ops.policy.cli import app as policy
from ops.terminal import ROOT, AsJson, console, fail, reached, run

app = typer.Typer(
    help="Claims for harm by third-party sellers' items: from submission to payout and recovery.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(desk, name="desk")
app.add_typer(ledger, name="ledger")
app.add_typer(policy, name="policy")
app.command("overdue")(overdue)


@app.command()
def demo(
    *,
    claims: Annotated[int, typer.Option(min=1, help="How many claims to make up.")] = 2000,
    file: Annotated[
        Path | None, typer.Option("--from", help="A JSONL file of submissions to publish instead.", metavar="FILE")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed tells the same stories.")] = 1,
    stack: Annotated[
        Literal["native", "containers", "own"],
        typer.Option(help="Kafka and PostgreSQL as processes here, in containers, or your own (MAKEGOOD_…)."),
    ] = "native",
    report: Annotated[Path | None, typer.Option(help="Write the figures here, as JSON.", metavar="FILE")] = None,
    outcomes: Annotated[
        Path | None, typer.Option(help="Write outcome and reasons of each submission here.", metavar="FILE")
    ] = None,
    day: Annotated[float, typer.Option(min=0.01, help="Real seconds in which a day of the demo passes.")] = 0.5,
    rate: Annotated[float, typer.Option(min=0, help="Claims submitted per real second; 0: no limit.")] = 100,
    replicas: Annotated[int, typer.Option(min=1, max=16, help="Replicas of every service.")] = 1,
    chaos: Annotated[float, typer.Option(min=0, help="Kill a service every so many real seconds; 0: never.")] = 0,
) -> None:
    """Watch claims travel from submission to payout and recovery, with everything on this machine.

    Starts Kafka, PostgreSQL, the five services and an outside world, and presses months into seconds. Ends when no
    claim and no recovery waits; fails when one was lost or paid twice, or when a cent is not in its place.
    """
    from ops.demo import run as demos

    plan = demos.Plan(
        claims=claims, file=file, seed=seed, stack=stack, report=report, outcomes=outcomes, day=day, rate=rate,
        replicas=replicas, chaos=chaos,
    )  # fmt: skip
    raise typer.Exit(run(demos.run(plan, ROOT, console)))


@contextlib.contextmanager
def _collecting_nothing() -> Generator[None]:
    """Imports make what lives as long as we do; the garbage collector's looks at it were a sixth of a start's CPU."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@app.command()
def serve(service: Annotated[str, typer.Argument(help=f"One of: {', '.join(catalogue.NAMES)}.")]) -> None:
    """Run one replica of one service until SIGTERM. Configured by MAKEGOOD_… environment variables."""
    if service not in catalogue.NAMES:
        raise fail(f"there is no service {service!r}: choose one of {', '.join(catalogue.NAMES)}")
    with _collecting_nothing():
        from ops.reach import ReachError, of_the_environment
        from shared.policy import PolicyError
        from shared.runtime.serve import Replica
        from shared.runtime.structured_logs import configure

        try:
            settings = of_the_environment()
            configure(service, settings.log_level)
            replica = Replica(catalogue.service(service), settings)
        except (ReachError, PolicyError) as error:
            raise fail(str(error), 2) from error
    uvloop.run(replica.run())
    if replica.failure is not None:
        raise fail(str(replica.failure), code=3)


@app.command()
def migrate() -> None:
    """Make or complete topics and database schemas. Safe to repeat; run before a new version starts."""
    from ops.reach_kafka import kafka
    from shared.runtime.kafka import TopicError, make_topics
    from shared.runtime.migrate import SchemaError
    from shared.runtime.migrate import migrate as migrate_database

    settings = reached()

    async def make() -> None:
        async with kafka():
            await make_topics(settings, catalogue.all_topics())
        await migrate_database(settings, catalogue.all_services())

    try:
        run(make())
    except (TopicError, SchemaError) as error:
        raise fail(str(error)) from error


@app.command()
def recover(
    service: Annotated[str, typer.Argument(help=f"One of: {', '.join(catalogue.NAMES)}.")],
    *,
    settle: Annotated[
        bool, typer.Option("--settle", help="Later, while it serves: name what has not come back, and let it stand.")
    ] = False,
) -> None:
    """After a backup was restored: read back what the service had published and its database no longer knows.

    No replica of the service may run. Published facts stand; a new epoch begins. Safe to repeat.
    """
    from ops.reach_kafka import kafka
    from ops.recover import StillServingError, recovered, sentences, settled
    from shared.runtime.recover import Recalled

    if service not in catalogue.NAMES:
        raise fail(f"there is no service {service!r}: choose one of {', '.join(catalogue.NAMES)}")
    settings = reached(kafka=not settle)
    if settle:
        left, waiting = run(settled(settings, catalogue.service(service)))
        for one in left:
            typer.echo(f"{one.process}: {one.what} stands as published; what it followed from ({one.cause}) is gone.")
        typer.echo(f"{len(left)} events are not waited for any more, {waiting} are: what they follow from is to come.")
        return

    async def read() -> list[Recalled]:
        async with kafka():
            return await recovered(settings, catalogue.service(service))

    try:
        found = run(read())
    except StillServingError as error:
        raise fail(str(error)) from error
    for sentence in sentences(service, found):
        typer.echo(sentence)


class Kind(StrEnum):
    """What the local stack is made of."""

    NATIVE = "native"
    CONTAINERS = "containers"


def _stack_name(given: str) -> str:
    """It becomes a folder of the checkout's own."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", given):
        raise fail(f"{given!r} is no name for a stack: use small letters, digits and -", 2)
    return given


StackName = Annotated[
    str, typer.Option("--name", help="Which local stack, where several are kept.", callback=_stack_name)
]


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
    which = "" if name == "stack" else f" --name {name}"
    letters = started.mail_page or (started.mail_dir and started.mail_dir / "new")
    typer.echo(f"# Letters can be read at {letters}.")
    typer.echo(f"# `makegood migrate` makes topics and tables; `makegood down{which}` ends the stack.")


@app.command()
def down(name: StackName = "stack") -> None:
    """End the local stack that `makegood up` left running. Its data stay, except in containers."""
    from ops.local.stack import Stack

    run(Stack.down(ROOT, name=name))
    typer.echo(f"The stack {name!r} has ended.")


@app.command("file")
def file_(
    lines: Annotated[
        typer.FileBinaryRead,
        typer.Argument(metavar="FILE", help="JSONL, one submission a line; - reads standard input."),
    ],
) -> None:
    """Publish submissions just as they are. Lines that are no submission go too: intake refuses them, with reasons.

    Exit 1, after all others are out, if a line was too large to publish or intake will refuse it, or if there was none.
    """
    from ops.file import file

    filed = run(file(reached(database=False), lines))
    for sentence in filed.sentences():
        typer.echo(sentence)
    if not filed.is_whole:
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

    settings = reached(kafka=False)
    story = run(read())
    if as_json:
        typer.echo(story.as_json())
    else:
        show_text.write(console, story)


dead_letters = typer.Typer(
    help="What could not be heard: look at it, and let it be heard once more.", no_args_is_help=True
)
app.add_typer(dead_letters, name="dead-letters")
DeadId = Annotated[str, typer.Argument(metavar="ID", help="As listed: intake:12, or escalation/KEY for a parked key.")]


@dead_letters.command("list")
def list_(
    replayed: Annotated[bool, typer.Option("--all", help="Also those that were replayed.")] = False,
    most: Annotated[int, typer.Option(min=1, help="Most of each service.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List dead letters (bytes that are no fact) and parked keys (facts that no decision could be taken on)."""
    from ops import dead_letters
    from ops.reach import database

    async def read() -> tuple[list[dead_letters.ParkedKey], list[dead_letters.DeadLetter], int]:
        async with database(settings) as look:
            return await dead_letters.listed(look, replayed=replayed, most=most)

    settings = reached(kafka=False)
    parked, letters, more = run(read())
    if as_json:
        plain = [dead_letters.as_plain(one, with_bytes=False) for one in (*parked, *letters)]
        typer.echo(json.dumps({"found": plain, "more": more}, indent=2))
    else:
        dead_letters.write_list(console, parked, letters, more)


@dead_letters.command("show")
def show_dead_letter(
    given: DeadId,
    with_bytes: Annotated[bool, typer.Option("--bytes", help="Also what was sent; it may be personal.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what is wrong with one, and where it came from."""
    from ops import dead_letters
    from ops.reach import database

    async def read() -> dead_letters.Found:
        async with database(settings) as look:
            return await dead_letters.found(look, given)

    settings = reached(kafka=False)
    one = run(read())
    if as_json:
        typer.echo(json.dumps(dead_letters.as_plain(one, with_bytes=with_bytes), indent=2))
    else:
        dead_letters.write_one(console, one, with_bytes=with_bytes)


@dead_letters.command("replay")
def replay(
    given: DeadId,
    again: Annotated[bool, typer.Option("--again", help="Also when it was replayed before.")] = False,
    as_published: Annotated[
        bool, typer.Option(help="A decision that differs from what was published: take it, publish nothing anew.")
    ] = False,
) -> None:
    """Let one be heard again: publish a dead letter just as it was, or decide a parked key's facts in their order."""
    from ops import dead_letters

    typer.echo(run(dead_letters.replay(reached(), given, again=again, as_published=as_published)))


@app.command()
def reconcile(
    claim: Annotated[str | None, typer.Argument(metavar="[CLAIM]", help="Only this claim or submission id.")] = None,
    *,
    topics: Annotated[bool, typer.Option(help="Also read the topics.")] = True,
    every: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="Again and again until SIGTERM, with metrics.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of /metrics; else MAKEGOOD_HTTP_PORT.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare topics, states, outbox, journal, ledger and finance's results.

    Exits 1 when something differs, and 2 when a server could not be reached: then nothing is known. The services may be
    at work: what is on its way at the moment of the look is counted, and is no difference.
    """
    from ops import reconcile
    from ops.reach import database
    from ops.reconcile.text import write

    if every is not None:
        if claim is not None or as_json:
            raise fail("--every compares everything, and shows it at /metrics: leave out the claim and --json")
        _reconcile_every(every, port, topics=topics)
        return

    async def read() -> reconcile.Account:
        async with database(settings) as look:
            return await reconcile.reconcile(look, claim, settings if topics else None)

    settings = reached(kafka=topics)
    account = run(read())
    if as_json:
        typer.echo(account.as_json())
    else:
        write(console, account)
    if account.differences:
        raise typer.Exit(1)


def _reconcile_every(seconds: float, port: int, *, topics: bool) -> None:
    from ops.reconcile.job import Job
    from shared.runtime.structured_logs import configure

    settings = reached(kafka=topics)
    if not (port := port or settings.http_port):
        raise fail("nobody would see it: name a port for /metrics with --port or MAKEGOOD_HTTP_PORT", 2)
    configure("reconcile", settings.log_level)
    uvloop.run(Job(settings, seconds, topics=topics).run(port))


@app.command()
def simulate(
    *,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to try.")] = 1000,
    first: Annotated[int, typer.Option("--from", min=0, help="The first seed.")] = 0,
    trace: Annotated[int | None, typer.Option(min=0, help="Tell the whole story of this seed.", metavar="SEED")] = None,
    shortest: Annotated[bool, typer.Option(help="With --trace: the shortest story that is as wrong.")] = False,
    jobs: Annotated[int, typer.Option(min=0, max=256, help="Processes at a time; 0: one for each processor.")] = 0,
) -> None:
    """Run all services in one thread and in virtual time against everything that can go wrong.

    The same seed is the same story to the letter. Exits 1 when something was that must not be, and tells the shortest
    story in which it is.
    """
    from ops.simulation.report import simulate, trace_of

    if trace is not None:
        raise typer.Exit(trace_of(trace, console, shortest=shortest))
    raise typer.Exit(simulate(first, seeds, jobs, console))


@app.command()
def bench(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="routes, limit (none: these two), latency, deciding, replicas, small, growth, databases, peers."
        ),
    ] = None,
    *,
    claims: Annotated[int, typer.Option(min=10, help="Claims per round.")] = 5000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; their median is the result.")] = 3,
    most: Annotated[
        int, typer.Option(min=0, help="Growth: most claims of history, or pending deadlines.")
    ] = 10_000_000,
    file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Append each round there.")] = None,
    short: Annotated[bool, typer.Option("--short", help="A minute: whether all runs, not how fast.")] = False,
) -> None:
    """Measure on this machine, in one run and on a stack of its own: claims per second, and CPU of everything.

    The table in docs/performance.md is made of the FILE of one run, by `python -m bench.render FILE`.
    """
    try:
        from bench.command import USUAL, WHAT
        from bench.plan import SHORT, Plan
        from bench.show import show
    except ModuleNotFoundError as error:
        if error.name != "bench":
            raise
        raise fail("the bench is not part of an image: run it in a checkout") from error

    wanted = what or list(USUAL)
    if unknown := [name for name in wanted if name not in WHAT]:
        raise fail(f"nothing is measured by the name {unknown[0]}: choose of {', '.join(WHAT)}")
    if file is not None and not file.resolve().parent.is_dir():
        raise fail(f"there is no folder for {file}: make it, or name another file")
    for name in [name for name in os.environ if name.startswith("MAKEGOOD_")]:
        del os.environ[name]  # its stack and its clock are its own
    try:
        run(show(ROOT, wanted, SHORT if short else Plan(claims, rounds).up_to(most), file, console))
    except typer.Exit:
        raise
    except (RuntimeError, TimeoutError) as error:
        why = str(error) or "a round did not end in time"
        raise fail(f"the bench broke off ({why}): see the logs in {ROOT}/.makegood/bench/logs") from error


@app.command()
def docs(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a document is stale.")] = False,
) -> None:
    """Generate the documents that follow from the code: event catalogue, schemas, tables."""
    from ops.docs import DocsError, generate

    try:
        stale = generate(ROOT, check)
    except DocsError as error:
        raise fail(str(error)) from error
    if check and stale:
        raise fail(f"stale: {', '.join(stale)}; run `makegood docs`")
    typer.echo(f"Written: {', '.join(stale)}" if stale else "Every document is up to date.")


if __name__ == "__main__":
    sys.exit(app())
