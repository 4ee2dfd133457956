"""A log that is lost, cut short, or another one, and the operator who puts ours back when everybody has refused."""

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any, Final

from ops import catalogue
from ops.simulation.plan import SERVICE_OF, Fault, Kind
from shared.events.base import PARTITIONS
from shared.runtime.log import Place, Record
from shared.runtime.process import Process, topics_of

if TYPE_CHECKING:
    from ops.simulation.house import House
    from ops.simulation.replica import Replica

AWAY: Final = (3.0, 30.0)
"""Seconds, at least and at most, in which no brokers are there."""
LONGEST: Final = 4 * 86_400.0
"""Seconds after which the operator waits no longer: whoever stood still has woken by then."""
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 43_200.0
"""Between two starts of a replica that refuses, as a supervisor makes them."""
STRANGE: Final = 3
"""Records of nobody's at the end of each place of a longer log."""


class Replacing:
    """At most one such misfortune at a time."""

    def __init__(self, house: "House") -> None:
        self.happened = False
        self._house = house
        self._refusals: Counter[str] = Counter()

    def befall(self, fault: Fault, process: Process[Any]) -> None:
        luck, cluster = Random(f"{self._house.plan.seed}/{fault}"), self._house.cluster  # noqa: S311 - no secret
        topics = _topics(fault, process, luck)
        places = [Place(topic, n) for topic in topics for n in range(PARTITIONS)]
        known = self._known()
        other = {
            place: _another(fault.kind, place, cluster.records.get(place, []), luck) if place.topic in known else []
            for place in places
        }
        if all(records == cluster.records.get(place, []) for place, records in other.items()):
            return
        self.happened = True
        cluster.replace(other, whole=len(topics) > 1)
        self._house.tell("log", f"is not ours any more: {'all of it' if len(topics) > 1 else topics[0]}")
        self._come_up(luck)
        self._house.loop.call_later(fault.size, self._look, luck, self._house.loop.time(), FIRST_PAUSE)

    def _known(self) -> frozenset[str]:
        """The topics that nobody hears who has read nothing yet: to him no log is another one."""
        house = self._house
        new = [name for name in SERVICE_OF if not any(row.next for row in house.tables_of(name).inputs.values())]
        unknown = {topic.name for name in new for topic in topics_of(house.seen.processes[name])}
        return frozenset(topic.name for topic in catalogue.all_topics()) - unknown

    def pause(self, replica: "Replica") -> float:
        """Until a supervisor starts it again."""
        self._refusals[replica.name] += 1
        return min(FIRST_PAUSE * 2.0 ** min(self._refusals[replica.name], 20), LONGEST_PAUSE)

    def _come_up(self, luck: Random) -> None:
        away = luck.uniform(*AWAY)
        self._house.break_off(away)
        self._house.loop.call_later(away, self._house.refresh)

    def _look(self, luck: Random, since: float, pause: float) -> None:
        """The operator has found out; as long as somebody has not noticed, he looks on."""
        house = self._house
        if house.loop.time() < since + LONGEST and any(house.seen.concerned(*each) for each in house.seen.reading()):
            house.refresh()
            house.loop.call_later(pause, self._look, luck, since, min(pause * 2, LONGEST_PAUSE))
            return
        house.watch.put_back()
        house.cluster.put_back()
        house.tell("log", "is ours again")
        self._come_up(luck)
        house.start_all_again()
        self._refusals.clear()


def _topics(fault: Fault, process: Process[Any], luck: Random) -> list[str]:
    """All of them, or one of an outside party: of ours, a whole cluster is lost at a time."""
    outside = [topic.name for topic in topics_of(process) if not topic.numbered]
    if outside and fault.kind in (Kind.LOG_EMPTY, Kind.LOG_SHORTER) and luck.random() < 0.4:
        return [luck.choice(outside)]
    return sorted(topic.name for topic in catalogue.all_topics())


def _another(kind: Kind, place: Place, ours: list[Record], luck: Random) -> list[Record]:
    match kind:
        case Kind.LOG_EMPTY:
            return []
        case Kind.LOG_SHORTER:
            return ours[: luck.randint(0, len(ours))]
        case _:
            other = [record._replace(timestamp=record.timestamp + 1) for record in ours]
            strange = STRANGE if kind is Kind.LOG_LONGER else 0
            return other + [Record(place, len(ours) + n, 0, b"0", b"{}", []) for n in range(strange)]
