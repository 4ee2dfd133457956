"""Watches the log from outside: compact facts of every claim, from events alone and from no service's tables."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from ops import catalogue
from shared.events.base import PARTITIONS, Event, claim_id_of, type_registry
from shared.events.escalation import ClaimClosed, ClaimDecided, Outcome, PayoutAuthorized, StatusChanged
from shared.events.finance import PayoutPaid, SellerDebitCollected
from shared.events.intake import ClaimAccepted, ClaimDenied, InformationRequested, SubmissionRefused
from shared.events.recovery import (
    DebitNoticed,
    ProofRequested,
    RecoveryClosed,
    RecoveryOpened,
    RecoveryWrittenOff,
    ReimbursementWaived,
    SellerDebitRequested,
)
from shared.events.upstream import ClaimSubmitted
from shared.runtime.codec import Headers, numbers_of, type_of
from shared.runtime.kafka import client_options
from shared.runtime.settings import Settings

log = structlog.get_logger()

REFUSED: Final = "SUBMISSION_REFUSED"
"""Reason code of a submission that could not be understood."""
SCREENING: Final = "screening"
"""Where a claim stands while no status has been said of it."""


@dataclass(frozen=True, slots=True)
class Money:
    """Minor units of one currency. paid_out = recovered + waived + written_off + outstanding, or something is wrong."""

    paid_out: int = 0
    recovered: int = 0
    waived: int = 0
    written_off: int = 0
    outstanding: int = 0

    def plus(self, other: "Money") -> "Money":
        return Money(
            self.paid_out + other.paid_out,
            self.recovered + other.recovered,
            self.waived + other.waived,
            self.written_off + other.written_off,
            self.outstanding + other.outstanding,
        )

    @property
    def adds_up(self) -> bool:
        return self.paid_out == self.recovered + self.waived + self.written_off + self.outstanding


@dataclass(slots=True)
class Payout:
    """What was ordered under one payout id, and what finance says it paid: its reference → amount."""

    currency: str = ""
    authorised_minor: int = 0
    paid: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def borne_minor(self) -> int:
        """What counts: the first payment, and no more of it than was ordered."""
        return min(next(iter(self.paid.values()), 0), self.authorised_minor)


@dataclass(slots=True)
class Claim:
    """What the log tells of one claim. Moments are milliseconds of real time, 0: has not happened."""

    claim_id: str
    submission_id: str = ""
    submitted_at: int = 0
    decided_at: int = 0
    """First word to the customer: accepted, denied, or asked for papers."""
    refused: bool = False
    status: str = SCREENING
    owner: str = ""
    by: str | None = None
    outcome: Outcome | None = None
    reasons: tuple[str, ...] = ()
    item_reasons: tuple[str, ...] = ()
    decided: dict[int, int] = field(default_factory=dict[int, int])
    """Round → what was decided to be paid."""
    payouts: dict[str, Payout] = field(default_factory=dict[str, Payout])
    recovery: str = ""
    """What the pursuit of the seller said last: a type of event."""
    waived_minor: int = 0
    written_off_minor: int = 0
    collected: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """(debit, finance's reference) → amount."""

    @property
    def ended(self) -> bool:
        return self.outcome is not None or self.refused

    @property
    def paid(self) -> bool:
        return any(payout.paid for payout in self.payouts.values())

    @property
    def in_recovery(self) -> bool:
        """Paid by us, and not every cent has found its place."""
        return self.paid and self.recovery != RecoveryClosed.__name__

    @property
    def currency(self) -> str:
        return next((payout.currency for payout in self.payouts.values()), "")

    def named_outcome(self) -> Outcome:
        """Its place in the closed list. A refused submission is denied, if no better copy of it came."""
        return self.outcome or (Outcome.DENIED if self.refused else Outcome.WAITING)

    def all_reasons(self) -> list[str]:
        """Of the claim and of its items, each once."""
        if self.refused and self.outcome is None:
            return [REFUSED]
        return list(dict.fromkeys((*self.reasons, *self.item_reasons)))

    def money(self) -> Money:
        """Reckoned from what finance reports and recovery says, without the ledger."""
        paid = sum(payout.borne_minor for payout in self.payouts.values())
        recovered = min(sum(self.collected.values()), paid - self.waived_minor)
        written_off = min(self.written_off_minor, paid - self.waived_minor - recovered)
        rest = paid - self.waived_minor - recovered - written_off
        return Money(paid, recovered, self.waived_minor, written_off, rest)


class Facts:
    """Everything heard so far. The same event may be heard again: facts are kept, never counts of them."""

    def __init__(self) -> None:
        self.claims: dict[str, Claim] = {}
        self.changed_at = time.monotonic()
        """When something last happened to a claim or its money; a deadline that only moved is nothing."""
        self.first_submitted_at = 0
        self.last_decided_at = 0

    def hear(self, kind: str, key: str, value: bytes | None, at: int) -> None:
        """One event of a type in ``WATCHED``: its key, its body, and the record's moment."""
        if kind == ClaimSubmitted.__name__:
            key = key.replace("\x00", "")[:128]  # as intake names one that it refuses
            claim_id = str(claim_id_of(key))
        else:
            claim_id = key
        claim = self.claims.get(claim_id)
        if claim is None:
            claim = self.claims[claim_id] = Claim(claim_id)
        bare = _BARE.get(kind)
        try:
            moved = bare(self, claim, key, at) if bare else _TOLD[kind](claim, json.loads(value or b""))
        except (ValueError, LookupError, TypeError):
            return  # no fact: services keep it as a dead letter
        if moved:
            self.changed_at = time.monotonic()

    def submitted(self) -> Iterator[Claim]:
        """Claims whose submission was published; a submission sent twice is one claim."""
        return (claim for claim in self.claims.values() if claim.submitted_at)

    def waiting(self) -> Iterator[Claim]:
        """Claims that have not ended, or whose recovery has not."""
        return (claim for claim in self.submitted() if not claim.ended or claim.in_recovery)

    def states(self) -> Counter[str]:
        """Claims by where they stand: a status while they run, their outcome when they have ended."""
        return Counter(c.named_outcome().value if c.ended else c.status for c in self.submitted())

    def outcomes(self) -> Counter[Outcome]:
        return Counter(claim.named_outcome() for claim in self.submitted())

    def money(self) -> dict[str, Money]:
        """By currency."""
        found: dict[str, Money] = {}
        for claim in self.claims.values():
            if claim.paid:
                found[claim.currency] = found.get(claim.currency, Money()).plus(claim.money())
        return dict(sorted(found.items()))

    def latencies(self) -> list[int]:
        """Milliseconds from submission to first decision, in ascending order."""
        return sorted(max(0, c.decided_at - c.submitted_at) for c in self.submitted() if c.decided_at)

    def note_submitted(self, claim: Claim, key: str, at: int) -> bool:
        if claim.submitted_at:
            return False
        claim.submission_id, claim.submitted_at = key, at
        self.first_submitted_at = min(self.first_submitted_at or at, at)
        return True

    def note_decided(self, claim: Claim, _: str, at: int) -> bool:
        if claim.decided_at:
            return False
        claim.decided_at = at
        self.last_decided_at = max(self.last_decided_at, at)
        return True

    def note_refused(self, claim: Claim, _: str, __: int) -> bool:
        claim.refused, before = True, claim.refused
        return not before


def _status_changed(claim: Claim, body: Any) -> bool:
    before = claim.status, claim.owner
    claim.status, claim.owner, claim.by = body["status"], body["owner"], body["by"]
    claim.item_reasons = tuple(reason for item in body["items"] for reason in item["reasons"])
    return before != (claim.status, claim.owner)


def _closed(claim: Claim, body: Any) -> bool:
    claim.outcome, claim.reasons = Outcome(body["outcome"]), tuple(body["reasons"])
    return True


def _decided(claim: Claim, body: Any) -> bool:
    claim.decided[body["round"]] = body["allowed_minor"]
    return True


def _authorised(claim: Claim, body: Any) -> bool:
    payout = claim.payouts.setdefault(body["payout_id"], Payout())
    payout.currency, payout.authorised_minor = body["currency"], body["amount_minor"]
    return True


def _paid(claim: Claim, body: Any) -> bool:
    payout = claim.payouts.setdefault(body["payout_id"], Payout(currency=body["currency"]))
    new = body["finance_reference"] not in payout.paid
    payout.paid.setdefault(body["finance_reference"], int(body["amount_minor"]))
    return new


def _collected(claim: Claim, body: Any) -> bool:
    place = body["debit_id"], body["finance_reference"]
    new = place not in claim.collected
    claim.collected.setdefault(place, int(body["amount_minor"]))
    return new


def _waived(claim: Claim, body: Any) -> bool:
    claim.waived_minor = body["amount_minor"]
    return True


def _written_off(claim: Claim, body: Any) -> bool:
    claim.written_off_minor = body["amount_minor"]
    return True


def _pursued(kind: type[Event]) -> Callable[[Facts, Claim, str, int], bool]:
    """Where the pursuit stands. Debits come on a topic of their own: one may be read after the closing."""

    def note(_: Facts, claim: Claim, __: str, ___: int) -> bool:
        if claim.recovery in {kind.__name__, RecoveryClosed.__name__}:
            return False
        claim.recovery = kind.__name__
        return True

    return note


_BARE: Final[dict[str, Callable[[Facts, Claim, str, int], bool]]] = {
    ClaimSubmitted.__name__: Facts.note_submitted,
    SubmissionRefused.__name__: Facts.note_refused,
    **{kind.__name__: Facts.note_decided for kind in (ClaimAccepted, ClaimDenied, InformationRequested)},
    **{
        kind.__name__: _pursued(kind)
        for kind in (RecoveryOpened, ProofRequested, DebitNoticed, SellerDebitRequested, RecoveryClosed)
    },
}
"""Events that tell enough by having happened: their body is not even looked at."""

_TOLD: Final[dict[str, Callable[[Claim, Any], bool]]] = {
    StatusChanged.__name__: _status_changed,
    ClaimClosed.__name__: _closed,
    ClaimDecided.__name__: _decided,
    PayoutAuthorized.__name__: _authorised,
    PayoutPaid.__name__: _paid,
    SellerDebitCollected.__name__: _collected,
    ReimbursementWaived.__name__: _waived,
    RecoveryWrittenOff.__name__: _written_off,
}

WATCHED: Final = frozenset((*_BARE, *_TOLD))
"""Types of events that are looked at; all others are skipped by their header."""

_TOPICS: Final = {topic for kind in WATCHED if (topic := type_registry[kind].topic) is not None}
_NUMBERED: Final = frozenset(topic.name for topic in _TOPICS if topic.numbered)
_PAUSE: Final = 0.5
"""Real seconds between tries while the broker is away."""


class Streams:
    """What our services say, each number of a stream once and in order, as any listener of ours counts them."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, int, int], tuple[int, int]] = {}

    def accepts(self, topic: str, partition: int, headers: Headers) -> bool:
        """False: heard before, or ahead of what will be published again."""
        numbers = numbers_of(headers)
        if numbers is None:
            return False
        lane, sequence, epoch = numbers
        known_epoch, known = self._heard.get((topic, partition, lane), (0, 0))
        if epoch < known_epoch or sequence != known + 1:
            return False
        self._heard[topic, partition, lane] = (epoch, sequence)
        return True


class Observer:
    """Reads the topics that matter from their beginning, in no consumer group, and gathers ``facts``.

    What lies on the other topics is only counted: ``events`` is the number of records on all of them.
    """

    def __init__(self, settings: Settings) -> None:
        self.facts = Facts()
        self.events = 0
        self._settings, self._streams = settings, Streams()
        self._consumer: Any = None
        self._next: dict[Any, int] = {}
        self._read_on = asyncio.Event()
        self._everywhere = [TopicPartition(t.name, n) for t in catalogue.all_topics() for n in range(PARTITIONS)]

    async def run(self) -> None:
        """Until cancelled. A broker that is away is waited for."""
        self._consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            client_id="makegood.observer",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_min_bytes=64 << 10,  # a few large answers: the services need the processors more than we do
            fetch_max_wait_ms=200,
        )
        await self._consumer.start()
        try:
            self._consumer.assign([TopicPartition(t.name, n) for t in _TOPICS for n in range(PARTITIONS)])
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read())
                tasks.create_task(self._count())
        finally:
            await self._consumer.stop()

    async def read_to_now(self) -> None:
        """Returns when everything that is on the topics at this moment has been read."""
        if self._consumer is None:
            return
        ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
        while any(self._next.get(tp, 0) < end for tp, end in ends.items()):
            self._read_on.clear()
            await self._read_on.wait()

    async def _read(self) -> None:
        while True:
            try:
                found = await self._consumer.getmany(timeout_ms=500, max_records=4000)
            except KafkaError as error:
                log.warning("reads again", error=type(error).__name__)
                await asyncio.sleep(_PAUSE)
                continue
            for tp, records in found.items():
                self._hear(tp, records)
                self._read_on.set()
                await asyncio.sleep(0)

    def _hear(self, tp: Any, records: Sequence[Any]) -> None:
        numbered, hear = tp.topic in _NUMBERED, self.facts.hear
        for record in records:
            if numbered and not self._streams.accepts(tp.topic, tp.partition, record.headers):
                continue
            kind = type_of(record.headers)
            if kind in WATCHED:
                hear(kind, (record.key or b"").decode("utf-8", "replace"), record.value, record.timestamp)
        self._next[tp] = records[-1].offset + 1

    async def _count(self) -> None:
        while True:
            try:
                self.events = sum((await self._consumer.end_offsets(self._everywhere)).values())
            except KafkaError as error:
                log.warning("counts again", error=type(error).__name__)
            await asyncio.sleep(1)
