"""Two versions of a service at once: both are heard, both remember, and neither knows of the other."""

import pytest

from ops.demo.scenes import SCENES
from ops.simulation.house import SERVICES, House
from ops.simulation.plan import Fault, Kind, Plan
from ops.simulation.run import lived
from ops.simulation.versions import FIELD, grown, next_version
from shared.events.base import Event, type_registry
from shared.runtime.process import topics_of

CLAIM = next(n for n, scene in enumerate(SCENES) if scene.route == "debited_in_full")
DAYS = 86_400.0


def of_both(house: House, service: str) -> dict[str, set[bool]]:
    """Of each type that a service has said: whether the field was there."""
    field, found = f'"{FIELD}":'.encode(), dict[str, set[bool]]()
    own = {kind.__name__ for kind in type_registry.values() if kind.topic is not None and kind.topic.party == service}
    for records in house.cluster.records.values():
        for record in records:
            kind = dict(record.headers)["ce_type"].decode()
            if kind in own:
                found.setdefault(kind, set()).add(field in (record.value or b""))
    return found


@pytest.mark.parametrize("service", ["intake", "seller_notifier", "escalation", "recovery"])
def test_events_of_both_versions_are_in_flight_and_nothing_else_differs(service: str) -> None:
    comes = Fault(Kind.NEXT_VERSION, service, point=1, busy=True, size=90 * DAYS)
    house = lived(Plan(7, ((CLAIM,), (CLAIM + 1,)), (comes,)))
    assert house.faults.struck == [comes]
    assert house.watch.violation is None
    assert {True, False} in of_both(house, service).values()


def test_the_next_version_hears_the_same_and_is_not_in_the_registry() -> None:
    before = dict(type_registry)
    for service in SERVICES.values():
        for present, coming in zip(service.processes, next_version(service).processes, strict=True):
            assert coming.state.__name__ == present.state.__name__
            assert topics_of(coming) == topics_of(present)
    assert type_registry == before


def test_what_is_grown_keeps_its_type_its_key_and_its_fields() -> None:
    event = SERVICES["escalation"].processes[0].reference
    assert event is not None
    fact: Event = event.fact.model_construct(seller_id="s-1")
    more = grown(fact)
    assert (type(more).__name__, more.key, more.topic) == (type(fact).__name__, fact.key, fact.topic)
    assert grown(more) is more
