"""The stack and the town that faults are done to; a town that a fault has left unsound is replaced."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from ops.local.stack import NativeStack, Stack
from shared.runtime.structured_logs import quiet_libraries
from tests.conftest import REPOSITORY
from tests.faults import results
from tests.faults.town import Town, opened

FOLDER = REPOSITORY / ".makegood" / "faults"


class Towns:
    """One town for as many tests as it stays sound."""

    def __init__(self) -> None:
        self._town: Town | None = None
        self._ends = AsyncExitStack()

    async def one(self) -> Town:
        if self._town is None or not self._town.sound:
            await self.end()
            stack = await Stack.native(REPOSITORY, name="faults", fresh=True)
            self._ends.push_async_callback(stack.stop)
            self._town = await self._ends.enter_async_context(opened(stack, FOLDER))
        return self._town

    async def end(self) -> None:
        self._town = None
        await self._ends.aclose()
        self._ends = AsyncExitStack()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def towns() -> AsyncIterator[Towns]:
    quiet_libraries()
    found = Towns()
    try:
        yield found
    finally:
        await found.end()


@pytest_asyncio.fixture(loop_scope="session")
async def town(towns: Towns) -> AsyncGenerator[Town]:
    """Five services, one replica each, directly on a Kafka and a PostgreSQL that can be killed, frozen and filled."""
    found = await towns.one()
    yield found
    if not found.sound:
        await towns.end()


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def one_town_at_a_time(request: pytest.FixtureRequest, towns: Towns) -> None:
    """A test that makes a town of its own has the machine to itself."""
    if "town" not in request.fixturenames:
        await towns.end()


@pytest.fixture
def native(town: Town) -> NativeStack:
    """The town's servers."""
    assert isinstance(town.stack, NativeStack)
    return town.stack


@pytest.fixture
def folder() -> Path:
    return FOLDER


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Clients that lose their servers are not closed as they should be, and their libraries say so when they go."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = list(results.table())
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.write_line(line)
