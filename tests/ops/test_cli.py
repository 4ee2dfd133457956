"""The command line from outside: subprocesses on a real Kafka and PostgreSQL, with the five services at work."""

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient
from typer.testing import CliRunner

from ops import catalogue
from ops.cli import app
from ops.demo.claims import generate
from ops.file import LARGEST
from ops.fleet import Fleet
from ops.local.place import Place
from ops.local.stack import Stack
from ops.reach import ReachError, settings
from ops.show import masked
from shared.events.base import PARTITIONS, claim_id_of
from shared.events.upstream import ClaimSubmitted
from shared.runtime.lanes import partition_of
from tests.conftest import REPOSITORY, make_topics

DAY = 0.1
"""Real seconds per day of the clock."""
PATIENCE = 40.0


@dataclass
class Makegood:
    """`makegood` as somebody types it, with an environment."""

    environment: dict[str, str]

    def __call__(self, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            [sys.executable, "-m", "ops.cli", *words],
            env={**os.environ, "COLUMNS": "200", "TERM": "dumb", **self.environment},
            input=given,
            capture_output=True,
            cwd=REPOSITORY,
            timeout=PATIENCE,
            check=False,
        )
        return subprocess.CompletedProcess(ran.args, ran.returncode, ran.stdout.decode(), ran.stderr.decode())

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json").stdout)

    def sql(self, query: str, *arguments: Any) -> list[Any]:
        async def ask() -> list[Any]:
            connection = await cast("Any", asyncpg).connect(self.environment["MAKEGOOD_DATABASE_URL"])
            try:
                return await connection.fetch(query, *arguments)
            finally:
                await connection.close()

        return asyncio.run(ask())

    def until(self, holds: Callable[[], Any]) -> Any:
        """Waits until something is so; each look is the pause before the next."""
        end = time.monotonic() + PATIENCE
        while not (found := holds()):
            assert time.monotonic() < end, "it did not come to be"
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def environment(stack: Stack) -> AsyncIterator[dict[str, str]]:
    """Empty topics and an empty database, with a clock on which a day is short."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
    await admin.start()
    old = [topic for topic in await admin.list_topics() if not topic.startswith("__")]
    await admin.delete_topics(old)
    await admin.close()
    await make_topics(stack.bootstrap_servers, *(topic.name for topic in catalogue.all_topics()))
    name = f"test_{uuid.uuid4().hex[:12]}"
    server = await cast("Any", asyncpg).connect(stack.database_url)
    await server.execute(f"create database {name}")
    yield stack.environment | {
        "MAKEGOOD_DATABASE_URL": f"{stack.database_url.rpartition('/')[0]}/{name}",
        "MAKEGOOD_CLOCK_SCALE": str(86400 / DAY),
        "MAKEGOOD_CLOCK_REAL_ORIGIN": str(time.time()),
        "MAKEGOOD_CLOCK_ORIGIN": datetime.now(UTC).isoformat(),
    }
    await server.execute(f"drop database {name} with (force)")
    await server.close()


@pytest.fixture(scope="module")
def makegood(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Makegood]:
    """Everything serves; some claims of a demo are under way, the first of them are paid and recovered."""
    run = Makegood(environment)
    unmigrated = run("show", "anything")
    assert (unmigrated.returncode, "makegood migrate" in unmigrated.stderr) == (2, True)
    assert run("migrate").returncode == 0
    fleet = Fleet(environment, tmp_path_factory.mktemp("logs"))
    try:
        for service in catalogue.NAMES:
            fleet.serve(service)
        fleet.start("outside", "ops.demo.outside", "--claims", "12")
        recovered = "select key from recovery.state where process = 'recovery' and body->>'stage' = 'closed'"
        run.until(lambda: run.sql(recovered))
        fleet.kill("outside")
        yield run
    finally:
        fleet.end()


def claim(number: int) -> ClaimSubmitted:
    """One that the outside world of these tests does not know: nobody sends its papers."""
    known = next(iter(generate(1, seed=99, today=datetime.now(UTC).date())))
    return known.model_copy(update={"submission_id": f"filed-{number}", "order_id": f"order-{number}"})


def test_a_claim_tells_its_whole_story_and_nothing_personal(makegood: Makegood) -> None:
    rows = makegood.sql("select key from recovery.state where process = 'recovery' and body->>'stage' = 'closed'")
    claim_id = rows[0]["key"]
    story = makegood.json("show", claim_id)
    types = [one["type"] for one in story["told"]]
    for earlier, later in [("ClaimSubmitted", "ClaimAccepted"), ("PayoutAuthorized", "PayoutPaid")]:
        assert types.index(earlier) < types.index(later)
    paid = story["told"][types.index("PayoutPaid")]
    assert (paid["said_by"], {heard["process"] for heard in paid["heard"]}) == ("finance", {"escalation", "recovery"})
    assert len({one["id"] for one in story["told"]}) == len(story["told"])
    assert {entry["move"] for entry in story["ledger"]} > {"paid", "expected"}
    assert story["standing"]["status"]

    text = makegood("show", claim_id).stdout
    assert story["submission_id"] in text
    assert all(kind in text for kind in types if kind[0].isupper())
    letters = makegood.sql("select body->>'to' as address from seller_notifier.effect where key = $1", claim_id)
    heard = makegood.sql("select body from intake.journal where key = $1 and n = 1", story["submission_id"])
    submitted = ClaimSubmitted.model_validate_json(heard[0]["body"])
    secrets = [submitted.claimant.id, submitted.narrative, *(row["address"] for row in letters)]
    assert [secret for secret in secrets if secret and secret in text + json.dumps(story)] == []


def test_a_claim_goes_by_two_names(makegood: Makegood) -> None:
    row = makegood.sql("select key from intake.state where process = 'intake' and body->>'stage' <> 'accepted' limit 1")
    submission_id = (row or makegood.sql("select key from intake.state where process = 'intake' limit 1"))[0]["key"]
    first, second = makegood("show", submission_id), makegood("show", str(claim_id_of(submission_id)))
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout.splitlines()[0] == second.stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("show 6f2b1f3a-52a4-5c9e-9a53-0d6a0b6a1c11", "give a claim id or a submission id"),
        ("dead-letters show intake:99999", "dead-letters list"),
    ],
)
def test_what_nobody_has_heard_of_is_said_with_the_cure(makegood: Makegood, words: str, cure: str) -> None:
    ran = makegood(*words.split())
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n"), cure in ran.stderr) == (1, "", 1, True)


def test_filed_lines_are_published_and_bad_ones_are_refused_and_kept(makegood: Makegood, tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    path.write_bytes(b'%s\n{"submission_id":"refused-1","name":"Ann"}\n\n' % claim(1).model_dump_json().encode())
    ran = makegood("file", str(path))
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.splitlines() == [
        "Published to claims.submissions.v1: 2.",
        "Intake will refuse 1 of them as no claim: line 2.",
        "See what becomes of one: makegood show filed-1",
    ]
    known = "select value, headers::text from intake.dead_letter where key = 'refused-1' order by id"
    makegood.until(lambda: makegood.sql(known))
    story = makegood("show", "refused-1").stdout
    assert "SubmissionRefused" in story
    assert "Ann" not in story

    listed = makegood("dead-letters", "list").stdout
    [dead_id] = [line.split()[0] for line in listed.splitlines() if "marketplace: Field required" in line]
    assert "Ann" not in makegood("dead-letters", "show", dead_id).stdout
    assert '"name":"Ann"' in makegood("dead-letters", "show", dead_id, "--bytes").stdout

    ran = makegood("dead-letters", "replay", dead_id)
    assert (ran.returncode, "published again to claims.submissions.v1" in ran.stdout) == (0, True)
    again = makegood("dead-letters", "replay", dead_id)
    assert (again.returncode, "--again" in again.stderr) == (1, True)
    first, second = makegood.until(lambda: len(rows := makegood.sql(known)) == 2 and rows)
    assert first == second


TWICE = claim(3).model_dump_json().encode()[:-1] + b',"seller_id":"seller-of-another-claim"}'
"""It names its seller twice: which one counts, parsers differ on."""


def test_lines_come_from_standard_input_too(makegood: Makegood) -> None:
    ran = makegood("file", "-", given=claim(2).model_dump_json().encode())
    assert ran.stdout.startswith("Published to claims.submissions.v1: 1.")
    assert ran.returncode == 0


@pytest.mark.parametrize(
    ("other", "published", "told"),
    [
        (b"x" * (LARGEST + 1), 2, f"Not published, being longer than {LARGEST} bytes: 1, line 1."),
        (TWICE, 3, "Intake will refuse 1 of them as no claim: line 1."),
        (b" ", 2, None),
    ],
    ids=["too large", "refused", "empty"],
)
def test_one_line_that_is_no_claim_holds_up_no_other_and_shows_in_the_exit_code(
    makegood: Makegood, other: bytes, published: int, told: str | None
) -> None:
    lines = [other, *(claim(number).model_dump_json().encode() for number in (5, 6))]
    ran = makegood("file", "-", given=b"\n".join(lines))
    first, *rest = ran.stdout.splitlines()
    assert (first, ran.returncode) == (f"Published to claims.submissions.v1: {published}.", 1 if told else 0)
    assert rest[:-1] == [*([told] if told else [])]


def test_a_file_without_a_line_is_told_and_shows_in_the_exit_code(makegood: Makegood) -> None:
    ran = makegood("file", "-", given=b"\n\n")
    assert (ran.returncode, ran.stdout) == (1, "There was no line to publish.\n")


def test_an_id_filed_again_with_other_content_is_seen_in_its_story_without_what_it_says(makegood: Makegood) -> None:
    known, other = claim(7), claim(7).model_copy(update={"seller_id": "seller-of-another-claim"})
    makegood("file", "-", given=known.model_dump_json().encode())
    makegood.until(lambda: "IncidentScreened" in makegood("show", "filed-7").stdout)
    makegood("file", "-", given=other.model_dump_json().encode())
    told = "seller_id: is not what was submitted first under this id"
    makegood.until(lambda: told in makegood("show", "filed-7").stdout)
    assert "submitted_again" in makegood("policy", "explain", "filed-7").stdout


def test_a_parked_key_is_reported_and_heard_again_in_its_place(makegood: Makegood) -> None:
    row = makegood.sql("select key, body->>'submission_id' as submission from escalation.state "
                       "where process = 'escalation' and body->>'status' = 'closed' limit 1")[0]  # fmt: skip
    key, lane = row["key"], partition_of(row["key"], PARTITIONS)
    body = json.dumps({"claim_id": key, "submission_id": row["submission"], "confirmed": True})
    makegood.sql("update escalation.lane set held = held + 1 where process = 'escalation' and n = $1", lane)
    makegood.sql(
        "insert into escalation.held (process, lane, key, type, cause, said_at, body, error, since) values "
        "('escalation', $1, $2, 'SettlementReplyRecorded', 'by-the-test', now(), $3, 'KeyError in x.py:1', now())",
        lane, key, body,
    )  # fmt: skip

    dead_id = f"escalation/{key}"
    assert f"{dead_id} " in makegood("dead-letters", "list").stdout
    differs = makegood("reconcile", key)
    assert (differs.returncode, f"{dead_id} " in differs.stdout) == (1, True)

    assert makegood("dead-letters", "replay", dead_id).returncode == 0
    makegood.until(lambda: not makegood.sql("select from escalation.held where key = $1", key))
    makegood.until(lambda: makegood("reconcile", key).returncode == 0)
    assert makegood.sql("select from escalation.journal where key = $1 and cause = 'by-the-test'", key)


def test_a_dead_letter_of_our_own_topic_is_heard_where_it_was_missed(makegood: Makegood) -> None:
    row = makegood.sql("select key, body->>'submission_id' as submission from escalation.state "
                       "where process = 'escalation' and body->>'status' = 'closed' limit 1")[0]  # fmt: skip
    event_id = str(uuid.uuid4())
    headers = [("ce_id", event_id), ("ce_type", "ClaimWithdrawalRecorded"), ("ce_time", "2026-01-01T00:00:00+00:00")]
    numbers = [("ce_lane", "3"), ("ce_sequence", "1"), ("ce_epoch", "1")]
    value = json.dumps({"claim_id": row["key"], "submission_id": row["submission"], "before_acceptance": False})
    sql = (
        'insert into escalation.dead_letter (process, topic, partition, "offset", key, value, headers, problems, at) '
        "values ('escalation', 'claims.intake.v1', 3, $1, $2, $3, $4, $5, now()) returning id"
    )
    new, bare, forged = [["body", "is new"]], ["ce_sequence", "header is missing"], ["ce_sequence", "was heard before"]
    kept = ((headers + numbers, new), (headers, [bare]), (headers + numbers, [forged]))
    readable, *of_nobody = (
        makegood.sql(sql, 10**9 + n, row["key"].encode(), value.encode(), *map(json.dumps, with_these))[0]["id"]
        for n, with_these in enumerate(kept)
    )
    decided = "select from escalation.journal where cause = $1"
    assert makegood("dead-letters", "replay", f"escalation:{readable}").returncode == 0
    makegood.until(lambda: makegood.sql(decided, event_id))
    assert "--again" in makegood("dead-letters", "replay", f"escalation:{readable}").stderr
    for one in of_nobody:
        refused = makegood("dead-letters", "replay", f"escalation:{one}")
        assert (refused.returncode, "was said by none of ours (ce_sequence: " in refused.stderr) == (1, True)
    assert len(makegood.sql(decided, event_id)) == 1


def test_a_dead_letter_whose_key_is_no_text_holds_up_no_comparison(makegood: Makegood) -> None:
    [row] = makegood.sql("select claim_id::text as id from recovery.ledger_entry limit 1")
    makegood.sql(
        'insert into recovery.dead_letter (process, topic, partition, "offset", key, headers, problems, at) '
        "values ('recovery', 'finance.results.v1', 3, 1000000000, $1, '[]', '[]', now())",
        b"\xff\x00\xfe",
    )
    assert "differences" in makegood.json("reconcile", row["id"])


def test_the_books_are_compared(makegood: Makegood) -> None:
    claim_id = makegood.sql("select claim_id::text as id from recovery.ledger_entry limit 1")[0]["id"]

    def whole() -> Any:
        account = makegood.json("reconcile")
        return account if not account["differences"] else None

    assert len(makegood.until(whole)["checks"]) > 10  # what is said is heard a moment later
    makegood.sql("update recovery.state set body = jsonb_set(body::jsonb, '{paid_minor}', '1')::json where key = $1 "
                 "and process = 'recovery'", claim_id)  # fmt: skip
    differs = makegood("reconcile", claim_id)
    assert (differs.returncode, "What recovery decided is what the ledger says" in differs.stdout) == (1, True)


def test_servers_that_are_away_are_named_with_the_cure(makegood: Makegood) -> None:
    away = makegood.environment | {"MAKEGOOD_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
    ran = Makegood(away)("show", "anything")
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert "PostgreSQL cannot be reached" in ran.stderr
    assert "MAKEGOOD_DATABASE_URL" in ran.stderr


def test_an_environment_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAKEGOOD_CLOCK_SCALE", "fast")
    with pytest.raises(ReachError, match="MAKEGOOD_CLOCK_SCALE"):
        settings(tmp_path)


def test_without_an_environment_the_local_stack_is_found(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in stack.environment:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ReachError, match="makegood up"):
        settings(tmp_path)
    place = Place(tmp_path, "demo")
    place.enter()
    place.remember(
        {
            "bootstrap_servers": stack.bootstrap_servers,
            "database_url": stack.database_url,
            "smtp_url": stack.smtp_url,
            "mail_dir": None,
            "mail_page": None,
        }
    )
    place.leave()
    found = settings(tmp_path)
    assert found.database_url.get_secret_value() == stack.database_url
    monkeypatch.setenv("MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS", "elsewhere:9092")
    assert settings(tmp_path).kafka_bootstrap_servers == "elsewhere:9092"


def test_the_local_stack_comes_up_and_goes_down() -> None:
    run = Makegood({})
    try:
        started = run("up", "--name", "tests-cli")
        assert started.returncode == 0, started.stderr
        names = {line.partition("=")[0] for line in started.stdout.splitlines() if line.startswith("export ")}
        assert names >= {"export MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS", "export MAKEGOOD_DATABASE_URL"}
        assert "Letters can be read at" in started.stdout
        assert Stack.recorded(REPOSITORY, name="tests-cli") is not None
    finally:
        ended = run("down", "--name", "tests-cli")
    assert (ended.returncode, ended.stdout) == (0, "The stack 'tests-cli' has ended.\n")
    assert Stack.recorded(REPOSITORY, name="tests-cli") is None


@pytest.mark.parametrize("name", ["../x", "a/b", "", "Upper"])
def test_a_stack_has_a_name_that_stays_within_the_checkout(name: str) -> None:
    for command in ("up", "down"):
        refused = Makegood({})(command, "--name", name)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "is no name for a stack" in refused.stderr


def test_every_command_has_a_help_text() -> None:
    commands = ["up", "down", "file", "show", "reconcile", "bench", "docs", "dead-letters"]
    whole = CliRunner().invoke(app, ["--help"])
    assert [name for name in commands if name not in whole.stdout] == []
    for words in ([name] for name in commands):
        assert "Usage:" in CliRunner().invoke(app, [*words, "--help"]).stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["bench", "--json", "/nowhere/x.jsonl"], "there is no folder for /nowhere/x.jsonl"),
        (["bench", "everything"], "nothing is measured by the name everything"),
        (["simulate", "--jobs", "999"], "less than or equal to 256"),
    ],
)
def test_what_cannot_be_measured_or_tried_is_said_at_once(words: list[str], sentence: str) -> None:
    told = CliRunner().invoke(app, words)
    assert (told.exit_code != 0, sentence in " ".join(told.output.replace("│", " ").split())) == (True, True)


@pytest.mark.parametrize(("address", "shown"), [("ann@example.com", "a…@example.com"), ("nonsense", "…"), ("", "…")])
def test_addresses_are_masked(address: str, shown: str) -> None:
    assert masked(address) == shown
