"""What a fetch brings, read so that no batch stops its partition for ever.

The client's own reader gives a whole place up over one header name that is no UTF-8, and then asks for the same again.
Here such a batch is read a second time, forgivingly; one that nobody can read becomes records that say so.
"""

import struct
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import structlog
from aiokafka.record import default_records as _format
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint_py

from shared.runtime.codec import UNREADABLE

log = structlog.get_logger()
MOST_UNPACKED: Final = 64 << 20
"""Bytes a compressed batch may unpack to: a megabyte of zstd can hold thirty gigabytes."""
_USUAL: Final = 8 << 20
_SIZE: Final = struct.Struct(">i")


@cache
def _unpackers() -> Any:
    """By the number in a batch. Snappy (2) packs some twenty times at most, and needs no bound."""
    import cramjam  # few producers compress, and all processes start

    unpackers: Any = cramjam
    return {1: unpackers.gzip, 3: unpackers.lz4, 4: unpackers.zstd}


class Fetched:
    """Stands in the client's fetcher for its ``MemoryRecords``: the same words, one batch after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0
        self._batches: Any = MemoryRecords(data)

    def size_in_bytes(self) -> int:
        return self._batches.size_in_bytes()

    def has_next(self) -> bool:
        return self._batches.has_next()

    def next_batch(self) -> "_Batch":
        begin = self._at
        self._at += 12 + _SIZE.unpack_from(self._data, begin + 8)[0]
        return _Batch(self._batches.next_batch(), memoryview(self._data)[begin : self._at])


class _Batch:
    """One batch. What the fetcher asks of it, the client's own answers; only the records are read with more care."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch, self._raw = batch, raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        if self._batch.compression_type and not self._fits():
            yield from self._unreadable(f"unpacks to more than {MOST_UNPACKED} bytes")
            return
        try:
            yield from self._batch
        except Exception:
            yield from self._once_more()  # the fetcher leaves out the offsets that it has had

    def _fits(self) -> bool:
        """Whether it unpacks into the room there is; tried in a small room first."""
        unpacker = _unpackers().get(self._batch.compression_type)
        if unpacker is None:
            return True
        packed = bytes(self._raw[_format.DefaultRecordBase.HEADER_STRUCT.size :])
        return _unpacks_into(unpacker, packed, _usual_room()) or _unpacks_into(
            unpacker, packed, bytearray(MOST_UNPACKED)
        )

    def _once_more(self) -> Iterator[Any]:
        try:
            records = list(_forgivingly(self._raw))
        except Exception as error:
            yield from self._unreadable(f"broken: {type(error).__name__}")
        else:
            yield from records

    def _unreadable(self, reason: str) -> Iterator[Any]:
        """One record for each offset of the batch, so that reading goes on behind it and the reason is kept."""
        log.error("a batch cannot be read", reason=reason, first=self._batch.base_offset, next=self._batch.next_offset)
        for offset in range(self._batch.base_offset, self._batch.next_offset):
            headers: list[tuple[str, bytes | None]] = [(UNREADABLE, b"")]
            yield _format._DefaultRecordPy(offset, self._batch.max_timestamp, 0, None, None, headers)  # pyright: ignore[reportPrivateUsage]


class _Forgiving(bytearray):
    """Slices give text whatever they hold: bytes that are no UTF-8 are written as escapes."""

    def __getitem__(self, at: Any) -> Any:
        bytes_as_ever: Any = super()
        part = bytes_as_ever.__getitem__(at)
        return _Forgiving(part) if isinstance(at, slice) else part

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return bytes(self).decode(encoding, "backslashreplace")


def _forgivingly(raw: memoryview) -> Iterator[Any]:
    """By the client's reader in Python, which takes its bytes from whatever gives slices."""
    batch: Any = _format._DefaultRecordBatchPy(raw)  # pyright: ignore[reportPrivateUsage]
    batch._maybe_uncompress()
    batch._buffer = _Forgiving(batch._buffer)
    for _ in range(batch._num_records):
        yield batch._read_msg(decode_varint_py)


@cache
def _usual_room() -> bytearray:
    return bytearray(_USUAL)


def _unpacks_into(unpacker: Any, packed: bytes, room: bytearray) -> bool:
    try:
        unpacker.decompress_into(packed, room)
    except Exception as error:
        return "whole buffer" not in str(error)  # broken otherwise: reading it says how
    return True
