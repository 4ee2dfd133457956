"""Endless talk about one key: whatever is said of it, how often, early or late, what is known of it levels off."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any, Final

from shared.events.base import Event
from tests.interpreter import Interpreter

EVENTS: Final = 5_000
SELDOM: Final = 0.02


def levels_off(
    world: Interpreter[Any], key: str, says: Callable[[Random], Event], *, most: int, events: int = EVENTS
) -> None:
    """Has the process hear so many; now and then it sleeps for days. Nothing raises, and nothing grows in the end.

    ``says``: any event, with names of its own where it has any. ``most``: bytes.
    """
    random = Random(5)
    sizes = list[int]()
    for _ in range(events):
        event = says(random)
        inside = event.topic is None or event.key != key
        world.hear(
            event, key=key if inside else None, said_at=world.now - timedelta(hours=random.choice([0, 0, 9, 900]))
        )
        if random.random() < SELDOM:
            world.known = random.random() < 0.8  # the reference may lag behind after an outage, for a while
            world.oversleep(timedelta(days=random.choice([1, 8, 31])))
            world.known = True
        sizes.append(world.size(key))
    half = events // 2
    assert max(sizes) < most, f"{max(sizes)} bytes"
    assert max(sizes[half:]) <= 1.05 * max(sizes[:half]), "it still grows"
