"""The world together: ids, moments, repetition on purpose, and the same behaviour in any order of arrival."""

from datetime import datetime, timedelta

import pytest

from ops.demo.claims import generate
from ops.demo.outside.collecting import Collects
from ops.demo.outside.sellers import Way
from ops.demo.outside.world import SPOKEN, World
from ops.submissions import from_claims, from_line, sellers
from ops.wire import Speech
from shared.events.base import Event
from shared.events.finance import PayoutPaid, SellerDebitCollected
from shared.events.marketplace import SellerRegistered
from shared.events.recovery import SellerDebitStopped
from shared.events.seller_portal import SellerAnswered
from shared.events.upstream import ClaimSubmitted, DocumentsSubmitted
from shared.runtime.codec import decode
from tests.deciding import day
from tests.demo.given import (
    SEED,
    TODAY,
    claim_ids,
    debit_requested,
    heard,
    notified,
    payout_authorized,
    shuffled_by_topic,
    story,
    submission_ids,
    submitted,
)

FOREVER = day(10_000)


def said_to_stories(order: int) -> list[tuple[datetime, str, str, str]]:
    """Everything the world says to the same claims' stories, arriving in some order."""
    world = World(SEED)
    for number, submission_id in enumerate(submission_ids(60)):
        line = submitted(submission_id).model_dump_json().encode()
        world.submit(from_line(line, number), number, day(0))
    for event, envelope in shuffled_by_topic(map(story, submission_ids(60)), order):
        world.hear(event, envelope)
    return sorted(_line(speech) for speech in world.due(FOREVER))


def _line(speech: Speech) -> tuple[datetime, str, str, str]:
    said = speech.said.decode() if isinstance(speech.said, bytes) else speech.said.model_dump_json()
    return speech.envelope.time, speech.envelope.id, speech.key, said


@pytest.mark.parametrize("order", range(1, 6))
def test_a_claims_whole_behaviour_is_the_same_in_any_order_of_arrival(order: int) -> None:
    assert said_to_stories(order) == said_to_stories(0)


def test_what_is_heard_twice_is_answered_once() -> None:
    once, twice = World(SEED), World(SEED)
    for world, times in ((once, 1), (twice, 3)):
        for event, envelope in [pair for s in submission_ids(30) for pair in story(s)] * times:
            world.hear(event, envelope)
    assert list(map(_line, once.due(FOREVER))) == list(map(_line, twice.due(FOREVER)))


def test_a_world_that_begins_again_says_only_what_is_not_out_yet() -> None:
    told = [pair for s in submission_ids(30) for pair in story(s)]
    first, second = World(SEED), World(SEED)
    for event, envelope in told:
        first.hear(event, envelope)
    out = first.due(day(8))
    second.remember(speech.envelope.id for speech in out)
    second.remember(["not-a-uuid"])
    for event, envelope in told:
        second.hear(event, envelope)
    ids = {speech.envelope.id for speech in second.due(FOREVER)}
    assert not ids & {speech.envelope.id for speech in out}
    assert ids <= {speech.envelope.id for speech in first.due(FOREVER)}


def test_nothing_is_said_before_its_moment_and_all_in_order() -> None:
    world = World(SEED)
    for event, envelope in story("sub-1"):
        world.hear(event, envelope)
    assert world.next_at is not None
    assert not world.due(world.next_at - timedelta(seconds=1))
    moments = [speech.envelope.time for speech in world.due(FOREVER)]
    assert moments
    assert world.next_at is None


def test_what_is_said_is_a_fact_on_an_outside_topic_and_reads_back() -> None:
    world = World(SEED)
    world.open(sellers(from_claims(generate(50, SEED, TODAY))), day(0))
    for number, submission in enumerate(from_claims(generate(50, SEED, TODAY))):
        world.submit(submission, number, day(0))
    for event, envelope in [pair for s in submission_ids(50) for pair in story(s)]:
        world.hear(event, envelope)
    for speech in world.due(FOREVER):
        key, value, headers = speech.record()
        event, envelope = decode(speech.topic, key, value, headers)
        assert speech.topic in SPOKEN
        assert envelope == speech.envelope
        assert event == (ClaimSubmitted.model_validate_json(value) if isinstance(speech.said, bytes) else speech.said)


