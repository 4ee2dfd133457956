"""The version of a service after this one: its events and states have a field more, which may be left out."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, Final, TypeVar

from shared.events.base import Event, Fact
from shared.runtime import Process, Service
from shared.runtime.process import Decision

FIELD: Final = "channel"
"""What the next version adds."""
VALUE: Final = "app"
F = TypeVar("F", bound=Fact)


class _Unlisted:
    """What a type name stands for on the wire is still decided by the present version alone."""

    def __init_subclass__(cls) -> None:
        """Not that of ``Event``, which would put it into the registry."""


def next_version(service: Service) -> Service:
    """Hears what the present version hears, and decides the same; what it says and remembers has the field."""
    return replace(service, processes=tuple(map(_next_process, service.processes)))


def _next_process(process: Process[Any]) -> Process[Any]:
    return replace(
        process,
        state=_grown_kind(process.state),
        begins={kind: _growing(begin) for kind, begin in process.begins.items()},
        hears={kind: _growing(hear) for kind, hear in process.hears.items()},
        waits=_growing(process.waits) if process.waits else None,
    )


def _growing(decide: Callable[..., Decision[Any]]) -> Callable[..., Decision[Any]]:
    def decided(*heard: Any) -> Decision[Any]:
        decision = decide(*heard)
        state = decision.state if decision.state is heard[0] else grown(decision.state)
        return replace(decision, state=state, says=tuple(map(grown, decision.says)))

    return decided


def grown(fact: F) -> F:
    """The same with the field."""
    if getattr(fact, FIELD, None) is not None:
        return fact
    fields: dict[str, Any] = {**dict(fact), FIELD: VALUE}
    return _grown_kind(type(fact)).model_construct(**fields)


@cache
def _grown_kind(kind: type[Fact]) -> Any:
    bases = (_Unlisted, kind) if issubclass(kind, Event) else (kind,)
    body = {"__annotations__": {FIELD: str | None}, FIELD: None, "__module__": kind.__module__, "__doc__": kind.__doc__}
    return type(kind.__name__, bases, body)
