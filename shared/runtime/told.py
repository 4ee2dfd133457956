"""What a service had said and then forgot, because its database was restored from an older backup.

`makegood recover` reads it back from the topics. The decisions that said it are taken again, at the moments they had;
what they say must be what was published, for others have heard it: the published fact wins, and a decision that
differs parks its key.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple


class ToldRow(NamedTuple):
    """One event that was published, and that the database does not know. ``said``: fingerprint of type and body."""

    lane: int
    cause: str
    id: str
    moment: datetime
    type: str
    said: str


class Told:
    """All that some lanes had said and forgot, by the cause that it followed from."""

    def __init__(self, rows: Iterable[ToldRow] = ()) -> None:
        self.retold: list[tuple[int, str]] = []
        """Lane and cause of what has been said again by now."""
        self._by_cause: dict[str, dict[str, ToldRow]] = {}
        self._last: dict[int, datetime] = {}
        self._asked: dict[str, set[str]] = {}
        for row in rows:
            self._by_cause.setdefault(row.cause, {})[row.id] = row
            self._last[row.lane] = max(row.moment, self._last.get(row.lane, row.moment))
            self._asked.setdefault(row.cause.rpartition("@")[0], set()).add(row.cause)

    def __contains__(self, cause: str) -> bool:
        return cause in self._by_cause

    def moment(self, cause: str) -> datetime | None:
        """When the decision on this cause was taken; None: nothing was said that is not on record."""
        rows = self._by_cause.get(cause)
        return next(iter(rows.values())).moment if rows else None

    def last(self, lane: int) -> datetime | None:
        """The latest moment of a lane that is forgotten."""
        return self._last.get(lane)

    def said(self, cause: str, event_id: str) -> bool:
        """Whether this very event is on its topic already."""
        return event_id in self._by_cause.get(cause, {})

    def difference(self, cause: str, says: Mapping[str, tuple[str, str]]) -> str | None:
        """How a decision differs from what was published; ``says``: id → type and body. None: it does not."""
        published = self._by_cause.get(cause, {})
        differing = {says[i][0] if i in says else published[i].type for i in says.keys() ^ published.keys()}
        differing |= {says[i][0] for i in says.keys() & published.keys() if fingerprint(*says[i]) != published[i].said}
        if not differing:
            return None
        return f"differs from what was published before the database was restored ({', '.join(sorted(differing))})"

    def tell(self, cause: str) -> int:
        """What followed from this cause has been said again; how many events that were."""
        rows = self._by_cause.pop(cause, {})
        self.retold += {(row.lane, cause) for row in rows.values()}
        return len(rows)

    def asked(self, key: str, watched: str) -> list[str]:
        """The causes by which a key was asked because what it watches had changed, as the store names them."""
        return sorted(cause for cause in self._asked.get(f"{key}/asked/{watched}", ()) if cause in self)


def fingerprint(kind: str, body: str) -> str:
    """Short, and the same for the same type and body."""
    return blake2b(f"{kind}\n{body}".encode(), digest_size=8).hexdigest()
