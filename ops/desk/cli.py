"""``makegood desk …``."""

import typer

app = typer.Typer(
    help="The work of adjusters and approvers: what waits for a person, and what he decides.", no_args_is_help=True
)


def overdue() -> None:
    """List what is overdue by the handling clocks."""
