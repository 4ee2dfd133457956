"""Reads the log once more, when all is over, and tells which named routes its claims took and how they ended."""

from collections import Counter
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from typing import Any
from uuid import UUID

from ops.demo.observer import Streams
from ops.demo.outside.wire import Wire
from ops.demo.routes import HEARD, ROUTES, Gathered, Told, routes_of
from shared.events.base import PARTITIONS
from shared.events.escalation import Outcome
from shared.runtime.codec import DecodeError, decode, type_of

Tally = dict[str, Counter[str]]
"""Named route → how many of its claims ended how."""


async def tally(wire: Wire, outcomes: Mapping[UUID, Outcome]) -> Tally:
    """One part of the claims after another, so that the whole log need not fit into memory."""
    found: Tally = {name: Counter() for name in ROUTES}
    gathered, streams = Gathered(), Streams()
    by_claim = {kind.topic.name for kind in HEARD if kind.topic and kind.topic.key == "claim_id"}
    others = {kind.topic.name for kind in HEARD if kind.topic} - by_claim
    await _gather(gathered, streams, wire.read_to_now(others))
    for partition in range(PARTITIONS):
        await _gather(gathered, streams, wire.read_to_now(by_claim, [partition]))
        count(found, gathered, outcomes)
        gathered.forget_claims()
    return found


def count(found: Tally, gathered: Gathered, outcomes: Mapping[UUID, Outcome]) -> None:
    """Adds every story that was gathered; claims that nobody submitted have no outcome and count for nothing."""
    for claim_id, story in gathered.stories():
        outcome = outcomes.get(claim_id)
        if outcome is not None:
            for name in routes_of(story):
                found[name][outcome.value] += 1


_NAMES: Collection[str] = frozenset(kind.type_name() for kind in HEARD)
_NUMBERED: Collection[str] = frozenset(kind.topic.name for kind in HEARD if kind.topic and kind.topic.numbered)


async def _gather(gathered: Gathered, streams: Streams, records: AsyncGenerator[Any]) -> None:
    async with aclosing(records) as found:
        async for record in found:
            if record.topic in _NUMBERED and not streams.accepts(record.topic, record.partition, record.headers):
                continue
            if type_of(record.headers) not in _NAMES:
                continue
            try:
                event, envelope = decode(record.topic, record.key, record.value, list(record.headers))
            except DecodeError:
                continue  # no fact: services keep it as a dead letter
            gathered.add(Told(event, envelope.time))
