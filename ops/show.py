"""The whole story of one claim, merged from what every service has on record of it. Nothing personal is in it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from enum import Enum
from typing import Any, Final, cast
from uuid import UUID

from pydantic import ValidationError

from ops import catalogue
from ops.reach import Database, ReachError
from ops.said import EVERY_POSITION, Outbox
from shared.events.base import PARTITIONS, Event, Fact, claim_id_of, has_personal_fields, type_registry
from shared.events.escalation import StatusChanged
from shared.events.intake import Problem
from shared.events.mail_gateway import LetterBounced
from shared.money import display
from shared.runtime import Process
from shared.runtime.lanes import partition_of
from shared.runtime.turn import ASKED, DEADLINE

HIDDEN: Final = frozenset(
    (
        *("claimant", "claimant_id", "injured", "injury", "minor", "minor_claimant", "guardians", "beneficiary"),
        *("payee", "payee_ref", "holder_ref", "link"),
    )
)
"""Fields that tell of a person, or name one, although they hold no text. A ``link`` may be a payee's."""
_KEYS: Final = frozenset({"claim_id", "submission_id", "seller_id", "currency"})
"""Fields that are the same all through a story, or are told beside the amounts."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")
"""A string that is a code or a pointer; anything else might be words about somebody."""


@dataclass(frozen=True)
class Heard:
    """One process heard it at this moment of its own; ``known`` False: its reference was not read to the end yet.

    ``idle``: nothing followed from it there.
    """

    process: str
    at: datetime
    known: bool
    idle: bool = False


@dataclass
class Told:
    """One event, or one passed deadline, however many heard it."""

    id: str
    type: str
    at: datetime
    said_by: str
    cause: str | None
    facts: dict[str, str]
    heard: list[Heard] = field(default_factory=list[Heard])


@dataclass(frozen=True)
class Letter:
    """One e-mail to one contact, done when it was handed over, refused, or given up."""

    id: str
    kind: str
    to: str
    written_at: datetime
    attempts: int
    next_at: datetime | None
    done_at: datetime | None
    outcome: str | None


@dataclass(frozen=True)
class Deadline:
    process: str
    due: datetime
    watches: str | None


@dataclass(frozen=True)
class Entry:
    """One pair of postings in the ledger."""

    booked_at: datetime
    move: str
    debit_account: str
    credit_account: str
    currency: str
    amount_minor: int
    reference: str


@dataclass(frozen=True)
class Waiting:
    """A fact that waits for its claim to begin (``error`` None), or for a person because its key is parked."""

    process: str
    type: str
    since: datetime
    error: str | None


@dataclass(frozen=True)
class Refused:
    """Bytes under this key that were no fact; ``id`` as `makegood dead-letters` has it."""

    id: str
    topic: str
    at: datetime
    problems: list[str]


@dataclass
class Story:
    """What is on record. ``standing``: what the customer was told last, or how far intake is."""

    claim_id: str
    submission_id: str | None
    seller_id: str | None = None
    standing: dict[str, str] = field(default_factory=dict[str, str])
    told: list[Told] = field(default_factory=list[Told])
    letters: list[Letter] = field(default_factory=list[Letter])
    deadlines: list[Deadline] = field(default_factory=list[Deadline])
    ledger: list[Entry] = field(default_factory=list[Entry])
    money: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    waiting: list[Waiting] = field(default_factory=list[Waiting])
    refused: list[Refused] = field(default_factory=list[Refused])

    @property
    def is_empty(self) -> bool:
        return not (self.told or self.standing or self.waiting or self.refused or self.letters or self.ledger)

    def as_json(self) -> str:
        return json.dumps(asdict(self), default=lambda value: value.isoformat(), indent=2)


async def show(database: Database, claim: str) -> Story:
    """The story of a claim or submission id. Raises ReachError when nobody has heard of it."""
    story = await named(database, claim)
    claimant: str | None = None
    for row in await database.rows("intake", _CLAIM, story.submission_id):
        claimant = json.loads(row["body"]).get("claimant_id")
    story.refused = await refused(database, story)
    keys = {"submission_id": story.submission_id, "claim_id": story.claim_id, "claimant_id": claimant}
    told: dict[str, Told] = {}
    for service in catalogue.all_services():
        for process in service.processes:
            key = keys.get(_keyed_by(process))
            if key is not None:
                await _Witness(database, service.name, process, key, story).tell(told)
    story.told = _in_order(told)
    _next_step(story)
    await _letters(database, story)
    await _money(database, story)
    if story.is_empty:
        raise ReachError(
            f"no service has heard of {claim!r}: give a claim id or a submission id as it was published (one "
            "that came no further than intake is found by its submission id), or wait until intake has read it"
        )
    return story


async def named(database: Database, given: str) -> Story:
    """A submission's claim id follows from its own. The way back is on record in escalation, which hears of every claim
    that was read whole; of those few that it has not heard of yet, in what intake said last."""
    try:
        claim_id = str(UUID(given))
    except ValueError:
        return Story(str(claim_id_of(given)), given)
    if await database.value("intake", _CLAIM, given):
        return Story(str(claim_id_of(given)), given)  # a submission id may well be a UUID
    for service, way in (("escalation", _HEARD), ("intake", _SAID_LAST)):
        submission_id = await database.value(service, way, claim_id)
        if submission_id is not None:
            return Story(claim_id, submission_id)
    return Story(claim_id, None) if given == claim_id else Story(str(claim_id_of(given)), given)


_CLAIM: Final = "select body from state where process = 'intake' and key = $1"
_HEARD: Final = "select body->>'submission_id' from state where process = 'escalation' and key = $1"
_SAID_LAST: Final = """
select body::json->>'submission_id' from lane
    cross join lateral (
        select body from outbox where process = lane.process and lane = lane.n and position > lane.position - 1000
    ) said
