"""A server program that outlives the Python process that started it."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from ops.local.errors import StackError
from ops.local.ports import choose_port
from ops.local.processes import Process, running_in
from ops.local.waiting import GLANCE, until_answered

# Held until the interpreter ends: a server may outlive it, and `Popen` warns when it forgets a living child.
_children: list[subprocess.Popen[bytes]] = []


class Server:
    """One server, with a directory of its own: `data/`, in which it runs, `log.txt` and `port`.

    A process is this server's when it runs *in* that `data/` and *is* the server's program. So it is recognised
    after `kill -9` of everything, after a reboot, and when every record of its number is lost, and a stranger who
    was given the same number since is never touched.
    """

    name: str
    program: re.Pattern[str]
    """Matches "<executable> <command line>" of the main process."""
    family: re.Pattern[str]
    """Matches that of every process of the server."""

    def __init__(self, directory: Path, port: int | None = None) -> None:
        """Without a `port`, the one used before is taken, else a free one; the first `start` settles it."""
        self.directory = directory.resolve()
        self.data = self.directory / "data"
        self.log = self.directory / "log.txt"
        self._wanted = port
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """Where the server listens, or did when it last ran; 0 before its first start."""
        record = self.directory / "port"
        return int(record.read_text()) if record.exists() else 0

    @property
    def pids(self) -> list[int]:
        """The living processes of this server, its main process first."""
        return [process.pid for process in self._processes()]

    @property
    def alive(self) -> bool:
        """Whether the main process lives, be it frozen."""
        return bool(running_in(self.data, self.program))

    async def start(self) -> None:
        """Start the server, or find it running, and wait until it answers."""
        if self.alive:
            self._insist_on_port()
            self.resume()
        else:
            self.kill()  # what an ended main process may have left
            await self._start_anew()
        self._wanted = self.port
        await self._answer()

    async def prepare(self) -> None:
        """Make what the program needs, once: its files, its data."""
        raise NotImplementedError

    def launch(self) -> None:
        """Start the program (see `spawn`)."""
        raise NotImplementedError

    async def probe(self) -> None:
        """Return when the server answers; `OSError` means "not yet"."""
        raise NotImplementedError

    async def stop(self) -> None:
        """End the server as its makers advise, and wait until it is gone."""
        await self.end(signal.SIGTERM)

    def spawn(self, command: Sequence[str | Path], environment: dict[str, str] | None = None) -> None:
        """Run a program in `data/`, in a session of its own, so that Ctrl-C on our terminal does not reach it."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - every word is ours
                [str(word) for word in command],
                cwd=self.data,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _children.append(self._child)

    async def end(self, ask: signal.Signals, seconds: float = 30) -> None:
        """Ask the main process to end, and kill what is still there after `seconds`."""
        self.resume()
        processes = self._processes()
        for main in processes[:1]:
            main.send(ask)
        deadline = time.monotonic() + seconds
        while not all(process.ended for process in processes):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(GLANCE)
        self.kill()

    def kill(self) -> None:
        """`kill -9` every process of the server, and return when they are gone."""
        while processes := self._processes():
            for process in processes:
                process.send(signal.SIGKILL)
            while not all(process.ended for process in processes):
                time.sleep(GLANCE / 10)

    def suspend(self) -> None:
        """Freeze the server where it is: connections stay open and nothing answers."""
        for process in self._processes():
            process.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on."""
        for process in self._processes():
            process.send(signal.SIGCONT)

    def wipe(self) -> None:
        """End the server and forget all it kept, but not its port."""
        self.kill()
        for kept in [self.data, *self.directory.glob("data-*.draft")]:
            shutil.rmtree(kept, ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def _processes(self) -> list[Process]:
        _children[:] = [child for child in _children if child.poll() is None]
        ours = running_in(self.data, self.family)
        return sorted(ours, key=lambda process: not self.program.match(process.program))

    def _insist_on_port(self) -> None:
        if self._wanted not in {None, self.port}:
            raise StackError(
                f"{self.name} runs on port {self.port} already: end it with `makegood down` to have {self._wanted}."
            )

    async def _start_anew(self) -> None:
        if self._child is not None:
            self._child.wait()  # somebody killed it: its port is free when its last thread is gone
        self.directory.mkdir(parents=True, exist_ok=True)
        port = choose_port(self._wanted, self.port)
        await self.prepare()
        (self.directory / "port").write_text(str(port))
        self.launch()

    async def _answer(self) -> None:
        if not await until_answered(self.probe, still_alive=self._still_there):
            how = "does not answer" if self._still_there() else "ended while starting"
            raise StackError(f"{self.name} {how}: {self._last_words()}")

    def _still_there(self) -> bool:
        return (self._child is not None and self._child.poll() is None) or self.alive

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        told = [line for line in lines if re.search("error|fatal|exception", line, re.IGNORECASE)]
        return f"read why in {self.log}" + (f" (“{told[-1].strip()[:200]}”)." if told else ".")
