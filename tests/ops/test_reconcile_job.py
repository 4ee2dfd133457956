"""`makegood reconcile --every`: metrics of each comparison; trouble is counted and tried again; SIGTERM ends it."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, cast
from urllib.error import URLError
from urllib.request import urlopen

import asyncpg
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from ops import catalogue
from ops.cli import app
from ops.local.ports import choose_port
from ops.local.stack import Stack
from shared.runtime.kafka import make_topics
from shared.runtime.migrate import migrate
from shared.runtime.settings import Settings
from tests.conftest import REPOSITORY, empty_database

PATIENCE = 90.0


@contextmanager
def job(stack: Stack, url: str, *options: str) -> Generator[tuple[int, "subprocess.Popen[bytes]"]]:
    """The port of its metrics, and its process."""
    port = choose_port()
    environment = {**os.environ, **stack.environment, "MAKEGOOD_DATABASE_URL": url}
    command = [sys.executable, "-m", "ops.cli", "reconcile", "--every", "1", "--port", str(port), *options]
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment)
    try:
        yield port, process
    finally:
        process.kill()
        process.wait()


def metrics(port: int) -> dict[str, float]:
    """Nothing, while nobody answers."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except (URLError, ConnectionError):
        return {}
    return {name: float(value) for name, value in re.findall(r"^(makegood_reconcile_\S+(?:.*})?) (\S+)$", text, re.M)}


def until(port: int, holds: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    end = time.monotonic() + PATIENCE
    while not holds(found := metrics(port)):
        assert time.monotonic() < end, found
        time.sleep(0.1)
    return found


SUCCESS = "makegood_reconcile_last_success_timestamp_seconds"
FAILURES = "makegood_reconcile_failures_total"
HELD = 'makegood_reconcile_differences{check="Lanes count what they hold"}'


async def test_each_period_shows_what_it_found_and_trouble_is_tried_again(stack: Stack) -> None:
    async with empty_database(stack) as url:
        with job(stack, url) as (port, process):
            until(port, lambda found: found.get(FAILURES, 0) >= 1)  # the tables are missing
            settings = Settings(kafka_bootstrap_servers=stack.bootstrap_servers, database_url=SecretStr(url))
            await make_topics(settings, catalogue.all_topics())
            await migrate(settings, catalogue.all_services())
            first = until(port, lambda found: found.get(SUCCESS, 0) > 0)
            assert (first[HELD], first["makegood_reconcile_claims"]) == (0, 0)
            assert first["makegood_reconcile_seconds"] > 0

            connection = await cast("Any", asyncpg).connect(url)
            await connection.execute("update recovery.lane set held = 1 where n = 3 and process = 'recovery'")
            await connection.close()
            until(port, lambda found: found[HELD] == 1 and found[SUCCESS] > first[SUCCESS])
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


async def test_the_rows_can_be_compared_without_kafka(stack: Stack) -> None:
    async with empty_database(stack) as url:
        await migrate(Settings(database_url=SecretStr(url)), catalogue.all_services())
        away = {"MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9", "MAKEGOOD_DATABASE_URL": url}
        for words, code, told in [
            (["reconcile"], 2, "Kafka does not answer"),
            (["reconcile", "--no-topics"], 0, "The topics were not compared"),
        ]:
            ran = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-m", "ops.cli", *words],
                cwd=REPOSITORY,
                env={**os.environ, **away},
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
            assert (ran.returncode, told in (ran.stdout + ran.stderr).decode()) == (code, True)


@pytest.mark.parametrize("words", [["--every", "5", "claim-1"], ["--every", "5", "--json"], ["--every", "5"]])
def test_a_periodic_comparison_compares_everything_and_is_seen(
    words: list[str], stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    ran = CliRunner().invoke(app, ["reconcile", *words])
    assert ran.exit_code in (1, 2)
    assert "/metrics" in ran.output
