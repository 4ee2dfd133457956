"""What is published for intake: a file's lines as they are, good or bad."""

from pathlib import Path

import pytest

from ops.demo.claims import generate
from ops.submissions import from_claims, from_file, from_line, numbered, refused, sellers
from shared.events.base import Envelope
from shared.events.claim import LossKind
from shared.events.upstream import SUBMISSIONS
from shared.runtime.codec import MAX_BODY, DecodeError, decode, headers_of
from tests.deciding import START
from tests.demo.given import SEED, TODAY, submitted

GOOD = submitted("sub-1", LossKind.MEDICAL).model_dump_json().encode()
ENVELOPE = Envelope("said-1", "ClaimSubmitted", "/somewhere", START, "sub-1")


def written(tmp_path: Path, *lines: bytes) -> Path:
    path = tmp_path / "submissions.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def test_lines_are_taken_byte_for_byte_and_empty_ones_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, b"", b"  ", b'{"a": 1} \r', b"\xff\x00")
    bodies = [(number, submission.body) for number, submission in numbered(path)]
    assert bodies == [(1, GOOD), (4, b'{"a": 1} '), (5, b"\xff\x00")]


def test_lines_that_are_no_claim_are_named_as_an_editor_counts(tmp_path: Path) -> None:
    assert list(refused(written(tmp_path, GOOD))) == []
    path = written(tmp_path, b"", GOOD, b"no claim", *[b"[]"] * 11)
    assert list(refused(path)) == [
        f"Intake refused 12 as no claim: lines 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more of {path}."
    ]


def test_a_claim_is_keyed_by_its_submission_id(tmp_path: Path) -> None:
    [submission] = from_file(written(tmp_path, GOOD))
    assert (submission.key, submission.body) == ("sub-1", GOOD)
    assert submission.claim == submitted("sub-1", LossKind.MEDICAL)


def test_a_bad_claim_keeps_its_key_and_its_bytes(tmp_path: Path) -> None:
    bad = b'{"submission_id": "sub-9", "marketplace": 7}'
    [submission] = from_file(written(tmp_path, bad))
    assert (submission.key, submission.body, submission.claim) == ("sub-9", bad, None)


def test_what_is_not_json_or_names_no_submission_is_keyed_by_its_line(tmp_path: Path) -> None:
    lines = (
        b"not json",
        b"[1, 2]",
        b'{"submission_id": 5}',
        b'{"submission_id": "\\u0000"}',
        b"\xff\xfe",
        b"[" * 99_999,
    )
    found = [(submission.key, submission.claim) for submission in from_file(written(tmp_path, *lines))]
    assert found == [(f"line-{number}", None) for number in range(1, 7)]


@pytest.mark.parametrize(
    "line",
    [
        GOOD[:-1] + b',"seller_id":"seller-2"}',
        GOOD[:-1] + b',"note":"\\u0000"}',
        GOOD[:-1] + b',"note":NaN}',
        GOOD[:-1] + b',"note":"' + b"x" * MAX_BODY + b'"}',
        GOOD[:-1],
    ],
    ids=["a name given twice", "a NUL", "no number", "larger than a body may be", "cut short"],
)
def test_what_intake_will_refuse_is_no_claim_here_either(line: bytes) -> None:
    submission = from_line(line, 1)
    assert (submission.body, submission.claim) == (line, None)
    with pytest.raises(DecodeError):
        decode(SUBMISSIONS.name, submission.key.encode(), line, headers_of(ENVELOPE))


def test_made_up_claims_are_the_records_they_would_be_in_a_file() -> None:
    claims = list(generate(20, SEED, TODAY))
    assert [s.claim for s in from_claims(claims)] == claims
    assert [s.key for s in from_claims(claims)] == [claim.submission_id for claim in claims]


def test_sellers_are_those_that_good_claims_name(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, b"not json")
    assert sellers(from_file(path)) == {"seller-1": {"US"}}
