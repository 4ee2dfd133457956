"""What could not be heard: bytes that are no fact, and keys that are parked behind a fact nothing could decide."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias, cast

from rich.console import Console

from ops import catalogue
from ops.reach import Database, ReachError, database
from ops.sheet import Sheet, moment
from shared.events.base import PARTITIONS
from shared.runtime.clock import ScaledClock
from shared.runtime.codec import DecodeError, Headers, decode
from shared.runtime.dead_letters import NUMBERS
from shared.runtime.lanes import partition_of
from shared.runtime.log import Place
from shared.runtime.retelling import AS_PUBLISHED
from shared.runtime.settings import Settings
from shared.runtime.store import REPLAY

_SAFE_HEADERS: Final = ("ce_id", "ce_type", "ce_source", "ce_time", "ce_cause", "ce_lane", "ce_sequence", "ce_epoch")
"""Headers that say nothing of anybody."""


_ONE: Final = """
select id, process, topic, partition, "offset", key, value, headers, problems, at, replayed_at, whole,
    coalesce(size, octet_length(value)) as size
from dead_letter where id = $1
"""
_REPLAYED: Final = """
update dead_letter set replayed_at = $1
where topic = $2 and partition = $3 and "offset" = $4 and ($5::text is null or process = $5)
    and ($6 or replayed_at is null)
