"""What must hold after any fault, looked at from outside: no claim lost, none paid twice, order kept, books agree."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from typing import Any, cast

import asyncpg

from ops import catalogue
from ops.reach import database
from ops.reconcile import Account, reconcile
from shared.runtime.settings import Settings
from tests.faults.load import ENDS, Load
from tests.faults.observer import Observer, Place

QUIET = 90.0
"""Real seconds in which the last letters go out and the last numbers are heard, once every claim has ended."""
SOON = 10.0
"""Real seconds in which what was said a moment ago comes out."""
JOURNAL = "select process, key, n, at, type, cause, result from {0}.journal where key = any($1)"
ON_RECORD = "select process, cause from {0}.journal union select process, cause from {0}.held"
STREAMS = "select n, streams from {0}.lane where streams::text <> '{{}}'"


async def what_is_wrong(settings: Settings, load: Load, observer: Observer) -> list[str]:
    """In words; nothing, when all is as it must be."""
    differences = await _reconciled(settings)
    problems = [*differences, *observer.wrong, *load.wrong, *load.book.wrong, *_of_claims(load), *_of_quotes(load)]
    connection: Any = await cast("Any", asyncpg).connect(settings.database_url.get_secret_value())
    try:
        for service in catalogue.NAMES:
            problems += await _not_heard(observer, connection, service)
            problems += await _not_on_record(observer, connection, service)
            rows = await connection.fetch(JOURNAL.format(service), _keys(load))
            problems += [f"{service}: {problem}" for problem in _of_journal(observer, rows)]
        problems += await _of_ledger(connection, load)
    finally:
        await connection.close()
    return problems


def _keys(load: Load) -> list[str]:
    return [key for claim in load.claims.values() for key in (str(claim.claim_id), claim.submission_id)]


async def _reconciled(settings: Settings) -> list[str]:
    """The differences that stay. What is on its way at this moment differs for a moment."""
    deadline = time.monotonic() + QUIET
    while True:
        async with database(settings) as look:
            account = await reconcile(look, None, settings)
        waiting = sum(counts.get(what, 0) for counts in account.waiting.values() for what in ("requests", "effects"))
        if (not account.differences and not waiting) or time.monotonic() > deadline:
            return list(_differences(account))
        await asyncio.sleep(0.5)


def _differences(account: Account) -> Iterator[str]:
    for check in account.checks:
        for where, what in check.found:
            yield f"{check.name}: {where}: {what}"
    for service, counts in account.waiting.items():
        for what in ("dead_letters", "effects"):
            if counts.get(what):
                yield f"{service}: {counts[what]} {what} at the end"


def _of_claims(load: Load) -> Iterator[str]:
    """Each has ended once, as it had to, and finance has paid what was owed, once."""
    for claim in load.claims.values():
        if len(claim.closed) != 1 or claim.closed[0] not in ENDS[claim.way]:
            yield f"{claim.submission_id} ({claim.way.name}) ended as {claim.closed}"
        paid = list(load.book.paid.get(claim.claim_id, {}).values())
        if paid != ([claim.owed] if claim.owed else []):
            yield f"{claim.submission_id} ({claim.way.name}) is owed {claim.owed}, and finance paid {paid}"
        if len(load.book.collected.get(claim.claim_id, {})) > 1:
            yield f"{claim.submission_id} ({claim.way.name}): the seller was debited twice"


async def _not_heard(observer: Observer, connection: Any, service: str) -> list[str]:
    """What a service says it has said must have come out, or do so at once; and nothing else."""
    before = dict(observer.reached)
    said: dict[tuple[str, int, int], int] = {}
    for row in await connection.fetch(STREAMS.format(service)):
        for stream, sequence in json.loads(row["streams"]).items():
            topic, _, partition = stream.rpartition(":")
            said[topic, int(partition), row["n"]] = sequence
    await observer.until(lambda: all(observer.reached.get(place, 0) >= said[place] for place in said), SOON)
    return [
        f"{place}: {sequence} said, {before.get(place, 0)} to {observer.reached.get(place, 0)} came out"
        for place, sequence in said.items()
        if not before.get(place, 0) <= sequence <= observer.reached.get(place, 0)
    ]


async def _not_on_record(observer: Observer, connection: Any, service: str) -> list[str]:
    """Every listener of a service has decided on each fact that came out, or waits with it; what lies unread it reads
    at once."""
    processes = {process.name for process in catalogue.service(service).processes}
    deadline = time.monotonic() + SOON
    while True:
        rows = await connection.fetch(ON_RECORD.format(service))
        missing = list(not_on_record(observer.places, {(row["process"], row["cause"]) for row in rows}, processes))
        if not missing or time.monotonic() > deadline:
            return missing
        await asyncio.sleep(0.5)


def not_on_record(places: Mapping[str, Place], on_record: Set[tuple[str, str]], processes: Set[str]) -> Iterator[str]:
    """``on_record``: process and cause of each decision, and of each fact that waits."""
    for cause, place in places.items():
        for process in sorted(place.takers & processes):
            if (process, cause) not in on_record:
                yield f"{process} {place.key} never heard {place.type} {cause}"


def _of_journal(observer: Observer, rows: list[Any]) -> Iterator[str]:
    """Every listener has heard each fact of a key once only, and those of one topic as they lie there."""
    causes: set[tuple[str, str, str]] = set()
    last: defaultdict[tuple[str, str, str, int], int] = defaultdict(lambda: -1)
    number: dict[tuple[str, str], int] = {}
    for row in sorted(rows, key=lambda row: _turn(observer, row)):
        process, key, cause = row["process"], row["key"], row["cause"]
        if row["n"] < number.get((process, key), 0):
            yield f"{process} {key}: the moment of {row['type']} {cause} is not before that of what followed it"
        if not row["result"].startswith("."):  # what changes nothing leaves its number to the next
            number[process, key] = row["n"]
        place = observer.places.get(cause)
        if place is None:
            continue  # said outside, where the same may be said twice; or a deadline
        if (process, key, cause) in causes:
            yield f"{process} {key} heard {row['type']} {cause} twice"
        causes.add((process, key, cause))
        stream = (process, key, place.topic, place.partition)
        if place.offset < last[stream]:
            yield f"{process} {key} heard {row['type']} {cause} after what came later on {place.topic}"
        last[stream] = max(last[stream], place.offset)


def _turn(observer: Observer, row: Any) -> tuple[Any, ...]:
    """Decisions in their order. Those of one turn share its moment, and those that change nothing their number too."""
    place = observer.places.get(row["cause"])
    return row["process"], row["key"], row["at"], row["n"], place.offset if place else -1


def _of_quotes(load: Load) -> Iterator[str]:
    for seller, told in load.shoppers.items():
        if not told or told.count("QuotesCompared") > 1:
            yield f"{seller} wanted quotes, and was told {told}"


async def _of_ledger(connection: Any, load: Load) -> list[str]:
    """The ledger says of every claim what finance's book says."""
    ids = list(load.claims)
    rows = await connection.fetch("select claim_id, paid_out from recovery.claim_money where claim_id = any($1)", ids)
    booked = {row["claim_id"]: row["paid_out"] for row in rows}
    paid = {claim_id: sum(load.book.paid.get(claim_id, {}).values()) for claim_id in ids}
    return [
        f"{claim_id}: finance paid {amount}, the ledger has {booked.get(claim_id, 0)}"
        for claim_id, amount in paid.items()
        if booked.get(claim_id, 0) != amount
    ]
