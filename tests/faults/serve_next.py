"""One replica of the version after this one: ``python -m tests.faults.serve_next SERVICE``.

In it, an accepted claim tells by which channel it came: a field that may be left out, as events may grow.
"""

import sys

from pydantic.fields import FieldInfo

from ops.cli import app
from shared.events.intake import ClaimAccepted

CHANNEL = "app"


def grow() -> None:
    """Adds the field to the contract, as its next version would be written."""
    ClaimAccepted.model_fields["channel"] = FieldInfo(annotation=str, default=CHANNEL)  # pyright: ignore[reportArgumentType]
    ClaimAccepted.__annotations__["channel"] = str
    ClaimAccepted.model_rebuild(force=True)


if __name__ == "__main__":
    grow()
    sys.argv = ["makegood", "serve", sys.argv[1]]
    app()
