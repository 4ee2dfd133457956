"""Turns put together again from their rows, and split by lane."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from bench.databases import DATABASES, HOMES, busiest
from bench.turns import Rows, Written, split
from ops import catalogue
from shared.events.base import PARTITIONS
from shared.events.intake import ClaimAccepted
from shared.runtime.lanes import partition_of
from shared.runtime.log import Place
from shared.runtime.store import LaneRow

NOW: Final = datetime(2026, 11, 2, tzinfo=UTC)
LATER: Final = NOW + timedelta(seconds=1)
KEYS: Final = [str(uuid4()) for _ in range(50)]
PROCESS: Final = "escalation"


def journal(key: str, n: int, at: datetime, *says: str) -> dict[str, Any]:
    kind = "ClaimAccepted" if n == 1 else "deadline"
    return {
        "process": PROCESS, "key": key, "n": n, "at": at, "said_at": at, "type": kind, "cause": "c", "body": None,
        "reference": None, "known": True, "says": list(says), "result": None,
    }  # fmt: skip


def said(event_id: str, key: str) -> dict[str, Any]:
    lane = partition_of(key, PARTITIONS)
    headers = json.dumps([("ce_id", event_id)])
    return {
        "process": PROCESS, "lane": lane, "position": 1, "topic": "t", "partition": lane, "key": key,
        "headers": headers, "body": "{}",
    }  # fmt: skip


def rows() -> Rows:
    """Each key is decided on in one turn, and the first of them in a second one as well."""
    assert ClaimAccepted.topic is not None
    lanes = range(PARTITIONS)
    state = {"process": PROCESS, "body": "{}", "due": None, "watches": None, "late_at": None}
    return Rows(
        journal=[*(journal(key, 1, NOW, f"said-{key}") for key in KEYS), journal(KEYS[0], 2, LATER)],
        outbox=[said(f"said-{key}", key) for key in KEYS],
        states=[
            {**state, "key": key, "lane": partition_of(key, PARTITIONS), "n": 2 if key == KEYS[0] else 1}
            for key in KEYS
        ],
        effects=[
            {"process": PROCESS, "id": uuid4(), "lane": partition_of(key, PARTITIONS), "key": key, "kind": "Letter",
             "body": "{}", "at": NOW}
            for key in KEYS
        ],
        inputs=[
            {"process": PROCESS, "topic": ClaimAccepted.topic.name, "partition": n, "began_at": 0, "next": 9,
             "last_print": None, "heard": "{}"}
            for n in lanes
        ],
        lanes={(PROCESS, n): LaneRow(n, None, 1, 0, 0, {}, NOW, 0) for n in lanes},
    )  # fmt: skip


def first_turn() -> list[Written]:
    return [turn for turn in split("escalation", rows(), DATABASES) if turn.journal[0].at == NOW]


def test_a_turn_is_split_among_the_databases_and_nothing_is_lost() -> None:
    turns = first_turn()
    assert sorted(turn.share for turn in turns) == [0, 1, 2]
    assert sum(len(turn.journal) for turn in turns) == len(KEYS)
    assert sum(len(turn.outbox) for turn in turns) == len(KEYS)
    assert sum(len(turn.effects) for turn in turns) == len(KEYS)
    assert {key for turn in turns for key in turn.states} == set(KEYS)


def test_a_share_touches_no_lane_of_another() -> None:
    for turn in first_turn():
        changes = turn.changes()
        touched = {row.lane for row in (*changes.states, *changes.outbox, *changes.effects)}
        touched |= {lane.n for lane in changes.lanes} | {row.place.partition for row in changes.inputs}
        assert {lane % DATABASES for lane in touched} == {turn.share}


def test_a_deadline_is_a_turn_of_its_own_that_has_read_nothing() -> None:
    (late,) = (turn for turn in split("escalation", rows(), DATABASES) if turn.journal[0].at == LATER)
    assert (late.inputs, list(late.states)) == ({}, [KEYS[0]])


def test_a_state_waits_until_its_latest_decision() -> None:
    early = {key: state.due for turn in first_turn() for key, state in turn.states.items()}
    assert early[KEYS[0]] == NOW
    assert all(early[key] is None for key in KEYS[1:])


def test_what_was_read_stands_in_its_place() -> None:
    assert ClaimAccepted.topic is not None
    read = {place for turn in first_turn() for place in turn.inputs}
    assert read == {Place(ClaimAccepted.topic.name, partition_of(key, PARTITIONS)) for key in KEYS}


def test_every_service_has_its_home_and_every_database_a_service() -> None:
    assert set(HOMES) == set(catalogue.NAMES)
    assert set(HOMES.values()) == set(range(DATABASES))


def test_the_busiest_is_told_in_percent_of_all() -> None:
    assert busiest([1.0, 2.0, 5.0]) == 62.5
    assert busiest([0.0]) == 0
