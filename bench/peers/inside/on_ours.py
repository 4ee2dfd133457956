"""The process on our own runtime: one service with one process, served by the runtime's own replicas.

Its state is the durable record, and what it says are the payouts: no table, no key, the runtime says each once.
"""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Self

import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import AwareDatetime

from bench.batches import Ready, send
from bench.peers.inside.batches import Batches
from bench.peers.inside.load import run
from bench.peers.process import Claim, Payout, Reason
from ops.demo.observer import Streams
from ops.wire import Wire
from shared.events.base import PARTITIONS, Envelope, Event, Topic
from shared.runtime import Decision, Moment, Process, Service, State, unchanged
from shared.runtime.codec import encode
from shared.runtime.kafka import client_options, make_topics
from shared.runtime.lanes import partition_of
from shared.runtime.migrate import migrate
from shared.runtime.serve import Replica
from shared.runtime.settings import Settings
from shared.runtime.structured_logs import configure

CLAIMS = Topic("peers.claims.v1", key="claim_id", party="peers-outside")
PAYOUTS = Topic("peers.payouts.v1", key="claim_id", party="peers", numbered=True)


class PeerClaimFiled(Claim, Event):
    topic: ClassVar = CLAIMS


class PeerSellerAnswered(Event):
    topic: ClassVar = CLAIMS
    claim_id: str


class PeerPayoutDue(Event):
    topic: ClassVar = PAYOUTS
    claim_id: str
    reason: Reason
    amount_minor: int


class Case(Claim, State):
    """``asked_at``: until the claim is paid."""

    asked_at: AwareDatetime | None

    @property
    def due(self) -> datetime | None:
        return self.asked_at


def claim_filed(event: PeerClaimFiled, at: Moment[Any]) -> Decision[Case]:
    return Decision(Case(**vars(event), asked_at=event.answer_by))


def seller_answered(case: Case, event: PeerSellerAnswered, at: Moment[Any]) -> Decision[Case]:
    return _decided(case, Reason.ANSWERED)


def time_over(case: Case, at: Moment[Any]) -> Decision[Case]:
    return unchanged(case) if at.now < case.answer_by else _decided(case, Reason.SILENT)


def _decided(case: Case, reason: Reason) -> Decision[Case]:
    if case.asked_at is None:
        return unchanged(case)
    payout = PeerPayoutDue(claim_id=case.claim_id, reason=reason, amount_minor=case.amount_minor)
    return Decision(case.model_copy(update={"asked_at": None}), (payout,))


PEERS = Process(
    name="peers",
    state=Case,
    begins={PeerClaimFiled: claim_filed},
    hears={PeerSellerAnswered: seller_answered},
    waits=time_over,
)
SERVICE = Service("peers", processes=(PEERS,))


class Client:
    """Publishes what is said and reads the payouts off their topic."""

    def __init__(self, settings: Settings, producer: Any) -> None:
        self._settings = settings
        self._found: list[Payout] = []
        self._found_at: dict[str, datetime] = {}
        self._answered = 0
        self._batches = Batches[Ready](partial(send, producer))
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def connect(cls) -> Self:
        settings = Settings()
        options = client_options(settings)
        producer: Any = AIOKafkaProducer(**options, acks="all", enable_idempotence=True, max_batch_size=512 * 1024)
        await producer.start()
        return cls(settings, producer)

    async def file(self, claim: Claim) -> None:
        await self._say(PeerClaimFiled(**vars(claim)))

    async def answer(self, claim_id: str) -> None:
        await self._say(PeerSellerAnswered(claim_id=claim_id))

    async def paid(self) -> tuple[int, int]:
        if self._listening.done():
            self._listening.result()  # raises what has ended it
        return len(self._found), self._answered

    async def payouts(self) -> list[Payout]:
        return self._found

    async def paid_at(self) -> Mapping[str, datetime]:
        return self._found_at

    async def _say(self, event: Event) -> None:
        kind = event.type_name()
        envelope = Envelope(f"{kind}/{event.key}", kind, "peers-outside", datetime.now(UTC), event.key)
        key, value, headers = encode(event, envelope)
        await self._batches.say(Ready(CLAIMS.name, partition_of(event.key, PARTITIONS), key, value, headers))

    async def _listen(self) -> None:
        streams = Streams()
        async with aclosing(Wire(self._settings).listen({PAYOUTS.name})) as batches:
            async for records in batches:
                now = datetime.now(UTC)
                for record in records:
                    if not streams.accepts(record.topic, record.partition, record.headers):
                        continue  # a replica that has taken over a lane says again what may not be out yet
                    payout = PeerPayoutDue.model_validate_json(record.value)
                    self._found.append(Payout(payout.claim_id, payout.reason, payout.amount_minor))
                    self._found_at[payout.claim_id] = now
                    self._answered += payout.reason is Reason.ANSWERED


async def prepare() -> None:
    """Topics that flush each record to disk before it is acknowledged, and the tables."""
    settings = Settings()
    admin: Any = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    flushed = {"retention.ms": "-1", "flush.messages": "1"}
    await admin.create_topics([NewTopic(t.name, PARTITIONS, 1, topic_configs=flushed) for t in (CLAIMS, PAYOUTS)])
    await admin.close()
    await make_topics(settings, (CLAIMS, PAYOUTS))
    await migrate(settings, [SERVICE])


def work() -> int:
    configure(SERVICE.name, "warning")
    replica = Replica(SERVICE, Settings())
    uvloop.run(replica.run())
    return 0 if replica.failure is None else 3


if __name__ == "__main__":
    if sys.argv[1] == "migrate":
        uvloop.run(prepare())
    elif sys.argv[1] == "work":
        sys.exit(work())
    else:
        sys.exit(uvloop.run(run(Client.connect, int(sys.argv[2]))))
