"""Where a stack lives in a checkout: its directory, the record of what runs, and who uses it."""

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import IO, Any

from ops.local.errors import StackError

_NEEDED = 1 << 30


class Place:
    """`.makegood/<name>/` holds a stack's servers, `.makegood/<name>.json` says where they answer."""

    def __init__(self, root: Path, name: str) -> None:
        self._home = root.resolve() / ".makegood"
        self._name = name
        self._record = self._home / f"{name}.json"
        self._lock: IO[str] | None = None
        self.directory = self._home / name

    def enter(self) -> None:
        """Take the place for this process, until `leave` or the process's end, however it ends."""
        self._check_room()
        lock = (self._home / f"{self._name}.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as reason:
            lock.seek(0)
            user = lock.read() or "unknown"
            lock.close()
            raise StackError(
                f"The stack in {self.directory} is in use by process {user}: wait for it, or end it with Ctrl-C."
            ) from reason
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def leave(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def remember(self, what: dict[str, Any]) -> None:
        """Record what runs; it holds a password, so only its owner may read it."""
        draft = self._record.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(what, indent=2))
        draft.replace(self._record)

    def recall(self) -> dict[str, Any]:
        """What was recorded last; it may have ended since."""
        return json.loads(self._record.read_text()) if self._record.exists() else {}

    def forget(self) -> None:
        self._record.unlink(missing_ok=True)

    def _check_room(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as reason:
            raise StackError(
                f"{self._home} cannot be written ({reason.strerror}): use a checkout that belongs to you."
            ) from reason
        if not os.access(self.directory, os.W_OK):
            raise StackError(f"{self.directory} cannot be written: use a checkout that belongs to you.")
        free = shutil.disk_usage(self.directory).free
        if free < _NEEDED:
            raise StackError(
                f"The disk of {self._home} has {free >> 20} MB left and the stack needs 1024 MB: free some."
            )
