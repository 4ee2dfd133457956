"""Clocks of replicas: true virtual time, and how far each replica's agreement with the database's clock is off."""

from datetime import datetime, timedelta
from random import Random
from typing import Final

from ops.simulation.loop import VirtualLoop

AGREED_SECONDS: Final = 10.0
"""Between two looks at the database's clock, as in ``serve``."""
OFF_SECONDS: Final = 0.25
"""Half of what an answer about the time may take: how far off an agreement may be."""


class TrueClock:
    """Virtual time itself."""

    def __init__(self, loop: VirtualLoop, origin: datetime) -> None:
        self._loop, self.origin = loop, origin

    def now(self) -> datetime:
        return self.origin + timedelta(seconds=self._loop.time())

    def seconds_until(self, moment: datetime) -> float:
        return (moment - self.origin).total_seconds() - self._loop.time()

    def real_seconds(self, duration: timedelta) -> float:
        return duration.total_seconds()


class ReplicaClock:
    """Jumps, forwards and backwards, at every agreement."""

    def __init__(self, true: TrueClock, loop: VirtualLoop, luck: str | None) -> None:
        """``luck``: what its error is drawn from; None: it is always right."""
        self._true, self._loop, self._luck = true, loop, luck
        self._agreement, self._off = -1, timedelta()

    def now(self) -> datetime:
        if self._luck is None:
            return self._true.now()
        agreement = int(self._loop.time() / AGREED_SECONDS)
        if agreement != self._agreement:
            self._agreement = agreement
            seconds = Random(f"{self._luck}/{agreement}").uniform(-OFF_SECONDS, OFF_SECONDS)  # noqa: S311
            self._off = timedelta(seconds=seconds)
        return self._true.now() + self._off

    def real_seconds(self, duration: timedelta) -> float:
        return duration.total_seconds()
