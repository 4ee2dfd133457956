"""Waiting for a server to answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable

GLANCE = 0.02
"""Seconds between two looks at something that takes a moment."""

_PATIENCE_WITH_ONE_PROBE = 5


async def until_answered(
    probe: Callable[[], Awaitable[object]], *, still_alive: Callable[[], bool], seconds: float = 60
) -> bool:
    """Probe until it passes: `OSError` means "not yet". False when the server died or took too long."""
    deadline = time.monotonic() + seconds
    while still_alive() and time.monotonic() < deadline:
        try:
            await asyncio.wait_for(probe(), _PATIENCE_WITH_ONE_PROBE)
        except (OSError, TimeoutError):
            await asyncio.sleep(GLANCE)
        else:
            return True
    return False
