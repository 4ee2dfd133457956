"""What was said at a moment is found wherever it stands in its lane."""

import asyncio
import json
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ops.reach import Database
from ops.said import Outbox

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


class Lane(Database):
    """Rows as PostgreSQL would give them: (position, moment), both going forward; old positions are gone."""

    def __init__(self, said: list[tuple[int, datetime]], *, epoch: int = 1) -> None:
        self._said, self._epoch, self.asked = said, epoch, 0

    async def rows(self, service: str, sql: str, *arguments: Any) -> list[Any]:
        self.asked += 1
        positions = [position for position, _ in self._said]
        if len(arguments) == 2:
            return [{"first": min(positions, default=None), "last": max(positions, default=None), "epoch": self._epoch}]
        position, at = self._said[bisect_left(positions, arguments[2])]
        return [{"position": position, "headers": json.dumps([("ce_time", at.isoformat())])}]


@given(
    st.integers(min_value=1, max_value=10**6),
    st.lists(st.tuples(st.integers(min_value=0, max_value=3), st.integers(min_value=0, max_value=2)), max_size=60),
)
def test_each_moment_is_found_with_all_that_was_said_at_it(first: int, steps: list[tuple[int, int]]) -> None:
    said: list[tuple[int, datetime]] = []
    position, at = first, BEGAN
    for gap, later in steps:
        position, at = position + 1 + gap, at + timedelta(microseconds=later)
        said.append((position, at))
    moments = [*sorted({at for _, at in said}), BEGAN - timedelta(days=1), BEGAN + timedelta(days=1)]
    ranges = asyncio.run(Outbox(Lane(said), "intake", "intake", 0).said_at(moments))
    for moment, (begin, after) in zip(moments, ranges, strict=bool(said)):
        assert [one for one in said if begin <= one[0] < after] == [one for one in said if one[1] == moment]


def test_few_rows_are_looked_at_however_many_there_are() -> None:
    lane = Lane([(n, BEGAN + timedelta(seconds=n)) for n in range(1, 100_001)])
    assert asyncio.run(Outbox(lane, "intake", "intake", 0).said_at([BEGAN + timedelta(seconds=70_000)])) == [
        (70_000, 70_001)
    ]
    assert lane.asked < 40


def test_in_a_lane_that_was_recovered_nothing_is_passed_over() -> None:
    recalled, said_again = (1, BEGAN + timedelta(seconds=1)), (2, BEGAN)
    lane = Lane([recalled, said_again], epoch=2)
    assert asyncio.run(Outbox(lane, "intake", "intake", 0).said_at([BEGAN])) == [(1, 3)]
