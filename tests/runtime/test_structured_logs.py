"""Logs are JSON, one object a line, and nobody waits for one that cannot be written."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

LOGS = """
import structlog
from shared.runtime.structured_logs import configure
configure("intake", "warning")
log = structlog.get_logger()
log.info("too little to tell")
log.error("key parked", key="k", error="it %s not")
print("went on")
"""


def logged(stderr: Path) -> str:
    with stderr.open("w") as file:
        ran = subprocess.run(
            [sys.executable, "-c", LOGS], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=file, text=True, check=False
        )
    return ran.stdout


def test_a_line_is_one_object_with_the_service_and_the_level(tmp_path: Path) -> None:
    assert logged(tmp_path / "log") == "went on\n"
    told = json.loads((tmp_path / "log").read_text())
    assert told.pop("timestamp").endswith("Z")
    assert told == {"event": "key parked", "key": "k", "error": "it %s not", "level": "error", "service": "intake"}


def test_nobody_waits_for_a_log_that_cannot_be_written() -> None:
    assert logged(Path("/dev/full")) == "went on\n", "the disk is full"
