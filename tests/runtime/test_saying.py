"""What is said reaches the log once, in order and after commit, whoever dies in between; and is heard once."""

import json

import pytest

from shared.events.base import Envelope, derived_text
from shared.runtime.codec import encode, envelope_of
from shared.runtime.log import Place, Record
from shared.runtime.store import PassingError
from tests.runtime.toy import COUNTS, DEPOSITS, Counted, Deposited, Mirrored
from tests.runtime.workbench import START, Workbench, lane_of

LANE = lane_of("a")
PLACE = Place(COUNTS.name, LANE)


def deposits(first: int, last: int) -> list[Deposited]:
    return [Deposited(account="a", n=n) for n in range(first, last + 1)]


def counted(bench: Workbench) -> list[int]:
    return [event.n for event in bench.shelf.told(Counted)]


# Publishing


async def test_the_cause_goes_with_what_is_said_however_long_the_id_that_it_comes_from(bench: Workbench) -> None:
    """By it `makegood recover` knows who has said it."""
    one = await bench.replica()
    for length in (900, 1024):
        _, body, headers = encode(Deposited(account="a", n=1), Envelope("x" * length, "Deposited", "bank", START, "a"))
        bench.shelf.append(Place(DEPOSITS.name, LANE), "a", body, headers)
    await one.read()
    said = [envelope_of(record.headers) for record in bench.shelf.records[PLACE]]
    assert len(said) == 2
    for envelope in said:
        assert envelope.cause
        assert envelope.id == derived_text("account", envelope.cause, "Counted", "1")


async def test_nothing_is_said_until_it_is_committed(bench: Workbench) -> None:
    await bench.pool.execute(
        "create sequence tries; "
        "create function refuse() returns trigger language plpgsql as $$ begin "
        "if nextval('tries') < 3 then raise exception 'not now' using errcode = 'serialization_failure'; end if; "
        "return null; end $$; "
        "create constraint trigger refuse_at_commit after insert on state "
        "deferrable initially deferred for each row execute function refuse()"
    )
    one = await bench.replica()
    bench.shelf.say(*deposits(1, 2))
    await one.read()
    assert one.figure("makegood_retries_total") == 2
    assert counted(bench) == [1, 2]


async def test_whoever_takes_over_a_lane_first_says_what_was_left_unsaid(bench: Workbench) -> None:
    one, other = await bench.replica(), await bench.replica()
    bench.shelf.say(*deposits(1, 2))
    await one.dies_before_publishing()
    bench.shelf.say(*deposits(3, 3))
    await other.read()
    assert counted(bench) == [1, 2, 3]


async def test_what_was_left_unsaid_is_said_without_further_traffic(bench: Workbench) -> None:
    one, other = await bench.replica(), await bench.replica()
    bench.shelf.say(*deposits(1, 2))
    await one.dies_before_publishing()
    await other.worker.tick()
    assert counted(bench) == [1, 2]


