"""Things that are made once and then found: jars, a formatted log, a database cluster."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ops.local.errors import StackError


@contextmanager
def once(directory: Path) -> Generator[Path | None]:
    """Give an empty directory to fill, or None when it is there already.

    It appears under its name whole or not at all, whoever is killed meanwhile or makes the same at the same time.
    """
    if directory.exists():
        yield None
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{directory.name}-", suffix=".draft", dir=directory.parent))
    try:
        yield draft
        _appear(draft, directory)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


async def run(
    command: Sequence[str | Path],
    cure: str,
    *,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
    say: str = "",
) -> str:
    """Run a tool, with `say` as its input, and return what it printed; `cure` is the sentence for when it fails."""
    process = await asyncio.create_subprocess_exec(
        *[str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        # uvloop raises when it writes, be it nothing, to a tool that has ended already
        stdin=asyncio.subprocess.PIPE if say else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        printed = (await process.communicate(say.encode() or None))[0].decode(errors="replace")
    finally:
        if process.returncode is None:  # we are interrupted
            process.kill()
            await process.wait()
    if process.returncode:
        lines = [line.strip() for line in printed.splitlines() if line.strip()] or ["nothing"]
        raise StackError(f"{cure} (It said: “{lines[-1][:300]}”)")
    return printed


def _appear(draft: Path, directory: Path) -> None:
    try:
        draft.rename(directory)
    except OSError:
        if not directory.exists():  # else somebody was faster, and theirs is as good
            raise
