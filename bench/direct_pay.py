"""The direct-pay route: small claims of insured adults, from ClaimSubmitted to ClaimClosed and RecoveryClosed.

Everything runs beside everything on this machine: five services with one replica each, Kafka, PostgreSQL, the mail
server, and this process, which submits the claims and answers as finance. The comment window is 0.
"""

import asyncio
import json
import os
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bench.cpu import cpu_seconds
from bench.policies import without_comment_window
from ops import catalogue
from ops.demo.outside.wire import Wire
from ops.demo.outside.world import Speech
from ops.fleet import Fleet
from ops.local.stack import NativeStack, Stack
from shared.events.base import Envelope, Event
from shared.events.claim import Document, DocumentKind, LossKind
from shared.events.finance import RESULTS
from shared.events.marketplace import SellerProceedsReported, SellerRegistered
from shared.events.seller_portal import CertificateSubmitted, InsurerRating
from shared.events.upstream import Claimant, ClaimSubmitted, DocumentsSubmitted, Injury, Loss
from shared.money import Currency
from shared.runtime.codec import type_of
from shared.runtime.kafka import make_topics
from shared.runtime.logs import quiet_libraries
from shared.runtime.migrate import migrate
from shared.runtime.settings import Settings

SELLERS = 200
PATIENCE = 300.0
"""Real seconds after which a round that has not ended is called broken."""


