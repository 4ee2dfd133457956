"""The processes of this machine, told apart by where they run and what they are."""

import os
import select
import signal
from dataclasses import dataclass, field
from pathlib import Path
from re import Pattern


@dataclass(frozen=True)
class Process:
    """A process held by the kernel's handle: its number cannot come to mean a stranger while we look."""

    pid: int
    program: str
    """Its executable's name and its command line."""
    _handle: int = field(repr=False)

    def __del__(self) -> None:
        os.close(self._handle)

    @property
    def ended(self) -> bool:
        """Whether all its threads are gone, and with them its ports and locks."""
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        return bool(poll.poll(0))

    def send(self, what: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if not self.ended:
            signal.pidfd_send_signal(self._handle, what)


def running_in(directory: Path, program: Pattern[str]) -> list[Process]:
    """The living processes whose working directory this is and whose program matches."""
    held = (_hold(entry, directory) for entry in Path("/proc").glob("[0-9]*"))
    return [process for process in held if process and program.match(process.program)]


def _hold(entry: Path, directory: Path) -> Process | None:
    try:
        if str((entry / "cwd").readlink()).removesuffix(" (deleted)") != str(directory):
            return None
        handle = os.pidfd_open(int(entry.name))
    except OSError:  # it has ended, or belongs to somebody else
        return None
    try:
        arguments = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return Process(int(entry.name), f"{(entry / 'exe').readlink().name} {arguments}", handle)
    except OSError:
        os.close(handle)
        return None
