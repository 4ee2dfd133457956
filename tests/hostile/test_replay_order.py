"""After a repair, `dead-letters replay` lets each be heard once, in its order, from its bytes or from the log."""

import asyncio
import json
from typing import Any

import pytest

from ops import catalogue, dead_letters
from ops.reach import ReachError
from shared.events.base import Topic
from shared.runtime import Service
from shared.runtime.dead_letters import MOST_LETTER_BYTES
from shared.runtime.lanes import partition_of
from tests.hostile.raw import Raw, batch, raw_producer
from tests.runtime.conftest import Playground
from tests.runtime.toy import DEPOSITS, SERVICES, TOPICS, Counted, Deposited

pytestmark = pytest.mark.thorough


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command looks at the toy services instead of ours."""

    def service(name: str) -> Service:
        return SERVICES[name]

    def topics() -> list[Topic]:
        return list(TOPICS)

    monkeypatch.setattr(catalogue, "NAMES", ("account", "mirror"))
    monkeypatch.setattr(catalogue, "service", service)
    monkeypatch.setattr(catalogue, "all_topics", topics)


async def heard(playground: Playground, key: str) -> list[int]:
    rows = await playground.query(
        "select body from account.journal where key = $1 and body is not null order by n", key
    )
    return [json.loads(row["body"])["n"] for row in rows]


async def until_heard(playground: Playground, key: str, *numbers: int) -> None:
    wanted = "{" + ",".join(map(str, numbers)) + "}"
    found = f"select array_agg((body::json ->> 'n')::int order by n) from account.journal where key = '{key}'"
    await playground.until_row(f"select from ({found} and body <> '') j(ns) where ns = '{wanted}'")


async def test_a_parked_key_is_heard_in_order_while_more_comes_for_it(playground: Playground) -> None:
    playground.serve("account")
    await playground.publish([Deposited(account="a", n=n, fails=n == 3) for n in range(1, 30)])
    await playground.publish([Deposited(account="b", n=1)])
    await playground.read(Counted, 3)
    await playground.until_row("select from (select count(*) from account.held) h(n) where n = 27")
    assert await heard(playground, "b") == [1]

    await playground.query("update account.held set body = replace(body, 'true', 'false')")  # the repair
    said = asyncio.create_task(playground.publish([Deposited(account="a", n=n) for n in range(30, 60)]))
    told = await dead_letters.replay(playground.settings, "account/a", again=False)
    await said
    assert "27 facts" in told
    await until_heard(playground, "a", *range(1, 60))


async def test_a_repair_that_fails_again_parks_again_where_it_stood(playground: Playground) -> None:
    playground.serve("account")
    await playground.publish([Deposited(account="a", n=n, fails=n in (2, 4)) for n in range(1, 7)])
    await playground.until_row("select from (select count(*) from account.held) h(n) where n = 5")
    first = (
        "update account.held set body = replace(body, 'true', 'false') where id = (select min(id) from account.held)"
    )
    await playground.query(first)
    await dead_letters.replay(playground.settings, "account/a", again=False)
    await until_heard(playground, "a", 1, 2, 3)
    [row] = await playground.query("select count(*) as facts, min(error) as error from account.held")
    assert (row["facts"], "FailingOnPurposeError" in row["error"]) == (3, True)

    await playground.query(first)
    await dead_letters.replay(playground.settings, "account/a", again=False)
    await until_heard(playground, "a", 1, 2, 3, 4, 5, 6)


async def test_what_is_published_again_is_replayed_for_everybody_who_has_a_letter_of_it(playground: Playground) -> None:
    """They all hear it again; replayed once more they would hear it twice."""
    insert = (
        'insert into {0}.dead_letter (process, topic, partition, "offset", key, value, headers, problems, at) '
        "values ('{0}', $1, 3, 7, 'a', '{{', '[]', '[]', now())"
    )
    for name in catalogue.NAMES:
        await playground.query(insert.format(name), DEPOSITS.name)
    await dead_letters.replay(playground.settings, "account:1", again=False)
    with pytest.raises(ReachError, match="was replayed at"):
        await dead_letters.replay(playground.settings, "mirror:1", again=False)


async def test_dead_letters_replayed_oldest_first_are_heard_in_that_order_and_a_cut_one_comes_from_the_log(
    playground: Playground,
) -> None:
    """They were refused for an id that was none; what is replayed here has been mended where it is kept."""
    playground.serve("account")
    long = "x" * (MOST_LETTER_BYTES + 1)
    place = partition_of("a", 16)
    async with raw_producer(playground.settings.kafka_bootstrap_servers) as producer:
        for n, note in ((1, ""), (2, long), (3, "")):
            body = Deposited(account="a", n=n, note=note).model_dump_json().encode()
            headers = [("ce_id", b""), ("ce_type", b"Deposited"), ("ce_time", b"2025-06-02T09:00:00Z")]
            await (await producer.send(DEPOSITS.name, place, batch(Raw(b"a", body, headers))))
    await playground.until_row("select from (select count(*) from account.dead_letter) d(n) where n = 3")
    rows: list[Any] = await playground.query("select id, whole, size from account.dead_letter order by id")
    assert [row["whole"] for row in rows] == [True, False, True]
    assert rows[1]["size"] > MOST_LETTER_BYTES

    said = await dead_letters.replay(playground.settings, f"account:{rows[1]['id']}", again=False)
    assert "will come back" in said  # it is as bad as it was, and whole: it came from the log
    await playground.until_row("select from (select count(*) from account.dead_letter) d(n) where n = 4")
    [again] = await playground.query("select size from account.dead_letter order by id desc limit 1")
    assert again["size"] == rows[1]["size"]

    await playground.query("""update account.dead_letter set headers = replace(headers::text, '["ce_id", ""]',
        '["ce_id", "mended-' || id || '"]')::json""")
    for row in (rows[0], rows[2]):
        await dead_letters.replay(playground.settings, f"account:{row['id']}", again=False)
    await until_heard(playground, "a", 1, 3)
