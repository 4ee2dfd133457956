"""What the simulation found, each by the shortest plan that shows it. docs/simulation-finds.md tells of each."""

from ops.simulation.plan import Fault, Kind, Plan
from ops.simulation.run import lived


def test_an_assignment_that_failed_is_made_up_for_where_no_record_follows() -> None:
    """The log was away when partitions were assigned; deadlines waited for ever for those on which nothing came."""
    away = Fault(Kind.LOG_DOWN, "escalation", point=1, busy=False, size=30.0)
    house = lived(Plan(62, ((30,),), (away,)))
    assert house.faults.struck == [away]
    assert house.watch.violation is None
