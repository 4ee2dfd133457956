"""What a service had said and then forgot, because its database was restored from an older backup.

`makegood recover` reads it back from the topics. The decisions that said it are taken again, at the moments they had;
what they say must be what was published, for others have heard it: the published fact wins, and a decision that
differs parks its key.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Final

from shared.runtime.store import ToldRow

MOST_OF_A_TYPE: Final = 100
"""Events of one type that one decision may say: up to so many are known by their ids when they are read back."""
UNKNOWN: Final = "unknown"
"""The header ``ce_reference`` of a decision that was taken while the reference was not known."""
Said = tuple[str, str, str, str]
"""Id, type, body and stream of one event."""


class Told:
    """All that some lanes had said and forgot, by the cause that it followed from."""

    def __init__(self, rows: Iterable[ToldRow] = ()) -> None:
        self.retold: list[tuple[int, str]] = []
        """Lane and cause of what has been said again by now."""
        self._by_cause: dict[str, dict[str, ToldRow]] = {}
        self._last: dict[int, datetime] = {}
        self._asked: dict[str, set[str]] = {}
        self._passed: dict[str, set[str]] = {}
        self._reached: dict[tuple[int, str], datetime] = {}
        for row in rows:
            self._last[row.lane] = max(row.moment, self._last.get(row.lane, row.moment))
            stream = (row.lane, row.stream)
            self._reached[stream] = max(row.moment, self._reached.get(stream, row.moment))
            if row.done:
                continue
            self._by_cause.setdefault(row.cause, {})[row.id] = row
            self._asked.setdefault(row.cause.rpartition("@")[0], set()).add(row.cause)
            self._passed.setdefault(row.cause.rpartition("/")[0], set()).add(row.cause)

    def __contains__(self, cause: str) -> bool:
        return cause in self._by_cause

    def __len__(self) -> int:
        """Events, and not causes."""
        return sum(map(len, self._by_cause.values()))

    def named(self) -> Iterator[str]:
        """What may be a key: a deadline's cause, and that of a changed reference, name one."""
        for cause in self._by_cause:
            parts = cause.split("/")
            names = ("/".join(parts[i:j]) for i in (0, 1) for j in range(i + 1, len(parts)))
            yield from filter(None, names)

    def moment(self, cause: str) -> datetime | None:
        """When the decision on this cause was taken; None: nothing was said that is not on record."""
        rows = self._by_cause.get(cause)
        return next(iter(rows.values())).moment if rows else None

    def number(self, cause: str) -> int | None:
        """Which change of the key's state the decision on this cause was, counted from 1."""
        rows = self._by_cause.get(cause)
        return next(iter(rows.values())).number if rows else None

    def was_unknown(self, cause: str) -> bool:
        """Whether this decision was taken before the reference had been read to its end."""
        rows = self._by_cause.get(cause)
        return bool(rows) and next(iter(rows.values())).reference == UNKNOWN

    def reference(self, cause: str) -> tuple[str, int] | None:
        """Key and number of the fact of the reference that this decision saw; None: it saw none."""
        rows = self._by_cause.get(cause)
        seen = next(iter(rows.values())).reference if rows else None
        if seen is None or seen == UNKNOWN:
            return None
        key, _, n = seen.rpartition("@")
        return key, int(n)

    def references(self) -> set[tuple[str, int]]:
        """All of them."""
        found = (self.reference(cause) for cause in self._by_cause)
        return {seen for seen in found if seen is not None}

    def last(self, lane: int) -> datetime | None:
        """The latest moment of a lane that is forgotten."""
        return self._last.get(lane)

    def said(self, cause: str, event_id: str) -> bool:
        """Whether this very event is on its topic already."""
        return event_id in self._by_cause.get(cause, {})

    def came_out(self, lane: int, cause: str, stream: str) -> bool:
        """Whether all that this decision said on a stream was published: something that came later on it was."""
        moment, reached = self.moment(cause), self._reached.get((lane, stream))
        return moment is not None and reached is not None and reached > moment

    def difference(self, lane: int, cause: str, says: Iterable[Said]) -> str | None:
        """How a decision differs from what was published. None: it does not, as far as it had come out."""
        published = dict(self._by_cause.get(cause, {}))
        differing: set[str] = set()
        for event_id, kind, body, stream in says:
            row = published.pop(event_id, None)
            same = fingerprint(kind, body) == row.said if row is not None else not self.came_out(lane, cause, stream)
            if not same:
                differing.add(kind)
        differing |= {row.type for row in published.values()}
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

    def deadlines(self, process: str, key: str) -> list[tuple[str, datetime]]:
        """Causes and moments of the deadlines of a key that said something when they passed, in their order."""
        begin = f"{process}/{key}"
        found = [(cause, _moment(cause.removeprefix(f"{begin}/"))) for cause in self._passed.get(begin, ())]
        return sorted((cause, at) for cause, at in found if at is not None and cause in self)


def _moment(text: str) -> datetime | None:
    """None: it is none, and its cause no deadline: that of a changed reference, and a key named like a process."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def fingerprint(*texts: str) -> str:
    """Short, and the same for the same texts; of an event: its type and its body."""
    return blake2b("\n".join(texts).encode(), digest_size=6).hexdigest()