where process = 'intake' and position('claim_id":"' || $1 in body) > 0 limit 1
"""
"""The outbox has no index by claim: of each lane the last thousand, for a typo must not read all of it."""


def _keyed_by(process: Process[Any]) -> str:
    first = next(iter(process.begins))
    return first.topic.key if first.topic is not None else ""


@dataclass(frozen=True)
class _Witness:
    """What one process has on record under one key."""

    database: Database
    service: str
    process: Process[Any]
    key: str
    story: Story

    async def tell(self, told: dict[str, Told]) -> None:
        """Adds what it heard and said to what others told, and what it waits for to the story."""
        moments = await self._heard(told)
        outbox = Outbox(self.database, self.service, self.process.name, partition_of(self.key, PARTITIONS))
        if self.process.refuses and self.story.refused:  # which is said, and not heard: it may stand anywhere
            await self._said(told, outbox, [EVERY_POSITION])
        else:
            await self._said(told, outbox, await outbox.said_at(moments))
        if self._of_the_claim:
            await self._state()
            await self._held()

    @property
    def _of_the_claim(self) -> bool:
        """False for a key that other claims share: of what is under it, only what names this claim belongs here."""
        return self.key in (self.story.claim_id, self.story.submission_id)

    async def _heard(self, told: dict[str, Told]) -> list[datetime]:
        """Gives the moments at which something was decided: what followed was said at the same."""
        rows = await self._rows(
            "select at, said_at, type, cause, body, known, coalesce(result = '..', false) as idle from journal "
            "where process = $1 and key = $2 "
            "and ($3 or position($4 in body) > 0) order by at, n, result not like '.%'",
            self._of_the_claim, self.story.claim_id,
        )  # fmt: skip
        for row in rows:
            one = told.setdefault(row["cause"], _told(row, self.service))
            if not one.facts and row["body"]:
                one.facts = facts_of(row["type"], row["body"])
            one.heard.append(Heard(self.process.name, row["at"], row["known"], row["idle"]))
        return sorted({row["at"] for row in rows})

    async def _said(self, told: dict[str, Told], outbox: Outbox, ranges: list[tuple[int, int]]) -> None:
        keys = [key for key in (self.story.claim_id, self.story.submission_id) if key]
        rows = [
            row
            for first, after in ranges
            for row in await self.database.rows(
                self.service,
                "select headers, body from outbox where process = $1 and lane = $2 and outbox.position >= $5 "
                "and outbox.position < $6 and (key = any($3) or position($4 in body) > 0) order by outbox.position",
                self.process.name, outbox.lane, keys, self.story.claim_id, first, after,
            )
        ]  # fmt: skip
        for row in rows:
            headers = dict(json.loads(row["headers"]))
            at = datetime.fromisoformat(headers["ce_time"])
            one = Told(headers["ce_id"], headers["ce_type"], at, self.service, None, {})
            one = told.setdefault(one.id, one)
            one.said_by, one.cause, one.facts = self.service, headers.get("ce_cause"), facts_of(one.type, row["body"])

    async def _state(self) -> None:
        for row in await self._rows("select body, due, watches from state where process = $1 and key = $2"):
            _stands(self.process.name, json.loads(row["body"]), self.story)
            if row["due"] is not None:
                self.story.deadlines.append(Deadline(self.process.name, row["due"], row["watches"]))

    async def _held(self) -> None:
        for row in await self._rows("select type, since, error from held where process = $1 and key = $2 order by id"):
            self.story.waiting.append(Waiting(self.process.name, row["type"], row["since"], row["error"]))

    async def _rows(self, sql: str, *more: Any) -> list[Any]:
        return await self.database.rows(self.service, sql, self.process.name, self.key, *more)


def _told(row: Any, service: str) -> Told:
    """Who said it is told by the topic; what has none is the service's own: a deadline, an effect's outcome."""
    kind = type_registry.get(row["type"])
    party = kind.topic.party if kind is not None and kind.topic is not None else service
    at = row["at"] if row["type"] in (DEADLINE, ASKED) else row["said_at"]
    facts = {"due": _moment(row["said_at"])} if row["type"] == DEADLINE else {}
    return Told(row["cause"], row["type"], at, party, None, facts)


def _in_order(told: Mapping[str, Told]) -> list[Told]:
    """By time; of what has one moment, the cause before what follows."""
    depths: dict[str, int] = {}
    for one in told.values():
        chain: list[str] = []
        at: Told | None = one
        while at is not None and at.id not in depths and at.id not in chain:
            chain.append(at.id)
            at = told.get(at.cause or "")
        depth = depths.get(at.id, 0) if at is not None else 0
        for name in reversed(chain):
            depth += 1
            depths[name] = depth
    return sorted(told.values(), key=lambda one: (one.at, depths[one.id]))


def _stands(process: str, state: Mapping[str, Any], story: Story) -> None:
    """How far each process is, in its own words; escalation's are what the customer is told."""
    terms: Mapping[str, Any] = state.get("accepted") or {}
    story.seller_id = story.seller_id or state.get("seller_id") or terms.get("seller_id")
    if process == "escalation":
        named = {name: state.get(name) for name in ("status", "owner", "by", "outcome")}
        story.standing = {name: str(value) for name, value in named.items() if value}
        if state.get("reasons"):
            story.standing["reasons"] = ", ".join(state["reasons"])
        if state.get("round", 1) > 1:
            story.standing["round"] = str(state["round"])
    elif "stage" in state:
        story.standing.setdefault(process, str(state["stage"]))
        if dispute := state.get("dispute"):
            story.standing["on hold"] = f"{dispute['ground']}, to be decided by {dispute['decide_by']}"