returning id
"""
_ASK: Final = """
insert into request (process, lane, key, kind, cause, body, at) values ($1, $2, $3, $4, $5, $6, $7)
"""


@dataclass(frozen=True)
class DeadLetter:
    """One record that is no fact. ``id``: the service that keeps it, and its number there."""

    id: str
    service: str
    process: str
    topic: str
    partition: int
    offset: int
    at: datetime
    problems: list[str]
    replayed_at: datetime | None
    whole: bool
    """False: what is kept is cut, and all of it is in the log alone."""
    size: int
    """Bytes of the value."""
    headers: list[tuple[str, str]]
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True)
class Held:
    """One fact of a parked key, in the order in which they will be heard."""

    type: str
    cause: str
    since: datetime
    body: str | None


@dataclass(frozen=True)
class ParkedKey:
    """A key whose first fact could not be decided: it and all later ones wait. ``id``: process and key."""

    id: str
    service: str
    process: str
    lane: int
    key: str
    since: datetime
    error: str
    held: int
    facts: list[Held]


Found: TypeAlias = DeadLetter | ParkedKey


async def listed(look: Database, *, replayed: bool, most: int) -> tuple[list[ParkedKey], list[DeadLetter], int]:
    """Parked keys and dead letters of all services, the oldest first, and how many are left out."""
    parked: list[ParkedKey] = []
    letters: list[DeadLetter] = []
    count = 0
    for service in catalogue.NAMES:
        found = await _parked(look, service, most=most)
        parked += found
        count += await look.value(
            service, "select count(distinct (process, key)) from held where error is not null"
        ) - len(found)
        rows = await look.rows(
            service,
            "select id, process, topic, partition, \"offset\", at, problems, replayed_at, whole, "
            "'[]'::json as headers, null::bytea as key, null::bytea as value, "
            "coalesce(size, octet_length(value)) as size, count(*) over () as all_rows "
            "from dead_letter "
            "where $1 or replayed_at is null order by id limit $2",
            replayed, most,
        )  # fmt: skip
        letters += [_letter(service, row) for row in rows]
        count += rows[0]["all_rows"] - len(rows) if rows else 0
    return parked, letters, count


async def found(look: Database, given: str) -> Found:
    """The one with this id. Raises ReachError when there is none."""
    service, colon, number = given.partition(":")
    if colon and service in catalogue.NAMES and number.isdigit() and len(number) < 19:
        rows = await look.rows(service, _ONE, int(number))
        if rows:
            return _letter(service, rows[0])
    process, slash, key = given.partition("/")
    if slash:
        for service in catalogue.NAMES:
            if parked := await _parked(look, service, (process, key)):
                return parked[0]
    raise ReachError(f"there is no dead letter or parked key {given!r}: take an id from `makegood dead-letters list`")


async def replay(settings: Settings, given: str, *, again: bool, as_published: bool = False) -> str:
    """Lets it be heard once more, and says how. ``as_published``: where a decision differs from what was published
    before the database was restored, what was published stands and the decision is taken as it now is."""
    async with database(settings) as look:
        one = await found(look, given)
    at = ScaledClock.from_settings(settings).now()
    if isinstance(one, ParkedKey):
        how = AS_PUBLISHED if as_published else None
        async with database(settings, write=True) as store:
            await store.rows(one.service, _ASK, one.process, one.lane, one.key, REPLAY, f"replay/{one.id}", how, at)
        return f"{one.id}: the owner of lane {one.lane} will decide its {one.held} facts again, in their order."
    if one.replayed_at is not None and not again:
        raise ReachError(f"{one.id} was replayed at {moment(one.replayed_at)}: add --again to do it once more")
    ours = _is_ours(one.topic)
    if ours and (why := _not_of_ours(one)):
        raise ReachError(f"{one.id} was said by none of ours ({why}): what is to be said there, let its service say")
    if not one.whole:
        one = await _whole(settings, one)
    return await (_hear_again if ours else _publish_again)(settings, one, at, again=again)


async def _whole(settings: Settings, letter: DeadLetter) -> DeadLetter:
    """With everything that the log has of it."""
    from ops.reach_kafka import read_again  # slow to import

    record = await read_again(settings, Place(letter.topic, letter.partition), letter.offset)
    headers = [(name, (value or b"").decode("latin-1")) for name, value in record.headers]
    return replace(letter, key=record.key, value=record.value, headers=headers, whole=True)


async def _publish_again(settings: Settings, letter: DeadLetter, at: datetime, *, again: bool) -> str:
    """Just as it was: decisions bear a fact that comes twice, so a crash before it is marked does no harm.

    All who have a letter of it hear it, ``again`` or not.
    """
    from ops.reach_kafka import publish_again  # slow to import

    headers = _headers(letter)
    await publish_again(settings, Place(letter.topic, letter.partition), letter.key, letter.value, headers)
    async with database(settings, write=True) as store:
        for service in catalogue.NAMES:
            await store.rows(service, _REPLAYED, at, letter.topic, letter.partition, letter.offset, None, again)
    said = f"{letter.id}: published again to {letter.topic}, partition {letter.partition}."
    try:
        decode(letter.topic, letter.key, letter.value, headers)
    except DecodeError as error:
        said += f" This version still reads no fact in it, so it will come back: {error}."
    return said


async def _hear_again(settings: Settings, letter: DeadLetter, at: datetime, *, again: bool) -> str:
    """On a topic of ours its number has passed: published again it would be taken for a repetition.

    Asked for in the transaction that marks it: an event of ours is decided on as often as it is asked for.
    """
    try:
        event, envelope = decode(letter.topic, letter.key, letter.value, _headers(letter))
    except DecodeError as error:
        raise ReachError(f"{letter.id} still is no fact ({error}): serve a version that can read it first") from None
    body, lane = (letter.value or b"").decode(), partition_of(event.key, PARTITIONS)
    place = (letter.topic, letter.partition, letter.offset, letter.process)
    asked = (letter.process, lane, event.key, envelope.type, envelope.id, body, envelope.time)
    async with database(settings, write=True) as store:
        if not await store.rows(letter.service, _REPLAYED, at, *place, again):
            raise ReachError(f"{letter.id} was replayed by somebody else meanwhile: add --again to do it once more")
        await store.rows(letter.service, _ASK, *asked)
    return f"{letter.id}: the owner of lane {lane} of {letter.process} will hear it; nobody else needs to."


def _not_of_ours(letter: DeadLetter) -> str | None:
    """Why no outbox of ours can have written it in its turn; None: one has."""
    return next((problem for problem in letter.problems if problem.startswith(NUMBERS)), None)


async def _parked(
    look: Database, service: str, only: tuple[str, str] | None = None, most: int | None = None
) -> list[ParkedKey]:
    """With ``only`` (process and key) that one and its facts; otherwise the first ones, without."""
    rows = await look.rows(
        service,
        "select process, key, min(lane) as lane, min(since) as since, count(*) as held, "
        "(array_agg(error order by id) filter (where error is not null))[1] as error from held "
        "where $1::text is null or (process = $1 and key = $2) "
        "group by process, key having count(error) > 0 order by min(id) limit $3",
        *(only or (None, None)), most,
    )  # fmt: skip
    facts: list[Held] = []
    if only and rows:
        held = await look.rows(
            service, "select type, cause, since, body from held where process = $1 and key = $2 order by id", *only
        )
        facts = [Held(**dict(row)) for row in held]
    return [ParkedKey(f"{row['process']}/{row['key']}", service, facts=facts, **dict(row)) for row in rows]


def _letter(service: str, row: Any) -> DeadLetter:
    return DeadLetter(
        id=f"{service}:{row['id']}",
        service=service,
        process=row["process"],
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        at=row["at"],
        problems=[f"{where}: {what}" for where, what in json.loads(row["problems"])],
        replayed_at=row["replayed_at"],
        whole=row["whole"],
        size=row["size"] or 0,
        headers=[(name, value) for name, value in json.loads(row["headers"])],
        key=row["key"],
        value=row["value"],
    )


def _headers(letter: DeadLetter) -> Headers:
    return [(name, value.encode("latin-1")) for name, value in letter.headers]


def _is_ours(topic: str) -> bool:
    return any(known.name == topic and known.numbered for known in catalogue.all_topics())


# For people and programs


def write_list(console: Console, parked: Sequence[ParkedKey], letters: Sequence[DeadLetter], more: int) -> None:
    """Two sheets, or a word that there is nothing."""
    keys = Sheet("Parked keys: these facts wait until one can be decided", "Id", "Since", "Facts", "Problem")
    for key in parked:
        keys.add(key.id, moment(key.since), str(key.held), key.error)
    keys.write(console)
    dead = Sheet("Dead letters: bytes that are no fact", "Id", "At", "Where from", "Replayed", "Problems")
    for letter in letters:
        where = f"{letter.topic}/{letter.partition}@{letter.offset}"
        dead.add(letter.id, moment(letter.at), where, moment(letter.replayed_at) or "no", "; ".join(letter.problems))
    dead.write(console)
    if more:
        console.out(f"\nand {more} more: see them with --most", highlight=False)
    if not (parked or letters):
        console.out("Nothing is parked, and there is no dead letter.", highlight=False)


def write_one(console: Console, one: Found, *, with_bytes: bool) -> None:
    """Where it is from and what is wrong; its bytes may be about a person, so they are shown on demand alone."""
    told = [(name, value) for name, value in as_plain(one, with_bytes=with_bytes).items() if value not in (None, [])]
    for name, value in told:
        for line in _lines(value):
            console.out(f"{name.replace('_', ' '):<12} {line}", highlight=False)
    if not with_bytes:
        console.out("Its bytes may be personal: --bytes shows them.", highlight=False)


def as_plain(one: Found, *, with_bytes: bool) -> dict[str, Any]:
    """For JSON: moments as text, bytes only when they are wanted."""
    plain = asdict(one)
    if isinstance(one, DeadLetter):
        plain["headers"] = {name: value for name, value in one.headers if with_bytes or name in _SAFE_HEADERS}
        plain["key"], plain["value"] = (_readable(one.key), _readable(one.value)) if with_bytes else (None, None)
    elif not with_bytes:
        plain["facts"] = [{name: fact[name] for name in ("type", "cause", "since")} for fact in plain["facts"]]
    return json.loads(json.dumps(plain, default=lambda value: value.isoformat()))


def _readable(data: bytes | None) -> str | None:
    """As text; what is none, and what would move a terminal's cursor, as escapes."""
    text = data.decode("utf-8", "backslashreplace") if data is not None else None
    return text and "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{name} = {_readable(str(text).encode())}" for name, text in cast("dict[str, Any]", value).items()]
    if isinstance(value, list):
        return [
            "; ".join(f"{name} {_readable(str(text).encode())}" for name, text in cast("dict[str, Any]", item).items())
            if isinstance(item, dict)
            else str(item)
            for item in cast("list[Any]", value)
        ]
    return [str(value)]
