"""Explain and simulate on a real database that holds what a life in memory would have written down."""

import json
import uuid
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr

from ops import catalogue
from ops.policy.explain import explain
from ops.policy.history import History, claim_of, history
from ops.policy.recorded import recorded_policies
from ops.policy.simulate import live
from ops.reach import ReachError, database
from services.recovery.ledger import LedgerEntry
from shared.events.base import PARTITIONS, Envelope, claim_id_of
from shared.policy import load
from shared.policy.files import HERE
from shared.runtime.codec import headers_of
from shared.runtime.lanes import partition_of
from shared.runtime.log import Outgoing, Place
from shared.runtime.migrate import migrate
from shared.runtime.postgres import PostgresStore, connect
from shared.runtime.settings import Settings
from shared.runtime.store import Changes, StateRow
from shared.runtime.versions import remember
from tests.conftest import empty_database
from tests.ops.policy_life import START, Life, demo_life
from tests.ops.test_cli import Makegood

CLAIMS = 40
DEAD_LETTER = """
insert into intake.dead_letter (process, topic, partition, "offset", key, value, headers, problems, at)
select 'intake', 'claims.submissions.v1', 0, count(*), $1, '{}', '[]', '[["marketplace", "Field required"]]', now()
from intake.dead_letter
"""


@pytest.fixture(scope="module")
def life() -> Life:
    return demo_life(CLAIMS)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def settings(stack: Any, life: Life) -> AsyncGenerator[Settings]:
    """A database with that life in it."""
    async with empty_database(stack) as url:
        found = Settings(database_url=SecretStr(url), kafka_bootstrap_servers=stack.bootstrap_servers)
        await migrate(found, catalogue.all_services())
        for service in catalogue.all_services():
            pool = await connect(found, service.name, size=2)
            assert await remember(pool, load(), START, 10) is None
            for process in service.processes:
                store = PostgresStore(pool, process.name, uuid.uuid4(), 10)
                async with store.transaction() as tx:
                    await tx.write(written(life, process.name), datetime.now(UTC), None)
            await pool.close()
        yield found


def written(life: Life, process: str) -> Changes:
    """Everything a process had decided, as one transaction would write it."""
    changes, positions = Changes(), [0] * PARTITIONS
    for (name, key), taken in life.taken.items():
        if name != process:
            continue
        lane = partition_of(key, PARTITIONS)
        state = life.house.rooms[process].states[key]
        changes.states.append(
            StateRow(key, lane, taken[-1].row.n, state.model_dump_json(), state.due, state.watches, state.late_at)
        )
        for one in taken:
            changes.journal.append(one.row)
            for said in one.said:
                assert said.event.topic is not None
                positions[lane] += 1
                envelope = Envelope(said.id, type(said.event).__name__, process, one.row.at, said.event.key)
                place = Place(said.event.topic.name, partition_of(said.event.key, PARTITIONS))
                changes.outbox.append(
                    Outgoing(lane, positions[lane], place, said.event.key, headers_of(envelope), said.body)
                )
            for done in one.done:
                if isinstance(done.effect, LedgerEntry):
                    changes.rows.setdefault("ledger_entry", []).append(done.effect.model_dump_json())
    return changes


def submissions(life: Life) -> list[str]:
    return [event.submission_id for event in life.history().submissions().values()]


async def test_every_claim_is_explained_from_the_database_as_it_was_in_memory(settings: Settings, life: Life) -> None:
    async with database(settings) as look:
        for submission in submissions(life):
            found = await explain(look, submission, load())
            assert [one for one in found.decisions if not one.same or one.grown] == []
            assert found == life.explained(submission)


async def test_a_claim_is_found_by_either_of_its_names(settings: Settings, life: Life) -> None:
    submission = submissions(life)[0]
    async with database(settings) as look:
        assert await explain(look, submission, load()) == await explain(look, str(claim_id_of(submission)), load())


async def test_a_claim_that_nobody_decided_about_is_refused(settings: Settings) -> None:
    async with database(settings) as look:
        with pytest.raises(ReachError, match="no decision about 'nothing' is on record"):
            await explain(look, "nothing", load())