def _next_step(story: Story) -> None:
    """As the customer was told it last, while that is how the claim stands."""
    told = next((one for one in reversed(story.told) if one.type == StatusChanged.type_name()), None)
    if told and "next_step" in told.facts and told.facts["status"] == story.standing.get("status"):
        story.standing["next step"] = told.facts["next_step"]


async def _letters(database: Database, story: Story) -> None:
    rows = await database.rows(
        "seller_notifier",
        "select id, body, at, attempts, next_at, done_at from effect where process = 'seller_notifier' and key = $1 "
        "and kind = 'Letter' order by at, id",
        story.claim_id,
    )
    outcomes = {one.id: one.facts.get("outcome") for one in story.told}
    came_back = {one.facts.get("letter_id") for one in story.told if one.type == LetterBounced.type_name()}
    for row in rows:
        letter: dict[str, Any] = json.loads(row["body"])
        contents: dict[str, Any] = letter.get("contents") or {}
        done = row["done_at"]
        letter_id = letter.get("letter_id", str(row["id"]))
        story.letters.append(
            Letter(
                letter_id,
                contents.get("template") or letter["kind"],
                masked(letter["to"]),
                row["at"],
                row["attempts"],
                None if done else row["next_at"],
                done,
                "came back" if letter_id in came_back else outcomes.get(str(row["id"])),
            )
        )


