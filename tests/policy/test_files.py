"""A wrong policy file says which file, line and field, and what cures it."""

from pathlib import Path

import pytest

from shared.policy import PolicyError, load
from shared.policy.files import HERE

US = (HERE / "us.toml").read_text(encoding="utf-8")


def complaint(folder: Path, text: str) -> str:
    """What is said about a file of this text."""
    (folder / "us.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load(folder)
    return str(caught.value)


def with_change(old: str, new: str) -> str:
    assert US.count(old) == 1, f"{old!r} stands {US.count(old)} times"
    return US.replace(old, new)


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(US.splitlines(), start=1) if line.startswith(text))


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "cure"),
    [
        ("cap_minor = 100_000_000", 'cap_minor = "much"', "cap_minor", "handling.cap_minor", "a whole number"),
        ("payout_attempts = 3", "payout_attempts = 0", "payout_attempts", "handling.payout_attempts", "correct the"),
        ('"if_covered"', '"at_times"', "direct_pay", "handling.direct_pay", "'if_covered' or 'always'"),
        ("= 2021-09-01\n\n", '= "soon"\n\n', "effective_from", "effective_from", "such as 2024-05-01"),
        ("minors_never_automatic = true", "minors_never_automatic = 7", "minors_never", "injuries.minors", "true or"),
        ("[3, 6]", "[3, 7]", "reminder_days", "handling.reminder_days", "give earlier days"),
        ("[3, 6]", "3", "reminder_days", "handling.reminder_days", "in square brackets"),
        ('"medical", "lost', '"punitive", "lost', "covered", "eligibility.covered", "punitive can never be covered"),
        ('medical = ["bill"', 'medicl = ["bill"', "medical = ", "eligibility.papers.medicl", "use one of"),
        ('"bill", "medical_record"', "", "[versions.eligibility.papers]", "eligibility.papers", "at least one kind"),
        ('"bill", "medical_record"', '"bil"', "medical = ", "papers.medical.1", "'bill'"),
        ('["ingest"', '[""', "never_automatic_diagnoses", "never_automatic_diagnoses.1", "at least 3 characters"),
        ("cap_minor = 100_000_000\n", "", "[versions.handling]", "handling.cap_minor", "add it"),
        ("cap_minor = 100", "capp_minor = 100", "cap_minor", "handling.capp_minor", "did you mean cap_minor?"),
        ("[versions.recovery]", "[versions.recoveries]", "[versions.recov", "recoveries", "did you mean recovery?"),
        ("adult_age = 18", "adult_age = 18\nmood = 3", "dated", "eligibility.mood", "take it out"),
    ],
)
def test_a_wrong_field_is_named_with_its_line_and_its_cure(
    *, old: str, new: str, line: str, field: str, cure: str, tmp_path: Path
) -> None:
    complaints = complaint(tmp_path, with_change(old, new)).splitlines()

    about = next(said for said in complaints if field in said)
    assert about.startswith(f"us.toml, line {line_of(line)}: versions.1.")
    assert cure in "\n".join(complaints)


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = US.replace("proof_days = 7", "proof_days = -1").replace("review_days = 40", 'review_days = "x"')

    assert len(complaint(tmp_path, text).splitlines()) == 2


def test_the_line_is_found_in_the_second_version_too(tmp_path: Path) -> None:
    second = US.replace('"US-1"', '"US-2"').replace("effective_from = 2021", "effective_from = 2031")
    text = US + "\n" + second.replace("approval_days = 10", "approval_days = -1")

    line = len(US.splitlines()) + 1 + line_of("approval_days")
    assert complaint(tmp_path, text).startswith(f"us.toml, line {line}: versions.2.handling.approval_days: -1 should")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (US.replace('"US-1"', '"US-1'), "at line 3"),
        ("", "versions: is missing; add it"),
        ("versions = []", "under [[versions]]"),
        (US.replace("[[versions]]", "[[version]]"), "did you mean versions?"),
        (US + US, "'US-1' stands in us.toml already; give each version a name of its own"),
        (US + US.replace('"US-1"', '"US-2"'), "US-2 and US-1 are both in force from 2021-09-01; give the newer one"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_says_how_to_mend_it(text: str, said: str, tmp_path: Path) -> None:
    complained = complaint(tmp_path, text)

    assert complained.startswith("us.toml")
    assert said in complained


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "de.toml").write_bytes("# für".encode("latin-1"))

    with pytest.raises(PolicyError, match=r"de\.toml: byte 3 is not UTF-8; save the file as UTF-8"):
        load(tmp_path)


def test_a_folder_without_policies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="there is no policy file"):
        load(tmp_path)
