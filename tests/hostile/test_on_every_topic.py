"""Every kind of bad record on every topic that anybody hears, at once, on a real broker and five real services.

Behind them on the same partition lies a good record: it is decided, so nobody stood still.
"""

import asyncio
import json
import re
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr

from ops import catalogue
from ops.fleet import Fleet
from ops.local.stack import Stack
from shared.events.base import PARTITIONS
from shared.runtime.codec import decode
from shared.runtime.dead_letters import MOST_LETTER_BYTES
from shared.runtime.kafka import make_topics
from shared.runtime.lanes import partition_of
from shared.runtime.migrate import migrate
from shared.runtime.process import Process, all_processes, topics_of
from shared.runtime.settings import Settings
from tests.conftest import empty_database, without_topics
from tests.contracts.on_the_wire import Sample, newest_samples
from tests.deciding import START
from tests.hostile.kinds import HUGE, KINDS, NUMBERS, SECRET, Fate, Made, applicable, good, is_ours
from tests.hostile.raw import Raw, RawProducer, batch, raw_producer, with_bytes

pytestmark = pytest.mark.thorough
PATIENCE: Final = 120.0
LEAST: Final = 40
"""Kinds on every topic."""


@dataclass(frozen=True, repr=False)
class Sent:
    """One record as it lies in the log."""

    kind: str
    sample: Sample
    made: Made
    place: tuple[str, int, int]
    """Topic, partition, offset."""
    ce_id: str


@dataclass(repr=False)
class Run:
    """All that was sent, and what became of it."""

    sent: list[Sent]
    letters: dict[tuple[str, int, int], list[Any]]
    taken: dict[str, set[str]]
    """Event id → processes that have it in their journal, or wait with it."""
    alive: dict[str, int]
    next: dict[tuple[str, str, int], int]
    """Process, topic and partition → the offset that it reads next."""
    logs: str
    refusals: list[Any]
    parked: dict[str, dict[str, str]]
    """Key → process that lets it wait → why."""

    def of(self, fate: Fate) -> list[Sent]:
        return [sent for sent in self.sent if sent.made.fate is fate]


def listeners() -> dict[str, list[Process[Any]]]:
    """Topic → who hears it."""
    found: defaultdict[str, list[Process[Any]]] = defaultdict(list)
    for service in catalogue.all_services():
        for process, _ in all_processes(service):
            for topic in topics_of(process):
                found[topic.name].append(process)
    return found


LISTENERS: Final = listeners()
BEHIND: Final = "a good one behind them"


def ears(type_name: str, topic: str) -> list[Process[Any]]:
    """Who decides on events of a type."""
    return [p for p in LISTENERS[topic] if type_name in {kind.__name__ for kind in (*p.begins, *p.hears)}]


def takers(sample: Sample) -> set[str]:
    """Who must have decided on a good one, or wait with it. What is let go before the beginning leaves no trace."""
    event, _ = decode(sample.topic, sample.key, sample.value, sample.headers)
    hearers = [p for p in ears(sample.type_name, sample.topic) if type(event) in p.hears or not is_ours(sample)]
    return {p.name for p in hearers if type(event) in p.begins or p.keeps_early(event)}


def samples_of(topic: str) -> list[Sample]:
    """Good records of the topic that somebody hears; those first that leave a trace of it."""
    found = [s for s in newest_samples().values() if s.topic == topic and ears(s.type_name, topic)]
    return sorted(found, key=lambda sample: not takers(sample))


class Sender:
    """Puts all that is bad into one partition of each topic, and something good behind it."""

    def __init__(self, producer: RawProducer) -> None:
        self._producer = producer
        self._sequence: defaultdict[str, int] = defaultdict(int)
        self._unacknowledged: list[tuple[str, Sample, Made, str, asyncio.Future[Any]]] = []
        self.sent: list[Sent] = []

    async def send_all(self, topic: str, *, huge: bool) -> None:
        """Returns when all of it is acknowledged."""
        for name in KINDS:
            found = applicable(samples_of(topic), name) if huge or name not in HUGE else None
            if found is not None:
                await self._send(name, *found)
        last = samples_of(topic)[0]
        await self._send(BEHIND, last, good(last))
        for kind, sample, made, ce_id, acknowledged in self._unacknowledged:
            at = await acknowledged
            self.sent.append(Sent(kind, sample, made, (at.topic, at.partition, at.offset), ce_id))
        self._unacknowledged.clear()

    async def _send(self, name: str, sample: Sample, made: Made) -> None:
        partition = partition_of(samples_of(sample.topic)[0].key.decode(), PARTITIONS)
        ce_id = f"hostile-{len(self.sent) + len(self._unacknowledged)}"
        headers = tuple((n, ce_id.encode() if (n, v) == ("ce_id", _id(sample)) else v) for n, v in made.headers)
        if is_ours(sample):
            headers = self._numbered(sample, headers, counts=made.counts, lane=(partition + 7) % PARTITIONS)
        data = batch(Raw(made.key, made.value, headers), codec=made.codec)
        if made.spoils:
            data = with_bytes(data, *made.spoils)
        acknowledged = await self._producer.send(sample.topic, partition, data)
        self._unacknowledged.append((name, sample, made, ce_id, acknowledged))

    def _numbered(self, sample: Sample, headers: Any, *, counts: bool, lane: int) -> Any:
        """As the outbox of a service would number it, in a stream in which no service says anything here."""
        following = self._sequence[sample.topic] + 1
        if counts:
            self._sequence[sample.topic] = following
        right = dict(zip(NUMBERS, (lane, following, 1), strict=True))
        usual = dict(sample.headers)
        return tuple((n, b"%d" % right[n] if n in right and v == usual[n] else v) for n, v in headers)


