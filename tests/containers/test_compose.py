"""The production-like set on a real Docker engine: claims are paid, letters arrive, replicas stop gracefully."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, TypeVar
from urllib.request import urlopen

import pytest
import pytest_asyncio

from ops import catalogue
from ops.local.ports import choose_port
from ops.wire import Speech, Wire
from shared.events.base import Envelope, Event, claim_id_of
from shared.events.claim import Document, DocumentKind, LossKind
from shared.events.escalation import ClaimClosed, Outcome, PayoutAuthorized, Route
from shared.events.finance import PayoutPaid
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.marketplace import SellerProceedsReported, SellerRegistered
from shared.events.recovery import RecoveryClosed
from shared.events.seller_portal import CertificateSubmitted, InsurerRating
from shared.events.upstream import Claimant, ClaimSubmitted, DocumentsSubmitted, Loss
from shared.money import Currency
from shared.runtime.clock import ScaledClock
from shared.runtime.codec import decode
from shared.runtime.settings import Settings
from tests.conftest import REPOSITORY

E = TypeVar("E", bound=Event)
DAY = 3.0
"""Real seconds per day of the clock: the two days that a seller has for his comment pass in six."""
CLAIMS = 12
REPLICAS = 3
PATIENCE = 120.0
"""Real seconds until something that must be said has been said."""
CODE_DIGEST = """
import hashlib, pathlib, shared
root = pathlib.Path(shared.__file__).parent.parent
files = sorted(file for part in ("ops", "services", "shared") for file in (root / part).rglob("*.py"))
print(hashlib.sha256(b"".join(bytes(file.relative_to(root)) + file.read_bytes() for file in files)).hexdigest())
"""
SELLER, CONTACT = "seller-1", "claims@kettles.example"


async def test_claims_go_from_submission_to_payout_and_recovery_and_the_seller_is_told(house: "House") -> None:
    await house.say(*insured_seller(house.clock.now()))
    await house.heard(SellerCoverChanged, 1)
    await house.cover_is_known("escalation", "recovery")

    submissions = [f"compose-{number}" for number in range(CLAIMS)]
    await house.say(*(event for each in submissions for event in proven_claim(each, house.clock.now())))
    payouts = await house.heard(PayoutAuthorized, CLAIMS)
    await house.say(*map(paid, payouts))
    closed = await house.heard(ClaimClosed, CLAIMS)
    recovered = await house.heard(RecoveryClosed, CLAIMS)

    claims = sorted(map(claim_id_of, submissions))
    assert sorted(payout.claim_id for payout in await house.heard(PayoutAuthorized, CLAIMS)) == claims
    assert {(payout.route, payout.amount_minor) for payout in payouts} == {(Route.DIRECT_PAY, 40_000)}
    assert sorted(event.claim_id for event in closed) == claims
    assert {event.outcome for event in closed} == {Outcome.DIRECT_PAID}
    assert sorted(event.claim_id for event in recovered) == claims
    assert len(await house.letters_to(CONTACT)) == CLAIMS


async def test_the_comparison_of_everything_runs_beside_the_services_and_finds_no_difference(house: "House") -> None:
    address = (await house.compose("port", "reconcile", "8080")).strip()
    found: dict[str, float] = {}
    async with asyncio.timeout(PATIENCE):
        while found.get("makegood_reconcile_claims", 0) < CLAIMS:
            page = await asyncio.to_thread(lambda: urlopen(f"http://{address}/metrics", timeout=20).read().decode())
            lines = re.findall(r"^(makegood_reconcile_.*) (\S+)$", page, re.M)
            found = {name: float(value) for name, value in lines}
            await asyncio.sleep(0.5)
    differences = {name: value for name, value in found.items() if name.startswith("makegood_reconcile_differences")}
    assert len(differences) > 20
    assert set(differences.values()) == {0.0}


async def test_the_image_holds_the_code_of_this_checkout(house: "House") -> None:
    assert await house.compose("exec", "--no-TTY", "intake", "python", "-c", CODE_DIGEST) == house.code


async def test_every_replica_is_bounded_healthy_and_not_root(house: "House") -> None:
    found = await house.containers(*catalogue.NAMES)
    assert len(found) == len(catalogue.NAMES) - 1 + REPLICAS
    for container in found:
        assert container["State"]["Health"]["Status"] == "healthy"
        assert container["Config"]["User"] not in ("", "root", "0")
        assert container["HostConfig"]["Memory"] > 0
        assert container["HostConfig"]["NanoCpus"] > 0


async def test_every_replica_ends_gracefully_when_told_to_stop(house: "House") -> None:
    await house.compose("stop", *catalogue.NAMES)
    ends = {each["Name"]: each["State"]["ExitCode"] for each in await house.containers(*catalogue.NAMES)}
    await house.compose("start", *catalogue.NAMES)
    assert set(ends.values()) == {0}, ends


@pytest.mark.parametrize(("wrong", "healthy"), [(None, True), ("/health/live", False), ("/health/ready", False)])
def test_a_replica_that_is_stuck_or_not_ready_is_unhealthy(wrong: str | None, healthy: bool) -> None:
    class Doors(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if self.path == wrong else 200)
            self.end_headers()

    text = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
    script = next(line for line in re.findall(r'"(import .*)"', text) if "/health/" in line)
    with HTTPServer(("127.0.0.1", 0), Doors) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = script.replace("127.0.0.1:8080", f"127.0.0.1:{server.server_port}")
        asked = subprocess.run([sys.executable, "-ISc", here], capture_output=True, timeout=30, check=False)
        server.shutdown()
    assert (asked.returncode == 0) == healthy


def test_the_image_is_built_with_the_makefiles_uv() -> None:
    wanted = re.compile(r"UV_VERSION :?= ?(\S+)|ARG UV_VERSION=(\S+)")
    texts = [(REPOSITORY / name).read_text(encoding="utf-8") for name in ("Makefile", "Dockerfile")]
    versions = [match[1] or match[2] for text in texts for match in wanted.finditer(text)]
    assert len(versions) == 2
    assert len(set(versions)) == 1


@dataclass(kw_only=True, frozen=True)
class House:
    """One run of docker-compose.yml, under a name of its own, beside whatever else runs here."""

    name: str
    environment: dict[str, str]
    settings: Settings
    mail_port: int
    code: str
    """Digest of the checkout's code when the build began."""

    @property
    def clock(self) -> ScaledClock:
        return ScaledClock.from_settings(self.settings)

    async def compose(self, *arguments: str, seconds: float = 120) -> str:
        """One `docker compose`; no `.env` file of the checkout has a say."""
        return await run(
            *("docker", "compose", "--env-file", "/dev/null", "--project-name", self.name, *arguments),
            environment=self.environment,
            seconds=seconds,
        )

    async def containers(self, *services: str) -> list[dict[str, Any]]:
        """What the engine says of them, running or not."""
        ids = await self.compose("ps", "--all", "--quiet", *services)
        found: list[dict[str, Any]] = json.loads(await run("docker", "inspect", *ids.split()))
        return found

    async def say(self, *events: Event) -> None:
        """As outside parties, from this machine."""
        speeches: list[Speech] = []
        for event in events:
            assert event.topic is not None
            topic, now = event.topic, self.clock.now()
            envelope = Envelope(str(uuid.uuid4()), event.type_name(), topic.party, now, event.key)
            speeches.append(Speech(topic.name, event.key, event, envelope))
        async with asyncio.timeout(PATIENCE), Wire(self.settings) as wire:
            await wire.publish(speeches)

    async def heard(self, kind: type[E], count: int) -> list[E]:
        """All facts of one type that are there once so many are; repeated records count once."""
        assert kind.topic is not None
        facts: dict[str, E] = {}
        try:
            async with (
                asyncio.timeout(PATIENCE),
                Wire(self.settings) as wire,
                aclosing(wire.listen([kind.topic.name])) as batches,
            ):
                async for records in batches:
                    for record in records:
                        event, envelope = decode(record.topic, record.key, record.value, list(record.headers))
                        if isinstance(event, kind):
                            facts[envelope.id] = event
                    if len(facts) >= count:
                        return list(facts.values())
        except TimeoutError:
            logs = await self.compose("logs", "--no-color", "--tail", "15")
            pytest.fail(f"only {len(facts)} of {count} {kind.__name__} in {PATIENCE:.0f} s\n{logs}")
        raise AssertionError("listening ends only by the time-out")

    async def cover_is_known(self, *processes: str) -> None:
        """Once each has read the seller's cover, which it does beside the claims: a test must not race it."""
        known = [f"exists (select from {name}.state where process = '{name}.reference')" for name in processes]
        psql = ("exec", "--no-TTY", "postgres", "psql", "--username", "makegood", "--tuples-only", "--no-align")
        found = ""
        async with asyncio.timeout(PATIENCE):
            while found != "t":
                await asyncio.sleep(0.2)
                found = (await self.compose(*psql, "--command", f"select {' and '.join(known)}")).strip()

    async def letters_to(self, address: str) -> set[str]:
        """The message ids of the letters that the mail server shows for an address."""
        page = f"http://127.0.0.1:{self.mail_port}/api/v1/messages?limit=200"

        def read() -> bytes:
            with urlopen(page, timeout=20) as answer:
                return answer.read()

        messages: list[dict[str, Any]] = json.loads(await asyncio.to_thread(read))["messages"]
        return {each["MessageID"] for each in messages if address in (to["Address"] for to in each["To"])}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house() -> AsyncGenerator[House]:
    await require_an_engine()
    name = f"makegood-test-{uuid.uuid4().hex[:8]}"
    kafka_port, postgres_port, mail_port = choose_port(), choose_port(), choose_port()
    settings = Settings(
        kafka_bootstrap_servers=f"127.0.0.1:{kafka_port}",
        clock_scale=86400 / DAY,
        clock_real_origin=time.time(),
        clock_origin=datetime(2025, 6, 2, tzinfo=UTC),
    )
    environment = {
        "POSTGRES_PASSWORD": "a/b c@d:$" + uuid.uuid4().hex,
        "MAKEGOOD_IMAGE": f"makegood:{name}",
        "MAKEGOOD_KAFKA_PORT": str(kafka_port),
        "MAKEGOOD_POSTGRES_PORT": str(postgres_port),
        "MAKEGOOD_MAIL_PORT": str(mail_port),
        "MAKEGOOD_RECONCILE_SECONDS": "2",
        "MAKEGOOD_CLOCK_SCALE": str(settings.clock_scale),
        "MAKEGOOD_CLOCK_REAL_ORIGIN": str(settings.clock_real_origin),
        "MAKEGOOD_CLOCK_ORIGIN": str(settings.clock_origin),
    }
    code = await run(sys.executable, "-c", CODE_DIGEST)
    started = House(name=name, environment=environment, settings=settings, mail_port=mail_port, code=code)
    up = ("up", "--build", "--wait", "--wait-timeout", "300", "--scale", f"escalation={REPLICAS}")
    try:
        await started.compose(*up, seconds=900)
        yield started
    finally:
        await started.compose("down", "--volumes", "--remove-orphans", "--timeout", "10")
        with contextlib.suppress(CommandError):  # there is none when the build failed
            await run("docker", "image", "rm", environment["MAKEGOOD_IMAGE"])


