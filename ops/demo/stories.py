"""Reads the log once more when all is over: the named routes of claims and how they ended, and sellers' quotes."""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from ops.demo.observer import Streams
from ops.demo.routes import HEARD, ROUTES, Gathered, Told, routes_of
from ops.wire import Wire
from shared.events.base import PARTITIONS
from shared.events.escalation import Outcome
from shared.events.insurance_accelerator import QuotesCompared
from shared.runtime.codec import DecodeError, decode, type_of

Tally = dict[str, Counter[str]]
"""Named route → how many of its claims ended how."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the whole log tells that is not worth keeping up with while it is written."""

    routes: Tally = field(default_factory=lambda: {name: Counter() for name in ROUTES})
    quotes: list[QuotesCompared] = field(default_factory=list[QuotesCompared])


async def read(wire: Wire, outcomes: Mapping[UUID, Outcome]) -> Findings:
    """One part of the claims after another, so that the whole log need not fit into memory."""
    found = Findings()
    gathered, streams = Gathered(), Streams()
    by_claim = {kind.topic.name for kind in HEARD if kind.topic and kind.topic.key == "claim_id"}
    others = {kind.topic.name for kind in HEARD if kind.topic} - by_claim
    async for told in _told(streams, wire.read_to_now(others)):
        if isinstance(told.event, QuotesCompared):
            found.quotes.append(told.event)
        else:
            gathered.add(told)
    for partition in range(PARTITIONS):
        async for told in _told(streams, wire.read_to_now(by_claim, [partition])):
            gathered.add(told)
        count(found.routes, gathered, outcomes)
        gathered.forget_claims()
    return found


def count(found: Tally, gathered: Gathered, outcomes: Mapping[UUID, Outcome]) -> None:
    """Adds every story that was gathered; claims that nobody submitted have no outcome and count for nothing."""
    for claim_id, story in gathered.stories():
        outcome = outcomes.get(claim_id)
        if outcome is not None:
            for name in routes_of(story):
                found[name][outcome.value] += 1


_NAMES: Final = frozenset(kind.type_name() for kind in HEARD | {QuotesCompared})
_NUMBERED: Final = frozenset(kind.topic.name for kind in HEARD if kind.topic and kind.topic.numbered)


async def _told(streams: Streams, records: AsyncGenerator[Any]) -> AsyncGenerator[Told]:
    """Every fact of a type that is wanted, once."""
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
            yield Told(event, envelope.time)
