"""What is on record for looking back: the policies that were used, and the journals."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from ops.policy.retake import Entry, Past
from ops.reach import Database
from shared.events.base import PARTITIONS
from shared.policy import Policies, Policy
from shared.policy.differences import changed
from shared.runtime import Process
from shared.runtime.lanes import partition_of


class RecordedPolicies:
    """The versions that a service has decided by, with the moment of their first use."""

    def __init__(self, used: Iterable[tuple[Policy, datetime]]) -> None:
        self._used = sorted(used, key=lambda one: one[1])
        self._known: dict[int, Policies] = {}

    def at(self, moment: datetime) -> Policies:
        """Those in use then: a version that was added later decided nothing before."""
        first = self._used[0][1] if self._used else moment
        return self._first(sum(since <= max(moment, first) for _, since in self._used))

    def all(self) -> Policies:
        return self._first(len(self._used))

    def _first(self, number: int) -> Policies:
        if number not in self._known:
            self._known[number] = Policies([policy for policy, _ in self._used[:number]])
        return self._known[number]


async def recorded_policies(look: Database, service: str, shipped: Policies) -> RecordedPolicies:
    """Those on record. One that the code can no longer read is taken from the files, if they say the same."""
    known = {policy.version: policy for policy in shipped.versions()}
    used: list[tuple[Policy, datetime]] = []
    for row in await look.rows(service, "select version, body, first_used_at from policy_version"):
        policy = _readable(row["body"], known.get(row["version"]))
        if policy is not None:
            used.append((policy, row["first_used_at"]))
    if not used:
        used = [(policy, datetime.min.replace(tzinfo=UTC)) for policy in known.values()]
    return RecordedPolicies(used)


def _readable(body: str, present: Policy | None) -> Policy | None:
    try:
        return Policy.model_validate_json(body)
    except ValidationError:
        return present if present is not None and not changed(json.loads(body), present) else None


_ENTRIES = (
    "select key, n, at, said_at, type, cause, body, reference, known, says, result from journal "
    "where process = $1 and key = $2 order by at, n, result not like '.%'"
)


async def past_of(look: Database, service: str, process: Process[Any], key: str) -> Past:
    """All that one process has on record of one key."""
    rows = await look.rows(service, _ENTRIES, process.name, key)
    state = await look.value(service, "select body from state where process = $1 and key = $2", process.name, key)
    return Past(service, process, key, [entry_of(row) for row in rows], state)


def entry_of(row: Any) -> Entry:
    """A row of the journal."""
    return Entry(
        key=row["key"],
        n=row["n"],
        at=row["at"],
        said_at=row["said_at"],
        type=row["type"],
        cause=row["cause"],
        body=row["body"],
        reference=row["reference"],
        known=row["known"],
        says=tuple(row["says"]),
        result=row["result"],
    )


_SAID = """
select headers->0->>1 as id, body from outbox
where process = $1 and lane = $2 and headers->0->>1 = any($3)
    and written_on in (select written_on from journal where process = $1 and key = $4)
"""


async def said_by(look: Database, past: Past) -> dict[str, str]:
    """What it said and what is still in the outbox, by id. The id is the first of the headers."""
    ids = [event_id for entry in past.entries for event_id in entry.says]
    lane = partition_of(past.key, PARTITIONS)
    rows = await look.rows(past.service, _SAID, past.process.name, lane, ids, past.key) if ids else []
    return {row["id"]: row["body"] for row in rows}