async def require_an_engine() -> None:
    """Skips unless Docker and its compose answer."""
    if shutil.which("docker") is None:
        pytest.skip("no Docker here: `docker` is not installed")
    for question in (("docker", "version", "--format", "{{.Server.Version}}"), ("docker", "compose", "version")):
        try:
            await run(*question, seconds=20)
        except CommandError as reason:
            pytest.skip(f"no Docker engine with compose answers ({reason})")


class CommandError(Exception):
    """A command failed or took too long; the text says which and ends with what it printed last."""


async def run(*command: str, environment: dict[str, str] | None = None, seconds: float = 60) -> str:
    """What a command prints on its standard output."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except BaseException as reason:
        process.kill()
        await process.communicate()
        if isinstance(reason, TimeoutError):
            raise CommandError(f"`{' '.join(command)}` took longer than {seconds:.0f} s") from reason
        raise
    if process.returncode != 0:
        raise CommandError(f"`{' '.join(command)}` failed: {(out + err).decode()[-4000:].strip()}")
    return out.decode()


def insured_seller(now: datetime) -> tuple[Event, ...]:
    """One seller with a contact, proceeds, and a certificate without a defect."""
    name, today = "Kettles Ltd", now.date()
    return (
        SellerRegistered(seller_id=SELLER, name=name, language="en", contacts=(CONTACT,)),
        SellerProceedsReported(
            seller_id=SELLER,
            account_name=name,
            marketplace="US",
            month=f"{today:%Y-%m}",
            currency=Currency.USD,
            amount_minor=2_000_000,
        ),
        CertificateSubmitted(
            seller_id=SELLER,
            certificate_id="certificate-1",
            marketplace="US",
            insured_name=name,
            insurer="Harbour Mutual",
            insurer_rating=InsurerRating.A_OR_BETTER,
            occurrence_basis=True,
            currency=Currency.USD,
            per_occurrence_minor=200_000_000,
            aggregate_minor=200_000_000,
            deductible_minor=0,
            additional_insured=True,
            global_claims_handling=True,
            cancellation_notice_days=60,
            valid_from=today - timedelta(days=30),
            valid_to=today + timedelta(days=1000),
        ),
    )


def proven_claim(submission_id: str, now: datetime) -> tuple[Event, ...]:
    """A small claim for 400.00 USD, with all its papers."""
    today = now.date()
    claim = ClaimSubmitted(
        submission_id=submission_id,
        marketplace="US",
        currency=Currency.USD,
        order_id=f"order-{submission_id}",
        seller_id=SELLER,
        product="Kettle",
        purchased_on=today - timedelta(days=40),
        incident_on=today - timedelta(days=10),
        reported_on=today - timedelta(days=2),
        claimant=Claimant(id=f"customer-{submission_id}", age=41),
        losses=(
            Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=3_000),
            Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=37_000),
        ),
    )
    papers = (Document(kind=DocumentKind.RECEIPT, item=1), Document(kind=DocumentKind.ESTIMATE, item=2))
    return claim, DocumentsSubmitted(submission_id=submission_id, documents=papers)


def paid(payout: PayoutAuthorized) -> PayoutPaid:
    return PayoutPaid(
        claim_id=payout.claim_id,
        payout_id=payout.payout_id,
        currency=payout.currency,
        amount_minor=payout.amount_minor,
        finance_reference=f"transfer-{payout.payout_id}",
    )