async def _money(database: Database, story: Story) -> None:
    claim_id = UUID(story.claim_id)
    for row in await database.rows(
        "recovery",
        "select booked_at, move, debit_account::text, credit_account::text, currency, amount_minor, reference "
        "from ledger_entry where claim_id = $1 order by booked_at, move",
        claim_id,
    ):
        entry = Entry(**dict(row))
        story.ledger.append(replace(entry, reference=_shown(entry.reference, "")))
    for row in await database.rows("recovery", "select * from claim_money where claim_id = $1", claim_id):
        story.money.append({name: value for name, value in dict(row).items() if name != "claim_id"})


async def refused(database: Database, story: Story) -> list[Refused]:
    """What came under either of its names and was no fact, service by service."""
    found = list[Refused]()
    keys = [key.encode() for key in (story.submission_id, story.claim_id) if key]
    for service in catalogue.NAMES:
        for row in await database.rows(
            service, "select id, topic, at, problems from dead_letter where key = any($1::bytea[]) order by id", keys
        ):
            problems = [f"{where}: {what}" for where, what in json.loads(row["problems"])]
            found.append(Refused(f"{service}:{row['id']}", row["topic"], row["at"], problems))
    return found


# What an event may show of itself


def masked(address: str) -> str:
    """Enough of an address to tell it from another one."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…{at}{domain}" if at else "…"


def facts_of(kind: str, body: str) -> dict[str, str]:
    """The fields that say nothing of a person, as text. A type or version that is not ours shows none."""
    try:
        event = type_registry[kind].model_validate_json(body)
    except (KeyError, ValidationError):
        return {}
    return {name.removesuffix("_minor"): text for name, text in _fields(event)}


def _fields(fact: Fact, currency: str | None = None) -> Iterator[tuple[str, str]]:
    currency = getattr(fact, "currency", None) or currency
    for name, value in fact.__repr_args__():
        if name is None or name in HIDDEN or (isinstance(fact, Event) and name in _KEYS):
            continue
        if name.endswith("_minor") and isinstance(value, int):
            amount = display(value, currency or "").strip()
            if value or name != "already_paid_minor":
                yield name, amount if isinstance(fact, Event) else f"{_words(name)} {amount}"
        elif isinstance(value, bool) and not isinstance(fact, Event):
            yield from [(name, _words(name))] if value else []
        elif (text := _shown(value, currency or "")) and text != "…":
            yield name, text


def _words(name: str) -> str:
    return name.removesuffix("_minor").replace("_", " ")


def _shown(value: Any, currency: str) -> str:
    match value:
        case None | "…":
            return ""
        case Problem():
            return f"{value.field}: {value.problem}"
        case Fact():
            return "" if has_personal_fields(type(value)) else " ".join(text for _, text in _fields(value, currency))
        case Enum():
            return str(value.value)
        case bool():
            return "yes" if value else "no"
        case datetime():
            return _moment(value)
        case date() | int() | float() | UUID():
            return str(value)
        case str():
            return value if _PLAIN.fullmatch(value) else "…" if value else ""
        case tuple():
            return _listed(cast("Sequence[Any]", value), currency)
        case _:
            return ""


def _listed(values: Iterable[Any], currency: str) -> str:
    texts = [text for value in values if (text := _shown(value, currency))]
    return "; ".join(texts) if any(" " in text for text in texts) else ", ".join(texts)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
