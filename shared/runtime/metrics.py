"""What one process shows to Prometheus. Names and labels are a contract with dashboards and alerts."""

import math
from collections.abc import Mapping

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from shared.runtime.store import Waiting


class _Families:
    """The metric families, made once per registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        one, two = ["process"], ["process", "type"]
        self.decisions = Counter("makegood_decisions", "Decisions taken", two, registry=registry)
        self.published = Counter("makegood_published", "Events published", one, registry=registry)
        self.retries = Counter("makegood_retries", "Turns tried again after passing trouble", one, registry=registry)
        self.gaps = Counter("makegood_gaps", "Records ahead of their sequence, left for later", one, registry=registry)
        self.contradictions = Counter(
            "makegood_contradictions", "The same id met again with other content", one, registry=registry
        )
        self.dead = Counter("makegood_dead_letters", "Records that are no fact", one, registry=registry)
        self.effects = Counter("makegood_effects", "Effects by outcome", two, registry=registry)
        self.lag = Gauge("makegood_lag_records", "Records not yet heard", one, registry=registry)
        self.held = Gauge("makegood_held_facts", "Facts waiting for a beginning or a repair", one, registry=registry)
        self.due = Gauge("makegood_lanes_overdue", "Lanes with deadlines that have passed", one, registry=registry)
        self.overdue = Gauge("makegood_overdue", "States late by a handling clock", one, registry=registry)
        self.unpublished = Gauge("makegood_outbox_unpublished", "Outbox rows not acknowledged", one, registry=registry)
        self.clock_ahead = Gauge(
            "makegood_clock_ahead_seconds", "This machine's own clock against the database's", ["service"],
            registry=registry,
        )  # fmt: skip
        self.batch = Histogram(
            "makegood_batch_records", "Records per turn", one,
            buckets=(1, 3, 10, 30, 100, 300, 1000, 3000), registry=registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "makegood_turn_seconds", "Seconds per turn until commit", one,
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1, 3, 10), registry=registry,
        )  # fmt: skip


_families: dict[int, _Families] = {}


def _made(registry: CollectorRegistry) -> _Families:
    return _families.get(id(registry)) or _families.setdefault(id(registry), _Families(registry))


def clock_ahead(service: str, seconds: float) -> None:
    """By how much this replica's machine differs from the clock that all replicas go by."""
    _made(REGISTRY).clock_ahead.labels(service).set(seconds)


class Metrics:
    """The families with this process's label filled in."""

    def __init__(self, process: str, registry: CollectorRegistry = REGISTRY) -> None:
        f = _made(registry)
        self._decisions, self._effects, self._process = f.decisions, f.effects, process
        self.published, self.retries = f.published.labels(process), f.retries.labels(process)
        self.gaps, self.dead_letters = f.gaps.labels(process), f.dead.labels(process)
        self.contradictions = f.contradictions.labels(process)
        self.lag, self.held, self.due = f.lag.labels(process), f.held.labels(process), f.due.labels(process)
        self.unpublished, self.overdue = f.unpublished.labels(process), f.overdue.labels(process)
        self.lag.set(math.nan)  # unknown, until partitions are assigned
        self.batch, self.seconds = f.batch.labels(process), f.seconds.labels(process)

    def count(self, decided: Mapping[str, int]) -> None:
        for kind, number in decided.items():
            self._decisions.labels(self._process, kind).inc(number)

    def show(self, waiting: Waiting) -> None:
        self.held.set(waiting.held)
        self.due.set(len(waiting.due))
        self.unpublished.set(sum(position - published for published, position in waiting.behind.values()))

    def effect(self, outcome: str) -> None:
        self._effects.labels(self._process, outcome).inc()
