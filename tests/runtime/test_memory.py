"""The house in memory does what the runtime does, at virtual moments."""

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events.base import Envelope, Event
from shared.policy import Policies
from shared.runtime import Effect
from shared.runtime.memory import House
from tests.runtime.toy import (
    Counted,
    Deposited,
    Entry,
    Expired,
    FailingOnPurposeError,
    Mirrored,
    MirrorExpired,
    account_process,
    mirror_process,
)

NOW = datetime(2025, 6, 2, 9, tzinfo=UTC)


class Bank:
    """Says what it is given, at its moments, and keeps what it hears and what is booked."""

    def __init__(self, *sayings: tuple[float, Event]) -> None:
        moments = ((NOW + timedelta(days=day), event) for day, event in sayings)
        self._planned = deque(
            (at, event, Envelope(str(number), type(event).__name__, "bank", at, event.key))
            for number, (at, event) in enumerate(moments)
        )
        self.heard: list[tuple[datetime, Event]] = []
        self.booked: list[Effect] = []

    @property
    def next_at(self) -> datetime | None:
        return self._planned[0][0] if self._planned else None

    def due(self, now: datetime) -> Iterable[tuple[Event, Envelope]]:
        while self._planned and self._planned[0][0] <= now:
            _, event, envelope = self._planned.popleft()
            yield event, envelope

    def hear(self, event: Event, envelope: Envelope) -> None:
        self.heard.append((envelope.time, event))

    def perform(self, effect: Effect, now: datetime) -> tuple[datetime, Event] | None:
        self.booked.append(effect)

    def said(self, *kinds: type[Event]) -> list[Any]:
        return [event for _, event in self.heard if isinstance(event, kinds)]


def lived(bank: Bank, days: float = 100) -> House:
    processes = [("account", account_process), ("mirror", mirror_process)]
    house = House(processes, bank, policies=Policies([]), now=NOW)
    house.live(NOW + timedelta(days=days))
    return house


def deposit(n: int, wait_days: float | None = None, **more: Any) -> Deposited:
    return Deposited(account="a", n=n, wait_days=wait_days, **more)


def test_services_hear_each_other_and_deadlines_fire_when_they_are_due() -> None:
    bank = Bank((0, deposit(1, wait_days=4)), (1, deposit(2)))
    house = lived(bank)

    assert [event.total for event in bank.said(Counted)] == [1, 2]
    assert [event.n for event in bank.said(Mirrored)] == [1, 2]
    assert [(at - NOW, event.n) for at, event in bank.heard if isinstance(event, Expired)] == [(timedelta(days=4), 2)]
    assert [at - NOW for at, event in bank.heard if isinstance(event, MirrorExpired)] == [timedelta(days=10)]
    assert list(house.pending()) == []
    assert house.now == NOW + timedelta(days=100)


def test_a_deadline_that_was_moved_fires_once_at_its_last_moment() -> None:
    bank = Bank((0, deposit(1, wait_days=4)), (3, deposit(2, wait_days=4)))
    lived(bank)
    assert [at - NOW for at, event in bank.heard if isinstance(event, Expired)] == [timedelta(days=7)]


def test_nothing_later_happens() -> None:
    house = lived(bank := Bank((0, deposit(1, wait_days=4)), (5, deposit(2))), days=3)
    assert bank.said(Expired) == []
    assert {(room.process.name, key) for room, key, _ in house.pending()} == {("account", "a"), ("mirror", "a")}


def test_rows_beside_the_state_reach_the_outside() -> None:
    lived(bank := Bank((0, deposit(1, amount=5, note="rent"))))
    assert bank.booked == [Entry(account="a", amount=5, note="rent")]


def test_what_fails_is_raised() -> None:
    with pytest.raises(FailingOnPurposeError):
        lived(Bank((0, deposit(1, fails=True))))


def test_the_same_history_is_lived_the_same() -> None:
    def life() -> list[tuple[datetime, Event]]:
        lived(bank := Bank((0, deposit(1, wait_days=4)), (1, deposit(2)), (9, deposit(3, wait_days=1))))
        return bank.heard

    assert life() == life()
