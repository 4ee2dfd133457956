"""The log is lost, cut short, or another one, under replicas that run and that start; then it is put back."""

import pytest

from ops import catalogue
from ops.demo.scenes import SCENES
from ops.simulation.house import House
from ops.simulation.plan import Fault, Kind, Plan
from ops.simulation.run import lived
from shared.runtime.codec import type_of

CLAIM = next(n for n, scene in enumerate(SCENES) if scene.route == "debited_in_full")


def lived_with(kind: Kind, process: str, point: int) -> House:
    misfortune = Fault(kind, process, point, busy=True, size=600.0)
    house = lived(Plan(7, ((CLAIM,),), (misfortune,)))
    assert house.faults.struck == [misfortune]
    return house


def refusals(house: House) -> list[str]:
    return [line.who.partition(".")[0] for line in house.story if line.what.startswith("refuses to go on")]


@pytest.mark.parametrize(
    ("kind", "point"),
    [(Kind.LOG_EMPTY, 15), (Kind.LOG_EMPTY, 40), (Kind.LOG_SHORTER, 15), (Kind.LOG_OTHER, 15), (Kind.LOG_OTHER, 40)],
)
def test_everybody_refuses_and_when_the_log_is_back_all_goes_on_to_its_end(kind: Kind, point: int) -> None:
    house = lived_with(kind, "recovery", point)
    found = refusals(house)
    assert set(found) == set(catalogue.NAMES)
    assert all(found.count(name) > 1 for name in catalogue.NAMES)  # running, and each time it was started
    assert house.watch.violation is None
    said = {type_of(record.headers) for records in house.cluster.records.values() for record in records}
    assert {"PayoutPaid", "SellerDebitCollected", "RecoveryClosed"} <= said


def test_a_single_topic_that_is_lost_is_refused_by_those_who_have_read_it() -> None:
    house = lived_with(Kind.LOG_EMPTY, "seller_notifier.reference", 2)
    assert "is not ours any more: sellers.profiles.v1" in [line.what for line in house.story]
    assert set(refusals(house)) == {"seller_notifier"}
    assert house.watch.violation is None


@pytest.mark.parametrize(
    ("kind", "process", "point"),
    [
        (Kind.LOG_EMPTY, "escalation", 60),
        (Kind.LOG_SHORTER, "escalation", 40),
        (Kind.LOG_OTHER, "escalation", 60),
        (Kind.LOG_OTHER, "recovery", 60),
        (Kind.LOG_LONGER, "recovery", 15),
    ],
)
def test_nothing_is_said_to_another_log_nor_heard_from_it(kind: Kind, process: str, point: int) -> None:
    assert lived_with(kind, process, point).watch.violation is None


def test_nothing_is_said_to_a_log_that_is_cut_short_only_where_one_speaks() -> None:
    appeal = next(n for n, scene in enumerate(SCENES) if scene.route == "sellers_appeal_won")
    cut = Fault(Kind.LOG_SHORTER, "seller_notifier", 153, busy=False, size=935.0886890697611)
    assert lived(Plan(37, ((appeal,),), (cut,))).watch.violation is None
