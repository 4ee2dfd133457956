"""``makegood policy …``."""

import typer

app = typer.Typer(
    help="The rules of the marketplaces: shown, compared, explained, tried on history.", no_args_is_help=True
)


@app.callback()
def group() -> None:
    """Commands follow."""
