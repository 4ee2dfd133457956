"""What the simulation found, each by the shortest plan that shows it. docs/simulation-finds.md tells of each.

What catches a mutant happens at several moments: a change of the loop moves them, and one alone would show nothing.
"""

import asyncio
from typing import cast

import pytest

from ops.simulation.house import House
from ops.simulation.loop import VirtualLoop, run
from ops.simulation.plan import Fault, Kind, Noise, Plan
from ops.simulation.run import LONGEST, lived


def test_an_assignment_that_failed_is_made_up_for_where_no_record_follows() -> None:
    """The log was away when partitions were assigned; deadlines waited for ever for those on which nothing came."""
    away = Fault(Kind.LOG_DOWN, "escalation", point=1, busy=False, size=30.0)
    house = lived(Plan(62, ((30,),), (away,)))
    assert house.faults.struck == [away]
    assert house.watch.violation is None


def test_offsets_that_the_group_has_lost_are_committed_again() -> None:
    """Whoever waits for what is passed on waited for ever: a worker committed only what it had not committed before."""

    async def live() -> House:
        house = House(Plan(68, ((30,),)), cast("VirtualLoop", asyncio.get_running_loop()))
        await house.live(LONGEST)
        house.cluster.committed["seller_notifier"].clear()
        house.cluster.group("seller_notifier").rebalance()
        await house.loop.sleep(5)
        house.replicas["seller_notifier.1"].rooms["seller_notifier"].worker.wake.set()
        await house.loop.sleep(5)
        return house

    house = run(live())
    committed = house.cluster.committed["seller_notifier"]
    heard = [place for place in house.cluster.records if place.topic in ("claims.intake.v1", "sellers.answers.v1")]
    assert len(heard) > 1
    assert {place: committed.get(place) for place in heard} == {place: house.cluster.end(place) for place in heard}


def test_of_a_decision_that_had_come_out_in_part_the_rest_is_said_after_a_recovery() -> None:
    """The replica died while it published, and then its database came back older: the rest was never said."""
    restored = Fault(Kind.RESTORE, "claimants", point=8, busy=True, size=3.0)
    offsets_lost = Fault(Kind.OFFSETS_LOST, "links", point=6, busy=True, size=0.0)
    noise = frozenset({Noise.MAIL_BUSY, Noise.JITTER, Noise.CLOCKS, Noise.LATE_TOPICS})
    house = lived(Plan(131, ((18,),), (restored, offsets_lost), noise))
    assert restored in house.faults.struck
    assert house.watch.violation is None


def test_a_deadline_keeps_its_place_among_what_is_decided_again_when_outcomes_come() -> None:
    """It was asked between two outcomes that were told, at the moment of now, and the second one went back in time."""
    restored = Fault(Kind.RESTORE, "seller_notifier", point=777, busy=False, size=28.0)
    others = (
        Fault(Kind.COMMIT_LOST, "links", point=71, busy=False, size=0.0),
        Fault(Kind.CALL_FAILS, "seller_notifier", point=244, busy=False, size=0.0),
    )
    noise = frozenset(
        {Noise.DUPLICATES, Noise.TWO_REPLICAS, Noise.SLOW_READING, Noise.OTHER_PARTITIONER, Noise.SMALL_BATCHES}
    )
    house = lived(Plan(176, ((63,), (41,), (62,), (43,)), (*others, restored), noise))
    assert restored in house.faults.struck
    assert house.watch.violation is None


def test_what_was_decided_silently_is_decided_again_before_the_outcome_of_what_it_did() -> None:
    """Another clock had said it a little later than it was heard: its letter then went out later than was published,
    which parked the key, and behind that a seller's answer waited until his time was over."""
    restored = Fault(Kind.RESTORE, "seller_notifier", point=241, busy=True, size=13.0)
    house = lived(Plan(1329, ((86,), (18,), (39,), (109,)), (restored,), frozenset({Noise.CLOCKS})))
    assert house.faults.struck == [restored]
    assert house.watch.violation is None


def test_a_silent_beginning_is_decided_again_before_what_follows_it() -> None:
    """By another clock it had been said later than that: the moment went on from there, and what followed differed."""
    replaced = Fault(Kind.NEXT_VERSION, "seller_notifier", point=200, busy=True, size=18.878004566871805)
    restored = Fault(Kind.RESTORE, "seller_notifier", point=232, busy=True, size=28.0)
    again = Fault(Kind.RESTORE, "seller_notifier", point=238, busy=False, size=1.0)
    noise = frozenset({Noise.LATE_TOPICS, Noise.CLOCKS})
    house = lived(Plan(55268, ((11,), (42,)), (replaced, restored, again), noise))
    assert {restored, again} <= set(house.faults.struck)
    assert house.watch.violation is None
    assert house.waved == set()


def test_a_key_that_is_replayed_as_published_is_decided_by_what_was_known_then() -> None:
    """The replica that did it had just begun and knew of no seller: each deadline waited for that five minutes more, a
    thousand times, and everything that was published came out otherwise."""
    faults = (
        Fault(Kind.CRASH, "escalation", point=65, busy=True, size=4.110209745201924),
        Fault(Kind.RESTORE, "escalation", point=176, busy=True, size=20.0),
        Fault(Kind.NEXT_VERSION, "escalation", point=408, busy=False, size=12.90434245034533),
    )
    noise = frozenset({Noise.SLOW_READING, Noise.OTHER_PARTITIONER})
    house = lived(Plan(152850, ((74,), (102,)), faults, noise))
    assert set(faults) == set(house.faults.struck)
    assert house.watch.violation is None