async def test_of_what_was_no_claim_it_is_told_why_nothing_was_decided(settings: Settings) -> None:
    makegood = Makegood({"MAKEGOOD_DATABASE_URL": settings.database_url.get_secret_value(),
                         "MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers})  # fmt: skip
    await has_refused(settings, "no-claim")

    told = makegood("policy", "explain", "no-claim")

    assert (told.returncode, told.stderr) == (0, "")
    assert "claims.submissions.v1  marketplace: Field required" in told.stdout
    assert "No decision: what was sent could not be understood, and SubmissionRefused told upstream why." in told.stdout
    account = makegood.json("policy", "explain", "no-claim")
    assert (account["decisions"], account["refused"][0]["problems"]) == ([], ["marketplace: Field required"])


async def test_what_was_refused_before_a_claim_was_understood_is_told_beside_its_decisions(
    settings: Settings, life: Life
) -> None:
    submission = submissions(life)[1]
    await has_refused(settings, submission)
    async with database(settings) as look:
        found = await explain(look, submission, load())
    assert found.decisions == life.explained(submission).decisions
    assert [one.problems for one in found.refused] == [["marketplace: Field required"]]


async def has_refused(settings: Settings, key: str) -> None:
    """Bytes under this key that were no submission."""
    connection = await cast("Any", asyncpg).connect(settings.database_url.get_secret_value())
    await connection.execute(DEAD_LETTER, key.encode())
    await connection.close()


async def test_the_history_in_the_database_is_that_of_the_life(settings: Settings, life: Life) -> None:
    async with database(settings) as look:
        found = await history(look, load())
    wanted = life.history()

    assert found.really == wanted.really
    assert (found.letters.keys(), found.unsigned) == (wanted.letters.keys(), wanted.unsigned)
    assert (found.authorised, found.asked) == (wanted.authorised, wanted.asked)
    assert found.submissions() == wanted.submissions()
    assert live(found, load()).endings == live(heard_by_somebody(wanted, found), load()).endings


async def test_the_last_claims_alone_are_read(settings: Settings, life: Life) -> None:
    async with database(settings) as look:
        every = await history(look, load())
        last = await history(look, load(), 10)
    kept = list(every.submissions())[-10:]
    assert list(last.submissions()) == kept
    assert last.really == {claim: every.really[claim] for claim in kept if claim in every.really}
    assert {claim_of(one.event) for one in last.sayings} == {None, *kept}
    assert {claim for _, claim in last.asked} <= set(kept)
    assert {letter.claim_id for _, letter in last.letters.values()} <= set(kept)
    assert set(live(last, load()).endings) == set(kept)


def heard_by_somebody(wanted: History, found: History) -> History:
    """Without what came to nobody: journals hold what was decided on."""
    kept = {(one.at, one.event.model_dump_json()) for one in found.sayings}
    sayings = tuple(one for one in wanted.sayings if (one.at, one.event.model_dump_json()) in kept)
    assert len(sayings) == len(found.sayings)
    return replace(wanted, sayings=sayings)


async def test_policies_are_those_on_record(settings: Settings) -> None:
    async with database(settings) as look:
        found = await recorded_policies(look, "intake", load())
    assert [policy.version for policy in found.all().versions()] == [policy.version for policy in load().versions()]
    assert found.at(START).versions() == load().versions()


def test_the_commands_tell_it_and_leave_by_the_right_code(settings: Settings, life: Life, tmp_path: Path) -> None:
    makegood = Makegood({"MAKEGOOD_DATABASE_URL": settings.database_url.get_secret_value(),
                         "MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers})  # fmt: skip
    told = makegood("policy", "explain", submissions(life)[0])
    assert told.returncode == 0, told.stderr
    assert "each is the same as then" in told.stdout

    unknown = makegood("policy", "explain", "nothing")
    assert unknown.returncode == 1
    assert "no decision about 'nothing' is on record" in unknown.stderr

    proposed = tmp_path / "us.toml"
    proposed.write_text((HERE / "us.toml").read_text(encoding="utf-8"), encoding="utf-8")
    unchanged = makegood("policy", "simulate", "--with", str(proposed), "--json")
    assert unchanged.returncode == 0, unchanged.stderr
    report = json.loads(unchanged.stdout)
    assert (report["claims"], report["changed"], report["proposed"]) == (CLAIMS, 0, [])

    proposed.write_text("versions = []", encoding="utf-8")
    wrong = makegood("policy", "simulate", "--with", str(proposed))
    assert wrong.returncode == 1
    assert "us.toml, line 1: versions: there is none" in wrong.stderr


async def test_a_tampered_row_is_found(settings: Settings, life: Life) -> None:
    """Last, because it spoils the database."""
    submission = submissions(life)[-1]
    makegood = Makegood({"MAKEGOOD_DATABASE_URL": settings.database_url.get_secret_value(),
                         "MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers})  # fmt: skip
    connection = await cast("Any", asyncpg).connect(settings.database_url.get_secret_value())
    await connection.execute(
        'update intake.journal set body = replace(body, \'"reported_on":"20\', \'"reported_on":"19\') '
        "where key = $1 and type = 'ClaimSubmitted'",
        submission,
    )
    await connection.close()

    told = makegood("policy", "explain", submission)

    assert told.returncode == 1
    assert "DIFFERS" in told.stdout
    assert "would not be taken today as they are on record" in told.stdout
