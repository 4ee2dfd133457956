"""Coverage-guided fuzzing of the decoder: ``uv run --group fuzz python -m tests.hostile.fuzz_decoder [SECONDS]``.

Whatever bytes come, they are an event or a DecodeError; what is an event is the same after one more way over the wire.
The corpus is made anew from the samples of the contracts and every kind of bad record.
"""

import struct
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

with import_module("atheris").instrument_imports(
    include=["shared.runtime.codec", "shared.runtime.one_meaning", "shared.events"]
):
    from shared.runtime.codec import DecodeError, Headers, decode, encode, numbers_of, type_of

from ops import catalogue
from tests.contracts.on_the_wire import all_samples
from tests.hostile.kinds import HUGE, KINDS, good

atheris: Any = import_module("atheris")  # an extra, for this script alone
TOPICS: Final = [topic.name for topic in catalogue.all_topics()]
LONGEST: Final = 16_384
_LENGTH: Final = struct.Struct(">H")


def packed(topic: str, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    """A record as an input of the fuzzer: parts with their lengths."""
    parts = [bytes([TOPICS.index(topic)]), key, value]
    for name, text in headers:
        parts += (name.encode(), text or b"")
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def unpacked(data: bytes) -> list[bytes]:
    parts: list[bytes] = []
    while len(data) >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(data)
        parts.append(data[_LENGTH.size : _LENGTH.size + length])
        data = data[_LENGTH.size + length :]
    return parts


def try_one(data: bytes) -> None:
    """Raises for whatever a record must not do."""
    topic, key, value, *rest = [*unpacked(data), b"", b"", b""][: max(3, len(unpacked(data)))]
    where = TOPICS[(topic or b"\0")[0] % len(TOPICS)]
    headers: Headers = [
        (name.decode("utf-8", "backslashreplace"), text) for name, text in zip(rest[::2], rest[1::2], strict=False)
    ]
    type_of(headers)
    numbers_of(headers)
    try:
        event, envelope = decode(where, key, value, headers)
    except DecodeError:
        return
    assert decode(where, *encode(event, envelope)) == (event, envelope)


def corpus(folder: Path) -> int:
    """Writes every sample, and every kind of bad one of it, that is short enough."""
    count = 0
    for sample in all_samples():
        for make in (good, *(make for name, make in KINDS.items() if name not in HUGE)):
            made: Any = make(sample)
            if made is None or len(made.value or b"") + len(made.key or b"") > LONGEST or len(made.headers) > 50:
                continue
            (folder / f"{count:05d}").write_bytes(
                packed(sample.topic, made.key or b"", made.value or b"", made.headers)
            )
            count += 1
    return count


def main() -> None:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    with tempfile.TemporaryDirectory() as folder:
        print(f"{corpus(Path(folder))} records to begin with")  # noqa: T201
        options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=10", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, folder], try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
