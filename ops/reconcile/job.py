"""Compares again and again, and shows Prometheus what was found. Trouble is a metric, never an end."""

import asyncio
import signal
from typing import Final

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, start_http_server

from ops.reach import ReachError, database
from ops.reconcile.account import Account
from ops.reconcile.whole import reconcile
from shared.runtime.settings import Settings
from shared.runtime.turn import describe

log = structlog.get_logger()
LONGEST: Final = 4 * 3600.0
"""Real seconds after which one comparison is given up."""


class Figures:
    """What Prometheus sees. Names and labels are a contract with dashboards and alerts."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._differences = Gauge(
            "makegood_reconcile_differences", "Differences of the last comparison", ["check"], registry=registry
        )
        self._questions = Gauge(
            "makegood_reconcile_questions", "Results of finance in question", ["check"], registry=registry
        )
        self._waiting = Gauge(
            "makegood_reconcile_waiting", "What waited or was on its way", ["service", "what"], registry=registry
        )
        self._claims = Gauge("makegood_reconcile_claims", "Claims looked at by the last comparison", registry=registry)
        self._records = Gauge("makegood_reconcile_records", "Records read by the last comparison", registry=registry)
        self._seconds = Gauge("makegood_reconcile_seconds", "What the last comparison took", registry=registry)
        self._success = Gauge(
            "makegood_reconcile_last_success_timestamp_seconds", "When a comparison last came to its end",
            registry=registry,
        )  # fmt: skip
        self.failures = Counter(
            "makegood_reconcile_failures", "Comparisons that did not come to their end", registry=registry
        )

    def show(self, account: Account, seconds: float) -> None:
        for check in account.checks:
            self._differences.labels(check.name).set(check.differences)
        for question in account.questions:
            self._questions.labels(question.name).set(question.differences)
        self._waiting.clear()
        for service, counts in account.waiting.items():
            for what, count in counts.items():
                self._waiting.labels(service, what).set(count)
        self._claims.set(account.claims)
        self._records.set(account.records)
        self._seconds.set(seconds)
        self._success.set_to_current_time()


class Job:
    """One comparison in each period, never two at once; a period in which the last one still ran is left out."""

    def __init__(
        self, settings: Settings, every: float, *, topics: bool, registry: CollectorRegistry = REGISTRY
    ) -> None:
        self._settings, self._every, self._topics = settings, every, topics
        self._registry, self._figures = registry, Figures(registry)
        self._stop = asyncio.Event()

    async def run(self, port: int) -> None:
        """Until SIGTERM or SIGINT, which end a comparison that runs."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._stop.set)
        server, _ = start_http_server(port, self._settings.http_host, self._registry)
        stopped = asyncio.create_task(self._stop.wait())
        try:
            while not self._stop.is_set():
                began = loop.time()
                comparing = asyncio.create_task(self._once())
                await asyncio.wait({comparing, stopped}, return_when=asyncio.FIRST_COMPLETED)
                comparing.cancel()
                await asyncio.gather(comparing, return_exceptions=True)
                rest = self._every - (loop.time() - began) % self._every
                await asyncio.wait({stopped}, timeout=rest)
        finally:
            stopped.cancel()
            await asyncio.to_thread(server.shutdown)
            server.server_close()

    async def _once(self) -> None:
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(LONGEST), database(self._settings) as look:
                account = await reconcile(look, None, self._settings if self._topics else None)
        except Exception as error:
            self._figures.failures.inc()
            why = str(error) if isinstance(error, ReachError) else describe(error)
            log.warning("could not reconcile", error=why)
            return
        seconds = asyncio.get_running_loop().time() - began
        self._figures.show(account, seconds)
        report = log.error if account.differences else log.info
        found = {check.name: check.differences for check in account.checks if check.differences}
        report("reconciled", differences=found, claims=account.claims, seconds=round(seconds, 1))
