"""The named routes: which ways a claim can go, recognised from its events alone."""

from collections.abc import Mapping
from typing import Final

from ops.demo.routes import decisions, filing, payment, recovery, sellers, suspicion
from ops.demo.routes.story import Route, Story, Told

__all__ = ["ROUTES", "Route", "Story", "Told", "routes_of"]

ROUTES: Final[Mapping[str, Route]] = {
    route.name: route
    for part in (filing, suspicion, sellers, decisions, payment, recovery)
    for route in vars(part).values()
    if isinstance(route, Route)
}
"""Every named route, in the order of a claim's life."""


def routes_of(story: Story) -> list[str]:
    """Every named route that a claim took, in the order of a claim's life."""
    return [route.name for route in ROUTES.values() if route.taken(story)]
