"""``makegood desk …`` and ``makegood overdue``."""

import json
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from ops.desk.overdue import Clock
from ops.desk.question import Desk, Question
from ops.terminal import AsJson, console, reached, run
from shared.events.base import Event
from shared.events.claim import Reason

app = typer.Typer(
    help="The work of adjusters and approvers: what waits for a person, and what he decides.", no_args_is_help=True
)
Q = TypeVar("Q", bound=Question)

Claim = Annotated[str, typer.Argument(metavar="CLAIM", help="A claim id or a submission id.")]
Adjuster = Annotated[
    str, typer.Option("--adjuster", metavar="NAME", help="Who decides, as m.okafor: one name a person.")
]
Approver = Annotated[
    str,
    typer.Option(
        "--approver", metavar="NAME", help="Who answers for the payout: one name a person, whatever he acts as."
    ),
]
Reasons = Annotated[
    list[str] | None,
    typer.Option("--reason", metavar="CODE", help=f"Such as NOT_PROVEN; repeatable. One of {', '.join(Reason)}."),
]


@app.command()
def queue(
    desk: Annotated[Desk | None, typer.Option("--for", help="Only what this desk answers.")] = None,
    marketplace: Annotated[str | None, typer.Option(metavar="CODE", help="Only this marketplace, as US.")] = None,
    as_json: AsJson = False,
) -> None:
    """List everything that waits for a person, the most urgent first."""
    from ops.desk import text
    from ops.desk.asked import questions
    from ops.desk.question import as_plain, by_urgency
    from ops.reach import database
    from shared.runtime.clock import ScaledClock

    async def read() -> list[Question]:
        async with database(settings) as look:
            return await questions(look, settings)

    settings = reached(kafka=False)
    now = ScaledClock.from_settings(settings).now()
    found = [one for one in run(read()) if desk in (None, one.desk)]
    found = [one for one in found if marketplace is None or one.marketplace == marketplace.upper()]
    if as_json:
        plain = [as_plain(one, now) for one in by_urgency(found, now)]
        typer.echo(json.dumps({"questions": plain}, indent=2))
    else:
        text.write_queue(console, by_urgency(found, now), now)


@app.command()
def show(claim: Claim, as_json: AsJson = False) -> None:
    """Tell what an adjuster needs to decide: items, the other side's answer, signals, figures, what happened so far."""
    from ops.desk import text
    from ops.desk.asked import case_file_of
    from ops.desk.case_file import CaseFile
    from ops.reach import database
    from shared.runtime.clock import ScaledClock

    async def read() -> CaseFile:
        async with database(settings) as look:
            return await case_file_of(look, settings, claim)

    settings = reached(kafka=False)
    now = ScaledClock.from_settings(settings).now()
    file = run(read())
    if as_json:
        typer.echo(json.dumps(file.as_plain(now), indent=2))
    else:
        text.write_case_file(console, file, now)


@app.command()
def review(
    claim: Claim,
    adjuster: Adjuster,
    valid: Annotated[bool, typer.Option("--valid/--invalid", help="Whether the claim is believed.")],
    items: Annotated[
        list[str] | None,
        typer.Option(
            "--item", metavar="ITEM=AMOUNT:REASON", help="What to allow of an item; reasons as below; repeatable."
        ),
    ] = None,
    reasons: Reasons = None,
) -> None:
    """Decide the review that is open. Items left out are allowed as admitted.

    Where only some items are contested it is about those: the others are paid, also with --invalid.

    makegood desk review CLAIM --adjuster m.okafor --valid --item 2=100.00:NOT_PROVEN
    """
    from ops.desk import answers
    from ops.desk.question import Review

    verdict = answers.Verdict(adjuster, valid, items or (), reasons or ())
    _decide(claim, Review, adjuster, lambda asked: answers.reviewed(asked, verdict))


@app.command()
def approve(claim: Claim, approver: Approver) -> None:
    """Say yes to the payout that waits for two approvals; another person than the review's adjuster must."""
    from ops.desk import answers
    from ops.desk.question import Approval

    _decide(claim, Approval, approver, lambda asked: answers.approved(asked, approver))


@app.command()
def refuse(claim: Claim, approver: Approver) -> None:
    """Say no to the payout that waits for approval: an adjuster looks at the amount again."""
    from ops.desk import answers
    from ops.desk.question import Approval

    _decide(claim, Approval, approver, lambda asked: answers.refused(asked, approver))


@app.command()
def appeal(
    claim: Claim,
    adjuster: Adjuster,
    won: Annotated[bool, typer.Option("--won/--lost", help="Whether the seller is right.")],
    reasons: Reasons = None,
) -> None:
    """Decide what a seller says against a payment. Won: he owes nothing; the customer keeps the money either way."""
    from ops.desk import answers
    from ops.desk.question import Appeal

    _decide(claim, Appeal, adjuster, lambda asked: answers.judged(asked, adjuster, won=won, reasons=reasons or ()))


@app.command()
def duplicate(
    claim: Claim,
    of: Annotated[str, typer.Option("--of", metavar="CLAIM", help="The claim that it repeats, and that goes on.")],
    adjuster: Adjuster,
) -> None:
    """End a claim that repeats another one; what was paid on it is called back."""
    from ops.desk import answers
    from ops.desk.asked import ended_as_duplicates, two_claims
    from ops.desk.publishing import publish
    from ops.reach import database

    async def decide() -> Event:
        async with database(settings) as look:
            first, second = await two_claims(look, claim, of)
            duplicates = await ended_as_duplicates(look, first, second)
        event = answers.duplicate(first, second, adjuster, duplicates=duplicates)
        await publish(settings, event, adjuster, None)
        return event

    settings = reached()
    _tell(run(decide()))


def _decide(claim: str, kind: type[Q], by: str, answer: Callable[[Q], Event]) -> None:
    """Answers the question of this kind that is open about a claim."""
    from ops.desk import text
    from ops.desk.asked import question
    from ops.desk.publishing import publish
    from ops.reach import database

    async def decide() -> Event:
        async with database(settings) as look:
            asked = await question(look, settings, claim, kind)
        event = answer(asked)
        for sentence in text.beside(asked):
            typer.echo(sentence)
        await publish(settings, event, by, asked.decide_by)
        return event

    settings = reached()
    _tell(run(decide()))


def _tell(event: Event) -> None:
    assert event.topic is not None
    typer.echo(f"Published to {event.topic.name}: {event.type_name()}.")
    typer.echo(f"See what becomes of it: makegood desk show {event.key}")


def overdue(
    clock: Annotated[Clock | None, typer.Option(help="Only what this handling clock shows.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what is overdue by the handling clocks, the longest overdue first, and whose step it is."""
    from ops.desk import overdue as late
    from ops.reach import database
    from shared.runtime.clock import ScaledClock

    async def read() -> list[late.Overdue]:
        async with database(settings) as look:
            return await late.overdue(look, now, clock)

    settings = reached(kafka=False)
    now = ScaledClock.from_settings(settings).now()
    found = run(read())
    if as_json:
        typer.echo(late.as_json(found, now))
    else:
        late.write(console, found, now)
