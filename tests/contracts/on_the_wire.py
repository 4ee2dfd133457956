"""One record of every event as it was published: ``samples/<topic>/<Event>.v<shape>.json``."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from shared.runtime.codec import Headers

SAMPLES: Final = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Sample:
    """``shape`` counts the additions to an event: 1 is how it was published first."""

    topic: str
    type_name: str
    shape: int
    key: bytes
    headers: Headers
    body: dict[str, Any]

    @property
    def value(self) -> bytes:
        return json.dumps(self.body).encode()

    def __str__(self) -> str:
        return f"{self.type_name}.v{self.shape}"


def read(path: Path) -> Sample:
    """Raises when the file's name is none."""
    name = re.fullmatch(r"(\w+)\.v([1-9]\d*)\.json", path.name)
    assert name, f"{path.name} is not named like ClaimAccepted.v1.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    headers = [(str(name), str(text).encode()) for name, text in record["headers"].items()]
    return Sample(path.parent.name, name[1], int(name[2]), record["key"].encode(), headers, record["body"])


def all_samples() -> list[Sample]:
    return [read(path) for path in sorted(SAMPLES.glob("*/*"))]


def newest_samples() -> dict[str, Sample]:
    """The sample of each event as it is today."""
    return {sample.type_name: sample for sample in sorted(all_samples(), key=lambda sample: sample.shape)}


def lost(before: Any, now: Any, where: str = "body") -> list[str]:
    """What of a JSON value is gone or different; what has come is no loss."""
    if isinstance(before, dict) and isinstance(now, dict):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", now)
        gone = [f"{where}.{name} is gone" for name in old if name not in new]
        kept = [lost(old[name], new[name], f"{where}.{name}") for name in old if name in new]
    elif isinstance(before, list) and isinstance(now, list):
        olds, news = cast("list[Any]", before), cast("list[Any]", now)
        gone = [] if len(olds) == len(news) else [f"{where} had {len(olds)} entries, has {len(news)}"]
        kept = [lost(old, new, f"{where}[{n}]") for n, (old, new) in enumerate(zip(olds, news, strict=False))]
    else:
        same = before == now and isinstance(before, bool) == isinstance(now, bool)
        gone, kept = [] if same else [f"{where} was {before!r}, is {now!r}"], list[list[str]]()
    return gone + [problem for problems in kept for problem in problems]
