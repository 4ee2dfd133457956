"""A database that is older than what its service has published: refused at start, and mended by `makegood recover`.

After a backup was restored, the service would number anew what others have heard under the same numbers, and they would
take it for a repetition. So the published facts are read back first: they are put into the outbox again, the numbers go
on behind them, and a new epoch tells them from what a replica of before may still say. The decisions are taken again by
the workers (``shared/runtime/told.py``), for inputs are read again from where the backup stood.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.events.base import PARTITIONS, Envelope, Topic, derived_text, type_registry
from shared.runtime.codec import DecodeError, envelope_of, numbers_of
from shared.runtime.log import CURE, Archive, LogChangedError, OlderDatabaseError, Outgoing, Place, Record, another
from shared.runtime.process import Service
from shared.runtime.store import LaneRow, Store, ToldRow
from shared.runtime.told import MOST_OF_A_TYPE, fingerprint

TAIL = 100
"""Records at the end of each partition that are looked at before serving. Sixteen lanes may share one: in a few records
the one whose end is lost would often not be seen."""


Stream = tuple[str, int, Place]
"""Process, lane and place: what is numbered without a gap."""


@dataclass
class Recalled:
    """What one process had said and forgot."""

    process: str
    epoch: int
    events: int = 0
    causes: set[str] = field(default_factory=set[str])


def own_topics(service: str) -> list[Topic]:
    """The numbered topics on which a service speaks."""
    topics = {kind.topic.name: kind.topic for kind in type_registry.values() if kind.topic is not None}
    return [topic for topic in topics.values() if topic.numbered and topic.party == service]


async def refuse_unfit(service: Service, stores: Mapping[str, Store], archive: Archive) -> None:
    """Raises RefusalError when log and database are not of one moment: another cluster answers than before, a topic has
    lost what was published, or its end holds what no row counts."""
    found = await archive.cluster()
    for store in stores.values():
        if (known := await store.cluster(found)) != found:
            raise another(service.name, found, known)
    before = {name: await store.lanes() for name, store in stores.items()}
    places = _places(service)
    begins, ends = await archive.begins(places), await archive.ends(places)
    tails = {place: (max(begins[place], ends[place] - TAIL), ends[place]) for place in places}
    said = await _said_last(service, archive, tails)
    after = {name: {lane.n: lane for lane in await store.lanes()} for name, store in stores.items()}
    _refuse_older(service, after, said)
    for place in {place for (_, _, place), _, _ in _missing(before, said, tails)}:
        tails[place] = (begins[place], ends[place])  # in a tail there may be nothing but what a replica said once more
        said |= await _said_last(service, archive, {place: tails[place]})
    _refuse_older(service, after, said)
    for (_, lane, place), number, counted in _missing(before, said, tails):
        raise LogChangedError(
            f"{service.name}: {place.topic}/{place.partition} has lost what was published: of lane {lane} it ends with "
            f"number {number}, and {counted} were out. {CURE}"
        )


async def _said_last(service: Service, archive: Archive, ranges: Mapping[Place, tuple[int, int]]) -> dict[Stream, int]:
    """The highest number of each stream in these records."""
    said: dict[Stream, int] = {}
    async for records in archive.read(ranges):
        for record, envelope, process in _said(service, records):
            stream = (process, envelope.lane or 0, record.place)
            said[stream] = max(said.get(stream, 0), envelope.sequence or 0)
    return said


def _refuse_older(service: Service, lanes: Mapping[str, Mapping[int, LaneRow]], said: Mapping[Stream, int]) -> None:
    for (process, n, place), number in said.items():
        counted = lanes[process][n].streams.get(place.stream, 0)
        if number > counted:
            raise older(
                service.name,
                f"{place.topic}/{place.partition} holds number {number} of lane {n} and the database counts {counted}",
            )


def _missing(
    lanes: Mapping[str, Sequence[LaneRow]], said: Mapping[Stream, int], ranges: Mapping[Place, tuple[int, int]]
) -> Iterable[tuple[Stream, int, int]]:
    """Streams of which less was found than is known to be out, with both numbers. Where nothing of a stream was found,
    it may have ended before what was looked at."""
    places = {place.stream: place for place in ranges}
    for process, rows in lanes.items():
        for lane in (row for row in rows if row.published == row.position):
            for place, counted in ((places[name], n) for name, n in lane.streams.items() if name in places):
                stream = (process, lane.n, place)
                if said.get(stream, counted if ranges[place][0] else 0) < counted:
                    yield stream, said.get(stream, 0), counted


def older(service: str, what: str) -> OlderDatabaseError:
    """The refusal with its cure."""
    return OlderDatabaseError(
        f"{service}: the database is older than what was published: {what}. If it is the right database, end all "
        f"replicas of {service} and run `makegood recover {service}`; otherwise correct MAKEGOOD_DATABASE_URL."
    )


async def recover(service: Service, stores: Mapping[str, Store], archive: Archive) -> list[Recalled]:
    """Reads back what the service had published and its database forgot. No replica of it may run meanwhile.

    Reads each of its topics once, from the beginning. Safe to repeat: what is known already is passed over.
    """
    lanes = {name: await store.lanes() for name, store in stores.items()}
    forgotten: dict[str, dict[tuple[int, str, int], tuple[Record, Envelope]]] = {name: {} for name in stores}
    async for record, envelope, process in _everything_said(service, archive):
        lane = lanes[process][envelope.lane or 0]
        lane.epoch = max(lane.epoch, envelope.epoch or 0)  # an earlier recovery may be forgotten as well
        stream, sequence = record.place.stream, envelope.sequence or 0
        if sequence > lane.streams.get(stream, 0):
            forgotten[process].setdefault((lane.n, stream, sequence), (record, envelope))
    recalled: list[Recalled] = []
    for name, store in stores.items():
        found = sorted(forgotten[name].values(), key=lambda pair: (pair[1].time, pair[1].lane, pair[1].sequence))
        recalled.append(await _recall(name, store, lanes[name], found))
    return recalled


async def _recall(
    process: str, store: Store, lanes: Sequence[LaneRow], found: Sequence[tuple[Record, Envelope]]
) -> Recalled:
    outbox: list[Outgoing] = []
    told: list[ToldRow] = []
    for lane in lanes:
        lane.epoch += 1
    for record, envelope in found:
        lane, stream = lanes[envelope.lane or 0], record.place.stream
        lane.position += 1
        lane.streams[stream] = max(envelope.sequence or 0, lane.streams.get(stream, 0))
        lane.moment = max(lane.moment, envelope.time)
        lane.told, lane.gathering = lane.told + 1, True
        key, body = (record.key or b"").decode(), (record.value or b"").decode()
        outbox.append(Outgoing(lane.n, lane.position, record.place, key, record.headers, body))
        cause = envelope.cause or ""
        said = fingerprint(envelope.type, body)
        told.append(
            ToldRow(lane.n, cause, envelope.id, envelope.time, envelope.type, said, stream, envelope.reference,
                envelope.decision)
        )  # fmt: skip
    await store.recall(lanes, outbox, told)
    epoch = max(lane.epoch for lane in lanes)
    return Recalled(process, epoch, len(found), {row.cause for row in told})


async def _everything_said(service: Service, archive: Archive) -> AsyncIterator[tuple[Record, Envelope, str]]:
    places = _places(service)
    begins, ends = await archive.begins(places), await archive.ends(places)
    async for records in archive.read({place: (begins[place], ends[place]) for place in places}):
        for said in _said(service, records):
            yield said


def _said(service: Service, records: Iterable[Record]) -> Iterable[tuple[Record, Envelope, str]]:
    """What is ours among the records, with the process that said it; strangers' bytes are passed over."""
    names = [process.name for process in service.processes]
    for record in records:
        try:
            envelope = envelope_of(record.headers)
        except DecodeError:
            continue
        numbers = numbers_of(record.headers)
        if numbers is not None and numbers[0] < PARTITIONS and (process := _speaker(names, envelope)) is not None:
            yield record, envelope, process


def _speaker(names: Sequence[str], envelope: Envelope) -> str | None:
    """The process whose ids these are: an id follows from its process, its cause, its type and its ordinal."""
    cause, kind = envelope.cause or "", envelope.type
    ids = ((name, derived_text(name, cause, kind, str(n))) for n in range(1, MOST_OF_A_TYPE + 1) for name in names)
    return next((name for name, made in ids if made == envelope.id), None)


def _places(service: Service) -> Collection[Place]:
    return [Place(topic.name, n) for topic in own_topics(service.name) for n in range(PARTITIONS)]
