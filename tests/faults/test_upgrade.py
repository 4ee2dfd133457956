"""Two versions of every service at once, and two versions of an event in flight."""

import json
import signal
from contextlib import aclosing

import pytest

from ops import catalogue
from ops.wire import Wire
from shared.events.intake import ClaimAccepted
from shared.runtime.codec import type_of
from tests.faults.serve_next import CHANNEL
from tests.faults.town import Town


@pytest.mark.thorough
@pytest.mark.parametrize("order", [tuple(catalogue.NAMES), tuple(reversed(catalogue.NAMES))], ids=["forth", "back"])
async def test_a_rolling_upgrade_with_two_versions_of_an_event_in_flight(town: Town, order: tuple[str, ...]) -> None:
    async with town.fault(f"rolling upgrade of all services, {order[0]} first"):
        for name in order:
            town.run(f"{name}.next", "serve_next", name)
            await town.goes_on_for(4)  # both versions serve
            town.signal(name, signal.SIGTERM)
            await town.until_gone(name)
        await town.goes_on_for(2)
    assert await _channels(town) == {CHANNEL, None}
    for name in catalogue.NAMES:
        town.serve(name)
        town.signal(f"{name}.next", signal.SIGTERM)
    await town.until_gone(*(f"{name}.next" for name in catalogue.NAMES))


async def _channels(town: Town) -> set[str | None]:
    """What accepted claims on the log say, in the field that the next version has added."""
    assert ClaimAccepted.topic is not None
    topic = ClaimAccepted.topic.name
    async with aclosing(Wire(town.settings).read_to_now({topic})) as records:
        return {
            json.loads(record.value).get("channel")
            async for record in records
            if type_of(record.headers) == ClaimAccepted.type_name()
        }
