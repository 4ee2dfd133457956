"""The services by name, loaded only when asked for, and every topic."""

import importlib

from shared.events.base import Topic, type_registry
from shared.runtime import Service

NAMES = ("intake", "seller_notifier", "escalation", "recovery", "insurance_accelerator")


def service(name: str) -> Service:
    """One service, by its folder name."""
    found: Service = importlib.import_module(f"services.{name}.app").service
    return found


def all_services() -> list[Service]:
    return [service(name) for name in NAMES]


def all_topics() -> list[Topic]:
    """Every topic some event is said on."""
    importlib.import_module("shared.events")
    topics = {event.topic.name: event.topic for event in type_registry.values() if event.topic is not None}
    return [topics[name] for name in sorted(topics)]
