"""What a statement of the runtime touches: the very statement, planned as for a replica, explained by the database."""

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self


class Touched(NamedTuple):
    """By one execution. ``buffers``: pages of tables and indexes that were looked at, wherever they were."""

    rows: int
    buffers: int
    ms: float
    full_scans: int


class Explained:
    """Stands where the runtime has a connection, or a pool of them; nothing is ever found.

    ``connection`` has the search path that the statements expect.
    """

    def __init__(self, connection: Any, table: str) -> None:
        """``table``: whose full scans are counted."""
        self._connection, self._table = connection, table
        self.touched: list[Touched] = []
        """By each statement that was asked."""

    @asynccontextmanager
    async def acquire(self, timeout: float) -> AsyncGenerator[Self]:  # noqa: ASYNC109 - as a pool has it
        yield self

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        await self._connection.execute(f"set plan_cache_mode = force_generic_plan; prepare asked as {query}")
        try:
            given = ", ".join(map(literal, arguments))
            told = await self._connection.fetchval(f"explain (analyze, buffers, format json) execute asked({given})")
        finally:
            await self._connection.execute("deallocate asked")
        self.touched.append(touched(json.loads(told)[0], self._table))
        return []


def touched(explained: Mapping[str, Any], table: str) -> Touched:
    """``explained``: the one element of what EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) gives."""
    plan = explained["Plan"]
    buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    scans = sum(node["Node Type"] == "Seq Scan" and node["Relation Name"] == table for node in _nodes(plan))
    return Touched(round(plan["Actual Rows"]), buffers, explained["Execution Time"], scans)


def literal(value: Any) -> str:
    """As SQL has it: EXECUTE takes no parameters of its own."""
    text = "{" + ",".join(f'"{one}"' for one in value) + "}" if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownVariableType]
    return "'" + text.replace("'", "''") + "'"


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for node in plan.get("Plans", ()):
        yield from _nodes(node)
