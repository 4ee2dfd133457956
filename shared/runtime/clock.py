"""The one clock. Production runs at scale 1; the demo presses days into seconds, the same for every process."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from shared.runtime.settings import Settings


class Clock(Protocol):
    """What the runtime asks for the time (a seam: the simulation brings its own)."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        ...

    def real_seconds(self, duration: timedelta) -> float:
        """How many real seconds pass while the clock moves on by ``duration``."""
        ...


class ScaledClock:
    """``scale`` clock seconds pass per real second; at ``real_origin`` (Unix time) the clock showed ``origin``.

    Between two agreements the machine's steady clock carries it on, so that a machine whose time is set does not jump.
    """

    def __init__(self, scale: float = 1.0, real_origin: float = 0.0, origin: datetime | None = None) -> None:
        self.scale = scale
        self._real_origin = real_origin
        self._origin = origin or datetime.fromtimestamp(real_origin, UTC)
        self._agreed = (time.monotonic(), time.time())

    @classmethod
    def from_settings(cls, settings: Settings) -> "ScaledClock":
        return cls(settings.clock_scale, settings.clock_real_origin, settings.clock_origin)

    def now(self) -> datetime:
        steady, real = self._agreed
        return self._origin + timedelta(seconds=(real + time.monotonic() - steady - self._real_origin) * self.scale)

    def real_seconds(self, duration: timedelta) -> float:
        return duration.total_seconds() / self.scale

    def agree(self, real: float, steady: float) -> float:
        """Takes the time from an authority: it was ``real`` (Unix time) when the steady clock here read ``steady``.

        Returns by how many real seconds this machine's own clock is ahead of it.
        """
        self._agreed = (steady, real)
        return time.time() - (real + time.monotonic() - steady)
