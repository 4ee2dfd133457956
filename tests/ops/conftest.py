"""Commands run within the tests."""

import signal
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def what_a_command_sets_up_ends_with_it() -> Iterator[None]:
    """It sets up the logs of its process and what SIGTERM does to it; this process goes on with other tests."""
    logs, on_term = structlog.get_config(), signal.getsignal(signal.SIGTERM)
    yield
    structlog.configure(**logs)
    structlog.contextvars.clear_contextvars()
    signal.signal(signal.SIGTERM, on_term)