async def test_what_was_said_is_not_said_again_on_the_timer(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(*deposits(1, 2))
    await one.read()
    for _ in range(2):
        await one.worker.tick()
    assert counted(bench) == [1, 2]
    assert await bench.pool.fetchval("select sum(published) from lane") == 2


async def test_as_many_rows_of_another_owner_are_not_taken_for_those_that_were_said(bench: Workbench) -> None:
    """A database put back to before its last row: another replica wrote one in its place, and died."""
    one, other = await bench.replica(), await bench.replica()
    bench.shelf.say(*deposits(1, 2))
    await one.read()
    await bench.pool.execute("update lane set owner = $1, published = 1 where n = $2", other.worker.token, LANE)
    bench.shelf.say(*deposits(3, 3))
    await one.read()
    assert counted(bench) == [1, 2, 2, 3]


async def test_streams_are_numbered_on_from_where_the_last_owner_stopped(bench: Workbench) -> None:
    for n in (1, 2):
        bench.shelf.say(*deposits(n, n))
        await (await bench.replica()).read()
    numbers = [dict(record.headers)["ce_sequence"] for record in bench.shelf.records[PLACE]]
    assert numbers == [b"1", b"2"]
    assert await bench.pool.fetchval("select position from lane where n = $1", LANE) == 2


# Hearing what was published


def count(bench: Workbench, sequence: int, *, n: int | None = None, epoch: int = 1) -> Record:
    """One record as the account's outbox publishes it."""
    event = Counted(account="a", n=n or sequence, total=sequence)
    envelope = Envelope(
        f"c{n or sequence}", "Counted", "account", START, "a", lane=LANE, sequence=sequence, epoch=epoch
    )
    key, body, headers = encode(event, envelope)
    return bench.shelf.append(PLACE, key.decode(), body, headers)


def mirrored(bench: Workbench) -> list[int]:
    return [event.n for event in bench.shelf.told(Mirrored)]


async def test_a_record_published_again_is_heard_once(mirror: Workbench) -> None:
    one = await mirror.replica()
    for sequence in (1, 2, 1, 2, 3):
        count(mirror, sequence)
    await one.read()
    assert mirrored(mirror) == [1, 2, 3]


async def test_an_event_that_this_version_has_never_heard_of_is_kept(mirror: Workbench) -> None:
    """Of a newer version that speaks already, or of one from which this service was taken back."""
    one = await mirror.replica()
    record = count(mirror, 1)
    headers = [(name, b"CountedTwice" if name == "ce_type" else value) for name, value in record.headers]
    mirror.shelf.records[record.place][record.offset] = record._replace(headers=headers)
    count(mirror, 2)
    await one.read()
    assert mirrored(mirror) == [2]
    [letter] = await mirror.pool.fetch("select problems, value from dead_letter")
    assert "ce_type: is not an event of the topic toy.counts.v1" in ": ".join(json.loads(letter["problems"])[0])
    assert letter["value"] == record.value


async def test_a_key_waits_for_the_version_that_can_read_a_fact_of_ours(mirror: Workbench) -> None:
    """Else what comes later would be decided before it, and a deadline as if it had never been said."""
    one = await mirror.replica()
    record = count(mirror, 1)
    odd = (record.value or b"").replace(b'"n":1', b'"n":"one"')
    mirror.shelf.records[record.place][record.offset] = record._replace(value=odd)
    count(mirror, 2)
    await one.read()
    assert mirrored(mirror) == []
    held = await mirror.pool.fetch("select body, error from held order by id")
    assert [json.loads(row["body"])["n"] for row in held] == ["one", 2]
    assert held[0]["error"].startswith("n: Input should be a valid integer")
    assert await mirror.pool.fetchval("select count(*) from dead_letter") == 0


@pytest.mark.parametrize("key", [None, b"", b"a\0b", b"a" * 2000], ids=["none", "empty", "NUL", "long"])
async def test_what_has_no_key_that_can_wait_is_a_dead_letter(mirror: Workbench, key: bytes | None) -> None:
    one = await mirror.replica()
    record = count(mirror, 1)
    mirror.shelf.records[record.place][record.offset] = record._replace(key=key, value=b"{}")
    count(mirror, 2)
    await one.read()
    assert mirrored(mirror) == [2]
    assert await mirror.pool.fetchval("select count(*) from dead_letter") == 1


async def test_a_record_ahead_of_its_number_waits_for_those_before_it(mirror: Workbench) -> None:
    one = await mirror.replica()
    for sequence in (1, 3):
        count(mirror, sequence)
    await one.read()
    assert mirrored(mirror) == [1]
    assert one.figure("makegood_gaps_total") == 1
    for sequence in (2, 3):
        count(mirror, sequence)
    await one.read()
    assert mirrored(mirror) == [1, 2, 3]


async def test_what_a_producer_said_in_an_epoch_that_is_over_is_not_heard(mirror: Workbench) -> None:
    one = await mirror.replica()
    count(mirror, 1, epoch=2)
    count(mirror, 2, epoch=1, n=20)
    count(mirror, 2, epoch=2)
    await one.read()
    assert mirrored(mirror) == [1, 2]
    assert one.figure("makegood_outdated_total") == 1


async def test_the_same_number_with_other_content_is_an_alarm_and_kept(mirror: Workbench) -> None:
    one = await mirror.replica()
    count(mirror, 1)
    count(mirror, 1)
    await one.read()
    assert one.figure("makegood_contradictions_total") == 0

    other = await mirror.replica()
    count(mirror, 1, n=7)
    await other.read()
    assert mirrored(mirror) == [1]
    assert other.figure("makegood_contradictions_total") == 1
    problems = await mirror.pool.fetchval("select problems::text from dead_letter")
    assert "was heard before with other content" in problems


async def test_what_was_heard_before_its_content_was_kept_is_no_alarm(mirror: Workbench) -> None:
    one = await mirror.replica()
    count(mirror, 1)
    await one.read()
    await mirror.pool.execute("update input set heard = json_build_object($1::text, '[1, 1]'::json) "
                              "where heard::text <> '{}'", str(LANE))  # fmt: skip
    count(mirror, 1, n=7)
    count(mirror, 2)
    await one.read()
    assert mirrored(mirror) == [1, 2]
    assert one.figure("makegood_contradictions_total") == 0


async def test_only_the_outbox_speaks_on_a_numbered_topic(mirror: Workbench) -> None:
    one = await mirror.replica()
    key, body, headers = encode(Counted(account="a", n=1, total=1), Envelope("f", "Counted", "forger", START, "a"))
    mirror.shelf.append(PLACE, key.decode(), body, headers)
    await one.read()
    assert mirrored(mirror) == []
    assert "ce_sequence" in await mirror.pool.fetchval("select problems::text from dead_letter")


async def test_what_could_not_be_published_on_the_timer_is_published_later(bench: Workbench) -> None:
    one = await bench.replica()
    bench.shelf.say(*deposits(1, 1))
    await (await bench.replica()).dies_before_publishing()
    one.reader.away = True
    with pytest.raises(PassingError):
        await one.worker.tick()
    one.reader.away = False
    await one.worker.tick()
    assert counted(bench) == [1]
