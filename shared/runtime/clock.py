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
    """``scale`` clock seconds pass per real second; at ``real_origin`` (Unix time) the clock showed ``origin``."""

    def __init__(self, scale: float = 1.0, real_origin: float = 0.0, origin: datetime | None = None) -> None:
        self.scale = scale
        self._real_origin = real_origin
        self._origin = origin or datetime.fromtimestamp(real_origin, UTC)

    @classmethod
    def from_settings(cls, settings: Settings) -> "ScaledClock":
        return cls(settings.clock_scale, settings.clock_real_origin, settings.clock_origin)

    def now(self) -> datetime:
        return self._origin + timedelta(seconds=(time.time() - self._real_origin) * self.scale)

    def real_seconds(self, duration: timedelta) -> float:
        return duration.total_seconds() / self.scale