def test_an_answer_is_decided_again_after_its_question_whatever_the_clock_of_who_gave_it() -> None:
    """A letter asked for proof and, by another clock, had gone out before it was asked for: nobody knew of it then, its
    time never began, and a debit that finance had collected was written off."""
    restored = Fault(Kind.RESTORE, "recovery", point=352, busy=False, size=16.0)
    noise = frozenset({Noise.CLOCKS, Noise.DUPLICATES, Noise.SMALL_BATCHES})
    house = lived(Plan(2002246, ((112,), (93,)), (restored,), noise))
    assert house.faults.struck == [restored]
    assert house.watch.violation is None


def test_an_answer_that_would_have_said_something_had_not_been_heard_yet() -> None:
    """By another clock it came before what it answers, and made no difference there: a claim waited for ever."""
    first = Fault(Kind.RESTORE, "escalation", point=6, busy=True, size=1.0)
    second = Fault(Kind.RESTORE, "escalation", point=43, busy=True, size=1.0)
    house = lived(Plan(2004395, ((63,),), (first, second), frozenset({Noise.LATE_TOPICS, Noise.CLOCKS})))
    assert second in house.faults.struck
    assert house.watch.violation is None


def test_a_letter_that_had_waited_for_contacts_is_the_same_letter_when_it_is_written_at_once() -> None:
    """It had another id then, and of all that had followed from its outcome nothing came out as it was published."""
    restored = Fault(Kind.RESTORE, "seller_notifier", point=395, busy=True, size=30.0)
    noise = frozenset({Noise.TWO_REPLICAS, Noise.SLOW_READING})
    house = lived(Plan(2007396, ((64,), (23, 24), (108,)), (restored,), noise))
    assert house.faults.struck == [restored]
    assert house.watch.violation is None
    assert house.waved == set()


@pytest.mark.parametrize("point", range(72, 78))
def test_a_lane_is_decided_again_by_a_worker_that_knows_its_reference(point: int) -> None:
    """Its rows said that the reference had been read, while it still went by what it had seen a moment before."""
    others = Fault(Kind.RESTORE, "escalation.reference", point=5, busy=False, size=9.0)
    restored = Fault(Kind.RESTORE, "seller_notifier", point=point, busy=True, size=11.0)
    noise = frozenset({Noise.CLOCKS, Noise.LATE_TOPICS, Noise.SLOW_READING, Noise.JITTER})
    house = lived(Plan(1105561, ((82,),), (others, restored), noise))
    assert restored in house.faults.struck
    assert house.watch.violation is None
    assert house.waved == set()


@pytest.mark.parametrize("point", range(218, 258, 8))
def test_what_waits_for_an_outcome_after_a_restore_is_not_passed_on(point: int) -> None:
    """An answer had been read, and waited for the outcome of a letter before it; escalation's deadline passed."""
    crash = Fault(Kind.CRASH, "seller_notifier", point=96, busy=True, size=401957.6950375565)
    restored = Fault(Kind.RESTORE, "seller_notifier", point=point, busy=False, size=3.0)
    noise = frozenset({Noise.JITTER, Noise.SMALL_BATCHES, Noise.TWO_REPLICAS})
    house = lived(Plan(2106938, ((53,),), (crash, restored), noise))
    assert {crash, restored} == set(house.faults.struck)
    assert house.watch.violation is None


def test_the_cluster_on_record_is_the_one_that_was_heard_first() -> None:
    """A replica that slept heard the first record, of ours; another one had started meanwhile on another cluster, and
    that was on record: nobody could start any more."""
    faults = (
        Fault(Kind.LOG_SHORTER, "links", point=32, busy=False, size=90.11127034782493),
        Fault(Kind.FREEZE, "seller_notifier", point=38, busy=False, size=53.06513806647031),
        Fault(Kind.CRASH, "seller_notifier", point=301, busy=False, size=5.0),
    )
    house = lived(Plan(1004478, ((38,),), faults, frozenset({Noise.SLOW_READING, Noise.TWO_REPLICAS})))
    assert set(faults) == set(house.faults.struck)
    assert house.watch.violation is None


def test_a_silent_beginning_is_decided_again_before_the_outcome_of_what_follows_it() -> None:
    """By another clock it had been said later than a letter went out that a later fact led to: the letter's outcome
    differed, and a seller's answer lay behind it until his time was over."""
    restored = Fault(Kind.RESTORE, "seller_notifier", point=315, busy=True, size=11.0)
    others = (
        Fault(Kind.SECOND_REPLICA, "intake", point=59, busy=True, size=34.62426466062657),
        Fault(Kind.SECOND_REPLICA, "seller_notifier", point=142, busy=True, size=28.692620499095046),
    )
    claims = ((100,), (72,), (17,), (8,))
    house = lived(Plan(1003992, claims, (*others, restored), frozenset({Noise.CLOCKS})))
    assert restored in house.faults.struck
    assert house.watch.violation is None
    assert house.waved == set()
