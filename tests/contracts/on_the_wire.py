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


def lost(before: object, now: object, where: str = "body") -> list[str]:
    """What of a JSON value is gone or different; what has come is no loss."""
    if isinstance(before, dict) and isinstance(now, dict):
        old, new = cast("dict[str, object]", before), cast("dict[str, object]", now)
        return [
            problem
            for name, value in old.items()
            for problem in (lost(value, new[name], f"{where}.{name}") if name in new else [f"{where}.{name} is gone"])
        ]
    if isinstance(before, list) and isinstance(now, list):
        olds, news = cast("list[object]", before), cast("list[object]", now)
        if len(olds) == len(news):
            pairs = enumerate(zip(olds, news, strict=True))
            return [problem for n, (old, new) in pairs for problem in lost(old, new, f"{where}[{n}]")]
    return [] if before == now and type(before) is type(now) else [f"{where} was {before!r}, is {now!r}"]
