"""What one process shows to Prometheus. Names and labels are a contract with dashboards and alerts."""

import math
from collections.abc import Mapping
from datetime import datetime
from weakref import WeakKeyDictionary

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from shared.runtime.store import Kept, Waiting


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
        self.outdated = Counter(
            "makegood_outdated", "Records said after a recovery by a replica of before it", one, registry=registry
        )
        self.dead = Counter("makegood_dead_letters", "Records that are no fact", one, registry=registry)
        self.effects = Counter("makegood_effects", "Effects by outcome", two, registry=registry)
        self.lag = Gauge("makegood_lag_records", "Records not yet heard", one, registry=registry)
        self.held = Gauge("makegood_held_facts", "Facts waiting for a beginning or a repair", one, registry=registry)
        self.parked = Gauge("makegood_parked_keys", "Keys whose first fact cannot be decided", one, registry=registry)
        self.parked_seconds = Gauge(
            "makegood_parked_oldest_seconds", "How long the oldest parked key has waited", one, registry=registry
        )
        self.early = Gauge("makegood_early_facts", "Facts of keys that have not begun", one, registry=registry)
        self.early_seconds = Gauge(
            "makegood_early_oldest_seconds", "How long the oldest of them has waited", one, registry=registry
        )
        self.letters = Gauge(
            "makegood_dead_letters_waiting", "Dead letters that were not replayed", one, registry=registry
        )
        self.set_aside = Counter(
            "makegood_facts_set_aside", "Facts that became dead letters because too many wait", one, registry=registry
        )
        self.told = Gauge(
            "makegood_forgotten_events", "Published before the database was restored, not decided again yet", one,
            registry=registry,
        )  # fmt: skip
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


_families: WeakKeyDictionary[CollectorRegistry, _Families] = WeakKeyDictionary()


def _made(registry: CollectorRegistry) -> _Families:
    return _families.get(registry) or _families.setdefault(registry, _Families(registry))


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
        self.outdated = f.outdated.labels(process)
        self.lag, self.held, self.due = f.lag.labels(process), f.held.labels(process), f.due.labels(process)
        self.set_aside, self._letters = f.set_aside.labels(process), f.letters.labels(process)
        self._parked, self._parked_seconds = f.parked.labels(process), f.parked_seconds.labels(process)
        self._early, self._early_seconds = f.early.labels(process), f.early_seconds.labels(process)
        self.told = f.told.labels(process)
        self.unpublished, self.overdue = f.unpublished.labels(process), f.overdue.labels(process)
        self.lag.set(math.nan)  # unknown, until partitions are assigned
        self.batch, self.seconds = f.batch.labels(process), f.seconds.labels(process)

    def count(self, decided: Mapping[str, int]) -> None:
        for kind, number in decided.items():
            self._decisions.labels(self._process, kind).inc(number)

    def show(self, waiting: Waiting) -> None:
        self.held.set(waiting.held)
        self.told.set(waiting.told)
        self.due.set(len(waiting.due))
        self.unpublished.set(sum(position - published for published, position in waiting.behind.values()))

    def show_kept(self, kept: Kept, now: datetime) -> None:
        """What waits for a person: these are to be alerted on."""
        self._parked.set(kept.parked_keys)
        self._parked_seconds.set((now - kept.parked_since).total_seconds() if kept.parked_since else 0)
        self._early.set(kept.early_facts)
        self._early_seconds.set((now - kept.early_since).total_seconds() if kept.early_since else 0)
        self._letters.set(kept.dead_letters)

    def effect(self, outcome: str) -> None:
        self._effects.labels(self._process, outcome).inc()
