"""One world for all journeys: they begin together and are told side by side."""

import re
import shutil
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from ops import catalogue
from ops.fleet import Fleet
from ops.local.stack import Stack
from shared.policy.files import HERE
from shared.runtime.kafka import make_topics
from shared.runtime.migrate import migrate
from shared.runtime.settings import Settings
from tests.conftest import empty_database, without_topics
from tests.deciding import START
from tests.journeys.given import LONGER
from tests.journeys.story import Story
from tests.journeys.world import DAY, World, opened


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def world(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncGenerator[World]:
    """Topics and a database of its own, five services; every journey that was asked for is begun at once."""
    await without_topics(stack.bootstrap_servers)
    async with empty_database(stack) as database_url:
        settings = Settings(
            policy_folder=_policies(tmp_path_factory.mktemp("policies")),
            kafka_bootstrap_servers=stack.bootstrap_servers,
            database_url=SecretStr(database_url),
            clock_scale=86400 / DAY,
            clock_real_origin=time.time(),
            clock_origin=START,
        )
        await make_topics(settings, catalogue.all_topics())
        await migrate(settings, catalogue.all_services())
        fleet = Fleet(_environment(stack, settings), tmp_path_factory.mktemp("journeys"))
        async with opened(settings, fleet, stack.mail_dir) as world:
            for item in request.session.items:
                tale = getattr(getattr(item, "function", None), "tale", None)
                if tale is not None:
                    world.tell(tale, Story(world, item.name.removeprefix("test_")))
            yield world


def _policies(folder: Path) -> Path:
    """As shipped, but that nobody is late whose machine is busy while a day takes half a second; and with a policy
    change while claims run: from 15 June 2025 on the small-claim line of the US is $1,500.
    """
    for file in HERE.glob("*.toml"):
        shutil.copy(file, folder)
    us = (folder / "us.toml").read_text(encoding="utf-8")
    for figure, longer in LONGER.items():
        us, count = re.subn(rf"^{figure} = \d+", f"{figure} = {longer}", us, flags=re.MULTILINE)
        assert count == 1, f"{figure} stands {count} times"
    us += '\n[[versions]]\nversion = "US-2"\nlike = "US-1"\neffective_from = 2025-06-15\n'
    us += "[versions.handling]\nsmall_claim_line_minor = 150_000\n"
    (folder / "us.toml").write_text(us, encoding="utf-8")
    return folder


def _environment(stack: Stack, settings: Settings) -> dict[str, str]:
    return {
        **stack.environment,
        "MAKEGOOD_POLICY_FOLDER": str(settings.policy_folder),
        "MAKEGOOD_DATABASE_URL": settings.database_url.get_secret_value(),
        "MAKEGOOD_CLOCK_SCALE": str(settings.clock_scale),
        "MAKEGOOD_CLOCK_REAL_ORIGIN": str(settings.clock_real_origin),
        "MAKEGOOD_CLOCK_ORIGIN": str(settings.clock_origin),
        "MAKEGOOD_KAFKA_SESSION_SECONDS": "3",
        "MAKEGOOD_TICK_SECONDS": "0.1",
    }
