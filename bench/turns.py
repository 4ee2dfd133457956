"""The turns that services have taken, put together again from their rows: what one transaction wrote, split by lane.

Rows of the journal with the same moment are of one turn: no lane has the same moment twice. A state is known as it is
now; where it was decided on again later it is given a deadline, as a state that waits has one.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from ops import catalogue
from shared.events.base import PARTITIONS, type_registry
from shared.runtime.lanes import partition_of
from shared.runtime.log import Outgoing, Place
from shared.runtime.postgres import session
from shared.runtime.postgres_transaction import LANES, input_row, lane_row
from shared.runtime.settings import Settings
from shared.runtime.store import Asked, Changes, EffectRow, InputRow, JournalRow, LaneRow, StateRow

_JOURNAL: Final = "select * from journal where at > $1 order by at, process, key, n, result not like '.%'"
_STATES: Final = """
select * from state s where exists (select from journal j where j.process = s.process and j.key = s.key and j.at > $1)
"""
_EFFECTS: Final = "select process, id, lane, key, kind, body, at from effect where at > $1"
_OUTBOX: Final = """
select o.* from unnest($1::text[], $2::int[], $3::bigint[]) b(process, lane, position)
join outbox o on o.process = b.process and o.lane = b.lane and o.position > b.position
order by o.process, o.lane, o.position
"""
_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)


class Begun(NamedTuple):
    """How far one service had come: the latest moment of its journal, and of each lane what it had said."""

    at: datetime | None
    lanes: Iterable[Any]
    """Process, lane and position of each."""


@dataclass
class Written:
    """What one turn wrote in one share of the lanes: lane n belongs to share n mod the number of shares."""

    service: str
    process: str
    share: int
    inputs: dict[Place, InputRow] = field(default_factory=dict[Place, InputRow])
    lanes: dict[int, LaneRow] = field(default_factory=dict[int, LaneRow])
    states: dict[str, StateRow] = field(default_factory=dict[str, StateRow])
    outbox: list[Outgoing] = field(default_factory=list[Outgoing])
    journal: list[JournalRow] = field(default_factory=list[JournalRow])
    effects: list[EffectRow] = field(default_factory=list[EffectRow])

    def changes(self) -> Changes:
        """As a transaction is given them."""
        return Changes(
            list(self.inputs.values()), list(self.lanes.values()), list(self.states.values()), self.outbox,
            self.journal, effects=self.effects,
        )  # fmt: skip


@dataclass
class Rows:
    """Of one service, as they are in its tables."""

    journal: Iterable[Any] = ()
    outbox: Iterable[Any] = ()
    states: Iterable[Any] = ()
    effects: Iterable[Any] = ()
    inputs: Iterable[Any] = ()
    lanes: Mapping[tuple[str, int], LaneRow] = field(default_factory=dict[tuple[str, int], LaneRow])
    """By process and number."""


async def begun(settings: Settings) -> dict[str, Begun]:
    """How far each service has come."""
    found: dict[str, Begun] = {}
    async with session(settings) as connection:
        for service in catalogue.NAMES:
            await connection.execute(f'set search_path = "{service}"')
            lanes = await connection.fetch("select process, n, position from lane order by process, n")
            found[service] = Begun(await connection.fetchval("select max(at) from journal"), lanes)
    return found


async def taken_since(settings: Settings, began: Mapping[str, Begun], shares: int) -> list[Written]:
    """All turns since then: those of one service after those of another, each in their order."""
    found: list[Written] = []
    async with session(settings) as connection:
        for service in catalogue.NAMES:
            await connection.execute(f'set search_path = "{service}"')
            found += split(service, await _rows(connection, began[service]), shares)
    return found


def split(service: str, rows: Rows, shares: int) -> list[Written]:
    """The turns of one service, by share of the lanes."""
    found: dict[tuple[str, datetime, int], Written] = {}
    said = dict(map(_outgoing, rows.outbox))
    states = {(row["process"], row["key"]): row for row in rows.states}
    inputs = {(row["process"], Place(row["topic"], row["partition"])): row for row in rows.inputs}
    for row in rows.journal:
        process, lane = row["process"], partition_of(row["key"], PARTITIONS)
        turn = found.setdefault((process, row["at"], lane % shares), Written(service, process, lane % shares))
        turn.lanes[lane] = rows.lanes[process, lane]
        turn.states[row["key"]] = _state(states[process, row["key"]], row)
        turn.journal.append(_journal(row, lane))
        turn.outbox += [said[event_id] for event_id in row["says"]]
        place = _read(row["type"], lane)
        if place is not None and (process, place) in inputs:
            turn.inputs[place] = input_row(inputs[process, place])
    for row in rows.effects:
        turn = found[row["process"], row["at"], row["lane"] % shares]
        turn.effects.append(EffectRow(row["id"], row["lane"], row["key"], row["kind"], row["body"], row["at"]))
    return list(found.values())


async def _rows(connection: Any, began: Begun) -> Rows:
    at = began.at or _BEFORE_ALL
    said = [[row[name] for row in began.lanes] for name in ("process", "n", "position")]
    lanes: dict[tuple[str, int], LaneRow] = {}
    for process in set(said[0]):
        lanes |= {(process, row["n"]): lane_row(row) for row in await connection.fetch(LANES, process)}
    return Rows(
        journal=await connection.fetch(_JOURNAL, at),
        outbox=await connection.fetch(_OUTBOX, *said),
        states=await connection.fetch(_STATES, at),
        effects=await connection.fetch(_EFFECTS, at),
        inputs=await connection.fetch("select * from input"),
        lanes=lanes,
    )


def _journal(row: Any, lane: int) -> JournalRow:
    asked = Asked(row["key"], lane, row["type"], row["cause"], row["said_at"], row["body"])
    return JournalRow(
        row["key"], row["n"], row["at"], asked, row["reference"], row["known"], row["says"], row["result"]
    )  # fmt: skip


def _state(row: Any, decided: Any) -> StateRow:
    """As it is, after its latest decision; as if it waited, after an earlier one."""
    due = row["due"] if decided["n"] == row["n"] else decided["at"]
    return StateRow(row["key"], row["lane"], decided["n"], row["body"], due, row["watches"], row["late_at"])


def _outgoing(row: Any) -> tuple[str, Outgoing]:
    """With the id of the event."""
    headers = [(name, value.encode()) for name, value in json.loads(row["headers"])]
    place = Place(row["topic"], row["partition"])
    event_id = dict(headers)["ce_id"].decode()
    return event_id, Outgoing(row["lane"], row["position"], place, row["key"], headers, row["body"])


def _read(asked: str, lane: int) -> Place | None:
    """Where a record was read that led to a decision; None for what came out of the database."""
    kind = type_registry.get(asked)
    return None if kind is None or kind.topic is None else Place(kind.topic.name, lane)
