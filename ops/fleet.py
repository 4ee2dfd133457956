"""The services as operating system processes on this machine: what the demo and the bench run."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ops.local.processes import running_in

_OURS = re.compile(r"python.* -m (ops|bench)\.")

_KEPT_BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}
"""As in the image, where all is compiled: else who has it set waits half a second longer for each process."""


def end_left_over(logs: Path) -> None:
    """Kills what an earlier fleet left running here because it was killed itself."""
    for process in running_in(logs.resolve(), _OURS):
        process.send(signal.SIGKILL)


class Fleet:
    """Processes by name (``escalation``, ``escalation.2`` …), each logging into a file of its own."""

    def __init__(self, environment: Mapping[str, str], logs: Path, python: str | Path = sys.executable) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._environment, self._logs, self._python = environment, logs.resolve(), str(python)
        end_left_over(logs)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self, name: str, *arguments: str, stdout: int | None = None, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """``python -m ARGUMENTS`` in a session of its own, so that Ctrl-C reaches it only through us."""
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - every word is ours
                [self._python, "-m", *arguments],
                cwd=self._logs,  # by which it is known
                env={**os.environ, **_KEPT_BYTECODE, **self._environment, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
                start_new_session=True,
            )
        self._running[name] = process
        return process

    def serve(self, service: str, name: str | None = None, **environment: str) -> subprocess.Popen[bytes]:
        """One replica of one service, with more environment where it needs some."""
        return self.start(name or service, "ops.cli", "serve", service, environment=environment)

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._running.items() if process.poll() is None}

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash would."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def leave(self, name: str) -> subprocess.Popen[bytes]:
        """SIGTERM to one, as a deployment would: it is not missed. Its end is not waited for."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process

    def died(self) -> list[tuple[str, int]]:
        """Processes that ended by themselves since the last look, with their exit codes."""
        found = [(name, code) for name, process in self._running.items() if (code := process.poll()) is not None]
        for name, _ in found:
            del self._running[name]
        return found

    def end(self, seconds: float = 20.0) -> None:
        """SIGTERM to all, and SIGKILL to whoever has not gone in time."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
