"""``makegood ledger …``."""

import typer

app = typer.Typer(help="The books of recovery: statements, aging, export.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Commands follow."""
