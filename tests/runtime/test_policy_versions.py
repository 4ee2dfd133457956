"""A policy version never changes once used: every service's database remembers those it has decided by."""

import json
import re
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest_asyncio
from pydantic import SecretStr

from shared.policy import Policies, Policy, load
from shared.policy.files import HERE
from shared.runtime.migrate import migrate
from shared.runtime.postgres import connect
from shared.runtime.settings import Settings
from shared.runtime.versions import remember
from tests.runtime.conftest import Playground
from tests.runtime.toy import SERVICES, Counted, Deposited

NOW = datetime(2025, 6, 2, 9, tzinfo=UTC)
US = load().version("US-1")


@pytest_asyncio.fixture(loop_scope="session")
async def pool(database_url: str) -> AsyncGenerator[Any]:
    settings = Settings(database_url=SecretStr(database_url))
    await migrate(settings, [SERVICES["account"]])
    opened = await connect(settings, "account", size=2)
    yield opened
    await opened.close()


async def refusal(pool: Any, *versions: Policy, now: datetime = NOW) -> str | None:
    return await remember(pool, Policies(list(versions)), now, 10)


def changed(policy: Policy, **handling: Any) -> Policy:
    return policy.model_copy(update={"handling": policy.handling.model_copy(update=handling)})


def another(name: str, since: date) -> Policy:
    return US.model_copy(update={"version": name, "effective_from": since})


async def test_versions_are_recorded_once_with_the_moment_of_their_first_use(pool: Any) -> None:
    assert await refusal(pool, US) is None
    later = datetime(2025, 7, 1, tzinfo=UTC)
    assert await refusal(pool, US, another("US-2", date(2026, 1, 1)), now=later) is None

    rows = await pool.fetch("select version, fingerprint, body, first_used_at from policy_version order by version")

    assert [(row["version"], row["first_used_at"]) for row in rows] == [("US-1", NOW), ("US-2", later)]
    assert rows[0]["fingerprint"] == US.fingerprint
    assert Policy.model_validate_json(rows[0]["body"]) == US


async def test_a_version_that_was_used_cannot_say_something_else(pool: Any) -> None:
    assert await refusal(pool, US) is None

    said = await refusal(pool, changed(US, small_claim_line_minor=150_000, reminder_days=(2, 5)))

    assert said == (
        "the policy version US-1 (handling.small_claim_line_minor was 100000 and is 150000, handling.reminder_days) "
        "has changed since it was first used: give the change a version name of its own with a later effective_from, "
        "and write what was used as it was"
    )
    assert await refusal(pool, US) is None


async def test_all_changed_versions_are_named(pool: Any) -> None:
    other = US.model_copy(update={"version": "CA-1", "marketplace": "CA"})
    assert await refusal(pool, US, other) is None

    said = await refusal(pool, changed(US, cap_minor=1), changed(other, cap_minor=1))

    assert said is not None
    assert said.startswith("the policy versions CA-1 (handling.cap_minor was 100000000 and is 1), US-1 (")
    assert "have changed since they were first used" in said


async def test_another_way_to_count_the_same_number_of_days_is_a_change(pool: Any) -> None:
    assert await refusal(pool, US) is None
    said = await refusal(pool, Policy.model_validate(as_read(US, resolving_days="30 business days")))
    assert said is not None
    assert "handling.resolving_days was 30 and is 30 business days" in said


def as_read(policy: Policy, **handling: Any) -> dict[str, Any]:
    body = json.loads(policy.model_dump_json())
    return body | {"handling": body["handling"] | handling}


async def test_a_version_of_its_own_with_a_later_day_is_welcome(pool: Any) -> None:
    assert await refusal(pool, US) is None
    newer = changed(another("US-2", date(2025, 7, 1)), small_claim_line_minor=150_000)
    assert await refusal(pool, US, newer) is None


async def test_a_version_that_was_in_force_cannot_be_taken_away(pool: Any) -> None:
    newer, planned = another("US-2", date(2025, 6, 1)), another("US-3", date(2025, 7, 1))
    assert await refusal(pool, US, newer, planned) is None

    assert await refusal(pool, US, newer) is None
    said = await refusal(pool, US)

    assert said == "the policy version US-2 has gone, and claims may run by it: write it as it was"


async def test_what_came_with_the_code_is_no_change(pool: Any) -> None:
    assert await refusal(pool, US) is None
    before = "update policy_version set fingerprint = 'older', body = (body::jsonb #- '{handling,decide_days}')::json"
    await pool.execute(before)

    assert await refusal(pool, US) is None

    [row] = await pool.fetch("select fingerprint, body from policy_version")
    assert row["fingerprint"] == US.fingerprint
    assert json.loads(row["body"])["handling"]["decide_days"] == 40


async def test_a_replica_with_other_figures_refuses_to_start(playground: Playground, tmp_path: Path) -> None:
    first = playground.serve("account")
    await playground.publish([Deposited(account="a", n=1)])
    await playground.read(Counted, 1)
    assert first.stop() == 0
    for file in HERE.glob("*.toml"):
        text = re.sub(r"proof_days = 7\b", "proof_days = 8", file.read_text(encoding="utf-8"))
        (tmp_path / file.name).write_text(text, encoding="utf-8")

    other = playground.serve("account", MAKEGOOD_POLICY_FOLDER=str(tmp_path))

    assert await other.ended() == 3
    said = other.log.read_text()
    assert "account: the policy versions CA-1 (recovery.proof_days was 7 and is 8)" in said
    assert "give the change a version name of its own with a later effective_from" in said


async def test_a_replica_with_a_wrong_policy_file_does_not_begin(playground: Playground, tmp_path: Path) -> None:
    (tmp_path / "us.toml").write_text("versions = []", encoding="utf-8")
    replica = playground.serve("account", MAKEGOOD_POLICY_FOLDER=str(tmp_path))
    assert await replica.ended() != 0
    assert "us.toml, line 1: versions: there is none" in replica.log.read_text()