def _id(sample: Sample) -> bytes:
    return dict(sample.headers)["ce_id"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def run(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Run]:
    """Sends everything once, and looks when the good records have been taken by all who hear them."""
    await without_topics(stack.bootstrap_servers)
    async with empty_database(stack) as url:
        settings = Settings(
            kafka_bootstrap_servers=stack.bootstrap_servers, database_url=SecretStr(url), clock_origin=START,
            clock_real_origin=time.time(),
        )  # fmt: skip
        await make_topics(settings, catalogue.all_topics())
        await migrate(settings, catalogue.all_services())
        fleet = Fleet(_environment(stack, settings), tmp_path_factory.mktemp("hostile"))
        try:
            for name in catalogue.NAMES:
                fleet.serve(name)
            async with raw_producer(stack.bootstrap_servers) as producer:
                sender = Sender(producer)
                for topic in sorted(LISTENERS):
                    await sender.send_all(topic, huge=topic in ("claims.submissions.v1", "claims.by-seller.v1"))
            yield await _outcome(url, sender.sent, fleet)
        finally:
            fleet.end()


def _environment(stack: Stack, settings: Settings) -> dict[str, str]:
    return {
        **stack.environment,
        "MAKEGOOD_DATABASE_URL": settings.database_url.get_secret_value(),
        "MAKEGOOD_CLOCK_REAL_ORIGIN": str(settings.clock_real_origin),
        "MAKEGOOD_CLOCK_ORIGIN": str(settings.clock_origin),
        "MAKEGOOD_KAFKA_SESSION_SECONDS": "10",
    }


async def _outcome(url: str, sent: list[Sent], fleet: Fleet) -> Run:
    pool: Any = await cast("Any", asyncpg).create_pool(url, min_size=1, max_size=2)
    try:
        wanted = [s for s in sent if s.made.fate is Fate.TAKEN]
        end = time.monotonic() + PATIENCE
        while True:
            taken, following = await _taken(pool), await _next(pool)
            if all(takers(s.sample) <= taken[s.ce_id] for s in wanted) and not _unread(sent, following):
                break
            if time.monotonic() > end or fleet.died():
                break  # the tests say what is missing
            await asyncio.sleep(0.3)
        letters: defaultdict[tuple[str, int, int], list[Any]] = defaultdict(list)
        for service in catalogue.NAMES:
            for row in await pool.fetch(f"select * from {service}.dead_letter"):
                letters[row["topic"], row["partition"], row["offset"]].append(row)
        refused = await pool.fetch("select body from intake.outbox where body like '%problems%'")
        refusals = [json.loads(row["body"]) for row in refused]
        parked: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for service in catalogue.NAMES:
            for row in await pool.fetch(f"select * from {service}.held where error is not null"):
                parked[row["key"]][row["process"]] = row["error"]
        logs = "\n".join(map(_text, map(fleet.log, catalogue.NAMES)))
        return Run(sent, dict(letters), taken, fleet.pids(), following, logs, refusals, dict(parked))
    finally:
        await pool.close()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


async def _next(pool: Any) -> dict[tuple[str, str, int], int]:
    return {
        (row["process"], row["topic"], row["partition"]): row["next"]
        for service in catalogue.NAMES
        for row in await pool.fetch(f"select process, topic, partition, next from {service}.input")
    }


def _unread(sent: Iterable[Sent], following: Mapping[tuple[str, str, int], int]) -> list[tuple[str, str]]:
    """Who has not come to the good record behind the bad ones, and of which topic."""
    return [
        (process.name, s.sample.topic)
        for s in sent
        if s.kind == BEHIND
        for process in LISTENERS[s.sample.topic]
        if following.get((process.name, *s.place[:2]), 0) <= s.place[2]
    ]


async def _taken(pool: Any) -> defaultdict[str, set[str]]:
    taken: defaultdict[str, set[str]] = defaultdict(set)
    for service in catalogue.NAMES:
        for row in await pool.fetch(
            f"select process, cause from {service}.journal where cause like '%hostile-%' "
            f"union all select process, cause from {service}.held where cause like '%hostile-%'"
        ):
            found = re.search(r"hostile-\d+", row["cause"])
            assert found
            taken[found[0]].add(row["process"])
    return taken


def test_at_least_forty_kinds_are_tried_on_every_topic(run: Run) -> None:
    kinds = {topic: [s.kind for s in run.sent if s.sample.topic == topic] for topic in LISTENERS}
    print(f"{len(KINDS)} kinds of bad record, {len(run.sent)} records on {len(LISTENERS)} topics, "  # noqa: T201
          f"at least {min(map(len, kinds.values())) - 1} on each")  # fmt: skip
    assert {topic: len(names) for topic, names in kinds.items() if len(names) - 1 < LEAST} == {}
    assert KINDS.keys() - {s.kind for s in run.sent} == set()


def test_every_service_is_alive(run: Run) -> None:
    assert run.alive.keys() == set(catalogue.NAMES)


def test_the_good_record_behind_them_is_taken_by_everybody_who_hears_it(run: Run) -> None:
    behind = [s for s in run.sent if s.kind == BEHIND]
    assert len(behind) == len(LISTENERS)
    assert [f"{s.sample.topic}: {_missing(run, s)}" for s in behind if _missing(run, s)] == []
    assert _unread(behind, run.next) == []


def test_what_is_odd_but_no_mistake_is_taken_by_everybody_who_hears_it(run: Run) -> None:
    assert [f"{s.kind} on {s.sample.topic}: {_missing(run, s)}" for s in run.of(Fate.TAKEN) if _missing(run, s)] == []


def test_each_bad_record_is_kept_with_a_reason_that_names_the_field(run: Run) -> None:
    wrong: list[str] = []
    for sent in run.of(Fate.DEAD):
        kept = {row["process"]: row for row in run.letters.get(sent.place, [])}
        for process in ears(sent.sample.type_name, sent.sample.topic):
            row = kept.get(process.name)
            reason = "; ".join(": ".join(problem) for problem in json.loads(row["problems"])) if row else "not kept"
            if row is None or not re.search(sent.made.reason, reason):
                wrong.append(f"{sent.kind} on {sent.sample.topic} by {process.name}: {reason}")
    assert wrong == []


def test_each_bad_record_is_kept_with_its_bytes_as_far_as_there_is_room(run: Run) -> None:
    for sent in run.of(Fate.DEAD):
        value = sent.made.value or b""
        for row in run.letters.get(sent.place, []):
            if "record" in sent.made.reason:
                continue  # nobody could read it
            assert (row["value"] or b"") == value[:MOST_LETTER_BYTES], sent.kind
            assert (row["key"] or b"") == (sent.made.key or b"")[:1024], sent.kind
            assert row["size"] == len(value)
            assert row["whole"] == (len(value) <= MOST_LETTER_BYTES and len(sent.made.key or b"") <= 1024
                                    and all(len(v or b"") <= 1024 for _, v in sent.made.headers))  # fmt: skip


def test_what_is_not_in_its_turn_leaves_no_trace(run: Run) -> None:
    passed_over = run.of(Fate.PASSED_OVER)
    assert passed_over
    assert [s.kind for s in passed_over if run.letters.get(s.place) or run.taken.get(s.ce_id)] == []


def test_what_another_version_of_us_has_said_waits_with_its_key_and_nothing_else_does(run: Run) -> None:
    parked = {(s.made.key or b"").decode(): s for s in run.of(Fate.PARKED)}
    assert len(parked) > LEAST
    assert run.parked.keys() - parked.keys() == set()
    wrong: list[str] = []
    for key, sent in parked.items():
        for process in ears(sent.sample.type_name, sent.sample.topic):
            reason = run.parked.get(key, {}).get(process.name, "not kept")
            if not re.search(sent.made.reason, reason):
                wrong.append(f"{sent.kind} on {sent.sample.topic} by {process.name}: {reason}")
    assert wrong == []


def test_upstream_is_told_what_was_wrong_with_each_submission(run: Run) -> None:
    bad = [s for s in run.of(Fate.DEAD) if s.sample.topic == "claims.submissions.v1"]
    assert sum(not told["contradicts"] for told in run.refusals) == len(bad)


def test_upstream_is_told_what_each_submission_contradicts_of_the_first_under_its_id(run: Run) -> None:
    said = [json.loads(s.made.value or b"") for s in run.of(Fate.TAKEN) if s.sample.type_name == "ClaimSubmitted"]
    differing = [{name for name in said[0] if again[name] != said[0][name]} for again in said[1:]]
    told = [{problem["field"] for problem in told["problems"]} for told in run.refusals if told["contradicts"]]
    assert {"marketplace", "purchased_on"} in differing
    assert sorted(map(sorted, told)) == sorted(sorted(names) for names in differing if names)


def test_no_reason_and_no_log_repeats_what_was_sent(run: Run) -> None:
    assert SECRET not in run.logs
    assert "Bcc" not in run.logs
    assert [row["problems"] for rows in run.letters.values() for row in rows if SECRET in row["problems"]] == []
    assert [why for waits in run.parked.values() for why in waits.values() if SECRET in why] == []
    assert [told for told in run.refusals if SECRET in json.dumps(told["problems"])] == []


def _missing(run: Run, sent: Sent) -> set[str]:
    return takers(sent.sample) - run.taken.get(sent.ce_id, set())
