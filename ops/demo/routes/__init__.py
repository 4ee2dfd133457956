"""The named routes: which ways a claim can go, recognised from its events alone."""

from collections.abc import Mapping
from typing import Final

from ops.demo.routes import decisions, filing, payment, recovery, sellers, suspicion
from ops.demo.routes.gathered import ASIDE, Gathered
from ops.demo.routes.story import Route, Story, Told
from shared.events.base import Event

__all__ = ["HEARD", "ROUTES", "Gathered", "Route", "Story", "Told", "routes_of"]

_PARTS: Final = (filing, suspicion, sellers, decisions, payment, recovery)

ROUTES: Final[Mapping[str, Route]] = {
    route.name: route for part in _PARTS for route in vars(part).values() if isinstance(route, Route)
}
"""Every named route, in the order of a claim's life."""

HEARD: Final[frozenset[type[Event]]] = ASIDE | {
    named
    for part in _PARTS
    for named in vars(part).values()
    if isinstance(named, type) and issubclass(named, Event) and named.topic is not None
}
"""The events that some route is recognised by: no others need be read."""


def routes_of(story: Story) -> list[str]:
    """Every named route that a claim took, in the order of a claim's life."""
    return [route.name for route in ROUTES.values() if route.taken(story)]
