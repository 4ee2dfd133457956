"""The policies as shipped but for what a route under measurement needs otherwise."""

import re
from pathlib import Path

import shared.policy


def without_comment_window(folder: Path) -> Path:
    """Direct pay at once: the comment window, a wait by the clock, is 0 hours."""
    shipped = Path(shared.policy.__file__).parent / "marketplaces"
    folder.mkdir(parents=True, exist_ok=True)
    for file in shipped.glob("*.toml"):
        text = re.sub(r"comment_window_hours = \d+", "comment_window_hours = 0", file.read_text(encoding="utf-8"))
        (folder / file.name).write_text(text, encoding="utf-8")
    return folder
