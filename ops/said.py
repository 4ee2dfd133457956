"""Where in an outbox is what was said at a given moment: a lane's positions go forward as its moments do.

The outbox has no index by key, which every event would pay for; so it is looked up as a word is in a dictionary. Only
in a lane that was recovered what had not come out stands behind what had, with its moment of then: all is looked at.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ops.reach import Database

EVERY_POSITION: Final = (0, 2**63 - 1)
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Outbox:
    """Of one lane of one process."""

    database: Database
    service: str
    process: str
    lane: int

    async def said_at(self, moments: Iterable[datetime]) -> list[tuple[int, int]]:
        """For each moment the first position, and the one after the last; of a lane that was recovered all of it."""
        [row] = await self.database.rows(self.service, _ENDS, self.process, self.lane)
        if row["first"] is None:
            return []
        ends = (row["first"], row["last"] + 1)
        if row["epoch"] > 1:
            return [ends]
        return [(await self._first(at, *ends), await self._first(at + _TICK, *ends)) for at in moments]

    async def _first(self, at: datetime, low: int, high: int) -> int:
        """The first position between these that was not said before."""
        while low < high:
            middle = (low + high) // 2
            [row] = await self.database.rows(self.service, _NEXT, self.process, self.lane, middle)
            if _time(row["headers"]) < at:
                low = row["position"] + 1
            else:
                high = middle
        return low


def _time(headers: str) -> datetime:
    return datetime.fromisoformat(dict(json.loads(headers))["ce_time"])


_ENDS: Final = (
    "select min(position) as first, max(position) as last, "
    "(select epoch from lane where process = $1 and n = $2) as epoch from outbox where process = $1 and lane = $2"
)
_NEXT: Final = (
    "select position, headers from outbox where process = $1 and lane = $2 and position >= $3 order by position limit 1"
)
