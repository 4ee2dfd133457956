"""The one machine under all services: it makes pure decisions durable. See docs/adr for its rules."""

from shared.runtime.process import (
    Decision,
    Effect,
    Moment,
    Process,
    Reference,
    Service,
    State,
    TryLater,
    unchanged,
)

__all__ = [
    "Decision",
    "Effect",
    "Moment",
    "Process",
    "Reference",
    "Service",
    "State",
    "TryLater",
    "unchanged",
]
