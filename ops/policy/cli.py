"""``makegood policy …``."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from ops.terminal import AsJson, console, fail, reached, run

app = typer.Typer(
    help="The rules of the marketplaces: shown, compared, explained, tried on history.", no_args_is_help=True
)

On = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], metavar="DATE", help="In force on this day.")
]
Which = Annotated[str, typer.Argument(metavar="VERSION", help="A version, a marketplace, or the path of a .toml file.")]


@app.command()
def show(
    which: Annotated[
        str | None, typer.Argument(metavar="[MARKETPLACE|VERSION]", help="Without it: a list of all versions.")
    ] = None,
    on: On = None,
    as_json: AsJson = False,
) -> None:
    """Show every figure of a policy, and which version writes it: what a version does not write itself is inherited."""
    from ops.policy import figures
    from shared.policy import PolicyError
    from shared.policy.files import versions

    day = _day(on)
    try:
        if which is None:
            every = versions(_folder())
            if as_json:
                typer.echo(f"[{', '.join(figures.as_json(figures.sight(version)) for version in every)}]")
            else:
                figures.write_list(console, every, day)
            return
        sight = figures.sight(figures.found(_folder(), which, day))
    except PolicyError as error:
        raise fail(str(error)) from error
    if as_json:
        typer.echo(figures.as_json(sight))
    else:
        figures.write(console, sight)


@app.command()
def diff(first: Which, second: Which, on: On = None, as_json: AsJson = False) -> None:
    """Compare two policies figure by figure. Exits 0 whether they differ or not."""
    from ops.policy import figures
    from shared.policy import PolicyError

    try:
        one, two = (figures.found(_folder(), given, _day(on)) for given in (first, second))
    except PolicyError as error:
        raise fail(str(error)) from error
    if as_json:
        typer.echo(figures.differences_as_json(figures.differences(one, two)))
    else:
        figures.write_differences(console, one, two)


@app.command()
def explain(
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help="A claim id or a submission id.")],
    as_json: AsJson = False,
) -> None:
    """Tell every decision of a claim: what was heard, the rule, its inputs, what followed; and take it again.

    Exits 1 when a decision taken again from what was recorded is not the same as then.
    """
    from ops.policy import explain_text
    from ops.policy.explain import Account
    from ops.policy.explain import explain as tell
    from ops.reach import database
    from shared.policy import PolicyError, load

    async def read() -> Account:
        async with database(settings) as look:
            return await tell(look, claim, load(_folder()))

    settings = reached(kafka=False)
    try:
        account = run(read())
    except PolicyError as error:
        raise fail(str(error)) from error
    if as_json:
        typer.echo(explain_text.as_json(account))
    else:
        explain_text.write(console, account)
    if account.differing:
        raise typer.Exit(1)


@app.command()
def simulate(
    file: Annotated[
        Path,
        typer.Option(
            "--with", metavar="FILE", exists=True, dir_okay=False, help="A policy file with the proposed version."
        ),
    ],
    claims: Annotated[int, typer.Option(min=1, help="Only the last so many claims.")] = 5000,
    as_json: AsJson = False,
) -> None:
    """Try a policy on history: what would have become of the claims on record, and what would it have cost?

    Reads from the journals what everybody outside said, and lives it twice, in memory: under the policies on record,
    and with the version in FILE for all claims of its marketplace. Changes nothing anywhere.
    """
    from ops.policy import simulate_text
    from ops.policy.history import History, history
    from ops.policy.simulate import proposed_policies
    from ops.policy.simulate import simulate as lived
    from ops.reach import database
    from shared.policy import PolicyError, load

    async def read() -> History:
        async with database(settings) as look:
            return await history(look, load(_folder()), claims)

    settings = reached(kafka=False)
    try:
        found = run(read())
        policies, pairs = proposed_policies(found.policies, file, _folder())
    except PolicyError as error:
        raise fail(str(error)) from error
    report = lived(found, policies)
    if as_json:
        typer.echo(simulate_text.as_json(report, pairs))
    else:
        simulate_text.write(console, report, pairs)


def _day(on: datetime | None) -> date:
    return on.date() if on is not None else datetime.now(UTC).date()


def _folder() -> Path:
    """Where the policies are that a service here would read."""
    from ops.reach import ReachError, of_the_environment
    from shared.policy.files import HERE

    try:
        return of_the_environment().policy_folder or HERE
    except ReachError as error:
        raise fail(str(error), 2) from error
