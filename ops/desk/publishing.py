"""Says on the log what somebody decided at the desk. The same decision on the same question is one event."""

import asyncio
from datetime import datetime

from ops.reach import PATIENCE
from ops.reach_kafka import kafka
from ops.wire import Speech, Wire
from shared.events.base import Envelope, Event, derived_id
from shared.runtime.clock import ScaledClock
from shared.runtime.settings import Settings


def speech(event: Event, by: str, asked: datetime | None, now: datetime) -> Speech:
    """The record. ``asked``: by when the question was to be decided, which tells it from the same asked once more."""
    topic = event.topic
    assert topic is not None, f"{event.type_name()} is not published"
    said_id = derived_id("desk", event.type_name(), event.model_dump_json(), asked.isoformat() if asked else "")
    envelope = Envelope(
        id=str(said_id),
        type=event.type_name(),
        source=f"/desk/{by}",
        time=now,
        subject=event.key,
        traceparent=f"00-{said_id.hex}-{said_id.hex[:16]}-01",
    )
    return Speech(topic.name, event.key, event, envelope)


async def publish(settings: Settings, event: Event, by: str, asked: datetime | None) -> None:
    """Returns when the record is acknowledged."""
    said = speech(event, by, asked, ScaledClock.from_settings(settings).now())
    async with kafka(), asyncio.timeout(PATIENCE), Wire(settings) as wire:
        await wire.publish([said])
