"""Publishes submissions from a file, line by line as they are: what is no submission is for intake to refuse."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from zlib import crc32

from ops.reach import PATIENCE
from ops.reach_kafka import kafka
from ops.submissions import SHOWN, Submission, from_line, line_numbers
from ops.wire import Speech, Wire
from shared.events.base import Envelope, derived_id
from shared.events.upstream import SUBMISSIONS, ClaimSubmitted
from shared.runtime.clock import Clock, ScaledClock
from shared.runtime.settings import Settings

LARGEST = 800_000
"""Bytes of a line and its key above which no record of the log holds them."""
_AT_ONCE = 500


@dataclass
class Filed:
    """What became of the lines. ``refused`` and ``too_large``: their first numbers, counted from 1."""

    published: int = 0
    refusals: int = 0
    refused: list[int] = field(default_factory=list[int])
    oversized: int = 0
    too_large: list[int] = field(default_factory=list[int])
    example: str | None = None
    """The id of some submission that is a claim."""

    @property
    def is_whole(self) -> bool:
        """Something was filed, and every line of it is a claim to intake."""
        return self.published > 0 and not self.refusals and not self.oversized

    def sentences(self) -> Iterator[str]:
        """What to tell whoever filed them."""
        if not self.published and not self.oversized:
            yield "There was no line to publish."
        else:
            yield f"Published to {SUBMISSIONS.name}: {self.published}."
        if self.refusals:
            where = line_numbers(self.refused, self.refusals)
            yield f"Intake will refuse {self.refusals} of them as no claim: {where}."
        if self.oversized:
            where = line_numbers(self.too_large, self.oversized)
            yield f"Not published, being longer than {LARGEST} bytes: {self.oversized}, {where}."
        if self.example:
            yield f"See what becomes of one: makegood show {self.example}"


async def file(settings: Settings, lines: Iterable[bytes]) -> Filed:
    """Reads as it publishes, so that a file of any length will do."""
    clock, filed = ScaledClock.from_settings(settings), Filed()
    async with kafka():
        wire = Wire(settings)
        async with asyncio.timeout(PATIENCE):
            await wire.__aenter__()
        try:
            for some in _batches(_readable(lines, filed)):
                async with asyncio.timeout(PATIENCE):
                    await wire.publish([_speech(submission, clock) for submission in some])
                filed.published += len(some)
        finally:
            await wire.__aexit__(None, None, None)
    return filed


def _readable(lines: Iterable[bytes], filed: Filed) -> Iterator[Submission]:
    """Every line that is not empty and not too large; counts those that are no claim."""
    for number, line in enumerate(lines, start=1):
        body = line.strip(b"\r\n")
        if not body.strip():
            continue
        submission = from_line(body, number)
        if len(submission.key.encode()) + len(body) > LARGEST:
            _note(filed.too_large, number)
            filed.oversized += 1
            continue
        if submission.claim is None:
            _note(filed.refused, number)
            filed.refusals += 1
        else:
            filed.example = filed.example or submission.key
        yield submission


def _note(numbers: list[int], number: int) -> None:
    if len(numbers) < SHOWN:
        numbers.append(number)


def _batches(submissions: Iterable[Submission]) -> Iterator[list[Submission]]:
    batch: list[Submission] = []
    for submission in submissions:
        batch.append(submission)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _speech(submission: Submission, clock: Clock) -> Speech:
    """The same line has the same id, however often it is filed."""
    said_id = derived_id("file", submission.key, crc32(submission.body))
    envelope = Envelope(
        id=str(said_id),
        type=ClaimSubmitted.type_name(),
        source="/makegood/file",
        time=clock.now(),
        subject=submission.key,
        traceparent=f"00-{said_id.hex}-{said_id.hex[:16]}-01",
    )
    return Speech(SUBMISSIONS.name, submission.key, submission.body, envelope)
