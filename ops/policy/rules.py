"""Which rule answers what: the decision in a process's table, and its words."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from shared.events.base import Event
from shared.runtime import Process


@dataclass(frozen=True)
class Rule:
    """``name``: module and function. ``words``: the first line of its docstring."""

    name: str
    words: str


def rule_of(process: Process[Any], state: Any, event: Event | None, now: datetime) -> Rule | None:
    """The decision that is asked now; ``event`` None: by a deadline, or because the reference has changed."""
    decision = _asked(process, state, event, now)
    if decision is None:
        return None
    found = _unwrapped(decision)
    words = (inspect.getdoc(found) or "").partition("\n")[0]
    return Rule(f"{found.__module__}:{getattr(found, '__qualname__', type(found).__name__)}", words)


def _asked(process: Process[Any], state: Any, event: Event | None, now: datetime) -> Any:
    if event is not None:
        return (process.begins if state is None else process.hears).get(type(event))
    choice: Callable[[Any, datetime], Any] | None = getattr(process.waits, "asked", None)
    chosen = choice(state, now) if choice is not None and state is not None else None
    return chosen or process.waits


def _unwrapped(decision: Any) -> Any:
    """The function that decides: what only adds to it names it, or keeps it."""
    found = inspect.unwrap(decision)
    while isinstance(found, partial):
        found = inspect.unwrap(found.func)
    return found
