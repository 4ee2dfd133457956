"""What was said about one claim, in the order of its moments: what its named routes are recognised from."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from shared.events.base import Event
from shared.events.insurance_accelerator import SellerCoverChanged

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Told:
    """One event, and the moment its sender gives for it."""

    event: Event
    at: datetime


class Story:
    """The events of one claim, what its seller had on record as cover, and whether its product was flagged."""

    def __init__(
        self, told: Iterable[Told], cover: Sequence[SellerCoverChanged] = (), *, hazardous: bool = False
    ) -> None:
        self.cover, self.hazardous = cover, hazardous
        self._told: dict[type[Event], list[Told]] = {}
        for each in sorted(told, key=lambda each: each.at):
            self._told.setdefault(type(each.event), []).append(each)

    def all(self, kind: type[E], /, **fields: object) -> list[E]:
        """Those whose fields have these values."""
        events: list[Any] = [told.event for told in self._told.get(kind, ())]
        return [e for e in events if all(getattr(e, name) == value for name, value in fields.items())]

    def has(self, kind: type[Event], /, **fields: object) -> bool:
        return bool(self.all(kind, **fields))

    def first(self, kind: type[E], /, **fields: object) -> E | None:
        return next(iter(self.all(kind, **fields)), None)

    def told(self, kind: type[E]) -> list[tuple[E, datetime]]:
        """Each with its moment."""
        told: list[Any] = [(each.event, each.at) for each in self._told.get(kind, ())]
        return told

    def began(self, kind: type[Event]) -> datetime | None:
        """When the first of them was said."""
        told = self._told.get(kind)
        return told[0].at if told else None


@dataclass(frozen=True, slots=True)
class Route:
    """A way that a claim can go. ``meaning``: one line for people."""

    name: str
    meaning: str
    taken: Callable[[Story], bool]


def route(taken: Callable[[Story], bool]) -> Route:
    """A route under the name of the function; the first line of its docstring is the meaning."""
    return Route(taken.__name__, (taken.__doc__ or "").strip().partition("\n")[0], taken)