async def measure(root: Path, claims: int, rounds: int = 3) -> list[dict[str, Any]]:
    """One result per round, then their median by claims per second under the plain name."""
    quiet_libraries()
    folder = root / ".makegood" / "bench"
    async with await Stack.native(root, name="bench", fresh=True) as stack:
        settings = Settings(kafka_bootstrap_servers=stack.bootstrap_servers, database_url=SecretStr(stack.database_url))
        await make_topics(settings, catalogue.all_topics())
        await migrate(settings, catalogue.all_services())
        policies = without_comment_window(folder / "policies")
        fleet = Fleet({**stack.environment, "MAKEGOOD_POLICY_FOLDER": str(policies)}, folder / "logs")
        try:
            for service in catalogue.NAMES:
                fleet.serve(service)
            results = await Rounds(settings, fleet, stack).run(claims, rounds)
        finally:
            fleet.end()
    middle = sorted(results, key=lambda result: result["claims_per_second"])[len(results) // 2]
    return [*results, {**middle, "name": "direct-pay"}]


class Rounds:
    """Submits, answers as finance, and counts what comes out."""

    def __init__(self, settings: Settings, fleet: Fleet, stack: NativeStack) -> None:
        self._settings, self._fleet, self._stack = settings, fleet, stack
        self._seen: Counter[str] = Counter()
        self._changed = asyncio.Event()

    async def run(self, claims: int, rounds: int, warm_up: int = 500) -> list[dict[str, Any]]:
        async with Wire(self._settings) as wire:
            ear = asyncio.create_task(self._listen(wire))
            try:
                await wire.publish(_speeches(_directory()))
                await self._until("SellerCoverChanged", SELLERS)
                await self._round(wire, "warm-up", warm_up)
                return [await self._round(wire, f"direct-pay round {n + 1}", claims) for n in range(rounds)]
            finally:
                ear.cancel()

    async def _round(self, wire: Wire, name: str, claims: int) -> dict[str, Any]:
        prefix = uuid.uuid4().hex[:8]
        speeches = list(_speeches(event for n in range(claims) for event in _claim(f"{prefix}-{n}", n)))
        closed, recovered = self._seen["ClaimClosed"] + claims, self._seen["RecoveryClosed"] + claims
        letters = self._seen["SellerNotified"]
        roots = self._roots()
        before, started = cpu_seconds(roots), time.perf_counter()
        for first in range(0, len(speeches), 1000):
            await wire.publish(speeches[first : first + 1000])
        await self._until("ClaimClosed", closed)
        await self._until("RecoveryClosed", recovered)
        seconds, after = time.perf_counter() - started, cpu_seconds(roots)
        notified = self._seen["SellerNotified"] - letters
        await self._until("SellerNotified", letters + claims)  # the next round begins with no letters waiting
        cpu = {name: round((after[name] - before[name]) * 1000 / claims, 4) for name in roots}
        return {
            "name": name,
            "claims": claims,
            "claims_per_second": round(claims / seconds, 1),
            "cpu_seconds_per_1000": round(sum(cpu.values()), 3),
            "cpu_seconds_per_1000_by_part": cpu,
            "letters_out_when_the_last_claim_closed": notified,
            "claims_per_second_with_all_letters": round(claims / (time.perf_counter() - started), 1),
        }

    def _roots(self) -> dict[str, int]:
        stack = self._stack
        parts = {"kafka": stack.kafka.pids[0], "postgres": stack.postgres.pids[0], "mail server": stack.mail.pids[0]}
        return {**self._fleet.pids(), **parts, "load and finance": os.getpid()}

    async def _until(self, kind: str, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self._seen[kind] < count:
                self._changed.clear()
                await self._changed.wait()
                for name, code in self._fleet.died():
                    raise RuntimeError(f"{name} ended with {code}: see {self._fleet.log(name)}")

    async def _listen(self, wire: Wire) -> None:
        topics = {
            "finance.payouts.v1",
            "claims.escalation.v1",
            "claims.recovery.v1",
            "claims.seller-notifier.v1",
            "sellers.insurance.v1",
        }
        async with aclosing(wire.listen(topics)) as batches:
            async for records in batches:
                kinds = [type_of(record.headers) or "" for record in records]
                self._seen.update(kinds)
                payouts = [r.value for r, kind in zip(records, kinds, strict=True) if kind == "PayoutAuthorized"]
                if payouts:
                    await wire.publish([_paid(json.loads(body)) for body in payouts])
                self._changed.set()


def _speeches(events: Iterable[Event]) -> Iterable[Speech]:
    now = datetime.now(UTC)
    for event in events:
        assert event.topic is not None
        kind = type(event).__name__
        envelope = Envelope(str(uuid.uuid4()), kind, "bench", now, event.key)
        yield Speech(event.topic.name, event.key, event.model_dump_json().encode(), envelope)


def _paid(payout: dict[str, Any]) -> Speech:
    """Finance's answer, without a detour over the classes: the load must not be what is measured."""
    claim_id = payout["claim_id"]
    body = {name: payout[name] for name in ("claim_id", "payout_id", "currency", "amount_minor")}
    body["finance_reference"] = f"bench-{payout['payout_id']}"
    envelope = Envelope(f"paid-{payout['payout_id']}", "PayoutPaid", "bench", datetime.now(UTC), claim_id)
    return Speech(RESULTS.name, claim_id, json.dumps(body).encode(), envelope)


def _directory() -> Iterable[Event]:
    today = datetime.now(UTC).date()
    for n in range(SELLERS):
        seller, name = f"bench-seller-{n}", f"Bench Trading {n}"
        yield SellerRegistered(seller_id=seller, name=name, language="en", contacts=(f"claims{n}@example.test",))
        yield SellerProceedsReported(
            seller_id=seller, account_name=name, marketplace="US", month=f"{today:%Y-%m}", currency=Currency.USD,
            amount_minor=500_000,
        )  # fmt: skip
        yield CertificateSubmitted(
            seller_id=seller, certificate_id=f"coi-{n}", marketplace="US", insured_name=name, insurer="Bench Mutual",
            insurer_rating=InsurerRating.A_OR_BETTER, occurrence_basis=True, currency=Currency.USD,
            per_occurrence_minor=200_000_000, aggregate_minor=200_000_000, deductible_minor=500_000,
            additional_insured=True, global_claims_handling=True, cancellation_notice_days=30,
            valid_from=today - timedelta(days=100), valid_to=today + timedelta(days=300),
        )  # fmt: skip


def _claim(submission_id: str, n: int) -> Iterable[Event]:
    """Papers first, as an upstream does that has them all: two items, about 140 dollars."""
    today = datetime.now(UTC).date()
    yield DocumentsSubmitted(
        submission_id=submission_id,
        documents=(
            Document(kind=DocumentKind.RECEIPT, item=1, dated_on=today - timedelta(days=40)),
            Document(kind=DocumentKind.BILL, item=2, dated_on=today - timedelta(days=9)),
        ),
    )
    yield ClaimSubmitted(
        submission_id=submission_id,
        marketplace="US",
        currency=Currency.USD,
        order_id=f"order-{submission_id}",
        seller_id=f"bench-seller-{n % SELLERS}",
        product="Electric Kettle",
        purchased_on=today - timedelta(days=40),
        incident_on=today - timedelta(days=10),
        reported_on=today - timedelta(days=2),
        claimant=Claimant(id=f"customer-{submission_id}", age=41, sex="female"),
        injury=Injury(diagnosis="burn, scald", body_part="hand", disposition="treated and released"),
        narrative="The lid came off while pouring and hot water ran over the hand.",
        losses=(
            Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=3_999),
            Loss(kind=LossKind.MEDICAL, amount_minor=9_950),
        ),
    )