def test_a_few_records_come_twice_some_under_another_id() -> None:
    world = World(SEED)
    for claim_id in claim_ids(600):
        event = payout_authorized(claim_id)
        world.hear(event, heard(event))
    paid = [speech for speech in world.due(FOREVER) if isinstance(speech.said, PayoutPaid)]
    ids = [speech.envelope.id for speech in paid]
    repeated = len(ids) - len(set(ids))
    assert 3 < repeated < 30
    facts = [_said(speech).model_dump_json() for speech in paid]
    assert len(set(facts)) < len(set(ids)) < len(facts)


def _said(speech: Speech) -> Event:
    assert isinstance(speech.said, Event)
    return speech.said


def test_the_directory_speaks_before_the_first_claim() -> None:
    world = World(SEED)
    world.open({"seller-1": {"US"}}, day(0))
    assert isinstance(world.due(day(0))[0].said, SellerRegistered)


def test_a_line_that_is_no_claim_goes_out_as_it_is_and_alone() -> None:
    world = World(SEED)
    assert world.submit(from_line(b"not json", 3), 3, day(0))
    [first, *again] = world.due(FOREVER)
    assert (first.key, first.said, first.envelope.type) == ("line-3", b"not json", "ClaimSubmitted")
    assert len(again) <= 1


def test_the_same_line_twice_in_a_file_is_submitted_twice_but_not_after_a_restart() -> None:
    line = submitted("sub-1").model_dump_json().encode()
    world = World(SEED)
    assert world.submit(from_line(line, 1), 1, day(0))
    assert world.submit(from_line(line, 2), 2, day(0))
    assert not world.submit(from_line(line, 2), 2, day(1))


def test_papers_that_come_before_their_claim_are_published_before_it() -> None:
    world = World(SEED)
    for number, submission_id in enumerate(submission_ids(200)):
        world.submit(from_line(submitted(submission_id).model_dump_json().encode(), number), number, day(0))
    order: dict[str, list[str]] = {}
    for speech in world.due(FOREVER):
        order.setdefault(speech.key, []).append(speech.envelope.type)
    early = [kinds for kinds in order.values() if kinds[0] == DocumentsSubmitted.type_name()]
    assert 5 < len(early) < 40


def test_what_was_held_up_has_its_own_moment_and_arrives_later() -> None:
    claim_id = next(claim_ids())
    world = World(SEED, written={str(claim_id): [Way.HEARD_LATE]})
    event = notified(claim_id)
    world.hear(event, heard(event))
    assert not world.due(day(7))
    [answer, *_] = [speech for speech in world.due(FOREVER) if isinstance(speech.said, SellerAnswered)]
    assert answer.envelope.time < day(7)


def test_what_has_become_too_late_to_say_is_not_said() -> None:
    claim_id = next(claim_ids())
    order = debit_requested(claim_id)
    stop = SellerDebitStopped(claim_id=claim_id, debit_id=order.debit_id, seller_id=order.seller_id)
    for stopped in (False, True):
        world = World(SEED, written={str(claim_id): [Collects.SLOWLY]})
        for event in (order, stop) if stopped else (order,):
            world.hear(event, heard(event))
        collected = any(isinstance(speech.said, SellerDebitCollected) for speech in world.due(FOREVER))
        assert collected is not stopped


def test_an_answer_carries_its_cause_and_goes_on_with_the_trace() -> None:
    world = World(SEED)
    event, envelope = story("sub-1")[0]
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    world.hear(event, heard(event).__class__(envelope.id, envelope.type, "intake", envelope.time, event.key, trace))
    for speech in world.due(FOREVER):
        assert speech.envelope.cause == envelope.id
        assert speech.envelope.traceparent is not None
        assert speech.envelope.traceparent.startswith("00-0af7651916cd43dd8448eb211c80319c-")
