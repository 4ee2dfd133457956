"""On which line of a TOML file a field stands: the parser of the standard library does not tell."""

import re
from collections.abc import Iterator
from typing import Final

Where = tuple[str | int, ...]
"""The way to a field, such as ("versions", 0, "handling", "cap_minor")."""

_HEADER: Final = re.compile(r"""\s*(\[\[?)\s*([\w."' -]+?)\s*\]\]?\s*(?:\#.*)?""")
_KEY: Final = re.compile(r"""\s*([\w."' -]+?)\s*=""")


class Lines:
    """The lines of one file that open a table or a field."""

    def __init__(self, text: str) -> None:
        self._lines = list(_lines(text))

    def of(self, where: Where) -> int | None:
        """The line of a field; of a missing one, or one written over several lines, the nearest that leads to it."""
        leading = [(len(way), -number) for number, way in self._lines if way == where[: len(way)]]
        return -max(leading)[1] if leading else None


def _lines(text: str) -> Iterator[tuple[int, Where]]:
    newest: dict[Where, int] = {}
    table = Where()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(line):
            table = _opened(_parts(header[2]), newest, one_more=header[1] == "[[")
            yield number, table
        elif key := _KEY.match(line):
            yield number, (*table, *_parts(key[1]))


def _opened(parts: Where, newest: dict[Where, int], *, one_more: bool) -> Where:
    """The table that a header opens: in a list of tables (``newest`` knows their numbers) it is in the last of them."""
    way = Where()
    for part in parts:
        way = (*way, part)
        if one_more and len(way) - sum(isinstance(step, int) for step in way) == len(parts):
            newest[way] = newest.get(way, -1) + 1
        if way in newest:
            way = (*way, newest[way])
    return way


def _parts(dotted: str) -> Where:
    return tuple(part.strip(" \"'") for part in dotted.split("."))
